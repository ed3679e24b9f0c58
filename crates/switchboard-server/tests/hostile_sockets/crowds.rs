//! Many at once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::healthy::Stage;
use crate::support::socket::{close, handshake, text};
use crate::support::{Metrics, Socket, eventually, http};

const CROWD: usize = 1_000;
/// So many at the same time.
const ABREAST: usize = 64;

/// How far each goes, in turn, before it ends.
const ENDS: [&str; 6] = [
    "at once",
    "within a handshake",
    "after a handshake",
    "after a registration",
    "in a room",
    "with a goodbye",
];

async fn come_and_go(mut socket: Socket, number: usize) {
    let end = ENDS[number % ENDS.len()];
    match end {
        "at once" => {}
        "within a handshake" => {
            let _ = socket.try_send(&handshake("/ws", "")[..30]).await;
        }
        _ => socket.upgrade(&handshake("/ws", "")).await,
    }
    match end {
        "after a registration" => {
            let message = format!(r#"{{"type":"register","client_id":"client {number}"}}"#);
            socket.say(&message).await;
            socket.frame().await;
        }
        "in a room" | "with a goodbye" => {
            let room = format!("room {}", number % 7);
            socket.join(&room, &format!("client {number}")).await;
            socket.say(r#"{"type":"chat","message":"hello"}"#).await;
        }
        _ => {}
    }
    if end == "with a goodbye" {
        socket.send(close(1000)).await;
        while socket.try_frame().await.is_some() {}
    } else if number.is_multiple_of(2) {
        socket.reset();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_quick_connections_leave_nothing_behind() {
    let mut stage = Stage::start().await;
    let address = stage.address();
    let abreast = Arc::new(Semaphore::new(ABREAST));
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let place = Arc::clone(&abreast).acquire_owned().await;
        crowd.spawn(async move {
            let _place = place.expect("an open semaphore");
            come_and_go(Socket::connect(address).await, number).await;
        });
    }
    while let Some(ended) = crowd.join_next().await {
        ended.expect("nobody fails");
    }
    stage.is_well("a thousand connections").await;
    let opened = stage.metrics().await.value("connections_opened_total");
    // Two thirds of them are upgraded, and the two pairs, one of them perhaps more than once.
    let upgraded = (0..CROWD).filter(|number| number % ENDS.len() >= 2).count();
    assert!(opened >= (upgraded + 4) as f64, "{opened}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_turned_away_again_and_again_takes_nobodys_place() {
    let mut config = crate::common::quiet_config();
    config.limits.connections = 10;
    let mut stage = Stage::with(config).await;
    let address = stage.address();
    let mut inside = Vec::new();
    for _ in 0..5 {
        inside.push(Socket::websocket(address).await);
    }
    for _ in 0..20 {
        let mut wave = Vec::new();
        for _ in 0..10 {
            wave.push(Socket::connect(address).await);
        }
        for mut socket in wave {
            // Let in or turned away, and gone in either case.
            let _ = socket.try_send(handshake("/ws", "")).await;
            let _ = socket.try_response().await;
        }
    }
    // Those who were in still are.
    for (number, socket) in inside.iter_mut().enumerate() {
        socket.join("inside", &format!("client {number}")).await;
    }
    drop(inside);
    // Those who came last may still be about to go, and there is not room for everybody.
    eventually("a place for a new pair", async || {
        let scrape = http::get(address, "/metrics").await;
        let free = scrape.status == 200 && Metrics::parse(&scrape.body).value("sockets") == 3.0;
        free.then_some(())
    })
    .await;
    stage
        .is_well("200 connections where there was room for three")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_small_frames_is_read_to_its_end() {
    let mut stage = Stage::start().await;
    let mut socket = Socket::websocket(stage.address()).await;
    socket.join("flood", "one").await;
    let frame = text(r#"{"type":"chat","message":"","target":"nobody"}"#);
    // Each is answered with an error, which the sender takes only at the end.
    let flood = frame.repeat(5_000);
    socket.send(&flood).await;
    for _ in 0..5_000 {
        socket.frame().await;
    }
    drop(socket);
    stage.is_well("a flood of small frames").await;
}
