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
    #[inline]
    pub(crate) fn check_room(&self, message: &Message<'_>, key: Key) -> Result<(), DecodeError> {
        if self.is_in(message, key) || !message.has(key) {
            return Ok(());
        }
        if names(message, key, self.room.name())? {
            Ok(())
        } else {
            Err(DecodeError::RoomMismatch { field: key.text() })
        }
    }

    /// Whether a message names this room, spelled as it is: nearly every message does.
    #[inline]
    pub(crate) fn is_in(&self, message: &Message<'_>, key: Key) -> bool {
        self.room
            .name_bytes()
            .is_some_and(|room| message.spells(key, room))
    }

    /// Refuses a message that claims to be from somebody else.
    #[inline]
    pub(crate) fn check_sender(&self, message: &Message<'_>, key: Key) -> Result<(), DecodeError> {
        if message.spells(key, self.peer.as_bytes()) || !message.has(key) {
            return Ok(());
        }
        if names(message, key, Some(self.peer.as_str()))? {
            Ok(())
        } else {
            Err(DecodeError::SenderMismatch { field: key.text() })
        }
    }
}

/// Whether a field is this id, in whatever spelling; `null` is as good as nothing, and says nothing else.
#[cold]
fn names(message: &Message<'_>, key: Key, id: Option<&str>) -> Result<bool, DecodeError> {
    if message.is_null(key) {
        return Ok(true);
    }
    let named = message.id(key)?;
    Ok(named.is_none_or(|named| id == Some(named.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: &str) -> Place {
        Place {
            room: id.into(),
            peer: id.into(),
        }
    }

    /// Whether a message that names its room and its sender so is taken from somebody who is so called.
    fn is_taken(id: &str, raw: &str) -> bool {
        let text = format!(r#"{{"roomId":{raw},"sender":{raw}}}"#);
        let message = Message::scan(&text).expect("a message");
        let room = place(id).check_room(&message, Key::RoomId).is_ok();
        let sender = place(id).check_sender(&message, Key::Sender).is_ok();
        assert_eq!(room, sender, "{id} {raw}");
        room
    }

    #[test]
    fn an_id_is_known_in_every_spelling() {
        assert!(is_taken("ann", r#""ann""#));
        assert!(is_taken("ann", r#""\u0061nn""#));
        assert!(is_taken("42", "42"));
        assert!(is_taken("ann", "null"));
        assert!(is_taken(r"a\nb", r#""a\\nb""#));
        assert!(is_taken("a\nb", r#""a\nb""#));
    }

    #[test]
    fn another_id_is_refused_though_it_has_the_same_letters() {
        assert!(!is_taken(r"a\nb", r#""a\nb""#));
        assert!(!is_taken("ann", r#""anna""#));
        assert!(!is_taken("ann", r#""an""#));
        assert!(!is_taken("ann", "true"));
        assert!(!is_taken("ann", r#""""#));
    }
}
