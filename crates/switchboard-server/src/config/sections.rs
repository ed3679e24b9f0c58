//! The sections of the configuration, one struct each, with their defaults.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Redacted;
use switchboard_dialects::{Options, PathOptions, RegisterOptions};

mod words;

pub use words::{IdleCounts, Level, LogFormat, NotAWord, PathPayload, RoomList};

/// `[http]`: what HTTP clients and browsers may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The browser origins that may use the server (CORS, and the `Origin` of a WebSocket handshake), `*` for all;
    /// requests without an origin always pass; default `*`; needs a restart.
    pub allowed_origins: Vec<String>,
    /// Who is told the names of all rooms (`GET /rooms`): `local` for this machine only, `open` for everybody; who knows
    /// a room's name may ask for its users either way; default local; needs a restart.
    pub room_list: RoomList,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            allowed_origins: vec!["*".to_owned()],
            room_list: RoomList::default(),
        }
    }
}

impl Http {
    /// Whether every origin is allowed.
    #[must_use]
    pub fn allows_every_origin(&self) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == "*")
    }

    /// Whether a request with this `Origin` header may pass.
    #[must_use]
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.allows_every_origin() || self.allowed_origins.iter().any(|allowed| allowed == origin)
    }
}

/// `[limits]`: bounds on what clients can make the server hold. All need a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest message a client may send, in bytes, 1,024 to 1,040,000; default 1,000,000; needs a restart.
    pub message_bytes: usize,
    /// The longest id and room name, in characters, at most 1,024; default 128; needs a restart.
    pub id_length: usize,
    /// Rooms at one time; default 100,000; needs a restart.
    pub rooms: usize,
    /// Peers in one room; the roster of a full one must fit into a frame of 1,048,576 bytes, with ids of `id_length`;
    /// default 1,000; needs a restart.
    pub peers_per_room: usize,
    /// Registered clients that are in no room; default 100,000; needs a restart.
    pub lobby_peers: usize,
    /// Connections at one time; default 100,000; needs a restart.
    pub connections: usize,
    /// Connections at one time from one IP address, 0 for no bound; default 0; needs a restart.
    pub connections_per_address: usize,
    /// Connections at one time under one id in one room; default 16; needs a restart.
    pub connections_per_peer: usize,
    /// What may wait to be sent on one connection, in bytes, before it is closed as too slow; at least
    /// `message_bytes` + 1,024; default 4,194,304; needs a restart.
    pub outbox_bytes: usize,
    /// Messages one connection may send in a second, 0 for no bound; over it the server reads that connection more
    /// slowly and loses nothing; default 0; needs a restart.
    pub messages_per_second: u32,
    /// Connections without a first message up to which each has `timeouts.first_message`, and beyond which only
    /// `timeouts.first_message_busy`; default 1,000; needs a restart.
    pub unidentified: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1_000_000,
            id_length: 128,
            rooms: 100_000,
            peers_per_room: 1_000,
            lobby_peers: 100_000,
            connections: 100_000,
            connections_per_address: 0,
            connections_per_peer: 16,
            outbox_bytes: 4_194_304,
            messages_per_second: 0,
            unidentified: 1_000,
        }
    }
}

/// `[timeouts]`: how long things may take, as text with a unit (`500ms`, `10s`, `5m`, `1h`). All need a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For a new connection to complete its HTTP request or WebSocket handshake; default 10s; needs a restart.
    #[serde(with = "humantime_serde")]
    pub handshake: Duration,
    /// For an HTTP connection to ask for something more; default 1m 15s, as proxies keep theirs for a minute; needs a restart.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// For a connection to send its first message; default 10m, as people type it by hand; needs a restart.
    #[serde(with = "humantime_serde")]
    pub first_message: Duration,
    /// The same while more than `limits.unidentified` connections have sent none; default 10s; needs a restart.
    #[serde(with = "humantime_serde")]
    pub first_message_busy: Duration,
    /// Between two WebSocket pings to a connection; default 25s; needs a restart.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// For the answer to a ping, before the connection counts as dead; default 20s; needs a restart.
    #[serde(with = "humantime_serde")]
    pub ping_timeout: Duration,
    /// For a dropped peer to come back before the others are told that it left; default 0s; needs a restart.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// For the connections to take what is queued and close when the server stops; default 10s; needs a restart.
    #[serde(with = "humantime_serde")]
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            first_message: Duration::from_secs(600),
            first_message_busy: Duration::from_secs(10),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            grace: Duration::ZERO,
            shutdown: Duration::from_secs(10),
        }
    }
}

