//! `switchboard client` (row S0.8) against a running server: the scenarios, pipes, and a person at a terminal.

#[path = "client/auto.rs"]
mod auto;
#[path = "client/interactive.rs"]
mod interactive;
#[path = "client/pipe.rs"]
mod pipe;
#[expect(dead_code, reason = "it serves other tests as well")]
#[path = "serve/process.rs"]
mod process;
#[path = "client/pseudo_terminal.rs"]
mod pseudo_terminal;
