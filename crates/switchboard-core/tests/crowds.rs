//! Many rooms and large ones, as they fill and empty: whoever is where, it stays so while the hub makes itself smaller.

use std::collections::BTreeMap;
use std::time::Instant;

use switchboard_core::{
    Closing, Command, ConnId, Event, Hub, Input, Join, Limits, Payload, Refusal, Role, RoomId,
    Signal, SignalKind, Target, Wire,
};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

/// A peer's name and connections, the active one last.
type Peer = (String, Vec<ConnId>);

/// Who is in each room, in the order of joining.
#[derive(Default)]
struct Model(BTreeMap<String, Vec<Peer>>);

impl Model {
    fn peer(&self, conn: ConnId, room: &str) -> Option<&Peer> {
        let mut peers = self.0.get(room)?.iter();
        peers.find(|(_, conns)| conns.contains(&conn))
    }

    fn join(&mut self, conn: ConnId, room: &str, name: &str) {
        if self.peer(conn, room).is_some_and(|peer| peer.0 == name) {
            return;
        }
        self.leave(conn, room);
        let peers = self.0.entry(room.to_owned()).or_default();
        match peers.iter_mut().find(|(other, _)| other == name) {
            Some((_, conns)) => conns.push(conn),
            None => peers.push((name.to_owned(), vec![conn])),
        }
    }

    fn leave(&mut self, conn: ConnId, room: &str) {
        let Some(peers) = self.0.get_mut(room) else {
            return;
        };
        for (_, conns) in peers.iter_mut() {
            conns.retain(|other| *other != conn);
        }
        peers.retain(|(_, conns)| !conns.is_empty());
        if peers.is_empty() {
            self.0.remove(room);
        }
    }
}

/// A hub and what should be true of it.
struct Town {
    hub: Hub,
    now: Instant,
    model: Model,
    dice: Dice,
    conns: Vec<ConnId>,
    rooms: Vec<String>,
    names: Vec<String>,
}

/// Names of different lengths, from 3 to 27 bytes.
fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("{n:0>width$}", width = 3 + n % 4 * 8))
        .collect()
}

impl Town {
    fn new(conns: u64, rooms: usize, peers: usize) -> Self {
        Self {
            hub: Hub::new(Limits {
                connections_per_peer: usize::MAX,
                ..Limits::default()
            }),
            now: Instant::now(),
            model: Model::default(),
            dice: Dice(7),
            conns: (0..conns).map(ConnId::new).collect(),
            rooms: names(rooms),
            names: names(peers),
        }
    }

    fn take(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        while self.hub.poll_output().is_some() {}
    }

    fn somebody_joins(&mut self) {
        let conn = *self.dice.one_of(&self.conns);
        let room = self.dice.one_of(&self.rooms).clone();
        let name = self.dice.one_of(&self.names).clone();
        self.model.join(conn, &room, &name);
        let join = Join {
            room: room.into(),
            peer: name.into(),
            role: Role::Sender,
        };
        let leaving = None;
        let command = Command::Join { join, leaving };
        self.take(Input::Command { conn, command });
    }

    /// A connection in a room, if there is any.
    fn somebody(&mut self) -> Option<(ConnId, String)> {
        let rooms: Vec<&String> = self.model.0.keys().collect();
        let room = (!rooms.is_empty()).then(|| self.dice.one_of(&rooms).to_string())?;
        let peer = self.dice.one_of(&self.model.0[&room]);
        Some((*self.dice.one_of(&peer.1), room))
    }

    fn somebody_leaves(&mut self) {
        let Some((conn, room)) = self.somebody() else {
            return;
        };
        self.model.leave(conn, &room);
        let room = RoomId::from(room);
        let command = Command::Leave { room };
        self.take(Input::Command { conn, command });
    }

    fn somebody_drops_out(&mut self) {
        let Some((conn, _)) = self.somebody() else {
            return;
        };
        for room in &self.rooms {
            self.model.leave(conn, room);
        }
        self.take(Input::Detach { conn });
    }

    fn a_room_is_closed(&mut self) {
        let room = self.dice.one_of(&self.rooms).clone();
        self.model.0.remove(&room);
        let (room, why) = (RoomId::from(room), Closing::Idle);
        self.take(Input::Close { room, why });
    }

