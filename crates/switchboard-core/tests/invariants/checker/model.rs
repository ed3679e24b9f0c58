//! The same rules again, told naively: three lists, searched from end to end.

use std::time::Instant;

use switchboard_core::{
    Closing, Command, ConnId, Event, IdKind, IdProblem, Input, Join, Limits, Member, PeerId,
    Presence, Refusal, Role, RoomId, RoomView, Signal, Target,
};

/// What a hub ought to know, and what it ought to tell.
#[derive(Debug)]
pub(crate) struct Model {
    limits: Limits,
    /// Who is present, in the order of joining.
    present: Vec<Present>,
    /// Every connection in every room, in the order of joining.
    lines: Vec<Line>,
    /// Every room, by whom and when it was opened.
    opened: Vec<(RoomId, PeerId, Instant)>,
    told: Vec<(ConnId, Event)>,
}

#[derive(Debug)]
struct Present {
    room: RoomId,
    peer: PeerId,
    /// The role of its last connection, and when it counts as gone; while it has no connection.
    absent: Option<(Role, Instant)>,
    joined: Instant,
}

/// What can be seen of a room from outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    opener: PeerId,
    opened: Instant,
    peers: usize,
    is_connected: bool,
    presences: Vec<Presence>,
}

impl Seen {
    /// What a hub shows.
    pub(crate) fn of(room: RoomView<'_>) -> Self {
        let presences = room.presences();
        for presence in &presences {
            assert_eq!(room.presence(&presence.peer).as_ref(), Some(presence));
        }
        Self {
            opener: room.opener().clone(),
            opened: room.opened(),
            peers: room.peers(),
            is_connected: room.is_connected(),
            presences,
        }
    }
}

