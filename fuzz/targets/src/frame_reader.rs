//! The reader of WebSocket frames: cut the stream as you like, the messages stay the same.

use switchboard_websocket::{
    CloseFrame, Message, OpCode, ProtocolError, Reader, Role, write_frame, write_masked,
};

/// What is kept for a message beside its bytes.
const OVERHEAD: usize = 512;

/// The first byte chooses the end of the connection and the bound for messages, the second how the stream is cut; the
/// rest is the stream. However it is cut, the same messages come out and the same violation ends them; nothing panics,
/// nothing above the bound is handed out or held, and what was read can be written and read again.
pub fn frame_reader(data: &[u8]) {
    let [choice, cut, stream @ ..] = data else {
        return;
    };
    let role = if choice & 1 == 0 {
        Role::Server
    } else {
        Role::Client
    };
    let max = [0, 1, 125, 126, 4_096, 65_536, 1_000_000, usize::MAX][usize::from(choice >> 1 & 7)];

    let whole = read(role, max, stream, |_| stream.len());
    let bytewise = read(role, max, stream, |_| 1);
    let pieces = read(role, max, stream, |n| {
        1 + usize::from(*cut) * (n % 7 + 1) % 97
    });
    assert_eq!(bytewise, whole, "byte by byte");
    assert_eq!(pieces, whole, "in pieces");

    read_back(role, max, &whole.messages);
}

/// What came out of a stream.
#[derive(Debug, PartialEq)]
struct Conversation {
    messages: Vec<Owned>,
    /// Whether a close frame or a violation ended it.
    finished: bool,
    violation: Option<ProtocolError>,
}

/// A message that outlives the buffer.
#[derive(Debug, PartialEq)]
enum Owned {
    Data(OpCode, Vec<u8>),
    Close(Option<(u16, String)>),
}

/// Reads a stream in pieces; `piece` tells the length of the n-th.
fn read(role: Role, max: usize, stream: &[u8], piece: impl Fn(usize) -> usize) -> Conversation {
    let mut reader = Reader::new(role, max);
    let mut messages = Vec::new();
    let mut rest = stream;
    let mut arrived = 0;
    let mut n = 0;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(piece(n).clamp(1, rest.len()));
        (rest, n, arrived) = (later, n + 1, arrived + now.len());
        let mut buffer = now.to_vec();
        let mut frames = reader.feed(&mut buffer);
        loop {
            match frames.next_message() {
                Ok(Some(message)) => messages.push(own(&message, max)),
                Ok(None) => break,
                Err(violation) => {
                    assert_eq!(
                        frames.next_message(),
                        Ok(None),
                        "nothing comes after a violation"
                    );
                    assert!(
                        matches!(violation.close_code(), 1002 | 1007 | 1009),
                        "{violation}"
                    );
                    assert!(reader.is_finished() && reader.held_bytes() == 0);
                    let violation = Some(violation);
                    return Conversation {
                        messages,
                        finished: true,
                        violation,
                    };
                }
            }
        }
        let held = reader.held_bytes();
        assert!(
            held <= max.saturating_add(OVERHEAD),
            "{held} bytes held, messages up to {max}"
        );
        assert!(
            held <= 2 * arrived + OVERHEAD,
            "{held} bytes held of {arrived} arrived"
        );
        assert!(
            !reader.is_finished() || held == 0,
            "{held} bytes held after the end"
        );
    }
    Conversation {
        messages,
        finished: reader.is_finished(),
        violation: None,
    }
}

fn own(message: &Message<'_>, max: usize) -> Owned {
    let (opcode, payload) = match message {
        Message::Text(text) => (OpCode::Text, text.as_bytes()),
        Message::Binary(bytes) => (OpCode::Binary, *bytes),
        Message::Ping(bytes) => (OpCode::Ping, *bytes),
        Message::Pong(bytes) => (OpCode::Pong, *bytes),
        Message::Close(frame) => {
            return Owned::Close(
                frame.map(|CloseFrame { code, reason }| (code, reason.to_owned())),
            );
        }
    };
    let bound = if opcode.is_control() { 125 } else { max };
    assert!(
        payload.len() <= bound,
        "{} bytes, at most {bound}",
        payload.len()
    );
    Owned::Data(opcode, payload.to_vec())
}

/// Writes messages as the other end would, and expects to read the same.
fn read_back(role: Role, max: usize, messages: &[Owned]) {
    let mut stream = Vec::new();
    for message in messages {
        let (opcode, payload) = match message {
            Owned::Data(opcode, payload) => (*opcode, payload.clone()),
            Owned::Close(None) => (OpCode::Close, Vec::new()),
            Owned::Close(Some((code, reason))) => (
                OpCode::Close,
                [&code.to_be_bytes(), reason.as_bytes()].concat(),
            ),
        };
        match role {
            Role::Server => write_masked(&mut stream, opcode, &payload, [0x37, 0xfa, 0x21, 0x3d]),
            Role::Client => write_frame(&mut stream, opcode, &payload),
        }
    }
    let again = read(role, max, &stream, |_| stream.len());
    assert_eq!(again.messages, messages, "written and read again");
    assert_eq!(again.violation, None);
}
