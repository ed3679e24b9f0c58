//! A room and the peers in it.

use std::time::Instant;

use ahash::RandomState;
use hashbrown::HashTable;

use crate::peer::Peer;
use crate::{ConnId, Member, PeerId, Recipients, RoomId};

/// From so many peers on, they are looked up by a table of their names; among fewer, looking at each is faster.
const MANY: usize = 9;
/// With so few peers there is no table any more.
const FEW: usize = 4;
/// A room with so few places is not worth making smaller.
const SMALL: usize = 8;

/// A peer's place in its room. It is the peer's until it leaves, unless the room tells that it has another.
pub(crate) type PeerKey = u32;

/// Who is present under one name (the lobby included).
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    /// When its first peer came.
    pub(crate) opened: Instant,
    /// Who that was.
    pub(crate) opener: PeerId,
    /// The peers in the order of joining, with gaps where somebody has left; the last place is none.
    places: Vec<Option<Peer>>,
    /// How many places are no gaps.
    count: usize,
    /// Peers by name, once they are many.
    names: Option<Box<Names>>,
}

/// Where the peers of a crowded room are, by their names.
#[derive(Debug)]
struct Names {
    keys: HashTable<PeerKey>,
    hasher: RandomState,
}

impl Room {
    pub(crate) const fn new(id: RoomId, opener: PeerId, opened: Instant) -> Self {
        Self {
            id,
            opened,
            opener,
            places: Vec::new(),
            count: 0,
            names: None,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn key_of(&self, id: &PeerId) -> Option<PeerKey> {
        match &self.names {
            Some(names) => names.find(id, &self.places),
            None => self
                .keyed()
                .find(|(_, peer)| peer.id == *id)
                .map(|(key, _)| key),
        }
    }

    /// # Panics
    /// If nobody has that place.
    pub(crate) fn peer(&self, key: PeerKey) -> &Peer {
        self.places[key as usize].as_ref().expect(PRESENT)
    }

    /// # Panics
    /// If nobody has that place.
    pub(crate) fn peer_mut(&mut self, key: PeerKey) -> &mut Peer {
        self.places[key as usize].as_mut().expect(PRESENT)
    }

    /// Makes a peer present, still without connections; the caller seats the first. Says of every connection whose peer
    /// has to move for it which key its peer has then.
    pub(crate) fn admit(
        &mut self,
        id: PeerId,
        joined: Instant,
        moved: impl FnMut(ConnId, PeerKey),
    ) -> PeerKey {
        let places = self.places.len();
        if places == self.places.capacity() {
            if self.count < places && (places - self.count) * 4 >= places {
                self.close_gaps(moved);
            } else {
                // No more than needed: nearly all rooms are rooms of two.
                self.places.reserve_exact((places / 2).max(1));
            }
        }
        let key = key_at(self.places.len());
        self.places.push(Some(Peer::new(id, joined)));
        self.count += 1;
        match &mut self.names {
            Some(names) => names.insert(key, &self.places),
            None if self.count >= MANY => self.names = Some(Box::new(Names::of(&self.places))),
            None => {}
        }
        key
    }

    /// # Panics
    /// If nobody has that place.
    pub(crate) fn remove(&mut self, key: PeerKey) -> Peer {
        if let Some(names) = &mut self.names {
            names.remove(key, &self.places);
        }
        let peer = self.places[key as usize].take().expect(PRESENT);
        while let Some(None) = self.places.last() {
            self.places.pop();
        }
        self.count -= 1;
        if self.count <= FEW {
            self.names = None;
        }
        peer
    }

    /// Whether the room takes much more memory than its peers need.
    pub(crate) fn is_sparse(&self) -> bool {
        let (places, capacity) = (self.places.len(), self.places.capacity());
        (places > SMALL && places > self.count * 2)
            || (capacity > SMALL && capacity > self.count * 4)
    }

    /// Gives back what a sparse room does not need. Says what moves, as [`Room::admit`] does.
    pub(crate) fn shrink(&mut self, moved: impl FnMut(ConnId, PeerKey)) {
        self.close_gaps(moved);
        if self.places.capacity() > self.count * 4 {
            self.places.shrink_to_fit();
        }
    }

    fn close_gaps(&mut self, mut moved: impl FnMut(ConnId, PeerKey)) {
        let mut next = 0;
        for place in 0..self.places.len() {
            let Some(peer) = &self.places[place] else {
                continue;
            };
            if place != next {
                let key = key_at(next);
                peer.lines().for_each(|conn| moved(conn, key));
                self.places.swap(place, next);
            }
            next += 1;
        }
        self.places.truncate(next);
        if let Some(names) = &mut self.names {
            **names = Names::of(&self.places);
        }
    }

    /// The receiving connections of all peers but one, who may have left already.
    pub(crate) fn others(&self, but: PeerKey) -> Recipients {
        let (before, rest) = self.places.split_at((but as usize).min(self.places.len()));
        let (present, after) = match rest {
            [but, after @ ..] => (usize::from(but.is_some()), after),
            [] => (0, rest),
        };
        let others = self.count - present;
        if others <= 1 {
            let mut places = before.iter().chain(after).flatten();
            let other = places.next().and_then(Peer::active);
            return other.map_or_else(Recipients::none, Recipients::one);
        }
        let mut to = vec![ConnId::new(0); others];
        let mut slots = to.iter_mut();
        for places in [before, after] {
            for peer in places.iter().flatten() {
                if let Some(conn) = peer.active()
                    && let Some(slot) = slots.next()
                {
                    *slot = conn;
                }
            }
        }
        let absent = slots.len();
        to.truncate(others - absent);
        to.into()
    }

    /// Whether any peer has a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.peers().any(|peer| peer.active().is_some())
    }

    /// Everybody present, in the order of joining.
    pub(crate) fn roster(&self) -> Vec<Member> {
        let mut roster = Vec::with_capacity(self.count);
        roster.extend(self.peers().map(|peer| Member {
            peer: peer.id.clone(),
            role: peer.role,
        }));
        roster
    }

    /// The peers in the order of joining.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.places.iter().flatten()
    }

