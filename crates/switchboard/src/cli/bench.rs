//! `switchboard bench`: puts a load on a server, checks every delivery, and tells what it costs.

use std::io::{IsTerminal as _, Write as _, stderr};

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use switchboard_bench::{Payload, Plan, Progress, Scenario, Writes, run};
use switchboard_core::Wire;

use super::client::wire_parser;

const EXAMPLES: &str = "\
Examples:
  switchboard bench pairs --pairs 100                       messages to and fro in 100 rooms of two
  switchboard bench pairs --depth 16 --batched --payload sdp
  switchboard bench fanout --room-size 50 --wire socketio   one to many, over Socket.IO
  switchboard bench latency --rate 20000 --json             how long a message takes at a given rate
  switchboard bench storm --connections 2000 --server-pid $(pidof switchboard)
  switchboard bench idle --connections 10000 --server-pid $(pidof switchboard)

Every delivery is checked: the right receiver, the right sender, in order, none lost, none twice.
Exit codes: 0 if all were right, 1 if one was wrong or the run failed, 2 if the command line is refused.";

/// Puts a load on a server, checks every delivery, and tells what it costs.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    subcommand_value_name = "SCENARIO",
    subcommand_help_heading = "Scenarios"
)]
pub(crate) struct Bench {
    #[command(subcommand)]
    scenario: Kind,
    /// The server. Wires that have a path of their own look for it below this URL's path, without a `/ws` at its end.
    #[arg(long, global = true, default_value = "ws://127.0.0.1:8765/")]
    url: String,
    /// The wire to speak.
    #[arg(long, global = true, default_value = "join-room", value_parser = wire_parser())]
    wire: Wire,
    /// The server's process, to tell its CPU time and memory; again for each further process.
    #[arg(long, global = true, value_name = "PID")]
    server_pid: Vec<u32>,
    /// How long to measure; getting warm comes on top.
    #[arg(long, global = true, value_name = "S", default_value_t = 10.0)]
    seconds: f64,
    /// What is sent.
    #[arg(long, global = true, value_enum, default_value = "ice")]
    payload: PayloadName,
    /// Threads for the clients.
    #[arg(long, global = true, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Print one line of JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Kind {
    /// Rooms of two in which every message is answered with one.
    Pairs {
        /// How many rooms.
        #[arg(long, value_name = "N", default_value_t = 64)]
        pairs: usize,
        /// How many messages are on their way in each room.
        #[arg(long, value_name = "D", default_value_t = 1)]
        depth: usize,
        /// Answer all of them with one write, once all have come.
        #[arg(long, conflicts_with = "separate")]
        batched: bool,
        /// Answer each with a write of its own, at once (what is done without either).
        #[arg(long)]
        separate: bool,
    },
    /// Rooms in which one after the other says something to all.
    Fanout {
        /// Members of each room.
        #[arg(long, value_name = "M", default_value_t = 10)]
        room_size: usize,
        /// How many rooms.
        #[arg(long, value_name = "R", default_value_t = 10)]
        rooms: usize,
    },
    /// Messages at a fixed rate, and how long each takes from when it was due.
    Latency {
        /// Messages per second in all.
        #[arg(long, value_name = "R", default_value_t = 10_000.0)]
        rate: f64,
        /// How many rooms of two.
        #[arg(long, value_name = "N", default_value_t = 64)]
        pairs: usize,
        /// Sleep a millisecond at a time, and look at what is due and what came only then: for a load that shares the
        /// server's cores. Latencies then tell of the sleep.
        #[arg(long)]
        asleep: bool,
    },
    /// Everybody connects and joins at once, again and again.
    Storm {
        /// How many.
        #[arg(long, value_name = "K", default_value_t = 1_000)]
        connections: usize,
    },
    /// Everybody is in a room of two and says nothing; needs --server-pid.
    Idle {
        /// How many.
        #[arg(long, value_name = "K", default_value_t = 1_000)]
        connections: usize,
    },
    /// Busy rooms, and a visitor in each who comes and goes.
    Churn {
        /// Members of each room that stay.
        #[arg(long, value_name = "M", default_value_t = 10)]
        room_size: usize,
        /// How many rooms.
        #[arg(long, value_name = "R", default_value_t = 10)]
        rooms: usize,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PayloadName {
    /// A candidate of 250 bytes.
    Ice,
    /// An offer of 3 KB.
    Sdp,
}

impl Bench {
    /// Measures, and prints the figures.
    pub(crate) fn run(self) -> Result<()> {
        let plan = Plan {
            scenario: self.scenario.into(),
            url: self.url,
            wire: self.wire,
            payload: match self.payload {
                PayloadName::Ice => Payload::Ice,
                PayloadName::Sdp => Payload::Sdp,
            },
            seconds: self.seconds,
            server_pids: self.server_pid,
            threads: self.threads,
        };
        let seconds = plan.seconds;
        let at_terminal = stderr().is_terminal();
        let report = run(&plan, &|progress| {
            if at_terminal {
                show(progress, seconds);
            }
        });
        if at_terminal {
            rewrite("");
        }
        let report = report?;
        if self.json {
            println!("{}", report.to_json()?);
            for line in &report.error_lines {
                eprintln!("{line}");
            }
        } else {
            print!("{report}");
        }
        if report.errors > 0 {
            bail!(
                "{} deliveries or connections were not as they should be",
                report.errors
            );
        }
        Ok(())
    }
}

impl From<Kind> for Scenario {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Pairs {
                pairs,
                depth,
                batched,
                separate: _,
            } => Self::Pairs {
                pairs,
                depth,
                writes: if batched {
                    Writes::Batched
                } else {
                    Writes::Separate
                },
            },
            Kind::Fanout { room_size, rooms } => Self::Fanout { room_size, rooms },
            Kind::Latency {
                rate,
                pairs,
                asleep,
            } => Self::Latency {
                pairs,
                rate,
                asleep,
            },
            Kind::Storm { connections } => Self::Storm { connections },
            Kind::Idle { connections } => Self::Idle { connections },
            Kind::Churn { room_size, rooms } => Self::Churn { room_size, rooms },
        }
    }
}

fn show(progress: Progress, seconds: f64) {
    match progress {
        Progress::Assembling => rewrite("the clients come in"),
        Progress::WarmingUp => rewrite("getting warm"),
        Progress::Measuring(so_far, count) => {
            let rate = count as f64 / so_far.max(0.001);
            rewrite(&format!(
                "{so_far:.1} of {seconds:.1} s, {count} deliveries, {rate:.0}/s"
            ));
        }
        Progress::Finishing => rewrite("what is on its way arrives"),
    }
}

/// Puts a text in place of the line that stands there. Whether it is seen does not matter.
fn rewrite(text: &str) {
    let mut console = stderr().lock();
    let _ = write!(console, "\r\x1b[K{text}");
    let _ = console.flush();
}
