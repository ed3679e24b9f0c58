//! The client's half of Socket.IO: the one of the wire `join`, in packets.

use switchboard_core::{Command, Event, Payload, Wire};

use super::attachments::{Awaited, Step};
use super::packet::{self, Kind, Packet};
use super::{INSIDE, MESSAGE, in_event};
use crate::DecodeError;
use crate::dialect::{ClientSide, Encoded, Introduction, Told};
use crate::join::JoinClient;
use crate::json::Message;

/// The longest message that a server may be set to take, and thus to relay, in bytes.
const LONGEST: usize = 1_040_000;

#[derive(Debug)]
pub(super) struct SocketIoClient {
    wire: Wire,
    /// Whether the namespace has been asked for.
    connects: bool,
    rooms: JoinClient,
    awaited: Awaited,
}

impl SocketIoClient {
    pub(super) fn new(introduction: Introduction) -> Self {
        Self {
            wire: introduction.wire,
            connects: false,
            rooms: JoinClient::new(Introduction {
                wire: *INSIDE,
                peer: introduction.peer,
            }),
            awaited: Awaited::default(),
        }
    }
}

impl ClientSide for SocketIoClient {
    fn encode(&mut self, command: &Command, into: &mut Vec<Vec<u8>>) {
        let name = match command {
            Command::Join { .. } => "join",
            Command::Leave { .. } => "leave",
            Command::Signal { .. } => MESSAGE,
        };
        let mut packets = Vec::new();
        match command {
            Command::Signal { signal, .. } if signal.payload.wire == self.wire => {
                packets.push(signal.payload.body.clone());
            }
            _ => {
                let mut objects = Vec::new();
                self.rooms.encode(command, &mut objects);
                packets.extend(objects.iter().map(|object| {
                    let mut packet = Vec::new();
                    in_event(name, &mut packet, |out| {
                        out.extend_from_slice(object);
                        Encoded::Frame
                    });
                    packet
                }));
            }
        }
        if !packets.is_empty() && !std::mem::replace(&mut self.connects, true) {
            into.push(b"0".to_vec());
        }
        into.extend(packets);
    }

    fn decode(&mut self, text: &str, into: &mut Vec<Told>) -> Result<(), DecodeError> {
        let packet = match self.awaited.take(text) {
            Step::Packet => Packet::parse(text)?,
            Step::Taken => return Ok(()),
            Step::Whole(event) => {
                into.extend(self.event(&event.data, &event.attachments)?);
                return Ok(());
            }
            Step::Dropped { problem, .. } => return Err(problem),
        };
        match packet.kind {
            Kind::Connect | Kind::Ack => {}
            Kind::Disconnect => {
                self.connects = false;
                into.extend(self.rooms.forget().map(Told::Event));
            }
            Kind::ConnectError => {
                self.connects = false;
                let refusal = Message::scan(packet.data)?;
                into.push(self.rooms.told(Some("error"), &refusal)?);
            }
            Kind::Event(0) => into.extend(self.event(packet.data, "")?),
            Kind::Event(count) => {
                self.awaited
                    .begin(packet.ack, packet.data, count, LONGEST)?;
            }
        }
        Ok(())
    }
}

impl SocketIoClient {
    /// What an event tells: it is its name that counts, for servers need not say it again inside.
    fn event(&mut self, data: &str, attachments: &str) -> Result<Option<Told>, DecodeError> {
        let (name, payload) = packet::event(data)?;
        let object = Message::scan(payload.unwrap_or_default())?;
        let mut told = match name {
            "joined" | "leaved" | "user-joined" | "user-left" | "error" => {
                self.rooms.told(Some(name), &object)?
            }
            MESSAGE => self.rooms.told(None, &object)?,
            _ => return Ok(None),
        };
        if let Told::Event(Event::Signal { signal, .. }) = &mut told
            && !attachments.is_empty()
        {
            let count = attachments.matches(packet::SEPARATOR).count();
            signal.payload = Payload {
                wire: self.wire,
                body: format!("5{count}-{data}{attachments}").into_bytes(),
            };
        }
        Ok(Some(told))
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::{Member, PeerId, Role, RoomId};

    use super::*;

    fn client() -> SocketIoClient {
        SocketIoClient::new(Introduction {
            wire: Wire(u8::MAX - 1),
            peer: "ann".into(),
        })
    }

    fn hears(client: &mut SocketIoClient, text: &str) -> Vec<Told> {
        let mut told = Vec::new();
        client.decode(text, &mut told).expect(text);
        told
    }

    #[test]
    fn the_namespace_is_asked_for_once_and_before_anything_else() {
        let mut client = client();
        let leave = Command::Leave {
            room: "studio".into(),
        };
        let mut messages = Vec::new();
        client.encode(&leave, &mut messages);
        client.encode(&leave, &mut messages);
        let leave: &[u8] = br#"2["leave",{"type":"leave","userId":"ann","roomId":"studio"}]"#;
        assert_eq!(messages, [b"0", leave, leave]);
    }

    #[test]
    fn a_server_that_puts_no_type_into_its_events_is_understood() {
        let mut client = client();
        let (room, peer) = (RoomId::from("studio"), PeerId::from("ann"));
        let role = Role::Receiver;
        assert_eq!(
            hears(
                &mut client,
                r#"2["joined",{"userId":"ann","roomId":"studio","users":["ann"]}]"#
            ),
            [Told::Event(Event::Joined {
                room: room.clone(),
                peer: peer.clone(),
                role,
                members: vec![Member {
                    peer: peer.clone(),
                    role
                }]
            })]
        );
        assert_eq!(
            hears(&mut client, r#"2["error",{"message":"no"}]"#),
            [Told::Refused {
                code: String::new(),
                message: "no".into()
            }]
        );
        // And a peer who puts in one that only the server may say is only a peer.
        let heard = hears(
            &mut client,
            r#"2["message",{"type":"error","roomId":"studio"}]"#,
        );
        assert!(
            matches!(&heard[..], [Told::Event(Event::Signal { .. })]),
            "{heard:?}"
        );
    }

    #[test]
    fn what_only_keeps_the_connection_going_tells_nothing() {
        let mut client = client();
        for text in [
            r#"0{"sid":"x"}"#,
            r#"2["connected",{"sid":"x"}]"#,
            "30[]",
            r#"2["news",{}]"#,
            "1",
        ] {
            assert_eq!(hears(&mut client, text), [], "{text}");
        }
    }

    #[test]
    fn a_server_that_ends_the_namespace_ends_the_stay() {
        let mut client = client();
        hears(
            &mut client,
            r#"2["joined",{"userId":"ann","roomId":"studio"}]"#,
        );
        let (room, peer) = ("studio".into(), "ann".into());
        let left = Told::Event(Event::Left { room, peer });
        assert_eq!(hears(&mut client, "1"), [left]);
        let refused = hears(&mut client, r#"4{"message":"Invalid namespace"}"#);
        let message = "Invalid namespace".to_owned();
        let code = String::new();
        assert_eq!(refused, [Told::Refused { code, message }]);
    }
}
