//! The two ends of one connection: both halves of a wire, fed into each other.

use switchboard_core::{Command, Event, Join, PeerId, Role, RoomId, Wire};
use switchboard_dialects::{
    ClientSide, Encoded, Introduction, ServerSide, Told, dialect, encode_shared,
};

use crate::company::{server, stamp};

/// Both halves of a wire, with a hub between them that agrees to everything.
pub(crate) struct Ends {
    wire: Wire,
    client: Box<dyn ClientSide>,
    server: Box<dyn ServerSide>,
}

impl Ends {
    /// The client has said nothing yet.
    pub(crate) fn new(wire: Wire, peer: &PeerId) -> Self {
        let introduction = Introduction {
            wire,
            peer: peer.clone(),
        };
        Self {
            wire,
            client: dialect(wire).client(introduction),
            server: server(wire),
        }
    }

    /// The client is in that room under that name.
    pub(crate) fn in_room(wire: Wire, room: &RoomId, peer: &PeerId) -> Self {
        let mut ends = Self::new(wire, peer);
        let join = Join {
            room: room.clone(),
            peer: peer.clone(),
            role: Role::Receiver,
        };
        ends.ask(&Command::Join {
            join,
            leaving: None,
        });
        ends
    }

    /// The client asks for something, and gets it; what the server understood.
    pub(crate) fn ask(&mut self, command: &Command) -> Vec<Command> {
        let mut messages = Vec::new();
        self.client.encode(command, &mut messages);
        let mut understood = Vec::new();
        for message in messages {
            let text = String::from_utf8(message).expect("a message is text");
            let before = understood.len();
            self.server
                .decode(&text, &mut understood)
                .unwrap_or_else(|problem| panic!("{problem}: {text}"));
            for command in &understood[before..] {
                self.agree(command);
            }
        }
        understood
    }

    /// The server tells something; what the client heard.
    pub(crate) fn tell(&mut self, event: &Event) -> Vec<Told> {
        let (mut message, mut shared) = (Vec::new(), Vec::new());
        let encoded = self.server.encode(event, stamp(), &mut message);
        match encode_shared(self.wire, event, stamp(), &mut shared) {
            Encoded::Personal => assert!(shared.is_empty()),
            same => assert_eq!((encoded, &message), (same, &shared), "not the same for all"),
        }
        let mut told = Vec::new();
        if encoded == Encoded::Frame {
            let text = String::from_utf8(message).expect("a message is text");
            self.client
                .decode(&text, &mut told)
                .unwrap_or_else(|problem| panic!("{problem}: {text}"));
        }
        told
    }

    fn agree(&mut self, command: &Command) {
        let left = |room: &RoomId| Event::Left {
            room: room.clone(),
            peer: "whoever it was".into(),
        };
        match command {
            Command::Join { join, leaving } => {
                if let Some(room) = leaving {
                    self.tell(&left(room));
                }
                let (room, peer, role) = (join.room.clone(), join.peer.clone(), join.role);
                self.tell(&Event::Joined {
                    room,
                    peer,
                    role,
                    members: Vec::new(),
                });
            }
            Command::Leave { room } => drop(self.tell(&left(room))),
            Command::Signal { .. } => {}
        }
    }
}
