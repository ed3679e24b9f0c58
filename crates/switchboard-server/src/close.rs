//! Why the server ends a connection: the codes clients see, and whether they should come back.

use switchboard_websocket::code;
use thiserror::Error;

/// Why the server ends a connection.
///
/// Codes from 4000 on are ours: 40xx, come back (with a pause); 41xx, do not come back as you are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum CloseReason {
    /// The server stops; come back.
    #[error("server shutting down")]
    ShuttingDown,
    /// It takes its messages more slowly than they come; come back.
    #[error("messages are taken too slowly")]
    SlowConsumer,
    /// It answers no ping; come back.
    #[error("no sign of life")]
    Unresponsive,
    /// It said nothing in the time a new connection has for it.
    #[error("no first message in time")]
    Silent,
    /// Its first message fits no wire, or its registration cannot be one.
    #[error("not registered")]
    NotRegistered,
    /// The way in named a room that did not let it in.
    #[error("not admitted")]
    NotAdmitted,
    /// Its room was closed.
    #[error("room closed")]
    RoomClosed,
    /// It has done nothing for as long as somebody in a room may.
    #[error("idle")]
    Idle,
    /// A message exceeds the bound.
    #[error("message too big")]
    MessageTooBig,
    /// It breaks the WebSocket protocol.
    #[error("protocol error")]
    Protocol,
    /// Text that is no UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
}

impl CloseReason {
    /// All reasons, for the metrics.
    pub(crate) const ALL: [Self; 11] = [
        Self::ShuttingDown,
        Self::SlowConsumer,
        Self::Unresponsive,
        Self::Silent,
        Self::NotRegistered,
        Self::NotAdmitted,
        Self::RoomClosed,
        Self::Idle,
        Self::MessageTooBig,
        Self::Protocol,
        Self::NotUtf8,
    ];

    /// The code of the close frame.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::ShuttingDown => code::GOING_AWAY,
            Self::SlowConsumer => 4001,
            Self::Unresponsive => 4002,
            Self::Silent | Self::NotRegistered | Self::NotAdmitted => code::POLICY_VIOLATION,
            Self::RoomClosed | Self::Idle => code::NORMAL,
            Self::MessageTooBig => code::TOO_BIG,
            Self::Protocol => code::PROTOCOL_ERROR,
            Self::NotUtf8 => code::INVALID_PAYLOAD,
        }
    }

    /// A stable name for metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ShuttingDown => "shutting_down",
            Self::SlowConsumer => "slow_consumer",
            Self::Unresponsive => "unresponsive",
            Self::Silent => "silent",
            Self::NotRegistered => "not_registered",
            Self::NotAdmitted => "not_admitted",
            Self::RoomClosed => "room_closed",
            Self::Idle => "idle",
            Self::MessageTooBig => "message_too_big",
            Self::Protocol => "protocol_error",
            Self::NotUtf8 => "not_utf8",
        }
    }

    /// The reason behind a close code that the WebSocket reader asks for.
    pub(crate) const fn of_violation(close_code: u16) -> Self {
        match close_code {
            code::TOO_BIG => Self::MessageTooBig,
            code::INVALID_PAYLOAD => Self::NotUtf8,
            _ => Self::Protocol,
        }
    }
}
