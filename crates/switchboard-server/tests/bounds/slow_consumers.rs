//! `limits.outbox_bytes`: who does not take what is sent to it is cut off, and the others go on.

use serde_json::{Value, json};

use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer, Socket};

/// More than the kernel's buffers hold between two ends of this machine, and the outbox on top.
const FLOOD_BYTES: usize = 40_000_000;
const LINE_BYTES: usize = 20_000;

/// A line of chat that tells its number.
fn line(number: usize) -> String {
    format!("{number} {}", "x".repeat(LINE_BYTES))
}

fn number_of(line: &Value) -> usize {
    let text = line["message"].as_str().expect("a line");
    let number = text.split(' ').next().expect("a number");
    assert_eq!(text.len(), number.len() + 1 + LINE_BYTES);
    number.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_consumer_is_cut_off_and_counted_and_the_others_hear_that_it_left() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = 100_000;
    let server = TestServer::start(config).await;
    let mut fast = Peer::join(server.addr(), "room", "fast").await;
    let mut slow = Socket::connect_narrow(server.addr()).await;
    slow.upgrade(&crate::support::socket::handshake("/ws", ""))
        .await;
    slow.join("room", "slow").await;
    assert_eq!(fast.expect("user-joined").await["userId"], "slow");
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    assert_eq!(fast.expect("user-joined").await["userId"], "talker");

    // `slow` reads nothing from now on; `fast` takes every line before the next is said.
    let mut said = 0;
    loop {
        assert!(said * LINE_BYTES < FLOOD_BYTES, "nobody was cut off");
        talker.chat(&line(said)).await;
        let mut heard = fast.message().await;
        let mut left = false;
        if heard["type"] == "user-left" {
            assert_eq!(heard["userId"], "slow");
            left = true;
            heard = fast.message().await;
        }
        assert_eq!(number_of(&heard), said);
        said += 1;
        if left {
            break;
        }
    }
    assert_eq!(talker.expect("user-left").await["userId"], "slow");

    // Nothing that is said now is for it.
    talker
        .send(&json!({"type": "chat", "message": "slow?", "target": "slow"}))
        .await;
    assert_eq!(talker.refused().await, "target_not_found");

    // What it got are whole messages in order from the first on, and then not a close frame but the end.
    let mut got = 0;
    while let Some((_, payload)) = slow.try_frame().await {
        let message: Value = serde_json::from_slice(&payload).expect("JSON");
        if message["type"] == "chat" {
            assert_eq!(number_of(&message), got);
            got += 1;
        }
    }
    assert!(got < said, "{got} of {said}");

    let metrics = Metrics::until(server.addr(), "the cut-off socket closed", |metrics| {
        // fast, talker, and the scrape.
        metrics.value("sockets") == 3.0
    })
    .await;
    assert_eq!(metrics.closes("slow_consumer"), 1.0);
    let lost = metrics.value("messages_lost_total");
    assert!(lost >= 1.0, "{lost}");
    assert_eq!(metrics.value("peers"), 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_what_waited_before_the_bound_is_reached_loses_nothing() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = FLOOD_BYTES;
    let server = TestServer::start(config).await;
    let mut late = Socket::connect_narrow(server.addr()).await;
    late.upgrade(&crate::support::socket::handshake("/ws", ""))
        .await;
    late.join("room", "late").await;
    let mut fast = Peer::join(server.addr(), "room", "fast").await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    assert_eq!(fast.expect("user-joined").await["userId"], "talker");
    let lines = FLOOD_BYTES / LINE_BYTES / 2;
    for number in 0..lines {
        talker.chat(&line(number)).await;
        assert_eq!(number_of(&fast.message().await), number);
    }
    let mut got = 0;
    while got < lines {
        let (_, payload) = late.frame().await;
        let message: Value = serde_json::from_slice(&payload).expect("JSON");
        if message["type"] == "chat" {
            assert_eq!(number_of(&message), got);
            got += 1;
        }
    }
    assert_eq!(
        Metrics::of(server.addr()).await.closes("slow_consumer"),
        0.0
    );
}
