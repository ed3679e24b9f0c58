//! What the log tells of relayed and refused messages.

mod common;
mod support;

#[path = "journal/lines.rs"]
mod lines;
#[path = "journal/relays.rs"]
mod relays;
