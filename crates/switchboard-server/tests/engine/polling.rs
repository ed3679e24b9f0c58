//! What polls and POSTs carry.

use std::time::Duration;

use crate::client::{Polled, chat};
use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer};

#[tokio::test]
async fn s0_1_no_polling_answer_holds_more_than_16_packets_and_nothing_is_left_out() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    let burst: Vec<String> = (0..40).map(|number| chat("studio", number)).collect();
    bob.post(&burst.join("\x1e")).await;
    let mut heard = Vec::new();
    while heard.len() < 41 {
        let packets = ann.poll().await;
        assert!(
            packets.len() <= 16,
            "{} packets in one answer",
            packets.len()
        );
        heard.extend(packets);
    }
    assert!(heard[0].starts_with("42[\"user-joined\","));
    assert_eq!(heard[1..], burst);
}

#[tokio::test]
async fn s0_1_two_hundred_packets_in_one_post_are_taken_in_order() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    ann.packet().await;
    let burst: Vec<String> = (0..200).map(|number| chat("studio", number)).collect();
    bob.post(&burst.join("\x1e")).await;
    for expected in &burst {
        assert_eq!(&ann.packet().await, expected);
    }
}

#[tokio::test]
async fn a_poll_waits_until_there_is_something_to_say() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut poll = ann.begin_poll().await;
    let _bob = Polled::join(server.addr(), "studio", "bob").await;
    let answer = poll.response().await;
    assert!(answer.body.starts_with("42[\"user-joined\","), "{answer:?}");
}

#[tokio::test]
async fn a_newer_poll_takes_the_place_of_one_that_waits() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut given_up = ann.begin_poll().await;
    let mut newer = ann.begin_poll().await;
    assert_eq!(given_up.response().await.body, "6");
    let _bob = Polled::join(server.addr(), "studio", "bob").await;
    assert!(
        newer
            .response()
            .await
            .body
            .starts_with("42[\"user-joined\",")
    );
}

#[tokio::test]
async fn s0_1_attachments_reach_polls_in_base64_and_sockets_in_binary() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    ann.packet().await;
    let packet = r#"451-["message",{"roomId":"studio","data":{"_placeholder":true,"num":0}}]"#;
    bob.post(&format!("{packet}\x1ebAQID")).await;
    assert_eq!(ann.packet().await, packet);
    assert_eq!(ann.packet().await, "bAQID");
}

#[tokio::test]
async fn s0_1_a_polled_client_meets_clients_of_other_wires() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    assert!(ann.packet().await.starts_with("42[\"user-joined\","));
    ann.post(r#"42["message",{"roomId":"studio","type":"chat","message":"hello"}]"#)
        .await;
    let heard = bob.expect("chat").await;
    assert_eq!(
        (&heard["sender"], &heard["message"]),
        (&"ann".into(), &"hello".into())
    );
}

#[tokio::test]
async fn over_the_rate_a_post_is_answered_later_and_nothing_is_lost() {
    let mut config = quiet_config();
    config.limits.messages_per_second = 20;
    let server = TestServer::start(config).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    ann.packet().await;
    let burst: Vec<String> = (0..30).map(|number| chat("studio", number)).collect();
    let began = std::time::Instant::now();
    bob.post(&burst.join("\x1e")).await;
    assert!(
        began.elapsed() > Duration::from_millis(400),
        "{:?}",
        began.elapsed()
    );
    for expected in &burst {
        assert_eq!(&ann.packet().await, expected);
    }
}

#[tokio::test]
async fn a_message_beyond_the_bound_is_refused_and_the_client_goes_on() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    ann.post(&format!("42[\"message\",\"{}\"]", "x".repeat(1_000_001)))
        .await;
    let error = ann.packet().await;
    assert!(
        error.starts_with("42[\"error\",") && error.contains("message_too_big"),
        "{error}"
    );
    ann.post("hello").await;
    let error = ann.packet().await;
    assert!(error.contains("malformed_packet"), "{error}");
    ann.post(&chat("studio", 1)).await;
    assert_eq!(
        Metrics::of(server.addr()).await.errors("message_too_big"),
        1.0
    );
}
