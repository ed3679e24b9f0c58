//! `timeouts.grace`: a peer that drops out may come back before anybody is told.

use std::time::Duration;

use serde_json::json;
use switchboard_server::config::Config;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer, Socket};

const GRACE: Duration = Duration::from_millis(1_000);

fn lenient_config() -> Config {
    let mut config = quiet_config();
    config.timeouts.grace = GRACE;
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_back_in_time_was_never_gone_and_who_is_not_leaves_once() {
    let server = TestServer::start(lenient_config()).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    let mut quick = Socket::websocket(server.addr()).await;
    quick.join("room", "quick").await;
    let mut late = Socket::websocket(server.addr()).await;
    late.join("room", "late").await;
    witness.expect("user-joined").await;
    witness.expect("user-joined").await;

    quick.reset();
    // A peer that is away for a moment is still in the room, and can be called as soon as it is back.
    let mut quick = Peer::join(server.addr(), "room", "quick").await;
    witness.chat("welcome back").await;
    assert_eq!(quick.chatted().await, "welcome back");

    let dropped = Instant::now();
    late.reset();
    // Had the quick one been announced as gone, that would have come before.
    assert_eq!(witness.expect("user-left").await["userId"], "late");
    let taken = dropped.elapsed();
    assert!(taken >= GRACE.mul_f64(0.9), "{taken:?}");

    let late = Peer::join(server.addr(), "room", "late").await;
    assert_eq!(witness.expect("user-joined").await["userId"], "late");
    drop(late);
    assert_eq!(witness.expect("user-left").await["userId"], "late");
    quick.chat("once each").await;
    assert_eq!(witness.chatted().await, "once each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_for_a_moment_is_on_the_roster_and_not_to_be_found() {
    let mut config = lenient_config();
    config.timeouts.grace = Duration::from_secs(3600);
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    let mut away = Socket::websocket(server.addr()).await;
    away.join("room", "away").await;
    ann.expect("user-joined").await;
    away.reset();
    Metrics::until(server.addr(), "a dropped connection", |metrics| {
        metrics.value("connections{dialect=\"join-room\"}") == 1.0
    })
    .await;

    ann.send(&json!({"type": "chat", "message": "?", "target": "away"}))
        .await;
    assert_eq!(ann.refused().await, "target_not_found");
    let (_bob, others) = Peer::register_in(server.addr(), "room", "bob").await;
    assert_eq!(others, ["ann", "away"]);
    assert_eq!(Metrics::of(server.addr()).await.value("peers"), 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_goodbye_is_gone_at_once() {
    let mut config = lenient_config();
    config.timeouts.grace = Duration::from_secs(3600);
    let server = TestServer::start(config).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    let mut polite = Peer::join(server.addr(), "room", "polite").await;
    witness.expect("user-joined").await;
    polite.send(&json!({"type": "leave-room"})).await;
    assert_eq!(witness.expect("user-left").await["userId"], "polite");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_without_grace_a_dropped_connection_leaves_at_once() {
    let server = TestServer::start(quiet_config()).await;
    let mut witness = Peer::join(server.addr(), "room", "witness").await;
    for end in ["close frame", "end of stream", "reset"] {
        let mut subject = Socket::websocket(server.addr()).await;
        subject.join("room", end).await;
        assert_eq!(witness.expect("user-joined").await["userId"], end);
        match end {
            "close frame" => subject.send(crate::support::socket::close(1000)).await,
            "end of stream" => subject.finish().await,
            _ => {
                subject.reset();
                assert_eq!(witness.expect("user-left").await["userId"], end);
                continue;
            }
        }
        assert_eq!(witness.expect("user-left").await["userId"], end);
        subject.ended().await;
    }
    Metrics::until(server.addr(), "one socket left", |metrics| {
        metrics.value("sockets") == 2.0
    })
    .await;
}
