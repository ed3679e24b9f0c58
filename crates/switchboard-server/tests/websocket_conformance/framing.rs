//! Section 1: text and binary messages of the sizes where a header changes its form.

use crate::stage::{Case, Expected, Stage, message, message_of, text};
use crate::wire::{BINARY, FIN, TEXT, frame, unmasked};

/// Around the limits of the three forms of a length.
const SIZES: [usize; 6] = [125, 126, 127, 128, 65535, 65536];

/// Octet by octet where that is quick, else in the suite's pieces of 997.
fn piece_of(size: usize) -> usize {
    if size <= 128 { 1 } else { 997 }
}

#[tokio::test]
async fn section_1_1_text_of_every_size_arrives_unchanged() {
    let mut stage = Stage::start().await;
    for size in SIZES {
        let payload = message_of(size);
        let case = Case::new(format!("1.1, text of {size} bytes"))
            .write(frame(FIN | TEXT, payload.as_bytes()))
            .relays(payload);
        stage.play(&case).await;
        stage.play(&case.chopped(piece_of(size))).await;
    }
}

#[tokio::test]
async fn section_1_1_an_empty_text_is_no_message_but_no_violation_either() {
    let mut stage = Stage::start().await;
    let case = Case::new("1.1.1, empty text")
        .write(frame(FIN | TEXT, b""))
        .hears(Expected::Error);
    stage.play_all([case.clone(), case.chopped(1)]).await;
}

#[tokio::test]
async fn section_1_2_binary_that_holds_a_message_is_forwarded_as_text() {
    let mut stage = Stage::start().await;
    for size in SIZES {
        let payload = message_of(size);
        let case = Case::new(format!("1.2, binary of {size} bytes"))
            .write(frame(FIN | BINARY, payload.as_bytes()))
            .relays(payload);
        stage.play(&case).await;
        stage.play(&case.chopped(piece_of(size))).await;
    }
}

#[tokio::test]
async fn section_1_2_other_binary_gets_an_error_and_the_connection_lives_on() {
    let mut stage = Stage::start().await;
    for size in [0].into_iter().chain(SIZES) {
        let case = Case::new(format!("1.2, {size} bytes that are no UTF-8"))
            .write(frame(FIN | BINARY, &vec![0xFE; size]))
            .write(text("after"))
            .hears(Expected::Error)
            .relays(message("after"));
        stage.play_all([case.clone(), case.at_once()]).await;
    }
    let case = Case::new("1.2, UTF-8 that is no JSON")
        .write(frame(FIN | BINARY, b"hello"))
        .hears(Expected::Error);
    stage.play(&case).await;
}

#[tokio::test]
async fn many_messages_of_one_write_arrive_in_order() {
    let mut stage = Stage::start().await;
    let mut case = Case::new("fifty messages");
    for number in 0..50 {
        let payload = message(&format!("{number}"));
        case = case
            .write(frame(FIN | TEXT, payload.as_bytes()))
            .relays(payload);
    }
    stage.play_all([case.clone().at_once(), case]).await;
}

#[tokio::test]
async fn a_client_that_does_not_mask_is_closed() {
    let mut stage = Stage::start().await;
    for (name, first) in [("text", TEXT), ("binary", BINARY)] {
        for size in [22, 126, 65536] {
            let case = Case::new(format!("{size} bytes of unmasked {name}"))
                .write(text("before"))
                .write(unmasked(FIN | first, message_of(size).as_bytes()))
                .relays(message("before"))
                .closes(1002);
            stage.play_all([case.clone(), case.at_once()]).await;
        }
    }
}

#[tokio::test]
async fn a_length_that_is_not_in_its_shortest_form_is_refused() {
    let mut stage = Stage::start().await;
    let mask = [0; 4];
    let lengths: [(&str, &[u8]); 4] = [
        ("125 in sixteen bits", &[0xFE, 0, 125]),
        ("125 in sixty-four bits", &[0xFF, 0, 0, 0, 0, 0, 0, 0, 125]),
        (
            "65535 in sixty-four bits",
            &[0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
        ),
        (
            "the top bit of sixty-four",
            &[0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0],
        ),
    ];
    for (name, length) in lengths {
        let header = [&[FIN | TEXT], length, &mask].concat();
        stage
            .play(&Case::new(name).write(header).closes(1002))
            .await;
    }
}
