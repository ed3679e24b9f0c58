//! How connections begin, stay alive and end, and how a server does.

mod common;
mod support;

#[path = "life/drain.rs"]
mod drain;
#[path = "life/first_messages.rs"]
mod first_messages;
#[path = "life/grace.rs"]
mod grace;
#[path = "life/handshakes.rs"]
mod handshakes;
#[path = "life/listeners.rs"]
mod listeners;
#[path = "life/pings.rs"]
mod pings;
