//! Where clients come in: listeners, HTTP, the WebSocket, the page.
//!
//! A front knows no dialect's details; it hands messages to the node and takes none back: those go to outboxes.

pub(crate) mod assets;
mod engine;
pub(crate) mod http;
pub(crate) mod listener;
mod path;
mod reading;
mod rest;
pub(crate) mod websocket;
