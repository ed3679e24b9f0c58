//! How a connection comes to be in a room.

use std::time::Instant;

use super::Hub;
use crate::room::{PeerKey, Room};
use crate::rooms::RoomKey;
use crate::seats::Seat;
use crate::{ConnId, Event, Fact, Join, PeerId, Refusal, RoomId};

/// Where a join leads: the room, if it is there, and the peer, if it is in it.
#[derive(Clone, Copy, Debug)]
struct Destination {
    room: Option<RoomKey>,
    peer: Option<PeerKey>,
}

impl Hub {
    /// Whether a join would be let in now. `leaving` is the room the connection would give up for it.
    ///
    /// # Errors
    /// The reason why not.
    pub fn admits(
        &self,
        conn: ConnId,
        join: &Join,
        leaving: Option<&RoomId>,
    ) -> Result<(), Refusal> {
        self.admits_to(self.destination(join), conn, join, leaving)
    }

    fn destination(&self, join: &Join) -> Destination {
        let room = self.rooms.find(&join.room);
        let peer = room.and_then(|key| self.rooms[key].key_of(&join.peer));
        Destination { room, peer }
    }

    fn admits_to(
        &self,
        destination: Destination,
        conn: ConnId,
        join: &Join,
        leaving: Option<&RoomId>,
    ) -> Result<(), Refusal> {
        self.limits.check_names(&join.room, &join.peer)?;
        let Some(room) = destination.room.map(|key| &self.rooms[key]) else {
            let rooms = &self.limits.rooms;
            let one_more = join.room.is_lobby() || rooms.used() < rooms.limit();
            return if one_more {
                Ok(())
            } else {
                Err(Refusal::TooManyRooms {
                    limit: rooms.limit(),
                })
            };
        };
        let limit = self.limits.connections_per_peer;
        match destination.peer.map(|key| room.peer(key)) {
            Some(peer) if peer.connections() >= limit => Err(Refusal::TooManyConnections { limit }),
            Some(_) => Ok(()),
            None => {
                let limit = self.limits.peers(&join.room);
                let vacated = leaving == Some(&join.room) && self.vacates(conn, &join.room);
                if room.len() - usize::from(vacated) < limit {
                    Ok(())
                } else {
                    Err(Refusal::RoomFull { limit })
                }
            }
        }
    }

    /// Whether the peer behind a connection goes if the connection leaves the room.
    fn vacates(&self, conn: ConnId, room: &RoomId) -> bool {
        self.seat(conn, room)
            .is_some_and(|seat| self.rooms[seat.room].peer(seat.peer).connections() == 1)
    }

    pub(super) fn join(
        &mut self,
        conn: ConnId,
        join: Join,
        leaving: Option<&RoomId>,
        now: Instant,
    ) {
        let destination = self.destination(&join);
        let seats = self.seats.of(conn);
        let here = seats
            .iter()
            .find(|seat| Some(seat.room) == destination.room);
        // The very same place again is answered with success and changes nothing.
        if let Some(&seat) = here
            && Some(seat.peer) == destination.peer
        {
            return self.welcome(conn, seat);
        }
        let leaves = here.is_some() || (leaving.is_some() && !seats.is_empty());
        if let Err(refusal) = self.admits_to(destination, conn, &join, leaving) {
            return self.refuse(conn, refusal);
        }
        // The place is taken before anything is given up for it: hubs that share a quota may race for the last room, and
        // who alone takes another name must not end his room by it.
        let Some(room) = destination.room.or_else(|| self.open(&join, now)) else {
            let limit = self.limits.rooms.limit();
            return self.refuse(conn, Refusal::TooManyRooms { limit });
        };
        let peer = destination.peer;
        let peer = peer.unwrap_or_else(|| self.admit(room, join.peer.clone(), now));
        let seat = Seat { room, peer };
        if leaves {
            // Nobody is in one room under two names.
            for room in leaving.into_iter().chain([&join.room]) {
                if let Some(seat) = self.seat(conn, room) {
                    self.leave(conn, seat);
                }
            }
        }
        self.seat_at(conn, seat, join, destination.peer.is_none());
    }

    /// A connection takes a seat, and all hear of it whom it concerns.
    fn seat_at(&mut self, conn: ConnId, seat: Seat, join: Join, arrived: bool) {
        let peer = self.rooms[seat.room].peer_mut(seat.peer);
        if let Some(at) = peer.leaves_at() {
            self.absent
                .remove(&(at, join.room.clone(), join.peer.clone()));
        }
        peer.attach(conn, join.role);
        self.seats.add(conn, seat);

        // The room's own name, which all share if it is a long one.
        let room = self.rooms[seat.room].id.clone();
        self.observe(Fact::Seated {
            conn,
            room: room.clone(),
            peer: join.peer.clone(),
            arrived,
        });
        self.welcome(conn, seat);
        if arrived && !room.is_lobby() {
            let others = self.rooms[seat.room].others(seat.peer);
            let (peer, role) = (join.peer, join.role);
            self.tell(others, Event::PeerJoined { room, peer, role });
        }
    }

    fn welcome(&mut self, conn: ConnId, seat: Seat) {
        let room = &self.rooms[seat.room];
        let peer = room.peer(seat.peer);
        let event = Event::Joined {
            room: room.id.clone(),
            peer: peer.id.clone(),
            role: peer.role,
            members: if room.id.is_lobby() {
                Vec::new()
            } else {
                room.roster()
            },
        };
        self.tell_one(conn, event);
    }

    /// A room of a name that none has yet; `None` if there may be no more.
    fn open(&mut self, join: &Join, now: Instant) -> Option<RoomKey> {
        let id = &join.room;
        if !id.is_lobby() {
            if !self.limits.rooms.take() {
                return None;
            }
            self.observe(Fact::RoomOpened { room: id.clone() });
        }
        let room = Room::new(id.clone(), join.peer.clone(), now);
        Some(self.rooms.insert(room))
    }

    /// Makes a peer present in a room, still without connections.
    fn admit(&mut self, key: RoomKey, peer: PeerId, now: Instant) -> PeerKey {
        let seats = &mut self.seats;
        self.rooms[key].admit(peer, now, |conn, to| seats.peer_moved(conn, key, to))
    }
}
