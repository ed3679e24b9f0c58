//! What one end writes, the other reads; and nothing that is received makes either fail.

use std::time::Duration;

use proptest::prelude::*;
use switchboard_engineio::{Open, Packet, Query, decode_binary, encode_binary, payload};

/// Text as a packet may hold it: everything but the separator.
fn data() -> impl Strategy<Value = String> {
    "[^\u{1e}]{0,40}"
}

fn packet<'a>((kind, data): &'a (u8, String)) -> Packet<'a> {
    match kind % 8 {
        0 => Packet::Open(data),
        1 => Packet::Close,
        2 => Packet::Ping(data),
        3 => Packet::Pong(data),
        4 => Packet::Message(data),
        5 => Packet::Upgrade,
        6 => Packet::Noop,
        _ => Packet::Binary(data),
    }
}

proptest! {
    #[test]
    fn a_payload_holds_the_packets_that_were_appended(
        parts in prop::collection::vec((any::<u8>(), data()), 1..30)
    ) {
        let sent: Vec<_> = parts.iter().map(packet).collect();
        let mut body = Vec::new();
        for packet in &sent {
            payload::append(&mut body, *packet);
        }
        let body = String::from_utf8(body).expect("text");
        let read: Result<Vec<_>, _> = payload::packets(&body).collect();
        prop_assert_eq!(read, Ok(sent));
    }

    #[test]
    fn bytes_come_back_from_base64(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut back = Vec::new();
        decode_binary(&encode_binary(&bytes), &mut back).expect("what we wrote");
        prop_assert_eq!(back, bytes);
    }

    #[test]
    fn an_open_packet_comes_back(
        sid in "\\PC{1,30}",
        upgrades: bool,
        interval in 0..u64::from(u32::MAX),
        timeout in 0..u64::from(u32::MAX),
        max_payload: usize,
    ) {
        let open = Open {
            sid,
            upgrades,
            ping_interval: Duration::from_millis(interval),
            ping_timeout: Duration::from_millis(timeout),
            max_payload,
        };
        prop_assert_eq!(Open::parse(&open.to_json()), Ok(open));
    }

    #[test]
    fn a_query_is_read_whatever_stands_around_its_keys(
        before in "[a-z]{1,4}=[a-zA-Z0-9%.]{0,8}",
        after in "[a-z]{1,4}(=[a-zA-Z0-9%.]{0,8})?",
        sid in "[a-zA-Z0-9_-]{1,20}",
    ) {
        prop_assume!([&before, &after].iter().all(|part| !part.starts_with("sid")));
        let query = format!("{before}&sid={sid}&transport=websocket&EIO=4&{after}");
        let read = Query::parse(&query).expect("a query");
        prop_assert_eq!(read.sid, Some(sid.as_str()));
    }

    #[test]
    fn whatever_is_received_is_read_or_refused(text: String) {
        let read = payload::packets(&text).count();
        prop_assert_eq!(read, text.matches(payload::SEPARATOR).count() + 1);
        let mut out = Vec::new();
        if decode_binary(&text, &mut out).is_err() {
            prop_assert!(out.is_empty());
        }
        let _ = Open::parse(&text);
        let _ = Query::parse(&text);
    }
}
