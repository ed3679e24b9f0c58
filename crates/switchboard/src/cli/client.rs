//! `switchboard client`: a signaling client for the terminal, for scripts, and for a quick trial of a server.

mod auto;
mod command;
mod place;
mod session;
mod terminal;
mod view;
mod wires;

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use switchboard_client::Address;
use switchboard_core::Wire;
use switchboard_dialects::{ALL, by_name};

const EXAMPLES: &str = "\
Commands:
  join USER ROOM       be in a room, under this id
  leave                leave the room
  say TEXT             say something to everybody in the room
  say @USER TEXT       say something to one
  users                who is in the room
  send MESSAGE         send a message as it is, in the wire's own language
  help                 list the commands
  quit                 end the session (Ctrl-D does, too)
  Names with spaces go into double quotes: join \"Ann Lee\" studio.

Examples:
  switchboard client --wire socketio                  talk to the server on this machine
  printf 'join ann studio\\nsay hello\\n' | switchboard client
                                                      in a pipe: no prompt, no colours
  switchboard client --auto --users 5 --room my-room  play the scenarios, say pass or fail

Colours are used on a terminal, unless NO_COLOR is set.
Exit codes: 0 after a proper end, 1 if the connection or a check failed.";

/// Talks to a server, as a person in a room or as several that check it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Client {
    /// The server. Its path counts only on the wires that share paths; the others have their own.
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
        let session = session::Session::new(self.url, self.wire, printer);
        runtime.block_on(session.run(input))
    }
}

/// Takes the names of the dialect table.
fn wire_parser() -> impl clap::builder::TypedValueParser<Value = Wire> {
    let names = ALL.iter().map(|dialect| dialect.name());
    PossibleValuesParser::new(names)
        .try_map(|name| by_name(&name).ok_or_else(|| format!("no wire is called {name}")))
}
