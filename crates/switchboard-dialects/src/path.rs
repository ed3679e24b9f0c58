//! S3: rooms whose members come in by `/ws/{room_id}/{user_id}`.
//!
//! Nobody joins by a message: who opens the socket is in the room and gets `room_users`, the others `user_joined` and
//! `user_left`; everything else is `{type, target, payload}` and goes to its target, or to all others, with its sender
//! set by the server. Source: docs/features.md, S3; gaps and examples: docs/dialects/path.md.

mod client;
mod form;

use std::borrow::Cow;

use switchboard_core::{
    Command, Event, Payload, PeerId, Refusal, Signal, SignalKind, Target, Wire,
};

use crate::body::{Fields, Writer};
use crate::dialect::{
    About, Asked, ClientSide, Dialect, Encoded, Entrance, Introduction, Opening, PathPayload,
    ServerSide, Stamp,
};
use crate::json::{Key, Message, unquote, write_json_text};
use crate::place::Place;
use crate::words::kind_of;
use crate::{DecodeError, Meaning, Said};

/// The wire.
pub const DIALECT: Path = Path;

/// Rooms entered by the path of a socket.
#[derive(Clone, Copy, Debug)]
pub struct Path;

impl Dialect for Path {
    fn name(&self) -> &'static str {
        "path"
    }

    fn about(&self) -> About {
        About {
            summary: "rooms entered by the path of the socket; messages of type, target and payload",
            rows: "S3.1, S3.2",
            opening: "/ws/studio/ann",
            tells_roster: true,
            answers_leave: true,
            has_lobby: false,
        }
    }

    fn entrance(&self) -> Entrance {
        Entrance::Path("/ws/{room_id}/{user_id}")
    }

    fn server(&self, opening: Opening<'_>) -> Box<dyn ServerSide> {
        Box::new(PathServer {
            wire: opening.wire,
            form: opening.options.path.payload,
            me: opening.peer.cloned(),
            place: None,
        })
    }

    fn client(&self, introduction: Introduction) -> Box<dyn ClientSide> {
        Box::new(client::PathClient::new(introduction))
    }

    fn announce(&self, event: &Event, _out: &mut Vec<u8>) -> Encoded {
        match event {
            Event::Signal { .. } => Encoded::Nothing,
            // Every message of the server names its recipient.
            Event::Joined { .. }
            | Event::Left { .. }
            | Event::PeerJoined { .. }
            | Event::PeerLeft { .. }
            | Event::RoomClosed { .. }
            | Event::Refused { .. } => Encoded::Personal,
        }
    }

    fn target_key(&self) -> Key {
        Key::Target
    }

    fn read<'a>(&self, text: &'a str) -> Option<Meaning<'a>> {
        let message = Fields::of_message(text)?;
        let name = message.name();
        let payload = form::sent(&message).unwrap_or("{}");
        let body = Fields::parse(payload);
        let meaning = match name.as_deref().map_or(SignalKind::Other, kind) {
            SignalKind::Offer => {
                described(payload, body.as_ref()).map(|sdp| Meaning::Offer { sdp })
            }
            SignalKind::Answer => {
                described(payload, body.as_ref()).map(|sdp| Meaning::Answer { sdp })
            }
            SignalKind::Candidate => candidate(payload, body.as_ref()),
            SignalKind::Chat => body
                .as_ref()
                .and_then(|body| body.get("message"))
                .map(|text| Meaning::Chat { text }),
            SignalKind::Other => None,
        };
        Some(meaning.unwrap_or_else(|| Meaning::Other {
            name: name.unwrap_or(Cow::Borrowed("message")),
            fields: match body {
                Some(body) => body.unambiguous(),
                None => Fields::single("payload", payload),
            },
        }))
    }

    fn write(&self, said: &Said<'_>, out: &mut Vec<u8>) -> Encoded {
        let start = out.len();
        match &said.meaning {
            Meaning::Offer { sdp } => {
                form::write(out, "sdp_offer", said, |out| only_field(out, "sdp", sdp));
            }
            Meaning::Answer { sdp } => {
                form::write(out, "sdp_answer", said, |out| only_field(out, "sdp", sdp));
            }
            Meaning::Candidate { init } => {
                // The payload of a candidate is an object on this wire.
                let init = if init == "null" { END } else { init };
                form::write(out, "ice_candidate", said, |out| {
                    out.extend_from_slice(init.as_bytes());
                });
            }
            Meaning::Chat { text } => {
                form::write(out, "chat", said, |out| only_field(out, "message", text));
            }
            Meaning::Other { name, fields } => {
                if forged(name, fields, said.from).is_some() {
                    return Encoded::Untranslatable;
                }
                form::write(out, name, said, |out| {
                    Writer::bare(out).fields(fields, &[]).end();
                });
            }
        }
        // What stood in a message is one level deeper in a payload, which may be one too many.
        if form::check(&out[start..]).is_err() {
            out.truncate(start);
            return Encoded::Untranslatable;
        }
        Encoded::Frame
    }
}

