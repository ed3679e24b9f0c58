//! What a connection asks for.

use crate::{PeerId, Role, RoomId, Signal};

/// Something a connection asks the hub to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Be present in a room.
    Join {
        /// Where, and as whom.
        join: Join,
        /// A room to leave first, given up only if the new one lets the connection in. Wires with one room per
        /// connection name their current one here.
        leaving: Option<RoomId>,
    },
    /// Be present no longer.
    Leave {
        /// The room to leave.
        room: RoomId,
    },
    /// Say something to somebody in a room.
    Signal {
        /// The room both are in.
        room: RoomId,
        /// The message.
        signal: Signal,
    },
}

/// Where a connection wants to be, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The room; it comes to exist with its first peer.
    pub room: RoomId,
    /// The name to be present under. If a peer of that name is there, this connection becomes its newest.
    pub peer: PeerId,
    /// What the peer is there for.
    pub role: Role,
}

/// How a connection came to be no longer in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Departure {
    /// It said so.
    Left,
    /// Its transport ended without a word.
    Dropped,
    /// The room was closed, and everybody had to go.
    Closed,
}

/// Why a room was closed while somebody was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closing {
    /// Nobody in it has done anything for as long as a room may be idle.
    Idle,
}

impl Closing {
    /// The reason, for people and programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
        }
    }
}
