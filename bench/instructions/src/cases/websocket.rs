//! Frames, read by the server and written by it.

use std::hint::black_box;

use switchboard_core::Wire;
use switchboard_websocket::{OpCode, Reader, Role, write_frame, write_masked};

use crate::words::{candidate, offer};
use crate::{Case, PREPARED, Round};

const MAX_MESSAGE: usize = 1_000_000;
/// A short message, of which several come in one read.
const SHORT: &str = r#"{"type":"chat","roomId":"studio","sender":"ann","message":"hi"}"#;
const SEVERAL: usize = 16;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("websocket/read/candidate", || {
            read(&[candidate(WIRE).as_str()])
        }),
        Case::new("websocket/read/offer", || read(&[offer(WIRE).as_str()])),
        Case::new(format!("websocket/read/{SEVERAL}-in-one"), || {
            read(&[SHORT; SEVERAL])
        }),
        Case::new("websocket/read/in-two-pieces", || {
            in_two_pieces(&offer(WIRE))
        }),
        Case::new("websocket/write/candidate", || write(candidate(WIRE), 1)),
        Case::new("websocket/write/offer", || write(offer(WIRE), 1)),
        Case::new(format!("websocket/write/{SEVERAL}-in-one"), || {
            write(SHORT.to_owned(), SEVERAL)
        }),
    ]
}

/// Any will do: only sizes matter here.
const WIRE: Wire = Wire(0);

/// What a client sends in one piece; each time anew, since it is unmasked where it lies.
pub(super) fn masked(messages: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        write_masked(
            &mut bytes,
            OpCode::Text,
            message.as_bytes(),
            [0x37, 0xfa, 0x21, 0x3d],
        );
    }
    bytes
}

fn read(messages: &[&str]) -> Round {
    let mut buffers = vec![masked(messages); PREPARED];
    let mut reader = Reader::new(Role::Server, MAX_MESSAGE);
    let (mut next, count) = (0, messages.len());
    Box::new(move || {
        assert!(take(&mut reader, &mut buffers[next]) == count);
        next += 1;
    })
}

/// A message that the network has cut in the middle.
fn in_two_pieces(message: &str) -> Round {
    let mut buffers = vec![masked(&[message]); PREPARED];
    let mut reader = Reader::new(Role::Server, MAX_MESSAGE);
    let mut next = 0;
    Box::new(move || {
        let half = buffers[next].len() / 2;
        let (first, second) = buffers[next].split_at_mut(half);
        assert!(take(&mut reader, first) == 0);
        assert!(take(&mut reader, second) == 1);
        next += 1;
    })
}

/// How many messages were in the buffer.
fn take(reader: &mut Reader, buffer: &mut [u8]) -> usize {
    let mut count = 0;
    let mut frames = reader.feed(black_box(buffer));
    while let Ok(Some(message)) = frames.next_message() {
        black_box(message);
        count += 1;
    }
    count
}

fn write(message: String, times: usize) -> Round {
    let mut out = Vec::new();
    Box::new(move || {
        for _ in 0..times {
            write_frame(&mut out, OpCode::Text, black_box(message.as_bytes()));
        }
        black_box(&out);
        out.clear();
    })
}
