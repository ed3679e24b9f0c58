//! S2 and S4: clients that register an id, then speak by id, in the lobby or in a room with roles.
//!
//! `register` -> `registered`, `join` -> `joined` with the others, `peer-joined` and `peer-left`; everything else is
//! relayed with `from` set by the server. Source: docs/features.md, S2 and S4; gaps and examples:
//! docs/dialects/register.md.

use std::borrow::Cow;

use serde::Deserialize;
use switchboard_core::{
    Command, Event, Join, Member, Payload, PeerId, Role, RoomId, Signal, SignalKind, Target, Wire,
};

use crate::body::{Fields, Writer};
use crate::dialect::{
    About, Asked, ClientSide, Dialect, Encoded, Introduction, Opening, ServerSide, Stamp, Told,
};
use crate::json::{Key, Message, fold_neighbours};
use crate::place::Place;
use crate::words::{complain, is_forged, kind_of, refuse, refused, required, signalled};
use crate::{DecodeError, Meaning, Said};

/// The wire.
pub const DIALECT: Register = Register;

/// The id router with rooms.
#[derive(Clone, Copy, Debug)]
pub struct Register;

impl Dialect for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn about(&self) -> About {
        About {
            summary: "register an id, then direct or broadcast relay; rooms with sender and receiver roles",
            rows: "S2.1-S2.3, S4.1-S4.3",
            opening: r#"{"type":"register","client_id":"ann"}"#,
            tells_roster: true,
            answers_leave: true,
            has_lobby: true,
        }
    }

    fn recognises(&self, first: &Message<'_>) -> bool {
        matches!(first.str(Key::Type), Ok(Some(name)) if name == "register")
    }

    fn server(&self, opening: Opening<'_>) -> Box<dyn ServerSide> {
        let lobby = opening
            .options
            .register
            .lobby_room
            .as_deref()
            .map_or(RoomId::LOBBY, RoomId::from);
        Box::new(RegisterServer {
            wire: opening.wire,
            lobby,
            spare_id: opening.spare_id.into(),
            place: None,
            registering: false,
        })
    }

    fn client(&self, introduction: Introduction) -> Box<dyn ClientSide> {
        Box::new(RegisterClient {
            introduction,
            registered: false,
            room: RoomId::LOBBY,
        })
    }

    fn announce(&self, event: &Event, out: &mut Vec<u8>) -> Encoded {
        let (name, room, peer, role) = match event {
            Event::PeerJoined { room, peer, role } => ("peer-joined", room, peer, role),
            Event::PeerLeft { room, peer, role } => ("peer-left", room, peer, role),
            Event::Signal { .. } => return Encoded::Nothing,
            Event::Joined { .. }
            | Event::Left { .. }
            | Event::RoomClosed { .. }
            | Event::Refused { .. } => return Encoded::Personal,
        };
        let message = Writer::new(out, name)
            .string("client_id", peer.as_bytes())
            .string("role", role_name(*role));
        message
            .string("room_id", room.name_bytes().unwrap_or_default())
            .end();
        Encoded::Frame
    }

    fn target_key(&self) -> Key {
        Key::TargetId
    }

    fn read<'a>(&self, text: &'a str) -> Option<Meaning<'a>> {
        let fields = Fields::of_message(text)?;
        let name = fields.name();
        let meaning = match name.as_deref() {
            Some("offer") => fields.string("sdp").map(|sdp| Meaning::Offer { sdp }),
            Some("answer") => fields.string("sdp").map(|sdp| Meaning::Answer { sdp }),
            Some("candidate" | "ice-candidate") => Meaning::candidate(&fields, &["candidate"]),
            Some("chat") => fields.get("message").map(|text| Meaning::Chat { text }),
            _ => None,
        };
        Some(meaning.unwrap_or_else(|| Meaning::Other {
            name: name.unwrap_or(Cow::Borrowed("message")),
            fields: fields.without(&ROUTING),
        }))
    }

    fn carries(&self, signal: &Signal) -> bool {
        if signal.kind != SignalKind::Candidate {
            return true;
        }
        let body = &signal.payload.body;
        if !may_hold_nothing(body) {
            return true;
        }
        let fields = std::str::from_utf8(body).ok().and_then(Fields::of_message);
        let candidate = fields
            .filter(|fields| fields.name().as_deref() == Some("candidate"))
            .and_then(|fields| Meaning::candidate(&fields, &["candidate"]));
        !candidate.is_some_and(|candidate| candidate.is_end_of_candidates())
    }

    fn write(&self, said: &Said<'_>, out: &mut Vec<u8>) -> Encoded {
        // Receivers of this wire need no end of candidates, and die of what is called a description or a candidate and
        // is none that they can take.
        if said.meaning.is_end_of_candidates() {
            return Encoded::Nothing;
        }
        let is_fit = match &said.meaning {
            Meaning::Other { name, fields } => {
                !DEMANDING.contains(&name.as_ref())
                    && !is_forged(name, fields, &ANNOUNCEMENTS, Key::ClientId, said.from)
            }
            Meaning::Candidate { .. } => said.meaning.is_placed(),
            Meaning::Offer { .. } | Meaning::Answer { .. } | Meaning::Chat { .. } => true,
        };
        if !is_fit {
            return Encoded::Untranslatable;
        }
        let message = match &said.meaning {
            Meaning::Offer { sdp } => Writer::new(out, "offer").raw("sdp", sdp),
            Meaning::Answer { sdp } => Writer::new(out, "answer").raw("sdp", sdp),
            Meaning::Candidate { init } => Writer::new(out, "candidate").raw("candidate", init),
            Meaning::Chat { text } => Writer::new(out, "chat").raw("message", text),
            Meaning::Other { name, fields } => Writer::new(out, name).fields(fields, &ROUTING),
        };
        message.string("from", said.from.as_bytes()).end();
        Encoded::Frame
    }
}

