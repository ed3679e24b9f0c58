//! What one HTTP request or answer carries: packets with a separator between them.

use memchr::memchr;

use crate::{Packet, ProtocolError};

/// Stands between two packets (U+001E, record separator). JSON text never holds it raw.
pub const SEPARATOR: char = '\u{1e}';

/// The packets of a payload, in order, as far as they are read: the caller decides how many it takes.
///
/// A payload without a packet in it is one empty packet, thus an error.
pub fn packets(payload: &str) -> impl Iterator<Item = Result<Packet<'_>, ProtocolError>> {
    let mut rest = Some(payload);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr(SEPARATOR as u8, text.as_bytes());
        rest = end.map(|end| &text[end + 1..]);
        Some(Packet::parse(&text[..end.unwrap_or(text.len())]))
    })
}

/// Appends a packet to a payload.
pub fn append(payload: &mut Vec<u8>, packet: Packet<'_>) {
    if !payload.is_empty() {
        payload.push(SEPARATOR as u8);
    }
    packet.write_to(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_document_is_read() {
        let read: Vec<_> = packets("4hello\u{1e}2\u{1e}4world").collect();
        assert_eq!(
            read,
            [
                Ok(Packet::Message("hello")),
                Ok(Packet::Ping("")),
                Ok(Packet::Message("world"))
            ]
        );
        let read: Vec<_> = packets("4hello\u{1e}bAQIDBA==").collect();
        assert_eq!(
            read,
            [Ok(Packet::Message("hello")), Ok(Packet::Binary("AQIDBA=="))]
        );
    }

    #[test]
    fn an_empty_packet_is_an_error_in_its_place() {
        assert_eq!(packets("").collect::<Vec<_>>(), [Err(ProtocolError::Empty)]);
        let read: Vec<_> = packets("6\u{1e}\u{1e}6\u{1e}").collect();
        assert_eq!(
            read,
            [
                Ok(Packet::Noop),
                Err(ProtocolError::Empty),
                Ok(Packet::Noop),
                Err(ProtocolError::Empty)
            ]
        );
    }
}
