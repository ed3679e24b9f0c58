//! The state machine in the middle.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use ahash::RandomState;
use slab::Slab;
use smallvec::SmallVec;

use crate::room::Room;
use crate::{
    Closing, Command, ConnId, Departure, Event, Fact, Join, Limits, PeerId, Refusal, RoomId,
    RoomView, Signal, Target,
};

/// What can happen to a hub.
#[derive(Clone, Debug)]
pub enum Input {
    /// A connection asks for something.
    Command {
        /// Which connection.
        conn: ConnId,
        /// What it asks for.
        command: Command,
    },
    /// A connection has ended. Nothing is told to it any more.
    Detach {
        /// Which connection.
        conn: ConnId,
    },
    /// A room ends now, whoever is in it. A room that is not there, and the lobby, stay as they are.
    Close {
        /// The room.
        room: RoomId,
        /// Why.
        why: Closing,
    },
    /// Time has passed; see [`Hub::poll_timeout`].
    Time,
}

/// What a hub wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell some connections something. All of one output are told the same, and none is named twice.
    Deliver {
        /// Whom to tell.
        to: Recipients,
        /// What.
        event: Event,
    },
    /// Take note of something.
    Observe(Fact),
}

/// The connections that an event is for.
pub type Recipients = SmallVec<[ConnId; 2]>;

/// Rooms, the peers in them, and the connections these are reached by.
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    rooms: Slab<Room>,
    /// Each room's key in `rooms`, by its name. Entries go when the room is empty.
    names: HashMap<RoomId, usize, RandomState>,
    /// Where each connection is. Entries go with the connection's last seat.
    seats: HashMap<ConnId, SmallVec<[Seat; 1]>, RandomState>,
    /// Peers without a connection, by when they count as gone.
    absent: BTreeSet<(Instant, RoomId, PeerId)>,
    outputs: VecDeque<Output>,
}

