//! A stage for the hub: connections act, time is virtual, and everything that is told must be in the script.
//!
//! Nothing goes unseen: [`Stage::expect`] fails on anything missing, wrong, out of order or left over, and a stage that
//! is dropped with something unexpected on it fails as well. Facts are looked at where a test asks for them.

#![allow(dead_code, reason = "each test file uses its own part of the stage")]

mod diff;
mod words;

use std::time::{Duration, Instant};

use switchboard_core::{
    Closing, Command, ConnId, Fact, Hub, Input, Join, Limits, Output, PeerId, RoomId, Signal,
};

pub(crate) use words::*;

/// A hub, the time, and what it has said so far that no test has looked at.
pub(crate) struct Stage {
    pub(crate) hub: Hub,
    now: Instant,
    told: Vec<Told>,
    facts: Vec<Fact>,
    connections: u64,
    /// Where each connection joined last, for lines that name no room.
    whereabouts: Vec<(ConnId, RoomId)>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self {
            hub: Hub::new(limits),
            now: Instant::now(),
            told: Vec::new(),
            facts: Vec::new(),
            connections: 0,
            whereabouts: Vec::new(),
        }
    }

    /// A connection that is nowhere yet.
    pub(crate) fn connect(&mut self) -> ConnId {
        self.connections += 1;
        ConnId::new(self.connections)
    }

    /// Sets the scene: all join over connections of their own. What that tells and causes is not looked at.
    pub(crate) fn join<const N: usize>(
        &mut self,
        room: impl Into<RoomId>,
        names: [impl Into<Who>; N],
    ) -> [ConnId; N] {
        self.expect([]);
        let room = room.into();
        let conns = names.map(|who| {
            let conn = self.connect();
            self.joins(conn, room.clone(), who);
            assert!(
                self.hub.is_seated(conn, &room),
                "the scene cannot be set: {:?}",
                self.told
            );
            conn
        });
        self.told.clear();
        self.facts.clear();
        conns
    }

    /// One connection asks to be in a room, giving up none.
    pub(crate) fn joins(&mut self, conn: ConnId, room: impl Into<RoomId>, who: impl Into<Who>) {
        self.asks_to_join(conn, None, room.into(), who.into());
    }

    /// One connection asks to be in a room instead of another.
    pub(crate) fn moves(
        &mut self,
        conn: ConnId,
        from: impl Into<RoomId>,
        to: impl Into<RoomId>,
        who: impl Into<Who>,
    ) {
        self.asks_to_join(conn, Some(from.into()), to.into(), who.into());
    }

    fn asks_to_join(&mut self, conn: ConnId, leaving: Option<RoomId>, room: RoomId, who: Who) {
        let join = Join {
            room: room.clone(),
            peer: PeerId::from(who.name),
            role: who.role,
        };
        self.asks(conn, Command::Join { join, leaving });
        if self.hub.is_seated(conn, &room) {
            self.whereabouts.retain(|(other, _)| *other != conn);
            self.whereabouts.push((conn, room));
        }
    }

    /// One connection says something in the room it joined last.
    pub(crate) fn says(&mut self, conn: ConnId, signal: Signal) {
        let room = self.whereabouts(conn);
        self.says_in(conn, room, signal);
    }

    /// One connection says something in the room of that name.
    pub(crate) fn says_in(&mut self, conn: ConnId, room: impl Into<RoomId>, signal: Signal) {
        let room = room.into();
        self.asks(conn, Command::Signal { room, signal });
    }

    /// One connection takes its leave of the room it joined last.
    pub(crate) fn leaves(&mut self, conn: ConnId) {
        let room = self.whereabouts(conn);
        self.leaves_from(conn, room);
    }

    /// One connection takes its leave of the room of that name.
    pub(crate) fn leaves_from(&mut self, conn: ConnId, room: impl Into<RoomId>) {
        let room = room.into();
        self.asks(conn, Command::Leave { room });
    }

    /// One connection ends without a word.
    pub(crate) fn drops(&mut self, conn: ConnId) {
        self.handle(Input::Detach { conn });
    }

    /// The room of that name is closed.
    pub(crate) fn closes(&mut self, room: impl Into<RoomId>, why: Closing) {
        let room = room.into();
        self.handle(Input::Close { room, why });
    }

    /// Time passes, and the hub is woken whenever it asked to be.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.hub.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Input::Time);
            let next = self.hub.poll_timeout();
            assert!(next != Some(at), "the hub asks for the same time again");
        }
        self.now = end;
        self.handle(Input::Time);
    }

    /// What time it is.
    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// How long from now the hub wants to be woken.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.hub.poll_timeout().map(|at| at - self.now)
    }

    /// Exactly this was told since the last look, in this order, and nothing else.
    #[track_caller]
    pub(crate) fn expect(&mut self, script: impl IntoIterator<Item = Told>) {
        let script: Vec<Told> = script.into_iter().collect();
        let told = std::mem::take(&mut self.told);
        if let Some(difference) = diff::lines(&script, &told) {
            panic!("what was told is not what was expected\n{difference}");
        }
    }

    /// Exactly this happened since the last look, in this order, and nothing else.
    #[track_caller]
    pub(crate) fn expect_facts(&mut self, script: impl IntoIterator<Item = Fact>) {
        let script: Vec<Fact> = script.into_iter().collect();
        let facts = std::mem::take(&mut self.facts);
        if let Some(difference) = diff::lines(&script, &facts) {
            panic!("what happened is not what was expected\n{difference}");
        }
    }

    /// Whatever happened until now is not looked at.
    pub(crate) fn forget_facts(&mut self) {
        self.facts.clear();
    }

    /// Who is in a room, in the order of joining; nobody if there is no such room.
    pub(crate) fn roster(&self, room: impl Into<RoomId>) -> Vec<String> {
        let members = self.hub.roster(&room.into()).unwrap_or_default();
        members
            .iter()
            .map(|member| member.peer.to_string())
            .collect()
    }

    /// The named rooms and how many peers each has, by name.
    pub(crate) fn rooms(&self) -> Vec<(String, usize)> {
        let mut rooms: Vec<_> = self
            .hub
            .rooms()
            .map(|room| (room.id().to_string(), room.peers()))
            .collect();
        rooms.sort_unstable();
        rooms
    }

    fn whereabouts(&self, conn: ConnId) -> RoomId {
        let place = self.whereabouts.iter().find(|(other, _)| *other == conn);
        place.expect("it joined a room before").1.clone()
    }

    fn asks(&mut self, conn: ConnId, command: Command) {
        self.handle(Input::Command { conn, command });
    }

    fn handle(&mut self, input: Input) {
        self.hub.handle(self.now, input);
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Deliver { to, event } => self.told.push(Told::new(to.to_vec(), event)),
                Output::Observe(fact) => self.facts.push(fact),
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.expect([]);
        }
    }
}
