//! Where a connection is, on wires with one room per connection.

use switchboard_core::{Command, Join, PeerId, RoomId};

use crate::DecodeError;
use crate::json::{Key, Message};

/// The one room a connection is in, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) room: RoomId,
    pub(crate) peer: PeerId,
}

impl Place {
    /// Asks for a place; the one the connection has now goes, unless it is the same.
    pub(crate) fn enter(now: Option<&Self>, join: Join) -> Command {
        let leaving = now.filter(|place| place.room != join.room || place.peer != join.peer);
        Command::Join {
            leaving: leaving.map(|place| place.room.clone()),
            join,
        }
    }

    /// Refuses a message that names another room.
    pub(crate) fn check_room(&self, message: &Message<'_>, key: Key) -> Result<(), DecodeError> {
        match present(message, key)? {
            Some(room) if self.room.name() != Some(room.as_ref()) => {
                Err(DecodeError::RoomMismatch { field: key.text() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a message that claims to be from somebody else.
    pub(crate) fn check_sender(&self, message: &Message<'_>, key: Key) -> Result<(), DecodeError> {
        match present(message, key)? {
            Some(sender) if sender != self.peer.as_str() => {
                Err(DecodeError::SenderMismatch { field: key.text() })
            }
            _ => Ok(()),
        }
    }
}

/// An id where there is one; `null` counts as absent.
fn present<'a>(
    message: &Message<'a>,
    key: Key,
) -> Result<Option<std::borrow::Cow<'a, str>>, DecodeError> {
    if message.is_null(key) {
        Ok(None)
    } else {
        Ok(message.id(key)?)
    }
}
