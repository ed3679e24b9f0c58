//! All rooms of a hub.

use std::ops::{Index, IndexMut};

use ahash::RandomState;
use hashbrown::HashTable;
use slab::Slab;

use crate::room::Room;
use crate::{ConnId, RoomId};

/// A room's place. It is the room's until it ends, unless [`Rooms::shrink`] tells that it has another.
pub(crate) type RoomKey = u32;

/// So few places are not worth making fewer.
const SMALL: usize = 16;

/// Rooms by key and by name.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: Slab<Room>,
    /// The keys, by the rooms' names.
    names: HashTable<RoomKey>,
    hasher: RandomState,
}

impl Rooms {
    pub(crate) fn find(&self, id: &RoomId) -> Option<RoomKey> {
        let hash = self.hasher.hash_one(id);
        let is_it = |key: &RoomKey| self[*key].id == *id;
        self.names.find(hash, is_it).copied()
    }

    pub(crate) fn by_name(&self, id: &RoomId) -> Option<&Room> {
        self.find(id).map(|key| &self[key])
    }

    pub(crate) fn get_mut(&mut self, key: RoomKey) -> Option<&mut Room> {
        self.rooms.get_mut(key as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.rooms.iter().map(|(_, room)| room)
    }

    /// Takes in a room whose name no other has.
    pub(crate) fn insert(&mut self, room: Room) -> RoomKey {
        let places = self.rooms.capacity();
        if self.rooms.len() == places {
            // By little, because a place that is not needed is as large as a room.
            self.rooms.reserve_exact((places / 8).max(4));
        }
        let hash = self.hasher.hash_one(&room.id);
        let key = key_at(self.rooms.insert(room));
        let (rooms, hasher) = (&self.rooms, &self.hasher);
        self.names
            .insert_unique(hash, key, |key| hasher.hash_one(&rooms[*key as usize].id));
        key
    }

    pub(crate) fn remove(&mut self, key: RoomKey) -> Room {
        let room = self.rooms.remove(key as usize);
        let hash = self.hasher.hash_one(&room.id);
        if let Ok(entry) = self.names.find_entry(hash, |other| *other == key) {
            entry.remove();
        }
        room
    }

    /// Gives back what is not needed, if it is much. Says of every connection in a room that moves for it from which
    /// place it moves to which.
    pub(crate) fn shrink(&mut self, mut moved: impl FnMut(ConnId, RoomKey, RoomKey)) {
        let places = self.rooms.capacity();
        if places <= SMALL || self.rooms.len() * 4 > places {
            return;
        }
        let (names, hasher) = (&mut self.names, &self.hasher);
        self.rooms.compact(|room, from, to| {
            let (from, to) = (key_at(from), key_at(to));
            let hash = hasher.hash_one(&room.id);
            if let Some(key) = names.find_mut(hash, |key| *key == from) {
                *key = to;
            }
            let lines = room.peers().flat_map(|peer| peer.lines());
            lines.for_each(|conn| moved(conn, from, to));
            true
        });
        let rooms = &self.rooms;
        names.shrink_to(rooms.len(), |key| hasher.hash_one(&rooms[*key as usize].id));
    }
}

impl Index<RoomKey> for Rooms {
    type Output = Room;

    fn index(&self, key: RoomKey) -> &Room {
        &self.rooms[key as usize]
    }
}

impl IndexMut<RoomKey> for Rooms {
    fn index_mut(&mut self, key: RoomKey) -> &mut Room {
        &mut self.rooms[key as usize]
    }
}

/// # Panics
/// If there are more rooms than memory can hold.
fn key_at(place: usize) -> RoomKey {
    RoomKey::try_from(place).expect("there are no four thousand million rooms")
}
