//! Who is in which room, on all nodes together (rows S3.3, S3.6, S3.11).

mod common;

use common::redis_server::RedisServer;
use common::stage::{Node, admitted, config, join, peer};
use std::time::Duration;
use switchboard_backplane::{Config, Departed, Heard, JoinRequest, LeaveRequest, Outcome, Totals};
use switchboard_core::{Role, RoomId};

async fn two_nodes() -> (RedisServer, Node, Node) {
    let redis = RedisServer::start();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    (redis, here, there)
}

#[tokio::test]
async fn s3_11_who_joins_on_one_node_is_seen_on_the_other() {
    let (_redis, here, there) = two_nodes().await;
    assert_eq!(
        admitted(&here.join(join("studio", "ann", 1)).await),
        ["ann"]
    );
    assert_eq!(
        admitted(&there.join(join("studio", "bob", 1)).await),
        ["ann", "bob"]
    );
    here.until_changes(&["+bob 1"]).await;
    there.leave("studio", "bob", 1);
    here.until_changes(&["+bob 1", "-bob Left"]).await;
    assert_eq!(there.changes(), [""; 0]);
}

#[tokio::test]
async fn s3_11_no_node_is_told_of_rooms_that_it_has_nobody_in() {
    let (_redis, here, there) = two_nodes().await;
    here.join(join("studio", "ann", 1)).await;
    there.join(join("kitchen", "bob", 1)).await;
    here.leave("studio", "ann", 1);
    here.join(join("studio", "eve", 2)).await;
    there.join(join("studio", "joe", 2)).await;
    here.until_changes(&["+joe 1"]).await;
    assert_eq!(there.changes(), [""; 0]);
}

#[tokio::test]
async fn s3_3_join_time_node_wire_and_role_are_recorded() {
    let (redis, here, there) = two_nodes().await;
    here.join(JoinRequest {
        role: Role::Sender,
        ..join("studio", "ann", 7)
    })
    .await;
    there.join(join("studio", "ann", 9)).await;
    let members = here
        .backplane
        .users(&"studio".into())
        .await
        .expect("an answer")
        .expect("a room");
    let [ann] = members.as_slice() else {
        panic!("one: {members:?}")
    };
    let lines: Vec<_> = ann
        .member
        .lines
        .iter()
        .map(|line| (line.node, line.conn, line.role, line.wire.as_str()))
        .collect();
    let expected = [
        (here.id(), 7, Role::Sender, "join-room"),
        (there.id(), 9, Role::Receiver, "join-room"),
    ];
    assert_eq!(lines, expected);
    let [seconds, _]: [u64; 2] = redis
        .ask::<Vec<u64>>(&["TIME"])
        .try_into()
        .expect("two numbers");
    let age = seconds.abs_diff(ann.member.joined_ms / 1_000);
    assert!(age < 20, "{age} s ago");
}

#[tokio::test]
async fn s3_11_the_same_id_on_two_nodes_is_one_user_and_the_newest_connection_receives() {
    let (_redis, here, there) = two_nodes().await;
    here.join(join("studio", "eve", 1)).await;
    here.join(join("studio", "ann", 2)).await;
    let Outcome::Admitted {
        arrived, member, ..
    } = there.join(join("studio", "ann", 1)).await
    else {
        panic!("not admitted");
    };
    assert!(!arrived);
    assert_eq!(member.active().map(|line| line.node), Some(there.id()));
    here.until_changes(&["+ann 2"]).await;
    there.leave("studio", "ann", 1);
    here.until_changes(&["+ann 2", "+ann 1"]).await;
    let back = here
        .heard()
        .into_iter()
        .rev()
        .find_map(|heard| match heard {
            Heard::Changed { member, .. } => member,
            _ => None,
        });
    assert_eq!(
        back.and_then(|member| member.active().map(|line| line.node)),
        Some(here.id())
    );
}

#[tokio::test]
async fn s3_11_a_user_has_only_so_many_connections_on_all_nodes_together() {
    let (_redis, here, there) = two_nodes().await;
    for conn in 1..=2 {
        here.join(join("studio", "ann", conn)).await;
        there.join(join("studio", "ann", conn)).await;
    }
    assert_eq!(
        there.join(join("studio", "ann", 9)).await,
        Outcome::TooManyLines
    );
    here.leave("studio", "ann", 1);
    here.join(join("kitchen", "x", 5)).await;
    assert!(matches!(
        there.join(join("studio", "ann", 9)).await,
        Outcome::Admitted { .. }
    ));
}

