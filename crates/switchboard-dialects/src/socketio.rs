//! S0: the rooms of the published Socket.IO system, over Socket.IO itself (protocol version 5).
//!
//! What is read and written here is one message of Engine.IO, which has packets of Socket.IO in it: `0` to connect, `1`
//! to disconnect, `2["join",{...}]` and so on. A binary message comes as `b` and its base64; an event with attachments
//! goes out as its packet and behind it its attachments, each after U+001E, and the transport takes them apart.
//! Inside the events are the objects of the wire `join`: members of either wire get one another's messages byte for
//! byte. Source: docs/features.md, S0; gaps and examples: docs/dialects/socketio.md.

mod attachments;
mod client;
mod packet;
mod places;

use std::sync::LazyLock;

use switchboard_core::{Command, Event, Payload, Wire};

use crate::body::Writer;
use crate::dialect::{
    About, Asked, ClientSide, Dialect, Encoded, Entrance, Introduction, Opening, ServerSide, Stamp,
};
use crate::join::{self, JoinServer};
use crate::json::{Found, Key, Malformed, Message, NOTHING_MORE};
use crate::words::complain;
use crate::{DecodeError, Meaning, Said, by_name};
use attachments::{Awaited, Step};
use packet::{Kind, Packet, problem};
use places::all_places_filled;

/// The wire.
pub const DIALECT: SocketIo = SocketIo;

/// `join`/`leave` rooms over Socket.IO.
#[derive(Clone, Copy, Debug)]
pub struct SocketIo;

/// The wire whose objects the events hold.
static INSIDE: LazyLock<Wire> =
    LazyLock::new(|| by_name(join::DIALECT.name()).unwrap_or(Wire(u8::MAX)));

impl Dialect for SocketIo {
    fn name(&self) -> &'static str {
        "socketio"
    }

    fn about(&self) -> About {
        About {
            summary: "rooms over Socket.IO",
            rows: "S0.1-S0.6",
            opening: r#"2["join",{"userId":"ann","roomId":"studio"}]"#,
            tells_roster: true,
            answers_leave: true,
            has_lobby: false,
        }
    }

    fn entrance(&self) -> Entrance {
        Entrance::EngineIo("/socket.io/")
    }

    fn server(&self, opening: Opening<'_>) -> Box<dyn ServerSide> {
        Box::new(SocketIoServer {
            wire: opening.wire,
            sid: opening.spare_id.into(),
            message_bytes: opening.options.message_bytes,
            connected: false,
            rooms: JoinServer::new(*INSIDE),
            awaited: Awaited::default(),
        })
    }

    fn client(&self, introduction: Introduction) -> Box<dyn ClientSide> {
        Box::new(client::SocketIoClient::new(introduction))
    }

    fn announce(&self, event: &Event, out: &mut Vec<u8>) -> Encoded {
        let name = match event {
            Event::PeerJoined { .. } => "user-joined",
            Event::PeerLeft { .. } => "user-left",
            Event::Signal { .. } => return Encoded::Nothing,
            Event::Joined { .. }
            | Event::Left { .. }
            | Event::RoomClosed { .. }
            | Event::Refused { .. } => return Encoded::Personal,
        };
        in_event(name, out, |out| join::DIALECT.announce(event, out))
    }

    fn target_key(&self) -> Key {
        join::DIALECT.target_key()
    }

    fn read<'a>(&self, text: &'a str) -> Option<Meaning<'a>> {
        let packet = Packet::parse(text).ok()?;
        let Kind::Event(0) = packet.kind else {
            return None;
        };
        let (name, payload) = packet::event(packet.data).ok()?;
        let payload = payload.filter(|payload| name == MESSAGE && Message::scan(payload).is_ok());
        join::DIALECT.read(payload?)
    }

    fn envelops(&self) -> Option<Wire> {
        Some(*INSIDE)
    }

    fn envelop(&self, message: &[u8], out: &mut Vec<u8>) {
        // The way of every message between two members.
        out.reserve(MESSAGE_HEAD.len() + message.len() + 1);
        out.extend_from_slice(MESSAGE_HEAD);
        out.extend_from_slice(message);
        out.push(b']');
    }

    fn write(&self, said: &Said<'_>, out: &mut Vec<u8>) -> Encoded {
        in_event(MESSAGE, out, |out| join::DIALECT.write(said, out))
    }
}

