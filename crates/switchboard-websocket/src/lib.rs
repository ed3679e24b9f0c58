//! RFC 6455 framing for both ends of a connection, without IO.
//!
//! The caller owns the socket and the read buffer. A [`Reader`] is fed what one read has brought and
//! hands out complete messages, borrowed from that buffer and unmasked in place; only what is
//! incomplete is kept until the next read, so that an idle connection holds no heap at all.
//! Outgoing frames are appended to a `Vec<u8>` ([`write_frame`], [`write_masked`]), ready for one
//! write call.
//!
//! ```
//! use switchboard_websocket::{Message, OpCode, Reader, Role, write_masked};
//!
//! let mut received = Vec::new();
//! write_masked(&mut received, OpCode::Text, b"hello", [1, 2, 3, 4]);
//!
//! let mut reader = Reader::new(Role::Server, 1_000_000);
//! let mut frames = reader.feed(&mut received);
//! assert_eq!(frames.next_message(), Ok(Some(Message::Text("hello"))));
//! assert_eq!(frames.next_message(), Ok(None));
//! ```
//!
//! What is not here: sockets, timers, pings on a schedule, extensions (none is ever negotiated), and
//! fragmented sending.

mod close;
mod error;
pub mod handshake;
mod header;
mod mask;
mod message;
mod opcode;
mod partial;
mod reader;
mod writer;

pub use close::{CloseFrame, code, is_valid_close_code};
pub use error::ProtocolError;
pub use handshake::{SAMPLE_KEY, accept_key, check_upgrade};
pub use mask::apply_mask;
pub use message::Message;
pub use opcode::OpCode;
pub use reader::{Frames, Reader, Role};
pub use writer::{
    MAX_CLOSE_REASON, frame_size, write_close, write_frame, write_masked, write_masked_close,
    write_parts,
};
