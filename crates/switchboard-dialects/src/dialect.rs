//! What a wire has to answer for.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard_core::{Command, Event, PeerId, Signal, Wire};

use crate::decimal::write_rfc3339;
use crate::json::{Key, Message};
use crate::{DecodeError, Meaning, Said};

/// One wire: how its clients are recognised, and how both ends of it speak.
pub trait Dialect: Sync + Debug {
    /// Its name in configuration, metrics, logs and on the command line.
    fn name(&self) -> &'static str;

    /// What people should know of it.
    fn about(&self) -> About;

    /// Where its clients come in.
    fn entrance(&self) -> Entrance {
        Entrance::FirstMessage
    }

    /// Whether a connection whose first frame this is speaks this wire; asked only where [`Dialect::entrance`] says
    /// that the first message tells.
    fn recognises(&self, _first: &Message<'_>) -> bool {
        false
    }

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

    /// The wire whose messages this one carries as they came, in an envelope of its own, if there is one.
    fn envelops(&self) -> Option<Wire> {
        None
    }

    /// Appends a message of the wire that [`Dialect::envelops`] names, in this wire's envelope.
    fn envelop(&self, message: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(message);
    }

    /// Whether receivers may be given a signal that is in this wire's own words; if not, it is withheld as what the
    /// wire has no word for ([`Encoded::Nothing`]).
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
    /// What was wrong with it and what was expected; answer with [`ServerSide::complain`]. Nothing has changed then,
    /// but that on a wire which takes several messages for one, what has come of an unfinished one is dropped.
    fn decode(&mut self, text: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError>;

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

/// How a connection of a wire begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A WebSocket on one of the paths that several wires share; the first message tells which it is.
    FirstMessage,
    /// A WebSocket at a path that names the room and the peer, who is in the room from the start. `{room_id}` and
    /// `{user_id}` stand for one segment each, percent-encoded.
    Path(&'static str),
    /// Engine.IO at this path: polling, WebSocket, or the one and then the other.
    EngineIo(&'static str),
}

/// What a message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Something that the hub does.
    Command(Command),
    /// An answer of the wire itself, which nobody else hears of. It goes out behind what the commands before it cause.
    Answer(Vec<u8>),
    /// That a client which waits for an answer to a poll is not to wait for it any longer.
    Release,
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
    /// Whether a client that joins is told who is there.
    pub tells_roster: bool,
    /// Whether a client that leaves is told that it has left, be it by the end of its connection.
    pub answers_leave: bool,
    /// Whether a client registers its id before it is in any room; it is in the lobby until then.
    pub has_lobby: bool,
}

/// What a server half starts with.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The wire's place in the table.
    pub wire: Wire,
    /// An id nobody else has, for clients that leave the choice to the server.
    pub spare_id: &'a str,
    /// Who comes, where the way in has told it.
    pub peer: Option<&'a PeerId>,
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
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest message a client may send, in bytes.
    pub message_bytes: usize,
    /// Settings of the `register` wire.
    pub register: RegisterOptions,
    /// Settings of the `path` wire.
    pub path: PathOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Options {
    /// Everything as it is unless an operator says otherwise.
    pub const DEFAULT: Self = Self {
        message_bytes: 1_000_000,
        register: RegisterOptions { lobby_room: None },
        path: PathOptions {
            payload: PathPayload::Plain,
        },
    };
}

/// Settings of the `register` wire.
#[derive(Clone, Debug, Default)]
pub struct RegisterOptions {
    /// An ordinary room to put registered clients in who have joined none, so that other wires can meet them there;
    /// `None` keeps them in the lobby.
    pub lobby_room: Option<String>,
}

/// Settings of the `path` wire.
#[derive(Clone, Debug, Default)]
pub struct PathOptions {
    /// Where receivers find the sender and what was sent.
    pub payload: PathPayload,
}

/// Where receivers on the `path` wire find the sender of a message and what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathPayload {
    /// `sender` beside a `payload` that is as it was sent.
    #[default]
    Plain,
    /// Both inside `payload`, as `sender` and `data`.
    Wrapped,
}

/// What a message may say beside what happened: time, number, and the form the operator chose.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Milliseconds since the Unix epoch.
    pub unix_millis: u64,
    /// Counts the messages that were given a number.
    pub serial: &'a AtomicU64,
    /// The operator's settings.
    pub options: &'a Options,
}

impl Stamp<'_> {
    /// A number that no other message of this process has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Appends the time as RFC 3339, UTC, with milliseconds.
    pub(crate) fn write_rfc3339(&self, out: &mut Vec<u8>) {
        write_rfc3339(out, self.unix_millis);
    }
}
