//! Before and right after the upgrade.

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::support::http::get_with;
use crate::support::{Heard, Metrics, Peer};

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n";

#[tokio::test]
async fn s3_1_who_comes_in_is_in_the_room_at_once() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Peer::connect_to(server.addr(), "/ws/a%20room/%E5%BC%A0%E4%B8%89").await;
    let users = ann.expect("room_users").await;
    assert_eq!(users["payload"], json!({"users": ["张三"]}));
    let mut bob = Peer::connect_to(server.addr(), "/ws/a%20room/bob").await;
    let users = bob.expect("room_users").await;
    assert_eq!(users["payload"], json!({"users": ["张三", "bob"]}));
    let joined = ann.expect("user_joined").await;
    assert_eq!(
        joined,
        json!({"type": "user_joined", "target": "张三", "payload": {"user_id": "bob"}})
    );
}

#[tokio::test]
async fn s3_1_names_that_cannot_be_are_refused_before_the_upgrade() {
    let server = TestServer::start(quiet_config()).await;
    let long = format!("/ws/studio/{}", "x".repeat(129));
    let shape = "expected /ws/{room_id}/{user_id}";
    for (path, reason) in [
        ("/ws//ann", "invalid room id: it is empty"),
        ("/ws/studio/", "invalid user id: it is empty"),
        ("/ws/studio", shape),
        ("/ws/studio/ann/", shape),
        ("/ws/studio/a%2Fb", "invalid user id: it contains a slash"),
        (
            "/ws/studio/a%00b",
            "invalid user id: it contains a control character",
        ),
        (
            "/ws/%ff/ann",
            "invalid room id: it is not UTF-8 in percent-encoding",
        ),
        (
            "/ws/studio/%zz",
            "invalid user id: it has a % that no two hexadecimal digits follow",
        ),
        (
            &long,
            "invalid user id: it has 129 characters, at most 128 are allowed",
        ),
    ] {
        let response = get_with(server.addr(), path, UPGRADE).await;
        assert_eq!(response.status, 400, "{path}");
        let body: serde_json::Value = serde_json::from_str(&response.body).expect("JSON");
        assert_eq!(body, json!({ "detail": reason }), "{path}");
    }
}

#[tokio::test]
async fn a_full_room_tells_so_and_closes() {
    let mut config = quiet_config();
    config.limits.peers_per_room = 1;
    let server = TestServer::start(config).await;
    let mut ann = Peer::connect_to(server.addr(), "/ws/studio/ann").await;
    ann.expect("room_users").await;
    let mut bob = Peer::connect_to(server.addr(), "/ws/studio/bob").await;
    let error = bob.expect("error").await;
    assert_eq!(error["payload"]["code"], "room_full");
    assert_eq!(
        bob.hear().await,
        Heard::Close(1008, "not admitted".to_owned())
    );
    assert_eq!(Metrics::of(server.addr()).await.closes("not_admitted"), 1.0);
}
