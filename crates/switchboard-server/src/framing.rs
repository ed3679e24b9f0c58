//! How what is said stands in the bytes that wait for a client.
//!
//! Engine.IO (protocol version 4) puts a type digit before each message: `4` for a message of ours, `2` for a ping. Over a WebSocket each packet is a frame, and attachments are binary frames; in a polling answer the
//! packets are separated by U+001E, and attachments are base64 behind a `b`. Source: the Engine.IO protocol document.

use switchboard_engineio::{decode_binary, payload};
use switchboard_websocket::{OpCode, frame_size, write_close, write_frame, write_parts};

/// What a connection's transport carries messages in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// WebSocket frames.
    #[default]
    WebSocket,
    /// Engine.IO packets in WebSocket frames.
    EngineWebSocket,
    /// Engine.IO packets, each followed by a separator, for the next polling answer.
    EnginePolling,
}

/// One thing that waits as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether somebody said it; pings, pongs, closes and attachments are not counted as messages.
    pub(crate) is_message: bool,
}

/// What stands between two packets.
pub(crate) const SEPARATOR: u8 = payload::SEPARATOR as u8;

/// A packet's type digit.
const PING: u8 = b'2';
const MESSAGE: u8 = b'4';
/// What an attachment begins with, in a polling answer and in what dialects write.
const BINARY: u8 = b'b';

impl Framing {
    /// Appends a message, with its attachments if it has any.
    pub(crate) fn message(self, out: &mut Vec<u8>, text: &[u8]) {
        match self {
            Self::WebSocket => write_frame(out, OpCode::Text, text),
            Self::EngineWebSocket => {
                let mut parts = text.split(|byte| *byte == SEPARATOR);
                let packet = parts.next().unwrap_or_default();
                write_parts(out, OpCode::Text, [&[MESSAGE], packet]);
                parts.for_each(|part| write_packet(out, part));
            }
            Self::EnginePolling => {
                out.push(MESSAGE);
                out.extend_from_slice(text);
                out.push(SEPARATOR);
            }
        }
    }

    /// Appends what the client has to answer.
    pub(crate) fn ping(self, out: &mut Vec<u8>) {
        match self {
            Self::WebSocket => write_frame(out, OpCode::Ping, b""),
            Self::EngineWebSocket => write_frame(out, OpCode::Text, &[PING]),
            Self::EnginePolling => out.extend_from_slice(&[PING, SEPARATOR]),
        }
    }

    /// Appends the last word. Who polls gets none, but no more answers: Engine.IO has a packet for it, after which
    /// `python-socketio` never comes back.
    pub(crate) fn close(self, out: &mut Vec<u8>, code: u16, reason: &str) {
        match self {
            Self::WebSocket | Self::EngineWebSocket => write_close(out, code, reason),
            Self::EnginePolling => {}
        }
    }

    /// The frames or packets that stand in `bytes`, which begin with a whole one.
    pub(crate) fn units(self, bytes: &[u8]) -> impl Iterator<Item = Unit> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let size = match self {
                Self::WebSocket | Self::EngineWebSocket => frame_size(rest)?,
                Self::EnginePolling => memchr::memchr(SEPARATOR, rest)? + 1,
            };
            let unit = Unit {
                start,
                end: start + size,
                is_message: self.is_message(rest),
            };
            start = unit.end;
            Some(unit)
        })
    }

    fn is_message(self, unit: &[u8]) -> bool {
        let is_text = || unit[0] & 0x0f == OpCode::Text as u8;
        match self {
            Self::WebSocket => is_text(),
            Self::EngineWebSocket => {
                let header = match unit[1] & 0x7f {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                };
                is_text() && unit.get(header) == Some(&MESSAGE)
            }
            Self::EnginePolling => unit[0] == MESSAGE,
        }
    }
}

/// Appends a packet as it stands in a polling answer as a frame.
pub(crate) fn write_packet(out: &mut Vec<u8>, packet: &[u8]) {
    let base64 = packet
        .strip_prefix(&[BINARY])
        .and_then(|base64| std::str::from_utf8(base64).ok());
    let mut bytes = Vec::new();
    match base64.map(|base64| decode_binary(base64, &mut bytes)) {
        Some(Ok(())) => write_frame(out, OpCode::Binary, &bytes),
        _ => write_frame(out, OpCode::Text, packet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(framing: Framing, bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
        framing
            .units(bytes)
            .map(|unit| (bytes[unit.start..unit.end].to_vec(), unit.is_message))
            .collect()
    }

    #[test]
    fn attachments_follow_their_message_as_binary_frames() {
        let mut out = Vec::new();
        Framing::EngineWebSocket.message(&mut out, b"51-[0]\x1ebAQID");
        Framing::EngineWebSocket.ping(&mut out);
        let expected = [
            (b"\x81\x07451-[0]".to_vec(), true),
            (b"\x82\x03\x01\x02\x03".to_vec(), false),
            (b"\x81\x012".to_vec(), false),
        ];
        assert_eq!(units(Framing::EngineWebSocket, &out), expected);
    }

    #[test]
    fn a_polling_answer_holds_packets_one_behind_the_other() {
        let mut out = Vec::new();
        Framing::EnginePolling.message(&mut out, b"51-[0]\x1ebAQID");
        Framing::EnginePolling.ping(&mut out);
        Framing::EnginePolling.close(&mut out, 1000, "");
        assert_eq!(out, b"451-[0]\x1ebAQID\x1e2\x1e");
        let messages: Vec<bool> = units(Framing::EnginePolling, &out)
            .into_iter()
            .map(|(_, is_message)| is_message)
            .collect();
        assert_eq!(messages, [true, false, false]);
    }

    #[test]
    fn what_waited_for_a_poll_can_go_out_in_frames() {
        let mut out = Vec::new();
        write_packet(&mut out, b"40");
        write_packet(&mut out, b"bAQID");
        assert_eq!(out, b"\x81\x0240\x82\x03\x01\x02\x03");
    }
}
