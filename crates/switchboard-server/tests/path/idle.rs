//! Row S3.6: who does nothing for too long.

use std::time::Duration;

use serde_json::json;
use switchboard_server::config::IdleCounts;

use crate::common::{TestServer, quiet_config};
use crate::support::{Heard, Metrics, Peer};

fn impatient(counts: IdleCounts) -> switchboard_server::config::Config {
    let mut config = quiet_config();
    config.rooms.idle = Duration::from_millis(900);
    config.rooms.idle_counts = counts;
    config.timeouts.ping_interval = Duration::from_millis(200);
    config.timeouts.ping_timeout = Duration::from_secs(10);
    config
}

#[tokio::test]
async fn s3_6_a_room_in_which_nobody_says_anything_is_closed_with_all_who_are_in_it() {
    let server = TestServer::start(impatient(IdleCounts::Messages)).await;
    let mut ann = Peer::connect_to(server.addr(), "/ws/studio/ann").await;
    ann.expect("room_users").await;
    let mut bob = Peer::join(server.addr(), "studio", "bob").await;
    ann.expect("user_joined").await;
    let closed = ann.expect("room_closed").await;
    let expected = json!({"type": "room_closed", "target": "ann", "payload": {"reason": "idle"}});
    assert_eq!(closed, expected);
    assert_eq!(
        ann.hear().await,
        Heard::Close(1000, "room closed".to_owned())
    );
    assert_eq!(
        bob.hear().await,
        Heard::Close(1000, "room closed".to_owned())
    );
    Metrics::until_deserted(server.addr()).await;
}

#[tokio::test]
async fn s3_6_in_a_room_where_others_talk_only_the_silent_one_goes() {
    let server = TestServer::start(impatient(IdleCounts::Messages)).await;
    let mut ann = Peer::connect_to(server.addr(), "/ws/studio/ann").await;
    ann.expect("room_users").await;
    let mut bob = Peer::connect_to(server.addr(), "/ws/studio/bob").await;
    bob.expect("room_users").await;
    ann.expect("user_joined").await;
    let message = json!({"type": "chat", "target": "nobody", "payload": {}});
    let (left, closed) = tokio::join!(
        async {
            loop {
                ann.send(&message).await;
                let heard = ann.message().await;
                if heard["type"] != "error" {
                    break heard;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        },
        bob.hear()
    );
    assert_eq!(left["type"], "user_left");
    assert_eq!(left["payload"]["user_id"], "bob");
    assert_eq!(closed, Heard::Close(1000, "idle".to_owned()));
}

#[tokio::test]
async fn s3_6_who_answers_pings_is_not_idle_by_default() {
    let server = TestServer::start(impatient(IdleCounts::Any)).await;
    let mut ann = Peer::connect_to(server.addr(), "/ws/studio/ann").await;
    ann.expect("room_users").await;
    let silence = tokio::time::timeout(Duration::from_millis(2500), ann.hear()).await;
    assert!(silence.is_err(), "{silence:?}");
    // Nor is a client in no room ever.
    assert_eq!(Metrics::of(server.addr()).await.closes("idle"), 0.0);
}

#[tokio::test]
async fn s3_6_a_room_is_not_idle_while_somebody_speaks_on_an_older_connection() {
    let mut config = impatient(IdleCounts::Messages);
    config.rooms.idle = Duration::from_secs(2);
    let server = TestServer::start(config).await;
    let mut older = Peer::connect_to(server.addr(), "/ws/studio/ann").await;
    older.expect("room_users").await;
    let mut newer = Peer::connect_to(server.addr(), "/ws/studio/ann").await;
    newer.expect("room_users").await;
    let mut bob = Peer::connect_to(server.addr(), "/ws/studio/bob").await;
    bob.expect("room_users").await;
    let message = json!({"type": "chat", "payload": {}});
    let speaking = async {
        for _ in 0..10 {
            older.send(&message).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    newer.attend(bob.attend(speaking)).await;
    // The silent ones have gone one by one, and the room is still there for the one who speaks.
    older
        .send(&json!({"type": "chat", "target": "nobody", "payload": {}}))
        .await;
    let error = loop {
        let heard = older.message().await;
        assert_ne!(heard["type"], "room_closed");
        if heard["type"] == "error" {
            break heard;
        }
    };
    assert_eq!(error["payload"]["code"], "target_not_found");
}
