//! Where a client is, and who else is, as far as it has been told.

use switchboard_core::{Event, PeerId, RoomId, Wire};
use switchboard_dialects::dialect;

#[derive(Debug)]
pub(crate) struct Whereabouts {
    wire: Wire,
    /// The room, as the server last said; `None` in none.
    pub(crate) room: Option<RoomId>,
    /// Who is there, in the order of coming as far as that is known.
    pub(crate) users: Vec<PeerId>,
}

impl Whereabouts {
    pub(crate) fn nowhere(wire: Wire) -> Self {
        Self {
            wire,
            room: None,
            users: Vec::new(),
        }
    }

    /// Takes note of an event.
    pub(crate) fn remember(&mut self, event: &Event) {
        match event {
            Event::Joined {
                room,
                peer,
                members,
                ..
            } => {
                self.room = Some(room.clone());
                self.users = members.iter().map(|member| member.peer.clone()).collect();
                self.add(peer);
            }
            Event::Left { room, .. } | Event::RoomClosed { room, .. } => {
                // The leave that a join elsewhere implies may be told after the join.
                if self.room.as_ref() == Some(room) {
                    self.room = dialect(self.wire)
                        .about()
                        .has_lobby
                        .then_some(RoomId::LOBBY);
                    self.users.clear();
                }
            }
            Event::PeerJoined { peer, .. } => self.add(peer),
            Event::PeerLeft { peer, .. } => self.users.retain(|user| user != peer),
            Event::Refused { .. } | Event::Signal { .. } => {}
        }
    }

    fn add(&mut self, peer: &PeerId) {
        if !self.users.contains(peer) {
            self.users.push(peer.clone());
        }
    }
}
