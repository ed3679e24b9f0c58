//! Section 2: pings and pongs.

use crate::stage::{Case, Expected, Stage, message, text};
use crate::wire::{FIN, PING, PONG, frame, unmasked};

fn pong(payload: &[u8]) -> Expected {
    Expected::Pong(payload.to_vec())
}

#[tokio::test]
async fn section_2_a_ping_is_answered_with_its_own_payload() {
    let mut stage = Stage::start().await;
    let payloads: [(&str, &[u8]); 4] = [
        ("2.1, empty", b""),
        ("2.2, text", b"Hello, world!"),
        (
            "2.3, no text at all",
            &[0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF],
        ),
        ("2.4, 125 bytes", &[0xFE; 125]),
    ];
    for (name, payload) in payloads {
        let case = Case::new(name)
            .write(frame(FIN | PING, payload))
            .hears(pong(payload));
        stage.play_all([case.clone(), case.chopped(1)]).await;
    }
}

#[tokio::test]
async fn section_2_5_a_ping_of_126_bytes_is_a_violation() {
    let mut stage = Stage::start().await;
    for opcode in [PING, PONG] {
        let case = Case::new(format!("2.5, opcode {opcode:#x}"))
            .write(frame(FIN | opcode, &[0xFE; 126]))
            .closes(1002);
        stage.play_all([case.clone(), case.chopped(1)]).await;
    }
}

#[tokio::test]
async fn section_2_7_to_2_9_an_unsolicited_pong_is_taken_without_a_word() {
    let mut stage = Stage::start().await;
    for payload in [&b""[..], b"unsolicited", &[0xFE; 125]] {
        let case = Case::new(format!("2.7, a pong of {} bytes", payload.len()))
            .write(frame(FIN | PONG, payload))
            .write(frame(FIN | PING, b"2.9"))
            .hears(pong(b"2.9"));
        stage.play_all(case.in_all_paces()).await;
    }
}

#[tokio::test]
async fn section_2_10_ten_pings_get_ten_pongs_in_order() {
    let mut stage = Stage::start().await;
    let mut case = Case::new("2.10, ten pings");
    for number in 0..10 {
        let payload = format!("payload-{number}");
        case = case
            .write(frame(FIN | PING, payload.as_bytes()))
            .hears(pong(payload.as_bytes()));
    }
    stage.play_all(case.in_all_paces()).await;
}

#[tokio::test]
async fn an_unmasked_empty_pong_is_tolerated_and_nothing_else_unmasked() {
    let mut stage = Stage::start().await;
    let case = Case::new("the bytes 8A 00")
        .write(unmasked(FIN | PONG, b""))
        .write(text("after"))
        .relays(message("after"));
    stage.play_all(case.in_all_paces()).await;

    let refused: [(&str, u8, &[u8]); 3] = [
        ("a pong with a payload", PONG, b"x"),
        ("a ping", PING, b""),
        ("a close", 0x8, b""),
    ];
    for (name, opcode, payload) in refused {
        let case = Case::new(format!("unmasked: {name}"))
            .write(unmasked(FIN | opcode, payload))
            .closes(1002);
        stage.play(&case).await;
    }
}
