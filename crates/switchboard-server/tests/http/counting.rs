//! `/metrics`: well-formed, and true.

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::support::http::get;
use crate::support::{Metrics, Peer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_counted_is_there_from_the_start_and_at_zero() {
    let server = TestServer::start(quiet_config()).await;
    let text = get(server.addr(), "/metrics").await.body;
    let metrics = Metrics::parse(&text);
    for (family, kind) in [
        ("connections", "gauge"),
        ("connections_opened", "counter"),
        ("connections_unidentified", "gauge"),
        ("sockets", "gauge"),
        ("closes", "counter"),
        ("rooms", "gauge"),
        ("peers", "gauge"),
        ("messages_received", "counter"),
        ("messages_delivered", "counter"),
        ("messages_lost", "counter"),
        ("relay_seconds", "histogram"),
    ] {
        let line = format!("# TYPE switchboard_{family} {kind}\n");
        assert!(text.contains(&line), "{line}");
    }
    for wire in ["register", "join-room", "join"] {
        assert!(text.contains(&format!(
            "switchboard_connections{{dialect=\"{wire}\"}} 0\n"
        )));
    }
    let counted: f64 = metrics.samples_of("").map(|(_, value)| value).sum();
    assert_eq!(counted, metrics.value("sockets"), "the scrape's own socket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_counted_by_wire_and_kind_where_it_comes_in_and_where_it_goes_out() {
    let server = TestServer::start(quiet_config()).await;
    let address = server.addr();
    let mut ann = Peer::join(address, "room", "ann").await;
    let (mut bob, _) = Peer::register_in(address, "room", "bob").await;
    ann.expect("user-joined").await;
    let mut cy = Peer::connect(address).await;
    cy.send(&json!({"type": "join", "userId": "cy", "roomId": "room"}))
        .await;
    cy.expect("joined").await;
    ann.expect("user-joined").await;
    bob.expect("peer-joined").await;
    let _lobbyist = Peer::register(address, "lobbyist").await;
    let _silent = Peer::connect(address).await;

    ann.send(&json!({"type": "offer", "data": {"type": "offer", "sdp": "v=0"}, "target": "bob"}))
        .await;
    bob.expect("offer").await;
    bob.send(&json!({"type": "answer", "sdp": "v=0", "target_id": "ann"}))
        .await;
    ann.expect("answer").await;
    for _ in 0..3 {
        bob.send(&json!({"type": "candidate", "candidate": {"candidate": "candidate:1"}}))
            .await;
        ann.expect("ice-candidate").await;
        cy.expect("candidate").await;
    }
    ann.chat("hello").await;
    bob.expect("chat").await;
    cy.expect("chat").await;
    ann.send(&json!({"type": "made up"})).await;
    bob.expect("made up").await;
    cy.expect("made up").await;
    ann.send_text("no JSON").await;
    assert_eq!(ann.refused().await, "malformed_json");
    bob.send(&json!({"type": "offer", "sdp": "v=0", "target_id": "nobody"}))
        .await;
    assert_eq!(bob.refused().await, "target_not_found");

    // Counting goes on a moment after the last answer is written.
    let metrics = Metrics::until(address, "the relays counted", |metrics| {
        metrics.value("relay_seconds_count") >= 7.0
    })
    .await;
    let expected = [
        ("connections{dialect=\"join-room\"}", 1),
        ("connections{dialect=\"register\"}", 2),
        ("connections{dialect=\"join\"}", 1),
        ("connections_unidentified", 1),
        ("connections_opened_total", 5),
        // And the scrape.
        ("sockets", 6),
        ("rooms", 1),
        ("peers", 4),
        ("messages_lost_total", 0),
        ("errors_total{code=\"malformed_json\"}", 1),
        ("errors_total{code=\"target_not_found\"}", 1),
        ("relay_seconds_count", 7),
        ("relay_seconds_bucket{le=\"+Inf\"}", 7),
    ];
    for (sample, value) in expected {
        assert_eq!(metrics.value(sample), f64::from(value), "{sample}");
    }
    assert!(metrics.value("relay_seconds_sum") > 0.0);
    // Everything that was counted, and nothing besides.
    let moved = |family: &str| {
        let samples = metrics.samples_of(family).filter(|(_, value)| *value > 0.0);
        samples
            .map(|(sample, value)| format!("{} {value}", &sample[family.len()..]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        moved("messages_received_total"),
        [
            r#"{dialect="join",kind="presence"} 1"#,
            r#"{dialect="join-room",kind="chat"} 1"#,
            r#"{dialect="join-room",kind="malformed"} 1"#,
            r#"{dialect="join-room",kind="offer"} 1"#,
            r#"{dialect="join-room",kind="other"} 1"#,
            r#"{dialect="join-room",kind="presence"} 1"#,
            r#"{dialect="register",kind="answer"} 1"#,
            r#"{dialect="register",kind="candidate"} 3"#,
            r#"{dialect="register",kind="offer"} 1"#,
            r#"{dialect="register",kind="presence"} 3"#,
        ]
    );
    assert_eq!(
        moved("messages_delivered_total"),
        [
            r#"{dialect="join",kind="candidate"} 3"#,
            r#"{dialect="join",kind="chat"} 1"#,
            r#"{dialect="join",kind="other"} 1"#,
            r#"{dialect="join-room",kind="answer"} 1"#,
            r#"{dialect="join-room",kind="candidate"} 3"#,
            r#"{dialect="register",kind="chat"} 1"#,
            r#"{dialect="register",kind="offer"} 1"#,
            r#"{dialect="register",kind="other"} 1"#,
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_are_measured_by_route_and_status_whatever_is_asked_for() {
    let server = TestServer::start(quiet_config()).await;
    let address = server.addr();
    for path in [
        "/",
        "/livez",
        "/livez",
        "/assets/app.js",
        "/assets/style.css",
        "/ws",
    ] {
        get(address, path).await;
    }
    for number in 0..20 {
        get(address, &format!("/made-up/{number}")).await;
    }
    let _ann = Peer::join(address, "room", "ann").await;
    let metrics = Metrics::of(address).await;
    let routes: Vec<_> = metrics.samples_of("http_seconds_count").collect();
    assert_eq!(
        routes,
        [
            (r#"http_seconds_count{route="/",status="200"}"#, 1.0),
            (
                r#"http_seconds_count{route="/assets/{*path}",status="200"}"#,
                2.0
            ),
            (r#"http_seconds_count{route="/livez",status="200"}"#, 2.0),
            (r#"http_seconds_count{route="/ws",status="101"}"#, 1.0),
            (r#"http_seconds_count{route="/ws",status="426"}"#, 1.0),
            (r#"http_seconds_count{route="other",status="404"}"#, 20.0),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_are_gone_nothing_is_left_but_what_was_counted() {
    let server = TestServer::start(quiet_config()).await;
    let address = server.addr();
    for round in 0..3 {
        let ann = Peer::join(address, &format!("room {round}"), "ann").await;
        let (bob, _) = Peer::register_in(address, &format!("room {round}"), "bob").await;
        let cy = Peer::register(address, "cy").await;
        let silent = Peer::connect(address).await;
        drop(ann);
        bob.close().await;
        cy.close().await;
        drop(silent);
    }
    let metrics = Metrics::until_deserted(address).await;
    assert_eq!(metrics.value("connections_opened_total"), 12.0);
    assert!(
        metrics.samples_of("closes").all(|(_, value)| value == 0.0),
        "none was ended by the server"
    );
}
