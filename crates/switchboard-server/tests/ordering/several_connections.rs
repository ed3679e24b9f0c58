//! One id, several connections: the newest receives, and the others see one peer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use switchboard_websocket::OpCode;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

use crate::common::{TestServer, quiet_config};
use crate::support::socket::close;
use crate::support::{Metrics, Peer, Socket, in_time};

/// A line of the talker, by its number.
fn number_of(message: &Value) -> usize {
    let line = message["message"].as_str().expect("a line");
    line.parse().expect("a number")
}

/// How many lines a connection hears before it goes, or says that it has heard some.
const TURN: usize = 20;

/// Listens, and says so once it has heard enough; if it is not to stay, it says goodbye then. Gives the lines it has
/// heard to its end.
fn listen(mut socket: Socket, stays: bool) -> (oneshot::Receiver<()>, JoinHandle<Vec<usize>>) {
    let (turn, turn_came) = oneshot::channel();
    let listening = tokio::spawn(async move {
        let mut turn = Some(turn);
        let mut heard = Vec::new();
        while let Some((opcode, payload)) = socket.try_frame().await {
            if opcode == OpCode::Close {
                break;
            }
            let message: Value = serde_json::from_slice(&payload).expect("JSON");
            if message["type"] == "user-joined" {
                continue;
            }
            heard.push(number_of(&message));
            if heard.len() == TURN
                && let Some(turn) = turn.take()
            {
                // Not everybody is waited for.
                let _ = turn.send(());
                if !stays {
                    socket.send(close(1000)).await;
                }
            }
        }
        heard
    });
    (turn_came, listening)
}

async fn connection(server: SocketAddr) -> Socket {
    let mut socket = Socket::websocket(server).await;
    socket.join("room", "multi").await;
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_reaches_one_connection_whichever_is_the_newest_when_it_is_said() {
    const CONNECTIONS: usize = 40;
    let mut config = quiet_config();
    config.limits.connections_per_peer = CONNECTIONS + 1;
    let mut server = TestServer::start(config).await;
    let address = server.addr();
    // In the order of their coming; the last receives, then the one before it, and so on to the first, which stays.
    let (first_turn, first) = listen(connection(address).await, true);
    let mut others = Vec::new();
    for _ in 1..CONNECTIONS {
        others.push(listen(connection(address).await, false).1);
    }
    let mut talker = Peer::join(address, "room", "talker").await;

    let over = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&over);
    let talking = tokio::spawn(async move {
        let mut said = 0;
        while !until.load(Ordering::Relaxed) {
            let line = said.to_string();
            let message = match said % 2 {
                0 => json!({"type": "chat", "message": line}),
                _ => json!({"type": "chat", "message": line, "target": "multi"}),
            };
            talker.send(&message).await;
            said += 1;
            talker.attend(yield_now()).await;
        }
        (said, talker)
    });
    in_time("the first connection's turn", first_turn)
        .await
        .expect("it hears something");
    // Now one more, which is the newest from then on.
    let (last_turn, last) = listen(connection(address).await, true);
    in_time("the last connection's turn", last_turn)
        .await
        .expect("it hears something");
    over.store(true, Ordering::Relaxed);
    let (said, mut talker) = in_time("the last line", talking)
        .await
        .expect("the talker does not fail");
    // All is relayed before the server ends, which ends those who still listen.
    talker
        .send(&json!({"type": "chat", "message": "?", "target": "nobody"}))
        .await;
    assert_eq!(talker.refused().await, "target_not_found");
    server.begin_stop();

    let mut all = Vec::new();
    for listening in others.into_iter().rev().chain([first, last]) {
        let heard = in_time("the end", listening).await.expect("no failure");
        assert!(heard.len() >= TURN, "{}", heard.len());
        all.extend(heard);
    }
    assert_eq!(all, (0..said).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_connections_may_speak_and_answers_go_to_who_asked() {
    let server = TestServer::start(quiet_config()).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut parked = Peer::join(server.addr(), "room", "ann").await;
    assert_eq!(bob.expect("user-joined").await["userId"], "ann");
    let mut active = Peer::join(server.addr(), "room", "ann").await;

    parked.chat("from the old one").await;
    assert_eq!(bob.chatted().await, "from the old one");
    parked
        .send(&json!({"type": "chat", "message": "?", "target": "nobody"}))
        .await;
    assert_eq!(parked.refused().await, "target_not_found");
    bob.chat("to ann").await;
    assert_eq!(active.chatted().await, "to ann");
    // The old one goes late, and that changes nothing.
    parked.close().await;
    bob.chat("and again").await;
    assert_eq!(active.chatted().await, "and again");
    active.close().await;
    assert_eq!(bob.expect("user-left").await["userId"], "ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_an_ids_connections_come_and_go_every_arrival_has_one_departure() {
    const CONNECTIONS: usize = 6;
    const ROUNDS: usize = 40;
    let server = TestServer::start(quiet_config()).await;
    let address = server.addr();
    let mut witness = Peer::join(address, "room", "witness").await;
    let come_and_go = |number: usize| async move {
        let mut peer = Peer::connect(address).await;
        for round in 0..ROUNDS {
            peer.ask_to_join("room", "many").await;
            peer.expect("join-success").await;
            if round + 1 < ROUNDS {
                peer.send(&json!({"type": "leave-room"})).await;
            }
        }
        // A third each says goodbye, drops, and leaves before it drops.
        match number % 3 {
            0 => peer.close().await,
            1 => drop(peer),
            _ => peer.send(&json!({"type": "leave-room"})).await,
        }
    };
    let bursts: Vec<_> = (0..CONNECTIONS)
        .map(|number| tokio::spawn(come_and_go(number)))
        .collect();
    for burst in bursts {
        in_time("the end of a burst", burst)
            .await
            .expect("no connection fails");
    }
    Metrics::until(address, "only the witness", |metrics| {
        metrics.value("sockets") == 2.0
    })
    .await;

    let mut usher = Peer::join(address, "room", "usher").await;
    usher.chat("the end").await;
    let (mut arrivals, mut departures) = (0, 0);
    loop {
        let message = witness.message().await;
        if message["userId"] == "usher" {
            break;
        }
        assert_eq!(message["userId"], "many", "{message}");
        match message["type"].as_str() {
            Some("user-joined") => arrivals += 1,
            Some("user-left") => departures += 1,
            _ => panic!("{message}"),
        }
        assert!(matches!(arrivals - departures, 0 | 1), "in turn: {message}");
    }
    assert_eq!(arrivals, departures);
    assert!((1..=CONNECTIONS * ROUNDS).contains(&arrivals));
    assert_eq!(witness.chatted().await, "the end");
}
