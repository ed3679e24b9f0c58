//! How a WebSocket carries a wire's messages: as they are, or as Engine.IO packets.

use std::collections::VecDeque;

use switchboard_engineio::{Open, Packet, decode_binary, encode_binary, payload};
use switchboard_websocket::{Message, OpCode};

use crate::transport::{Frame, TransportError};

/// What stands between messages and frames.
#[derive(Debug)]
pub(crate) enum Framing {
    /// A message is a frame.
    Plain,
    /// A message is a packet, and so are the pings of the layer between; bytes are base64 to us.
    EngineIo {
        /// What the server said at the start, once it has.
        open: Option<Open>,
    },
}

impl Framing {
    /// Cuts a message into the frames that carry it.
    pub(crate) fn put(&self, text: &[u8], mut frame: impl FnMut(OpCode, &[u8])) {
        match self {
            Self::Plain => frame(OpCode::Text, text),
            Self::EngineIo { .. } => {
                // The packet itself, and then its attachments. Where one is no base64, it is the server's to judge.
                for (index, part) in text.split(|byte| *byte == SEPARATOR).enumerate() {
                    let mut bytes = Vec::new();
                    match part.strip_prefix(b"b").map(std::str::from_utf8) {
                        Some(Ok(base64))
                            if index > 0 && decode_binary(base64, &mut bytes).is_ok() =>
                        {
                            frame(OpCode::Binary, &bytes);
                        }
                        _ => frame(OpCode::Text, &[b"4", part].concat()),
                    }
                }
            }
        }
    }

    /// Reads what the server sent. Appends what it means to us to `inbox`; gives the packet to answer with, if any.
    pub(crate) fn take(
        &mut self,
        message: Message<'_>,
        inbox: &mut VecDeque<Frame>,
    ) -> Result<Option<Vec<u8>>, TransportError> {
        match (self, message) {
            (Self::Plain, Message::Text(text)) => inbox.push_back(Frame::Text(text.to_owned())),
            (Self::Plain, Message::Binary(bytes)) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                inbox.push_back(Frame::Text(text));
            }
            (Self::EngineIo { .. }, Message::Binary(bytes)) => {
                inbox.push_back(Frame::Text(format!("b{}", encode_binary(bytes))));
            }
            (Self::EngineIo { open }, Message::Text(text)) => match Packet::parse(text)? {
                Packet::Open(json) => *open = Some(Open::parse(json)?),
                Packet::Ping(data) => {
                    let mut pong = Vec::new();
                    Packet::Pong(data).write_to(&mut pong);
                    return Ok(Some(pong));
                }
                Packet::Message(text) => inbox.push_back(Frame::Text(text.to_owned())),
                // 1005: no code, as this layer has none.
                Packet::Close => inbox.push_back(Frame::Close(1005, String::new())),
                Packet::Pong(_) | Packet::Upgrade | Packet::Noop | Packet::Binary(_) => {}
            },
            (_, Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
        }
        Ok(None)
    }

    /// Whether messages may be sent: Engine.IO's server speaks first.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::EngineIo { open: None })
    }
}

const SEPARATOR: u8 = payload::SEPARATOR as u8;

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(framing: &Framing, text: &str) -> Vec<(OpCode, Vec<u8>)> {
        let mut frames = Vec::new();
        framing.put(text.as_bytes(), |opcode, bytes| {
            frames.push((opcode, bytes.to_vec()));
        });
        frames
    }

    const ENGINE: Framing = Framing::EngineIo { open: None };

    #[test]
    fn a_plain_message_is_a_frame() {
        assert_eq!(
            frames(&Framing::Plain, "{}"),
            [(OpCode::Text, b"{}".to_vec())]
        );
    }

    #[test]
    fn an_event_with_attachments_is_a_packet_and_binary_frames() {
        assert_eq!(
            frames(&ENGINE, "51-[\"message\"]\u{1e}bAQID"),
            [
                (OpCode::Text, b"451-[\"message\"]".to_vec()),
                (OpCode::Binary, vec![1, 2, 3])
            ]
        );
    }

    #[test]
    fn bytes_are_base64_to_us_and_pings_are_answered() {
        let mut framing = ENGINE;
        let mut inbox = VecDeque::new();
        assert!(!framing.is_open());
        for (message, answer) in [
            (
                Message::Text(
                    r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#,
                ),
                None,
            ),
            (Message::Text("2"), Some(b"3".to_vec())),
            (Message::Text("40{\"sid\":\"x\"}"), None),
            (Message::Text("6"), None),
            (Message::Binary(&[1, 2, 3]), None),
            (Message::Text("1"), None),
        ] {
            let taken = framing.take(message, &mut inbox);
            assert_eq!(taken.expect("a packet"), answer);
        }
        assert!(framing.is_open());
        assert_eq!(
            inbox,
            [
                Frame::Text("0{\"sid\":\"x\"}".to_owned()),
                Frame::Text("bAQID".to_owned()),
                Frame::Close(1005, String::new())
            ]
        );
    }

    #[test]
    fn what_is_no_packet_is_an_error() {
        let error = { ENGINE }
            .take(Message::Text("x"), &mut VecDeque::new())
            .expect_err("no such type");
        assert!(matches!(error, TransportError::EngineIo(_)), "{error}");
    }
}
