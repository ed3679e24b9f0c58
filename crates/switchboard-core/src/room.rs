//! A room and the peers in it.

use std::collections::HashMap;
use std::time::Instant;

use ahash::RandomState;
use slab::Slab;
use smallvec::SmallVec;

use crate::{ConnId, Member, PeerId, Role, RoomId};

/// Who is present under one name (the lobby included).
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    /// When its first peer came.
    pub(crate) opened: Instant,
    /// Who that was.
    pub(crate) opener: PeerId,
    peers: Slab<Peer>,
    /// Each peer's key in `peers`, by its name.
    by_id: HashMap<PeerId, usize, RandomState>,
    /// Counts arrivals, so that the roster can be told in the order of joining.
    arrivals: u64,
}

impl Room {
    pub(crate) fn new(id: RoomId, opener: PeerId, opened: Instant) -> Self {
        Self {
            id,
            opened,
            opener,
            peers: Slab::new(),
            by_id: HashMap::default(),
            arrivals: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    pub(crate) fn key_of(&self, id: &PeerId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn peer(&self, key: usize) -> &Peer {
        &self.peers[key]
    }

    pub(crate) fn peer_mut(&mut self, key: usize) -> &mut Peer {
        &mut self.peers[key]
    }

    /// Makes a peer present, still without connections; the caller seats the first.
    pub(crate) fn admit(&mut self, id: PeerId, joined: Instant) -> usize {
        self.arrivals += 1;
        let key = self.peers.insert(Peer {
            id: id.clone(),
            arrival: self.arrivals,
            lines: SmallVec::new(),
            role: Role::default(),
            leaves_at: None,
            joined,
        });
        self.by_id.insert(id, key);
        key
    }

    pub(crate) fn remove(&mut self, key: usize) -> Peer {
        let peer = self.peers.remove(key);
        self.by_id.remove(&peer.id);
        peer
    }

    /// The connection that receives for this peer.
    pub(crate) fn active(&self, id: &PeerId) -> Option<ConnId> {
        self.peers[self.key_of(id)?].active()
    }

    /// The receiving connections of all peers but one.
    pub(crate) fn others(&self, but: usize) -> impl Iterator<Item = ConnId> {
        self.peers
            .iter()
            .filter(move |(key, _)| *key != but)
            .filter_map(|(_, peer)| peer.active())
    }

    /// Whether any peer has a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.peers.iter().any(|(_, peer)| peer.active().is_some())
    }

    /// Everybody present, in the order of joining.
    pub(crate) fn roster(&self) -> Vec<Member> {
        self.in_order()
            .into_iter()
            .map(|peer| Member {
                peer: peer.id.clone(),
                role: peer.role,
            })
            .collect()
    }

    /// The peers in the order of joining.
    pub(crate) fn in_order(&self) -> Vec<&Peer> {
        let mut peers: Vec<&Peer> = self.peers.iter().map(|(_, peer)| peer).collect();
        peers.sort_unstable_by_key(|peer| peer.arrival);
        peers
    }

    /// The keys of all peers.
    pub(crate) fn keys(&self) -> Vec<usize> {
        self.peers.iter().map(|(key, _)| key).collect()
    }
}

/// Somebody present in a room, over one or several connections.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// Its connections with the role each joined with, oldest first. The newest is active: it receives; the others
    /// are parked: they may speak.
    lines: SmallVec<[(ConnId, Role); 1]>,
    /// The role of the active connection, kept while there is none.
    pub(crate) role: Role,
    /// When it counts as gone, once it has no connection.
    pub(crate) leaves_at: Option<Instant>,
    /// When it joined, by its first connection.
    pub(crate) joined: Instant,
    arrival: u64,
}

impl Peer {
    pub(crate) fn active(&self) -> Option<ConnId> {
        self.lines.last().map(|(conn, _)| *conn)
    }

    pub(crate) fn connections(&self) -> usize {
        self.lines.len()
    }

    /// All its connections, the active one last.
    pub(crate) fn lines(&self) -> impl Iterator<Item = ConnId> {
        self.lines.iter().map(|(conn, _)| *conn)
    }

    /// Adds a connection, which becomes the active one.
    pub(crate) fn attach(&mut self, conn: ConnId, role: Role) {
        self.lines.push((conn, role));
        self.role = role;
        self.leaves_at = None;
    }

    /// Takes a connection away; the newest of the others is then active.
    pub(crate) fn detach(&mut self, conn: ConnId) {
        self.lines.retain(|(line, _)| *line != conn);
        if let Some((_, role)) = self.lines.last() {
            self.role = *role;
        }
    }
}
