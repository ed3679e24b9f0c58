//! The command line.

mod bench;
mod client;
mod config;
mod dotenv;
mod selftest;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use switchboard_bench::BenchError;
use switchboard_server::config::ConfigError;

use settings::Settings;

const EXAMPLES: &str = "\
Examples:
  switchboard                                   serve on port 8765, all addresses
  switchboard --listen 127.0.0.1:9000           serve this machine only
  switchboard --log-file server.log --log-relay with a log file, and a line for each relayed message
  PORT=3000 switchboard                         serve on port 3000
  switchboard --config /etc/switchboard.toml    with a configuration file
  switchboard selftest                          try the server on this machine
  switchboard client --wire join-room           talk to it from the terminal
  switchboard bench pairs                       put a load on it, and tell what it costs
  switchboard config check                      tell what is wrong with the configuration

Without --config, switchboard.toml is read if it is in the working directory, and so is .env.
Every setting has an environment variable, such as SWITCHBOARD__LIMITS__ROOMS for [limits] rooms.

Exit codes: 0 after a proper end, 1 when something failed, 2 when the command line or the configuration is refused.";

/// One WebRTC signaling server for every client's wire.
#[derive(Debug, Parser)]
#[command(
    name = "switchboard",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT (what is done without a command).
    #[command(after_help = EXAMPLES)]
    Serve(Settings),
    /// Print or check the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Talk to a server from the terminal, or play the published scenarios against it.
    Client(client::Client),
    /// Play the id router's session against a server and say pass or fail.
    Selftest(selftest::SelfTest),
    /// Put a load on a server, check every delivery, and tell what it costs.
    Bench(bench::Bench),
}

impl Cli {
    /// Does what the command line says, to its end.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve(self.settings)) {
            Command::Serve(settings) => serve::run(&settings),
            Command::Config(command) => command.run(),
            Command::Client(client) => client.run(),
            Command::Selftest(selftest) => selftest.run(),
            Command::Bench(bench) => bench.run(),
        }
    }
}

/// 2 for what can be corrected in the configuration or on the command line, 1 for everything else.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    let is_plan = matches!(
        error.downcast_ref(),
        Some(BenchError::Plan(_) | BenchError::Url(_))
    );
    ExitCode::from(if is_plan || error.is::<ConfigError>() {
        2
    } else {
        1
    })
}
