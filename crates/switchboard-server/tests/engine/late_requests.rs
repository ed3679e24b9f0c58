//! Requests that are still under way when a session ends or changes its transport.

use std::time::Duration;

use switchboard_websocket::OpCode;

use crate::client::{Polled, chat};
use crate::common::{TestServer, quiet_config};
use crate::support::socket::{handshake, text};
use crate::support::{Metrics, Peer, Socket};

/// A POST whose body has not come yet.
async fn begun_post(client: &Polled, size: usize) -> Socket {
    let mut socket = Socket::connect(client.server).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n",
        client.url()
    );
    socket.send(head).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    socket
}

/// A session that has gone over to a WebSocket.
async fn upgraded(client: &Polled) -> Socket {
    let mut socket = Socket::connect(client.server).await;
    let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", client.sid);
    socket.upgrade(&handshake(&path, "")).await;
    socket.say("2probe").await;
    assert_eq!(socket.frame().await.1, b"3probe");
    socket.say("5").await;
    socket
}

const JOIN: &str = r#"42["join",{"userId":"ghost","roomId":"haunted"}]"#;

#[tokio::test]
async fn a_post_that_outlives_its_session_brings_nobody_back() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::connect(server.addr()).await;
    let mut late = begun_post(&ann, JOIN.len()).await;
    upgraded(&ann).await.reset();
    tokio::time::sleep(Duration::from_millis(150)).await;
    late.send(JOIN).await;
    let response = late.response().await;
    assert_eq!(
        response.body,
        r#"{"code":1,"message":"Session ID unknown"}"#
    );
    drop(late);
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test]
async fn a_post_that_outlives_a_goodbye_brings_nobody_back() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::connect(server.addr()).await;
    // The goodbye stands before what comes in the same request.
    ann.try_post(&format!("1\x1e{JOIN}")).await;
    assert_eq!(ann.try_post(JOIN).await.status, 400);
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test]
async fn no_more_than_two_posts_of_a_client_are_read_at_a_time() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::connect(server.addr()).await;
    let mut first = begun_post(&ann, JOIN.len()).await;
    let mut second = begun_post(&ann, 1).await;
    let refused = ann.try_post("3").await;
    assert_eq!(refused.body, r#"{"code":3,"message":"Bad request"}"#);
    first.send(JOIN).await;
    assert_eq!(first.response().await.body, "ok");
    second.send("3").await;
    assert_eq!(second.response().await.body, "ok");
    ann.post("3").await;
}

#[tokio::test]
async fn what_waits_for_a_websocket_is_never_given_to_a_poll() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    ann.packet().await;
    let mut socket = upgraded(&ann).await;
    let long = format!(
        r#"42["message",{{"roomId":"studio","data":"{}"}}]"#,
        "x".repeat(200_000)
    );
    for _ in 0..4 {
        bob.post(&[long.as_str(); 4].join("\x1e")).await;
        // The socket reads nothing, so that much of it waits.
        let answer = ann.try_poll().await;
        assert!(
            answer.status == 400 || answer.body == "6",
            "{}",
            answer.body.len()
        );
    }
    for _ in 0..16 {
        let (opcode, payload) = socket.frame().await;
        assert_eq!((opcode, payload.len()), (OpCode::Text, long.len()));
    }
}

#[tokio::test]
async fn an_answer_that_nobody_took_is_counted() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    ann.poll().await;
    for number in 0..10 {
        // Asked for, and the socket is gone before the answer comes.
        let poll = ann.begin_poll().await;
        bob.chat(&number.to_string()).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        poll.reset();
    }
    bob.chat("the last").await;
    let mut heard = 0;
    while !ann
        .poll()
        .await
        .iter()
        .any(|packet| packet.contains("the last"))
    {
        heard += 1;
    }
    assert_eq!(heard, 0);
    Metrics::until(server.addr(), "10 lost messages", |metrics| {
        metrics.value("messages_lost_total") == 10.0
    })
    .await;
}

