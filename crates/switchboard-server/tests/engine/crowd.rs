//! Many clients at once that poll, change to a WebSocket in the middle of it, say goodbye or just vanish.

use std::collections::HashMap;

use crate::client::{Polled, chat};
use crate::common::{TestServer, quiet_config};
use crate::support::chance::Chance;
use crate::support::socket::{handshake, text};
use crate::support::{Metrics, Peer, Socket};

const CLIENTS: usize = 24;

/// Says numbered messages in some way or other; how many of them the server has taken.
async fn talk(client: Polled, chance: &mut Chance) -> usize {
    let mut said = 0;
    for _ in 0..chance.up_to(8) {
        let burst = chance.up_to(20);
        let packets: Vec<String> = (said..said + burst).map(|n| chat("crowd", n)).collect();
        if client.try_post(&packets.join("\x1e")).await.status != 200 {
            return said;
        }
        said += burst;
        match chance.up_to(4) {
            1 => drop(client.begin_poll().await),
            2 => drop(client.try_poll().await),
            _ => {}
        }
    }
    match chance.up_to(4) {
        // Gone without a word.
        1 => said,
        2 => {
            client.try_post("1").await;
            said
        }
        // Over to a WebSocket, with a poll that waits or without; more is said right behind the change.
        how => {
            let _poll = if how == 3 {
                Some(client.begin_poll().await)
            } else {
                None
            };
            let mut socket = Socket::connect(client.server).await;
            let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", client.sid);
            socket.upgrade(&handshake(&path, "")).await;
            socket.say("2probe").await;
            assert_eq!(socket.frame().await.1, b"3probe");
            let mut rest = text("5");
            let more = chance.up_to(10);
            (said..said + more).for_each(|n| rest.extend(text(&chat("crowd", n))));
            rest.extend(text("1"));
            socket.send(rest).await;
            // Until the server has taken all of it and says goodbye as well.
            socket.ended().await;
            said + more
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_clients_do_what_was_taken_arrives_once_in_order_and_nobody_stays_behind() {
    let mut config = quiet_config();
    config.timeouts.ping_interval = std::time::Duration::from_secs(1);
    config.timeouts.ping_timeout = std::time::Duration::from_secs(2);
    let server = TestServer::start(config).await;
    let mut listener = Peer::join(server.addr(), "crowd", "listener").await;

    let talkers = (0..CLIENTS).map(|number| {
        let (addr, mut chance) = (server.addr(), Chance::new(number as u64));
        tokio::spawn(async move {
            let name = format!("talker {number}");
            let client = Polled::join(addr, "crowd", &name).await;
            (name, talk(client, &mut chance).await)
        })
    });
    let talkers: Vec<_> = talkers.collect();

    // All that is heard, until everybody has come and gone again.
    let mut heard: HashMap<String, Vec<u64>> = HashMap::new();
    let mut left = 0;
    while left < CLIENTS {
        let message = listener.message().await;
        match message["type"].as_str() {
            Some("chat") => heard
                .entry(message["sender"].as_str().expect("a sender").to_owned())
                .or_default()
                .push(message["message"].as_u64().expect("a number")),
            Some("user-left") => left += 1,
            Some("user-joined") => {}
            other => panic!("what is {other:?}?"),
        }
    }
    for talker in talkers {
        let (name, said) = talker.await.expect("a talker");
        let expected: Vec<u64> = (0..said as u64).collect();
        assert_eq!(heard.remove(&name).unwrap_or_default(), expected, "{name}");
    }
    assert_eq!(heard, HashMap::new());
    drop(listener);
    Metrics::until_deserted(server.addr()).await;
}
