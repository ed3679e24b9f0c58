//! What a peer can do wrong, and the code that tells him.

use crate::close::code;

/// A violation of RFC 6455. The connection is to be failed: send a close frame with
/// [`close_code`](Self::close_code) and end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// RSV1, RSV2 or RSV3 is set, though no extension was negotiated (section 5.2).
    #[error("a reserved bit is set and no extension was negotiated")]
    ReservedBits,
    /// An opcode that means nothing yet (section 5.2).
    #[error("reserved opcode {0:#x}")]
    ReservedOpcode(u8),
    /// A client must mask what it sends (section 5.1). An empty pong is forgiven.
    #[error("a frame from a client is not masked")]
    MaskRequired,
    /// A server must not mask what it sends (section 5.1).
    #[error("a frame from a server is masked")]
    MaskForbidden,
    /// A control frame without FIN (section 5.5).
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame of more than 125 bytes (section 5.5).
    #[error("a control frame is longer than 125 bytes")]
    ControlTooLong,
    /// A continuation frame while no message is open (section 5.4).
    #[error("a continuation frame without a message to continue")]
    UnexpectedContinuation,
    /// A new message before the last fragment of the open one (section 5.4).
    #[error("a new message began before the fragmented one ended")]
    InterruptedMessage,
    /// A length written with more bytes than it needs (section 5.2).
    #[error("a payload length is not written in its shortest form")]
    NonMinimalLength,
    /// A 64-bit length with the most significant bit set (section 5.2).
    #[error("a payload length has its most significant bit set")]
    LengthOverflow,
    /// A close frame with one byte, where a code needs two (section 5.5.1).
    #[error("a close frame with half a code")]
    ShortClosePayload,
    /// A close code that must not be sent (section 7.4).
    #[error("close code {0} must not be sent")]
    InvalidCloseCode(u16),
    /// Text or a close reason that is not UTF-8 (section 8.1).
    #[error("text is not valid UTF-8")]
    InvalidUtf8,
    /// A message, or the sum of its fragments, above the reader's bound.
    #[error("a message is longer than {max} bytes")]
    TooBig {
        /// The bound in bytes.
        max: usize,
    },
}

impl ProtocolError {
    /// The close code which tells the peer (section 7.4.1): 1002, 1007 or 1009.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8 => code::INVALID_PAYLOAD,
            Self::TooBig { .. } => code::TOO_BIG,
            Self::ReservedBits
            | Self::ReservedOpcode(_)
            | Self::MaskRequired
            | Self::MaskForbidden
            | Self::FragmentedControl
            | Self::ControlTooLong
            | Self::UnexpectedContinuation
            | Self::InterruptedMessage
            | Self::NonMinimalLength
            | Self::LengthOverflow
            | Self::ShortClosePayload
            | Self::InvalidCloseCode(_) => code::PROTOCOL_ERROR,
        }
    }
}
