//! `limits.rooms`, `peers_per_room`, `lobby_peers` and `connections_per_peer`.

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_room_is_opened_beyond_the_bound_and_those_that_exist_stay_open() {
    let mut config = quiet_config();
    config.limits.rooms = 2;
    let server = TestServer::start(config).await;
    let ann = Peer::join(server.addr(), "one", "ann").await;
    let mut bob = Peer::join(server.addr(), "two", "bob").await;

    let mut cy = Peer::connect(server.addr()).await;
    cy.ask_to_join("three", "cy").await;
    assert_eq!(cy.refused().await, "too_many_rooms");
    cy.ask_to_join("two", "cy").await;
    cy.expect("join-success").await;
    assert_eq!(bob.expect("user-joined").await["userId"], "cy");

    // In the lobby, rooms are no matter.
    let _dan = Peer::register(server.addr(), "dan").await;

    // The last to leave a room makes a place for another.
    ann.close().await;
    cy.ask_to_join("three", "cy").await;
    cy.expect("join-success").await;
    assert_eq!(bob.expect("user-left").await["userId"], "cy");
    assert_eq!(Metrics::of(server.addr()).await.value("rooms"), 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_a_new_room_keeps_the_old_one() {
    let mut config = quiet_config();
    config.limits.rooms = 1;
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "one", "ann").await;
    let mut bob = Peer::join(server.addr(), "one", "bob").await;
    ann.expect("user-joined").await;
    for room in (0..20).map(|n| format!("other {n}")) {
        ann.ask_to_join(&room, "ann").await;
        assert_eq!(ann.refused().await, "too_many_rooms", "{room}");
    }
    ann.chat("still here").await;
    assert_eq!(bob.chatted().await, "still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_room_lets_nobody_in_until_somebody_leaves() {
    let mut config = quiet_config();
    config.limits.peers_per_room = 2;
    let server = TestServer::start(config).await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    let bob = Peer::join(server.addr(), "room", "bob").await;
    ann.expect("user-joined").await;

    let mut cy = Peer::connect(server.addr()).await;
    cy.ask_to_join("room", "cy").await;
    assert_eq!(cy.refused().await, "room_full");
    let mut dan = Peer::register(server.addr(), "dan").await;
    dan.send(&json!({"type": "join", "room_id": "room"})).await;
    assert_eq!(dan.refused().await, "room_full");

    // One more connection of somebody who is there is not one more peer.
    let mut ann_again = Peer::join(server.addr(), "room", "ann").await;
    // Other rooms are not full.
    let _eve = Peer::join(server.addr(), "elsewhere", "eve").await;

    bob.close().await;
    assert_eq!(ann_again.expect("user-left").await["userId"], "bob");
    cy.ask_to_join("room", "cy").await;
    cy.expect("join-success").await;
    assert_eq!(ann_again.expect("user-joined").await["userId"], "cy");
    assert_eq!(Metrics::of(server.addr()).await.errors("room_full"), 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lobby_has_its_own_bound_and_is_none_of_the_rooms() {
    let mut config = quiet_config();
    config.limits.lobby_peers = 2;
    config.limits.peers_per_room = 1;
    let server = TestServer::start(config).await;
    let mut ann = Peer::register(server.addr(), "ann").await;
    let mut bob = Peer::register(server.addr(), "bob").await;

    let mut cy = Peer::connect(server.addr()).await;
    cy.send(&json!({"type": "register", "client_id": "cy"}))
        .await;
    assert_eq!(cy.refused().await, "room_full");

    // Who goes into a room is in the lobby no longer.
    ann.send(&json!({"type": "join", "room_id": "room"})).await;
    ann.expect("joined").await;
    cy.send(&json!({"type": "register", "client_id": "cy"}))
        .await;
    cy.expect("registered").await;
    cy.send(&json!({"type": "chat", "message": "hello, lobby"}))
        .await;
    assert_eq!(bob.chatted().await, "hello, lobby");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_has_so_many_connections_and_no_more() {
    let mut config = quiet_config();
    config.limits.connections_per_peer = 2;
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let first = Peer::join(server.addr(), "room", "ann").await;
    assert_eq!(bob.expect("user-joined").await["userId"], "ann");
    let mut second = Peer::join(server.addr(), "room", "ann").await;

    let mut third = Peer::connect(server.addr()).await;
    third.ask_to_join("room", "ann").await;
    assert_eq!(third.refused().await, "too_many_connections");
    bob.chat("to whom?").await;
    assert_eq!(second.chatted().await, "to whom?");

    // Elsewhere the same id is somebody else.
    let _elsewhere = Peer::join(server.addr(), "elsewhere", "ann").await;
    first.close().await;
    third.ask_to_join("room", "ann").await;
    third.expect("join-success").await;
    bob.chat("and now?").await;
    assert_eq!(third.chatted().await, "and now?");
}
