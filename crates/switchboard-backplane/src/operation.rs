//! What commits are made of.

use switchboard_core::{PeerId, RoomId};

use crate::envelope::Batch;
use crate::handle::{JoinRequest, LeaveRequest};
use crate::member::role_text;
use crate::{Error, Keys, NodeId, Token};

/// How somebody came to be no longer in a room, or a room to be closed, as others are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Departed {
    /// It said so.
    Left,
    /// Its transport ended without a word.
    Dropped,
    /// The room was closed.
    Closed,
    /// Its node is gone.
    Lost,
}

impl Departed {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Dropped => "dropped",
            Self::Closed => "closed",
            Self::Lost => "lost",
        }
    }

    /// Words of later versions count as [`Departed::Dropped`].
    pub(crate) fn from_text(text: &str) -> Self {
        let known = [Self::Left, Self::Closed, Self::Lost];
        let meant = known.into_iter().find(|departed| departed.text() == text);
        meant.unwrap_or(Self::Dropped)
    }
}

/// One step of a commit. The scripts know it by its letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Hand envelopes to a node.
    Append { to: NodeId, batch: Batch },
    /// Hand an envelope to the node of whoever has that id in the lobby.
    Route { peer: PeerId, batch: Batch },
    /// Take a place; with `roster`, everybody in the room is told of with the outcome.
    Join {
        token: Token,
        request: JoinRequest,
        roster: bool,
    },
    /// Give a place up.
    Leave(LeaveRequest),
    /// Somebody whom this node waited for did not come back.
    Depart { room: RoomId, peer: PeerId },
    /// Have the roster told.
    Sync { room: RoomId },
    /// Keep a room from expiring; `active` if somebody did something there.
    Touch { room: RoomId, active: bool },
    /// Close a room if nobody anywhere has done anything in it for so long.
    CloseIdle { room: RoomId, idle_ms: u64 },
    /// Forget what was read of the own inbox: entries below an id, so many bytes.
    Trim { below: String, bytes: u64 },
}

impl Operation {
    /// How much it holds, in bytes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Append { batch, .. } | Self::Route { batch, .. } => batch.len() + 64,
            _ => 256,
        }
    }

    /// Whether it is one of those that are made quickly.
    pub(crate) const fn is_saying(&self) -> bool {
        matches!(self, Self::Append { .. } | Self::Trim { .. })
    }

    /// Its envelopes, if it delivers some.
    pub(crate) const fn batch(&self) -> Option<&Batch> {
        match self {
            Self::Append { batch, .. } | Self::Route { batch, .. } => Some(batch),
            _ => None,
        }
    }

    /// Appends its letter and arguments.
    ///
    /// # Errors
    /// If envelopes cannot be sealed.
    pub(crate) fn write(
        &self,
        source: NodeId,
        keys: Option<&Keys>,
        args: &mut Vec<Vec<u8>>,
    ) -> Result<(), Error> {
        let mut say =
            |texts: &[&str]| args.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
        let flag = |set: bool| if set { "1" } else { "0" };
        match self {
            Self::Append { to, batch } => {
                say(&["A", &to.to_string()]);
                args.push(batch.packed(source, keys)?);
            }
            Self::Route { peer, batch } => {
                say(&["R", peer.as_str()]);
                args.push(batch.packed(source, keys)?);
            }
            Self::Join {
                token,
                request,
                roster,
            } => {
                let JoinRequest {
                    room,
                    peer,
                    conn,
                    role,
                    wire,
                    capacity,
                    lines,
                    leaving,
                } = request;
                let instead = leaving
                    .as_ref()
                    .map(|(room, peer)| (room_text(room), peer.as_str()));
                // No name is made of a control character, so that "no place" cannot be one.
                let (old_room, old_peer) = instead.unwrap_or((NO_PLACE, NO_PLACE));
                say(&[
                    "J",
                    room_text(room),
                    peer.as_str(),
                    &conn.to_string(),
                    role_text(*role),
                    wire.as_str(),
                ]);
                say(&[
                    &capacity.to_string(),
                    &lines.to_string(),
                    &token.0.to_string(),
                    old_room,
                    old_peer,
                    flag(*roster),
                ]);
            }
            Self::Leave(LeaveRequest {
                room,
                peer,
                conn,
                grace,
                why,
            }) => {
                say(&[
                    "L",
                    room_text(room),
                    peer.as_str(),
                    &conn.to_string(),
                    flag(*grace),
                    why.text(),
                ]);
            }
            Self::Depart { room, peer } => say(&["D", room_text(room), peer.as_str()]),
            Self::Sync { room } => say(&["S", room_text(room)]),
            Self::Touch { room, active } => say(&["T", room_text(room), flag(*active)]),
            Self::CloseIdle { room, idle_ms } => say(&["C", room_text(room), &idle_ms.to_string()]),
            Self::Trim { below, bytes } => say(&["Z", below, &bytes.to_string()]),
        }
        Ok(())
    }
}

const NO_PLACE: &str = "\n";

/// A room as the scripts know it: the lobby has no name.
pub(crate) fn room_text(room: &RoomId) -> &str {
    room.name().unwrap_or_default()
}

/// The room of which the scripts speak.
pub(crate) fn room_from_text(text: &str) -> RoomId {
    if text.is_empty() {
        RoomId::LOBBY
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_as_they_are_written_and_those_of_later_versions_are_a_drop() {
        for departed in [
            Departed::Left,
            Departed::Dropped,
            Departed::Closed,
            Departed::Lost,
        ] {
            assert_eq!(Departed::from_text(departed.text()), departed);
        }
        assert_eq!(Departed::from_text("abducted"), Departed::Dropped);
    }

    #[test]
    fn the_lobby_is_the_room_without_a_name() {
        assert_eq!(room_text(&RoomId::LOBBY), "");
        assert_eq!(room_from_text(""), RoomId::LOBBY);
        assert_eq!(room_from_text("studio"), "studio".into());
    }
}
