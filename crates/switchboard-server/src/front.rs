//! Where clients come in: listeners, HTTP, the WebSocket, the page.
//!
//! A front knows no dialect's details; it hands messages to the node and takes none back: those go to outboxes.

pub(crate) mod assets;
mod engine;
pub(crate) mod http;
mod ice_servers;
pub(crate) mod listener;
mod local;
mod origins;
mod path;
mod percent;
mod problem;
mod rest;
mod status;
pub(crate) mod websocket;
