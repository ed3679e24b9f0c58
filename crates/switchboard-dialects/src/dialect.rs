//! What a wire has to answer for.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard_core::{Command, Event, PeerId, Signal, Wire};

use crate::json::{Key, Message};
use crate::{DecodeError, Meaning, Said};

/// One wire: how its clients are recognised, and how both ends of it speak.
pub trait Dialect: Sync + Debug {
    /// Its name in configuration, metrics, logs and on the command line.
    fn name(&self) -> &'static str;

    /// What people should know of it.
    fn about(&self) -> About;

    /// Whether a connection whose first frame this is speaks this wire.
    fn recognises(&self, first: &Message<'_>) -> bool;

    /// The server's half for one new connection.
    fn server(&self, opening: Opening<'_>) -> Box<dyn ServerSide>;

    /// The client's half for one new connection.
    fn client(&self, introduction: Introduction) -> Box<dyn ClientSide>;

    /// Appends what every receiver is told of somebody's coming and going, or [`Encoded::Personal`] for events whose
    /// words depend on the connection. Signals do not come here: see [`crate::encode_shared`].
    fn announce(&self, event: &Event, out: &mut Vec<u8>) -> Encoded;

    /// The field that names a message's addressee.
    fn target_key(&self) -> Key;

    /// What a message of this wire means; `None` if it is none of this wire.
    fn read<'a>(&self, text: &'a str) -> Option<Meaning<'a>>;

    /// Whether receivers may be given a signal that is in this wire's own words; if not, it is withheld as what the wire
    /// has no word for ([`Encoded::Nothing`]).
    fn carries(&self, _signal: &Signal) -> bool {
        true
    }

    /// Appends something said on another wire in this wire's words; or appends nothing, and tells
    /// [`Encoded::Nothing`] or [`Encoded::Untranslatable`].
    fn write(&self, said: &Said<'_>, out: &mut Vec<u8>) -> Encoded;
}

/// The server's half of a wire, for one connection: what must be remembered between its messages.
pub trait ServerSide: Send + Debug {
    /// Reads one message; appends what it asks for, perhaps nothing.
    ///
    /// # Errors
    /// What was wrong with it and what was expected. Nothing has changed then; answer with [`ServerSide::complain`].
    fn decode(&mut self, text: &str, into: &mut Vec<Command>) -> Result<(), DecodeError>;

    /// Appends what this connection is told of an event.
    fn encode(&mut self, event: &Event, stamp: Stamp<'_>, out: &mut Vec<u8>) -> Encoded;

    /// Appends this wire's error message.
    fn complain(&self, problem: &DecodeError, out: &mut Vec<u8>);
}

/// The client's half of a wire, for one connection.
pub trait ClientSide: Send + Debug {
    /// Appends the messages that ask for something; none if the wire has no word for it.
    fn encode(&mut self, command: &Command, into: &mut Vec<Vec<u8>>);

    /// Reads one message of the server; appends what it tells.
    ///
    /// # Errors
    /// What was wrong with it.
    fn decode(&mut self, text: &str, into: &mut Vec<Told>) -> Result<(), DecodeError>;
}

/// What came of encoding an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// One message was appended.
    Frame,
    /// The wire has no word for it, and its clients do without; nothing was appended.
    Nothing,
    /// The wire cannot carry it, and it is lost to the receivers: count it, and tell the sender. Nothing was appended.
    Untranslatable,
    /// The words depend on the connection: ask its [`ServerSide`]. Nothing was appended.
    Personal,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something happened.
    Event(Event),
    /// Something asked for was not done.
    Refused {
        /// Stable name of the reason; empty if the server gave none.
        code: String,
        /// The reason, for people.
        message: String,
    },
}

/// What people should know of a wire.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What it is, in a few words.
    pub summary: &'static str,
    /// The rows of the feature list it delivers.
    pub rows: &'static str,
    /// The first message a client sends.
    pub opening: &'static str,
}

/// What a server half starts with.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The wire's place in the table.
    pub wire: Wire,
    /// An id nobody else has, for clients that leave the choice to the server.
    pub spare_id: &'a str,
    /// The operator's settings.
    pub options: &'a Options,
}

/// What a client half starts with.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// The wire's place in the table.
    pub wire: Wire,
    /// The id to go by.
    pub peer: PeerId,
}

/// The operator's settings, wire by wire.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Settings of the `register` wire.
    pub register: RegisterOptions,
}

/// Settings of the `register` wire.
#[derive(Clone, Debug, Default)]
pub struct RegisterOptions {
    /// An ordinary room to put registered clients in who have joined none, so that other wires can meet them there;
    /// `None` keeps them in the lobby.
    pub lobby_room: Option<String>,
}

/// Time and number for wires whose messages carry them.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Milliseconds since the Unix epoch.
    pub unix_millis: u64,
    /// Counts the messages that were given a number.
    pub serial: &'a AtomicU64,
}

impl Stamp<'_> {
    /// A number that no other message of this process has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// The time as RFC 3339, UTC, with milliseconds.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(self.unix_millis);
        humantime::format_rfc3339_millis(time).to_string()
    }
}
