//! What happens when Redis, a node or the wire between them fails (row S3.11). Times are a tenth of those in life.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::proxy::Proxy;
use common::redis_server::RedisServer;
use common::stage::{Node, config, join, signal};
use switchboard_backplane::{Backplane, BounceReason, Config, Heard, NodeId, Outcome, Unavailable};
use tokio::task::JoinHandle;

/// Somebody who counts aloud until told to stop.
struct Talk {
    is_over: Arc<AtomicBool>,
    said: Arc<AtomicUsize>,
    talking: JoinHandle<Result<(), Unavailable>>,
}

impl Talk {
    fn begin(from: &Backplane, to: NodeId) -> Self {
        let (is_over, said) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (over, count, from) = (Arc::clone(&is_over), Arc::clone(&said), from.clone());
        let talking = tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let number = count.fetch_add(1, Ordering::SeqCst).to_string();
                from.deliver(to, signal("studio", "ann", Some("bob"), &number))?;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(())
        });
        Self {
            is_over,
            said,
            talking,
        }
    }

    /// Stops, and returns what was said.
    async fn end(self) -> Vec<String> {
        self.is_over.store(true, Ordering::SeqCst);
        self.talking
            .await
            .expect("no panic")
            .expect("all is accepted");
        (0..self.said.load(Ordering::SeqCst))
            .map(|number| number.to_string())
            .collect()
    }
}

/// Two nodes in one room talk to each other while something happens; all of it arrives, once and in order, and nobody
/// leaves.
async fn nothing_is_lost<F: Future>(here: &Node, there: &Node, happens: impl FnOnce() -> F) {
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    here.until_changes(&["+bob 1"]).await;
    let talks = [
        Talk::begin(&here.backplane, there.id()),
        Talk::begin(&there.backplane, here.id()),
    ];
    tokio::time::sleep(Duration::from_millis(100)).await;
    happens().await;
    here.until_up().await;
    there.until_up().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    for (talk, listener) in talks.into_iter().zip([there, here]) {
        let said = talk.end().await;
        listener
            .until("all is heard", || listener.texts().len() >= said.len())
            .await;
        assert_eq!(listener.texts(), said);
    }
    for node in [here, there] {
        let gone = node
            .changes()
            .into_iter()
            .any(|change| change.starts_with('-'));
        assert!(!gone, "{:?}", node.changes());
        assert_eq!(node.names("studio").await, ["ann", "bob"]);
    }
}

fn patient(port: u16) -> Config {
    Config {
        patience: Duration::from_secs(60),
        ..config(port)
    }
}

async fn begin(config: Config) -> Node {
    let node = Node::begin(config);
    node.until_up().await;
    node
}

#[tokio::test]
async fn s3_11_a_wire_that_is_cut_for_a_while_loses_nothing() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let (here, there) = (
        begin(patient(proxy.port())).await,
        begin(patient(redis.port())).await,
    );
    nothing_is_lost(&here, &there, || async {
        for _ in 0..3 {
            proxy.cut();
            here.until_away().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            proxy.mend();
            here.until_up().await;
        }
    })
    .await;
    assert!(here.backplane.counts().interruptions >= 3);
    assert_eq!(
        here.returns().1,
        1,
        "nobody had to be told anew but at the beginning"
    );
}

