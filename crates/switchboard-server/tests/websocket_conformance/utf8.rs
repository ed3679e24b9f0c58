//! Section 6: text is UTF-8, wherever it is cut.

use crate::stage::{Case, Expected, Stage, message};
use crate::wire::{CONTINUATION, FIN, TEXT, frame};

/// Characters of one to four bytes, the limits of each length, and what only looks forbidden.
const VALID: [(&str, &str); 14] = [
    (
        "6.2",
        "Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!!",
    ),
    ("6.5", "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}"),
    ("6.7.2, the first of two bytes", "\u{80}"),
    ("6.7.3, the first of three bytes", "\u{800}"),
    ("6.7.4, the first of four bytes", "\u{10000}"),
    ("6.9.1, the last of one byte", "\u{7f}"),
    ("6.9.2, the last of two bytes", "\u{7ff}"),
    ("6.9.3, the last of three bytes", "\u{ffff}"),
    ("6.9.4, the last of all", "\u{10ffff}"),
    ("6.11.1, before the surrogates", "\u{d7ff}"),
    ("6.11.2, after the surrogates", "\u{e000}"),
    ("6.11.3, the replacement character", "\u{fffd}"),
    (
        "6.22, no characters, but valid",
        "\u{fffe}\u{1fffe}\u{1ffff}\u{2fffe}\u{10fffe}",
    ),
    (
        "6.23, format characters",
        "\u{fff9}\u{fffa}\u{fffb}\u{fffc}\u{202e}\u{feff}",
    ),
];

