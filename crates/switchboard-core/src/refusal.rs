//! Why not.

use thiserror::Error;

use crate::PeerId;

/// Why something asked for was not done. Nothing has changed.
///
/// The text is for people; [`Refusal::code`] is stable and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The connection is not in the room it speaks to.
    #[error("you are not in this room; join it first")]
    NotInRoom,
    /// Nobody else of that name can be reached in the room.
    #[error("Target not found: {target}")]
    TargetNotFound {
        /// Whom the signal was for.
        target: PeerId,
    },
    /// The room has as many peers as it may have.
    #[error("the room is full: at most {limit} peers")]
    RoomFull {
        /// The bound.
        limit: usize,
    },
    /// There are as many rooms as there may be.
    #[error("no more rooms can be opened: at most {limit}")]
    TooManyRooms {
        /// The bound.
        limit: usize,
    },
    /// One peer has as many connections as it may have.
    #[error("too many connections under this id: at most {limit}")]
    TooManyConnections {
        /// The bound.
        limit: usize,
    },
    /// A name that cannot be one.
    #[error("invalid {kind}: {problem}")]
    InvalidId {
        /// Whose name.
        kind: IdKind,
        /// What is wrong with it.
        problem: IdProblem,
    },
    /// The receiving side's wire cannot carry the message: it has no form there that clients can take, or none that they
    /// could tell from the server's own words.
    #[error("the message cannot be carried to the receiver's wire")]
    Untranslatable,
    /// The receiving side's wire cannot carry the message: translated, it exceeds what a frame may hold.
    #[error("the message is too large for the receiver's wire: {bytes} bytes, at most {limit}")]
    TooLarge {
        /// Size in the receiver's wire.
        bytes: usize,
        /// Bound of one frame.
        limit: usize,
    },
}

/// Which of the two kinds of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// A [`PeerId`].
    Peer,
    /// A [`RoomId`](crate::RoomId).
    Room,
}

impl std::fmt::Display for IdKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Peer => "user id",
            Self::Room => "room id",
        })
    }
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdProblem {
    /// It has no characters.
    #[error("it is empty")]
    Empty,
    /// It has too many.
    #[error("it has {chars} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters (Unicode scalar values) it has.
        chars: usize,
        /// Characters it may have.
        limit: usize,
    },
    /// It holds one that cannot be shown.
    #[error("it contains a control character")]
    ControlCharacter,
}

impl Refusal {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotInRoom => "not_in_room",
            Self::TargetNotFound { .. } => "target_not_found",
            Self::RoomFull { .. } => "room_full",
            Self::TooManyRooms { .. } => "too_many_rooms",
            Self::TooManyConnections { .. } => "too_many_connections",
            Self::InvalidId { .. } => "invalid_id",
            Self::Untranslatable => "untranslatable",
            Self::TooLarge { .. } => "message_too_big",
        }
    }
}
