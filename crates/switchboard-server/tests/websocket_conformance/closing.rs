//! Section 7: how a connection ends.

use crate::stage::{Case, Expected, Stage, message, message_of, text};
use crate::wire::{CLOSE, CONTINUATION, FIN, PING, TEXT, close_payload, frame};

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &close_payload(code, reason))
}

#[tokio::test]
async fn section_7_1_nothing_is_heard_after_a_close() {
    let mut stage = Stage::start().await;
    let large = message_of(256 * 1024);
    let cases = [
        Case::new("7.1.1, a message before")
            .write(text("before"))
            .write(close(1000, b""))
            .relays(message("before"))
            .closes(1000),
        Case::new("7.1.2, a second close")
            .write(close(1000, b""))
            .write(close(1000, b""))
            .closes(1000),
        Case::new("7.1.3, a ping after")
            .write(close(1000, b""))
            .write(frame(FIN | PING, b"unheard"))
            .closes(1000),
        Case::new("7.1.4, a message after")
            .write(close(1000, b""))
            .write(text("unheard"))
            .closes(1000),
        Case::new("7.1.5, within a fragmented message")
            .write(frame(TEXT, br#"{"type":"x","#))
            .write(close(1000, b""))
            .write(frame(FIN | CONTINUATION, br#""data":"unheard"}"#))
            .closes(1000),
        Case::new("7.1.6, a large message before and a ping after")
            .write(frame(FIN | TEXT, large.as_bytes()))
            .write(close(1000, b""))
            .write(frame(FIN | PING, b"unheard"))
            .relays(large)
            .closes(1000),
        Case::new("a violation after")
            .write(close(1001, b""))
            .write(frame(FIN | 0x3, b""))
            .closes(1001),
    ];
    for case in cases {
        stage.play_all([case.clone(), case.at_once()]).await;
    }
}

#[tokio::test]
async fn section_7_1_what_was_answered_before_the_close_is_still_heard() {
    let mut stage = Stage::start().await;
    let case = Case::new("a ping and a close")
        .write(frame(FIN | PING, b"last"))
        .write(close(1000, b""))
        .hears(Expected::Pong(b"last".to_vec()))
        .closes(1000);
    stage.play_all(case.in_all_paces()).await;
}

#[tokio::test]
async fn section_7_3_the_payload_of_a_close() {
    let mut stage = Stage::start().await;
    let without_code = Case::new("7.3.1, empty")
        .write(frame(FIN | CLOSE, b""))
        .closes_with([None, Some(1000)]);
    stage.play_all(without_code.in_all_paces()).await;

    let longest = [b'*'; 123];
    let reasons: [(&str, &[u8]); 4] = [
        ("7.3.3, a code alone", b""),
        ("7.3.4, a code and a reason", b"Hello, World!"),
        ("7.3.5, the longest reason", &longest),
        (
            "a reason of several bytes a character",
            "\u{20ac}\u{1f600}".as_bytes(),
        ),
    ];
    for (name, reason) in reasons {
        let case = Case::new(name).write(close(1000, reason)).closes(1000);
        stage.play_all([case.clone(), case.chopped(1)]).await;
    }

    let broken = [
        Case::new("7.3.2, half a code")
            .write(frame(FIN | CLOSE, b"\x03"))
            .closes(1002),
        Case::new("7.3.6, a reason of 124 bytes")
            .write(close(1000, &[b'*'; 124]))
            .closes(1002),
        Case::new("a close in two fragments")
            .write(frame(CLOSE, &close_payload(1000, b"")))
            .write(frame(FIN | CONTINUATION, b"bye"))
            .closes(1002),
    ];
    stage.play_all(broken).await;
}

#[tokio::test]
async fn section_7_5_a_reason_is_utf_8() {
    let mut stage = Stage::start().await;
    for reason in [
        &b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"[..],
        b"\xff",
        b"unfinished \xe2\x82",
    ] {
        let case = Case::new(format!("7.5.1, {reason:x?}"))
            .write(close(1000, reason))
            .closes(1007);
        stage.play_all([case.clone(), case.chopped(1)]).await;
    }
}

#[tokio::test]
async fn section_7_7_a_valid_code_is_answered_with_itself() {
    let mut stage = Stage::start().await;
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
        4999,
    ];
    for code in valid {
        let case = Case::new(format!("7.7, code {code}"))
            .write(close(code, b"reason"))
            .closes(code);
        stage.play(&case).await;
    }
}

#[tokio::test]
async fn section_7_9_and_7_13_an_invalid_code_is_a_violation() {
    let mut stage = Stage::start().await;
    let invalid = [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ];
    for code in invalid {
        let case = Case::new(format!("7.9, code {code}"))
            .write(close(code, b""))
            .closes(1002);
        stage.play(&case).await;
    }
}