/// What is wrong before any further byte comes.
const INVALID: [(&str, &[u8]); 43] = [
    (
        "6.3.1",
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    ),
    (
        "6.4, above the last character",
        b"\xce\xba\xf4\x90\x80\x80edited",
    ),
    ("6.8.1, five bytes", b"\xf8\x88\x80\x80\x80"),
    ("6.8.2, six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("6.10.1, the last of four bytes", b"\xf7\xbf\xbf\xbf"),
    ("6.10.2, the last of five bytes", b"\xfb\xbf\xbf\xbf\xbf"),
    ("6.10.3, the last of six bytes", b"\xfd\xbf\xbf\xbf\xbf\xbf"),
    ("6.11.5, the first above the last", b"\xf4\x90\x80\x80"),
    ("6.12.1, a continuation byte", b"\x80"),
    ("6.12.2, the last continuation byte", b"\xbf"),
    ("6.12.3, two continuation bytes", b"\x80\xbf"),
    ("6.12.4, three continuation bytes", b"\x80\xbf\x80"),
    ("6.12.8, one behind a character", b"a\x80"),
    ("6.13.1, the start of two bytes and a space", b"\xc2 \xdf "),
    (
        "6.13.2, the start of three bytes and a space",
        b"\xe0 \xef ",
    ),
    ("6.13.3, the start of four bytes and a space", b"\xf0 \xf4 "),
    ("6.13.4, the start of five bytes and a space", b"\xf8 \xfb "),
    ("6.13.5, the start of six bytes and a space", b"\xfc \xfd "),
    ("6.14.2, three bytes less one", b"\xe1\x80 "),
    ("6.14.3, four bytes less one", b"\xf1\x80\x80 "),
    ("6.14.6, two bytes less one", b"\xdf "),
    ("6.14.7, the last of three bytes less one", b"\xef\xbf "),
    ("6.14.8, the last of four bytes less one", b"\xf4\x8f\xbf "),
    (
        "6.15, many that are unfinished",
        b"\xc3\xe1\x80\xf1\x80\x80\xdf\xef\xbf",
    ),
    ("6.16.1, the byte FE", b"\xfe"),
    ("6.16.2, the byte FF", b"\xff"),
    ("6.16.3, several of them", b"\xfe\xfe\xff\xff"),
    ("6.17.1, a slash in two bytes", b"\xc0\xaf"),
    ("6.17.2, a slash in three bytes", b"\xe0\x80\xaf"),
    ("6.17.3, a slash in four bytes", b"\xf0\x80\x80\xaf"),
    ("6.17.4, a slash in five bytes", b"\xf8\x80\x80\x80\xaf"),
    ("6.18.1, the last overlong of two bytes", b"\xc1\xbf"),
    ("6.18.2, the last overlong of three bytes", b"\xe0\x9f\xbf"),
    (
        "6.18.3, the last overlong of four bytes",
        b"\xf0\x8f\xbf\xbf",
    ),
    ("6.19.1, NUL in two bytes", b"\xc0\x80"),
    ("6.19.2, NUL in three bytes", b"\xe0\x80\x80"),
    ("6.19.3, NUL in four bytes", b"\xf0\x80\x80\x80"),
    ("6.20.1, the first surrogate", b"\xed\xa0\x80"),
    ("6.20.2, the last high surrogate", b"\xed\xaf\xbf"),
    ("6.20.5, the first low surrogate", b"\xed\xb0\x80"),
    ("6.20.7, the last surrogate", b"\xed\xbf\xbf"),
    ("6.21.1, a pair of surrogates", b"\xed\xa0\x80\xed\xb0\x80"),
    (
        "6.21.8, the last pair of surrogates",
        b"\xed\xaf\xbf\xed\xbf\xbf",
    ),
];

/// What is wrong only because nothing follows.
const UNFINISHED: [(&str, &[u8]); 7] = [
    ("6.6.1", b"\xce"),
    ("6.6.3", b"\xce\xba\xe1"),
    ("6.6.4", b"\xce\xba\xe1\xbd"),
    ("6.6.6", b"\xce\xba\xe1\xbd\xb9\xcf"),
    ("three of four bytes", b"\xf0\x9f\x98"),
    ("the start of the last character", b"\xf4\x8f"),
    ("the start before the surrogates", b"\xed\x9f"),
];

fn with(data: &[u8]) -> Vec<u8> {
    [br#"{"type":"x","data":""#, data, br#""}"#].concat()
}

/// The payload as a message of two fragments.
fn two_fragments(payload: &[u8], cut: usize) -> [Vec<u8>; 2] {
    let (head, tail) = payload.split_at(cut);
    [frame(TEXT, head), frame(FIN | CONTINUATION, tail)]
}

#[tokio::test]
async fn section_6_1_empty_fragments_around_a_message() {
    let mut stage = Stage::start().await;
    let empty = Case::new("6.1.2, nothing in three fragments")
        .write(frame(TEXT, b""))
        .write(frame(CONTINUATION, b""))
        .write(frame(FIN | CONTINUATION, b""))
        .hears(Expected::Error);
    let middle = Case::new("6.1.3, all in the second of three")
        .write(frame(TEXT, b""))
        .write(frame(CONTINUATION, message("middle").as_bytes()))
        .write(frame(FIN | CONTINUATION, b""))
        .relays(message("middle"));
    stage.play_all(empty.in_all_paces()).await;
    stage.play_all(middle.in_all_paces()).await;
}

#[tokio::test]
async fn section_6_7_1_nul_is_valid_text_but_no_json() {
    let mut stage = Stage::start().await;
    let case = Case::new("6.7.1")
        .write(frame(FIN | TEXT, &with(b"\0")))
        .hears(Expected::Error);
    stage.play(&case).await;
}

#[tokio::test]
async fn section_6_valid_text_arrives_whole_in_fragments_and_in_octets() {
    let mut stage = Stage::start().await;
    for (name, data) in VALID {
        let payload = message(data);
        let bytes = payload.as_bytes();
        let whole = Case::new(name)
            .write(frame(FIN | TEXT, bytes))
            .relays(&payload);
        stage.play_all([whole.clone(), whole.chopped(1)]).await;

        let mut octets = Case::new(format!("{name}, a fragment for each octet"));
        octets = octets.write(frame(TEXT, b""));
        for octet in bytes {
            octets = octets.write(frame(CONTINUATION, &[*octet]));
        }
        octets = octets
            .write(frame(FIN | CONTINUATION, b""))
            .relays(&payload);
        stage.play(&octets).await;
        stage.play(&octets.at_once()).await;
    }
}

#[tokio::test]
async fn section_6_2_text_may_be_cut_at_every_byte() {
    let mut stage = Stage::start().await;
    let payload = message("a\u{e9}\u{20ac}\u{1f600}z");
    let whole = frame(FIN | TEXT, payload.as_bytes());
    let mut reads = Case::new("a read that ends at every byte");
    for cut in 1..whole.len() {
        let (head, tail) = whole.split_at(cut);
        reads = reads.write(head).write(tail).relays(&payload);
    }
    stage.play_all([reads.clone(), reads.at_once()]).await;

    let mut fragments = Case::new("a fragment that ends at every byte");
    for cut in 0..=payload.len() {
        let [head, tail] = two_fragments(payload.as_bytes(), cut);
        fragments = fragments.write(head).write(tail).relays(&payload);
    }
    stage
        .play_all([fragments.clone(), fragments.at_once()])
        .await;
}

#[tokio::test]
async fn section_6_invalid_text_ends_the_connection_with_1007() {
    let mut stage = Stage::start().await;
    for (name, data) in INVALID.into_iter().chain(UNFINISHED) {
        let payload = with(data);
        let before = message("before");
        let whole = Case::new(name)
            .write(frame(FIN | TEXT, before.as_bytes()))
            .write(frame(FIN | TEXT, &payload))
            .relays(before)
            .closes(1007);
        stage.play_all([whole.clone(), whole.at_once()]).await;

        // Cut within what is wrong.
        let within = payload.len() - 2 - data.len().div_ceil(2);
        let [head, tail] = two_fragments(&payload, within);
        let fragments = Case::new(format!("{name}, in two fragments"))
            .write(head)
            .write(tail)
            .closes(1007);
        stage.play(&fragments).await;
    }
}

#[tokio::test]
async fn section_6_4_invalid_text_is_not_waited_out() {
    let mut stage = Stage::start().await;
    for (name, data) in INVALID {
        // The message never ends, nor does the frame: what has come is wrong already.
        let open_message = Case::new(format!("{name}, the message goes on"))
            .write(frame(TEXT, &with(data)))
            .closes(1007);
        stage.play(&open_message).await;
        let mut bytes = frame(FIN | TEXT, &[with(data), vec![b' '; 100]].concat());
        bytes.truncate(bytes.len() - 100);
        let open_frame = Case::new(format!("{name}, the frame goes on"))
            .write(bytes)
            .closes(1007);
        stage.play(&open_frame).await;
    }
}

#[tokio::test]
async fn section_6_6_text_must_not_end_within_a_character() {
    let mut stage = Stage::start().await;
    for (name, data) in UNFINISHED {
        let whole = Case::new(name).write(frame(FIN | TEXT, data)).closes(1007);
        let [head, tail] = two_fragments(data, data.len() - 1);
        let fragments = Case::new(format!("{name}, in two fragments"))
            .write(head)
            .write(tail)
            .closes(1007);
        stage.play_all([whole, fragments]).await;
    }
}
