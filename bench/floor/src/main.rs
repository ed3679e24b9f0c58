//! The floor of the benchmark: what remains of a relay when it has no frames, no rooms by name and no rules.
//!
//! `floor serve` copies what one socket of a group sends to the others of it; `floor pairs` and `floor fanout` load it
//! in the same way as the scenarios of `switchboard bench` load a server, and print what they print with `--json`.

mod load;
mod meter;
mod poll;
mod serve;

use std::net::SocketAddr;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "What the kernel costs: a relay without framing, and the load for it")]
enum Cli {
    /// Copy bytes between sockets; each GROUP of them, in the order in which they connect, is a room
    Serve {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..))]
        group: u32,
    },
    #[command(flatten)]
    Load(Scenario),
}

#[derive(Clone, Debug, Subcommand)]
enum Scenario {
    /// Two sockets each: what the one sends, the other sends back
    Pairs {
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
        pairs: u32,
        /// Messages in flight in each pair
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
        depth: u32,
        /// Send what is in flight in one write, once all of it has come
        #[arg(long)]
        batched: bool,
        #[command(flatten)]
        common: load::Common,
    },
    /// Rooms in which one socket after the other sends to all
    Fanout {
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
        room_size: u32,
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        rooms: u32,
        #[command(flatten)]
        common: load::Common,
    },
}

fn main() -> Result<()> {
    match Cli::parse() {
        Cli::Serve { listen, group } => serve::serve(listen, group as usize),
        Cli::Load(scenario) => load::run(&scenario),
    }
}
