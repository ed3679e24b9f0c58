//! What a connection is told.

use crate::{Closing, PeerId, Refusal, Role, RoomId, Signal};

/// Something a connection is told.
///
/// Wires answer for every variant; one that has no word for it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Answer to [`Command::Join`](crate::Command::Join): you are in.
    Joined {
        /// The room.
        room: RoomId,
        /// Your name there.
        peer: PeerId,
        /// Your role there.
        role: Role,
        /// Everybody present, you included, in the order of joining. Empty for the lobby, which has no presence.
        members: Vec<Member>,
    },
    /// Answer to [`Command::Leave`](crate::Command::Leave), or to a join elsewhere: you are out.
    Left {
        /// The room.
        room: RoomId,
        /// Your name there.
        peer: PeerId,
    },
    /// Somebody else is now present.
    PeerJoined {
        /// The room.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// What for.
        role: Role,
    },
    /// Somebody else is no longer present.
    PeerLeft {
        /// The room.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// What for.
        role: Role,
    },
    /// Somebody in the room says something to you, or to everyone.
    Signal {
        /// The room.
        room: RoomId,
        /// Who says it.
        from: PeerId,
        /// What.
        signal: Signal,
    },
    /// The room is closed, and you are in it no longer.
    RoomClosed {
        /// The room.
        room: RoomId,
        /// Your name there.
        peer: PeerId,
        /// Why.
        why: Closing,
    },
    /// What you asked for was not done, and changed nothing.
    Refused {
        /// Why not.
        refusal: Refusal,
    },
}

/// One peer of a room, as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub peer: PeerId,
    /// What for: the role of its active connection.
    pub role: Role,
}