#[derive(Debug)]
struct Line {
    conn: ConnId,
    room: RoomId,
    peer: PeerId,
    role: Role,
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            present: Vec::new(),
            lines: Vec::new(),
            opened: Vec::new(),
            told: Vec::new(),
        }
    }

    /// What is told now, and to whom.
    pub(crate) fn handle(&mut self, now: Instant, input: &Input) -> Vec<(ConnId, Event)> {
        match input {
            Input::Command { conn, command } => match command {
                Command::Join { join, leaving } => {
                    self.join(*conn, join, leaving.as_ref(), now);
                }
                Command::Leave { room } if self.is_in(*conn, room) => self.leave(*conn, room),
                Command::Signal { room, signal } if self.is_in(*conn, room) => {
                    self.signal(*conn, room, signal);
                }
                Command::Leave { .. } | Command::Signal { .. } => {
                    self.refuse(*conn, Refusal::NotInRoom);
                }
            },
            Input::Detach { conn } => self.drop(*conn, now),
            Input::Close { room, why } => self.close(room, *why),
            Input::Time => self.expire(now),
        }
        let present = &self.present;
        self.opened
            .retain(|(room, ..)| present.iter().any(|present| present.room == *room));
        std::mem::take(&mut self.told)
    }

    /// Everybody in a room.
    pub(crate) fn roster(&self, room: &RoomId) -> Vec<Member> {
        let here = self.present.iter().filter(|present| present.room == *room);
        here.map(|present| Member {
            peer: present.peer.clone(),
            role: self.role(room, &present.peer),
        })
        .collect()
    }

    /// A room as it ought to look from outside; `None` if there is no such room.
    pub(crate) fn seen(&self, room: &RoomId) -> Option<Seen> {
        let (_, opener, opened) = self.opened.iter().find(|(other, ..)| other == room)?;
        let here = self.present.iter().filter(|present| present.room == *room);
        let presences: Vec<Presence> = here
            .map(|present| Presence {
                peer: present.peer.clone(),
                role: self.role(room, &present.peer),
                joined: present.joined,
                active: self.active(room, &present.peer),
            })
            .collect();
        Some(Seen {
            opener: opener.clone(),
            opened: *opened,
            peers: presences.len(),
            is_connected: self.lines.iter().any(|line| line.room == *room),
            presences,
        })
    }

    /// When the first of those who are absent counts as gone.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        let absent = self.present.iter().filter_map(|present| present.absent);
        absent.map(|(_, until)| until).min()
    }

    /// How many connections a peer has.
    pub(crate) fn connections(&self, room: &RoomId, peer: &PeerId) -> usize {
        self.lines_of(room, peer).count()
    }

    /// As whom a connection is in a room.
    pub(crate) fn name_of(&self, conn: ConnId, room: &RoomId) -> Option<PeerId> {
        let mut places = self.lines.iter();
        let line = places.find(|line| line.conn == conn && line.room == *room)?;
        Some(line.peer.clone())
    }

    fn join(&mut self, conn: ConnId, join: &Join, leaving: Option<&RoomId>, now: Instant) {
        let Join { room, peer, role } = join;
        if self.name_of(conn, room).as_ref() == Some(peer) {
            return self.welcome(conn, room);
        }
        if let Some(refusal) = self.objection(conn, join, leaving) {
            return self.refuse(conn, refusal);
        }
        if self.roster(room).is_empty() {
            self.opened.push((room.clone(), peer.clone(), now));
        }
        for other in leaving.into_iter().chain([room]) {
            if self.is_in(conn, other) {
                self.leave(conn, other);
            }
        }
        self.lines.push(Line {
            conn,
            room: room.clone(),
            peer: peer.clone(),
            role: *role,
        });
        let known = self
            .present
            .iter_mut()
            .find(|present| present.room == *room && present.peer == *peer);
        if let Some(present) = known {
            present.absent = None;
            return self.welcome(conn, room);
        }
        self.present.push(Present {
            room: room.clone(),
            peer: peer.clone(),
            absent: None,
            joined: now,
        });
        self.welcome(conn, room);
        self.announce(
            room,
            peer,
            &Event::PeerJoined {
                room: room.clone(),
                peer: peer.clone(),
                role: *role,
            },
        );
    }

    fn objection(&self, conn: ConnId, join: &Join, leaving: Option<&RoomId>) -> Option<Refusal> {
        let Join { room, peer, .. } = join;
        let names = [
            (IdKind::Peer, Some(peer.as_str())),
            (IdKind::Room, room.name()),
        ];
        for (kind, name) in names {
            let chars: Vec<char> = name
                .unwrap_or("no name at all: the lobby")
                .chars()
                .collect();
            let limit = self.limits.id_length;
            let problem = match chars.len() {
                _ if name.is_none() => continue,
                0 => IdProblem::Empty,
                chars if chars > limit => IdProblem::TooLong { chars, limit },
                _ if chars.iter().any(|c| c.is_control()) => IdProblem::ControlCharacter,
                _ => continue,
            };
            return Some(Refusal::InvalidId { kind, problem });
        }

        let here = self.roster(room);
        if here.is_empty() {
            let limit = self.limits.rooms.limit();
            let full = !room.is_lobby() && self.named_rooms().len() >= limit;
            return full.then_some(Refusal::TooManyRooms { limit });
        }
        if here.iter().any(|member| member.peer == *peer) {
            let limit = self.limits.connections_per_peer;
            let full = self.connections(room, peer) >= limit;
            return full.then_some(Refusal::TooManyConnections { limit });
        }
        let limit = match room.is_lobby() {
            true => self.limits.lobby_peers,
            false => self.limits.peers_per_room,
        };
        let old_name = self.name_of(conn, room).filter(|_| leaving == Some(room));
        let goes = old_name.is_some_and(|old| self.connections(room, &old) == 1);
        let remaining = here.len() - usize::from(goes);
        (remaining >= limit).then_some(Refusal::RoomFull { limit })
    }

    fn signal(&mut self, conn: ConnId, room: &RoomId, signal: &Signal) {
        let Some(from) = self.name_of(conn, room) else {
            return;
        };
        let event = Event::Signal {
            room: room.clone(),
            from: from.clone(),
            signal: signal.clone(),
        };
        match &signal.to {
            Target::Everyone => self.tell_others(room, &from, &event),
            Target::Peer(target) => {
                let others = self.lines_of(room, target).filter(|line| line.peer != from);
                match others.last().map(|line| line.conn) {
                    Some(active) => self.told.push((active, event)),
                    None => {
                        let target = target.clone();
                        self.refuse(conn, Refusal::TargetNotFound { target });
                    }
                }
            }
        }
    }

    fn leave(&mut self, conn: ConnId, room: &RoomId) {
        let Some(line) = self.unseat(conn, room) else {
            return;
        };
        let (room, peer) = (line.room.clone(), line.peer.clone());
        self.told.push((conn, Event::Left { room, peer }));
        if self.connections(&line.room, &line.peer) == 0 {
            self.depart(&line.room, &line.peer, line.role);
        }
    }

    fn drop(&mut self, conn: ConnId, now: Instant) {
        while let Some(last) = self.lines.iter().rfind(|line| line.conn == conn) {
            let room = last.room.clone();
            let Some(line) = self.unseat(conn, &room) else {
                return;
            };
            if self.connections(&room, &line.peer) > 0 {
                continue;
            }
            if self.limits.grace.is_zero() || room.is_lobby() {
                self.depart(&room, &line.peer, line.role);
                continue;
            }
            for present in &mut self.present {
                if present.room == room && present.peer == line.peer {
                    present.absent = Some((line.role, now + self.limits.grace));
                }
            }
        }
    }

    fn close(&mut self, room: &RoomId, why: Closing) {
        if room.is_lobby() {
            return;
        }
        for line in self.lines.extract_if(.., |line| line.room == *room) {
            let (room, peer) = (line.room, line.peer);
            let event = Event::RoomClosed { room, peer, why };
            self.told.push((line.conn, event));
        }
        self.present.retain(|present| present.room != *room);
    }

    fn expire(&mut self, now: Instant) {
        let mut gone: Vec<_> = self
            .present
            .iter()
            .filter_map(|present| {
                let (role, until) = present.absent?;
                (until <= now).then(|| (until, present.room.clone(), present.peer.clone(), role))
            })
            .collect();
        gone.sort_by(|a, b| (&a.0, &a.1, &a.2).cmp(&(&b.0, &b.1, &b.2)));
        for (_, room, peer, role) in gone {
            self.depart(&room, &peer, role);
        }
    }

    fn depart(&mut self, room: &RoomId, peer: &PeerId, role: Role) {
        self.present
            .retain(|present| present.room != *room || present.peer != *peer);
        self.announce(
            room,
            peer,
            &Event::PeerLeft {
                room: room.clone(),
                peer: peer.clone(),
                role,
            },
        );
    }

    fn unseat(&mut self, conn: ConnId, room: &RoomId) -> Option<Line> {
        let place = |line: &Line| line.conn == conn && line.room == *room;
        let at = self.lines.iter().position(place)?;
        Some(self.lines.remove(at))
    }

    fn welcome(&mut self, conn: ConnId, room: &RoomId) {
        let Some(peer) = self.name_of(conn, room) else {
            return;
        };
        let event = Event::Joined {
            room: room.clone(),
            role: self.role(room, &peer),
            peer,
            members: match room.is_lobby() {
                true => Vec::new(),
                false => self.roster(room),
            },
        };
        self.told.push((conn, event));
    }

    fn refuse(&mut self, conn: ConnId, refusal: Refusal) {
        self.told.push((conn, Event::Refused { refusal }));
    }

    /// Presence, of which the lobby has none.
    fn announce(&mut self, room: &RoomId, but: &PeerId, event: &Event) {
        if !room.is_lobby() {
            self.tell_others(room, but, event);
        }
    }

    fn tell_others(&mut self, room: &RoomId, but: &PeerId, event: &Event) {
        for Member { peer, .. } in self.roster(room) {
            if peer != *but
                && let Some(active) = self.active(room, &peer)
            {
                self.told.push((active, event.clone()));
            }
        }
    }

    fn role(&self, room: &RoomId, peer: &PeerId) -> Role {
        let kept = || {
            let mut absent = self.present.iter().filter_map(|present| {
                let (role, _) = present.absent?;
                (present.room == *room && present.peer == *peer).then_some(role)
            });
            absent.next()
        };
        let active = self.lines_of(room, peer).last().map(|line| line.role);
        active.or_else(kept).unwrap_or_default()
    }

    fn active(&self, room: &RoomId, peer: &PeerId) -> Option<ConnId> {
        self.lines_of(room, peer).last().map(|line| line.conn)
    }

    fn lines_of(&self, room: &RoomId, peer: &PeerId) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .filter(move |line| line.room == *room && line.peer == *peer)
    }

    fn is_in(&self, conn: ConnId, room: &RoomId) -> bool {
        self.name_of(conn, room).is_some()
    }

    fn named_rooms(&self) -> Vec<&RoomId> {
        let mut rooms: Vec<&RoomId> = self.present.iter().map(|present| &present.room).collect();
        rooms.retain(|room| !room.is_lobby());
        rooms.sort_unstable();
        rooms.dedup();
        rooms
    }
}
