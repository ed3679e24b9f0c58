//! `switchboard client`: a signaling client for the terminal, for scripts, and for a quick trial of a server.

mod auto;
mod command;
mod conversation;
mod patience;
mod terminal;
mod view;
mod whereabouts;

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use switchboard_client::Address;
use switchboard_core::Wire;
use switchboard_dialects::{ALL, by_name};

use conversation::Conversation;

const EXAMPLES: &str = "\
Examples:
  switchboard client --wire socketio                  talk to the server on this machine
  printf 'join ann studio\\nsay hello\\n' | switchboard client
                                                      in a pipe: no prompt, no colours
  switchboard client --auto --users 5 --room my-room  play the scenarios, say pass or fail

Colours are used on a terminal, unless NO_COLOR is set.
Exit codes: 0 after a proper end, 1 if the connection or a check failed, 2 if the command line is refused.";

/// Talks to a server, as a person in a room or as several that check it.
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub(crate) struct Client {
    /// The server. Wires that have a path of their own look for it below this URL's path, without a `/ws` at its end.
    #[arg(long, default_value = "ws://127.0.0.1:8765/")]
    url: Address,
    /// The wire to speak.
    #[arg(long, default_value = "join", value_parser = wire_parser())]
    wire: Wire,
    /// Play the published scenarios (join and leave, isolated rooms, a dropped connection) instead.
    #[arg(long)]
    auto: bool,
    /// How many users play.
    #[arg(long, value_name = "N", default_value_t = 2, requires = "auto",
          value_parser = clap::value_parser!(u16).range(2..=200))]
    users: u16,
    /// The room they play in.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "test-room",
        requires = "auto"
    )]
    room: String,
}

impl Client {
    /// Talks until the end of the input, or plays the scenarios.
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        if self.auto {
            let stage = auto::Stage::new(self.url, self.wire, self.users.into(), &self.room);
            return runtime.block_on(stage.play());
        }
        let (input, printer) = terminal::open()?;
        let conversation = Conversation::new(self.url, self.wire, printer);
        runtime.block_on(async {
            let interruption = input.interruption()?;
            tokio::select! {
                done = conversation.run(input) => done,
                signal = interruption => bail!("ended by {signal}"),
            }
        })
    }
}

fn after_help() -> String {
    let commands: Vec<String> = command::help().collect();
    format!("Commands:\n{}\n\n{EXAMPLES}", commands.join("\n"))
}

/// Takes the names of the dialect table.
pub(crate) fn wire_parser() -> impl clap::builder::TypedValueParser<Value = Wire> {
    let names = ALL
        .iter()
        .map(|dialect| PossibleValue::new(dialect.name()).help(dialect.about().summary));
    PossibleValuesParser::new(names)
        .try_map(|name| by_name(&name).ok_or_else(|| format!("no wire is called {name}")))
}