#[tokio::test]
async fn s3_11_a_room_is_full_for_all_nodes_at_once() {
    let (redis, here, there) = two_nodes().await;
    let of_two = |name: &str, conn| JoinRequest {
        capacity: 2,
        ..join("studio", name, conn)
    };
    here.join(of_two("ann", 1)).await;
    there.join(of_two("bob", 1)).await;
    assert_eq!(here.join(of_two("eve", 2)).await, Outcome::RoomFull);
    assert!(matches!(
        here.join(of_two("bob", 3)).await,
        Outcome::Admitted { arrived: false, .. }
    ));
    // Who takes another name in a full room needs no second place.
    let renamed = JoinRequest {
        leaving: Some(("studio".into(), peer("ann"))),
        ..of_two("eve", 1)
    };
    assert!(matches!(
        here.join(renamed).await,
        Outcome::Admitted { arrived: true, .. }
    ));
    assert_eq!(here.names("studio").await, ["bob", "eve"]);
    there
        .until_changes(&["+bob 2", "-ann Left", "+eve 1"])
        .await;
    let nowhere = JoinRequest {
        capacity: 0,
        ..join("empty", "ann", 9)
    };
    assert_eq!(here.join(nowhere).await, Outcome::RoomFull);
    assert!(
        !redis.keys().iter().any(|key| key.contains("empty")),
        "{:?}",
        redis.keys()
    );
}

#[tokio::test]
async fn who_moves_gives_up_his_place_only_for_another() {
    let (_redis, here, there) = two_nodes().await;
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    let moving = |capacity| JoinRequest {
        capacity,
        leaving: Some(("studio".into(), peer("bob"))),
        ..join("kitchen", "bob", 1)
    };
    assert_eq!(there.join(moving(0)).await, Outcome::RoomFull);
    assert_eq!(here.names("studio").await, ["ann", "bob"]);
    assert!(matches!(
        there.join(moving(5)).await,
        Outcome::Admitted { .. }
    ));
    here.until_changes(&["+bob 1", "-bob Left"]).await;
    assert_eq!(here.names("kitchen").await, ["bob"]);
}

#[tokio::test]
async fn asking_for_a_place_twice_changes_nothing() {
    let (_redis, here, there) = two_nodes().await;
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    assert_eq!(
        admitted(&there.join(join("studio", "bob", 1)).await),
        ["ann", "bob"]
    );
    there.leave("studio", "bob", 1);
    here.until_changes(&["+bob 1", "-bob Left"]).await;
}

#[tokio::test]
async fn who_drops_out_with_grace_is_waited_for() {
    let (_redis, here, there) = two_nodes().await;
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    let drop = |conn| LeaveRequest {
        room: "studio".into(),
        peer: peer("bob"),
        conn,
        grace: true,
        why: Departed::Dropped,
    };
    there.leave_with(drop(1));
    here.until_changes(&["+bob 1", "+bob 0"]).await;
    // Back on the other node: nobody has to go.
    here.join(join("studio", "bob", 2)).await;
    there.backplane.depart("studio".into(), peer("bob"));
    here.leave_with(drop(2));
    there.join(join("kitchen", "x", 9)).await;
    assert_eq!(here.names("studio").await, ["ann", "bob"]);
    here.backplane.depart("studio".into(), peer("bob"));
    here.join(join("kitchen", "y", 9)).await;
    assert_eq!(here.names("studio").await, ["ann"]);
}

#[tokio::test]
async fn in_the_lobby_only_those_are_told_who_know_the_one() {
    let (_redis, here, there) = two_nodes().await;
    assert!(matches!(
        here.join(join("", "ann", 1)).await,
        Outcome::Admitted {
            roster: None,
            arrived: true,
            ..
        }
    ));
    there.join(join("", "bob", 1)).await;
    there.join(join("", "ann", 2)).await;
    here.until_changes(&["+ann 2"]).await;
    there.leave("", "bob", 1);
    there.leave("", "ann", 2);
    here.until_changes(&["+ann 2", "+ann 1"]).await;
    assert_eq!(there.changes(), [""; 0]);
    let totals = here.backplane.totals().await.expect("an answer");
    assert_eq!(
        totals,
        Totals {
            rooms: 0,
            peers: 0,
            lobby_peers: 1,
            nodes: 2
        }
    );
}

