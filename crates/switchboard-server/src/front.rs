//! Where clients come in: listeners, the doorstep, HTTP, the WebSocket, the page.
//!
//! A front knows no dialect's details; it hands messages to the node and takes none back: those go to outboxes.

pub(crate) mod assets;
pub(crate) mod doorstep;
mod engine;
mod entrance;
mod http;
mod ice_servers;
pub(crate) mod listener;
mod local;
mod origins;
mod path;
mod percent;
mod plain;
mod problem;
mod rest;
mod status;
mod websocket;
