//! RFC 6455 against the running server, case by case, in the order of the Autobahn test suite's
//! sections 1 to 7; the numbers in the names of the cases are that suite's.
//!
//! The suite expects an echo server. Here the connection under test has joined an S1 room with a
//! witness: what it sends as a message must arrive there byte for byte, and when it is closed, for
//! whatever reason, the witness hears that it left. Frames are built and read here by hand, not with
//! the server's own code.

mod common;

#[path = "websocket_conformance/closing.rs"]
mod closing;
#[path = "websocket_conformance/fragments.rs"]
mod fragments;
#[path = "websocket_conformance/framing.rs"]
mod framing;
#[path = "websocket_conformance/pings.rs"]
mod pings;
#[path = "websocket_conformance/reserved.rs"]
mod reserved;
#[path = "websocket_conformance/stage.rs"]
mod stage;
#[path = "websocket_conformance/utf8.rs"]
mod utf8;
#[path = "websocket_conformance/wire.rs"]
mod wire;