#[tokio::test]
async fn s3_4_every_node_answers_alike() {
    let (_redis, here, there) = two_nodes().await;
    for (name, room) in [("ann", "b"), ("bob", "a"), ("ann", "a"), ("eve", "c")] {
        here.join(join(room, name, 1)).await;
    }
    for node in [&here, &there] {
        let page = node.backplane.rooms(None, 2).await.expect("an answer");
        let seen: Vec<_> = page
            .rooms
            .iter()
            .map(|room| (room.room.to_string(), room.opener.to_string(), room.peers))
            .collect();
        assert_eq!(
            seen,
            [("a".into(), "bob".into(), 2), ("b".into(), "ann".into(), 1)]
        );
        assert!(page.is_more);
        let rest = node
            .backplane
            .rooms(Some(&"b".into()), 2)
            .await
            .expect("an answer");
        assert_eq!(
            (rest.rooms.len(), rest.rooms[0].room.clone(), rest.is_more),
            (1, "c".into(), false)
        );
        assert_eq!(node.names("a").await, ["bob", "ann"]);
        assert_eq!(
            node.backplane
                .users(&"nowhere".into())
                .await
                .expect("an answer"),
            None
        );
        let places = node
            .backplane
            .places(&peer("ann"))
            .await
            .expect("an answer");
        let rooms: Vec<RoomId> = places.into_iter().map(|(room, _)| room).collect();
        assert_eq!(rooms.len(), 2, "{rooms:?}");
        assert!(
            node.backplane
                .places(&peer("joe"))
                .await
                .expect("an answer")
                .is_empty()
        );
        let totals = node.backplane.totals().await.expect("an answer");
        assert_eq!(
            totals,
            Totals {
                rooms: 3,
                peers: 4,
                lobby_peers: 0,
                nodes: 2
            }
        );
    }
}

#[tokio::test]
async fn s3_3_rooms_and_users_expire_and_live_ones_are_refreshed() {
    let redis = RedisServer::start();
    let ttl = Duration::from_millis(700);
    let here = Node::begin(Config {
        room_ttl: ttl,
        ..config(redis.port())
    });
    here.until_up().await;
    here.join(join("alive", "ann", 1)).await;
    here.join(join("dead", "bob", 2)).await;
    for key in [
        "switchboard:room:alive",
        "switchboard:at:dead",
        "switchboard:user:ann",
    ] {
        let left: i64 = redis.ask(&["PTTL", key]);
        assert!((1..=700).contains(&left), "{key}: {left} ms");
    }
    for _ in 0..10 {
        tokio::time::sleep(ttl / 7).await;
        here.backplane.touch("alive".into(), true);
    }
    let keys = redis.keys();
    let is_there = |name: &str| keys.iter().any(|key| key == &format!("switchboard:{name}"));
    assert!(
        is_there("room:alive") && is_there("at:alive") && is_there("user:ann"),
        "{keys:?}"
    );
    assert!(
        !is_there("room:dead") && !is_there("at:dead") && !is_there("user:bob"),
        "{keys:?}"
    );
    let page = here.backplane.rooms(None, 10).await.expect("an answer");
    assert_eq!(
        page.rooms
            .iter()
            .map(|room| room.room.to_string())
            .collect::<Vec<_>>(),
        ["alive"]
    );
    let totals = here.backplane.totals().await.expect("an answer");
    assert_eq!((totals.rooms, totals.peers), (1, 1));
}

#[tokio::test]
async fn s3_6_a_room_is_closed_when_nobody_on_any_node_does_anything() {
    let (redis, here, there) = two_nodes().await;
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    here.backplane.close_idle("studio".into(), 60_000);
    there.backplane.touch("studio".into(), true);
    there.join(join("kitchen", "x", 2)).await;
    assert_eq!(here.names("studio").await, ["ann", "bob"]);
    tokio::time::sleep(Duration::from_millis(60)).await;
    here.backplane.close_idle("studio".into(), 50);
    for node in [&here, &there] {
        let why = node.wait_for("the end of the room", |heard| match heard {
            Heard::Closed { why, .. } => Some(*why),
            _ => None,
        });
        assert_eq!(why.await, Departed::Closed);
    }
    assert!(
        !redis
            .keys()
            .iter()
            .any(|key| key.contains("studio") || key.contains("ann")),
        "{:?}",
        redis.keys()
    );
    let totals = here.backplane.totals().await.expect("an answer");
    assert_eq!((totals.rooms, totals.peers), (1, 1));
}

#[tokio::test]
async fn s3_11_when_all_have_left_nothing_stays_behind() {
    let (redis, mut here, mut there) = two_nodes().await;
    for (node, conn) in [(&here, 1), (&there, 2), (&here, 3)] {
        for room in ["", "studio", "kitchen"] {
            node.join(join(room, &format!("peer {conn}"), conn)).await;
        }
    }
    for room in ["", "studio", "kitchen"] {
        here.leave(room, "peer 1", 1);
        here.leave(room, "peer 3", 3);
        there.leave(room, "peer 2", 2);
    }
    here.farewell().await;
    there.farewell().await;
    let left: Vec<String> = redis
        .keys()
        .into_iter()
        .filter(|key| !key.ends_with(":layout"))
        .collect();
    assert_eq!(left, ["switchboard:peers", "switchboard:ranks"]);
    let peers: u64 = redis.ask(&["GET", "switchboard:peers"]);
    assert_eq!(peers, 0);
}
