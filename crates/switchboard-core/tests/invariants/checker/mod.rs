//! Plays a scenario on a hub and checks after every step what always holds.
//!
//! Depends on the public interface alone, so that the fuzz target can include it by path. Panics where something does
//! not hold.

mod model;
mod scenario;
mod witness;

use std::collections::BTreeSet;
use std::time::Instant;

use switchboard_core::{
    Command, ConnId, Departure, Event, Fact, Hub, Input, Member, Output, RoomId,
};

use model::{Model, Seen};
use scenario::{CONNECTIONS, ROOMS, Step};
use witness::Witnesses;

pub(crate) use scenario::Scenario;

/// More than any one input can cause: every peer of every room departs, heard and noted.
const MOST_OUTPUTS: usize = 64;

/// Plays a scenario to its end, and everybody home. Returns what came up on the way, for those who want to know whether
/// their scenarios are any good.
pub(crate) fn check(scenario: &Scenario) -> BTreeSet<&'static str> {
    let mut play = Play::new(scenario);
    for (n, step) in scenario.steps.iter().enumerate() {
        let _scene = Scene { n, step };
        play.step(step);
    }
    play.finish();
    play.came_up
}

/// Says where the play was when something did not hold.
struct Scene<'a> {
    n: usize,
    step: &'a Step,
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("at step {}: {:?}", self.n, self.step);
        }
    }
}

struct Play<'a> {
    scenario: &'a Scenario,
    hub: Hub,
    model: Model,
    witnesses: Witnesses,
    now: Instant,
    /// The connection that is in each place now.
    conns: [ConnId; CONNECTIONS],
    connected: u64,
    came_up: BTreeSet<&'static str>,
}

