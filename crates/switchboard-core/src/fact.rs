//! What happened, for those who keep count.

use crate::{ConnId, Departure, PeerId, RoomId};

/// Something that happened inside the hub: for bookkeeping, metrics and logs. No wire ever sees one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A room came to exist.
    RoomOpened {
        /// The room; never the lobby.
        room: RoomId,
    },
    /// A room ceased to exist.
    RoomClosed {
        /// The room; never the lobby.
        room: RoomId,
    },
    /// A connection is in a room from now on.
    Seated {
        /// The connection.
        conn: ConnId,
        /// The room.
        room: RoomId,
        /// As whom.
        peer: PeerId,
        /// Whether the peer was not there before.
        arrived: bool,
    },
    /// A connection is in a room no longer.
    Unseated {
        /// The connection.
        conn: ConnId,
        /// The room.
        room: RoomId,
        /// As whom it was there.
        peer: PeerId,
        /// How it came to that.
        why: Departure,
    },
    /// A peer is gone: its last connection left, or it did not come back in time.
    Departed {
        /// The room.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// How.
        why: Departure,
    },
}
