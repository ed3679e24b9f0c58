//! What a client says in a packet, whichever transport has brought it.

use switchboard_dialects::DecodeError;
use switchboard_engineio::{Packet, decode_binary, encode_binary};

/// What a packet asks of whoever reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// The client says something to its wire.
    Said(Result<&'a str, DecodeError>),
    /// It wants a pong with this.
    Ping(&'a str),
    /// It goes.
    Goodbye,
    /// Nothing but a sign of life.
    Nothing,
}

/// Reads one packet. Attachments stand in it as they do in a polling payload, and are handed on so.
pub(crate) fn hear(text: &str) -> Heard<'_> {
    match Packet::parse(text) {
        Ok(Packet::Message(text)) => Heard::Said(Ok(text)),
        Ok(Packet::Binary(base64)) => Heard::Said(match decode_binary(base64, &mut Vec::new()) {
            Ok(()) => Ok(text),
            Err(_) => Err(NOT_BASE64),
        }),
        Ok(Packet::Ping(data)) => Heard::Ping(data),
        Ok(Packet::Close) => Heard::Goodbye,
        Ok(Packet::Pong(_) | Packet::Open(_) | Packet::Upgrade | Packet::Noop) => Heard::Nothing,
        Err(_) => Heard::Said(Err(NO_TYPE)),
    }
}

/// The size of what a client says, in bytes; an attachment's is that of its bytes, not of their base64.
pub(crate) fn size(text: &str) -> usize {
    match text.strip_prefix('b') {
        Some(base64) => base64.trim_end_matches('=').len() * 3 / 4,
        None => text.len(),
    }
}

/// A binary message as it would stand in a polling payload.
pub(crate) fn attachment(bytes: &[u8]) -> String {
    format!("b{}", encode_binary(bytes))
}

/// The answer to a ping.
pub(crate) fn pong(data: &str) -> Vec<u8> {
    let mut packet = Vec::new();
    Packet::Pong(data).write_to(&mut packet);
    packet
}

const NO_TYPE: DecodeError = DecodeError::NotAPacket {
    problem: "it must begin with a digit from 0 to 6",
};
const NOT_BASE64: DecodeError = DecodeError::NotAPacket {
    problem: "an attachment must be base64",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s0_1_only_messages_and_attachments_are_for_the_wire() {
        assert_eq!(hear("42[\"join\"]"), Heard::Said(Ok("2[\"join\"]")));
        assert_eq!(hear("bAQID"), Heard::Said(Ok("bAQID")));
        assert_eq!(hear("2probe"), Heard::Ping("probe"));
        assert_eq!(hear("1"), Heard::Goodbye);
        for sign_of_life in ["3", "5", "6", "0{}"] {
            assert_eq!(hear(sign_of_life), Heard::Nothing);
        }
        assert_eq!(hear("b?"), Heard::Said(Err(NOT_BASE64)));
        assert_eq!(hear(""), Heard::Said(Err(NO_TYPE)));
        assert_eq!(hear("hello"), Heard::Said(Err(NO_TYPE)));
    }
}