/// What a `type` says of a message: the names of the document, and those of the other wires.
fn kind(name: &str) -> SignalKind {
    match name {
        "sdp_offer" => SignalKind::Offer,
        "sdp_answer" => SignalKind::Answer,
        "ice_candidate" => SignalKind::Candidate,
        _ => kind_of(Some(name)),
    }
}

/// The SDP: in the payload, or the payload itself where that is a string which begins like one (RFC 8866, section 5.1).
fn described<'a>(payload: &'a str, body: Option<&Fields<'a>>) -> Option<&'a str> {
    match body {
        Some(body) => body.string("sdp"),
        None => payload.starts_with("\"v=").then_some(payload),
    }
}

/// The candidate: the payload itself, or its field `candidate` where that is an object or nothing.
fn candidate<'a>(payload: &'a str, body: Option<&Fields<'a>>) -> Option<Meaning<'a>> {
    let init = |init: &'a str| Meaning::Candidate { init: init.into() };
    let Some(body) = body else {
        return matches!(payload, "null" | "\"\"").then(|| init("null"));
    };
    // The line alone that says that no more will come is the way of saying it without a line.
    if body.iter().eq([("candidate", "\"\"")]) {
        return Some(init("null"));
    }
    match body.string("candidate") {
        Some(_) => Some(init(payload)),
        None => Meaning::candidate(body, &["candidate"]),
    }
}

/// The end of candidates as an `RTCIceCandidateInit`.
const END: &str = r#"{"candidate":""}"#;

/// What only the server says of a user, whom it names in `user_id` or `users`.
const ANNOUNCEMENTS: [&str; 4] = ["user_joined", "user_left", "room_users", "room_closed"];