    /// The peers in the order of joining, with their keys.
    pub(crate) fn keyed(&self) -> impl Iterator<Item = (PeerKey, &Peer)> {
        (0..)
            .zip(&self.places)
            .filter_map(|(key, place)| Some((key, place.as_ref()?)))
    }
}

impl Names {
    fn of(places: &[Option<Peer>]) -> Self {
        let mut names = Self {
            keys: HashTable::with_capacity(places.len()),
            hasher: RandomState::new(),
        };
        for (place, peer) in places.iter().enumerate() {
            if peer.is_some() {
                names.insert(key_at(place), places);
            }
        }
        names
    }

    fn find(&self, id: &PeerId, places: &[Option<Peer>]) -> Option<PeerKey> {
        let hash = self.hasher.hash_one(id);
        let is_it = |key: &PeerKey| name_at(places, *key) == Some(id);
        self.keys.find(hash, is_it).copied()
    }

    fn insert(&mut self, key: PeerKey, places: &[Option<Peer>]) {
        let hash = |key: &PeerKey| self.hasher.hash_one(name_at(places, *key).expect(PRESENT));
        self.keys.insert_unique(hash(&key), key, hash);
    }

    fn remove(&mut self, key: PeerKey, places: &[Option<Peer>]) {
        let hash = name_at(places, key).map(|id| self.hasher.hash_one(id));
        let entry = hash.and_then(|hash| self.keys.find_entry(hash, |other| *other == key).ok());
        if let Some(entry) = entry {
            entry.remove();
        }
    }
}

/// Why a place cannot be a gap.
const PRESENT: &str = "keys are those of peers who are present";

fn name_at(places: &[Option<Peer>], key: PeerKey) -> Option<&PeerId> {
    places[key as usize].as_ref().map(|peer| &peer.id)
}

/// # Panics
/// If there are more peers than memory can hold.
fn key_at(place: usize) -> PeerKey {
    PeerKey::try_from(place).expect("there are no four thousand million peers")
}
