//! An address to accept connections on.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest path a unix socket address holds, in bytes (`sun_path` of Linux, less its closing zero).
const UNIX_PATH_BYTES: usize = 107;

/// One address to accept connections on, written `ADDR:PORT` or `unix:/path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// A TCP address; port 0 lets the system choose a free port.
    Tcp(SocketAddr),
    /// A unix socket at this absolute path.
    Unix(PathBuf),
}

impl Listen {
    /// All addresses, IPv4 and IPv6, at one port.
    #[must_use]
    pub fn everywhere(port: u16) -> Vec<Self> {
        vec![
            Self::Tcp((Ipv4Addr::UNSPECIFIED, port).into()),
            Self::Tcp((Ipv6Addr::UNSPECIFIED, port).into()),
        ]
    }

    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl FromStr for Listen {
    type Err = NotAListenAddress;

    fn from_str(text: &str) -> Result<Self, NotAListenAddress> {
        let Some(path) = text.strip_prefix("unix:") else {
            return text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| NotAListenAddress::Tcp(text.to_owned()));
        };
        if !path.starts_with('/') || path.contains('\0') {
            Err(NotAListenAddress::UnixPath(text.to_owned()))
        } else if path.len() > UNIX_PATH_BYTES {
            Err(NotAListenAddress::UnixPathLength(path.len()))
        } else {
            Ok(Self::Unix(path.into()))
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = NotAListenAddress;

    fn try_from(text: String) -> Result<Self, NotAListenAddress> {
        text.parse()
    }
}

/// Why a text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAListenAddress {
    /// Neither an IP address with a port nor `unix:`.
    #[error(
        "{0:?} is not an address with a port (such as 127.0.0.1:8765, [::]:8765 or unix:/run/switchboard.sock)"
    )]
    Tcp(String),
    /// `unix:` without an absolute path.
    #[error("{0:?} needs an absolute path (such as unix:/run/switchboard.sock)")]
    UnixPath(String),
    /// More bytes than a unix socket address holds.
    #[error("the path of a unix socket has at most {UNIX_PATH_BYTES} bytes, this one has {0}")]
    UnixPathLength(usize),
}
