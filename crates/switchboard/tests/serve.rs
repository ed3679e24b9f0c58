//! The running binary, as an operator and its clients meet it: real processes, signals, files and sockets.

#[path = "serve/files.rs"]
mod files;
#[path = "serve/logging.rs"]
mod logging;
#[path = "serve/memory.rs"]
mod memory;
#[path = "serve/process.rs"]
mod process;
#[path = "serve/selftest.rs"]
mod selftest;
#[path = "serve/stalled.rs"]
mod stalled;
#[path = "serve/starting.rs"]
mod starting;
#[path = "serve/stopping.rs"]
mod stopping;
