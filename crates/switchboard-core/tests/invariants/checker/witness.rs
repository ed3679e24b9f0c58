//! What those who only listen can know: each connection from what it is told, the bookkeeper from the facts.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_core::{ConnId, Event, Fact, Hub, PeerId, RoomId, Target};

/// A connection's place in a room.
type Place = (ConnId, RoomId);
/// A peer's place in a room.
type Presence = (RoomId, PeerId);

/// All listeners together. They know nothing of the rules, and find out when what they hear cannot be true.
#[derive(Debug, Default)]
pub(crate) struct Witnesses {
    /// Where each connection is, and as whom, from what it was told itself.
    entered: BTreeMap<Place, PeerId>,
    /// Who is in the room besides, from what a peer was told over its connections.
    views: BTreeMap<Presence, BTreeSet<PeerId>>,
    /// Connections that have ended.
    gone: BTreeSet<ConnId>,
    /// The same as `entered`, from the facts.
    seated: BTreeMap<Place, PeerId>,
    /// Who is present, from the facts.
    present: BTreeSet<Presence>,
    /// Which named rooms there are, from the facts.
    open: BTreeSet<RoomId>,
}

impl Witnesses {
    /// A connection ends; from now on it hears nothing.
    pub(crate) fn ends(&mut self, conn: ConnId) {
        self.gone.insert(conn);
        self.entered.retain(|(other, _), _| *other != conn);
        self.forget_views();
    }

    /// A connection is told something.
    pub(crate) fn hears(&mut self, conn: ConnId, event: &Event) {
        assert!(
            !self.gone.contains(&conn),
            "told to a connection that has ended: {event:?}"
        );
        match event {
            Event::Joined {
                room,
                peer,
                members,
                ..
            } => {
                let names: BTreeSet<PeerId> =
                    members.iter().map(|member| member.peer.clone()).collect();
                assert_eq!(names.len(), members.len(), "listed twice");
                assert_eq!(names.contains(peer), !room.is_lobby(), "not listed himself");
                let before = self.entered.insert((conn, room.clone()), peer.clone());
                assert!(
                    before.is_none_or(|before| before == *peer),
                    "two names in one room"
                );
                let known = self
                    .views
                    .insert((room.clone(), peer.clone()), names.clone());
                assert!(
                    known.is_none_or(|known| known == names),
                    "the list is not what was heard"
                );
            }
            Event::Left { room, peer } => {
                let was = self.entered.remove(&(conn, room.clone()));
                assert_eq!(was.as_ref(), Some(peer), "left where it was not");
                self.forget_views();
            }
            Event::RoomClosed { room, peer, .. } => {
                assert!(!room.is_lobby(), "the lobby stays");
                let was = self.entered.remove(&(conn, room.clone()));
                assert_eq!(was.as_ref(), Some(peer), "closed where it was not");
                self.forget_views();
            }
            Event::PeerJoined { room, peer, .. } => {
                let (own, view) = self.view(conn, room);
                assert_ne!(own, *peer, "told of itself");
                assert!(view.insert(peer.clone()), "a second join without a leave");
            }
            Event::PeerLeft { room, peer, .. } => {
                let (own, view) = self.view(conn, room);
                assert_ne!(own, *peer, "told of itself");
                assert!(view.remove(peer), "a leave without a join");
            }
            Event::Signal { room, from, signal } => {
                let (own, view) = self.view(conn, room);
                assert!(
                    room.is_lobby() || view.contains(from),
                    "heard from somebody who is not there"
                );
                assert_ne!(own, *from, "heard itself");
                if let Target::Peer(target) = &signal.to {
                    assert_eq!(own, *target, "heard what is not for it");
                }
            }
            Event::Refused { .. } => {}
        }
    }

