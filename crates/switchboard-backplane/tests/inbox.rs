//! What nodes say to each other (rows S3.2, S3.9, S3.11).

mod common;

use std::time::Duration;

use common::proxy::Proxy;
use common::redis_server::RedisServer;
use common::stage::{Node, config, join, peer, signal};
use switchboard_backplane::{Bounce, BounceReason, Config, Heard, Keys, Outcome, Unavailable};

/// Like [`config`], but silent unless asked to do something.
fn quiet(port: u16) -> Config {
    Config {
        heartbeat: Duration::from_secs(60),
        expiry: Duration::from_secs(600),
        canary: Duration::from_secs(600),
        ..config(port)
    }
}

async fn begin(config: Config) -> Node {
    let node = Node::begin(config);
    node.until_up().await;
    node
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// How often a command was executed.
fn calls(redis: &RedisServer, command: &str) -> u64 {
    let info: String = redis.ask(&["INFO", "commandstats"]);
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |rest| {
        rest.split(',')
            .next()
            .expect("a number")
            .parse()
            .expect("a number")
    })
}

#[tokio::test]
async fn s3_11_what_is_said_comes_once_and_in_order() {
    let redis = RedisServer::start();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    for text in numbers(3_000) {
        here.backplane
            .deliver(there.id(), signal("studio", "ann", Some("bob"), &text))
            .expect("accepted");
        there
            .backplane
            .deliver(here.id(), signal("studio", "bob", Some("ann"), &text))
            .expect("accepted");
        if text.ends_with("00") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    for node in [&here, &there] {
        node.until("all is heard", || node.texts().len() >= 3_000)
            .await;
        assert_eq!(node.texts(), numbers(3_000));
    }
    let heard = there.wait_for("a signal", |heard| match heard {
        Heard::Signal { from_node, signal } => Some((*from_node, signal.clone())),
        _ => None,
    });
    assert_eq!(
        heard.await,
        (here.id(), signal("studio", "ann", Some("bob"), "0"))
    );
}

#[tokio::test]
async fn s3_11_what_is_said_at_once_goes_at_once() {
    let redis = RedisServer::start();
    let (here, there) = (
        begin(quiet(redis.port())).await,
        begin(quiet(redis.port())).await,
    );
    let before = (calls(&redis, "evalsha"), calls(&redis, "xread"));
    for text in numbers(5_000) {
        here.backplane
            .deliver(there.id(), signal("studio", "ann", None, &text))
            .expect("accepted");
    }
    there
        .until("all is heard", || there.texts().len() >= 5_000)
        .await;
    let commands = calls(&redis, "evalsha") - before.0 + calls(&redis, "xread") - before.1;
    assert!(commands < 500, "{commands} commands for 5000 deliveries");
}

#[tokio::test]
async fn s3_11_at_rest_a_delivery_costs_two_commands() {
    let redis = RedisServer::start();
    let (here, there) = (
        begin(quiet(redis.port())).await,
        begin(quiet(redis.port())).await,
    );
    // Both wait in a read that lasts a second at most.
    let before = (calls(&redis, "evalsha"), calls(&redis, "xread"));
    for count in 1..=100 {
        here.backplane
            .deliver(there.id(), signal("studio", "ann", Some("bob"), "hello"))
            .expect("accepted");
        there
            .until("it is heard", || there.texts().len() == count)
            .await;
    }
    let (commits, reads) = (
        calls(&redis, "evalsha") - before.0,
        calls(&redis, "xread") - before.1,
    );
    assert_eq!(commits, 100);
    assert!((100..110).contains(&reads), "{reads} reads");
}

#[tokio::test]
async fn s3_11_a_node_that_has_nothing_to_do_with_it_is_told_nothing() {
    let redis = RedisServer::start();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(begin(quiet(redis.port())).await);
    }
    nodes[2].join(join("elsewhere", "eve", 1)).await;
    let before = nodes[2].backplane.counts().entries;
    nodes[0].join(join("studio", "ann", 1)).await;
    nodes[1].join(join("studio", "bob", 1)).await;
    for text in numbers(100) {
        nodes[0]
            .backplane
            .deliver(nodes[1].id(), signal("studio", "ann", Some("bob"), &text))
            .expect("accepted");
    }
    nodes[0].leave("studio", "ann", 1);
    nodes[1].until_changes(&["-ann Left"]).await;
    let inbox: redis::Value = redis.ask(&[
        "XRANGE",
        &format!("switchboard:inbox:{}", nodes[2].id()),
        "-",
        "+",
    ]);
    let text = format!("{inbox:?}");
    assert!(!text.contains("studio"), "{text}");
    assert_eq!(nodes[2].backplane.counts().entries, before);
}

