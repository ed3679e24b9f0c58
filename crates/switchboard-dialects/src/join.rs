//! S0.10: the rooms of the Socket.IO document in plain JSON text frames.
//!
//! `join` -> `joined`, `leave` -> `leaved` (as the document spells it), `user-joined` and `user-left` to the others.
//! Every other object is what Socket.IO clients send as a `message` event: it names its `roomId` and is relayed as it
//! came. The wire `socketio` has the same objects in packets, and uses both halves from here. Source: docs/features.md,
//! S0; gaps and examples: docs/dialects/join.md.

use std::borrow::Cow;

use switchboard_core::{
    Command, Event, Join, Member, Payload, PeerId, Role, RoomId, Signal, SignalKind, Wire,
};

use crate::body::{Fields, Writer};
use crate::dialect::{
    About, Asked, ClientSide, Dialect, Encoded, Introduction, Opening, ServerSide, Stamp, Told,
};
use crate::json::{Key, Message, write_json_text};
use crate::place::Place;
use crate::words::{addressee, complain, kind_of, refuse, refused, required, signalled};
use crate::{DecodeError, Meaning, Said};

/// The wire.
pub const DIALECT: JoinJson = JoinJson;

/// `join`/`leave` rooms as plain JSON.
#[derive(Clone, Copy, Debug)]
pub struct JoinJson;

impl Dialect for JoinJson {
    fn name(&self) -> &'static str {
        "join"
    }

    fn about(&self) -> About {
        About {
            summary: "rooms of the Socket.IO document, as plain JSON",
            rows: "S0.2-S0.5, S0.10",
            opening: r#"{"type":"join","userId":"ann","roomId":"studio"}"#,
            tells_roster: true,
            answers_leave: true,
            has_lobby: false,
        }
    }

    fn recognises(&self, first: &Message<'_>) -> bool {
        matches!(first.str(Key::Type), Ok(Some(name)) if name == "join")
            && (first.has(Key::UserId) || first.has(Key::RoomId))
    }

    fn server(&self, opening: Opening<'_>) -> Box<dyn ServerSide> {
        Box::new(JoinServer::new(opening.wire))
    }

    fn client(&self, introduction: Introduction) -> Box<dyn ClientSide> {
        Box::new(JoinClient::new(introduction))
    }

    fn announce(&self, event: &Event, out: &mut Vec<u8>) -> Encoded {
        let (name, room, peer) = match event {
            Event::PeerJoined { room, peer, .. } => ("user-joined", room, peer),
            Event::PeerLeft { room, peer, .. } => ("user-left", room, peer),
            Event::Signal { .. } => return Encoded::Nothing,
            Event::Joined { .. }
            | Event::Left { .. }
            | Event::RoomClosed { .. }
            | Event::Refused { .. } => return Encoded::Personal,
        };
        presence(name, room, peer, out).end();
        Encoded::Frame
    }

    fn target_key(&self) -> Key {
        Key::Target
    }

    fn read<'a>(&self, text: &'a str) -> Option<Meaning<'a>> {
        let fields = Fields::of_message(text)?;
        let name = fields.name();
        let whole = |kind| fields.get(kind).and_then(whole);
        let described = |kind| fields.string("sdp").or_else(|| whole(kind));
        let offer = |sdp| Meaning::Offer { sdp };
        let answer = |sdp| Meaning::Answer { sdp };
        let meaning = match name.as_deref() {
            Some("offer") => described("offer").map(offer),
            Some("answer") => described("answer").map(answer),
            Some("candidate" | "ice-candidate") => Meaning::candidate(&fields, &["candidate"]),
            Some("chat") => fields.get("message").map(|text| Meaning::Chat { text }),
            name if says_nothing(name) => {
                let offer = whole("offer").map(offer);
                offer.or_else(|| whole("answer").map(answer))
            }
            _ => None,
        };
        Some(meaning.unwrap_or_else(|| Meaning::Other {
            name: name.unwrap_or(Cow::Borrowed("message")),
            fields: fields.without(&ROUTING),
        }))
    }

    fn write(&self, said: &Said<'_>, out: &mut Vec<u8>) -> Encoded {
        let message = match &said.meaning {
            Meaning::Offer { sdp } => Writer::new(out, "offer").raw("sdp", sdp),
            Meaning::Answer { sdp } => Writer::new(out, "answer").raw("sdp", sdp),
            Meaning::Candidate { init } => Writer::new(out, "candidate").raw("candidate", init),
            Meaning::Chat { text } => Writer::new(out, "chat").raw("message", text),
            Meaning::Other { name, fields } => Writer::new(out, name).fields(fields, &ROUTING),
        };
        let from = said.from.as_bytes();
        // Both, because clients of this wire look for either.
        let message = message
            .string("roomId", said.room.name_bytes().unwrap_or_default())
            .string("userId", from);
        message.string("from", from).end();
        Encoded::Frame
    }
}

