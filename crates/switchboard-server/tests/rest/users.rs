//! `GET /rooms/{id}/users` and `GET /users/{id}`: who is where.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::guests::{Guest, WIRES, ask, listed, problem, time, until_listed};
use crate::support::{Peer, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_the_users_of_a_room_are_listed_whatever_they_speak() {
    let before = SystemTime::now() - Duration::from_millis(1);
    let server = TestServer::start(quiet_config()).await;
    let mut peers = Vec::new();
    for wire in WIRES {
        let id = format!("{wire} user");
        peers.push(Guest::join(wire, server.addr(), "studio", &id).await);
    }
    for path in ["/rooms/studio/users", "/rooms/studio/users/"] {
        let users = ask(server.addr(), path, 200).await;
        let users = users.as_array().expect("a list");
        assert_eq!(users.len(), WIRES.len());
        let mut earlier = before;
        for (user, wire) in users.iter().zip(WIRES) {
            assert_eq!(
                *user,
                json!({
                    "user_id": format!("{wire} user"),
                    "joined_at": user["joined_at"],
                    "role": "receiver",
                    "dialect": wire,
                })
            );
            let joined = time(&user["joined_at"]);
            assert!(earlier <= joined && joined <= SystemTime::now());
            earlier = joined;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_a_user_is_found_in_the_published_shape() {
    let server = TestServer::start(quiet_config()).await;
    for wire in WIRES {
        let _peer = Guest::join(wire, server.addr(), "studio", wire).await;
        let members = ask(server.addr(), "/rooms/studio/users", 200).await;
        let members = members.as_array().expect("a list").iter();
        let joined = members
            .filter(|member| member["user_id"] == wire)
            .map(|member| member["joined_at"].clone())
            .next();
        for path in [format!("/users/{wire}"), format!("/users/{wire}/")] {
            assert_eq!(
                ask(server.addr(), &path, 200).await,
                json!({
                    "user_id": wire,
                    "room_id": "studio",
                    "joined_at": joined,
                    "rooms": [{
                        "room_id": "studio",
                        "joined_at": joined,
                        "role": "receiver",
                        "dialect": wire,
                    }],
                })
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_one_id_in_several_rooms_is_at_the_top_where_it_came_last() {
    let server = TestServer::start(quiet_config()).await;
    let mut peers = Vec::new();
    // Rooms of several shards, so that their order is not that of looking.
    let rooms: Vec<String> = (0..20).map(|n| format!("room {n}")).collect();
    for room in &rooms {
        peers.push(Peer::join(server.addr(), room, "ann").await);
    }
    let user = ask(server.addr(), "/users/ann", 200).await;
    let places = user["rooms"].as_array().expect("a list");
    let newest_first: Vec<_> = rooms.iter().rev().map(|room| json!(room)).collect();
    let found: Vec<_> = places
        .iter()
        .map(|place| place["room_id"].clone())
        .collect();
    assert_eq!(found, newest_first);
    for field in ["room_id", "joined_at"] {
        assert_eq!(user[field], places[0][field]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_what_is_not_there_is_not_found() {
    let server = TestServer::start(quiet_config()).await;
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    for path in ["/rooms/hall/users", "/rooms/ann/users/"] {
        assert_eq!(problem(server.addr(), path, 404).await, "Room not found");
    }
    for path in ["/users/bob", "/users/studio/"] {
        assert_eq!(problem(server.addr(), path, 404).await, "User not found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_whoever_leaves_or_drops_is_listed_no_longer() {
    let server = TestServer::start(quiet_config()).await;
    let _host = Peer::join(server.addr(), "studio", "host").await;
    for wire in WIRES {
        let ann = Guest::join(wire, server.addr(), "studio", "ann").await;
        let bob = Guest::join(wire, server.addr(), "studio", "bob").await;
        assert_eq!(
            listed(server.addr(), "studio").await,
            ["host", "ann", "bob"]
        );
        let _ann = ann.leave().await;
        until_listed(server.addr(), "studio", &["host", "bob"]).await;
        drop(bob);
        until_listed(server.addr(), "studio", &["host"]).await;
        for user in ["ann", "bob"] {
            let path = format!("/users/{user}");
            assert_eq!(problem(server.addr(), &path, 404).await, "User not found");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_4_a_move_is_seen_in_both_rooms() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Peer::join(server.addr(), "studio", "ann").await;
    ann.ask_to_join("hall", "anna").await;
    ann.expect("join-success").await;
    assert_eq!(listed(server.addr(), "studio").await, [""; 0]);
    assert_eq!(listed(server.addr(), "hall").await, ["anna"]);
    assert_eq!(
        problem(server.addr(), "/users/ann", 404).await,
        "User not found"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_several_connections_is_listed_once_with_the_wire_of_the_newest() {
    let server = TestServer::start(quiet_config()).await;
    let mut order = Vec::new();
    for wire in WIRES {
        let guest = Guest::join(wire, server.addr(), "studio", "ann").await;
        order.push((guest, wire));
    }
    let joined = ask(server.addr(), "/users/ann", 200).await["joined_at"].clone();
    while let Some((newest, wire)) = order.pop() {
        let members = eventually("the wire of the newest connection", async || {
            let members = ask(server.addr(), "/rooms/studio/users", 200).await;
            (members[0]["dialect"] == wire).then_some(members)
        })
        .await;
        assert_eq!(members.as_array().map(Vec::len), Some(1));
        assert_eq!(members[0]["joined_at"], joined);
        drop(newest);
    }
    until_listed(server.addr(), "studio", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joined_to_send_is_listed_as_a_sender() {
    let server = TestServer::start(quiet_config()).await;
    let mut camera = Peer::register(server.addr(), "camera").await;
    let join = json!({"type": "join", "room_id": "studio", "role": "sender"});
    camera.send(&join).await;
    camera.expect("joined").await;
    let members = ask(server.addr(), "/rooms/studio/users", 200).await;
    assert_eq!(members[0]["role"], "sender");
    let user = ask(server.addr(), "/users/camera", 200).await;
    assert_eq!(user["rooms"][0]["role"], "sender");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dropped_out_and_may_come_back_is_listed_without_a_wire() {
    let mut config = quiet_config();
    config.timeouts.grace = Duration::from_secs(60);
    let server = TestServer::start(config).await;
    let ann = Peer::join(server.addr(), "studio", "ann").await;
    let joined = ask(server.addr(), "/users/ann", 200).await["joined_at"].clone();
    drop(ann);
    let member = eventually("a member without a wire", async || {
        let members = ask(server.addr(), "/rooms/studio/users", 200).await;
        members[0]["dialect"].is_null().then(|| members[0].clone())
    })
    .await;
    assert_eq!(
        (&member["user_id"], &member["joined_at"]),
        (&json!("ann"), &joined)
    );
    let rooms = ask(server.addr(), "/rooms", 200).await;
    assert_eq!(rooms[0]["user_count"], 1);
    let stats = ask(server.addr(), "/stats", 200).await;
    let counts = ["total_rooms", "active_rooms", "total_users"].map(|name| stats[name].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1)]);

    let _back = Peer::join(server.addr(), "studio", "ann").await;
    let user = ask(server.addr(), "/users/ann", 200).await;
    assert_eq!(user["joined_at"], joined);
    assert_eq!(user["rooms"][0]["dialect"], "join-room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_the_lobby_is_in_no_room() {
    let server = TestServer::start(quiet_config()).await;
    let _ann = Peer::register(server.addr(), "ann").await;
    assert_eq!(
        problem(server.addr(), "/users/ann", 404).await,
        "User not found"
    );
    assert_eq!(ask(server.addr(), "/rooms", 200).await, json!([]));
    // A room that is called like it is another.
    assert_eq!(listed(server.addr(), "(lobby)").await, [""; 0]);
}
