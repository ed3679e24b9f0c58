//! What an operator can set, and where it comes from.
//!
//! [`Config`] is plain data with defaults. [`Sources`] reads it in layers, weakest first: defaults, the TOML
//! file, environment variables, command-line flags. A key that does not exist or a value that cannot be meant
//! is refused with its source, its key and the reason. The reference for operators is `docs/configuration.md`.

mod check;
mod environment;
mod listen;
mod load;
mod problem;
mod reload;
mod secret;
mod sections;
#[cfg(test)]
mod tests;

pub use environment::Environment;
pub use listen::{Listen, NotAListenAddress};
pub use load::{DEFAULT_FILE, Flags, Sources};
pub use problem::{ConfigError, Problem};
pub use reload::Reloaded;
pub use secret::Redacted;
pub use sections::{
    Dialects, Http, IceConfig, IceServerConfig, IdleCounts, Level, Limits, LogConfig, LogFormat,
    NotAWord, PathDialect, PathPayload, RegisterDialect, RoomList, Rooms, Runtime, Timeouts,
};

use serde::{Deserialize, Serialize};

/// The port of the default listeners (where published clients of the wire `register` connect).
pub const DEFAULT_PORT: u16 = 8765;

/// The whole configuration of a node.
///
/// The defaults are a server for everybody on port 8765; `switchboard.example.toml` shows them all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to accept connections, each `ADDR:PORT` or `unix:/path`; default all addresses, IPv4 and IPv6, at port
    /// 8765; needs a restart.
    pub listen: Vec<Listen>,
    /// What HTTP clients and browsers may do.
    pub http: Http,
    /// Bounds on what clients can make the server hold.
    pub limits: Limits,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// The life of rooms.
    pub rooms: Rooms,
    /// The STUN and TURN servers handed to clients.
    pub ice: IceConfig,
    /// What is logged, how and where.
    pub log: LogConfig,
    /// The process itself.
    pub runtime: Runtime,
    /// Settings of single wires.
    pub dialects: Dialects,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: Listen::everywhere(DEFAULT_PORT),
            http: Http::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            rooms: Rooms::default(),
            ice: IceConfig::default(),
            log: LogConfig::default(),
            runtime: Runtime::default(),
            dialects: Dialects::default(),
        }
    }
}

impl Config {
    /// Whether the listeners are the default pair (all of IPv4 and all of IPv6 at one port).
    ///
    /// A host without IPv6 is then no reason to refuse to start; a listener that somebody asked for is.
    #[must_use]
    pub fn listens_everywhere(&self) -> bool {
        match self.listen.first() {
            Some(Listen::Tcp(first)) => self.listen == Listen::everywhere(first.port()),
            _ => false,
        }
    }

    /// The configuration as TOML that reads back to the same configuration; secrets are printed as `***`.
    ///
    /// # Errors
    /// Only for values TOML cannot hold, such as a path that is not Unicode.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}