/// A connection's place: keys into `Hub::rooms` and that room's peers.
#[derive(Clone, Copy, Debug)]
struct Seat {
    room: usize,
    peer: usize,
}

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            rooms: Slab::new(),
            names: HashMap::default(),
            seats: HashMap::default(),
            absent: BTreeSet::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened. Drain [`Hub::poll_output`] afterwards.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Command { conn, command } => match command {
                Command::Signal { room, signal } => self.signal(conn, &room, signal),
                Command::Join { join, leaving } => self.join(conn, join, leaving.as_ref(), now),
                Command::Leave { room } => match self.seat(conn, &room) {
                    Some(seat) => self.leave(conn, seat),
                    None => self.refuse(conn, Refusal::NotInRoom),
                },
            },
            Input::Detach { conn } => {
                while let Some(seat) = self
                    .seats
                    .get(&conn)
                    .and_then(|seats| seats.last().copied())
                {
                    self.unseat(conn, seat, Departure::Dropped, now);
                }
            }
            Input::Close { room, why } => self.close(&room, why),
            Input::Time => self.expire(now),
        }
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back with [`Input::Time`], if nothing else happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.absent.first().map(|(at, ..)| *at)
    }

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
        self.limits.check_names(&join.room, &join.peer)?;
        let Some(room) = self.names.get(&join.room).map(|key| &self.rooms[*key]) else {
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
        match room.key_of(&join.peer).map(|key| room.peer(key)) {
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

    /// Whether a connection is in a room.
    #[must_use]
    pub fn is_seated(&self, conn: ConnId, room: &RoomId) -> bool {
        self.seat(conn, room).is_some()
    }

    /// Whether a connection is in any room of this hub.
    #[must_use]
    pub fn is_attached(&self, conn: ConnId) -> bool {
        self.seats.contains_key(&conn)
    }

    /// Everybody in a room, in the order of joining; `None` if there is no such room.
    #[must_use]
    pub fn roster(&self, room: &RoomId) -> Option<Vec<crate::Member>> {
        self.names.get(room).map(|key| self.rooms[*key].roster())
    }

    /// The named rooms that exist, in no order.
    pub fn rooms(&self) -> impl Iterator<Item = RoomView<'_>> {
        self.rooms
            .iter()
            .map(|(_, room)| RoomView(room))
            .filter(|room| !room.id().is_lobby())
    }

    /// One room; `None` if there is no such room.
    #[must_use]
    pub fn room(&self, room: &RoomId) -> Option<RoomView<'_>> {
        self.names.get(room).map(|key| RoomView(&self.rooms[*key]))
    }

    fn signal(&mut self, conn: ConnId, room: &RoomId, signal: Signal) {
        let Some(seat) = self.seat(conn, room) else {
            return self.refuse(conn, Refusal::NotInRoom);
        };
        let room = &self.rooms[seat.room];
        let speaker = &room.peer(seat.peer).id;
        let to: Recipients = match &signal.to {
            Target::Everyone => room.others(seat.peer).collect(),
            // Nobody hears himself, by whichever of his connections he speaks.
            Target::Peer(target) => match room.active(target).filter(|_| target != speaker) {
                Some(active) => Recipients::from_elem(active, 1),
                None => {
                    let target = target.clone();
                    return self.refuse(conn, Refusal::TargetNotFound { target });
                }
            },
        };
        let (room, from) = (room.id.clone(), speaker.clone());
        self.tell(to, Event::Signal { room, from, signal });
    }

    fn join(&mut self, conn: ConnId, join: Join, leaving: Option<&RoomId>, now: Instant) {
        // The very same place again is answered with success and changes nothing.
        if let Some(seat) = self.seat(conn, &join.room)
            && self.rooms[seat.room].peer(seat.peer).id == join.peer
        {
            return self.welcome(conn, seat);
        }
        if let Err(refusal) = self.admits(conn, &join, leaving) {
            return self.refuse(conn, refusal);
        }
        // The place is taken before anything is given up for it: hubs that share a quota may race for the last room, and
        // who alone takes another name must not end his room by it.
        let Some(room_key) = self.open(&join, now) else {
            let limit = self.limits.rooms.limit();
            return self.refuse(conn, Refusal::TooManyRooms { limit });
        };
        let room = &mut self.rooms[room_key];
        let present = room.key_of(&join.peer);
        let peer_key = present.unwrap_or_else(|| room.admit(join.peer.clone(), now));
        // Nobody is in one room under two names.
        for room in leaving.into_iter().chain([&join.room]) {
            if let Some(seat) = self.seat(conn, room) {
                self.leave(conn, seat);
            }
        }

        let peer = self.rooms[room_key].peer_mut(peer_key);
        if let Some(at) = peer.leaves_at {
            self.absent
                .remove(&(at, join.room.clone(), join.peer.clone()));
        }
        peer.attach(conn, join.role);
        let seat = Seat {
            room: room_key,
            peer: peer_key,
        };
        self.seats.entry(conn).or_default().push(seat);

        let (room, peer) = (join.room.clone(), join.peer.clone());
        self.observe(Fact::Seated {
            conn,
            room,
            peer,
            arrived: present.is_none(),
        });
        self.welcome(conn, seat);
        if present.is_none() && !join.room.is_lobby() {
            let others = self.rooms[room_key].others(peer_key).collect();
            self.tell(
                others,
                Event::PeerJoined {
                    room: join.room,
                    peer: join.peer,
                    role: join.role,
                },
            );
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
        self.tell(Recipients::from_elem(conn, 1), event);
    }

    /// A polite leave: the leaver hears of it before the others do.
    fn leave(&mut self, conn: ConnId, seat: Seat) {
        let room = &self.rooms[seat.room];
        let (room, peer) = (room.id.clone(), room.peer(seat.peer).id.clone());
        self.tell(Recipients::from_elem(conn, 1), Event::Left { room, peer });
        // Grace is for those whose transport failed them, so the time of a polite leave does not matter.
        self.unseat_now(conn, seat, Departure::Left);
    }

    fn unseat(&mut self, conn: ConnId, seat: Seat, why: Departure, now: Instant) {
        let room = &self.rooms[seat.room];
        let last = room.peer(seat.peer).connections() == 1;
        if !last || self.limits.grace.is_zero() || room.id.is_lobby() {
            return self.unseat_now(conn, seat, why);
        }
        let at = now + self.limits.grace;
        let peer = self.rooms[seat.room].peer_mut(seat.peer);
        peer.leaves_at = Some(at);
        let peer_id = peer.id.clone();
        let room_id = self.vacate(conn, seat, why);
        self.absent.insert((at, room_id, peer_id));
    }

    fn unseat_now(&mut self, conn: ConnId, seat: Seat, why: Departure) {
        self.vacate(conn, seat, why);
        if self.rooms[seat.room].peer(seat.peer).active().is_none() {
            self.depart(seat, why);
        }
    }

    /// Takes a connection off its seat; the peer stays, perhaps with no connection left.
    fn vacate(&mut self, conn: ConnId, seat: Seat, why: Departure) -> RoomId {
        if let Some(seats) = self.seats.get_mut(&conn) {
            seats.retain(|other| other.room != seat.room);
            if seats.is_empty() {
                self.seats.remove(&conn);
            }
        }
        let room = &mut self.rooms[seat.room];
        room.peer_mut(seat.peer).detach(conn);
        let (room, peer) = (room.id.clone(), room.peer(seat.peer).id.clone());
        self.observe(Fact::Unseated {
            conn,
            room: room.clone(),
            peer,
            why,
        });
        room
    }

    /// A peer without connections goes, and with the last one the room.
    fn depart(&mut self, seat: Seat, why: Departure) {
        let room = &mut self.rooms[seat.room];
        let peer = room.remove(seat.peer);
        let id = room.id.clone();
        let others: Recipients = if id.is_lobby() {
            Recipients::new()
        } else {
            room.others(seat.peer).collect()
        };
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

    fn expire(&mut self, now: Instant) {
        while self.absent.first().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, room, peer)) = self.absent.pop_first() else {
                return;
            };
            let Some(&room_key) = self.names.get(&room) else {
                continue;
            };
            if let Some(peer_key) = self.rooms[room_key].key_of(&peer) {
                self.depart(
                    Seat {
                        room: room_key,
                        peer: peer_key,
                    },
                    Departure::Dropped,
                );
            }
        }
    }

    /// Everybody has to go, those without a connection and parked ones included.
    fn close(&mut self, id: &RoomId, why: Closing) {
        if id.is_lobby() {
            return;
        }
        let Some(&room_key) = self.names.get(id) else {
            return;
        };
        for peer_key in self.rooms[room_key].keys() {
            let peer = self.rooms[room_key].peer(peer_key);
            let peer_id = peer.id.clone();
            if let Some(at) = peer.leaves_at {
                self.absent.remove(&(at, id.clone(), peer_id.clone()));
            }
            let lines: Recipients = peer.lines().collect();
            let event = Event::RoomClosed {
                room: id.clone(),
                peer: peer_id.clone(),
                why,
            };
            self.tell(lines.clone(), event);
            for conn in lines {
                let seat = Seat {
                    room: room_key,
                    peer: peer_key,
                };
                self.vacate(conn, seat, Departure::Closed);
            }
            self.rooms[room_key].remove(peer_key);
            self.observe(Fact::Departed {
                room: id.clone(),
                peer: peer_id,
                why: Departure::Closed,
            });
        }
        self.forget(room_key);
    }

    /// A room without peers ceases to exist.
    fn forget(&mut self, key: usize) {
        let room = self.rooms.remove(key);
        self.names.remove(&room.id);
        if !room.id.is_lobby() {
            self.limits.rooms.give_back();
            self.observe(Fact::RoomClosed { room: room.id });
        }
    }

    /// The room of that name, made if there is none; `None` if there may be no more.
    fn open(&mut self, join: &Join, now: Instant) -> Option<usize> {
        let id = &join.room;
        if let Some(&key) = self.names.get(id) {
            return Some(key);
        }
        if !id.is_lobby() {
            if !self.limits.rooms.take() {
                return None;
            }
            self.observe(Fact::RoomOpened { room: id.clone() });
        }
        let key = self
            .rooms
            .insert(Room::new(id.clone(), join.peer.clone(), now));
        self.names.insert(id.clone(), key);
        Some(key)
    }

    fn seat(&self, conn: ConnId, room: &RoomId) -> Option<Seat> {
        let seats = self.seats.get(&conn)?;
        seats
            .iter()
            .copied()
            .find(|seat| self.rooms[seat.room].id == *room)
    }

    /// Whether the peer behind a connection goes if the connection leaves the room.
    fn vacates(&self, conn: ConnId, room: &RoomId) -> bool {
        self.seat(conn, room)
            .is_some_and(|seat| self.rooms[seat.room].peer(seat.peer).connections() == 1)
    }

    fn refuse(&mut self, conn: ConnId, refusal: Refusal) {
        self.tell(Recipients::from_elem(conn, 1), Event::Refused { refusal });
    }

    fn tell(&mut self, to: Recipients, event: Event) {
        if !to.is_empty() {
            self.outputs.push_back(Output::Deliver { to, event });
        }
    }

    fn observe(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Observe(fact));
    }
}