#[tokio::test]
async fn a_client_that_never_comes_back_after_its_handshake_keeps_no_place() {
    let mut config = quiet_config();
    config.timeouts.handshake = Duration::from_millis(400);
    let server = TestServer::start(config).await;
    let idle = Polled::open(server.addr()).await;
    let busy = Polled::connect(server.addr()).await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(idle.try_post("40").await.status, 400);
    busy.post("3").await;
}

#[tokio::test]
async fn a_first_packet_that_is_none_is_answered_in_socket_ios_words() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::open(server.addr()).await;
    ann.post("hello").await;
    let error = ann.packet().await;
    assert!(
        error.starts_with("42[\"error\",") && error.contains("malformed_packet"),
        "{error}"
    );
    ann.post("40").await;
    assert!(ann.packet().await.starts_with("40{"));
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_long_for_clients_between_two_polls() {
    let mut config = quiet_config();
    config.timeouts.shutdown = Duration::from_secs(20);
    let server = TestServer::start(config).await;
    let _ann = Polled::join(server.addr(), "studio", "ann").await;
    let begun = std::time::Instant::now();
    let farewell = server.stop();
    assert_eq!((farewell.connections, farewell.cut_off), (1, 0));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_big_post_does_not_overwhelm_those_who_read_all_the_time() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = 1_001_024;
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    let long_name = "张".repeat(120);
    let ann = Polled::join(server.addr(), "studio", &long_name).await;
    bob.expect("user-joined").await;
    // Translated, each has the sender's name in it and is much longer than it came.
    let short = r#"42["message",{"roomId":"studio","type":"x"}]"#;
    const MESSAGES: usize = 10_000;
    let burst = vec![short; MESSAGES].join("\x1e");
    let (posted, ()) = tokio::join!(ann.try_post(&burst), async {
        for _ in 0..MESSAGES {
            bob.expect("x").await;
        }
    });
    assert_eq!(posted.status, 200);
    assert_eq!(
        Metrics::of(server.addr()).await.closes("slow_consumer"),
        0.0
    );
}

#[tokio::test]
async fn a_websocket_that_is_never_probed_leaves_polls_waiting() {
    let server = TestServer::start(quiet_config()).await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut socket = Socket::connect(server.addr()).await;
    let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", ann.sid);
    socket.upgrade(&handshake(&path, "")).await;
    let mut poll = ann.begin_poll().await;
    let _bob = Polled::join(server.addr(), "studio", "bob").await;
    assert!(
        poll.response()
            .await
            .body
            .starts_with("42[\"user-joined\",")
    );
    // What comes without a probe changes nothing.
    socket.send(text("5")).await;
    let mut poll = ann.begin_poll().await;
    let _cy = Polled::join(server.addr(), "studio", "cy").await;
    assert!(
        poll.response()
            .await
            .body
            .starts_with("42[\"user-joined\",")
    );
}

#[tokio::test]
async fn what_was_answered_and_is_not_heard_after_all_is_counted() {
    const MESSAGES: usize = 60;
    let mut config = quiet_config();
    config.limits.messages_per_second = 10;
    config.limits.message_bytes = 10_000;
    config.limits.outbox_bytes = 20_000;
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    let ann = Polled::join(server.addr(), "studio", "ann").await;
    bob.expect("user-joined").await;
    let said: Vec<String> = (0..MESSAGES).map(|number| chat("studio", number)).collect();
    // It has said far too much at once, so that the answer comes before all of it is heard.
    ann.post(&said.join("\x1e")).await;
    // It polls for nothing, and is cut off for that.
    for _ in 0..3 {
        bob.chat(&"x".repeat(9_000)).await;
    }
    let mut heard = 0;
    while bob.message().await["type"] != "user-left" {
        heard += 1;
    }
    assert!(heard < MESSAGES, "{heard}");
    // And those that ann did not take.
    Metrics::until(server.addr(), "nothing lost silently", |metrics| {
        metrics.value("messages_lost_total") >= (MESSAGES - heard + 2) as f64
    })
    .await;
}