/// Fields that only say where a message comes from and goes to.
const ROUTING: [&str; 4] = ["type", "room_id", "target_id", "from"];

/// What only the server says of a client, whom it names in `client_id`.
const ANNOUNCEMENTS: [&str; 5] = ["registered", "joined", "left", "peer-joined", "peer-left"];

/// What published receivers take by its type, whatever is in it.
const DEMANDING: [&str; 3] = ["offer", "answer", "candidate"];

/// Whether a message may hold `null` or an empty string: an `l` or a quote twice. An end of candidates has one of them,
/// and most candidates have neither, so that they need not be read.
fn may_hold_nothing(message: &[u8]) -> bool {
    // 0 where there is one.
    let least = fold_neighbours(message, u8::MAX, |least, byte, next| {
        least.min((byte ^ next) | (byte ^ b'l').min(byte ^ b'"'))
    });
    least == 0
}

#[derive(Debug)]
struct RegisterServer {
    wire: Wire,
    /// Where registered clients are who joined no room.
    lobby: RoomId,
    /// The id of a client that asks for none in particular.
    spare_id: Box<str>,
    /// Where the connection is, as the hub last said; `None` until it is registered.
    place: Option<Place>,
    /// Whether the next `Joined` answers a registration.
    registering: bool,
}

impl ServerSide for RegisterServer {
    fn decode(&mut self, text: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        let mut message = Message::unread(text);
        message.read()?;
        // Where the published server wants a string it relays anything; so do we, except where it decides the way.
        let name = message.str(Key::Type)?;
        if name.as_deref() == Some("register") {
            return self.register(&message, into);
        }
        let place = self
            .place
            .as_ref()
            .ok_or(DecodeError::RegistrationRequired)?;
        match name.as_deref() {
            Some("join") => {
                let room = required(
                    &message,
                    Key::RoomIdSnake,
                    DecodeError::MissingField { fields: "room_id" },
                )?;
                let join = Join {
                    room: room.as_ref().into(),
                    peer: place.peer.clone(),
                    role: role_of(&message)?,
                };
                into.push(Asked::Command(Place::enter(Some(place), join)));
            }
            Some("leave") => {
                if place.room == self.lobby {
                    return Err(DecodeError::NotInRoom {
                        hint: "send join with room_id",
                    });
                }
                place.check_room(&message, Key::RoomIdSnake)?;
                let lobby = Join {
                    room: self.lobby.clone(),
                    peer: place.peer.clone(),
                    role: Role::default(),
                };
                into.push(Asked::Command(Command::Leave {
                    room: place.room.clone(),
                }));
                into.push(Asked::Command(Command::Join {
                    join: lobby,
                    leaving: None,
                }));
            }
            _ => {
                if name
                    .as_deref()
                    .is_some_and(|name| ANNOUNCEMENTS.contains(&name))
                {
                    place.check_sender(&message, Key::ClientId)?;
                }
                let to = addressed(&message)?;
                let me = place.peer.as_bytes();
                let mut body = Vec::with_capacity(message.len_with_text(Key::From, me));
                message.with_text(Key::From, me, &mut body);
                let payload = Payload {
                    wire: self.wire,
                    body,
                };
                let signal = Signal {
                    kind: kind_of(name.as_deref()),
                    to,
                    payload,
                };
                into.push(Asked::Command(Command::Signal {
                    room: place.room.clone(),
                    signal,
                }));
            }
        }
        Ok(())
    }

