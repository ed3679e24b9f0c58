//! The client's half. Joining and leaving are the socket's opening and closing, so it has no words for them.

use switchboard_core::{
    Closing, Command, Event, Member, Payload, PeerId, Role, RoomId, Signal, Target,
};

use super::{EVERYONE, form, kind};
use crate::DecodeError;
use crate::body::Fields;
use crate::dialect::{ClientSide, Introduction, Told};
use crate::json::{Key, Message, unquote};

#[derive(Debug)]
pub(super) struct PathClient {
    introduction: Introduction,
    /// The room that was last asked for; the messages of this wire do not name it.
    room: RoomId,
}

impl PathClient {
    pub(super) fn new(introduction: Introduction) -> Self {
        Self {
            introduction,
            room: RoomId::LOBBY,
        }
    }
}

impl ClientSide for PathClient {
    fn encode(&mut self, command: &Command, into: &mut Vec<Vec<u8>>) {
        match command {
            Command::Join { join, .. } => {
                self.room = join.room.clone();
                self.introduction.peer = join.peer.clone();
            }
            Command::Leave { .. } => {}
            Command::Signal { signal, .. } => {
                if signal.payload.wire == self.introduction.wire {
                    into.push(signal.payload.body.clone());
                }
            }
        }
    }

    fn decode(&mut self, text: &str, into: &mut Vec<Told>) -> Result<(), DecodeError> {
        let message = Message::scan(text)?;
        let name = message.str(Key::Type)?.unwrap_or_default();
        let fields = Fields::of_message(text).unwrap_or_default();
        into.push(match form::sender(&fields) {
            Some(sender) => self.heard(&message, &name, &unquote(sender)),
            None => self.told(&message, &name)?,
        });
        Ok(())
    }
}

impl PathClient {
    /// What the server itself says.
    fn told(&self, message: &Message<'_>, name: &str) -> Result<Told, DecodeError> {
        let payload = message.raw(Key::Payload).and_then(Fields::parse);
        let payload = payload.unwrap_or_default();
        let text = |field| payload.string(field).map(|text| unquote(text).into_owned());
        let who = || {
            let user = text("user_id").map(PeerId::from);
            user.ok_or(DecodeError::MissingField {
                fields: "payload.user_id",
            })
        };
        let (room, role) = (self.room.clone(), Role::Receiver);
        Ok(match name {
            "room_users" => {
                let users = payload.get("users").unwrap_or("[]");
                let users: Vec<String> = serde_json::from_str(users).unwrap_or_default();
                let member = |user: String| Member {
                    peer: user.into(),
                    role,
                };
                Told::Event(Event::Joined {
                    room,
                    peer: self.introduction.peer.clone(),
                    role,
                    members: users.into_iter().map(member).collect(),
                })
            }
            "user_joined" => Told::Event(Event::PeerJoined {
                room,
                peer: who()?,
                role,
            }),
            "user_left" => Told::Event(Event::PeerLeft {
                room,
                peer: who()?,
                role,
            }),
            "room_closed" => {
                let peer = self.introduction.peer.clone();
                Told::Event(match text("reason").as_deref() {
                    Some(reason) if reason == Closing::Idle.name() => Event::RoomClosed {
                        room,
                        peer,
                        why: Closing::Idle,
                    },
                    // For a reason that we do not know: the client is out, and that is what is known.
                    _ => Event::Left { room, peer },
                })
            }
            "error" => Told::Refused {
                code: text("code").unwrap_or_default(),
                message: text("message").unwrap_or_default(),
            },
            _ => self.heard(message, name, ""),
        })
    }

    /// What somebody in the room says.
    fn heard(&self, message: &Message<'_>, name: &str, from: &str) -> Told {
        let target = message.id(Key::Target).ok().flatten();
        let target = target.filter(|target| !matches!(target.as_ref(), "" | EVERYONE));
        let to = target.map_or(Target::Everyone, |id| Target::Peer(id.as_ref().into()));
        Told::Event(Event::Signal {
            room: self.room.clone(),
            from: from.into(),
            signal: Signal {
                kind: kind(name),
                to,
                payload: Payload {
                    wire: self.introduction.wire,
                    body: message.text().as_bytes().to_vec(),
                },
            },
        })
    }
}
