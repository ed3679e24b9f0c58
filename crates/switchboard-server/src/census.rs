//! Looking around: which rooms there are and who is in them, for those who report on it.
//!
//! One shard is locked at a time, and nothing is written or formatted meanwhile. So a report is exact of each room, and
//! of all of them together only nearly: somebody who moves while it is made may be seen twice or not at all.

use std::time::Instant;

use switchboard_core::{PeerId, Presence, Role, RoomId};
use switchboard_dialects::dialect;

use crate::node::{Node, Shard};
use crate::pulse::TICK;

/// A room as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomSeen {
    pub(crate) id: RoomId,
    /// Who opened it.
    pub(crate) opener: PeerId,
    pub(crate) opened: Instant,
    /// When somebody in it last did something.
    pub(crate) last_activity: Instant,
    pub(crate) peers: usize,
}

/// Some of the rooms, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomsSeen {
    pub(crate) rooms: Vec<RoomSeen>,
    /// The name after which the next ones come, if there are more.
    pub(crate) more_after: Option<RoomId>,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerSeen {
    pub(crate) id: PeerId,
    pub(crate) role: Role,
    pub(crate) joined: Instant,
    /// What its active connection speaks; `None` while it has none and may still come back.
    pub(crate) dialect: Option<&'static str>,
}

/// How many there are of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Named rooms.
    pub(crate) rooms: usize,
    /// Those of them with somebody in them who is connected.
    pub(crate) active_rooms: usize,
    /// Peers in named rooms; who is in several counts in each.
    pub(crate) peers: usize,
    /// Peers in the lobby.
    pub(crate) lobby_peers: usize,
}

impl Node {
    /// The first named rooms in the order of their names, at most `limit`, or the first behind `after`.
    pub(crate) fn rooms_seen(&self, after: Option<&RoomId>, limit: usize) -> RoomsSeen {
        let mut names: Vec<RoomId> = Vec::new();
        for shard in self.shards() {
            let shard = shard.lock();
            let mut here: Vec<&RoomId> = shard
                .hub
                .rooms()
                .map(|room| room.id())
                .filter(|id| after.is_none_or(|after| *id > after))
                .collect();
            // One more than asked for, to know whether there are more.
            if here.len() > limit {
                here.select_nth_unstable(limit);
                here.truncate(limit + 1);
            }
            names.extend(here.into_iter().cloned());
        }
        names.sort_unstable();
        let is_all = names.len() <= limit;
        names.truncate(limit);
        let more_after = names.last().filter(|_| !is_all).cloned();
        // Rooms may have ended in between.
        let rooms = names.iter().filter_map(|id| self.room_seen(id)).collect();
        RoomsSeen { rooms, more_after }
    }

    fn room_seen(&self, id: &RoomId) -> Option<RoomSeen> {
        let shard = self.shard(id).lock();
        let room = shard.hub.room(id)?;
        let presences = room.presences();
        let joined = presences.iter().map(|presence| presence.joined);
        let connections = room.connections();
        let signs = connections
            .filter_map(|conn| shard.links.get(&conn))
            .map(|connection| self.started() + TICK * self.last_sign(connection));
        let last_activity = joined.chain(signs).max().unwrap_or(room.opened());
        Some(RoomSeen {
            id: id.clone(),
            opener: room.opener().clone(),
            opened: room.opened(),
            last_activity,
            peers: presences.len(),
        })
    }

    /// Everybody in a named room, in the order of joining; `None` if there is no such room.
    pub(crate) fn peers_seen(&self, room: &RoomId) -> Option<Vec<PeerSeen>> {
        let shard = self.shard(room).lock();
        let presences = shard.hub.room(room)?.presences();
        let seen = presences.into_iter().map(|presence| see(&shard, presence));
        Some(seen.collect())
    }

    /// The named rooms in which somebody of that id is, the newest place first.
    pub(crate) fn places_seen(&self, peer: &PeerId) -> Vec<(RoomId, PeerSeen)> {
        let mut places = Vec::new();
        for shard in self.shards() {
            let shard = shard.lock();
            for room in shard.hub.rooms() {
                if let Some(presence) = room.presence(peer) {
                    places.push((room.id().clone(), see(&shard, presence)));
                }
            }
        }
        places.sort_by(|(room, peer), (other_room, other_peer)| {
            let by_time = other_peer.joined.cmp(&peer.joined);
            by_time.then_with(|| room.cmp(other_room))
        });
        places
    }

    /// Counts everything.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for shard in self.shards() {
            let shard = shard.lock();
            for room in shard.hub.rooms() {
                totals.rooms += 1;
                totals.active_rooms += usize::from(room.is_connected());
                totals.peers += room.peers();
            }
            let lobby = shard.hub.room(&RoomId::LOBBY);
            totals.lobby_peers += lobby.map_or(0, |lobby| lobby.peers());
        }
        totals
    }
}

fn see(shard: &Shard, presence: Presence) -> PeerSeen {
    let connection = presence.active.and_then(|conn| shard.links.get(&conn));
    let wire = connection.and_then(|connection| connection.wire());
    PeerSeen {
        id: presence.peer,
        role: presence.role,
        joined: presence.joined,
        dialect: wire.map(|wire| dialect(wire).name()),
    }
}
