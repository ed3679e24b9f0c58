//! Many who want the same at the same moment (row S3.11).

mod common;

use std::sync::Arc;

use common::redis_server::RedisServer;
use common::stage::{Node, join};
use switchboard_backplane::{JoinRequest, Outcome};

async fn three_nodes(redis: &RedisServer) -> Vec<Arc<Node>> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Arc::new(Node::start(redis.port()).await));
    }
    nodes
}

#[tokio::test]
async fn s3_3_of_two_hundred_who_race_for_fifty_places_exactly_fifty_get_one() {
    let redis = RedisServer::start();
    let nodes = three_nodes(&redis).await;
    let asked: Vec<_> = (0..200_u64)
        .map(|number| {
            let node = &nodes[number as usize % 3];
            let request = JoinRequest {
                capacity: 50,
                ..join("studio", &format!("peer {number}"), number)
            };
            (node, number, node.ask(request))
        })
        .collect();
    let mut admitted = Vec::new();
    for (node, number, token) in asked {
        match node.outcome(token).await {
            Outcome::Admitted { .. } => admitted.push(format!("peer {number}")),
            outcome => assert_eq!(outcome, Outcome::RoomFull),
        }
    }
    assert_eq!(admitted.len(), 50);
    let mut present = nodes[0].names("studio").await;
    present.sort();
    admitted.sort();
    assert_eq!(present, admitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_3_a_thousand_rounds_of_joins_and_leaves_leave_nothing_behind() {
    let redis = RedisServer::start();
    let nodes = three_nodes(&redis).await;
    let mut racing = Vec::new();
    for (place, node) in nodes.iter().enumerate() {
        for racer in 0..4_u64 {
            let node = Arc::clone(node);
            racing.push(tokio::spawn(async move {
                for round in 0..90_u64 {
                    // The same few names in the same few rooms, on all nodes.
                    let (room, name) = (
                        ["a", "b", ""][(round % 3) as usize],
                        format!("peer {}", (racer + round) % 3),
                    );
                    let conn = racer * 1_000 + round;
                    let outcome = node
                        .join(JoinRequest {
                            lines: 100,
                            ..join(room, &name, conn)
                        })
                        .await;
                    assert!(
                        matches!(outcome, Outcome::Admitted { .. }),
                        "{outcome:?} on node {place}"
                    );
                    node.leave(room, &name, conn);
                }
            }));
        }
    }
    for racer in racing {
        racer.await.expect("no panic");
    }
    for node in nodes {
        let mut node = Arc::into_inner(node).expect("nobody else has it");
        node.farewell().await;
    }
    let left: Vec<String> = redis.keys();
    assert_eq!(
        left,
        [
            "switchboard:layout",
            "switchboard:peers",
            "switchboard:ranks"
        ]
    );
    assert_eq!(redis.ask::<u64>(&["GET", "switchboard:peers"]), 0);
}
