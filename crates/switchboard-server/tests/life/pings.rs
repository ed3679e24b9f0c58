//! Pings: who answers stays, who does not is closed, and the others hear that it left.

use std::time::Duration;

use switchboard_server::config::Config;
use switchboard_websocket::OpCode;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::socket::{frame, hand_written_handshake, text};
use crate::support::{Metrics, Peer, Socket};

fn lively_config() -> Config {
    let mut config = quiet_config();
    config.timeouts.ping_interval = Duration::from_millis(200);
    config.timeouts.ping_timeout = Duration::from_millis(500);
    config
}

const CHAT: &str = r#"{"type":"chat","message":"still here"}"#;

/// Answers five pings with `answer`, then says something that `witness` must hear.
async fn lives_on(subject: &mut Socket, answer: &[u8], witness: &mut Peer) {
    for _ in 0..5 {
        let (opcode, payload) = witness.attend(subject.frame()).await;
        assert_eq!((opcode, payload.as_slice()), (OpCode::Ping, [].as_slice()));
        subject.send(answer).await;
    }
    subject.say(CHAT).await;
    assert_eq!(witness.chatted().await, "still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_answers_pings_stays() {
    let server = TestServer::start(lively_config()).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    let mut subject = Socket::websocket(server.addr()).await;
    subject.join("room", "subject").await;
    witness.expect("user-joined").await;
    lives_on(&mut subject, &frame(OpCode::Pong, b""), &mut witness).await;
    assert_eq!(Metrics::of(server.addr()).await.closes("unresponsive"), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_client_sends_is_a_sign_of_life() {
    let server = TestServer::start(lively_config()).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    let mut subject = Socket::websocket(server.addr()).await;
    subject.join("room", "subject").await;
    witness.expect("user-joined").await;
    for number in 0..5 {
        let (opcode, _) = witness.attend(subject.frame()).await;
        assert_eq!(opcode, OpCode::Ping);
        let line = format!(r#"{{"type":"chat","message":"{number}"}}"#);
        subject.send(text(&line)).await;
        assert_eq!(witness.chatted().await, number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_1_the_unmasked_empty_pong_of_a_hand_written_client_is_a_sign_of_life() {
    let server = TestServer::start(lively_config()).await;
    let mut witness = Peer::register(server.addr(), "witness").await;
    let mut subject = Socket::connect(server.addr()).await;
    subject.upgrade(&hand_written_handshake()).await;
    subject
        .say(r#"{"type":"register","client_id":"sender"}"#)
        .await;
    let (opcode, payload) = subject.frame().await;
    assert_eq!(opcode, OpCode::Text, "nothing comes before `registered`");
    assert_eq!(payload, br#"{"type":"registered","client_id":"sender"}"#);
    lives_on(&mut subject, &[0x8a, 0x00], &mut witness).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_1_a_hand_written_client_hears_nothing_before_it_has_registered() {
    let server = TestServer::start(lively_config()).await;
    let mut slow = Socket::connect(server.addr()).await;
    slow.upgrade(&hand_written_handshake()).await;
    // Meanwhile another one is pinged more than once.
    let mut other = Socket::websocket(server.addr()).await;
    for _ in 0..4 {
        assert_eq!(other.frame().await.0, OpCode::Ping);
        other.send(frame(OpCode::Pong, b"")).await;
    }
    slow.say(r#"{"type":"register","client_id":"slow"}"#).await;
    assert_eq!(slow.frame().await.0, OpCode::Text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_answers_no_ping_is_closed_and_the_others_hear_that_it_left() {
    let server = TestServer::start(lively_config()).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    let mut dead = Socket::websocket(server.addr()).await;
    dead.join("room", "dead").await;
    witness.expect("user-joined").await;

    let (opcode, _) = witness.attend(dead.frame()).await;
    assert_eq!(opcode, OpCode::Ping);
    let (code, reason) = witness.attend(dead.closing()).await;
    assert_eq!((code, reason.as_str()), (4002, "no sign of life"));
    // It answers the close frame as little as the ping, and that does not keep it in the room.
    let closed = Instant::now();
    assert_eq!(witness.expect("user-left").await["userId"], "dead");
    let taken = closed.elapsed();
    assert!(taken < Duration::from_secs(3), "{taken:?}");
    assert_eq!(dead.ended().await, b"");
    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.closes("unresponsive"), 1.0);
    assert_eq!(metrics.value("peers"), 1.0);
}