/// Fields that only say where a message comes from and goes to.
const ROUTING: [&str; 5] = ["type", "roomId", "userId", "from", "target"];

const BOTH: DecodeError = DecodeError::MissingField {
    fields: "userId and roomId",
};

/// The server's half, which knows what each object asks for.
#[derive(Debug)]
pub(crate) struct JoinServer {
    wire: Wire,
    /// Where the connection is, as the hub last said.
    place: Option<Place>,
}

impl ServerSide for JoinServer {
    fn decode(&mut self, text: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        let mut message = Message::unread(text);
        message.read()?;
        let command = match message.str(Key::Type)?.as_deref() {
            Some("join") => self.join(&message)?,
            Some("leave") => self.leave(&message)?,
            _ => self.relay(&message, || Payload {
                wire: self.wire,
                body: text.as_bytes().to_vec(),
            })?,
        };
        into.push(Asked::Command(command));
        Ok(())
    }

    fn encode(&mut self, event: &Event, stamp: Stamp<'_>, out: &mut Vec<u8>) -> Encoded {
        match event {
            Event::Joined {
                room,
                peer,
                members,
                ..
            } => {
                self.place = Some(Place {
                    room: room.clone(),
                    peer: peer.clone(),
                });
                let names = members.iter().map(|member| &member.peer);
                presence("joined", room, peer, out)
                    .array("users", names, |out, name| {
                        write_json_text(out, name.as_bytes())
                    })
                    .end();
            }
            Event::Left { room, peer } | Event::RoomClosed { room, peer, .. } => {
                self.place = None;
                presence("leaved", room, peer, out).end();
            }
            Event::Refused { refusal } => refuse(refusal, "target", out),
            Event::PeerJoined { .. } | Event::PeerLeft { .. } | Event::Signal { .. } => {
                return crate::encode_shared(self.wire, event, stamp, out);
            }
        }
        Encoded::Frame
    }

    fn complain(&self, problem: &DecodeError, out: &mut Vec<u8>) {
        complain(problem, out);
    }
}

/// What a message is: clients of this wire also send descriptions whole, under no particular type.
fn kind_of_message(message: &Message<'_>, name: Option<&str>) -> SignalKind {
    let holds = |key| message.raw(key).and_then(whole).is_some();
    match kind_of(name) {
        SignalKind::Other if says_nothing(name) && holds(Key::Offer) => SignalKind::Offer,
        SignalKind::Other if says_nothing(name) && holds(Key::Answer) => SignalKind::Answer,
        kind => kind,
    }
}

/// Whether a type leaves open what the message is, so that its fields tell.
fn says_nothing(name: Option<&str>) -> bool {
    matches!(name, None | Some("message"))
}

/// The SDP of a description that a field holds.
fn whole(description: &str) -> Option<&str> {
    Fields::parse(description)?.string("sdp")
}

