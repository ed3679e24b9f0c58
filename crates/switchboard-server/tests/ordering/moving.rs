//! From room to room while everybody speaks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer, in_time};

const ROOMS: usize = 4;
const MOVES: usize = 30;

/// Says `room|0`, `room|1` ... until told to stop; gives how many lines that were.
fn talk(mut talker: Peer, room: usize, over: Arc<AtomicBool>) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut said = 0;
        while !over.load(Ordering::Relaxed) {
            talker.chat(&format!("{room}|{said}")).await;
            said += 1;
            talker.attend(sleep(Duration::from_millis(1))).await;
        }
        talker.close().await;
        said
    })
}

/// Goes through the rooms, with a connection on either wire; hears only the room it is in.
async fn roam(server: SocketAddr, id: String, registers: bool, backwards: bool) {
    let mut mover = if registers {
        Peer::register(server, &id).await
    } else {
        let mut peer = Peer::connect(server).await;
        peer.id.clone_from(&id);
        peer
    };
    let welcome = if registers { "joined" } else { "join-success" };
    let mut here = None;
    for step in 0..MOVES {
        let there = if backwards {
            ROOMS - 1 - step % ROOMS
        } else {
            step % ROOMS
        };
        let name = format!("room {there}");
        let message = if registers {
            json!({"type": "join", "room_id": name})
        } else {
            json!({"type": "join-room", "roomId": name, "sender": id})
        };
        mover.send(&message).await;
        // In the old room until the answer comes, in the new one from then on, and there until somebody has spoken.
        loop {
            let message = mover.message().await;
            let kind = message["type"].as_str().expect("a type");
            if kind == welcome {
                here = Some(there);
            } else if kind == "chat" {
                let line = message["message"].as_str().expect("a line");
                let (room, _) = line.split_once('|').expect("a room");
                assert_eq!(Some(room.to_owned()), here.map(|room| room.to_string()));
                if here == Some(there) {
                    break;
                }
            } else {
                assert_ne!(kind, "error", "{message}");
            }
        }
    }
    mover.close().await;
}

/// What somebody hears who stays in one room: every line of the talker in order, and of each who comes and goes an
/// arrival and a departure in turn.
async fn witness(mut witness: Peer, room: usize, said: usize) {
    let mut present: BTreeMap<String, bool> = BTreeMap::new();
    let mut next = 0;
    loop {
        let message = witness.message().await;
        let kind = message["type"].as_str().expect("a type");
        if kind == "chat" {
            let line = message["message"].as_str().expect("a line");
            if line == "the end" {
                break;
            }
            assert_eq!(line, format!("{room}|{next}"));
            next += 1;
            continue;
        }
        let id = message["userId"].as_str().expect("an id").to_owned();
        let was = present.insert(id, kind == "user-joined");
        assert_eq!(was.unwrap_or(false), kind == "user-left", "{message}");
    }
    assert_eq!(next, said);
    let left: Vec<_> = present.iter().filter(|(_, present)| **present).collect();
    assert_eq!(left.len(), 1, "only who says the end: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_3_who_moves_hears_the_room_he_is_in_and_each_room_hears_him_come_and_go() {
    let server = TestServer::start(quiet_config()).await;
    let over = Arc::new(AtomicBool::new(false));
    let (mut witnesses, mut talks) = (Vec::new(), Vec::new());
    for room in 0..ROOMS {
        let name = format!("room {room}");
        witnesses.push(Peer::join(server.addr(), &name, "witness").await);
        let talker = Peer::join(server.addr(), &name, "talker").await;
        talks.push(talk(talker, room, Arc::clone(&over)));
    }
    let movers = (0..8).map(|number| {
        let id = format!("mover {number}");
        tokio::spawn(roam(server.addr(), id, number % 2 == 0, number % 4 < 2))
    });
    for mover in movers.collect::<Vec<_>>() {
        in_time("the end of a journey", mover)
            .await
            .expect("no mover fails");
    }
    over.store(true, Ordering::Relaxed);
    for (room, (peer, talk)) in witnesses.into_iter().zip(talks).enumerate() {
        let said = in_time("the last line", talk)
            .await
            .expect("no talker fails");
        assert!(said > 0);
        let mut usher = Peer::join(server.addr(), &format!("room {room}"), "usher").await;
        usher.chat("the end").await;
        witness(peer, room, said).await;
    }
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_elsewhere_misses_nothing_at_home() {
    const LINES: usize = 200;
    let mut config = quiet_config();
    config.limits.peers_per_room = 3;
    let server = TestServer::start(config).await;
    let full: Vec<String> = (0..6).map(|number| format!("full {number}")).collect();
    let mut others = Vec::new();
    for room in &full {
        for id in ["one", "two", "three"] {
            others.push(Peer::join(server.addr(), room, id).await);
        }
    }
    let mut witness = Peer::join(server.addr(), "home", "witness").await;
    let mut mover = Peer::join(server.addr(), "home", "mover").await;
    let mut talker = Peer::join(server.addr(), "home", "talker").await;
    for id in ["mover", "talker"] {
        assert_eq!(witness.expect("user-joined").await["userId"], id);
    }
    assert_eq!(mover.expect("user-joined").await["userId"], "talker");

    let talking = tokio::spawn(async move {
        for number in 0..LINES {
            talker.chat(&number.to_string()).await;
        }
        talker
    });
    let (mut next, mut refused) = (0, 0);
    for room in full.iter().cycle().take(LINES) {
        mover.ask_to_join(room, "mover").await;
        // Everything up to the answer.
        loop {
            let message = mover.message().await;
            if message["type"] == "error" {
                assert_eq!(message["code"], "room_full");
                refused += 1;
                break;
            }
            assert_eq!(message["message"], next.to_string());
            next += 1;
        }
    }
    for number in next..LINES {
        assert_eq!(mover.chatted().await, number.to_string());
    }
    assert_eq!(refused, LINES);
    let _talker = talking.await.expect("all is said");
    mover.chat("never away").await;
    for number in 0..LINES {
        assert_eq!(witness.chatted().await, number.to_string());
    }
    assert_eq!(witness.chatted().await, "never away");
}
