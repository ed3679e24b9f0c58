//! Names of things: connections, peers, rooms.

use std::fmt;

use crate::text::Text;

/// One live transport. Given out by the node, never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(u64);

impl ConnId {
    /// Names a connection by its serial number.
    #[must_use]
    pub const fn new(serial: u64) -> Self {
        Self(serial)
    }

    /// The serial number.
    #[must_use]
    pub const fn serial(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name under which somebody is present in a room. Unique in that room, not beyond it.
///
/// Any text can be made a `PeerId`; whether it is an acceptable one is decided by the hub when a peer joins
/// (see [`Limits::id_length`](crate::Limits)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(Text);

impl PeerId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name's bytes, which cost less than its text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<&str> for PeerId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for PeerId {
    fn from(name: String) -> Self {
        Self(name.as_str().into())
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// The name of a room, or the lobby.
///
/// The lobby is where clients of an id router are who are in no named room: a room without presence events, which
/// no name can collide with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(Option<Text>);

impl RoomId {
    /// The room of those who are in no named room.
    pub const LOBBY: Self = Self(None);

    /// Whether this is the lobby.
    #[must_use]
    pub const fn is_lobby(&self) -> bool {
        self.0.is_none()
    }

    /// The room's name; `None` for the lobby.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.as_ref().map(Text::as_str)
    }

    /// The name's bytes, which cost less than its text; `None` for the lobby.
    #[must_use]
    pub fn name_bytes(&self) -> Option<&[u8]> {
        self.0.as_ref().map(Text::as_bytes)
    }
}

impl From<&str> for RoomId {
    fn from(name: &str) -> Self {
        Self(Some(name.into()))
    }
}

impl From<String> for RoomId {
    fn from(name: String) -> Self {
        Self(Some(name.as_str().into()))
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().unwrap_or("(lobby)").fmt(f)
    }
}
