//! What a reader hands out.

use crate::close::CloseFrame;
use crate::error::ProtocolError;
use crate::opcode::OpCode;

/// One complete message or control frame, borrowed from the read buffer wherever it lay there whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message, checked to be UTF-8.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping; answer with a pong that carries the same bytes.
    Ping(&'a [u8]),
    /// A pong, asked for or not.
    Pong(&'a [u8]),
    /// The peer's last frame; whatever follows it is ignored.
    Close(Option<CloseFrame<'a>>),
}

impl<'a> Message<'a> {
    /// Reads the whole payload of a message. `opcode` is that of its first frame, never a continuation.
    #[inline]
    pub(crate) fn read(opcode: OpCode, payload: &'a [u8]) -> Result<Self, ProtocolError> {
        Ok(match opcode {
            OpCode::Text => Self::Text(utf8(payload)?),
            OpCode::Binary => Self::Binary(payload),
            OpCode::Close => Self::Close(CloseFrame::read(payload)?),
            OpCode::Ping => Self::Ping(payload),
            OpCode::Pong => Self::Pong(payload),
            OpCode::Continuation => return Err(ProtocolError::UnexpectedContinuation),
        })
    }
}

/// The text that these bytes are.
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, ProtocolError> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| ProtocolError::InvalidUtf8)
}
