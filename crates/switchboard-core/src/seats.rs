//! Where each connection is.

use std::collections::HashMap;
use std::slice;

use ahash::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::ConnId;
use crate::room::PeerKey;
use crate::rooms::RoomKey;

/// A connection's place: keys of a room and of a peer in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) room: RoomKey,
    pub(crate) peer: PeerKey,
}

/// So few entries are not worth making fewer.
const SMALL: usize = 32;

/// The seats of all connections. A connection has an entry as long as it has a seat.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    /// Each connection's seat, or [`SEVERAL`].
    first: HashTable<(ConnId, Seat)>,
    /// The seats of those who have more than one, oldest first.
    several: HashMap<ConnId, Vec<Seat>, RandomState>,
}

/// No room has that key.
const SEVERAL: Seat = Seat {
    room: RoomKey::MAX,
    peer: 0,
};

impl Seats {
    /// All seats of a connection, oldest first.
    #[inline]
    pub(crate) fn of(&self, conn: ConnId) -> &[Seat] {
        match self.first.find(hash(conn), |(other, _)| *other == conn) {
            None => &[],
            Some((_, SEVERAL)) => self.several.get(&conn).map_or(&[], Vec::as_slice),
            Some((_, seat)) => slice::from_ref(seat),
        }
    }

    pub(crate) fn is_seated(&self, conn: ConnId) -> bool {
        self.first
            .find(hash(conn), |(other, _)| *other == conn)
            .is_some()
    }

    pub(crate) fn add(&mut self, conn: ConnId, seat: Seat) {
        match entry(&mut self.first, conn) {
            Entry::Vacant(entry) => {
                entry.insert((conn, seat));
            }
            Entry::Occupied(mut entry) => {
                let first = std::mem::replace(&mut entry.get_mut().1, SEVERAL);
                let several = self.several.entry(conn).or_default();
                if first != SEVERAL {
                    several.push(first);
                }
                several.push(seat);
            }
        }
    }

    /// Takes away a connection's seat in a room.
    pub(crate) fn remove(&mut self, conn: ConnId, room: RoomKey) {
        let Entry::Occupied(mut entry) = entry(&mut self.first, conn) else {
            return;
        };
        let seat = entry.get_mut();
        if seat.1 != SEVERAL {
            if seat.1.room == room {
                entry.remove();
            }
            return;
        }
        if let Some(several) = self.several.get_mut(&conn) {
            several.retain(|seat| seat.room != room);
            if let [last] = several[..] {
                seat.1 = last;
                self.several.remove(&conn);
            }
        }
    }

    /// A connection's peer has another key in its room now.
    pub(crate) fn peer_moved(&mut self, conn: ConnId, room: RoomKey, to: PeerKey) {
        if let Some(seat) = self.seat_mut(conn, room) {
            seat.peer = to;
        }
    }

    /// A room that a connection is in has another key now.
    pub(crate) fn room_moved(&mut self, conn: ConnId, from: RoomKey, to: RoomKey) {
        if let Some(seat) = self.seat_mut(conn, from) {
            seat.room = to;
        }
    }

    fn seat_mut(&mut self, conn: ConnId, room: RoomKey) -> Option<&mut Seat> {
        let seats = match self
            .first
            .find_mut(hash(conn), |(other, _)| *other == conn)?
        {
            (_, SEVERAL) => self.several.get_mut(&conn)?,
            (_, seat) => slice::from_mut(seat),
        };
        seats.iter_mut().find(|seat| seat.room == room)
    }

    /// Gives back what is not needed, if it is much.
    pub(crate) fn shrink(&mut self) {
        let seated = self.first.len();
        if self.first.capacity() > SMALL && self.first.capacity() > seated * 4 {
            self.first.shrink_to(seated, |(conn, _)| hash(*conn));
        }
        let capacity = self.several.capacity();
        if capacity > SMALL && capacity > self.several.len() * 4 {
            self.several.shrink_to_fit();
        }
    }
}

/// Connections are numbered by the node, so nobody can choose numbers that collide; it is enough to spread them over all
/// bits.
fn hash(conn: ConnId) -> u64 {
    let spread = conn.serial().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    spread ^ (spread >> 32)
}

fn entry(first: &mut HashTable<(ConnId, Seat)>, conn: ConnId) -> Entry<'_, (ConnId, Seat)> {
    first.entry(
        hash(conn),
        |(other, _)| *other == conn,
        |(other, _)| hash(*other),
    )
}
