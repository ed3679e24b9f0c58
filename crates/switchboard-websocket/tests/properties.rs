//! What must hold for every byte stream: how it is cut into reads does not matter, nothing panics,
//! nothing stays on the heap, and an independent implementation reads and writes the same.

use std::io::{self, Cursor, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use switchboard_websocket::{
    Message, OpCode, ProtocolError, Reader, Role, code, write_frame, write_masked,
};
use tungstenite::protocol::{self as reference, WebSocketConfig};

/// Small enough that generated streams reach it, and above a control frame's 125 bytes.
const MAX: usize = 400;

/// A message that outlives its buffer.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl From<Message<'_>> for Said {
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.to_owned()),
            Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Message::Ping(bytes) => Self::Ping(bytes.to_vec()),
            Message::Pong(bytes) => Self::Pong(bytes.to_vec()),
            Message::Close(close) => Self::Close(close.map(|c| (c.code, c.reason.to_owned()))),
        }
    }
}

impl From<reference::Message> for Said {
    fn from(message: reference::Message) -> Self {
        match message {
            reference::Message::Text(text) => Self::Text(text.as_str().to_owned()),
            reference::Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
            reference::Message::Ping(bytes) => Self::Ping(bytes.to_vec()),
            reference::Message::Pong(bytes) => Self::Pong(bytes.to_vec()),
            reference::Message::Close(close) => {
                Self::Close(close.map(|c| (c.code.into(), c.reason.as_str().to_owned())))
            }
            reference::Message::Frame(_) => unreachable!("raw frames are never read"),
        }
    }
}

impl Said {
    fn parts(&self) -> (OpCode, Vec<u8>) {
        match self {
            Self::Text(text) => (OpCode::Text, text.clone().into_bytes()),
            Self::Binary(bytes) => (OpCode::Binary, bytes.clone()),
            Self::Ping(bytes) => (OpCode::Ping, bytes.clone()),
            Self::Pong(bytes) => (OpCode::Pong, bytes.clone()),
            Self::Close(None) => (OpCode::Close, Vec::new()),
            Self::Close(Some((code, reason))) => (
                OpCode::Close,
                [&code.to_be_bytes(), reason.as_bytes()].concat(),
            ),
        }
    }

    fn to_reference(&self) -> reference::Message {
        match self.clone() {
            Self::Text(text) => reference::Message::text(text),
            Self::Binary(bytes) => reference::Message::binary(bytes),
            Self::Ping(bytes) => reference::Message::Ping(bytes.into()),
            Self::Pong(bytes) => reference::Message::Pong(bytes.into()),
            Self::Close(close) => {
                reference::Message::Close(close.map(|(code, reason)| reference::CloseFrame {
                    code: code.into(),
                    reason: reason.into(),
                }))
            }
        }
    }
}

/// All that a reader says to a stream that comes in these pieces.
fn read(reader: &mut Reader, pieces: &[&[u8]]) -> (Vec<Said>, Option<ProtocolError>) {
    let mut all = Vec::new();
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut frames = reader.feed(&mut buffer);
        loop {
            match frames.next_message() {
                Ok(Some(message)) => all.push(message.into()),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
    }
    (all, None)
}

/// Cuts `bytes` at the given places.
fn cut<'a>(bytes: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|at| at.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for at in places {
        pieces.push(&bytes[from..at]);
        from = at;
    }
    pieces.push(&bytes[from..]);
    pieces
}

/// A frame of a client, which may break every rule but those of its length.
#[derive(Clone, Debug)]
struct RawFrame {
    first: u8,
    masked: bool,
    key: [u8; 4],
    payload: Vec<u8>,
}

impl RawFrame {
    fn append_to(&self, out: &mut Vec<u8>) {
        let start = out.len();
        if self.masked {
            write_masked(out, OpCode::Binary, &self.payload, self.key);
        } else {
            write_frame(out, OpCode::Binary, &self.payload);
        }
        out[start] = self.first;
    }

    /// The two bytes which are forgiven here and nowhere else.
    fn is_bare_pong(&self) -> bool {
        !self.masked && self.first == 0x8A && self.payload.is_empty()
    }
}

fn stream(frames: &[RawFrame]) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in frames {
        frame.append_to(&mut out);
    }
    out
}

/// Text, pieces of text cut anywhere, close payloads, and bytes.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let text = vec(
        select(vec!["a", "\u{e9}", "\u{20ac}", "\u{1f600}", "{}"]),
        0..60,
    )
    .prop_map(|words| words.concat().into_bytes());
    prop_oneof![
        4 => text.clone(),
        2 => (text.clone(), any::<Index>(), any::<Index>()).prop_map(|(text, a, b)| {
            let (a, b) = (a.index(text.len() + 1), b.index(text.len() + 1));
            text[a.min(b)..a.max(b)].to_vec()
        }),
        1 => (select(vec![999_u16, 1000, 1001, 1005, 1011, 1016, 3000, 4999, 5000]), text)
            .prop_map(|(code, reason)| [&code.to_be_bytes()[..], &reason].concat()),
        1 => vec(any::<u8>(), 0..6),
        1 => vec(any::<u8>(), 100..500),
    ]
}