/// The event in which peers speak to each other.
const MESSAGE: &str = "message";
const MESSAGE_HEAD: &[u8] = b"2[\"message\",";

/// Appends an event around what `write` appends; nothing, if that appends nothing.
fn in_event(name: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Encoded) -> Encoded {
    let before = out.len();
    packet::open_event(name, out);
    let encoded = write(out);
    if encoded == Encoded::Frame {
        out.push(b']');
    } else {
        out.truncate(before);
    }
    encoded
}

#[derive(Debug)]
struct SocketIoServer {
    wire: Wire,
    /// The id that the client goes by until it says another one.
    sid: Box<str>,
    /// Whether the client has connected to the namespace, which it must before anything else.
    connected: bool,
    /// The longest message, attachments included.
    message_bytes: usize,
    rooms: JoinServer,
    awaited: Awaited,
}

impl ServerSide for SocketIoServer {
    fn decode(&mut self, text: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        let packet = match self.awaited.take(text) {
            Step::Packet => Packet::parse(text)?,
            Step::Taken => return Ok(()),
            Step::Whole(event) => {
                return self.event(&event.data, &event.attachments, event.ack, into);
            }
            Step::Dropped { ack, problem } => return self.refuse(problem, ack, into),
        };
        if let Kind::Event(count) = packet.kind {
            // Until it turns out that it may be waited for.
            self.awaited.refuse(count);
        }
        if packet.namespace != "/" {
            return refuse_namespace(&packet, into);
        }
        match packet.kind {
            Kind::Connect => self.connect(packet.data, into),
            _ if !self.connected => Err(DecodeError::NotInRoom {
                hint: "connect to the namespace (0)",
            }),
            Kind::Disconnect => self.disconnect(packet.data, into),
            Kind::Event(0) => self.event(packet.data, "", packet.ack, into),
            Kind::Event(count) => self
                .awaited
                .begin(packet.ack, packet.data, count, self.message_bytes)
                .or_else(|problem| self.refuse(problem, packet.ack, into)),
            Kind::Ack | Kind::ConnectError => Err(problem("the server has asked for no answer")),
        }
    }

    fn encode(&mut self, event: &Event, stamp: Stamp<'_>, out: &mut Vec<u8>) -> Encoded {
        let name = match event {
            Event::Joined { .. } => "joined",
            Event::Left { .. } | Event::RoomClosed { .. } => "leaved",
            Event::Refused { .. } => "error",
            Event::PeerJoined { .. } | Event::PeerLeft { .. } | Event::Signal { .. } => {
                return crate::encode_shared(self.wire, event, stamp, out);
            }
        };
        let connected = self.connected;
        in_event(name, out, |out| {
            match self.rooms.encode(event, stamp, out) {
                // Who has left the namespace hears nothing more from it.
                Encoded::Frame if !connected => Encoded::Nothing,
                encoded => encoded,
            }
        })
    }

    fn complain(&self, problem: &DecodeError, out: &mut Vec<u8>) {
        in_event("error", out, |out| {
            complain(problem, out);
            Encoded::Frame
        });
    }
}

impl SocketIoServer {
    fn connect(&mut self, auth: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        if self.connected {
            return Err(problem("you are connected to the namespace already"));
        }
        if !auth.is_empty()
            && let Err(problem) = Message::scan(auth)
        {
            // It would not hear an event before it is connected.
            let refusal = packet::connect_error("/", &problem.to_string());
            into.push(Asked::Answer(refusal));
            return Ok(());
        }
        self.connected = true;
        into.push(Asked::Answer(packet::connected(&self.sid)));
        let mut greeting = Vec::new();
        in_event("connected", &mut greeting, |out| {
            Writer::new(out, "connected")
                .string("sid", &*self.sid)
                .end();
            Encoded::Frame
        });
        into.push(Asked::Answer(greeting));
        Ok(())
    }

