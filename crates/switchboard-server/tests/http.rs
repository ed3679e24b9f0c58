//! What the server answers over HTTP: the page, the WebSocket handshake, ICE servers, health and metrics.

mod common;
mod support;

#[path = "http/counting.rs"]
mod counting;
#[path = "http/health.rs"]
mod health;
#[path = "http/ice_servers.rs"]
mod ice_servers;
#[path = "http/origins.rs"]
mod origins;
#[path = "http/page.rs"]
mod page;
#[path = "http/upgrade.rs"]
mod upgrade;