    /// Everything is as it should be.
    fn check(&self) {
        assert_eq!(self.hub.rooms().count(), self.model.0.len());
        for room in &self.rooms {
            let id = RoomId::from(room.as_str());
            let peers = self.model.0.get(room).map_or(&[][..], Vec::as_slice);
            let roster = self.hub.roster(&id).unwrap_or_default();
            let roster: Vec<&str> = roster.iter().map(|member| member.peer.as_str()).collect();
            let expected: Vec<&str> = peers.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(roster, expected, "in {room}");
            let view = self.hub.room(&id);
            let seated: Vec<ConnId> = view
                .map(|room| room.connections().collect())
                .unwrap_or_default();
            let expected: Vec<ConnId> = peers.iter().flat_map(|(_, conns)| conns.clone()).collect();
            assert_eq!(seated, expected, "in {room}");
            for conn in &self.conns {
                let is_here = self.model.peer(*conn, room).is_some();
                assert_eq!(self.hub.is_seated(*conn, &id), is_here, "{conn} in {room}");
            }
        }
        for conn in &self.conns {
            let mut rooms = self.rooms.iter();
            let is_anywhere = rooms.any(|room| self.model.peer(*conn, room).is_some());
            assert_eq!(self.hub.is_attached(*conn), is_anywhere, "{conn}");
        }
    }

    /// Everybody in a room is heard by the others, and by nobody else.
    fn check_signals(&self, room: &str) {
        let peers = self.model.0.get(room).map_or(&[][..], Vec::as_slice);
        for (speaker, conns) in peers {
            let others: Vec<&Peer> = peers.iter().filter(|(name, _)| name != speaker).collect();
            for conn in conns {
                let hearing = self.says(*conn, room, Target::Everyone);
                let expected: Vec<ConnId> = others
                    .iter()
                    .filter_map(|peer| peer.1.last().copied())
                    .collect();
                assert_eq!(hearing, Ok((speaker.clone(), expected)));
            }
            for name in &self.names {
                let other = others.iter().find(|(other, _)| other == name);
                let hearing = self.says(conns[0], room, Target::Peer(name.as_str().into()));
                let expected = match other.and_then(|peer| peer.1.last()) {
                    Some(active) => Ok((speaker.clone(), vec![*active])),
                    None => {
                        let target = name.as_str().into();
                        Err(Refusal::TargetNotFound { target })
                    }
                };
                assert_eq!(hearing, expected, "{speaker} to {name}");
            }
        }
    }

    /// Under which name somebody is heard, and by whom.
    fn says(&self, conn: ConnId, room: &str, to: Target) -> Result<(String, Vec<ConnId>), Refusal> {
        let payload = Payload {
            wire: Wire(0),
            body: Vec::new(),
        };
        let kind = SignalKind::Offer;
        let signal = Signal { kind, to, payload };
        match self.hub.route(conn, room.into(), signal) {
            (to, Event::Signal { from, .. }) => Ok((from.to_string(), to.to_vec())),
            (to, Event::Refused { refusal }) => {
                assert_eq!(*to, [conn]);
                Err(refusal)
            }
            (_, other) => panic!("a signal leads to {other:?}"),
        }
    }

    /// Fills and empties, several times.
    fn live(&mut self, days: usize, arrivals: usize) {
        for _ in 0..days {
            for _ in 0..arrivals {
                self.somebody_joins();
                if self.dice.below(4) == 0 {
                    self.somebody_leaves();
                }
            }
            self.check();
            while !self.model.0.is_empty() {
                match self.dice.below(40) {
                    0 => self.a_room_is_closed(),
                    1 => self.somebody_joins(),
                    2..8 => self.somebody_drops_out(),
                    _ => self.somebody_leaves(),
                }
                if self.dice.below(20) == 0 {
                    self.check();
                    let room = self.dice.one_of(&self.rooms).clone();
                    self.check_signals(&room);
                }
            }
            self.check();
        }
    }
}

#[test]
fn many_small_rooms() {
    Town::new(90, 100, 40).live(3, 250);
}

#[test]
fn few_large_rooms() {
    Town::new(150, 3, 120).live(3, 300);
}

#[test]
fn few_peers_of_many_connections() {
    Town::new(100, 20, 3).live(3, 300);
}
