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

/// Says so much in the room that part of it waits in the server for whoever does not read.
async fn flood(talker: &mut Peer, lines: usize, bytes: usize) {
    for number in 0..lines {
        let line = format!("{number} {}", "x".repeat(bytes));
        talker.chat(&line).await;
    }
    // All is read before the end begins.
    talker
        .send(&serde_json::json!({"type": "chat", "message": "", "target": "nobody"}))
        .await;
    assert_eq!(talker.refused().await, "target_not_found");
}

/// Takes the next line, which must have this number.
async fn take_line(late: &mut Socket, number: usize) {
    let (_, mut payload) = late.frame().await;
    if payload.starts_with(br#"{"type":"user-joined""#) {
        (_, payload) = late.frame().await;
    }
    let start = format!(r#"{{"message":"{number} "#);
    assert!(payload.starts_with(start.as_bytes()), "line {number}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_everybody_gets_1001_behind_what_was_queued() {
    const LINES: usize = 200;
    let mut config = quiet_config();
    config.limits.outbox_bytes = 20_000_000;
    config.timeouts.shutdown = Duration::from_secs(20);
    let mut server = TestServer::start(config).await;
    let mut late = Socket::narrow_websocket(server.addr()).await;
    late.join("room", "late").await;
    let mut lobbyist = Peer::register(server.addr(), "lobbyist").await;
    let mut silent = Peer::connect(server.addr()).await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    flood(&mut talker, LINES, 50_000).await;

    server.begin_stop();
    for peer in [&mut lobbyist, &mut silent, &mut talker] {
        let (code, reason) = peer.closed().await;
        assert_eq!((code, reason.as_str()), (1001, "server shutting down"));
    }
    drop((lobbyist, silent, talker));
    for number in 0..LINES {
        take_line(&mut late, number).await;
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
async fn s1_4_who_reads_slowly_gets_everything_as_long_as_the_shutdown_may_take() {
    const LINES: u32 = 250;
    // Longer than an ordinary close may take, on which the farewell does not depend.
    const READING: Duration = Duration::from_secs(7);
    let mut config = quiet_config();
    config.limits.outbox_bytes = 40_000_000;
    config.timeouts.shutdown = Duration::from_secs(60);
    let mut server = TestServer::start(config).await;
    let mut late = Socket::narrow_websocket(server.addr()).await;
    late.join("room", "late").await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    flood(&mut talker, LINES as usize, 100_000).await;

    server.begin_stop();
    let begun = Instant::now();
    assert_eq!(talker.closed().await.0, 1001);
    drop(talker);
    for number in 0..LINES {
        tokio::time::sleep_until(begun + READING * number / LINES).await;
        take_line(&mut late, number as usize).await;
    }
    assert_eq!(late.closing().await.0, 1001);
    late.send(close(1001)).await;
    drop(late);
    let farewell = stop(server).await;
    assert_eq!((farewell.connections, farewell.cut_off), (2, 0));
    // Nobody waits for longer than it takes.
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(30), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_who_has_not_taken_everything_when_the_time_is_over_is_counted_as_cut_off() {
    let mut config = quiet_config();
    config.limits.outbox_bytes = 20_000_000;
    config.timeouts.shutdown = Duration::from_millis(700);
    let mut server = TestServer::start(config).await;
    let mut late = Socket::narrow_websocket(server.addr()).await;
    late.join("room", "late").await;
    let mut talker = Peer::join(server.addr(), "room", "talker").await;
    flood(&mut talker, 200, 50_000).await;

    server.begin_stop();
    let begun = Instant::now();
    assert_eq!(talker.closed().await.0, 1001);
    drop(talker);
    let farewell = stop(server).await;
    assert_eq!((farewell.connections, farewell.cut_off), (2, 1));
    let taken = begun.elapsed();
    assert!(taken >= Duration::from_millis(600), "{taken:?}");
    assert!(taken < Duration::from_secs(10), "{taken:?}");
    // It gets what the kernel had taken for it, and no farewell.
    take_line(&mut late, 0).await;
    let rest = late.ended().await;
    assert!(!rest.ends_with(b"server shutting down"));
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
