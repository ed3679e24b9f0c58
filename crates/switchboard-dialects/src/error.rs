//! What can be wrong with a message.

use thiserror::Error;

use crate::json::{Malformed, WrongType};

/// Why a message was not understood. The connection lives on unless [`DecodeError::closes`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It is no acceptable JSON object.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It is not even text.
    #[error("not valid UTF-8; expected a JSON object")]
    NotText,
    /// It is not what its transport wraps messages in.
    #[error("not a valid packet: {problem}")]
    NotAPacket {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It exceeds the bound for messages, but could be read past.
    #[error("the message is too big: at most {limit} bytes are allowed")]
    TooBig {
        /// The bound, in bytes.
        limit: usize,
    },
    /// Fields are missing or empty.
    #[error("{fields} {} required", if fields.contains(" and ") { "are" } else { "is" })]
    MissingField {
        /// Which, in the wire's spelling: `"roomId"`, or `"userId and roomId"`.
        fields: &'static str,
    },
    /// A field holds something of another type.
    #[error(transparent)]
    WrongType(#[from] WrongType),
    /// A field holds a value it may not.
    #[error("{field} must be {expected}")]
    WrongValue {
        /// Which, in the wire's spelling.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The message claims to be from somebody else.
    #[error("{field} must be your own id")]
    SenderMismatch {
        /// Which field claims so.
        field: &'static str,
    },
    /// The message names another room than the one the connection is in.
    #[error("{field} must be the room you are in")]
    RoomMismatch {
        /// Which field names it.
        field: &'static str,
    },
    /// The connection is in no room yet.
    #[error("you are in no room; {hint} first")]
    NotInRoom {
        /// How to come into one on this wire.
        hint: &'static str,
    },
    /// The connection must register first, and gets no second chance.
    #[error("First message must be 'register' with client_id")]
    RegistrationRequired,
    /// A registration that cannot be one.
    #[error(transparent)]
    BadRegistration(WrongType),
}

impl DecodeError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.code(),
            Self::NotText => "malformed_json",
            Self::NotAPacket { .. } => "malformed_packet",
            Self::TooBig { .. } => "message_too_big",
            Self::MissingField { .. } => "missing_field",
            Self::WrongType(wrong) | Self::BadRegistration(wrong) => wrong.code(),
            Self::WrongValue { .. } => "wrong_value",
            Self::SenderMismatch { .. } => "sender_mismatch",
            Self::RoomMismatch { .. } => "room_mismatch",
            Self::NotInRoom { .. } => "not_in_room",
            Self::RegistrationRequired => "registration_required",
        }
    }

    /// Whether the wire's own rules end the connection for it.
    #[must_use]
    pub const fn closes(&self) -> bool {
        matches!(self, Self::RegistrationRequired | Self::BadRegistration(_))
    }
}
