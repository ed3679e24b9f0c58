//! S1: `join-room` rooms over a plain WebSocket.
//!
//! `join-room` -> `join-success`; the others hear `user-joined` and `user-left`; every other message is forwarded
//! byte for byte. Source: docs/features.md, S1; gaps and examples: docs/dialects/join-room.md.

use std::borrow::Cow;

use switchboard_core::{Command, Event, Join, Payload, PeerId, Role, RoomId, Signal, Wire};

use crate::body::{Fields, Writer};
use crate::decimal::write_number;
use crate::dialect::{
    About, Asked, ClientSide, Dialect, Encoded, Introduction, Opening, ServerSide, Stamp, Told,
};
use crate::json::{Key, Message};
use crate::place::Place;
use crate::words::{addressee, complain, is_forged, kind_of, refuse, refused, required, signalled};
use crate::{DecodeError, Meaning, Said};

/// The wire.
pub const DIALECT: JoinRoom = JoinRoom;

/// `join-room` rooms.
#[derive(Clone, Copy, Debug)]
pub struct JoinRoom;

impl Dialect for JoinRoom {
    fn name(&self) -> &'static str {
        "join-room"
    }

    fn about(&self) -> About {
        About {
            summary: "rooms over a plain WebSocket, everything forwarded verbatim",
            rows: "S1.1-S1.4",
            opening: r#"{"type":"join-room","roomId":"studio","sender":"ann"}"#,
            tells_roster: false,
            answers_leave: false,
            has_lobby: false,
        }
    }

    fn recognises(&self, first: &Message<'_>) -> bool {
        matches!(first.str(Key::Type), Ok(Some(name)) if name == "join-room")
    }

    fn server(&self, opening: Opening<'_>) -> Box<dyn ServerSide> {
        Box::new(JoinRoomServer {
            wire: opening.wire,
            place: None,
        })
    }

    fn client(&self, introduction: Introduction) -> Box<dyn ClientSide> {
        Box::new(JoinRoomClient {
            introduction,
            room: None,
        })
    }

    fn announce(&self, event: &Event, out: &mut Vec<u8>) -> Encoded {
        let (name, peer) = match event {
            Event::PeerJoined { peer, .. } => ("user-joined", peer),
            Event::PeerLeft { peer, .. } => ("user-left", peer),
            Event::Signal { .. } => return Encoded::Nothing,
            Event::Joined { .. }
            | Event::Left { .. }
            | Event::RoomClosed { .. }
            | Event::Refused { .. } => return Encoded::Personal,
        };
        Writer::new(out, name)
            .string("userId", peer.as_bytes())
            .end();
        Encoded::Frame
    }

    fn target_key(&self) -> Key {
        Key::Target
    }

    fn read<'a>(&self, text: &'a str) -> Option<Meaning<'a>> {
        let fields = Fields::of_message(text)?;
        let name = fields.name();
        let meaning = match name.as_deref() {
            Some("offer") => described(&fields, "offer").map(|sdp| Meaning::Offer { sdp }),
            Some("answer") => described(&fields, "answer").map(|sdp| Meaning::Answer { sdp }),
            Some("ice-candidate" | "candidate") => {
                Meaning::candidate(&fields, &["data", "candidate"])
            }
            Some("chat") => fields.get("message").map(|text| Meaning::Chat { text }),
            _ => None,
        };
        Some(meaning.unwrap_or_else(|| Meaning::Other {
            name: name.unwrap_or(Cow::Borrowed("message")),
            fields: fields.without(&ROUTING),
        }))
    }

    fn write(&self, said: &Said<'_>, out: &mut Vec<u8>) -> Encoded {
        let room = said.room.name_bytes().unwrap_or_default();
        let start = |out, name| {
            Writer::new(out, name)
                .string("roomId", room)
                .string("sender", said.from.as_bytes())
        };
        // Clients of this wire read `data`, or a field named like the type; and some ignore what has no message id.
        match &said.meaning {
            Meaning::Offer { sdp } => describe(start(out, "offer"), "offer", sdp, said),
            Meaning::Answer { sdp } => describe(start(out, "answer"), "answer", sdp, said),
            Meaning::Candidate { init } => {
                let message = start(out, "ice-candidate")
                    .raw("data", init)
                    .raw("candidate", init);
                numbered(message, said).end();
            }
            Meaning::Chat { text } => numbered(start(out, "chat").raw("message", text), said).end(),
            Meaning::Other { name, fields } => {
                if is_forged(name, fields, &ANNOUNCEMENTS, Key::UserId, said.from) {
                    return Encoded::Untranslatable;
                }
                start(out, name).fields(fields, &ROUTING).end();
            }
        }
        Encoded::Frame
    }
}

