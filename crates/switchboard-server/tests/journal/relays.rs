//! Rows S4.2 and S4.3: one line for each message that was relayed, and one for each that could not be.

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::lines::Log;
use crate::support::{Heard, Metrics, Peer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_3_only_what_was_queued_for_somebody_is_logged_as_relayed() {
    let log = Log::of_this_process();
    let mut config = quiet_config();
    config.limits.outbox_bytes = 100_000;
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "queued", "ann").await;
    let mut bob = Peer::join(server.addr(), "queued", "bob").await;
    ann.expect("user-joined").await;
    ann.chat("hello").await;
    bob.expect("chat").await;
    // More than may wait for anybody: bob is cut off and does not get it.
    ann.chat(&"x".repeat(150_000)).await;
    assert_eq!(
        bob.hear().await,
        Heard::Close(4001, "messages are taken too slowly".into())
    );
    ann.expect("user-left").await;
    let mut cy = Peer::join(server.addr(), "queued", "cy").await;
    ann.expect("user-joined").await;
    ann.chat("hello again").await;
    cy.expect("chat").await;
    // Answered behind everything said before, whose lines are written by then.
    ann.send(&json!({"type": "chat", "message": "", "target": "nobody of the queued"}))
        .await;
    assert_eq!(ann.refused().await, "target_not_found");
    log.until_lines("target not found", "nobody of the queued")
        .await;

    let relays = log.lines("relayed", r#""room":"queued""#);
    assert_eq!(relays.len(), 2, "{relays:?}");
    for line in &relays {
        assert_eq!(line["from"], "ann", "{line}");
        assert_eq!(line["kind"], "chat", "{line}");
        assert!(line["bytes"].as_u64() < Some(1_000), "{line}");
    }
    assert_ne!(relays[0]["conn"], relays[1]["conn"], "to bob, then to cy");
    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.value("messages_lost_total"), 1.0);
    let delivered = r#"messages_delivered_total{dialect="join-room",kind="chat"}"#;
    assert_eq!(metrics.value(delivered), 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_2_a_target_that_is_not_found_is_a_warning() {
    let log = Log::of_this_process();
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Peer::register(server.addr(), "ann-without-bob").await;
    ann.send(&json!({"type": "offer", "sdp": "v=0", "target_id": "bob-who-is-not-there"}))
        .await;
    assert_eq!(ann.refused().await, "target_not_found");
    let lines = log
        .until_lines("target not found", r#""bob-who-is-not-there""#)
        .await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["level"], "WARN", "{line}");
    assert_eq!(line["code"], "target_not_found", "{line}");
    assert_eq!(line["dialect"], "register", "{line}");
    // By the connection's number the line finds its peer.
    let registered = log.until_lines("registered", r#""ann-without-bob""#).await;
    assert_eq!(line["conn"], registered[0]["conn"], "{line}");
}
