//! Bounds. Everything has one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::refusal::{IdKind, IdProblem, Refusal};
use crate::{PeerId, RoomId};

/// What one hub allows.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Characters (Unicode scalar values) in a peer's or a room's name.
    pub id_length: usize,
    /// Peers in one named room.
    pub peers_per_room: usize,
    /// Peers in the lobby.
    pub lobby_peers: usize,
    /// Connections of one peer.
    pub connections_per_peer: usize,
    /// Named rooms; shared by all hubs of a node.
    pub rooms: Arc<Quota>,
    /// How long a peer whose last connection dropped is still considered present.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            id_length: 128,
            peers_per_room: 1_000,
            lobby_peers: 100_000,
            connections_per_peer: 16,
            rooms: Arc::new(Quota::new(100_000)),
            grace: Duration::ZERO,
        }
    }
}

impl Limits {
    /// Whether these can be names of a room and of somebody in it.
    ///
    /// # Errors
    /// [`Refusal::InvalidId`], for the first that cannot.
    pub fn check_names(&self, room: &RoomId, peer: &PeerId) -> Result<(), Refusal> {
        self.check_peer(peer)?;
        self.check_room(room)
    }

    /// Whether a room can have that name. The lobby, which has none, can always be.
    ///
    /// # Errors
    /// [`Refusal::InvalidId`], if not.
    pub fn check_room(&self, room: &RoomId) -> Result<(), Refusal> {
        room.name_bytes().map_or(Ok(()), |bytes| {
            self.check_name(IdKind::Room, bytes, || room.name().unwrap_or_default())
        })
    }

    /// Whether somebody can have that name.
    ///
    /// # Errors
    /// [`Refusal::InvalidId`], if not.
    pub fn check_peer(&self, peer: &PeerId) -> Result<(), Refusal> {
        self.check_name(IdKind::Peer, peer.as_bytes(), || peer.as_str())
    }

    fn check_name<'a>(
        &self,
        kind: IdKind,
        bytes: &[u8],
        name: impl FnOnce() -> &'a str,
    ) -> Result<(), Refusal> {
        let is_plain = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
        if is_plain && (1..=self.id_length).contains(&bytes.len()) {
            return Ok(());
        }
        let name = name();
        let chars = name.chars().count();
        let problem = if chars == 0 {
            IdProblem::Empty
        } else if chars > self.id_length {
            IdProblem::TooLong {
                chars,
                limit: self.id_length,
            }
        } else if name.chars().any(char::is_control) {
            IdProblem::ControlCharacter
        } else {
            return Ok(());
        };
        Err(Refusal::InvalidId { kind, problem })
    }

    pub(crate) fn peers(&self, room: &RoomId) -> usize {
        if room.is_lobby() {
            self.lobby_peers
        } else {
            self.peers_per_room
        }
    }
}

/// A number of things that several hubs may have together.
#[derive(Debug)]
pub struct Quota {
    limit: usize,
    used: AtomicUsize,
}

impl Quota {
    /// Nothing used yet.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
        }
    }

    /// How many there may be.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How many there are.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes one; false if all are taken.
    #[must_use]
    pub fn take(&self) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.limit).then_some(used + 1)
            })
            .is_ok()
    }

    /// Gives one back that was taken.
    pub fn give_back(&self) {
        self.used.fetch_sub(1, Ordering::Relaxed);
    }
}