/// Fields that only say where a message comes from and goes to.
const ROUTING: [&str; 4] = ["type", "roomId", "sender", "target"];

/// What only the server says of a peer, whom it names in `userId`.
const ANNOUNCEMENTS: [&str; 3] = ["join-success", "user-joined", "user-left"];

/// The SDP of a message: in `data`, as a description or a string, or in a field named like the type.
fn described<'a>(fields: &Fields<'a>, kind: &str) -> Option<&'a str> {
    let in_field = |name| {
        let whole = || {
            fields
                .object(name)
                .and_then(|description| description.string("sdp"))
        };
        fields.string(name).or_else(whole)
    };
    in_field("data").or_else(|| in_field(kind))
}

fn describe(message: Writer<'_>, kind: &'static str, sdp: &str, said: &Said<'_>) {
    let description = |out: &mut Vec<u8>| Writer::new(out, kind).raw("sdp", sdp).end();
    let message = message
        .written("data", description)
        .written(kind, description);
    numbered(message, said).end();
}

fn numbered<'o>(message: Writer<'o>, said: &Said<'_>) -> Writer<'o> {
    let quoted = |out: &mut Vec<u8>, write: &dyn Fn(&mut Vec<u8>)| {
        out.push(b'"');
        write(out);
        out.push(b'"');
    };
    message
        .written("messageId", |out| {
            quoted(out, &|out| {
                write_number(out, said.stamp.unix_millis);
                out.push(b'-');
                write_number(out, said.stamp.number());
            });
        })
        .written("timestamp", |out| {
            quoted(out, &|out| said.stamp.write_rfc3339(out));
        })
}

const MISSING: DecodeError = DecodeError::MissingField {
    fields: "roomId and sender",
};

#[derive(Debug)]
struct JoinRoomServer {
    wire: Wire,
    /// Where the connection is, as the hub last said.
    place: Option<Place>,
}

impl ServerSide for JoinRoomServer {
    fn decode(&mut self, text: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        let mut message = Message::unread(text);
        message.read()?;
        let name = message.str(Key::Type)?;
        if name.as_deref() == Some("join-room") {
            let room = required(&message, Key::RoomId, MISSING)?;
            let peer = required(&message, Key::Sender, MISSING)?;
            let join = Join {
                room: room.as_ref().into(),
                peer: peer.as_ref().into(),
                role: Role::Receiver,
            };
            into.push(Asked::Command(Place::enter(self.place.as_ref(), join)));
            return Ok(());
        }
        let Some(place) = &self.place else {
            return Err(DecodeError::NotInRoom {
                hint: "send join-room with roomId and sender",
            });
        };
        place.check_room(&message, Key::RoomId)?;
        place.check_sender(&message, Key::Sender)?;
        if name
            .as_deref()
            .is_some_and(|name| ANNOUNCEMENTS.contains(&name))
        {
            place.check_sender(&message, Key::UserId)?;
        }
        let room = place.room.clone();
        into.push(Asked::Command(if name.as_deref() == Some("leave-room") {
            Command::Leave { room }
        } else {
            let payload = Payload {
                wire: self.wire,
                body: text.as_bytes().to_vec(),
            };
            let signal = Signal {
                kind: kind_of(name.as_deref()),
                to: addressee(&message),
                payload,
            };
            Command::Signal { room, signal }
        }));
        Ok(())
    }

