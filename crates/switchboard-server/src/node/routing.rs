//! From what is asked for to who is told what: the rooms' shards, and what their hubs want done.

use std::sync::Arc;

use switchboard_core::{Closing, Command, ConnId, Event, Fact, Input, Output, RoomId};
use switchboard_dialects::dialect;

use super::{Node, Shard, give_back};
use crate::batch::Batch;
use crate::close::CloseReason;
use crate::connection::Connection;
use crate::delivery::deliver;
use crate::metrics::Received;

impl Node {
    pub(super) fn command(
        &self,
        connection: &Arc<Connection>,
        command: Command,
        batch: &mut Batch<'_>,
    ) {
        if let Some(wire) = connection.wire() {
            let what = Received::of(&command);
            batch.tools.tally.received(wire, what, &self.metrics);
        }
        let command = match command {
            Command::Signal { room, signal } => {
                let shard = self.shard(&room).lock();
                let (to, event) = shard.hub.route(connection.id, room, signal);
                return deliver(&shard.links, Some(connection), &to, &event, batch);
            }
            change => change,
        };
        let (room, elsewhere) = match &command {
            Command::Signal { room, .. } | Command::Leave { room } => (room, None),
            Command::Join { join, leaving } => {
                let elsewhere = leaving
                    .as_ref()
                    .filter(|old| self.shard_of(old) != self.shard_of(&join.room));
                (&join.room, elsewhere.cloned())
            }
        };
        let home = self.shard_of(room);
        let Some(old) = elsewhere else {
            let mut shard = self.shards[home].lock();
            return self.step(&mut shard, connection, command, batch);
        };
        // A move between two shards: the new place is taken before the old one is given up, and told after it.
        let (mut old_shard, mut new_shard) = self.lock_two(self.shard_of(&old), home);
        let room = room.clone();
        let conn = connection.id;
        new_shard
            .hub
            .handle(batch.now, Input::Command { conn, command });
        if new_shard.hub.is_seated(conn, &room) && old_shard.hub.is_seated(conn, &old) {
            let leave = Command::Leave { room: old };
            self.step(&mut old_shard, connection, leave, batch);
        }
        self.settle(&mut new_shard, Some(connection), batch);
    }

    fn step(
        &self,
        shard: &mut Shard,
        connection: &Arc<Connection>,
        command: Command,
        batch: &mut Batch<'_>,
    ) {
        shard.hub.handle(
            batch.now,
            Input::Command {
                conn: connection.id,
                command,
            },
        );
        self.settle(shard, Some(connection), batch);
    }

    /// Does what a hub wants done.
    pub(super) fn settle(
        &self,
        shard: &mut Shard,
        asker: Option<&Arc<Connection>>,
        batch: &mut Batch<'_>,
    ) {
        while let Some(output) = shard.hub.poll_output() {
            match output {
                Output::Deliver { to, event } => {
                    deliver(&shard.links, asker, &to, &event, batch);
                    if let Event::RoomClosed { .. } = event {
                        let links = to.iter().filter_map(|conn| shard.links.get(conn));
                        links.for_each(|link| link.close(CloseReason::RoomClosed, batch));
                    }
                }
                Output::Observe(fact) => self.observe(shard, asker, fact, batch),
            }
        }
    }

    fn observe(
        &self,
        shard: &mut Shard,
        asker: Option<&Arc<Connection>>,
        fact: Fact,
        batch: &mut Batch<'_>,
    ) {
        match &fact {
            Fact::Seated {
                conn,
                room,
                arrived,
                ..
            } => {
                if let Some(asker) = asker {
                    if !room.is_lobby() {
                        self.reactors
                            .gather(asker, || neighbour(shard, room, *conn));
                    }
                    shard.links.insert(*conn, Arc::clone(asker));
                    asker.speech().rooms.push(room.clone());
                }
                if *arrived {
                    self.metrics.peers.inc();
                }
            }
            Fact::Unseated { conn, room, .. } => {
                let link = asker.filter(|asker| asker.id == *conn);
                if let Some(link) = link.or_else(|| shard.links.get(conn)) {
                    link.speech().rooms.retain(|other| other != room);
                }
                if !shard.hub.is_attached(*conn) {
                    shard.links.remove(conn);
                    give_back(&mut shard.links);
                }
            }
            Fact::Departed { .. } => {
                self.metrics.peers.dec();
            }
            Fact::RoomOpened { .. } | Fact::RoomClosed { .. } => {}
        }
        let wire = asker.and_then(|asker| asker.wire());
        batch
            .tools
            .facts
            .push((fact, wire.map_or("", |wire| dialect(wire).name())));
    }

    /// When anybody last did something, in ticks, in the rooms that a connection is in.
    pub(crate) fn last_sign_around(&self, connection: &Connection) -> u32 {
        let rooms = connection.speech().rooms.clone();
        let mut newest = self.last_sign(connection);
        for room in rooms {
            let shard = self.shards[self.shard_of(&room)].lock();
            let links = shard.hub.room(&room).map(|room| room.connections());
            let signs = links
                .into_iter()
                .flatten()
                .filter_map(|conn| Some(self.last_sign(shard.links.get(&conn)?)));
            newest = signs.fold(newest, u32::max);
        }
        newest
    }

    /// Ends the rooms that a connection is in, with everybody in them.
    pub(crate) fn close_rooms_of(
        &self,
        connection: &Connection,
        why: Closing,
        batch: &mut Batch<'_>,
    ) {
        let rooms = connection.speech().rooms.clone();
        for room in rooms {
            let mut shard = self.shards[self.shard_of(&room)].lock();
            shard.hub.handle(batch.now, Input::Close { room, why });
            self.settle(&mut shard, None, batch);
        }
    }

    /// Lets peers go who dropped out and did not come back in time.
    pub(crate) fn expire(&self, batch: &mut Batch<'_>) {
        if self.config.timeouts.grace.is_zero() {
            return;
        }
        for shard in &self.shards {
            let mut shard = shard.lock();
            if shard.hub.poll_timeout().is_some_and(|at| at <= batch.now) {
                shard.hub.handle(batch.now, Input::Time);
                self.settle(&mut shard, None, batch);
            }
        }
    }
}

/// Somebody else in a room, if anybody is.
fn neighbour<'s>(shard: &'s Shard, room: &RoomId, newcomer: ConnId) -> Option<&'s Connection> {
    let mut others = shard.hub.room(room)?.connections();
    let other = others.find(|other| *other != newcomer)?;
    shard.links.get(&other).map(|link| &**link)
}