/// Where a message of this type names somebody else than its sender, if only the server may. Not every reader takes the
/// last of two fields of one name, so each of them counts.
fn forged(name: &str, payload: &Fields<'_>, from: &PeerId) -> Option<&'static str> {
    if !ANNOUNCEMENTS.contains(&name) {
        return None;
    }
    let names_another = |user: &str| unquote(user) != from.as_str();
    let lists_another = |users: &str| {
        let users = serde_json::from_str::<Vec<Cow<'_, str>>>(users);
        !users.is_ok_and(|users| users.iter().all(|user| user == from.as_str()))
    };
    payload.iter().find_map(|(field, value)| match field {
        _ if value == "null" => None,
        "user_id" => names_another(value).then_some("payload.user_id"),
        "users" => lists_another(value).then_some("payload.users"),
        _ => None,
    })
}

#[derive(Debug)]
struct PathServer {
    wire: Wire,
    form: PathPayload,
    /// Whom the path names.
    me: Option<PeerId>,
    /// Where the connection is, as the hub last said.
    place: Option<Place>,
}

impl ServerSide for PathServer {
    fn decode(&mut self, text: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        let mut message = Message::unread(text);
        message.read()?;
        let name = message.str(Key::Type)?.filter(|name| !name.is_empty());
        let name = name.ok_or(DecodeError::MissingField { fields: "type" })?;
        let place = self.place.as_ref().ok_or(DecodeError::NotInRoom {
            hint: "connect to /ws/{room_id}/{user_id}",
        })?;
        let me = &place.peer;
        if ANNOUNCEMENTS.contains(&name.as_ref()) {
            let fields = Fields::of_message(text).unwrap_or_default();
            let payloads = fields.iter().filter(|(field, _)| *field == "payload");
            let mut payloads = payloads.filter_map(|(_, payload)| Fields::parse(payload));
            if let Some(field) = payloads.find_map(|payload| forged(&name, &payload, me)) {
                return Err(DecodeError::SenderMismatch { field });
            }
        }
        let to = addressed(&message)?;
        let len = message.len_with_text(Key::Sender, me.as_bytes());
        let mut body = Vec::with_capacity(len);
        match self.form {
            PathPayload::Plain => message.with_text(Key::Sender, me.as_bytes(), &mut body),
            PathPayload::Wrapped => form::wrap(&message, me, &mut body)?,
        }
        let payload = Payload {
            wire: self.wire,
            body,
        };
        let signal = Signal {
            kind: kind(&name),
            to,
            payload,
        };
        into.push(Asked::Command(Command::Signal {
            room: place.room.clone(),
            signal,
        }));
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
                self.me = Some(peer.clone());
                self.place = Some(Place {
                    room: room.clone(),
                    peer: peer.clone(),
                });
                let users = members.iter().map(|member| &member.peer);
                self.says(out, "room_users", |payload| {
                    payload.array("users", users, |out, user| {
                        write_json_text(out, user.as_bytes())
                    })
                });
            }
            Event::PeerJoined { peer, .. } => self.says(out, "user_joined", |payload| {
                payload.string("user_id", peer.as_bytes())
            }),
            Event::PeerLeft { peer, .. } => self.says(out, "user_left", |payload| {
                payload.string("user_id", peer.as_bytes())
            }),
            Event::RoomClosed { why, .. } => {
                self.says(out, "room_closed", |payload| {
                    payload.string("reason", why.name())
                });
                self.place = None;
            }
            Event::Left { .. } => {
                // The socket is the stay: who leaves has closed it.
                self.place = None;
                return Encoded::Nothing;
            }
            Event::Refused { refusal } => match refusal {
                Refusal::TargetNotFound { target } => {
                    self.error(out, &format!("User {target} not found"), refusal.code());
                }
                _ => self.error(out, &refusal.to_string(), refusal.code()),
            },
            Event::Signal { .. } => return crate::encode_shared(self.wire, event, stamp, out),
        }
        Encoded::Frame
    }

    fn complain(&self, problem: &DecodeError, out: &mut Vec<u8>) {
        self.error(out, &problem.to_string(), problem.code());
    }
}

impl PathServer {
    /// The server's own word to this connection's user; nobody is its sender.
    fn says(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        payload: impl for<'o> FnOnce(Writer<'o>) -> Writer<'o>,
    ) {
        let message = Writer::new(out, name);
        let message = match &self.me {
            Some(me) => message.string("target", me.as_bytes()),
            None => message.raw("target", "null"),
        };
        message
            .written("payload", |out| payload(Writer::bare(out)).end())
            .end();
    }

    fn error(&self, out: &mut Vec<u8>, message: &str, code: &str) {
        self.says(out, "error", |payload| {
            payload.string("message", message).string("code", code)
        });
    }
}

/// Whom a message is for: `target`, where that is not absent, `null`, empty or `"*"`.
fn addressed(message: &Message<'_>) -> Result<Target, DecodeError> {
    if message.is_null(Key::Target) {
        return Ok(Target::Everyone);
    }
    let target = message.id(Key::Target)?;
    let target = target.filter(|id| !matches!(id.as_ref(), "" | EVERYONE));
    Ok(target.map_or(Target::Everyone, |id| Target::Peer(id.as_ref().into())))
}

/// The target that is nobody in particular.
const EVERYONE: &str = "*";

/// Appends an object with nothing but this field, whose value is JSON text already.
fn only_field(out: &mut Vec<u8>, key: &'static str, json: &str) {
    Writer::bare(out).raw(key, json).end();
}

#[cfg(test)]
mod tests;