impl JoinServer {
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire, place: None }
    }

    /// The room the connection is in, if it is in one.
    pub(crate) fn room(&self) -> Option<&RoomId> {
        self.place.as_ref().map(|place| &place.room)
    }

    /// What a `join` asks for, whatever its `type`.
    pub(crate) fn join(&self, message: &Message<'_>) -> Result<Command, DecodeError> {
        let peer = required(message, Key::UserId, BOTH)?;
        let room = required(message, Key::RoomId, BOTH)?;
        let join = Join {
            room: room.as_ref().into(),
            peer: peer.as_ref().into(),
            role: Role::Receiver,
        };
        Ok(Place::enter(self.place.as_ref(), join))
    }

    /// What a `leave` asks for, whatever its `type`.
    pub(crate) fn leave(&self, message: &Message<'_>) -> Result<Command, DecodeError> {
        required(message, Key::UserId, BOTH)?;
        required(message, Key::RoomId, BOTH)?;
        let place = self.here()?;
        place.check_room(message, Key::RoomId)?;
        place.check_sender(message, Key::UserId)?;
        Ok(Command::Leave {
            room: place.room.clone(),
        })
    }

    /// What a message for others asks for; `payload` is how it travels on.
    pub(crate) fn relay(
        &self,
        message: &Message<'_>,
        payload: impl FnOnce() -> Payload,
    ) -> Result<Command, DecodeError> {
        let name = message.str(Key::Type)?;
        let is_here = |place: &&Place| place.is_in(message, Key::RoomId);
        let place = match self.place.as_ref().filter(is_here) {
            Some(place) => place,
            None => {
                const MISSING: DecodeError = DecodeError::MissingField { fields: "roomId" };
                required(message, Key::RoomId, MISSING)?;
                let place = self.here()?;
                place.check_room(message, Key::RoomId)?;
                place
            }
        };
        place.check_sender(message, Key::UserId)?;
        place.check_sender(message, Key::From)?;
        let signal = Signal {
            kind: kind_of_message(message, name.as_deref()),
            to: addressee(message),
            payload: payload(),
        };
        Ok(Command::Signal {
            room: place.room.clone(),
            signal,
        })
    }

    fn here(&self) -> Result<&Place, DecodeError> {
        self.place.as_ref().ok_or(DecodeError::NotInRoom {
            hint: "send join with userId and roomId",
        })
    }
}

fn presence<'o>(name: &str, room: &RoomId, peer: &PeerId, out: &'o mut Vec<u8>) -> Writer<'o> {
    Writer::new(out, name)
        .string("userId", peer.as_bytes())
        .string("roomId", room.name_bytes().unwrap_or_default())
}

/// The client's half.
#[derive(Debug)]
pub(crate) struct JoinClient {
    introduction: Introduction,
    room: Option<RoomId>,
}

impl JoinClient {
    pub(crate) fn new(introduction: Introduction) -> Self {
        Self {
            introduction,
            room: None,
        }
    }

    /// The room has gone, without a word from the server.
    pub(crate) fn forget(&mut self) -> Option<Event> {
        let peer = self.introduction.peer.clone();
        let room = self.room.take()?;
        Some(Event::Left { room, peer })
    }

    /// What an object tells that comes under this name.
    pub(crate) fn told(
        &mut self,
        name: Option<&str>,
        message: &Message<'_>,
    ) -> Result<Told, DecodeError> {
        let who = || required(message, Key::UserId, BOTH).map(|id| PeerId::from(id.as_ref()));
        let room = || required(message, Key::RoomId, BOTH).map(|id| RoomId::from(id.as_ref()));
        Ok(match name {
            Some("joined") => {
                self.room = Some(room()?);
                self.introduction.peer = who()?;
                let users = message.raw(Key::Users).unwrap_or("[]");
                let users: Vec<String> = serde_json::from_str(users).unwrap_or_default();
                let member = |name: String| Member {
                    peer: name.into(),
                    role: Role::Receiver,
                };
                let members = users.into_iter().map(member).collect();
                Told::Event(Event::Joined {
                    room: room()?,
                    peer: who()?,
                    role: Role::Receiver,
                    members,
                })
            }
            Some("leaved") => {
                self.room = None;
                Told::Event(Event::Left {
                    room: room()?,
                    peer: who()?,
                })
            }
            Some("user-joined") => Told::Event(Event::PeerJoined {
                room: room()?,
                peer: who()?,
                role: Role::Receiver,
            }),
            Some("user-left") => Told::Event(Event::PeerLeft {
                room: room()?,
                peer: who()?,
                role: Role::Receiver,
            }),
            Some("error") => refused(message),
            _ => {
                let from = message
                    .id(Key::UserId)
                    .ok()
                    .flatten()
                    .or(message.id(Key::From).ok().flatten());
                signalled(
                    message,
                    self.introduction.wire,
                    self.room.clone(),
                    from.as_deref(),
                    addressee(message),
                )
            }
        })
    }
}

impl ClientSide for JoinClient {
    fn encode(&mut self, command: &Command, into: &mut Vec<Vec<u8>>) {
        let mut out = Vec::new();
        match command {
            Command::Join { join, .. } => presence("join", &join.room, &join.peer, &mut out).end(),
            Command::Leave { room } => {
                presence("leave", room, &self.introduction.peer, &mut out).end()
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
        into.push(self.told(name.as_deref(), &message)?);
        Ok(())
    }
}
