//! The node: sockets, outboxes, timers and fronts around the hub.
//!
//! Start at [`Server`]; the way of a message is told in `node.rs`. Nothing here knows a wire's field name, and no lock
//! is held across an `.await`.

pub mod config;
pub mod ice;
pub mod log;
pub mod open_files;

mod admission;
mod batch;
mod census;
mod close;
mod connection;
mod delivery;
mod framing;
mod front;
mod journal;
mod line;
mod metrics;
mod node;
mod outbox;
mod packet;
mod pulse;
mod rate;
mod reactor;
mod server;
mod socket;
mod stream;

pub use server::{Farewell, Handle, Server, StartError};
