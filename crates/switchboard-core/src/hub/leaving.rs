//! How a connection, a peer or a room comes to be no longer there.

use std::time::Instant;

use super::Hub;
use crate::room::PeerKey;
use crate::rooms::RoomKey;
use crate::seats::Seat;
use crate::{Closing, ConnId, Departure, Event, Fact, PeerId, Recipients, RoomId};

impl Hub {
    /// A polite leave: the leaver hears of it before the others do.
    pub(super) fn leave(&mut self, conn: ConnId, seat: Seat) {
        let room = &self.rooms[seat.room];
        let (room, peer) = (room.id.clone(), room.peer(seat.peer).id.clone());
        self.tell_one(conn, Event::Left { room, peer });
        // Grace is for those whose transport failed them, so the time of a polite leave does not matter.
        self.unseat_now(conn, seat, Departure::Left);
    }

    pub(super) fn unseat(&mut self, conn: ConnId, seat: Seat, why: Departure, now: Instant) {
        let room = &self.rooms[seat.room];
        let last = room.peer(seat.peer).connections() == 1;
        if !last || self.limits.grace.is_zero() || room.id.is_lobby() {
            return self.unseat_now(conn, seat, why);
        }
        let until = now + self.limits.grace;
        let (room, peer) = self.vacate(conn, seat, why);
        self.rooms[seat.room].peer_mut(seat.peer).wait_until(until);
        self.absent.insert((until, room, peer));
    }

    fn unseat_now(&mut self, conn: ConnId, seat: Seat, why: Departure) {
        self.vacate(conn, seat, why);
        if self.rooms[seat.room].peer(seat.peer).active().is_none() {
            self.depart(seat, why);
        }
    }

    /// Takes a connection off its seat; the peer stays, perhaps with no connection left.
    fn vacate(&mut self, conn: ConnId, seat: Seat, why: Departure) -> (RoomId, PeerId) {
        self.seats.remove(conn, seat.room);
        let room = &mut self.rooms[seat.room];
        let peer = room.peer_mut(seat.peer);
        peer.detach(conn);
        let peer = peer.id.clone();
        let room = room.id.clone();
        self.observe(Fact::Unseated {
            conn,
            room: room.clone(),
            peer: peer.clone(),
            why,
        });
        (room, peer)
    }

    /// A peer without connections goes, and with the last one the room.
    fn depart(&mut self, seat: Seat, why: Departure) {
        let room = &mut self.rooms[seat.room];
        let peer = room.remove(seat.peer);
        let id = room.id.clone();
        let others = if id.is_lobby() {
            Recipients::none()
        } else {
            room.others(seat.peer)
        };
        if room.is_sparse() {
            self.sparse.push(seat.room);
        }
        let empty = room.is_empty();
        self.observe(Fact::Departed {
            room: id.clone(),
            peer: peer.id.clone(),
            why,
        });
        self.tell(
            others,
            Event::PeerLeft {
                room: id.clone(),
                peer: peer.id,
                role: peer.role,
            },
        );
        if empty {
            self.forget(seat.room);
        }
    }

    pub(super) fn expire(&mut self, now: Instant) {
        while self.absent.first().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, room, peer)) = self.absent.pop_first() else {
                return;
            };
            let Some(room) = self.rooms.find(&room) else {
                continue;
            };
            if let Some(peer) = self.rooms[room].key_of(&peer) {
                self.depart(Seat { room, peer }, Departure::Dropped);
            }
        }
    }

    /// Everybody has to go, those without a connection and parked ones included.
    pub(super) fn close(&mut self, id: &RoomId, why: Closing) {
        if id.is_lobby() {
            return;
        }
        let Some(room) = self.rooms.find(id) else {
            return;
        };
        let keys: Vec<PeerKey> = self.rooms[room].keyed().map(|(key, _)| key).collect();
        for peer in keys {
            let seat = Seat { room, peer };
            let peer = self.rooms[room].peer(peer);
            let name = peer.id.clone();
            if let Some(at) = peer.leaves_at() {
                self.absent.remove(&(at, id.clone(), name.clone()));
            }
            let lines: Recipients = peer.lines().collect();
            let event = Event::RoomClosed {
                room: id.clone(),
                peer: name.clone(),
                why,
            };
            self.tell(lines.clone(), event);
            for conn in &lines {
                self.vacate(*conn, seat, Departure::Closed);
            }
            self.rooms[room].remove(seat.peer);
            self.observe(Fact::Departed {
                room: id.clone(),
                peer: name,
                why: Departure::Closed,
            });
        }
        self.forget(room);
    }

    /// A room without peers ceases to exist.
    fn forget(&mut self, key: RoomKey) {
        let room = self.rooms.remove(key);
        if !room.id.is_lobby() {
            self.limits.rooms.give_back();
            self.observe(Fact::RoomClosed { room: room.id });
        }
    }
}
