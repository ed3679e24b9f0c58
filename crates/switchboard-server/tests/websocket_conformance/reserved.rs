//! Sections 3 and 4: reserved bits and reserved opcodes.

use crate::stage::{Case, Stage, message, text};
use crate::wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_payload, frame};

/// A violation alone, and between a message that still arrives and a ping that is not answered.
async fn violate(stage: &mut Stage, name: &str, violation: Vec<u8>) {
    stage
        .play(&Case::new(name).write(violation.clone()).closes(1002))
        .await;
    let between = Case::new(format!("{name}, after a message"))
        .write(text("before"))
        .write(violation)
        .write(frame(FIN | PING, b"unheard"))
        .relays(message("before"))
        .closes(1002);
    stage.play_all(between.in_all_paces()).await;
}

#[tokio::test]
async fn section_3_each_reserved_bit_is_a_violation_in_every_kind_of_frame() {
    let mut stage = Stage::start().await;
    let closing = close_payload(1000, b"");
    let whole = message("reserved");
    let cases: [(&str, u8, u8, &[u8]); 8] = [
        ("3.1, RSV3 in text", 0x10, TEXT, whole.as_bytes()),
        ("3.2, RSV2 in text", 0x20, TEXT, whole.as_bytes()),
        ("3.3, RSV2 and RSV3 in text", 0x30, TEXT, whole.as_bytes()),
        (
            "3.4, RSV1 in text, as if compressed",
            0x40,
            TEXT,
            whole.as_bytes(),
        ),
        (
            "3.5, RSV1 and RSV3 in binary",
            0x50,
            BINARY,
            whole.as_bytes(),
        ),
        ("3.6, RSV1 and RSV2 in a ping", 0x60, PING, b"ping"),
        ("3.6, RSV1 and RSV2 in a pong", 0x60, PONG, b"pong"),
        ("3.7, all of them in a close", 0x70, CLOSE, &closing),
    ];
    for (name, bits, opcode, payload) in cases {
        violate(&mut stage, name, frame(FIN | bits | opcode, payload)).await;
    }
    let continuation = Case::new("RSV1 in a continuation")
        .write(frame(TEXT, br#"{"type":"x","#))
        .write(frame(FIN | 0x40 | CONTINUATION, br#""data":""}"#))
        .closes(1002);
    stage.play_all(continuation.in_all_paces()).await;
}

#[tokio::test]
async fn section_4_1_reserved_data_opcodes_are_violations() {
    let mut stage = Stage::start().await;
    for opcode in 0x3..=0x7 {
        let name = format!("4.1, opcode {opcode:#x}");
        violate(&mut stage, &name, frame(FIN | opcode, b"")).await;
        let payload = message("reserved opcode");
        violate(&mut stage, &name, frame(FIN | opcode, payload.as_bytes())).await;
    }
}

#[tokio::test]
async fn section_4_2_reserved_control_opcodes_are_violations() {
    let mut stage = Stage::start().await;
    for opcode in 0xB..=0xF {
        let name = format!("4.2, opcode {opcode:#x}");
        violate(&mut stage, &name, frame(FIN | opcode, b"")).await;
        violate(&mut stage, &name, frame(FIN | opcode, b"reserved opcode")).await;
    }
}
