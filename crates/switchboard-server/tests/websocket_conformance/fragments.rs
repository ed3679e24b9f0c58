//! Section 5: messages in several frames.

use crate::stage::{Case, Expected, Stage, message, message_of, text};
use crate::wire::{BINARY, CONTINUATION, FIN, PING, PONG, TEXT, frame};

const FIRST: &[u8] = br#"{"type":"x","data":"fragment1"#;
const LAST: &[u8] = br#"fragment2"}"#;

fn whole() -> String {
    message("fragment1fragment2")
}

fn pong(payload: &[u8]) -> Expected {
    Expected::Pong(payload.to_vec())
}

#[tokio::test]
async fn section_5_1_and_5_2_control_frames_are_not_fragmented() {
    let mut stage = Stage::start().await;
    for (name, opcode) in [("5.1, a ping", PING), ("5.2, a pong", PONG)] {
        let case = Case::new(name)
            .write(frame(opcode, b"fragment1"))
            .write(frame(FIN | CONTINUATION, b"fragment2"))
            .closes(1002);
        stage.play_all(case.in_all_paces()).await;
    }
}

#[tokio::test]
async fn section_5_3_to_5_5_fragments_arrive_as_one_message() {
    let mut stage = Stage::start().await;
    for (name, opcode) in [("5.3, text", TEXT), ("5.3, binary", BINARY)] {
        let case = Case::new(name)
            .write(frame(opcode, FIRST))
            .write(frame(FIN | CONTINUATION, LAST))
            .write(text("next"))
            .relays(whole())
            .relays(message("next"));
        stage.play_all(case.in_all_paces()).await;
    }
}

#[tokio::test]
async fn section_5_6_to_5_8_a_ping_between_fragments_is_answered_at_once() {
    let mut stage = Stage::start().await;
    let case = Case::new("5.6")
        .write(frame(TEXT, FIRST))
        .write(frame(FIN | PING, b"between"))
        .write(frame(FIN | CONTINUATION, LAST))
        .hears(pong(b"between"))
        .relays(whole());
    stage.play_all(case.in_all_paces()).await;

    // The pong does not wait for the end of the message: here there is none.
    let open = Case::new("5.6, the message stays open")
        .write(frame(TEXT, FIRST))
        .write(frame(FIN | PING, b"between"))
        .hears(pong(b"between"));
    stage.play(&open).await;
}

#[tokio::test]
async fn section_5_9_to_5_17_a_continuation_needs_something_to_continue() {
    let mut stage = Stage::start().await;
    for (name, first) in [
        ("5.9, final", FIN | CONTINUATION),
        ("5.12, not final", CONTINUATION),
    ] {
        let alone = Case::new(name)
            .write(frame(first, b"non-continuation payload"))
            .write(text("unheard"))
            .closes(1002);
        stage.play_all(alone.in_all_paces()).await;
        let after = Case::new(format!("5.15, {name}, after a fragmented message"))
            .write(frame(TEXT, FIRST))
            .write(frame(FIN | CONTINUATION, LAST))
            .write(frame(first, b"non-continuation payload"))
            .write(text("unheard"))
            .relays(whole())
            .closes(1002);
        stage.play_all(after.in_all_paces()).await;
    }
}

#[tokio::test]
async fn section_5_18_a_message_does_not_begin_within_another() {
    let mut stage = Stage::start().await;
    for first in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
        let case = Case::new(format!("5.18, {first:#x} within a text"))
            .write(frame(TEXT, FIRST))
            .write(frame(first, LAST))
            .closes(1002);
        stage.play_all(case.in_all_paces()).await;
    }
}

#[tokio::test]
async fn section_5_19_and_5_20_many_fragments_with_pings_between_them() {
    let mut stage = Stage::start().await;
    let case = Case::new("5.19")
        .write(frame(TEXT, br#"{"type":"x","data":"fragment1"#))
        .write(frame(CONTINUATION, b"fragment2"))
        .write(frame(FIN | PING, b"pongme 1"))
        .write(frame(CONTINUATION, b"fragment3"))
        .write(frame(CONTINUATION, b"fragment4"))
        .write(frame(FIN | PING, b"pongme 2"))
        .write(frame(FIN | CONTINUATION, br#"fragment5"}"#))
        .hears(pong(b"pongme 1"))
        .hears(pong(b"pongme 2"))
        .relays(message("fragment1fragment2fragment3fragment4fragment5"));
    stage.play_all(case.in_all_paces()).await;
}

#[tokio::test]
async fn fragments_of_every_size_down_to_empty_ones() {
    let mut stage = Stage::start().await;
    let payload = message_of(300);
    for size in [1, 2, 7, 125, 126, 299] {
        let mut case = Case::new(format!("fragments of {size}"));
        let pieces: Vec<&[u8]> = payload.as_bytes().chunks(size).collect();
        case = case.write(frame(TEXT, b""));
        for piece in pieces {
            case = case.write(frame(CONTINUATION, piece));
        }
        case = case
            .write(frame(FIN | CONTINUATION, b""))
            .relays(payload.clone());
        stage.play_all([case.clone(), case.at_once()]).await;
    }
    let large = message_of(200_000);
    let mut case = Case::new("a large message in large fragments");
    for (at, piece) in large.as_bytes().chunks(66_000).enumerate() {
        let first = if at == 0 { TEXT } else { CONTINUATION };
        case = case.write(frame(first, piece));
    }
    case = case.write(frame(FIN | CONTINUATION, b"")).relays(large);
    stage.play_all([case.clone(), case.at_once()]).await;
}

#[tokio::test]
async fn the_size_limit_holds_for_one_frame_and_for_the_sum_of_fragments() {
    let mut stage = Stage::start().await;
    let limit = message_of(1_000_000);
    let fits = Case::new("just within the limit")
        .write(frame(FIN | TEXT, limit.as_bytes()))
        .relays(limit);
    stage.play(&fits).await;

    // The header of 1,000,001 bytes is enough: the payload is never sent.
    let header = [
        &[FIN | TEXT, 0xFF][..],
        &1_000_001_u64.to_be_bytes(),
        &[0; 4],
    ]
    .concat();
    let frame_too_big = Case::new("one byte too many")
        .write(header)
        .hears(Expected::Error)
        .closes(1009);
    let sum_too_big = Case::new("one byte too many in the sum")
        .write(frame(TEXT, message_of(1_000_000).as_bytes()))
        .write(frame(FIN | CONTINUATION, b"1"))
        .hears(Expected::Error)
        .closes(1009);
    stage.play_all([frame_too_big, sum_too_big]).await;
}
