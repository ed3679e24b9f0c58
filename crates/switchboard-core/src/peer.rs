//! Somebody in a room, and the connections it is reached by.

use std::time::Instant;

use crate::{ConnId, PeerId, Role};

/// Somebody present in a room, over one or several connections. The newest is active: it receives; the others are
/// parked: they may speak.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// The active connection, if there is one.
    newest: ConnId,
    is_connected: bool,
    /// The role of the active connection, kept while there is none.
    pub(crate) role: Role,
    /// When it joined, by its first connection.
    pub(crate) joined: Instant,
    /// Nearly every peer has one connection; the others pay for a place of their own.
    rest: Option<Box<Rest>>,
}

#[derive(Debug)]
enum Rest {
    /// Its other connections with the role each joined with, oldest first.
    Parked(Vec<(ConnId, Role)>),
    /// It has no connection, and counts as gone from then on.
    DroppedOut(Instant),
}

impl Peer {
    /// Somebody without a connection.
    pub(crate) const fn new(id: PeerId, joined: Instant) -> Self {
        Self {
            id,
            newest: ConnId::new(0),
            is_connected: false,
            role: Role::Receiver,
            joined,
            rest: None,
        }
    }

    pub(crate) const fn active(&self) -> Option<ConnId> {
        if self.is_connected {
            Some(self.newest)
        } else {
            None
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.parked().len() + usize::from(self.is_connected)
    }

    /// All its connections, the active one last.
    pub(crate) fn lines(&self) -> impl Iterator<Item = ConnId> {
        let parked = self.parked().iter().map(|(conn, _)| *conn);
        parked.chain(self.active())
    }

    /// When it counts as gone, if it has dropped out.
    pub(crate) fn leaves_at(&self) -> Option<Instant> {
        match self.rest.as_deref() {
            Some(Rest::DroppedOut(until)) => Some(*until),
            _ => None,
        }
    }

    /// It has no connection left, and is waited for.
    pub(crate) fn wait_until(&mut self, until: Instant) {
        self.rest = Some(Box::new(Rest::DroppedOut(until)));
    }

    /// Adds a connection, which becomes the active one.
    pub(crate) fn attach(&mut self, conn: ConnId, role: Role) {
        if self.is_connected {
            let parked = (self.newest, self.role);
            match self.rest.as_deref_mut() {
                Some(Rest::Parked(lines)) => lines.push(parked),
                _ => self.rest = Some(Box::new(Rest::Parked(vec![parked]))),
            }
        } else {
            self.rest = None;
        }
        self.newest = conn;
        self.is_connected = true;
        self.role = role;
    }

    /// Takes a connection away; the newest of the others is then active.
    pub(crate) fn detach(&mut self, conn: ConnId) {
        let is_active = self.active() == Some(conn);
        let Some(Rest::Parked(lines)) = self.rest.as_deref_mut() else {
            self.is_connected &= !is_active;
            return;
        };
        if !is_active {
            lines.retain(|(line, _)| *line != conn);
        } else if let Some((line, role)) = lines.pop() {
            self.newest = line;
            self.role = role;
        }
        if lines.is_empty() {
            self.rest = None;
        }
    }

    fn parked(&self) -> &[(ConnId, Role)] {
        match self.rest.as_deref() {
            Some(Rest::Parked(lines)) => lines,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_takes_a_cache_line() {
        assert!(size_of::<Option<Peer>>() <= 64);
    }
}
