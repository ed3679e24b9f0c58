//! Pings: who answers stays, who does not is closed, and the others hear that it left.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_server::config::Config;
use switchboard_websocket::OpCode;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::socket::{frame, hand_written_handshake, text};
use crate::support::{Metrics, PATIENCE, Peer, Socket};

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

/// A line for `whom` only, so long that some of them do not fit into the kernel's buffers.
fn long_line(number: usize, whom: &str) -> Value {
    json!({"type": "chat", "message": format!("{number} {}", "x".repeat(50_000)), "target": whom})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_client_leaves_in_time_whatever_waits_for_it() {
    let mut config = lively_config();
    // The witness has to keep up with all that is said, on a machine that may be busy.
    config.timeouts.ping_timeout = Duration::from_secs(2);
    config.limits.outbox_bytes = 100_000_000;
    let server = TestServer::start(config).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    witness.expect("user-joined").await;
    let mut dead = Socket::narrow_websocket(server.addr()).await;
    dead.join("room", "dead").await;
    let joined = Instant::now();
    witness.expect("user-joined").await;
    talker.expect("user-joined").await;
    // It takes nothing, so that neither a ping nor a close frame can be written.
    let burst = async {
        for number in 0..200 {
            talker.send(&long_line(number, "dead")).await;
        }
    };
    witness.attend(burst).await;
    assert_eq!(witness.expect("user-left").await["userId"], "dead");
    let taken = joined.elapsed();
    // Interval and timeout, and not the patience on top that a close has.
    assert!(taken >= Duration::from_secs(2), "{taken:?}");
    assert!(taken < Duration::from_secs(2) + PATIENCE / 4, "{taken:?}");
    Metrics::until(server.addr(), "a closed socket", |metrics| {
        // witness, talker, and the scrape.
        metrics.value("sockets") == 3.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_taking_what_waits_is_alive_although_its_pongs_are_behind_that() {
    const LINES: u32 = 400;
    const READING: Duration = Duration::from_secs(6);
    let mut config = lively_config();
    config.timeouts.ping_timeout = Duration::from_millis(1_500);
    config.limits.outbox_bytes = 100_000_000;
    let server = TestServer::start(config).await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    let mut slow = Socket::narrow_websocket(server.addr()).await;
    slow.join("room", "slow").await;
    talker.expect("user-joined").await;
    for number in 0..LINES {
        talker.send(&long_line(number as usize, "slow")).await;
        // Until it begins to read, it is kept alive by what it says.
        slow.send(frame(OpCode::Pong, b"")).await;
    }
    // From now on it takes what waits, steadily, and says nothing for four times as long as a ping may go unanswered.
    let begun = Instant::now();
    let reading = async {
        let mut got = 0;
        while got < LINES {
            let (opcode, payload) = slow.frame().await;
            if opcode == OpCode::Ping {
                continue;
            }
            let start = format!(r#"{{"message":"{got} "#);
            assert!(payload.starts_with(start.as_bytes()), "line {got}");
            got += 1;
            tokio::time::sleep_until(begun + READING * got / LINES).await;
        }
    };
    talker.attend(reading).await;
    slow.say(CHAT).await;
    assert_eq!(talker.chatted().await, "still here");
    assert_eq!(Metrics::of(server.addr()).await.closes("unresponsive"), 0.0);
}
