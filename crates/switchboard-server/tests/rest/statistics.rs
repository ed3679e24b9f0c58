//! `GET /stats`: how the server is.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::common::{TestServer, quiet_config};
use crate::guests::{Guest, WIRES, ask, time};
use crate::support::{Peer, eventually};

fn numbers<const N: usize>(stats: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| {
        let number = stats[name].as_u64();
        number.unwrap_or_else(|| panic!("no number {name} in {stats}"))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_an_empty_server_counts_nothing_and_tells_its_age() {
    let before = SystemTime::now() - Duration::from_millis(1);
    let server = TestServer::start(quiet_config()).await;
    for path in ["/stats", "/stats/"] {
        let stats = ask(server.addr(), path, 200).await;
        let counts = [
            "active_rooms",
            "total_rooms",
            "total_users",
            "lobby_users",
            "connections",
            "connections_unidentified",
            "messages_received",
            "messages_delivered",
        ];
        assert_eq!(numbers(&stats, counts), [0; 8]);
        assert!(stats["redis_connections"].is_null() && stats["redis_memory_usage"].is_null());
        assert_eq!(stats["version"], env!("CARGO_PKG_VERSION"));
        let started = time(&stats["started_at"]);
        assert!(before <= started && started <= SystemTime::now());
        let uptime = Duration::from_secs_f64(stats["uptime"].as_f64().expect("seconds"));
        assert!(uptime <= before.elapsed().expect("no step of the clock"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_rooms_users_and_connections_are_counted() {
    let server = TestServer::start(quiet_config()).await;
    let mut guests = Vec::new();
    for room in ["studio", "hall"] {
        for wire in WIRES {
            guests.push(Guest::join(wire, server.addr(), room, wire).await);
        }
    }
    // A second connection of somebody, one in the lobby, and one that says nothing.
    let _second = Peer::join(server.addr(), "studio", "join-room").await;
    let _in_the_lobby = Peer::register(server.addr(), "in the lobby").await;
    let _silent = Peer::connect(server.addr()).await;

    let users = 2 * WIRES.len() as u64;
    let stats = eventually("the silent one", async || {
        let stats = ask(server.addr(), "/stats", 200).await;
        (stats["connections_unidentified"] == 1).then_some(stats)
    })
    .await;
    let rooms = ["active_rooms", "total_rooms", "total_users", "lobby_users"];
    assert_eq!(numbers(&stats, rooms), [2, 2, users, 1]);
    assert_eq!(numbers(&stats, ["connections"]), [users + 2]);
    let by_dialect = &stats["connections_by_dialect"];
    for wire in WIRES {
        let more = u64::from(matches!(wire, "join-room" | "register"));
        assert_eq!(numbers(by_dialect, [wire]), [2 + more], "{by_dialect}");
    }
    // The one who asks has a socket too; those who asked before may still have theirs.
    eventually("closed sockets", async || {
        let stats = ask(server.addr(), "/stats", 200).await;
        (numbers(&stats, ["sockets"]) == [users + 4]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_messages_are_counted_as_they_come_and_as_they_go() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Peer::join(server.addr(), "studio", "ann").await;
    let mut others = Vec::new();
    for wire in WIRES {
        others.push(Guest::join(wire, server.addr(), "studio", wire).await);
        ann.expect("user-joined").await;
    }
    let before = ask(server.addr(), "/stats", 200).await;
    for n in 0..10 {
        ann.chat(&format!("line {n}")).await;
    }
    // Who came first hears of the others before it hears a line.
    for other in &mut others {
        other.hears("line 9").await;
    }
    let after = ask(server.addr(), "/stats", 200).await;
    let counts = ["messages_received", "messages_delivered"];
    let [received, delivered] = numbers(&before, counts);
    let everybody = WIRES.len() as u64;
    assert_eq!(
        numbers(&after, counts),
        [received + 10, delivered + 10 * everybody]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_12_load_and_memory_are_told() {
    let server = TestServer::start(quiet_config()).await;
    let resources = &ask(server.addr(), "/stats", 200).await["resources"];
    assert!(
        numbers(resources, ["memory_bytes"]) > [1_000_000],
        "{resources}"
    );
    assert!(numbers(resources, ["processors", "threads"]) >= [1, 1]);
    let load = resources["load_average"].as_array().expect("a list");
    assert!(
        load.len() == 3 && load.iter().all(Value::is_f64),
        "{load:?}"
    );
}