    fn encode(&mut self, event: &Event, stamp: Stamp<'_>, out: &mut Vec<u8>) -> Encoded {
        match event {
            Event::Joined { room, peer, .. } => {
                self.place = Some(Place {
                    room: room.clone(),
                    peer: peer.clone(),
                });
                let success = Writer::new(out, "join-success")
                    .string("roomId", room.name_bytes().unwrap_or_default());
                success.string("userId", peer.as_bytes()).end();
                Encoded::Frame
            }
            Event::Left { .. } | Event::RoomClosed { .. } => {
                // As published: who leaves hears nothing of it.
                self.place = None;
                Encoded::Nothing
            }
            Event::Refused { refusal } => {
                refuse(refusal, "target", out);
                Encoded::Frame
            }
            Event::PeerJoined { .. } | Event::PeerLeft { .. } | Event::Signal { .. } => {
                crate::encode_shared(self.wire, event, stamp, out)
            }
        }
    }

    fn complain(&self, problem: &DecodeError, out: &mut Vec<u8>) {
        complain(problem, out);
    }
}

#[derive(Debug)]
struct JoinRoomClient {
    introduction: Introduction,
    room: Option<RoomId>,
}

impl ClientSide for JoinRoomClient {
    fn encode(&mut self, command: &Command, into: &mut Vec<Vec<u8>>) {
        let mut out = Vec::new();
        let mut ask = |name, room: &RoomId, peer: &PeerId| {
            let message =
                Writer::new(&mut out, name).string("roomId", room.name_bytes().unwrap_or_default());
            message.string("sender", peer.as_bytes()).end();
        };
        match command {
            Command::Join { join, .. } => ask("join-room", &join.room, &join.peer),
            Command::Leave { room } => {
                ask("leave-room", room, &self.introduction.peer);
                self.room = None;
            }
            Command::Signal { signal, .. } if signal.payload.wire == self.introduction.wire => {
                out.extend_from_slice(&signal.payload.body);
            }
            Command::Signal { .. } => return,
        }
        into.push(out);
    }

    fn decode(&mut self, text: &str, into: &mut Vec<Told>) -> Result<(), DecodeError> {
        let message = Message::scan(text)?;
        let name = message.str(Key::Type)?;
        let room = self.room.clone().unwrap_or(RoomId::LOBBY);
        let who = || {
            let missing = DecodeError::MissingField { fields: "userId" };
            required(&message, Key::UserId, missing).map(|id| PeerId::from(id.as_ref()))
        };
        into.push(match name.as_deref() {
            Some("join-success") => {
                let room = required(
                    &message,
                    Key::RoomId,
                    DecodeError::MissingField { fields: "roomId" },
                )?;
                let room = RoomId::from(room.as_ref());
                let peer = who()?;
                self.room = Some(room.clone());
                self.introduction.peer = peer.clone();
                // This wire tells no roster.
                Told::Event(Event::Joined {
                    room,
                    peer,
                    role: Role::Receiver,
                    members: Vec::new(),
                })
            }
            Some("user-joined") => Told::Event(Event::PeerJoined {
                room,
                peer: who()?,
                role: Role::Receiver,
            }),
            Some("user-left") => Told::Event(Event::PeerLeft {
                room,
                peer: who()?,
                role: Role::Receiver,
            }),
            Some("error") => refused(&message),
            _ => {
                let from = message.id(Key::Sender).ok().flatten();
                signalled(
                    &message,
                    self.introduction.wire,
                    self.room.clone(),
                    from.as_deref(),
                    addressee(&message),
                )
            }
        });
        Ok(())
    }
}
