//! What joins several instances of the server: a Redis that all of them know.
//!
//! A **node** is one registration of one process. It keeps the rosters of the rooms it has connections in, speaks to
//! other nodes through their **inboxes** (a stream each) and changes rosters by **commits**: numbered lists of
//! operations that Redis executes at one go and never twice. This crate knows Redis; it knows no socket, no wire and no
//! hub. Whoever embeds it calls the verbs of [`Backplane`] and is told what happens elsewhere through a [`Listener`].
//!
//! **The contract:** everything that is heard comes in the order of the node's inbox, the outcome of its own joins
//! included; so whoever does what it hears, in that order, sees what Redis decided. Nothing here waits: a verb appends to
//! a bounded queue and says at once if it cannot.
//!
//! Redis Cluster is not supported: the scripts name keys that are known only while they run.

mod address;
mod census;
mod config;
mod connect;
mod counters;
mod entry;
mod envelope;
mod error;
mod handle;
mod health;
mod heard;
mod keys;
mod link;
mod member;
mod node_id;
mod operation;
mod order;
mod queue;
mod retention;
mod scripts;
mod seal;
mod store;
mod wire_name;

pub use address::{Address, AddressProblem, Server};
pub use census::{RoomPage, RoomSummary, Totals};
pub use config::Config;
pub use counters::Counts;
pub use envelope::{Bounce, BounceReason, Envelope, SignalEnvelope};
pub use error::{Error, Unavailable};
pub use handle::{Backplane, JoinRequest, LeaveRequest};
pub use heard::{Heard, Listener, Outcome, RosterEntry, State, Token};
pub use link::Link;
pub use member::{Line, Member};
pub use node_id::NodeId;
pub use operation::Departed;
pub use seal::{KeyProblem, Keys};
pub use wire_name::{WireName, WireNameProblem};