    /// The bookkeeper takes note of something.
    pub(crate) fn notes(&mut self, fact: &Fact) {
        match fact {
            Fact::RoomOpened { room } => {
                assert!(!room.is_lobby());
                assert!(self.open.insert(room.clone()), "opened twice");
            }
            Fact::RoomClosed { room } => {
                assert!(self.open.remove(room), "closed without being open");
                let inside = self.present.iter().find(|(other, _)| other == room);
                assert_eq!(inside, None, "closed with somebody in it");
            }
            Fact::Seated {
                conn,
                room,
                peer,
                arrived,
            } => {
                assert!(room.is_lobby() || self.open.contains(room));
                let before = self.seated.insert((*conn, room.clone()), peer.clone());
                assert_eq!(before, None, "seated twice");
                let arrives = self.present.insert((room.clone(), peer.clone()));
                assert_eq!(arrives, *arrived, "was there before, or was not");
            }
            Fact::Unseated {
                conn, room, peer, ..
            } => {
                let was = self.seated.remove(&(*conn, room.clone()));
                assert_eq!(was.as_ref(), Some(peer), "unseated where it was not");
            }
            Fact::Departed { room, peer, .. } => {
                let presence = (room.clone(), peer.clone());
                assert!(self.present.remove(&presence), "departed without arriving");
                assert!(!self.is_seated(&presence), "departed with a connection");
            }
        }
    }

    /// What is known from listening is what the hub says when it is asked.
    pub(crate) fn agree_with(&self, hub: &Hub, rooms_used: usize) {
        assert_eq!(self.entered, self.seated, "told something else than noted");
        for (conn, room) in self.seated.keys() {
            assert!(hub.is_seated(*conn, room) && hub.is_attached(*conn));
        }
        for conn in &self.gone {
            assert!(!hub.is_attached(*conn), "attached after its end");
        }

        let rooms: BTreeMap<RoomId, usize> = hub
            .rooms()
            .map(|room| (room.id().clone(), room.peers()))
            .collect();
        assert!(rooms.keys().eq(&self.open), "{rooms:?}, {:?}", self.open);
        assert_eq!(rooms_used, rooms.len(), "the quota is not what there is");
        let mut present = BTreeSet::new();
        for room in rooms.keys().chain([&RoomId::LOBBY]) {
            let members = hub.roster(room).unwrap_or_default();
            if let Some(peers) = rooms.get(room) {
                assert_eq!(members.len(), *peers);
                assert_ne!(*peers, 0, "an empty room");
            }
            present.extend(
                members
                    .into_iter()
                    .map(|member| (room.clone(), member.peer)),
            );
        }
        assert_eq!(present, self.present, "who is there is not who came");

        for ((room, peer), view) in &self.views {
            let members = self.present.iter().filter(|(other, _)| other == room);
            let there: BTreeSet<PeerId> = members.map(|(_, peer)| peer.clone()).collect();
            assert!(
                room.is_lobby() || *view == there,
                "{peer} believes that {view:?} are in {room}, but {there:?} are"
            );
        }
    }

    /// The peers that have no connection at the moment.
    pub(crate) fn absent(&self) -> usize {
        let absent = |presence: &&Presence| !self.is_seated(presence);
        self.present.iter().filter(absent).count()
    }

    /// Whether a peer has a connection.
    pub(crate) fn is_seated(&self, (room, peer): &Presence) -> bool {
        self.seated
            .iter()
            .any(|((_, other), name)| other == room && name == peer)
    }

    /// Whether nobody and nothing is there.
    pub(crate) fn is_deserted(&self) -> bool {
        self.seated.is_empty() && self.present.is_empty() && self.open.is_empty()
    }

    fn view(&mut self, conn: ConnId, room: &RoomId) -> (PeerId, &mut BTreeSet<PeerId>) {
        let own = self.entered.get(&(conn, room.clone()));
        let own = own.expect("hears only of the rooms it is in").clone();
        let view = self.views.entry((room.clone(), own.clone())).or_default();
        (own, view)
    }

    /// A peer without connections hears nothing, so it knows nothing until it is listed the room again.
    fn forget_views(&mut self) {
        let entered = &self.entered;
        self.views.retain(|(room, peer), _| {
            entered
                .iter()
                .any(|((_, other), name)| other == room && name == peer)
        });
    }
}
