//! Whatever happens, in the end all nodes and Redis agree on who is there (row S3.11).

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::PATIENCE;
use common::proxy::Proxy;
use common::redis_server::RedisServer;
use common::stage::{Node, config, join};
use switchboard_backplane::{Config, JoinRequest, Outcome};

const ROOMS: [&str; 3] = ["a", "b", "c"];

/// Numbers that look like chance and are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// People come and go, some of them by the same names on several nodes, while something happens.
async fn come_and_go(node: Arc<Node>, seed: u64, rounds: u64) {
    let mut chance = Chance(seed);
    let mut present: Vec<(&str, String, u64)> = Vec::new();
    for conn in 1_000..1_000 + rounds {
        if !present.is_empty() && chance.below(100) < 45 {
            let (room, name, conn) =
                present.swap_remove(chance.below(present.len() as u64) as usize);
            node.leave(room, &name, conn);
            continue;
        }
        let room = ROOMS[chance.below(3) as usize];
        let name = format!("peer {}", chance.below(6));
        let request = JoinRequest {
            lines: 100,
            ..join(room, &name, conn)
        };
        if let Outcome::Admitted { .. } = node.join(request).await {
            present.push((room, name, conn));
        }
    }
}

/// Runs that on three nodes, each with its own way to Redis, and waits until all agree.
async fn all_agree<F: Future<Output = Vec<Proxy>>>(
    port: u16,
    happens: impl FnOnce(Vec<Proxy>) -> F,
) {
    let mut nodes = Vec::new();
    let mut proxies = Vec::new();
    for _ in 0..3 {
        let proxy = Proxy::start(port).await;
        let patient = Duration::from_secs(60);
        let node = Node::begin(Config {
            hesitation: patient,
            patience: patient,
            ..config(proxy.port())
        });
        node.until_up().await;
        proxies.push(proxy);
        nodes.push(Arc::new(node));
    }
    for (conn, node) in (0..).zip(&nodes) {
        // Somebody stays, so that each node is told of each room.
        for room in ROOMS {
            node.join(join(room, &format!("resident {conn}"), conn))
                .await;
        }
    }
    let crowds: Vec<_> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| tokio::spawn(come_and_go(Arc::clone(node), place as u64 + 1, 1_000)))
        .collect();
    let _proxies = happens(proxies).await;
    for crowd in crowds {
        crowd.await.expect("no panic");
    }
    for room in ROOMS {
        let begun = Instant::now();
        loop {
            let in_redis = nodes[0].lines_in_redis(room).await;
            let real: BTreeSet<_> = nodes.iter().flat_map(|node| node.own_lines(room)).collect();
            let known = nodes
                .iter()
                .map(|node| &node.lines_elsewhere(room) | &node.own_lines(room));
            let known: Vec<BTreeSet<_>> = known.collect();
            if in_redis == real && known.iter().all(|known| *known == real) {
                assert!(real.len() >= 3);
                break;
            }
            let differ = || known.iter().map(|known| known ^ &real).collect::<Vec<_>>();
            assert!(
                begun.elapsed() < PATIENCE,
                "room {room}: Redis differs by {:?}, nodes by {:?}",
                &in_redis ^ &real,
                differ()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let totals = nodes[0].backplane.totals().await.expect("an answer");
    let mut peers = 0;
    for room in ROOMS {
        peers += nodes[0].names(room).await.len();
    }
    assert_eq!((totals.peers, totals.rooms), (peers, 3));
}

#[tokio::test]
async fn s3_11_nodes_agree_when_nothing_happens() {
    let redis = RedisServer::start();
    all_agree(redis.port(), |proxies| async { proxies }).await;
}

#[tokio::test]
async fn s3_11_nodes_agree_although_wires_are_cut() {
    let redis = RedisServer::start();
    all_agree(redis.port(), |proxies| async {
        let mut chance = Chance(7);
        for _ in 0..25 {
            tokio::time::sleep(Duration::from_millis(chance.below(60))).await;
            proxies[chance.below(3) as usize].cut_once();
        }
        proxies
    })
    .await;
}

#[tokio::test]
async fn s3_11_nodes_agree_although_answers_are_lost() {
    let redis = RedisServer::start();
    all_agree(redis.port(), |proxies| async {
        for proxy in proxies.iter().chain(&proxies) {
            tokio::time::sleep(Duration::from_millis(40)).await;
            proxy.swallow_answers();
            tokio::time::sleep(Duration::from_millis(40)).await;
            proxy.cut();
            proxy.mend();
        }
        proxies
    })
    .await;
}

#[tokio::test]
async fn s3_11_nodes_agree_although_one_was_taken_for_dead() {
    let redis = RedisServer::start();
    all_agree(redis.port(), |proxies| async {
        tokio::time::sleep(Duration::from_millis(1_700)).await;
        proxies[1].cut();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        proxies[1].mend();
        proxies
    })
    .await;
}

#[tokio::test]
async fn s3_11_nodes_agree_although_redis_was_killed_and_has_lost_its_last_moments() {
    let mut redis = RedisServer::start_persistent();
    all_agree(redis.port(), |proxies| async {
        for pause in [100, 200] {
            let written = redis.written();
            tokio::time::sleep(Duration::from_millis(pause)).await;
            redis.kill();
            redis.forget_since(written);
            redis.restart();
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        proxies
    })
    .await;
}

#[tokio::test]
async fn s3_11_nodes_agree_although_redis_has_lost_everything() {
    let redis = RedisServer::start();
    all_agree(redis.port(), |proxies| async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let _: String = redis.ask(&["FLUSHALL"]);
        }
        proxies
    })
    .await;
}
