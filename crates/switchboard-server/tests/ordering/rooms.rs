//! Many rooms with several wires in each, everybody speaking at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use crate::common::{TestServer, quiet_config};
use crate::support::chance::Chance;
use crate::support::{Metrics, Peer, in_time};

const ROOMS: usize = 8;
const PEERS: usize = 5;
const LINES: usize = 100;

/// One of those who speak.
struct Speaker {
    room: usize,
    place: usize,
    peer: Peer,
    /// The number that comes next from each of the others.
    next: BTreeMap<String, usize>,
}

impl Speaker {
    async fn join(server: SocketAddr, room: usize, place: usize) -> Self {
        let (name, id) = (format!("room {room}"), format!("peer {place}"));
        let peer = if place.is_multiple_of(2) {
            Peer::join(server, &name, &id).await
        } else {
            Peer::register_in(server, &name, &id).await.0
        };
        Self {
            room,
            place,
            peer,
            next: BTreeMap::new(),
        }
    }

    fn queue(&mut self, what: &str) {
        let (room, place) = (self.room, self.place);
        let line = format!(r#"{{"type":"chat","message":"{room}|peer {place}|{what}"}}"#);
        self.peer.queue(&line);
    }

    /// The next line: who says what. It must have been said in this room.
    async fn line(&mut self) -> (String, String) {
        loop {
            let message = self.peer.message().await;
            if matches!(
                message["type"].as_str(),
                Some("user-joined" | "peer-joined")
            ) {
                continue;
            }
            let text = message["message"].as_str().expect("a line");
            let [room, id, what] = text.split('|').collect::<Vec<_>>()[..] else {
                panic!("{message}");
            };
            assert_eq!(room, self.room.to_string(), "{message}");
            assert_ne!(id, self.peer.id, "nobody hears himself");
            // Where the wire says who speaks, it says the truth.
            for field in ["from", "sender"] {
                assert!(matches!(&message[field], Value::Null) || message[field] == id);
            }
            return (id.to_owned(), what.to_owned());
        }
    }

    async fn speak_and_listen(mut self, all: Arc<Barrier>) {
        all.wait().await;
        let mut chance = Chance::new((self.room * PEERS + self.place) as u64);
        let mut said = 0;
        while said < LINES {
            let batch = chance.up_to(7).min(LINES - said);
            for number in said..said + batch {
                self.queue(&number.to_string());
            }
            said += batch;
            self.peer.flush().await;
            self.peer.attend(yield_now()).await;
        }
        for _ in 0..LINES * (PEERS - 1) {
            let (id, what) = self.line().await;
            let next = self.next.entry(id).or_default();
            assert_eq!(what, next.to_string());
            *next += 1;
        }
        assert_eq!(self.next.len(), PEERS - 1);
        all.wait().await;

        // What comes now is the end of each of the others, and nothing that was said before.
        self.queue("end");
        self.peer.flush().await;
        for _ in 0..PEERS - 1 {
            let (id, what) = self.line().await;
            assert_eq!(what, "end");
            assert_eq!(self.next.remove(&id), Some(LINES));
        }
        self.peer.attend(all.wait()).await;
        self.peer.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_s1_2_s2_3_everybody_hears_his_room_in_each_senders_order_and_nothing_else() {
    let server = TestServer::start(quiet_config()).await;
    let all = Arc::new(Barrier::new(ROOMS * PEERS));
    let mut speakers = JoinSet::new();
    for room in 0..ROOMS {
        for place in 0..PEERS {
            let speaker = Speaker::join(server.addr(), room, place).await;
            speakers.spawn(speaker.speak_and_listen(Arc::clone(&all)));
        }
    }
    while let Some(ended) = in_time("the end of a speaker", speakers.join_next()).await {
        ended.expect("no speaker fails");
    }
    let metrics = Metrics::until_deserted(server.addr()).await;
    assert_eq!(metrics.value("messages_lost_total"), 0.0);
    let said = (ROOMS * PEERS * (LINES + 1)) as f64;
    let sum = |name: &str| metrics.samples_of(name).map(|(_, n)| n).sum::<f64>();
    let presence: f64 = metrics
        .samples_of("messages_received_total")
        .filter(|(sample, _)| sample.contains(r#"kind="presence""#))
        .map(|(_, n)| n)
        .sum();
    assert_eq!(sum("messages_received_total") - presence, said);
    assert_eq!(sum("messages_delivered_total"), said * (PEERS - 1) as f64);
}
