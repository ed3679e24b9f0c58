//! Who connects must say something in time.

use std::time::Duration;

use serde_json::json;
use switchboard_server::config::Config;
use switchboard_websocket::OpCode;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::socket::handshake;
use crate::support::{Heard, Metrics, Peer, Socket};

fn impatient_config() -> Config {
    let mut config = quiet_config();
    config.timeouts.first_message = Duration::from_millis(600);
    config.timeouts.first_message_busy = Duration::from_millis(200);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_closed_and_who_has_spoken_may_be_silent() {
    let server = TestServer::start(impatient_config()).await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    let mut bob = Peer::register(server.addr(), "bob").await;
    let mut silent = Peer::connect(server.addr()).await;
    let (code, reason) = silent.closed().await;
    assert_eq!((code, reason.as_str()), (1008, "no first message in time"));

    // By now ann and bob are older than that.
    bob.send(&json!({"type": "join", "room_id": "room"})).await;
    bob.expect("joined").await;
    assert_eq!(ann.expect("user-joined").await["userId"], "bob");
    assert_eq!(Metrics::of(server.addr()).await.closes("silent"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_wire_knows_is_no_first_message() {
    let server = TestServer::start(impatient_config()).await;
    let mut ann = Peer::connect(server.addr()).await;
    // As the document's server answers it: an error, and the connection lives on.
    ann.send(&json!({"type": "chat", "roomId": "room", "sender": "ann", "message": "hi"}))
        .await;
    assert_eq!(ann.refused().await, "not_in_room");
    let (code, reason) = ann.closed().await;
    assert_eq!((code, reason.as_str()), (1008, "no first message in time"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_1_anything_but_a_registration_is_answered_with_an_error_and_the_end() {
    let server = TestServer::start(quiet_config()).await;
    for first in [
        r#"{"type":"offer","sdp":"v=0"}"#,
        r#"{"client_id":"ann"}"#,
        "[]",
        "hello?",
        "",
    ] {
        let mut peer = Peer::connect_to(server.addr(), "/").await;
        peer.send_text(first).await;
        let error = peer.expect("error").await;
        assert_eq!(
            error["message"], "First message must be 'register' with client_id",
            "{first}"
        );
        assert_eq!(error["code"], "registration_required", "{first}");
        let closed = peer.hear().await;
        assert_eq!(
            closed,
            Heard::Close(1008, "not registered".into()),
            "{first}"
        );
    }
    let metrics = Metrics::until_deserted(server.addr()).await;
    assert_eq!(metrics.closes("not_registered"), 5.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_1_who_does_not_close_after_a_wrong_first_message_is_cut_off_five_seconds_later() {
    // Nothing else ever looks after it: the next ping is an hour away.
    let server = TestServer::start(quiet_config()).await;
    let mut socket = Socket::connect(server.addr()).await;
    socket.upgrade(&handshake("/", "")).await;
    socket.say(r#"{"type":"offer","sdp":"v=0"}"#).await;
    assert_eq!(socket.frame().await.0, OpCode::Text);
    let (code, reason) = socket.closing().await;
    assert_eq!((code, reason.as_str()), (1008, "not registered"));
    let closed = Instant::now();
    assert_eq!(socket.ended().await, b"");
    let taken = closed.elapsed();
    assert!(taken >= Duration::from_secs(4), "{taken:?}");
    assert!(taken <= Duration::from_secs(8), "{taken:?}");
    Metrics::until_deserted(server.addr()).await;
}
