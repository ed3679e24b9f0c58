//! The hub: who is in which room, and who hears what.
//!
//! This crate is a state machine. It opens no socket, reads no clock and knows no wire format: the caller feeds it
//! [`Input`]s together with the time and drains [`Output`]s until there are none left.
//!
//! ```
//! use std::time::Instant;
//! use switchboard_core::{Command, ConnId, Event, Hub, Input, Join, Limits, Output, Role};
//!
//! let mut hub = Hub::new(Limits::default());
//! let ann = ConnId::new(1);
//! let join = Join { room: "studio".into(), peer: "ann".into(), role: Role::Receiver };
//! hub.handle(Instant::now(), Input::Command { conn: ann, command: Command::Join { join, leaving: None } });
//!
//! let told = std::iter::from_fn(|| hub.poll_output())
//!     .any(|output| matches!(output, Output::Deliver { event: Event::Joined { .. }, .. }));
//! assert!(told);
//! ```
//!
//! **The contract:** after every [`Hub::handle`], drain [`Hub::poll_output`] before the next one if the order of events
//! across inputs matters to you; outputs come out in the order in which they were caused.

mod command;
mod event;
mod fact;
mod hub;
mod id;
mod limits;
mod peer;
mod recipients;
mod refusal;
mod room;
mod rooms;
mod seats;
mod signal;
mod text;
mod view;

pub use command::{Closing, Command, Departure, Join};
pub use event::{Event, Member};
pub use fact::Fact;
pub use hub::{Hub, Input, Output};
pub use id::{ConnId, PeerId, RoomId};
pub use limits::{Limits, Quota};
pub use recipients::Recipients;
pub use refusal::{IdKind, IdProblem, Refusal};
pub use signal::{Payload, Role, Signal, SignalKind, Target, Wire};
pub use view::{Presence, RoomView};
