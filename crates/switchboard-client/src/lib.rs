//! An async signaling client that speaks every dialect, through the dialect's own client half.
//!
//! The command line, the load test and the server's tests use it. It never imports the server.

mod client;
mod framing;
mod link;
mod refusal;
mod speech;
mod transport;
mod url;

pub use client::{Client, ClientError};
pub use transport::{Frame, Transport, TransportError};
pub use url::{Address, BadUrl};
