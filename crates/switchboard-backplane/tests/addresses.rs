//! The ways to a Redis (row S3.3).

mod common;

use std::process::Command;
use std::time::Duration;

use common::redis_server::RedisServer;
use common::stage::{Node, config, join, signal};
use switchboard_backplane::{Address, Config, Outcome, Server, State};
use tempfile::TempDir;

/// A node at that address can do all it needs.
async fn serves(address: Address) {
    let nodes = [0, 1].map(|_| {
        Node::begin(Config {
            address: address.clone(),
            ..config(1)
        })
    });
    for node in &nodes {
        node.until_up().await;
        assert!(matches!(
            node.join(join("studio", "ann", 1)).await,
            Outcome::Admitted { .. }
        ));
    }
    nodes[0]
        .backplane
        .deliver(nodes[1].id(), signal("studio", "ann", Some("bob"), "hello"))
        .expect("accepted");
    nodes[1]
        .until("it is heard", || nodes[1].texts() == ["hello"])
        .await;
}

fn address(url: &str) -> Address {
    Address::parse(url).expect("an address")
}

#[tokio::test]
async fn s3_3_a_redis_with_a_password_and_databases() {
    let redis = RedisServer::start();
    let _: String = redis.ask(&["CONFIG", "SET", "requirepass", "geheim"]);
    let port = redis.port();
    serves(address(&format!("redis://:geheim@127.0.0.1:{port}/3"))).await;
    let server = Server {
        host: "127.0.0.1".to_owned(),
        port,
        db: 3,
        username: Some("default".to_owned()),
        password: Some("geheim".to_owned()),
        tls: false,
    };
    serves(server.try_into().expect("an address")).await;
    let refused = Node::begin(config(port));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(refused.backplane.state(), State::Connecting);
}

#[tokio::test]
async fn s3_3_a_redis_behind_a_unix_socket() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("redis.sock");
    let text = path.to_str().expect("a name");
    let _redis = RedisServer::start_with(&["--unixsocket", text]);
    serves(address(&format!("unix://{text}"))).await;
    serves(Address::unix(path.clone()).expect("an address")).await;
}

#[tokio::test]
async fn s3_3_a_redis_behind_tls() {
    let directory = TempDir::new().expect("a directory");
    let file = |name: &str| {
        directory
            .path()
            .join(name)
            .to_str()
            .expect("a name")
            .to_owned()
    };
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let status = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args([
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ])
        .output()
        .expect("openssl, which is needed for this test (Debian: apt-get install openssl)");
    assert!(status.status.success(), "{status:?}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let tls_port = port.to_string();
    let _redis = RedisServer::start_with(&[
        "--tls-port",
        &tls_port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://localhost:{port}");
    let pem = std::fs::read(&certificate).expect("a certificate");
    serves(address(&url).trusting(pem)).await;
    let distrustful = Node::begin(Config {
        address: address(&url),
        ..config(1)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(distrustful.backplane.state(), State::Connecting);
}

#[tokio::test]
async fn s3_3_a_redis_that_sentinels_know_of() {
    let master = RedisServer::start();
    let replica =
        RedisServer::start_with(&["--replicaof", "127.0.0.1", &master.port().to_string()]);
    let sentinel = RedisServer::start_sentinel("calls", master.port());
    let url = format!("redis+sentinel://127.0.0.1:{}/calls", sentinel.port());
    serves(address(&url)).await;

    let patient = Config {
        address: address(&url),
        patience: Duration::from_secs(60),
        ..config(1)
    };
    let nodes = [0, 1].map(|_| Node::begin(patient.clone()));
    for (node, name) in nodes.iter().zip(["ann", "bob"]) {
        node.until_up().await;
        node.join(join("office", name, 1)).await;
    }
    sentinel.fail_over("calls").await;
    let is_promoted = || {
        replica
            .ask::<String>(&["INFO", "replication"])
            .contains("role:master")
    };
    nodes[0].until("the replica takes over", is_promoted).await;
    for node in &nodes {
        node.until("it is told anew", || {
            node.returns().0 >= 2 && node.backplane.state() == State::Up
        })
        .await;
    }
    nodes[0]
        .backplane
        .deliver(
            nodes[1].id(),
            signal("office", "ann", Some("bob"), "still there"),
        )
        .expect("accepted");
    nodes[1]
        .until("it is heard", || nodes[1].texts() == ["still there"])
        .await;
    let mut names = nodes[1].names("office").await;
    names.sort();
    assert_eq!(names, ["ann", "bob"]);
    let keys = replica.keys();
    assert!(
        keys.contains(&"switchboard:room:office".to_owned()),
        "{keys:?}"
    );
}

#[tokio::test]
async fn instances_with_different_prefixes_do_not_meet() {
    let redis = RedisServer::start();
    let nodes = ["one:", "two:"].map(|prefix| {
        Node::begin(Config {
            prefix: prefix.to_owned(),
            ..config(redis.port())
        })
    });
    for node in &nodes {
        node.until_up().await;
        node.join(join("studio", "ann", 1)).await;
        let totals = node.backplane.totals().await.expect("an answer");
        assert_eq!((totals.nodes, totals.peers), (1, 1));
    }
    assert!(
        redis
            .keys()
            .iter()
            .all(|key| key.starts_with("one:") || key.starts_with("two:"))
    );
}
