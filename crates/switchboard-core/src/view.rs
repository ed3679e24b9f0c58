//! Looking at rooms without changing them, for those who report on them.

use std::time::Instant;

use crate::peer::Peer;
use crate::room::Room;
use crate::{ConnId, PeerId, Role, RoomId};

/// A room as it is at the moment.
#[derive(Clone, Copy, Debug)]
pub struct RoomView<'a>(pub(crate) &'a Room);

impl<'a> RoomView<'a> {
    /// Its name.
    #[must_use]
    pub const fn id(&self) -> &'a RoomId {
        &self.0.id
    }

    /// When its first peer came.
    #[must_use]
    pub const fn opened(&self) -> Instant {
        self.0.opened
    }

    /// Who that was; it may have left since.
    #[must_use]
    pub const fn opener(&self) -> &'a PeerId {
        &self.0.opener
    }

    /// How many peers are present.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.0.len()
    }

    /// Whether anybody present has a connection; otherwise all have dropped out and may still come back.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.is_connected()
    }

    /// Everybody present, in the order of joining.
    #[must_use]
    pub fn presences(&self) -> Vec<Presence> {
        self.0.peers().map(Presence::of).collect()
    }

    /// Every connection of every peer, parked ones too.
    pub fn connections(&self) -> impl Iterator<Item = ConnId> + use<'a> {
        self.0.peers().flat_map(Peer::lines)
    }

    /// One peer, if it is present.
    #[must_use]
    pub fn presence(&self, peer: &PeerId) -> Option<Presence> {
        let key = self.0.key_of(peer)?;
        Some(Presence::of(self.0.peer(key)))
    }
}

/// A peer in a room as it is at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub peer: PeerId,
    /// What for: the role of its active connection.
    pub role: Role,
    /// When it joined.
    pub joined: Instant,
    /// The connection that receives for it; `None` while it has dropped out and may still come back.
    pub active: Option<ConnId>,
}

impl Presence {
    fn of(peer: &Peer) -> Self {
        Self {
            peer: peer.id.clone(),
            role: peer.role,
            joined: peer.joined,
            active: peer.active(),
        }
    }
}