#[tokio::test]
async fn what_too_much_waits_for_is_refused_to_the_sender() {
    let redis = RedisServer::start();
    let narrow = || Config {
        inbox_bytes: 20_000,
        ..quiet(redis.port())
    };
    let (here, mut there) = (begin(narrow()).await, begin(narrow()).await);
    let name = there.id();
    there.vanish();
    for text in numbers(100) {
        let large = format!("{text} {}", "x".repeat(1_000));
        here.backplane
            .deliver(name, signal("studio", "ann", Some("bob"), &large))
            .expect("accepted");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // It has said one thing to itself.
    let settled = || here.backplane.counts().sent + here.backplane.counts().refused_busy == 101;
    here.until("all is decided", settled).await;
    let waiting: usize = redis.ask(&["HGET", &format!("switchboard:node:{name}"), "bytes"]);
    assert!(waiting <= 20_000, "{waiting} bytes");
    let back = here.heard().into_iter().filter_map(|heard| match heard {
        Heard::Undelivered { signal, why } => Some((signal.body.len() > 1_000, why)),
        _ => None,
    });
    let back: Vec<_> = back.collect();
    assert!(
        (80..90).contains(&back.len()),
        "{} are too many",
        back.len()
    );
    assert!(
        back.iter().all(|one| *one == (true, BounceReason::Busy)),
        "{back:?}"
    );
}

#[tokio::test]
async fn what_waits_for_redis_is_bounded() {
    let redis = RedisServer::start();
    let here = begin(Config {
        queue_bytes: 10_000,
        ..quiet(redis.port())
    })
    .await;
    redis.pause();
    let large = "x".repeat(1_000);
    let mut accepted = 0;
    let refused = loop {
        match here
            .backplane
            .deliver(here.id(), signal("studio", "ann", Some("bob"), &large))
        {
            Ok(()) if accepted < 1_000 => accepted += 1,
            Ok(()) => panic!("it takes ever more"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, Unavailable::Busy);
    assert!(here.backplane.queue_bytes() < 12_000);
    redis.go_on();
    here.until("what was accepted is heard", || {
        here.texts().len() == accepted
    })
    .await;
}

#[tokio::test]
async fn who_has_missed_something_is_told_everything() {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port()).await;
    let narrow = |port| Config {
        inbox_bytes: 10_000,
        expiry: Duration::from_secs(600),
        ..config(port)
    };
    let (here, there) = (
        begin(narrow(redis.port())).await,
        begin(narrow(proxy.port())).await,
    );
    there.join(join("studio", "bob", 1)).await;
    here.join(join("studio", "ann", 1)).await;
    there.until_changes(&["+ann 1"]).await;
    proxy.cut();
    there.until_away().await;
    for conn in 10..200 {
        here.join(join("studio", &format!("passer-by {conn}"), conn))
            .await;
        here.leave("studio", &format!("passer-by {conn}"), conn);
    }
    here.join(join("studio", "eve", 2)).await;
    here.leave("studio", "ann", 1);
    here.join(join("other", "x", 3)).await;
    let waiting: usize = redis.ask(&["HGET", &format!("switchboard:node:{}", there.id()), "bytes"]);
    assert!(waiting <= 20_000, "{waiting} bytes");
    proxy.mend();
    let names = there.wait_for("the roster", |heard| match heard {
        Heard::Roster { members, .. } => Some(
            members
                .iter()
                .map(|entry| entry.peer.to_string())
                .collect::<Vec<_>>(),
        ),
        _ => None,
    });
    assert_eq!(names.await, ["bob", "eve"]);
    here.leave("studio", "eve", 2);
    there
        .wait_for("what happens from then on", |heard| match heard {
            Heard::Changed {
                peer, member: None, ..
            } if peer.as_str() == "eve" => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn in_the_lobby_whoever_has_the_id_is_found() {
    let redis = RedisServer::start();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    there.join(join("", "bob", 1)).await;
    for text in numbers(50) {
        here.backplane
            .route(&peer("bob"), signal("", "ann", Some("bob"), &text))
            .expect("accepted");
    }
    there
        .until("all is heard", || there.texts().len() == 50)
        .await;
    assert_eq!(there.texts(), numbers(50));
    here.backplane
        .route(&peer("joe"), signal("", "ann", Some("joe"), "hello"))
        .expect("accepted");
    let why = here.wait_for("that there is no joe", |heard| match heard {
        Heard::Undelivered { signal, why } if signal.target() == Some(&peer("joe")) => Some(*why),
        _ => None,
    });
    assert_eq!(why.await, BounceReason::TargetNotFound);
}

#[tokio::test]
async fn what_cannot_be_told_comes_back_to_the_sender() {
    let redis = RedisServer::start();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    let bounce = Bounce {
        conn: 7,
        target: Some(peer("bob")),
        reason: BounceReason::Untranslatable,
    };
    there
        .backplane
        .bounce(here.id(), bounce.clone())
        .expect("accepted");
    let heard = here.wait_for("the bounce", |heard| match heard {
        Heard::Bounced(bounce) => Some(bounce.clone()),
        _ => None,
    });
    assert_eq!(heard.await, bounce);
}

#[tokio::test]
async fn s3_9_redis_does_not_see_what_is_said() {
    let redis = RedisServer::start();
    let keys = |byte: &str| Keys::parse(&[format!("1:{}=", byte.repeat(43))]).expect("a key");
    let sealed = || Config {
        keys: Some(keys("A")),
        ..quiet(redis.port())
    };
    let (here, mut there) = (begin(sealed()).await, begin(sealed()).await);
    here.backplane
        .deliver(
            there.id(),
            signal("studio", "ann", Some("bob"), "v=0 candidate"),
        )
        .expect("accepted");
    there
        .until("it is heard", || there.texts() == ["v=0 candidate"])
        .await;
    let name = there.id();
    there.vanish();
    here.backplane
        .deliver(name, signal("studio", "ann", Some("bob"), "v=0 candidate"))
        .expect("accepted");
    here.until("it is sent", || here.backplane.counts().sent >= 2)
        .await;
    let inbox: redis::Value =
        redis.ask(&["XRANGE", &format!("switchboard:inbox:{name}"), "-", "+"]);
    let bytes = format!("{inbox:?}");
    assert!(
        !bytes.contains("candidate") && !bytes.contains("studio"),
        "{bytes}"
    );

    let open = begin(quiet(redis.port())).await;
    here.backplane
        .deliver(open.id(), signal("studio", "ann", Some("bob"), "secret"))
        .expect("accepted");
    open.backplane
        .deliver(here.id(), signal("studio", "eve", Some("ann"), "forged"))
        .expect("accepted");
    open.until("it is counted", || {
        open.backplane.counts().undecipherable == 1
    })
    .await;
    here.until("it is counted", || {
        here.backplane.counts().undecipherable == 1
    })
    .await;
    assert_eq!((open.texts().len(), here.texts().len()), (0, 0));
}

#[tokio::test]
async fn s3_10_a_node_knows_how_long_the_way_through_redis_is() {
    let redis = RedisServer::start();
    let here = Node::start(redis.port()).await;
    let known = || {
        let counts = here.backplane.counts();
        counts.round_trip_micros > 0
            && counts.beat_micros > 0
            && counts.redis_memory_bytes > 100_000
            && counts.nodes == 1
    };
    here.until("it is known", known).await;
}

#[tokio::test]
async fn what_is_said_after_a_join_is_heard_after_it() {
    let redis = RedisServer::start();
    let (here, there) = (
        Node::start(redis.port()).await,
        Node::start(redis.port()).await,
    );
    there.join(join("studio", "bob", 1)).await;
    for conn in 0..50 {
        let name = format!("ann {conn}");
        assert!(matches!(
            here.join(join("studio", &name, conn)).await,
            Outcome::Admitted { .. }
        ));
        here.backplane
            .deliver(there.id(), signal("studio", &name, Some("bob"), &name))
            .expect("accepted");
        here.leave("studio", &name, conn);
    }
    there
        .until("all are gone", || there.changes().len() == 100)
        .await;
    let order: Vec<String> = there
        .heard()
        .into_iter()
        .filter_map(|heard| match heard {
            Heard::Changed {
                peer,
                member: Some(_),
                ..
            } => Some(format!("{peer} comes")),
            Heard::Changed {
                peer, member: None, ..
            } => Some(format!("{peer} goes")),
            Heard::Signal { signal, .. } => Some(format!("{} speaks", signal.from)),
            _ => None,
        })
        .collect();
    let expected = (0..50)
        .flat_map(|conn| ["comes", "speaks", "goes"].map(|does| format!("ann {conn} {does}")));
    assert_eq!(order, expected.collect::<Vec<_>>());
}