#[tokio::test]
async fn s3_11_a_wire_that_is_cut_again_and_again_loses_nothing() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let (here, there) = (
        begin(patient(proxy.port())).await,
        begin(patient(redis.port())).await,
    );
    nothing_is_lost(&here, &there, || async {
        for pause in 1..30 {
            proxy.cut_once();
            tokio::time::sleep(Duration::from_millis(pause * 3)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn s3_11_what_was_done_without_an_answer_is_not_done_twice() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let (here, there) = (
        begin(patient(proxy.port())).await,
        begin(patient(redis.port())).await,
    );
    nothing_is_lost(&here, &there, || async {
        proxy.swallow_answers();
        here.until_away().await;
        proxy.cut();
        proxy.mend();
    })
    .await;
    assert_eq!(there.backplane.counts().doubled, 0);
}

#[tokio::test]
async fn s3_11_a_redis_that_stands_still_for_a_while_loses_nothing() {
    let redis = RedisServer::start();
    let (here, there) = (
        begin(patient(redis.port())).await,
        begin(patient(redis.port())).await,
    );
    nothing_is_lost(&here, &there, || async {
        redis.pause();
        here.until_away().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        redis.go_on();
    })
    .await;
}

#[tokio::test]
async fn s3_11_a_redis_that_is_killed_and_comes_back_from_its_log_loses_nothing() {
    let mut redis = RedisServer::start_persistent();
    let (here, there) = (
        begin(patient(redis.port())).await,
        begin(patient(redis.port())).await,
    );
    let cell = std::cell::RefCell::new(&mut redis);
    nothing_is_lost(&here, &there, || async {
        for _ in 0..3 {
            cell.borrow_mut().kill();
            here.until_away().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            cell.borrow_mut().restart();
            here.until_up().await;
            there.until_up().await;
        }
    })
    .await;
}

#[tokio::test]
async fn s3_11_a_redis_that_has_lost_its_last_moments_is_told_them_again() {
    let mut redis = RedisServer::start_persistent();
    let (here, there) = (
        begin(patient(redis.port())).await,
        begin(patient(redis.port())).await,
    );
    let cell = std::cell::RefCell::new(&mut redis);
    nothing_is_lost(&here, &there, || async {
        let written = cell.borrow().written();
        tokio::time::sleep(Duration::from_millis(300)).await;
        cell.borrow_mut().kill();
        cell.borrow().forget_since(written);
        here.until_away().await;
        there.until_away().await;
        cell.borrow_mut().restart();
        here.until_up().await;
        there.until_up().await;
    })
    .await;
    for node in [&here, &there] {
        let counts = node.backplane.counts();
        assert!(counts.doubled > 0, "something was read that Redis forgot");
        assert_eq!(counts.resurrections, 0);
    }
}

#[tokio::test]
async fn s3_11_redis_that_stays_away_is_waited_for_and_then_not_and_nobody_is_swept() {
    let mut redis = RedisServer::start_persistent();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    here.until_changes(&["+bob 1"]).await;
    redis.kill();
    here.until_away().await;
    here.backplane
        .deliver(there.id(), signal("studio", "ann", Some("bob"), "in vain"))
        .expect("it may wait at first");
    let token = here.ask(join("kitchen", "ann", 1));
    here.wait_for("that nobody decides", |heard| match heard {
        Heard::Undecided { token: undecided } => (*undecided == token).then_some(()),
        _ => None,
    })
    .await;
    let refused = here.backplane.join(token, join("kitchen", "ann", 1));
    assert_eq!(refused, Err(Unavailable::Away));
    let why = here.wait_for("that it is given up", |heard| match heard {
        Heard::Undelivered { signal, why } => Some((signal.body.clone(), *why)),
        _ => None,
    });
    assert_eq!(why.await, (b"in vain".to_vec(), BounceReason::Unavailable));
    let refused = here
        .backplane
        .deliver(there.id(), signal("studio", "ann", Some("bob"), "at once"));
    assert_eq!(refused, Err(Unavailable::Away));
    // Longer than it takes to be taken for dead.
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    redis.restart();
    here.until_up().await;
    there.until_up().await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    here.backplane
        .deliver(there.id(), signal("studio", "ann", Some("bob"), "again"))
        .expect("accepted");
    there
        .until("it is heard", || there.texts() == ["again"])
        .await;
    for node in [&here, &there] {
        assert!(
            !node.changes().iter().any(|change| change.starts_with('-')),
            "{:?}",
            node.changes()
        );
        let counts = node.backplane.counts();
        assert_eq!((counts.sweeps, counts.resurrections), (0, 0));
    }
    assert_eq!(here.names("studio").await, ["ann", "bob"]);
}

#[tokio::test]
async fn s3_11_a_node_that_dies_is_swept_once_and_soon() {
    let redis = RedisServer::start();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Node::start(redis.port()).await);
    }
    let rooms: Vec<String> = (0..150).map(|number| format!("room {number}")).collect();
    let mut dead = nodes.pop().expect("a node");
    for (conn, room) in (0..).zip(&rooms) {
        dead.join(join(room, "dead", conn)).await;
        nodes[0].join(join(room, "ann", conn)).await;
        nodes[1].join(join(room, "bob", conn)).await;
    }
    dead.join(join("alone", "dead", 900)).await;
    dead.join(join("", "dead", 901)).await;
    // Who judges must have seen a full period itself.
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    let begun = Instant::now();
    dead.vanish();
    let name = dead.id();
    let gone = |node: &Node| {
        node.changes()
            .iter()
            .filter(|change| *change == "-dead Lost")
            .count()
    };
    for node in &nodes {
        node.until("all are gone", || gone(node) >= rooms.len())
            .await;
        node.wait_for("that the node is gone", |heard| {
            (*heard == Heard::NodeGone(name)).then_some(())
        })
        .await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "after {:?}",
        begun.elapsed()
    );
    for node in &nodes {
        assert_eq!(gone(node), rooms.len());
    }
    let sweeps: u64 = nodes
        .iter()
        .map(|node| node.backplane.counts().sweeps)
        .sum();
    assert_eq!(sweeps, 1);
    let totals = nodes[0].backplane.totals().await.expect("an answer");
    assert_eq!(
        (totals.rooms, totals.peers, totals.lobby_peers, totals.nodes),
        (150, 300, 0, 2)
    );
    let left = redis
        .keys()
        .into_iter()
        .filter(|key| key.contains(&name.to_string()));
    let left: Vec<String> = left
        .filter(|key| !key.contains(":tomb:") && !key.contains(":inbox:"))
        .collect();
    assert_eq!(left, [""; 0]);
    let expires: i64 = redis.ask(&["TTL", &format!("switchboard:tomb:{name}")]);
    assert!((1..=60).contains(&expires));
}

#[tokio::test]
async fn s3_11_a_node_that_was_isolated_leaves_and_joins_for_the_others() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let (here, there) = (
        begin(patient(proxy.port())).await,
        begin(patient(redis.port())).await,
    );
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    here.until_changes(&["+bob 1"]).await;
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    let former = here.id();
    proxy.cut();
    there.until_changes(&["-ann Lost"]).await;
    here.backplane
        .deliver(there.id(), signal("studio", "ann", Some("bob"), "late"))
        .expect("it may wait");
    there.join(join("studio", "eve", 2)).await;
    proxy.mend();
    there.until_changes(&["-ann Lost", "+ann 1"]).await;
    there
        .until("what waited is heard", || there.texts() == ["late"])
        .await;
    let names = here.wait_for("who is there", |heard| match heard {
        Heard::Roster { members, .. } => Some(
            members
                .iter()
                .map(|entry| entry.peer.to_string())
                .collect::<Vec<_>>(),
        ),
        _ => None,
    });
    assert_eq!(names.await, ["bob", "eve", "ann"]);
    assert_ne!(here.id(), former);
    assert_eq!(here.backplane.counts().resurrections, 1);
    there
        .backplane
        .deliver(here.id(), signal("studio", "bob", Some("ann"), "welcome"))
        .expect("accepted");
    here.until("it is heard", || here.texts() == ["welcome"])
        .await;
}