impl<'a> Play<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        Self {
            hub: Hub::new(scenario.limits.clone()),
            model: Model::new(scenario.limits.clone()),
            witnesses: Witnesses::default(),
            now: Instant::now(),
            conns: std::array::from_fn(|slot| ConnId::new(slot as u64)),
            connected: CONNECTIONS as u64,
            came_up: BTreeSet::new(),
            scenario,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask { slot, command } => {
                let conn = self.conns[*slot];
                let foretold = match command {
                    Command::Join { join, leaving } if !self.is_there(conn, command) => {
                        Some(self.hub.admits(conn, join, leaving.as_ref()))
                    }
                    _ => None,
                };
                let command = command.clone();
                let outputs = self.handle(Input::Command { conn, command });
                let answer = outputs.iter().find_map(|output| match output {
                    Output::Deliver { event, .. } => match event {
                        Event::Joined { .. } => Some(Ok(())),
                        Event::Refused { refusal } => Some(Err(refusal.clone())),
                        _ => None,
                    },
                    Output::Observe(_) => None,
                });
                assert!(
                    foretold.is_none() || answer == foretold,
                    "foretold {foretold:?}, answered {answer:?}"
                );
            }
            Step::Drop { slot } => self.drop_connection(*slot),
            Step::Close { room, why } => {
                let (room, why) = (room.clone(), *why);
                self.handle(Input::Close { room, why });
            }
            Step::Pass(time) => self.now += *time,
            Step::Wake => {
                if !self.handle(Input::Time).is_empty() {
                    self.came_up.insert("gone for good");
                }
            }
        }
    }

    /// All go, and when grace is over nothing is left of them.
    fn finish(&mut self) {
        for slot in 0..CONNECTIONS {
            self.drop_connection(slot);
        }
        self.now += self.scenario.limits.grace;
        self.handle(Input::Time);
        assert!(self.witnesses.is_deserted(), "{:?}", self.witnesses);
        assert_eq!(self.hub.roster(&RoomId::LOBBY), None);
        assert_eq!(self.hub.poll_timeout(), None);
        assert_eq!(self.scenario.limits.rooms.used(), 0);
    }

    fn drop_connection(&mut self, slot: usize) {
        let conn = std::mem::replace(&mut self.conns[slot], ConnId::new(self.connected));
        self.connected += 1;
        self.witnesses.ends(conn);
        self.handle(Input::Detach { conn });
    }

    /// Whether a command asks for the place that the connection has.
    fn is_there(&self, conn: ConnId, command: &Command) -> bool {
        match command {
            Command::Join { join, .. } => {
                self.model.name_of(conn, &join.room).as_ref() == Some(&join.peer)
            }
            _ => false,
        }
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let before = Snapshot::of(&self.hub, self.rooms_used());
        let expected = self.model.handle(self.now, &input);
        self.hub.handle(self.now, input);
        let mut outputs = Vec::new();
        while let Some(output) = self.hub.poll_output() {
            outputs.push(output);
            assert!(outputs.len() <= MOST_OUTPUTS, "no end of outputs");
        }

        let mut told = Vec::new();
        for output in &outputs {
            match output {
                Output::Deliver { to, event } => {
                    let distinct: BTreeSet<&ConnId> = to.iter().collect();
                    assert_eq!(distinct.len(), to.len(), "named twice: {to:?}");
                    assert!(!to.is_empty(), "for nobody: {event:?}");
                    for conn in to {
                        self.witnesses.hears(*conn, event);
                        told.push((*conn, event.clone()));
                    }
                    self.remark_event(to, event);
                }
                Output::Observe(fact) => {
                    self.remark_fact(fact);
                    self.witnesses.notes(fact);
                }
            }
        }
        assert_eq!(by_connection(told), by_connection(expected));
        self.witnesses.agree_with(&self.hub, self.rooms_used());
        for room in rooms() {
            let roster = self.hub.roster(&room);
            assert_ne!(roster, Some(Vec::new()), "an empty room");
            assert_eq!(roster.unwrap_or_default(), self.model.roster(&room));
            let seen = self.hub.room(&room).map(Seen::of);
            assert_eq!(seen, self.model.seen(&room));
        }
        assert_eq!(self.hub.poll_timeout(), self.model.timeout());
        let someone_is_absent = self.witnesses.absent() > 0;
        assert_eq!(self.hub.poll_timeout().is_some(), someone_is_absent);

        let refused = |output: &Output| {
            let Output::Deliver { event, .. } = output else {
                return false;
            };
            matches!(event, Event::Refused { .. })
        };
        if outputs.iter().any(refused) {
            assert_eq!(outputs.len(), 1, "refused, and more: {outputs:?}");
            assert_eq!(before, Snapshot::of(&self.hub, self.rooms_used()));
        }
        outputs
    }

    fn rooms_used(&self) -> usize {
        self.scenario.limits.rooms.used()
    }

    fn remark_event(&mut self, to: &[ConnId], event: &Event) {
        self.came_up.insert(match event {
            Event::Joined { .. } => "joined",
            Event::Left { .. } => "left",
            Event::PeerJoined { .. } => "a peer joined",
            Event::PeerLeft { .. } => "a peer left",
            Event::RoomClosed { .. } if to.len() > 1 => "closed to several connections",
            Event::RoomClosed { .. } => "closed to one connection",
            Event::Signal { .. } if to.len() > 1 => "a signal to several",
            Event::Signal { .. } => "a signal",
            Event::Refused { refusal } => refusal.code(),
        });
    }

    fn remark_fact(&mut self, fact: &Fact) {
        let remark = match fact {
            Fact::Seated {
                room,
                peer,
                arrived: false,
                ..
            } => match self.witnesses.is_seated(&(room.clone(), peer.clone())) {
                true => "another connection",
                false => "back in time",
            },
            Fact::Seated { room, .. } if room.is_lobby() => "in the lobby",
            Fact::Departed {
                why: Departure::Closed,
                ..
            } => "gone with the room",
            Fact::Unseated { room, peer, .. } => match self.model.connections(room, peer) {
                0 => "no connection left",
                _ => "one connection less",
            },
            Fact::RoomClosed { .. } => "a room closed",
            _ => return,
        };
        self.came_up.insert(remark);
    }
}

/// All that can be seen of a hub.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    rosters: Vec<Option<Vec<Member>>>,
    timeout: Option<Instant>,
    rooms_used: usize,
}

impl Snapshot {
    fn of(hub: &Hub, rooms_used: usize) -> Self {
        Self {
            rosters: rooms().map(|room| hub.roster(&room)).collect(),
            timeout: hub.poll_timeout(),
            rooms_used,
        }
    }
}

fn rooms() -> impl Iterator<Item = RoomId> {
    ROOMS
        .into_iter()
        .map(|name| name.map_or(RoomId::LOBBY, RoomId::from))
}

/// What each connection is told, in order; in which order different connections are told means nothing.
fn by_connection(mut told: Vec<(ConnId, Event)>) -> Vec<(ConnId, Event)> {
    told.sort_by_key(|(conn, _)| *conn);
    told
}
