//! How a polled session ends, and what becomes of what waited.

use std::time::Duration;

use crate::client::{Polled, chat};
use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer};

#[tokio::test]
async fn s0_1_the_poll_that_waits_is_answered_when_the_client_says_goodbye() {
    let server = TestServer::start(quiet_config()).await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    bob.expect("user-joined").await;
    let mut pending = ann.begin_poll().await;
    ann.post("1").await;
    assert_eq!(pending.response().await.body, "6");
    bob.expect("user-left").await;
    let refused = ann.try_poll().await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body, r#"{"code":1,"message":"Session ID unknown"}"#);
    drop((bob, pending));
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test]
async fn s0_4_a_client_that_polls_no_more_is_gone_after_the_ping_timeout() {
    let mut config = quiet_config();
    config.timeouts.ping_interval = Duration::from_millis(300);
    config.timeouts.ping_timeout = Duration::from_millis(300);
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    bob.expect("user-joined").await;
    bob.expect("user-left").await;
    assert_eq!(ann.try_post("3").await.status, 400);
    assert_eq!(Metrics::of(server.addr()).await.closes("unresponsive"), 1.0);
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let mut config = quiet_config();
    config.timeouts.ping_interval = Duration::from_millis(200);
    config.timeouts.ping_timeout = Duration::from_millis(2000);
    let server = TestServer::start(config).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    for _ in 0..5 {
        assert_eq!(ann.packet().await, "2");
        ann.post("3").await;
    }
}

#[tokio::test]
async fn what_nobody_polls_for_is_counted_when_the_session_ends() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    let burst: Vec<String> = (0..20).map(|number| chat("studio", number)).collect();
    bob.post(&burst.join("\x1e")).await;
    // The first answer may have got lost on its way: no later poll says that it did not.
    ann.poll().await;
    ann.post("1").await;
    // One of the packets was presence: that is a message to be told too.
    Metrics::until(server.addr(), "21 lost messages", |metrics| {
        metrics.value("messages_lost_total") == 21.0
    })
    .await;
}

#[tokio::test]
async fn a_client_that_polls_too_slowly_is_cut_off_and_told() {
    let mut config = quiet_config();
    config.limits.message_bytes = 10_000;
    config.limits.outbox_bytes = 20_000;
    let server = TestServer::start(config).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut bob = Polled::join(server.addr(), "studio", "bob").await;
    let long = format!(
        r#"42["message",{{"roomId":"studio","data":"{}"}}]"#,
        "x".repeat(9_000)
    );
    bob.post(&[long.as_str(); 3].join("\x1e")).await;
    assert!(bob.packet().await.starts_with("42[\"user-left\","));
    assert_eq!(ann.try_poll().await.status, 400);
    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.closes("slow_consumer"), 1.0);
    assert!(metrics.value("messages_lost_total") >= 3.0);
}

#[tokio::test]
async fn s1_4_a_server_that_stops_says_so_to_the_poll_that_waits() {
    let mut server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut pending = ann.begin_poll().await;
    server.begin_stop();
    // Not with a close packet, after which python-socketio would not come back.
    let answer = pending.response().await;
    assert_eq!(answer.body, r#"{"code":1,"message":"Session ID unknown"}"#);
    let farewell = server.stop();
    assert_eq!((farewell.connections, farewell.cut_off), (1, 0));
}

#[tokio::test]
async fn the_poll_that_waits_is_answered_when_the_client_leaves_the_namespace() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::connect(server.addr()).await;
    let mut pending = ann.begin_poll().await;
    ann.post("41").await;
    assert_eq!(pending.response().await.body, "6");
    // And it may come back to it.
    ann.post("40").await;
    assert!(ann.packet().await.starts_with("40{"));
}