    fn disconnect(&mut self, data: &str, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
        if !data.is_empty() {
            return Err(problem("there is nothing more in a disconnect"));
        }
        self.connected = false;
        let room = self.rooms.room().cloned();
        into.extend(room.map(|room| Asked::Command(Command::Leave { room })));
        // Some clients go only when their poll has been answered.
        into.push(Asked::Release);
        Ok(())
    }

    /// An event that is whole. Whoever wants to be told that it has been handled is told so, whatever came of it.
    fn event(
        &self,
        data: &str,
        attachments: &str,
        ack: Option<u64>,
        into: &mut Vec<Asked>,
    ) -> Result<(), DecodeError> {
        match self.asked(data, attachments) {
            Ok(command) => into.push(Asked::Command(command)),
            Err(problem) => return self.refuse(problem, ack, into),
        }
        into.extend(ack.map(|id| Asked::Answer(packet::ack(id))));
        Ok(())
    }

    /// Says what is wrong with an event, and that it has been handled.
    fn refuse(
        &self,
        problem: DecodeError,
        ack: Option<u64>,
        into: &mut Vec<Asked>,
    ) -> Result<(), DecodeError> {
        let Some(id) = ack else { return Err(problem) };
        let mut error = Vec::new();
        self.complain(&problem, &mut error);
        into.extend([error, packet::ack(id)].map(Asked::Answer));
        Ok(())
    }

    /// What an event asks for.
    fn asked(&self, data: &str, attachments: &str) -> Result<Command, DecodeError> {
        let (name, payload) = packet::event(data)?;
        if !matches!(name, "join" | "leave" | MESSAGE) {
            return Err(DecodeError::WrongValue {
                field: "the event",
                expected: "\"join\", \"leave\" or \"message\"",
            });
        }
        let payload = payload.ok_or(DecodeError::MissingField {
            fields: "an object",
        })?;
        let message = Message::scan(payload).map_err(|problem| match problem {
            Malformed::Syntax {
                expected: NOTHING_MORE,
                found: Found::Char(','),
                ..
            } => packet::problem("an event has one payload, and nothing behind it"),
            _ => problem.into(),
        })?;
        match name {
            "join" => self.rooms.join(&message),
            "leave" => self.rooms.leave(&message),
            _ if attachments.is_empty() => self.rooms.relay(&message, || Payload {
                wire: *INSIDE,
                body: payload.as_bytes().to_vec(),
            }),
            _ => self.relay_whole(&message, attachments),
        }
    }

    /// A message with attachments, which only this wire can carry.
    fn relay_whole(
        &self,
        message: &Message<'_>,
        attachments: &str,
    ) -> Result<Command, DecodeError> {
        let count = attachments.matches(packet::SEPARATOR).count();
        if !all_places_filled(message.text(), u32::try_from(count).unwrap_or(0)) {
            return Err(problem("each _placeholder has the number of an attachment"));
        }
        self.rooms.relay(message, || Payload {
            wire: self.wire,
            body: format!("5{count}-[\"{MESSAGE}\",{}]{attachments}", message.text()).into_bytes(),
        })
    }
}

/// Nobody can be in any namespace but the root.
fn refuse_namespace(packet: &Packet<'_>, into: &mut Vec<Asked>) -> Result<(), DecodeError> {
    if packet.kind != Kind::Connect {
        return Err(problem("you are in no such namespace"));
    }
    let refusal = packet::connect_error(packet.namespace, "Invalid namespace");
    into.push(Asked::Answer(refusal));
    Ok(())
}
