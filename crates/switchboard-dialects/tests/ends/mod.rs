//! The two ends of one connection: both halves of a wire, fed into each other.

use switchboard_core::{Command, Event, Join, PeerId, Role, RoomId, Wire};
use switchboard_dialects::{
    Asked, ClientSide, Encoded, Entrance, Introduction, ServerSide, Told, dialect, encode_shared,
};

use crate::company::{server, stamp};
use crate::exchange::{commands, form};

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
        let command = Command::Join {
            join,
            leaving: None,
        };
        match dialect(wire).entrance() {
            Entrance::Path(_) => {
                assert_eq!(ends.messages(&command), [""; 0]);
                ends.agree(&command);
            }
            Entrance::FirstMessage | Entrance::EngineIo(_) => drop(ends.ask(&command)),
        }
        ends
    }

    /// The client asks for something, and gets it; what the server understood.
    pub(crate) fn ask(&mut self, command: &Command) -> Vec<Command> {
        let mut understood = Vec::new();
        for text in self.messages(command) {
            let mut asked = Vec::new();
            for frame in form::frames(self.wire, &text) {
                self.server
                    .decode(frame, &mut asked)
                    .unwrap_or_else(|problem| panic!("{problem}: {text}"));
            }
            for asked in &asked {
                match asked {
                    Asked::Command(command) => self.agree(command),
                    Asked::Answer(answer) => drop(self.hear(answer)),
                    Asked::Release => {}
                }
            }
            understood.extend(commands(asked));
        }
        understood
    }

    /// What the client sends to ask for something.
    pub(crate) fn messages(&mut self, command: &Command) -> Vec<String> {
        let mut messages = Vec::new();
        self.client.encode(command, &mut messages);
        let text = |message| String::from_utf8(message).expect("a message is text");
        messages.into_iter().map(text).collect()
    }

    /// The server tells something; what the client heard.
    pub(crate) fn tell(&mut self, event: &Event) -> Vec<Told> {
        let (mut message, mut shared) = (Vec::new(), Vec::new());
        let encoded = self.server.encode(event, stamp(), &mut message);
        match encode_shared(self.wire, event, stamp(), &mut shared) {
            Encoded::Personal => assert!(shared.is_empty()),
            same => assert_eq!((encoded, &message), (same, &shared), "not the same for all"),
        }
        match encoded {
            Encoded::Frame => self.hear(&message),
            Encoded::Nothing | Encoded::Untranslatable | Encoded::Personal => Vec::new(),
        }
    }

    /// A message reaches the client.
    fn hear(&mut self, message: &[u8]) -> Vec<Told> {
        let text = std::str::from_utf8(message).expect("a message is text");
        let mut told = Vec::new();
        for frame in form::frames(self.wire, text) {
            self.client
                .decode(frame, &mut told)
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
