//! Engine.IO, packet by packet: polling, WebSocket, the way from the one to the other, and every end of a session.
//! What the official clients make of it is in `interop/`.

mod common;
mod support;

#[path = "engine/client.rs"]
mod client;
#[path = "engine/crowd.rs"]
mod crowd;
#[path = "engine/ends.rs"]
mod ends;
#[path = "engine/late_requests.rs"]
mod late_requests;
#[path = "engine/polling.rs"]
mod polling;
#[path = "engine/requests.rs"]
mod requests;
#[path = "engine/upgrades.rs"]
mod upgrades;
