//! What Socket.IO is carried in.

use std::hint::black_box;

use switchboard_engineio::{Packet, decode_binary, encode_binary, payload};
use switchboard_websocket::{OpCode, write_parts};

use super::encode::known;
use crate::words::candidate;
use crate::{Case, Round};

/// Packets in one poll.
const SEVERAL: usize = 16;
const ATTACHMENT_BYTES: usize = 1024;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("engineio/packet/read", read_packet),
        Case::new("engineio/packet/write", write_packet),
        Case::new(format!("engineio/payload/read-{SEVERAL}"), read_payload),
        Case::new(format!("engineio/payload/write-{SEVERAL}"), write_payload),
        Case::new("engineio/attachment/read-1-kb", read_attachment),
        Case::new("engineio/attachment/write-1-kb", write_attachment),
    ]
}

fn message() -> String {
    candidate(known("socketio"))
}

/// The message in a frame: a digit before it.
fn read_packet() -> Round {
    let text = format!("4{}", message());
    Box::new(move || {
        let packet = Packet::parse(black_box(&text));
        assert!(matches!(black_box(packet), Ok(Packet::Message(_))));
    })
}

fn write_packet() -> Round {
    let message = message();
    let mut out = Vec::new();
    Box::new(move || {
        let message = black_box(message.as_bytes());
        write_parts(&mut out, OpCode::Text, [b"4", message]);
        black_box(&out);
        out.clear();
    })
}

fn read_payload() -> Round {
    let packets = vec![format!("4{}", message()); SEVERAL];
    let text = packets.join("\u{1e}");
    Box::new(move || {
        let mut messages = 0;
        for packet in payload::packets(black_box(&text)) {
            messages += usize::from(matches!(black_box(packet), Ok(Packet::Message(_))));
        }
        assert!(messages == SEVERAL);
    })
}

fn write_payload() -> Round {
    let message = message();
    let mut out = Vec::new();
    Box::new(move || {
        for _ in 0..SEVERAL {
            payload::append(&mut out, Packet::Message(black_box(&message)));
        }
        black_box(&out);
        out.clear();
    })
}

fn read_attachment() -> Round {
    let base64 = encode_binary(&[0xa5; ATTACHMENT_BYTES]);
    let mut out = Vec::new();
    Box::new(move || {
        let decoded = decode_binary(black_box(&base64), &mut out);
        assert!(black_box(decoded).is_ok());
        out.clear();
    })
}

fn write_attachment() -> Round {
    Box::new(|| {
        black_box(encode_binary(black_box(&[0xa5; ATTACHMENT_BYTES])));
    })
}
