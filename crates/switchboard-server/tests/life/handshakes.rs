//! Connections that do not get as far as a WebSocket, or only slowly.

use std::time::Duration;

use switchboard_server::config::Config;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::socket::handshake;
use crate::support::{Metrics, PATIENCE, Peer, Socket};

fn strict_config() -> Config {
    let mut config = quiet_config();
    config.timeouts.handshake = Duration::from_millis(500);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_handshake_is_cut_off_in_time() {
    let server = TestServer::start(strict_config()).await;
    for half in [
        "",
        "GET /ws HTT",
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgr",
    ] {
        let begun = Instant::now();
        let mut socket = Socket::connect(server.addr()).await;
        socket.send(half).await;
        socket.ended().await;
        let taken = begun.elapsed();
        assert!(taken >= Duration::from_millis(450), "{half:?}: {taken:?}");
    }
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_trickles_in_gains_no_time_by_it() {
    let server = TestServer::start(strict_config()).await;
    let mut socket = Socket::connect(server.addr()).await;
    let begun = Instant::now();
    // Ten bytes a second: the whole would take a quarter of a minute.
    for byte in handshake("/ws", "").bytes() {
        if socket.try_send([byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_connection_that_asks_for_nothing_more_is_closed() {
    let mut config = quiet_config();
    config.timeouts.keep_alive = Duration::from_millis(500);
    let server = TestServer::start(config).await;
    let mut socket = Socket::connect(server.addr()).await;
    socket
        .send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(socket.response().await.status, 200);
    socket.ended().await;
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_client_that_takes_no_answer_is_cut_off() {
    let server = TestServer::start(strict_config()).await;
    let mut socket = Socket::connect_narrow(server.addr()).await;
    // More answers than the kernel keeps for somebody who does not read.
    let request = "GET /assets/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let sent = tokio::time::timeout(Duration::from_millis(50), socket.try_send(&request)).await;
        if matches!(sent, Ok(Err(_))) {
            break;
        }
    }
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_handshakes_do_not_disturb_those_who_are_in() {
    let server = TestServer::start(strict_config()).await;
    let mut halves = Vec::new();
    for _ in 0..100 {
        let mut half = Socket::connect(server.addr()).await;
        half.send("GET /ws HTTP/1.1\r\n").await;
        halves.push(half);
    }
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    ann.expect("user-joined").await;
    bob.chat("hello").await;
    assert_eq!(ann.chatted().await, "hello");
    for mut half in halves {
        half.ended().await;
    }
    bob.chat("as before").await;
    assert_eq!(ann.chatted().await, "as before");
}
