//! The state machine in the middle.

mod entering;
mod leaving;

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use crate::rooms::{RoomKey, Rooms};
use crate::seats::{Seat, Seats};
use crate::{
    Closing, Command, ConnId, Departure, Event, Fact, Limits, PeerId, Recipients, Refusal, RoomId,
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

/// Rooms, the peers in them, and the connections these are reached by.
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    /// Rooms with somebody in them.
    rooms: Rooms,
    /// Where each connection is.
    seats: Seats,
    /// Peers without a connection, by when they count as gone.
    absent: BTreeSet<(Instant, RoomId, PeerId)>,
    outputs: VecDeque<Output>,
    /// Rooms that so many have left that they take too much memory.
    sparse: Vec<RoomKey>,
}

/// Room for so many outputs is kept. Only who closes a room or is in very many causes more at once.
const OUTPUTS: usize = 64;

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            rooms: Rooms::default(),
            seats: Seats::default(),
            absent: BTreeSet::new(),
            outputs: VecDeque::new(),
            sparse: Vec::new(),
        }
    }

    /// Takes in what happened. Drain [`Hub::poll_output`] afterwards.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Command { conn, command } => match command {
                Command::Signal { room, signal } => {
                    let (to, event) = self.route(conn, room, signal);
                    return self.tell(to, event);
                }
                Command::Join { join, leaving } => self.join(conn, join, leaving.as_ref(), now),
                Command::Leave { room } => match self.seat(conn, &room) {
                    Some(seat) => self.leave(conn, seat),
                    None => self.refuse(conn, Refusal::NotInRoom),
                },
            },
            Input::Detach { conn } => {
                while let Some(&seat) = self.seats.of(conn).last() {
                    self.unseat(conn, seat, Departure::Dropped, now);
                }
            }
            Input::Close { room, why } => self.close(&room, why),
            Input::Time => self.expire(now),
        }
        self.give_back();
    }

    /// The next thing to do, oldest first.
    #[inline]
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() && self.outputs.capacity() > OUTPUTS {
            self.outputs = VecDeque::new();
        }
        self.outputs.pop_front()
    }

    /// When to come back with [`Input::Time`], if nothing else happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.absent.first().map(|(at, ..)| *at)
    }

    /// Who is told what because of a signal: what [`Command::Signal`] leads to, without the way through the outputs, which
    /// is longer than all the rest. A signal changes nothing here, so it has no place among other outputs to wait for; but
    /// whoever hands a hub several inputs drains these first.
    #[must_use]
    #[inline]
    pub fn route(&self, conn: ConnId, room: RoomId, signal: Signal) -> (Recipients, Event) {
        let refused = |refusal| (Recipients::one(conn), Event::Refused { refusal });
        let Some(seat) = self.seat(conn, &room) else {
            return refused(Refusal::NotInRoom);
        };
        let here = &self.rooms[seat.room];
        let to = match &signal.to {
            Target::Everyone => here.others(seat.peer),
            Target::Peer(target) => {
                // Nobody hears himself, by whichever of his connections he speaks.
                let peer = here.key_of(target).filter(|key| *key != seat.peer);
                match peer.and_then(|key| here.peer(key).active()) {
                    Some(active) => Recipients::one(active),
                    None => {
                        let target = target.clone();
                        return refused(Refusal::TargetNotFound { target });
                    }
                }
            }
        };
        let from = here.peer(seat.peer).id.clone();
        (to, Event::Signal { room, from, signal })
    }

    /// Whether a connection is in a room.
    #[must_use]
    pub fn is_seated(&self, conn: ConnId, room: &RoomId) -> bool {
        self.seat(conn, room).is_some()
    }

    /// Whether a connection is in any room of this hub.
    #[must_use]
    pub fn is_attached(&self, conn: ConnId) -> bool {
        self.seats.is_seated(conn)
    }

    /// Everybody in a room, in the order of joining; `None` if there is no such room.
    #[must_use]
    pub fn roster(&self, room: &RoomId) -> Option<Vec<crate::Member>> {
        self.rooms.by_name(room).map(|room| room.roster())
    }

    /// The named rooms that exist, in no order.
    pub fn rooms(&self) -> impl Iterator<Item = RoomView<'_>> {
        self.rooms
            .iter()
            .map(RoomView)
            .filter(|room| !room.id().is_lobby())
    }

    /// One room; `None` if there is no such room.
    #[must_use]
    pub fn room(&self, room: &RoomId) -> Option<RoomView<'_>> {
        self.rooms.by_name(room).map(RoomView)
    }

    #[inline]
    fn seat(&self, conn: ConnId, room: &RoomId) -> Option<Seat> {
        let mut seats = self.seats.of(conn).iter();
        let seat = seats.find(|seat| self.rooms[seat.room].id == *room);
        seat.copied()
    }

    fn refuse(&mut self, conn: ConnId, refusal: Refusal) {
        self.tell_one(conn, Event::Refused { refusal });
    }

    fn tell_one(&mut self, conn: ConnId, event: Event) {
        self.tell(Recipients::one(conn), event);
    }

    fn tell(&mut self, to: Recipients, event: Event) {
        if !to.is_empty() {
            self.outputs.push_back(Output::Deliver { to, event });
        }
    }

    fn observe(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Observe(fact));
    }

    /// Gives back memory that many who are gone have left behind. Keys do not stay the same.
    fn give_back(&mut self) {
        let seats = &mut self.seats;
        while let Some(key) = self.sparse.pop() {
            // Meanwhile it may have ended, and another may have its place.
            if let Some(room) = self.rooms.get_mut(key).filter(|room| room.is_sparse()) {
                room.shrink(|conn, to| seats.peer_moved(conn, key, to));
            }
        }
        self.rooms
            .shrink(|conn, from, to| seats.room_moved(conn, from, to));
        seats.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_moved_in_eight_steps() {
        // Beyond this, the compiler calls a function for each of the moves, and there are several for each output.
        assert!(size_of::<Output>() <= 128);
    }
}
