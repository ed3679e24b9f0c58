//! What REST tells of rooms and users, in the published shapes.

use serde::Serialize;
use switchboard_core::{PeerId, RoomId};
use utoipa::ToSchema;

use super::name::Name;
use super::rfc3339;
use crate::census::{PeerSeen, RoomSeen};
use crate::node::Node;

/// A room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Room {
    /// Its name.
    #[schema(value_type = Name)]
    room_id: String,
    /// The id of the user who opened it, who may have left since.
    #[schema(value_type = Name)]
    owner: String,
    /// When that was.
    #[schema(format = DateTime)]
    created_at: String,
    /// When somebody in it last gave a sign of life.
    #[schema(format = DateTime)]
    last_activity: String,
    /// Whether one needs a password to get in.
    has_password: bool,
    /// How many users are in it.
    user_count: usize,
}

impl Room {
    pub(super) fn of(room: &RoomSeen, node: &Node) -> Self {
        Self {
            room_id: room.id.to_string(),
            owner: room.opener.to_string(),
            created_at: rfc3339(node, room.opened),
            last_activity: rfc3339(node, room.last_activity),
            has_password: false,
            user_count: room.peers,
        }
    }
}

/// A user in a room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    /// The user's id.
    #[schema(value_type = Name)]
    user_id: String,
    /// When the user joined the room.
    #[schema(format = DateTime)]
    joined_at: String,
    role: Role,
    /// The wire of the connection over which the user receives; null while there is none and the user may still come
    /// back.
    #[schema(required, example = "join-room")]
    dialect: Option<&'static str>,
}

impl Member {
    pub(super) fn of(peer: &PeerSeen, node: &Node) -> Self {
        Self {
            user_id: peer.id.to_string(),
            joined_at: rfc3339(node, peer.joined),
            role: peer.role.into(),
            dialect: peer.dialect,
        }
    }
}

/// What a user is in a room for, as said when joining. It grants nothing.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    Sender,
    Receiver,
}

impl From<switchboard_core::Role> for Role {
    fn from(role: switchboard_core::Role) -> Self {
        match role {
            switchboard_core::Role::Sender => Self::Sender,
            switchboard_core::Role::Receiver => Self::Receiver,
        }
    }
}

/// A user, and where it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// The user's id.
    #[schema(value_type = Name)]
    user_id: String,
    /// The room joined last.
    #[schema(value_type = Name)]
    room_id: String,
    /// When that was.
    #[schema(format = DateTime)]
    joined_at: String,
    /// All rooms, the one joined last first.
    #[schema(min_items = 1)]
    rooms: Vec<Place>,
}

/// A room in which a user is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    /// The room.
    #[schema(value_type = Name)]
    room_id: String,
    /// When the user joined it.
    #[schema(format = DateTime)]
    joined_at: String,
    role: Role,
    /// The wire of the connection over which the user receives; null while there is none and the user may still come
    /// back.
    #[schema(required, example = "join-room")]
    dialect: Option<&'static str>,
}

impl User {
    /// `None` for one who is nowhere.
    pub(super) fn of(peer: &PeerId, places: &[(RoomId, PeerSeen)], node: &Node) -> Option<Self> {
        let (newest, seen) = places.first()?;
        Some(Self {
            user_id: peer.to_string(),
            room_id: newest.to_string(),
            joined_at: rfc3339(node, seen.joined),
            rooms: places
                .iter()
                .map(|(room, seen)| Place {
                    room_id: room.to_string(),
                    joined_at: rfc3339(node, seen.joined),
                    role: seen.role.into(),
                    dialect: seen.dialect,
                })
                .collect(),
        })
    }
}