#[tokio::test]
async fn s3_11_what_was_said_to_a_node_before_it_was_swept_is_heard_when_it_is_back() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let (here, there) = (
        begin(patient(proxy.port())).await,
        begin(patient(redis.port())).await,
    );
    here.join(join("studio", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    proxy.cut();
    here.until_away().await;
    there
        .backplane
        .deliver(
            here.id(),
            signal("studio", "bob", Some("ann"), "are you there?"),
        )
        .expect("accepted");
    there.until_changes(&["-ann Lost"]).await;
    proxy.mend();
    here.until("it is heard", || here.texts() == ["are you there?"])
        .await;
}

#[tokio::test]
async fn s3_11_a_redis_that_has_lost_everything_is_told_everything() {
    let redis = RedisServer::start();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    here.join(join("studio", "ann", 1)).await;
    here.join(join("", "ann", 1)).await;
    there.join(join("studio", "bob", 1)).await;
    here.until_changes(&["+bob 1"]).await;
    let former = [here.id(), there.id()];
    let _: String = redis.ask(&["FLUSHALL"]);
    here.until("it is another node", || here.id() != former[0])
        .await;
    there
        .until("it is another node", || there.id() != former[1])
        .await;
    let begun = Instant::now();
    loop {
        let mut names = here.names("studio").await;
        names.sort();
        if names == ["ann", "bob"] {
            break;
        }
        assert!(begun.elapsed() < common::PATIENCE, "{names:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let totals = there.backplane.totals().await.expect("an answer");
    assert_eq!((totals.rooms, totals.peers, totals.nodes), (1, 2, 2));
    here.backplane
        .deliver(there.id(), signal("studio", "ann", Some("bob"), "hello"))
        .expect("accepted");
    there
        .until("it is heard", || there.texts() == ["hello"])
        .await;
}

#[tokio::test]
async fn s3_11_who_says_farewell_is_gone_at_once_and_has_said_what_was_to_be_said() {
    let redis = RedisServer::start();
    let (mut here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    for conn in 0..200 {
        here.join(join(&format!("room {conn}"), "ann", conn)).await;
    }
    there.join(join("room 7", "bob", 1)).await;
    here.backplane
        .deliver(there.id(), signal("room 7", "ann", Some("bob"), "goodbye"))
        .expect("accepted");
    here.farewell().await;
    there.until_changes(&["-ann Lost"]).await;
    there
        .until("the last word is heard", || there.texts() == ["goodbye"])
        .await;
    let totals = there.backplane.totals().await.expect("an answer");
    assert_eq!((totals.rooms, totals.peers, totals.nodes), (1, 1, 1));
}

#[tokio::test]
async fn s3_11_joins_asked_for_while_the_wire_is_cut_are_decided_once_it_is_whole() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let slow = Config {
        hesitation: Duration::from_secs(60),
        ..patient(proxy.port())
    };
    let (here, there) = (begin(slow).await, begin(patient(redis.port())).await);
    there.join(join("studio", "bob", 1)).await;
    proxy.swallow_answers();
    let tokens: Vec<_> = (0..20)
        .map(|conn| here.ask(join("studio", &format!("ann {conn}"), conn)))
        .collect();
    here.until_away().await;
    proxy.cut();
    proxy.mend();
    for token in tokens {
        let outcome = here.outcome(token).await;
        assert!(matches!(outcome, Outcome::Admitted { .. }), "{outcome:?}");
    }
    there
        .until("all are seen", || there.changes().len() >= 20)
        .await;
    let expected: Vec<String> = (0..20).map(|conn| format!("+ann {conn} 1")).collect();
    assert_eq!(there.changes(), expected);
}

#[tokio::test]
async fn s3_11_a_redis_that_has_no_memory_left_for_a_while_loses_nothing_and_is_not_pestered() {
    let redis = RedisServer::start();
    let (here, there) = (
        begin(patient(redis.port())).await,
        begin(patient(redis.port())).await,
    );
    let connections = || {
        let stats: String = redis.ask(&["INFO", "stats"]);
        let count = stats
            .lines()
            .find_map(|line| line.strip_prefix("total_connections_received:"));
        count.expect("a count").parse::<u64>().expect("a number")
    };
    nothing_is_lost(&here, &there, || async {
        let before = connections();
        let _: String = redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        here.until_away().await;
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        let _: String = redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        // Two nodes with two connections for each attempt, and the test's own.
        let attempts = connections() - before;
        assert!(attempts < 60, "{attempts} connections in a second");
    })
    .await;
}

#[tokio::test]
async fn a_newer_layout_is_left_alone() {
    let redis = RedisServer::start();
    let _: String = redis.ask(&["SET", "switchboard:layout", "99"]);
    let here = Node::begin(config(redis.port()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        here.backplane.state(),
        switchboard_backplane::State::Connecting
    );
    assert_eq!(redis.keys(), ["switchboard:layout"]);
}