/// `[rooms]`: the life of rooms. All need a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rooms {
    /// How long somebody in a room may do nothing before the connection is closed, and a room in which nobody does
    /// anything with all who are in it; 0s for ever; default 30m; needs a restart.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// What counts as doing something: `any` sign of life (a pong or a poll too, so that a call with silent signaling is
    /// not cut), or `messages` only; default any; needs a restart.
    pub idle_counts: IdleCounts,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * 60),
            idle_counts: IdleCounts::Any,
        }
    }
}

/// `[ice]`: the STUN and TURN servers handed to clients. All reloadable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IceConfig {
    /// The secret shared with the TURN servers, from which time-limited credentials are made for the TURN urls without
    /// a username of their own; default none; reloadable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_secret: Option<Redacted<String>>,
    /// How long those credentials are valid; default 1h; reloadable.
    #[serde(with = "humantime_serde")]
    pub turn_ttl: Duration,
    /// The servers, as browsers know them (`RTCIceServer`); default none; reloadable.
    pub servers: Vec<IceServerConfig>,
}

impl Default for IceConfig {
    fn default() -> Self {
        Self {
            turn_secret: None,
            turn_ttl: Duration::from_secs(3600),
            servers: Vec::new(),
        }
    }
}

/// One entry of `ice.servers` (W3C WebRTC, `RTCIceServer`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServerConfig {
    /// One or several urls (RFC 7064, RFC 7065): `stun:`, `stuns:`, `turn:` or `turns:`; reloadable.
    pub urls: Vec<String>,
    /// The user name for its TURN urls; default none; reloadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password that goes with `username`; default none; reloadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Redacted<String>>,
}

impl IceServerConfig {
    /// Whether one of its urls is a TURN server's, which asks for credentials.
    #[must_use]
    pub fn has_turn_url(&self) -> bool {
        self.urls.iter().any(|url| {
            url.split_once(':').is_some_and(|(scheme, _)| {
                scheme.eq_ignore_ascii_case("turn") || scheme.eq_ignore_ascii_case("turns")
            })
        })
    }
}

/// `[log]`: what is logged, how and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How much is logged: `error`, `warn`, `info`, `debug` or `trace`; default info; reloadable.
    pub level: Level,
    /// `text` for people or `json` for programs; default text; needs a restart.
    pub format: LogFormat,
    /// A file that gets the same lines as the console; default none; needs a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The size at which that file is put aside and a new one begun, in bytes; default 10,485,760; needs a restart.
    pub file_bytes: u64,
    /// How many files that were put aside are kept (`.1` is the newest); default 5; needs a restart.
    pub file_count: usize,
    /// One line for each relayed message, whatever the level; default false; reloadable.
    pub relay: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: Level::Info,
            format: LogFormat::Text,
            file: None,
            file_bytes: 10_485_760,
            file_count: 5,
            relay: false,
        }
    }
}

/// `[runtime]`: the process itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Runtime {
    /// Threads that serve connections, 0 for one per core; default 0; needs a restart.
    pub threads: usize,
}

/// `[dialects.*]`: settings of single wires.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialects {
    /// The `register` wire.
    pub register: RegisterDialect,
    /// The `path` wire.
    pub path: PathDialect,
}

impl Dialects {
    /// The same in the words of the dialects.
    pub(crate) fn options(&self, message_bytes: usize) -> Options {
        Options {
            message_bytes,
            register: RegisterOptions {
                lobby_room: self.register.lobby_room.clone(),
            },
            path: PathOptions {
                payload: match self.path.payload {
                    PathPayload::Plain => switchboard_dialects::PathPayload::Plain,
                    PathPayload::Wrapped => switchboard_dialects::PathPayload::Wrapped,
                },
            },
        }
    }
}

/// `[dialects.register]`: settings of the `register` wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegisterDialect {
    /// The ordinary room that registered clients without a room are put in, so that other wires can meet them; default
    /// none (they are in the lobby, among themselves); needs a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lobby_room: Option<String>,
}

/// `[dialects.path]`: settings of the `path` wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathDialect {
    /// Where receivers find the sender and what was sent: `plain` for `sender` beside the `payload` as it was sent,
    /// `wrapped` for both inside `payload`, as `sender` and `data`; default plain; needs a restart.
    pub payload: PathPayload,
}