    fn encode(&mut self, event: &Event, stamp: Stamp<'_>, out: &mut Vec<u8>) -> Encoded {
        match event {
            Event::Joined {
                room,
                peer,
                role,
                members,
            } => {
                self.place = Some(Place {
                    room: room.clone(),
                    peer: peer.clone(),
                });
                if std::mem::take(&mut self.registering) {
                    Writer::new(out, "registered")
                        .string("client_id", peer.as_bytes())
                        .end();
                } else if *room == self.lobby && room.is_lobby() {
                    // Back from a room, which `left` has said already.
                    return Encoded::Nothing;
                } else {
                    joined(room, peer, *role, members, out);
                }
                Encoded::Frame
            }
            Event::Left { room, peer } => {
                if *room == self.lobby {
                    return Encoded::Nothing;
                }
                left(room, peer, out);
                Encoded::Frame
            }
            Event::RoomClosed { room, peer, .. } => {
                self.place = None;
                left(room, peer, out);
                Encoded::Frame
            }
            Event::Refused { refusal } => {
                self.registering = false;
                refuse(refusal, "target_id", out);
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

impl RegisterServer {
    fn register(
        &mut self,
        message: &Message<'_>,
        into: &mut Vec<Asked>,
    ) -> Result<(), DecodeError> {
        let id = match message.id(Key::ClientId) {
            _ if message.is_null(Key::ClientId) => None,
            Ok(id) => id.filter(|id| !id.is_empty()),
            Err(wrong) if self.place.is_none() => return Err(DecodeError::BadRegistration(wrong)),
            Err(wrong) => return Err(wrong.into()),
        };
        let now = self.place.as_ref();
        let peer = match (id, now) {
            (Some(id), _) => PeerId::from(id.as_ref()),
            (None, Some(place)) => place.peer.clone(),
            (None, None) => PeerId::from(&*self.spare_id),
        };
        // The same id again changes nothing, wherever the client is by now.
        let stays = now.filter(|place| place.peer == peer);
        let room = stays.map_or_else(|| self.lobby.clone(), |place| place.room.clone());
        self.registering = true;
        into.push(Asked::Command(Place::enter(
            now,
            Join {
                room,
                peer,
                role: Role::default(),
            },
        )));
        Ok(())
    }
}

fn joined(room: &RoomId, peer: &PeerId, role: Role, members: &[Member], out: &mut Vec<u8>) {
    let others = members.iter().filter(|member| member.peer != *peer);
    Writer::new(out, "joined")
        .string("room_id", room.name_bytes().unwrap_or_default())
        .string("role", role_name(role))
        .string("client_id", peer.as_bytes())
        .array("peers", others, |out, member| {
            Writer::untyped(out, "client_id", member.peer.as_bytes())
                .string("role", role_name(member.role))
                .end();
        })
        .end();
}

fn left(room: &RoomId, peer: &PeerId, out: &mut Vec<u8>) {
    Writer::new(out, "left")
        .string("room_id", room.name_bytes().unwrap_or_default())
        .string("client_id", peer.as_bytes())
        .end();
}

/// Whom a message is for: `target_id`, where that is not absent, `null` or empty.
fn addressed(message: &Message<'_>) -> Result<Target, DecodeError> {
    if message.is_null(Key::TargetId) {
        return Ok(Target::Everyone);
    }
    let target = message.id(Key::TargetId)?.filter(|id| !id.is_empty());
    Ok(target.map_or(Target::Everyone, |id| Target::Peer(id.as_ref().into())))
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Sender => "sender",
        Role::Receiver => "receiver",
    }
}

/// The role a client asks for; receiver if it does not say.
fn role_of(message: &Message<'_>) -> Result<Role, DecodeError> {
    if message.is_null(Key::Role) {
        return Ok(Role::Receiver);
    }
    match message.str(Key::Role)?.as_deref() {
        Some("sender") => Ok(Role::Sender),
        Some("receiver") | None => Ok(Role::Receiver),
        Some(_) => Err(DecodeError::WrongValue {
            field: "role",
            expected: "\"sender\" or \"receiver\"",
        }),
    }
}

#[derive(Debug)]
struct RegisterClient {
    introduction: Introduction,
    registered: bool,
    room: RoomId,
}

/// One entry of `joined.peers`.
#[derive(Deserialize)]
struct Entry {
    client_id: String,
    #[serde(default)]
    role: String,
}

impl ClientSide for RegisterClient {
    fn encode(&mut self, command: &Command, into: &mut Vec<Vec<u8>>) {
        let mut out = Vec::new();
        match command {
            Command::Join { join, .. } => {
                let known = std::mem::replace(&mut self.registered, true)
                    && self.introduction.peer == join.peer;
                if !known || join.room.is_lobby() {
                    let mut register = Vec::new();
                    Writer::new(&mut register, "register")
                        .string("client_id", join.peer.as_bytes())
                        .end();
                    into.push(register);
                }
                let Some(room) = join.room.name() else { return };
                Writer::new(&mut out, "join")
                    .string("room_id", room)
                    .string("role", role_name(join.role))
                    .end();
            }
            Command::Leave { room } => {
                Writer::new(&mut out, "leave")
                    .string("room_id", room.name_bytes().unwrap_or_default())
                    .end();
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
        let who = || {
            let missing = DecodeError::MissingField {
                fields: "client_id",
            };
            required(&message, Key::ClientId, missing).map(|id| PeerId::from(id.as_ref()))
        };
        let room = || {
            let missing = DecodeError::MissingField { fields: "room_id" };
            required(&message, Key::RoomIdSnake, missing).map(|id| RoomId::from(id.as_ref()))
        };
        into.push(match name.as_deref() {
            Some("registered") => {
                let peer = who()?;
                self.introduction.peer = peer.clone();
                Told::Event(Event::Joined {
                    room: RoomId::LOBBY,
                    peer,
                    role: Role::Receiver,
                    members: Vec::new(),
                })
            }
            Some("joined") => {
                self.room = room()?;
                let role = role_of(&message)?;
                let entries = message.raw(Key::Peers).unwrap_or("[]");
                let entries: Vec<Entry> = serde_json::from_str(entries).unwrap_or_default();
                let member = |entry: Entry| Member {
                    peer: entry.client_id.into(),
                    role: if entry.role == "sender" {
                        Role::Sender
                    } else {
                        Role::Receiver
                    },
                };
                // The wire lists the others only.
                let me = Member { peer: who()?, role };
                let members = entries.into_iter().map(member).chain([me]).collect();
                Told::Event(Event::Joined {
                    room: room()?,
                    peer: who()?,
                    role,
                    members,
                })
            }
            Some("left") => {
                self.room = RoomId::LOBBY;
                Told::Event(Event::Left {
                    room: room()?,
                    peer: who()?,
                })
            }
            Some("peer-joined") => Told::Event(Event::PeerJoined {
                room: room()?,
                peer: who()?,
                role: role_of(&message)?,
            }),
            Some("peer-left") => Told::Event(Event::PeerLeft {
                room: room()?,
                peer: who()?,
                role: role_of(&message)?,
            }),
            Some("error") => refused(&message),
            _ => {
                let from = message.id(Key::From).ok().flatten();
                signalled(
                    &message,
                    self.introduction.wire,
                    Some(self.room.clone()),
                    from.as_deref(),
                    addressed(&message)?,
                )
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_carried(candidate: &str) -> bool {
        let body = format!(r#"{{"type":"candidate","target_id":"bob","candidate":{candidate}}}"#);
        DIALECT.carries(&Signal {
            kind: SignalKind::Candidate,
            to: Target::Everyone,
            payload: Payload {
                wire: Wire(0),
                body: body.into_bytes(),
            },
        })
    }

    #[test]
    fn an_end_of_candidates_is_withheld_however_it_is_written() {
        for end in [
            "null",
            "\"\"",
            r#"{"candidate":null}"#,
            r#"{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"#,
            r#"{"candidate":"candidate:1","sdpMid":"0", "candidate" : "" }"#,
        ] {
            assert!(!is_carried(end), "{end}");
        }
        for candidate in [
            r#"{"candidate":"candidate:1 1 udp","sdpMid":"0"}"#,
            r#"{"candidate":"candidate:1 1 udp","sdpMid":"","usernameFragment":null}"#,
            r#"{"candidate":"all is well"}"#,
            r#"{"candidate":" "}"#,
        ] {
            assert!(is_carried(candidate), "{candidate}");
        }
    }
}
