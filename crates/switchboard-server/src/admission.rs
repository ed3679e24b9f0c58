//! Who may connect at all: bounds on open sockets, in total and by address.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

/// Counts open sockets, and connections, of which some have no socket at the moment.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    connections: usize,
    /// Bound for one address; 0 for none.
    per_address: usize,
    open: Mutex<Open>,
}

/// Sockets beyond the bound on connections, so that a full server still answers how it is.
const RESERVE: usize = 64;

/// Sockets that a connection may have which is polled: one waits for what is said, one says something.
const SOCKETS_PER_POLLED: usize = 2;

#[derive(Debug, Default)]
struct Open {
    sockets: usize,
    connections: usize,
    /// Those of the connections that are polled.
    polled: usize,
    /// These two only while there is a bound.
    sockets_by_address: Tally,
    polled_by_address: Tally,
}

/// One open socket's or polled connection's place; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) peer: Remote,
    is_socket: bool,
    is_connection: AtomicBool,
    is_polled: AtomicBool,
    /// What was last answered to a poll on this socket, until its next request shows that it has arrived.
    pub(crate) answer: Mutex<Option<Arc<Answer>>>,
    keeper: Arc<Gatekeeper>,
}

/// Messages in an answer to a poll of which is not known yet whether it has arrived.
#[derive(Debug)]
pub(crate) struct Answer(AtomicUsize);

impl Answer {
    pub(crate) fn new(messages: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(messages)))
    }

    /// It has not: how many messages that are, told once.
    pub(crate) fn lose(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
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
    pub(crate) fn sockets(&self) -> usize {
        self.open.lock().sockets
    }

    /// Lets one more socket in.
    pub(crate) fn admit(self: &Arc<Self>, peer: Remote) -> Result<Admission, TurnedAway> {
        let mut open = self.open.lock();
        let most = self.connections.saturating_add(RESERVE);
        if open.sockets >= most.saturating_add(SOCKETS_PER_POLLED * open.polled) {
            return Err(TurnedAway::Full);
        }
        open.sockets_by_address.take(self.per_address, peer)?;
        open.sockets += 1;
        Ok(self.place(peer, true))
    }

    /// Lets one more connection in that is polled.
    pub(crate) fn admit_polled(self: &Arc<Self>, peer: Remote) -> Result<Admission, TurnedAway> {
        let mut open = self.open.lock();
        if open.connections >= self.connections {
            return Err(TurnedAway::Full);
        }
        open.polled_by_address.take(self.per_address, peer)?;
        open.connections += 1;
        open.polled += 1;
        Ok(self.place(peer, false))
    }

    fn place(self: &Arc<Self>, peer: Remote, is_socket: bool) -> Admission {
        Admission {
            peer,
            is_socket,
            is_connection: AtomicBool::new(!is_socket),
            is_polled: AtomicBool::new(!is_socket),
            answer: Mutex::default(),
            keeper: Arc::clone(self),
        }
    }
}

impl Admission {
    /// Makes the socket one of the connections, if there may be one more.
    pub(crate) fn become_connection(&self) -> Result<(), TurnedAway> {
        let mut open = self.keeper.open.lock();
        if open.connections >= self.keeper.connections {
            return Err(TurnedAway::Full);
        }
        if !self.is_connection.swap(true, Ordering::Relaxed) {
            open.connections += 1;
        }
        Ok(())
    }

    /// The connection is polled no more, as it has a socket, which has a place of its own.
    pub(crate) fn end_polling(&self) {
        if self.is_polled.swap(false, Ordering::Relaxed) {
            let mut open = self.keeper.open.lock();
            open.polled -= 1;
            open.polled_by_address
                .give_back(self.keeper.per_address, self.peer);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.end_polling();
        let mut open = self.keeper.open.lock();
        if *self.is_connection.get_mut() {
            open.connections -= 1;
        }
        if self.is_socket {
            open.sockets -= 1;
            open.sockets_by_address
                .give_back(self.keeper.per_address, self.peer);
        }
    }
}

/// How many of something each address has. Nothing is kept while there is no bound.
#[derive(Debug, Default)]
struct Tally(HashMap<IpAddr, usize, RandomState>);

impl Tally {
    fn take(&mut self, bound: usize, peer: Remote) -> Result<(), TurnedAway> {
        let Some(ip) = peer.ip().filter(|_| bound > 0) else {
            return Ok(());
        };
        let count = self.0.entry(ip).or_default();
        if *count >= bound {
            return Err(TurnedAway::Address);
        }
        *count += 1;
        Ok(())
    }

    fn give_back(&mut self, bound: usize, peer: Remote) {
        if let Some(ip) = peer.ip().filter(|_| bound > 0)
            && let Some(count) = self.0.get_mut(&ip)
        {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&ip);
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
    fn a_full_server_has_room_for_questions_but_not_for_connections() {
        let keeper = Arc::new(Gatekeeper::new(1, 0));
        let first = keeper.admit(from("127.0.0.1:1")).expect("a place");
        first.become_connection().expect("a place");
        let others: Vec<Admission> = (0..RESERVE)
            .map(|_| keeper.admit(from("127.0.0.1:2")).expect("a place"))
            .collect();
        assert_eq!(others[0].become_connection(), Err(TurnedAway::Full));
        assert_eq!(
            keeper.admit(from("127.0.0.1:2")).err(),
            Some(TurnedAway::Full)
        );
        drop(first);
        others[0].become_connection().expect("its place is free");
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
        assert_eq!(keeper.sockets(), 4);
    }

    #[test]
    fn who_is_polled_is_a_connection_and_no_socket_but_may_have_two() {
        let keeper = Arc::new(Gatekeeper::new(1, 2));
        let polled = keeper
            .admit_polled(from("127.0.0.1:1"))
            .expect("a connection");
        assert_eq!(
            keeper.admit_polled(from("127.0.0.2:1")).err(),
            Some(TurnedAway::Full)
        );
        assert_eq!(keeper.sockets(), 0);
        let most = 1 + RESERVE + SOCKETS_PER_POLLED;
        let sockets: Vec<Admission> = (0..most)
            .filter_map(|number| {
                let ip = [127, 0, 1, u8::try_from(number / 2).ok()?];
                keeper.admit(Remote::Tcp((ip, 1).into())).ok()
            })
            .collect();
        assert_eq!(sockets.len(), most);
        assert_eq!(
            keeper.admit(from("127.0.0.9:1")).err(),
            Some(TurnedAway::Full)
        );
        // With a socket of its own it is polled no more, and goes on being a connection.
        polled.end_polling();
        drop(sockets);
        assert!(sockets_taken(&keeper) == 0 && keeper.open.lock().polled_by_address.0.is_empty());
        let socket = keeper.admit(from("127.0.0.1:1")).expect("a place");
        assert_eq!(socket.become_connection(), Err(TurnedAway::Full));
        drop(polled);
        socket.become_connection().expect("its place is free");
    }

    fn sockets_taken(keeper: &Gatekeeper) -> usize {
        keeper.open.lock().sockets_by_address.0.len()
    }
}
