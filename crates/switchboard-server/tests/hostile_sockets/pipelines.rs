//! More than one thing in one segment.

use switchboard_websocket::OpCode;

use crate::healthy::Stage;
use crate::support::socket::{handshake, text};
use crate::support::{Peer, Socket};

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
const JOIN: &str = r#"{"type":"join-room","roomId":"early","sender":"early"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_one_segment_are_answered_one_after_the_other() {
    let mut stage = Stage::start().await;
    let mut socket = Socket::connect(stage.address()).await;
    let missing = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let requests = [LIVEZ, missing].concat().repeat(50);
    socket.send(requests + &handshake("/ws", "")).await;
    for _ in 0..50 {
        assert_eq!(socket.response().await.status, 200);
        assert_eq!(socket.response().await.status, 404);
    }
    socket.upgraded().await;
    socket.join("early", "late").await;
    drop(socket);
    stage.is_well("a hundred requests in one segment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_in_the_same_segment_as_the_handshake_are_taken() {
    let mut stage = Stage::start().await;
    let mut witness = Peer::join(stage.address(), "early", "witness").await;
    let frames = |count: usize| {
        let mut bytes = text(JOIN);
        for number in 0..count {
            let padding = "x".repeat(500);
            let line = format!(r#"{{"type":"chat","message":"{number}","x":"{padding}"}}"#);
            bytes.extend(text(&line));
        }
        bytes
    };
    // One frame; some; and more than a request's head may have. A handshake with a header that says something about a
    // body is answered elsewhere in the server.
    let cases = [0, 3, 100].map(|count| [(count, ""), (count, "Content-Length: 0\r\n")]);
    for (count, header) in cases.into_iter().flatten() {
        let bytes = [handshake("/ws", header).into_bytes(), frames(count)].concat();
        // Whole, and with the last frame cut in two.
        for cut in [bytes.len(), bytes.len() - 10] {
            let mut socket = Socket::connect(stage.address()).await;
            socket.send(&bytes[..cut]).await;
            socket.upgraded().await;
            socket.send(&bytes[cut..]).await;
            let (opcode, joined) = socket.frame().await;
            assert_eq!(opcode, OpCode::Text);
            assert!(joined.starts_with(br#"{"type":"join-success""#));
            witness.expect("user-joined").await;
            for number in 0..count {
                assert_eq!(witness.chatted().await, number.to_string());
            }
            drop(socket);
            witness.expect("user-left").await;
        }
    }
    witness.close().await;
    stage.is_well("early frames").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_life_in_one_segment_is_lived() {
    let mut stage = Stage::start().await;
    let mut witness = Peer::join(stage.address(), "early", "witness").await;
    let life = [
        LIVEZ.as_bytes(),
        handshake("/ws", "").as_bytes(),
        &text(JOIN),
        &text(r#"{"type":"chat","message":"hello and goodbye"}"#),
        &crate::support::socket::close(1000),
    ]
    .concat();
    let mut socket = Socket::connect(stage.address()).await;
    socket.send(life).await;
    assert_eq!(socket.response().await.status, 200);
    socket.upgraded().await;
    assert_eq!(socket.frame().await.0, OpCode::Text);
    assert_eq!(socket.closing().await.0, 1000);
    assert_eq!(socket.ended().await, b"");
    assert_eq!(witness.expect("user-joined").await["userId"], "early");
    assert_eq!(witness.chatted().await, "hello and goodbye");
    assert_eq!(witness.expect("user-left").await["userId"], "early");
    drop(socket);
    witness.close().await;
    stage.is_well("a life in one segment").await;
}
