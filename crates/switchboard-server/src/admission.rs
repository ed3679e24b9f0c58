//! Who may connect at all: bounds on open sockets, in total and by address.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ahash::RandomState;
use parking_lot::Mutex;

/// The other end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remote {
    Tcp(SocketAddr),
    /// A process on this machine, over a unix socket.
    Unix,
}

impl Remote {
    /// Whether only somebody on this machine can be at the other end.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix => true,
        }
    }

    fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip().to_canonical()),
            Self::Unix => None,
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// Counts the open sockets.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    connections: usize,
    /// Bound for one address; 0 for none.
    per_address: usize,
    open: Mutex<Open>,
}

/// Sockets beyond the bound on WebSockets, so that a full server still answers how it is.
const RESERVE: usize = 64;

#[derive(Debug, Default)]
struct Open {
    total: usize,
    websockets: usize,
    /// Kept only while there is a bound.
    by_address: HashMap<IpAddr, usize, RandomState>,
}

/// One open socket's place; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) peer: Remote,
    is_websocket: AtomicBool,
    keeper: Arc<Gatekeeper>,
}

/// Why a socket is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TurnedAway {
    #[error("the server has as many connections as it may have; try again later")]
    Full,
    #[error("too many connections from your address")]
    Address,
}

impl Gatekeeper {
    pub(crate) fn new(connections: usize, per_address: usize) -> Self {
        Self {
            connections,
            per_address,
            open: Mutex::default(),
        }
    }

    /// Sockets open now.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().total
    }

    /// Lets one more in.
    pub(crate) fn admit(self: &Arc<Self>, peer: Remote) -> Result<Admission, TurnedAway> {
        let mut open = self.open.lock();
        if open.total >= self.connections.saturating_add(RESERVE) {
            return Err(TurnedAway::Full);
        }
        if self.per_address > 0
            && let Some(ip) = peer.ip()
        {
            let count = open.by_address.entry(ip).or_default();
            if *count >= self.per_address {
                return Err(TurnedAway::Address);
            }
            *count += 1;
        }
        open.total += 1;
        Ok(Admission {
            peer,
            is_websocket: AtomicBool::new(false),
            keeper: Arc::clone(self),
        })
    }
}

impl Admission {
    /// Makes the socket one of the WebSockets, if there may be one more.
    pub(crate) fn become_websocket(&self) -> Result<(), TurnedAway> {
        let mut open = self.keeper.open.lock();
        if open.websockets >= self.keeper.connections {
            return Err(TurnedAway::Full);
        }
        if !self.is_websocket.swap(true, Ordering::Relaxed) {
            open.websockets += 1;
        }
        Ok(())
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.keeper.open.lock();
        open.total -= 1;
        if *self.is_websocket.get_mut() {
            open.websockets -= 1;
        }
        if self.keeper.per_address > 0
            && let Some(ip) = self.peer.ip()
            && let Some(count) = open.by_address.get_mut(&ip)
        {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Remote {
        Remote::Tcp(text.parse().expect("an address"))
    }

    #[test]
    fn a_full_server_has_room_for_questions_but_not_for_websockets() {
        let keeper = Arc::new(Gatekeeper::new(1, 0));
        let first = keeper.admit(from("127.0.0.1:1")).expect("a place");
        first.become_websocket().expect("a place");
        let others: Vec<Admission> = (0..RESERVE)
            .map(|_| keeper.admit(from("127.0.0.1:2")).expect("a place"))
            .collect();
        assert_eq!(others[0].become_websocket(), Err(TurnedAway::Full));
        assert_eq!(
            keeper.admit(from("127.0.0.1:2")).err(),
            Some(TurnedAway::Full)
        );
        drop(first);
        others[0].become_websocket().expect("its place is free");
        assert!(keeper.admit(from("127.0.0.1:2")).is_ok());
    }

    #[test]
    fn addresses_are_bounded_one_by_one_and_unix_sockets_not_at_all() {
        let keeper = Arc::new(Gatekeeper::new(100, 1));
        let _first = keeper.admit(from("127.0.0.1:1")).expect("a place");
        assert_eq!(
            keeper.admit(from("[::ffff:127.0.0.1]:2")).err(),
            Some(TurnedAway::Address)
        );
        let _other = keeper.admit(from("127.0.0.2:1")).expect("a place");
        let _unix = [keeper.admit(Remote::Unix), keeper.admit(Remote::Unix)]
            .map(|place| place.expect("a place"));
        assert_eq!(keeper.open(), 4);
    }
}
