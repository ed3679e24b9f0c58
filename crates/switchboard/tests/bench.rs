//! `switchboard bench` against a running server, and against servers that do something wrong.

#[path = "bench/command_line.rs"]
mod command_line;
#[path = "bench/flawed.rs"]
mod flawed;
#[path = "bench/flaws.rs"]
mod flaws;
#[path = "bench/load.rs"]
mod load;
#[expect(dead_code, reason = "it serves other tests as well")]
#[path = "serve/process.rs"]
mod process;
#[path = "bench/scenarios.rs"]
mod scenarios;