fn raw_frame() -> impl Strategy<Value = RawFrame> {
    let first = prop_oneof![
        3 => Just(0x81_u8),
        1 => Just(0x82),
        3 => Just(0x01),
        3 => Just(0x00),
        3 => Just(0x80),
        2 => Just(0x89),
        2 => Just(0x8A),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    (
        first,
        prop::bool::weighted(0.97),
        any::<[u8; 4]>(),
        payload(),
    )
        .prop_map(|(first, masked, key, payload)| RawFrame {
            first,
            masked,
            key,
            payload,
        })
}

/// Something a well-behaved peer says.
fn said() -> impl Strategy<Value = Said> {
    let text = || vec(any::<char>(), 0..90).prop_map(|chars| chars.into_iter().collect::<String>());
    let short = || vec(any::<u8>(), 0..=125);
    prop_oneof![
        text().prop_map(Said::Text),
        vec(any::<u8>(), 0..MAX).prop_map(Said::Binary),
        short().prop_map(Said::Ping),
        short().prop_map(Said::Pong),
    ]
}

fn conversation() -> impl Strategy<Value = Vec<Said>> {
    let close = prop_oneof![
        Just(Said::Close(None)),
        (
            select(vec![1000_u16, 1001, 1008, 3000, 4999]),
            "[a-z\u{e9}\u{20ac}]{0,40}"
        )
            .prop_map(|(code, reason)| Said::Close(Some((code, reason)))),
    ];
    (vec(said(), 0..12), close).prop_map(|(mut all, close)| {
        all.push(close);
        all
    })
}

/// The bytes of a conversation, each data message in as many fragments as there are cuts in it, with
/// pings in between. Returns what a reader must say to it.
fn fragmented(conversation: &[Said], places: &[Index], key: [u8; 4]) -> (Vec<u8>, Vec<Said>) {
    let mut out = Vec::new();
    let mut expected = Vec::new();
    for said in conversation {
        let (opcode, payload) = said.parts();
        let pieces = if opcode.is_control() {
            vec![&*payload]
        } else {
            cut(&payload, places)
        };
        let last = pieces.len() - 1;
        for (at, piece) in pieces.into_iter().enumerate() {
            let start = out.len();
            let this = if at == 0 {
                opcode
            } else {
                OpCode::Continuation
            };
            write_masked(&mut out, this, piece, key);
            if at < last {
                out[start] &= 0x7F;
                write_masked(&mut out, OpCode::Ping, b"between", key);
                expected.push(Said::Ping(b"between".to_vec()));
            }
        }
        expected.push(said.clone());
    }
    (out, expected)
}

proptest! {
    #[test]
    fn reads_may_end_anywhere(
        frames in vec(raw_frame(), 0..12),
        unfinished in any::<Index>(),
        places in vec(any::<Index>(), 0..20),
    ) {
        let mut bytes = stream(&frames);
        bytes.truncate(bytes.len() - unfinished.index(bytes.len() + 1) / 4);
        let whole = read(&mut Reader::new(Role::Server, MAX), &[&bytes]);
        let pieces = cut(&bytes, &places);
        let cut_up = read(&mut Reader::new(Role::Server, MAX), &pieces);
        prop_assert_eq!(&whole, &cut_up);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let by_bytes = read(&mut Reader::new(Role::Server, MAX), &single);
        prop_assert_eq!(&whole, &by_bytes);
    }

    #[test]
    fn what_was_said_is_heard_and_nothing_stays_on_the_heap(
        conversation in conversation(),
        fragments in vec(any::<Index>(), 0..4),
        reads in vec(any::<Index>(), 0..30),
        key in any::<[u8; 4]>(),
    ) {
        let (bytes, expected) = fragmented(&conversation, &fragments, key);
        let mut reader = Reader::new(Role::Server, 2 * MAX);
        prop_assert_eq!(read(&mut reader, &cut(&bytes, &reads)), (expected, None));
        prop_assert_eq!(reader.held_bytes(), 0);
        prop_assert!(reader.is_finished());
    }

    #[test]
    fn random_bytes_never_panic_and_hold_little(
        bytes in vec(any::<u8>(), 0..600),
        places in vec(any::<Index>(), 0..8),
        server in any::<bool>(),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let mut reader = Reader::new(role, MAX);
        for piece in cut(&bytes, &places) {
            let (_, error) = read(&mut reader, &[piece]);
            prop_assert!(reader.held_bytes() <= MAX + 125 + 256);
            if let Some(error) = error {
                prop_assert!(matches!(error.close_code(), 1002 | 1007 | 1009));
                prop_assert_eq!(reader.held_bytes(), 0);
                prop_assert!(reader.is_finished());
            }
        }
    }

    #[test]
    fn the_reference_accepts_and_refuses_the_same(frames in vec(raw_frame(), 0..12)) {
        prop_assume!(!frames.iter().any(RawFrame::is_bare_pong));
        let bytes = stream(&frames);
        let (ours, our_error) = read(&mut Reader::new(Role::Server, MAX), &[&bytes]);
        let (mut theirs, their_error) = read_reference(reference::Role::Server, &bytes);
        if let Some(ProtocolError::InvalidCloseCode(_)) = our_error {
            // The reference hands the frame out and answers it with 1002; or it looks at the reason
            // before the code, and that may be wrong as well.
            if their_error != Some(code::INVALID_PAYLOAD) {
                let last = theirs.pop();
                prop_assert!(
                    matches!(&last, Some(Said::Close(Some((code::PROTOCOL_ERROR, _))))),
                    "{:?}", last,
                );
            }
            prop_assert_eq!(&ours, &theirs);
            return Ok(());
        }
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(our_error.is_some(), their_error.is_some(), "{:?}, {:?}", our_error, their_error);
        if let (Some(ours), Some(theirs)) = (our_error, their_error) {
            // Of two violations in one header, the reference looks at the size first.
            let both = ours.close_code() == code::PROTOCOL_ERROR && theirs == code::TOO_BIG;
            prop_assert!(both || ours.close_code() == theirs, "{:?}, {}", ours, theirs);
        }
    }

    #[test]
    fn the_reference_hears_what_we_say(conversation in conversation(), key in any::<[u8; 4]>()) {
        let (mut from_server, mut from_client) = (Vec::new(), Vec::new());
        for said in &conversation {
            let (opcode, payload) = said.parts();
            write_frame(&mut from_server, opcode, &payload);
            write_masked(&mut from_client, opcode, &payload, key);
        }
        prop_assert_eq!(
            &read_reference(reference::Role::Client, &from_server),
            &(conversation.clone(), None),
        );
        prop_assert_eq!(
            &read_reference(reference::Role::Server, &from_client),
            &(conversation, None),
        );
    }

    #[test]
    fn we_hear_what_the_reference_says(
        conversation in conversation(),
        places in vec(any::<Index>(), 0..20),
    ) {
        for (role, mut reader) in [
            (reference::Role::Client, Reader::new(Role::Server, 2 * MAX)),
            (reference::Role::Server, Reader::new(Role::Client, 2 * MAX)),
        ] {
            let bytes = write_reference(role, &conversation);
            prop_assert_eq!(
                &read(&mut reader, &cut(&bytes, &places)),
                &(conversation.clone(), None),
            );
            prop_assert_eq!(reader.held_bytes(), 0);
        }
    }
}

/// What the reference implementation writes into, and reads from until there is no more.
struct Wire {
    incoming: Cursor<Vec<u8>>,
    outgoing: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn reference_socket(role: reference::Role, incoming: &[u8]) -> reference::WebSocket<Wire> {
    let wire = Wire {
        incoming: Cursor::new(incoming.to_vec()),
        outgoing: Vec::new(),
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX))
        .max_frame_size(Some(MAX));
    reference::WebSocket::from_raw_socket(wire, role, Some(config))
}

/// What the reference reads up to a close frame or the end, and the close code of its error, if any.
fn read_reference(role: reference::Role, bytes: &[u8]) -> (Vec<Said>, Option<u16>) {
    use tungstenite::Error;
    let mut socket = reference_socket(role, bytes);
    let mut all = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => {
                let last = message.is_close();
                all.push(message.into());
                if last {
                    return (all, None);
                }
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (all, None);
            }
            Err(Error::Utf8(_)) => return (all, Some(code::INVALID_PAYLOAD)),
            Err(Error::Capacity(_)) => return (all, Some(code::TOO_BIG)),
            Err(Error::Protocol(_)) => return (all, Some(code::PROTOCOL_ERROR)),
            Err(other) => panic!("unexpected: {other}"),
        }
    }
}

fn write_reference(role: reference::Role, conversation: &[Said]) -> Vec<u8> {
    let mut socket = reference_socket(role, &[]);
    for said in conversation {
        match said {
            Said::Close(_) => {
                let reference::Message::Close(close) = said.to_reference() else {
                    unreachable!("a close stays a close");
                };
                // It waits for the peer's close after this, which is of no interest here.
                socket.close(close).expect("a close is written once");
            }
            _ => socket
                .send(said.to_reference())
                .expect("memory takes every byte"),
        }
    }
    socket.get_ref().outgoing.clone()
}
