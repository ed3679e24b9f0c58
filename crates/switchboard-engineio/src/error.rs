//! What the other end can do wrong within a connection.

use thiserror::Error;

/// A violation of the protocol by a packet or a payload. The connection is to be closed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A packet without even a type.
    #[error("a packet is empty")]
    Empty,
    /// A first character that names no type of packet.
    #[error("{0:?} is no type of packet")]
    UnknownType(char),
    /// A binary message over polling that is no base64.
    #[error("a binary message is not valid base64")]
    Base64,
    /// An open packet whose data is not what a client needs to know.
    #[error("the open packet cannot be read: {0}")]
    Open(String),
}
