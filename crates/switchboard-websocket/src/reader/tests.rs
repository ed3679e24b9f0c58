use super::*;
use crate::close::{CloseFrame, code};
use crate::writer::{write_close, write_frame, write_masked, write_masked_close};

const KEY: [u8; 4] = [0xa5, 0x0f, 0x42, 0x99];
const MAX: usize = 1_000_000;

/// A client's frame: first byte as given, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_masked(&mut out, OpCode::Binary, payload, KEY);
    out[0] = first;
    out
}

/// A message that outlives its buffer.
#[derive(Debug, PartialEq)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

fn text(text: &str) -> Said {
    Said::Text(text.to_owned())
}

fn said(message: Message<'_>) -> Said {
    match message {
        Message::Text(text) => Said::Text(text.to_owned()),
        Message::Binary(bytes) => Said::Binary(bytes.to_vec()),
        Message::Ping(bytes) => Said::Ping(bytes.to_vec()),
        Message::Pong(bytes) => Said::Pong(bytes.to_vec()),
        Message::Close(close) => Said::Close(close.map(|c| (c.code, c.reason.to_owned()))),
    }
}

/// Feeds the pieces one after the other; what was said, and how it ended.
fn read(reader: &mut Reader, pieces: &[&[u8]]) -> (Vec<Said>, Option<ProtocolError>) {
    let mut all = Vec::new();
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut frames = reader.feed(&mut buffer);
        loop {
            match frames.next_message() {
                Ok(Some(message)) => all.push(said(message)),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
    }
    (all, None)
}

fn from_client(pieces: &[&[u8]]) -> (Vec<Said>, Option<ProtocolError>) {
    read(&mut Reader::new(Role::Server, MAX), pieces)
}

fn close_code_after(pieces: &[&[u8]]) -> u16 {
    let (_, error) = from_client(pieces);
    error.expect("a violation").close_code()
}

#[test]
fn several_messages_of_one_read_come_in_order() {
    let bytes = [
        frame(0x81, b"one"),
        frame(0x82, b"\xff\x00"),
        frame(0x89, b"are you there"),
        frame(0x8a, b""),
        frame(0x81, b""),
    ]
    .concat();
    let expected = vec![
        text("one"),
        Said::Binary(vec![0xff, 0]),
        Said::Ping(b"are you there".to_vec()),
        Said::Pong(vec![]),
        text(""),
    ];
    assert_eq!(from_client(&[&bytes]), (expected, None));
}

#[test]
fn a_whole_message_is_borrowed_from_the_buffer() {
    let mut buffer = [frame(0x81, b"in place"), frame(0x81, b"too")].concat();
    let range = buffer.as_ptr_range();
    let mut reader = Reader::new(Role::Server, MAX);
    let mut frames = reader.feed(&mut buffer);
    for _ in 0..2 {
        let Ok(Some(Message::Text(text))) = frames.next_message() else {
            panic!("two texts");
        };
        assert!(range.contains(&text.as_ptr()));
    }
    drop(frames);
    assert_eq!(reader.held_bytes(), 0);
}

#[test]
fn a_message_may_come_in_any_pieces() {
    let bytes = frame(0x81, "\u{20ac} and \u{1f600}".as_bytes());
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let expected = vec![text("\u{20ac} and \u{1f600}")];
        assert_eq!(from_client(&[head, tail]), (expected, None), "cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(from_client(&single).0, [text("\u{20ac} and \u{1f600}")]);
}

#[test]
fn fragments_become_one_message_and_control_frames_come_between() {
    let bytes = [
        frame(0x01, b"frag"),
        frame(0x89, b"p1"),
        frame(0x00, b""),
        frame(0x00, b"men"),
        frame(0x8a, b"p2"),
        frame(0x80, b"ted"),
        frame(0x81, b"next"),
    ]
    .concat();
    let expected = vec![
        Said::Ping(b"p1".to_vec()),
        Said::Pong(b"p2".to_vec()),
        text("fragmented"),
        text("next"),
    ];
    assert_eq!(from_client(&[&bytes]), (expected, None));
}

#[test]
fn a_character_may_be_cut_by_a_fragment() {
    let euro = "\u{20ac}".as_bytes();
    let bytes = [
        frame(0x01, &euro[..1]),
        frame(0x00, &euro[1..2]),
        frame(0x80, &euro[2..]),
    ];
    assert_eq!(
        from_client(&[&bytes.concat()]),
        (vec![text("\u{20ac}")], None)
    );
}

#[test]
fn fragments_need_an_open_message_and_only_one() {
    // A continuation of nothing, final or not; also right after a message has ended.
    assert_eq!(
        close_code_after(&[&frame(0x80, b"x")]),
        code::PROTOCOL_ERROR
    );
    assert_eq!(
        close_code_after(&[&frame(0x00, b"x")]),
        code::PROTOCOL_ERROR
    );
    let ended = [frame(0x01, b"a"), frame(0x80, b"b"), frame(0x80, b"c")].concat();
    let (said, error) = from_client(&[&ended]);
    assert_eq!(said, [text("ab")]);
    assert_eq!(error, Some(ProtocolError::UnexpectedContinuation));
    // A new message within an open one.
    for first in [0x81, 0x82, 0x01, 0x02] {
        let (_, error) = from_client(&[&frame(0x01, b"a"), &frame(first, b"b")]);
        assert_eq!(error, Some(ProtocolError::InterruptedMessage));
    }
}

#[test]
fn invalid_utf_8_is_found_where_it_stands() {
    assert_eq!(
        close_code_after(&[&frame(0x81, b"ok\xff")]),
        code::INVALID_PAYLOAD
    );
    // Unfinished at the end of the message, whole or fragmented.
    assert_eq!(
        close_code_after(&[&frame(0x81, b"ok\xe2\x82")]),
        code::INVALID_PAYLOAD
    );
    assert_eq!(
        close_code_after(&[&frame(0x01, b"ok\xe2"), &frame(0x80, b"\x82")]),
        code::INVALID_PAYLOAD,
    );
    // Wrong in the first fragment: nobody waits for the last.
    assert_eq!(
        close_code_after(&[&frame(0x01, b"ok\xf4\x90")]),
        code::INVALID_PAYLOAD
    );
    // Wrong in the first half of a frame: nobody waits for the other half.
    let unfinished = frame(0x81, b"\xce\xba\xed\xa0\x80 and much more");
    assert_eq!(
        close_code_after(&[&unfinished[..12]]),
        code::INVALID_PAYLOAD
    );
    // Binary may hold anything.
    assert_eq!(from_client(&[&frame(0x82, b"\xff")]).1, None);
}

#[test]
fn the_bound_holds_for_a_frame_and_for_the_sum_of_fragments() {
    let reader = || Reader::new(Role::Server, 10);
    assert_eq!(read(&mut reader(), &[&frame(0x81, b"0123456789")]).1, None);
    let too_big = Some(ProtocolError::TooBig { max: 10 });
    // The header alone is enough to know.
    assert_eq!(
        read(&mut reader(), &[&frame(0x81, b"0123456789a")[..6]]).1,
        too_big
    );
    let huge = [
        0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    assert_eq!(read(&mut reader(), &[&huge]).1, too_big);
    let sum = [
        frame(0x01, b"012345"),
        frame(0x00, b"6789"),
        frame(0x80, b"a"),
    ]
    .concat();
    assert_eq!(read(&mut reader(), &[&sum]).1, too_big);
    let sum = [frame(0x01, b"012345"), frame(0x80, b"6789")].concat();
    assert_eq!(
        read(&mut reader(), &[&sum]),
        (vec![text("0123456789")], None)
    );
    // Control frames do not count.
    let mut ping = reader();
    assert_eq!(read(&mut ping, &[&frame(0x89, &[b'p'; 125])]).1, None);
    assert_eq!(
        ProtocolError::TooBig { max: 10 }.close_code(),
        code::TOO_BIG
    );
}

#[test]
fn nothing_is_read_after_a_close_or_a_violation() {
    let bytes = [frame(0x88, b"\x03\xe8bye"), frame(0x81, b"late")].concat();
    let mut reader = Reader::new(Role::Server, MAX);
    let expected = vec![Said::Close(Some((1000, "bye".to_owned())))];
    assert_eq!(
        read(&mut reader, &[&bytes, &frame(0x81, b"later")]),
        (expected, None)
    );
    assert!(reader.is_finished());

    let mut reader = Reader::new(Role::Server, MAX);
    assert_eq!(
        read(&mut reader, &[&frame(0x83, b"")]).1,
        Some(ProtocolError::ReservedOpcode(3))
    );
    assert!(reader.is_finished());
    assert_eq!(read(&mut reader, &[&frame(0x81, b"later")]), (vec![], None));
    assert_eq!(reader.held_bytes(), 0);
}

#[test]
fn an_unmasked_empty_pong_is_forgiven_in_any_pieces_and_between_fragments() {
    assert_eq!(
        from_client(&[&[0x8a, 0x00]]),
        (vec![Said::Pong(vec![])], None)
    );
    assert_eq!(
        from_client(&[&[0x8a], &[0x00]]),
        (vec![Said::Pong(vec![])], None)
    );
    let bytes = [frame(0x01, b"a"), vec![0x8a, 0x00], frame(0x80, b"b")].concat();
    assert_eq!(
        from_client(&[&bytes]),
        (vec![Said::Pong(vec![]), text("ab")], None)
    );
}

#[test]
fn a_client_reads_what_a_server_writes() {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, OpCode::Text, "gr\u{fc}\u{df}e".as_bytes());
    write_frame(&mut bytes, OpCode::Binary, &vec![3; 70_000]);
    write_frame(&mut bytes, OpCode::Ping, b"");
    write_close(&mut bytes, code::GOING_AWAY, "restart");
    let expected = vec![
        text("gr\u{fc}\u{df}e"),
        Said::Binary(vec![3; 70_000]),
        Said::Ping(vec![]),
        Said::Close(Some((1001, "restart".to_owned()))),
    ];
    assert_eq!(
        read(&mut Reader::new(Role::Client, MAX), &[&bytes]),
        (expected, None)
    );
    let mut masked = Vec::new();
    write_masked_close(&mut masked, code::NORMAL, "", KEY);
    assert_eq!(
        read(&mut Reader::new(Role::Client, MAX), &[&masked]).1,
        Some(ProtocolError::MaskForbidden),
    );
    assert_eq!(
        from_client(&[&masked]).0,
        [Said::Close(Some((1000, String::new())))]
    );
}

#[test]
fn an_idle_connection_holds_nothing() {
    assert!(mem::size_of::<Reader>() <= 64);
    let mut reader = Reader::new(Role::Server, MAX);
    // Every kind of partial state: header, frame, fragments, a control frame within fragments.
    let bytes = [
        frame(0x81, b"whole"),
        frame(0x81, &[b'x'; 300]),
        frame(0x01, b"a"),
        frame(0x89, b"ping"),
        frame(0x80, b"b"),
        frame(0x8a, b"pong"),
    ]
    .concat();
    for size in 1..bytes.len() {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        let (said, error) = read(&mut reader, &pieces);
        assert_eq!((said.len(), error), (5, None));
        assert_eq!(reader.held_bytes(), 0, "in reads of {size} bytes");
    }
}

#[test]
fn memory_follows_what_arrives_and_not_what_is_claimed() {
    let mut reader = Reader::new(Role::Server, MAX);
    let bytes = frame(0x82, &vec![1; MAX]);
    let mut sizes = Vec::new();
    let mut arrived = 0;
    for piece in bytes.chunks(1000) {
        arrived += piece.len();
        read(&mut reader, &[piece]);
        let held = reader.held_bytes();
        assert!(
            held <= 2 * arrived + 256,
            "{held} bytes held, {arrived} arrived"
        );
        assert!(held <= MAX + 256);
        if held != 0 && sizes.last() != Some(&held) {
            sizes.push(held);
        }
    }
    assert_eq!(reader.held_bytes(), 0);
    // Doubling: the thousand reads moved the message a few times only.
    assert!(sizes.len() <= 12, "{sizes:?}");
}

#[test]
fn a_reader_may_pause_between_two_messages() {
    let mut buffer = [frame(0x81, b"one"), frame(0x81, b"two")].concat();
    let second = frame(0x81, b"two");
    let mut reader = Reader::new(Role::Server, MAX);
    let mut frames = reader.feed(&mut buffer);
    assert_eq!(frames.next_message(), Ok(Some(Message::Text("one"))));
    let rest = frames.into_rest().to_vec();
    assert_eq!(rest, second);
    assert_eq!(read(&mut reader, &[&rest]), (vec![text("two")], None));
}

#[test]
fn what_people_say_is_not_in_the_debug_output() {
    let mut reader = Reader::new(Role::Server, MAX);
    let mut buffer = frame(0x01, b"secret");
    let mut frames = reader.feed(&mut buffer);
    assert_eq!(frames.next_message(), Ok(None));
    // Neither as text nor as a list of bytes.
    let shown = format!("{frames:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("115, 101"),
        "{shown}"
    );
}

#[test]
fn a_close_frame_is_read_with_its_code_and_reason() {
    let mut buffer = frame(0x88, b"\x0f\xa0app");
    let mut reader = Reader::new(Role::Server, MAX);
    let close = CloseFrame {
        code: 4000,
        reason: "app",
    };
    assert_eq!(
        reader.feed(&mut buffer).next_message(),
        Ok(Some(Message::Close(Some(close))))
    );
    let empty = from_client(&[&frame(0x88, b"")]);
    assert_eq!(empty, (vec![Said::Close(None)], None));
    assert_eq!(
        close_code_after(&[&frame(0x88, b"\x03")]),
        code::PROTOCOL_ERROR
    );
    assert_eq!(
        close_code_after(&[&frame(0x88, b"\x03\xed")]),
        code::PROTOCOL_ERROR
    );
    assert_eq!(
        close_code_after(&[&frame(0x88, b"\x03\xe8\xff")]),
        code::INVALID_PAYLOAD
    );
}
