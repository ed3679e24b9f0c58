//! The end of a server: a farewell to everybody, behind what is queued, and within a bound.

use std::io;
use std::time::Duration;

use switchboard_server::Farewell;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::socket::{close, handshake};
use crate::support::{Peer, Socket, eventually};

async fn stop(server: TestServer) -> Farewell {
    tokio::task::spawn_blocking(|| server.stop())
        .await
        .expect("the server ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_everybody_gets_1001_behind_what_was_queued() {
    const LINES: usize = 200;
    let mut config = quiet_config();
    config.limits.outbox_bytes = 20_000_000;
    config.timeouts.shutdown = Duration::from_secs(20);
    let mut server = TestServer::start(config).await;
    let mut late = Socket::connect_narrow(server.addr()).await;
    late.upgrade(&handshake("/ws", "")).await;
    late.join("room", "late").await;
    let mut lobbyist = Peer::register(server.addr(), "lobbyist").await;
    let mut silent = Peer::connect(server.addr()).await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    // More than the kernel takes for somebody who does not read: the rest waits in the server.
    for number in 0..LINES {
        let line = format!("{number} {}", "x".repeat(50_000));
        talker.chat(&line).await;
    }
    // All is read before the end begins.
    talker
        .send(&serde_json::json!({"type": "chat", "message": "", "target": "nobody"}))
        .await;
    assert_eq!(talker.refused().await, "target_not_found");

    server.begin_stop();
    for peer in [&mut lobbyist, &mut silent, &mut talker] {
        let (code, reason) = peer.closed().await;
        assert_eq!((code, reason.as_str()), (1001, "server shutting down"));
    }
    drop((lobbyist, silent, talker));
    for number in 0..LINES {
        let (_, mut payload) = late.frame().await;
        if payload.starts_with(br#"{"type":"user-joined""#) {
            (_, payload) = late.frame().await;
        }
        let start = format!(r#"{{"message":"{number} "#);
        assert!(payload.starts_with(start.as_bytes()), "line {number}");
    }
    let (code, reason) = late.closing().await;
    assert_eq!((code, reason.as_str()), (1001, "server shutting down"));
    late.send(close(1001)).await;
    assert_eq!(late.ended().await, b"");
    drop(late);
    let farewell = stop(server).await;
    assert_eq!((farewell.connections, farewell.cut_off), (4, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_who_does_not_answer_the_farewell_does_not_hold_up_the_end() {
    let mut config = quiet_config();
    config.timeouts.shutdown = Duration::from_millis(700);
    let server = TestServer::start(config).await;
    let mut stubborn = Socket::websocket(server.addr()).await;
    stubborn.join("room", "stubborn").await;
    let begun = Instant::now();
    let farewell = stop(server).await;
    let taken = begun.elapsed();
    assert_eq!((farewell.connections, farewell.cut_off), (1, 1));
    assert!(taken >= Duration::from_millis(700), "{taken:?}");
    assert!(taken < Duration::from_secs(10), "{taken:?}");
    assert_eq!(stubborn.closing().await.0, 1001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_nobody_in_it_ends_at_once() {
    let mut config = quiet_config();
    config.timeouts.shutdown = Duration::from_secs(3600);
    let server = TestServer::start(config).await;
    // An HTTP connection that is merely kept open is nobody.
    let mut idle = Socket::connect(server.addr()).await;
    idle.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(idle.response().await.status, 200);
    let farewell = stop(server).await;
    assert_eq!((farewell.connections, farewell.cut_off), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_ends_nobody_new_comes_in_and_it_is_alive_but_not_ready() {
    let mut config = quiet_config();
    config.timeouts.shutdown = Duration::from_secs(20);
    let mut server = TestServer::start(config).await;
    let address = server.addr();
    let mut stubborn = Socket::websocket(address).await;
    stubborn.join("room", "stubborn").await;
    // These were there before: one asks for its state again and again, the other has begun a handshake.
    let mut probe = Socket::connect(address).await;
    let mut status = async |path: &str| {
        probe
            .send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            .await;
        probe.response().await.status
    };
    assert_eq!(status("/readyz").await, 200);
    let mut begun = Socket::connect(address).await;
    begun
        .send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(begun.response().await.status, 200);
    let handshake = handshake("/ws", "");
    let (first_half, second_half) = handshake.split_at(40);
    begun.send(first_half).await;

    server.begin_stop();
    assert_eq!(stubborn.closing().await.0, 1001);
    assert_eq!(status("/readyz").await, 503);
    assert_eq!(status("/livez").await, 200);
    eventually("a closed door", async || {
        let refused = TcpStream::connect(address).await.err()?;
        (refused.kind() == io::ErrorKind::ConnectionRefused).then_some(())
    })
    .await;

    // Who comes in through a door that was open before is sent away as everybody is.
    begun.send(second_half).await;
    begun.upgraded().await;
    assert_eq!(begun.closing().await.0, 1001);
    drop((stubborn, begun));
    let farewell = stop(server).await;
    assert_eq!((farewell.connections, farewell.cut_off), (1, 0));
}
