//! One packet: a type and perhaps data.

use crate::ProtocolError;

/// The data of the ping and the pong which test a WebSocket before a client moves to it from polling.
pub const PROBE: &str = "probe";

/// A packet, borrowed from what was received. The type is its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the server's first packet; the data is [`Open`](crate::Open) as JSON.
    Open(&'a str),
    /// `1`: the connection is over.
    Close,
    /// `2`: the server asks whether the client is there. With [`PROBE`], a client tries a WebSocket.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the same data.
    Pong(&'a str),
    /// `4`: text for the layer above.
    Message(&'a str),
    /// `5`: the client uses the WebSocket it tried from now on.
    Upgrade,
    /// `6`: nothing; ends a poll that has nothing else to say.
    Noop,
    /// `b`: bytes for the layer above, as base64 (see [`decode_binary`](crate::decode_binary)). Only in payloads; a
    /// WebSocket carries the bytes themselves in a binary frame.
    Binary(&'a str),
}

impl<'a> Packet<'a> {
    /// Reads a packet: a WebSocket's text frame, or one of a payload's.
    ///
    /// Data after a close, an upgrade or a noop means nothing and is ignored.
    ///
    /// # Errors
    /// [`ProtocolError::Empty`] or [`ProtocolError::UnknownType`].
    pub fn parse(text: &'a str) -> Result<Self, ProtocolError> {
        let mut rest = text.chars();
        let packet_type = rest.next().ok_or(ProtocolError::Empty)?;
        let data = rest.as_str();
        Ok(match packet_type {
            '0' => Self::Open(data),
            '1' => Self::Close,
            '2' => Self::Ping(data),
            '3' => Self::Pong(data),
            '4' => Self::Message(data),
            '5' => Self::Upgrade,
            '6' => Self::Noop,
            'b' => Self::Binary(data),
            other => return Err(ProtocolError::UnknownType(other)),
        })
    }

    /// Appends the packet as it is sent.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let (packet_type, data) = match self {
            Self::Open(json) => (b'0', json),
            Self::Close => (b'1', ""),
            Self::Ping(data) => (b'2', data),
            Self::Pong(data) => (b'3', data),
            Self::Message(text) => (b'4', text),
            Self::Upgrade => (b'5', ""),
            Self::Noop => (b'6', ""),
            Self::Binary(base64) => (b'b', base64),
        };
        out.push(packet_type);
        out.extend_from_slice(data.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_and_written_alike() {
        let table = [
            ("0{\"sid\":\"x\"}", Packet::Open("{\"sid\":\"x\"}")),
            ("1", Packet::Close),
            ("2", Packet::Ping("")),
            ("2probe", Packet::Ping(PROBE)),
            ("3probe", Packet::Pong(PROBE)),
            ("4", Packet::Message("")),
            ("42[\"a\"]", Packet::Message("2[\"a\"]")),
            ("4\u{1f600}", Packet::Message("\u{1f600}")),
            ("5", Packet::Upgrade),
            ("6", Packet::Noop),
            ("bAQID", Packet::Binary("AQID")),
        ];
        for (text, packet) in table {
            assert_eq!(Packet::parse(text), Ok(packet), "{text}");
            let mut written = Vec::new();
            packet.write_to(&mut written);
            assert_eq!(written, text.as_bytes(), "{packet:?}");
        }
    }

    #[test]
    fn what_has_no_known_type_is_refused() {
        assert_eq!(Packet::parse(""), Err(ProtocolError::Empty));
        for first in ['7', '9', 'B', ' ', '{', '\u{1e}', '\u{e9}'] {
            let text = format!("{first}data");
            assert_eq!(
                Packet::parse(&text),
                Err(ProtocolError::UnknownType(first)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn data_after_a_type_that_has_none_is_ignored() {
        assert_eq!(Packet::parse("1bye"), Ok(Packet::Close));
        assert_eq!(Packet::parse("6primus"), Ok(Packet::Noop));
    }
}
