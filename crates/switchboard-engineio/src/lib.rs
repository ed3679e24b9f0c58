//! Engine.IO protocol revision 4 for both ends of a connection, without IO: what Socket.IO clients talk over.
//!
//! Source: the Engine.IO protocol document, version 4 (<https://socket.io/docs/v4/engine-io-protocol/>).
//!
//! A connection is a sequence of [`Packet`]s. Over WebSocket each is a frame of its own, and a binary message is a
//! binary frame without a type. Over HTTP polling several make a [`payload`], and a binary message is base64.
//!
//! ```
//! use switchboard_engineio::{Packet, payload};
//!
//! let mut body = Vec::new();
//! payload::append(&mut body, Packet::Ping(""));
//! payload::append(&mut body, Packet::Message("hello"));
//! assert_eq!(body, b"2\x1e4hello");
//!
//! let body = std::str::from_utf8(&body)?;
//! let packets: Result<Vec<_>, _> = payload::packets(body).collect();
//! assert_eq!(packets?, [Packet::Ping(""), Packet::Message("hello")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is not here: sockets, timers, sessions, and Socket.IO, which is what the messages hold.

mod binary;
mod error;
mod open;
mod packet;
pub mod payload;
mod query;

pub use binary::{decode_binary, encode_binary};
pub use error::ProtocolError;
pub use open::Open;
pub use packet::{PROBE, Packet};
pub use query::{Query, RequestError, TransportName};
