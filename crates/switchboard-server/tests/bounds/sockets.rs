//! `limits.connections`, `connections_per_address` and `unidentified`.

use std::time::Duration;

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::support::http::get;
use crate::support::socket::handshake;
use crate::support::{Metrics, Peer, Socket, eventually};

/// How many sockets beyond `limits.connections` there may be for requests that are no WebSockets.
const RESERVE: usize = 64;

/// Asks on a socket that is kept open; gives the status.
async fn ask(socket: &mut Socket, path: &str) -> u16 {
    socket
        .send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .await;
    socket.response().await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_refuses_websockets_with_503_and_answers_everything_else() {
    let mut config = quiet_config();
    config.limits.connections = 2;
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    ann.expect("user-joined").await;

    for path in ["/", "/ws", "/ws/"] {
        let mut late = Socket::connect(server.addr()).await;
        late.send(handshake(path, "")).await;
        let response = late.response().await;
        assert_eq!(response.status, 503, "{path}: {response:?}");
        assert_eq!(response.header("retry-after"), Some("5"));
        assert!(!response.body.is_empty(), "{path}: no reason is given");
    }
    for path in ["/", "/assets/app.js", "/ice-servers", "/livez", "/readyz"] {
        assert_eq!(get(server.addr(), path).await.status, 200, "{path}");
    }
    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.value("connections_opened_total"), 2.0);
    // Those who are in are not concerned.
    bob.chat("as before").await;
    assert_eq!(ann.chatted().await, "as before");

    bob.close().await;
    assert_eq!(ann.expect("user-left").await["userId"], "bob");
    // The place is free when the socket is closed, which may be a moment after the leave.
    eventually("a free place", async || {
        let mut cy = Socket::connect(server.addr()).await;
        cy.send(handshake("/ws", "")).await;
        (cy.response().await.status == 101).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_reserve_sockets_are_turned_away_with_503_until_one_is_free() {
    let mut config = quiet_config();
    config.limits.connections = 2;
    config.timeouts.handshake = Duration::from_secs(3600);
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    ann.expect("user-joined").await;
    let mut idle = Vec::new();
    for _ in 0..RESERVE {
        let mut socket = Socket::connect(server.addr()).await;
        assert_eq!(ask(&mut socket, "/livez").await, 200);
        idle.push(socket);
    }

    for request in [
        handshake("/ws", ""),
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
    ] {
        let mut late = Socket::connect(server.addr()).await;
        late.send(&request).await;
        let response = late.response().await;
        assert_eq!(response.status, 503, "{response:?}");
        assert_eq!(response.header("retry-after"), Some("5"));
        assert_eq!(response.header("connection"), Some("close"));
        assert_eq!(late.ended().await, b"");
    }
    // Those who are in are not concerned.
    bob.chat("as before").await;
    assert_eq!(ann.chatted().await, "as before");
    assert_eq!(ask(&mut idle[0], "/readyz").await, 200);

    idle.pop();
    eventually("a free place", async || {
        let mut socket = Socket::connect(server.addr()).await;
        (ask(&mut socket, "/livez").await == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_so_many_sockets_and_others_have_theirs() {
    let mut config = quiet_config();
    config.limits.connections_per_address = 1;
    let server = TestServer::start(config).await;
    let ann = Peer::join(server.addr(), "room", "ann").await;

    let mut bob = Socket::connect(server.addr()).await;
    bob.send(handshake("/ws", "")).await;
    let response = bob.response().await;
    assert_eq!(response.status, 429, "{response:?}");
    assert_eq!(response.header("retry-after"), Some("5"));

    let mut cy = Socket::connect_from([127, 0, 0, 2], server.addr()).await;
    cy.upgrade(&handshake("/ws", "")).await;

    ann.close().await;
    eventually("a free place", async || {
        let mut dan = Socket::connect(server.addr()).await;
        dan.send(handshake("/ws", "")).await;
        (dan.response().await.status == 101).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_borne_while_few_are_silent_and_not_when_many_are() {
    let mut config = quiet_config();
    config.limits.unidentified = 2;
    config.timeouts.first_message = Duration::from_secs(3600);
    config.timeouts.first_message_busy = Duration::from_millis(500);
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;

    let mut one = Peer::connect(server.addr()).await;
    let mut two = Peer::connect(server.addr()).await;
    // Much longer than the patience with many.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    one.ask_to_join("room", "one").await;
    one.expect("join-success").await;

    // Two silent ones again, and now a third: the one that is silent for too long goes.
    let _three = Peer::connect(server.addr()).await;
    let _four = Peer::connect(server.addr()).await;
    let (code, reason) = two.closed().await;
    assert_eq!((code, reason.as_str()), (1008, "no first message in time"));
    let metrics = Metrics::of(server.addr()).await;
    assert!(metrics.closes("silent") >= 1.0);

    // Those who have spoken are none of the silent, however long ago it was.
    one.send(&json!({"type": "chat", "message": "as before"}))
        .await;
    ann.expect("user-joined").await;
    assert_eq!(ann.chatted().await, "as before");
}
