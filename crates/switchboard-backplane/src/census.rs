//! Who is where on all nodes together, for those who report on it.

use switchboard_core::{PeerId, RoomId};

use crate::entry::roster;
use crate::heard::RosterEntry;
use crate::scripts::SCRIPTS;
use crate::store::Store;
use crate::{Error, Member};

/// A named room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// Its name.
    pub room: RoomId,
    /// Who opened it.
    pub opener: PeerId,
    /// When that was, in milliseconds since the Unix epoch.
    pub opened_ms: u64,
    /// When somebody in it last did something, as far as Redis was told, likewise.
    pub active_ms: u64,
    /// How many peers are in it.
    pub peers: usize,
}

/// Some of the named rooms, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<RoomSummary>,
    /// Whether there are more behind them.
    pub is_more: bool,
}

/// How many there are of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Named rooms.
    pub rooms: usize,
    /// Peers in named rooms; who is in several counts in each.
    pub peers: usize,
    /// Peers in the lobby.
    pub lobby_peers: usize,
    /// Instances.
    pub nodes: usize,
}

impl Store {
    pub(crate) async fn rooms(
        &self,
        after: Option<&RoomId>,
        limit: usize,
    ) -> Result<RoomPage, Error> {
        let after = after.and_then(RoomId::name).unwrap_or_default();
        let limit_text = limit.to_string();
        let found: Vec<(String, String, u64, u64, usize)> =
            self.ask(&SCRIPTS.rooms, &[after, &limit_text]).await?;
        let is_more = found.len() > limit;
        let rooms =
            found
                .into_iter()
                .take(limit)
                .map(|(room, opener, opened_ms, active_ms, peers)| RoomSummary {
                    room: room.into(),
                    opener: opener.into(),
                    opened_ms,
                    active_ms,
                    peers,
                });
        Ok(RoomPage {
            rooms: rooms.collect(),
            is_more,
        })
    }

    pub(crate) async fn members(&self, room: &RoomId) -> Result<Option<Vec<RosterEntry>>, Error> {
        let Some(name) = room.name() else {
            return Ok(None);
        };
        let text: Option<String> = self.ask(&SCRIPTS.roster, &[name]).await?;
        let members = text.map(|text| roster(&text)).transpose();
        members.map_err(|_| Error::Answer("roster"))
    }

    pub(crate) async fn places(&self, peer: &PeerId) -> Result<Vec<(RoomId, Member)>, Error> {
        let found: Vec<(String, String)> = self.ask(&SCRIPTS.places, &[peer.as_str()]).await?;
        let places = found
            .into_iter()
            .map(|(room, member)| Some((room.into(), Member::from_text(&member)?)));
        let mut places: Vec<(RoomId, Member)> = places
            .collect::<Option<_>>()
            .ok_or(Error::Answer("places"))?;
        places.sort_by(|(room, member), (other_room, other)| {
            other
                .joined_ms
                .cmp(&member.joined_ms)
                .then_with(|| room.cmp(other_room))
        });
        Ok(places)
    }

    pub(crate) async fn totals(&self) -> Result<Totals, Error> {
        let (rooms, peers, lobby_peers, nodes) = self.ask(&SCRIPTS.totals, &[]).await?;
        Ok(Totals {
            rooms,
            peers,
            lobby_peers,
            nodes,
        })
    }
}
