//! `limits.message_bytes` and `limits.id_length`.

use serde_json::{Value, json};

use crate::common::{TestServer, quiet_config};
use crate::support::socket::{Socket, frame, text};
use crate::support::{Metrics, Peer};

use switchboard_websocket::OpCode;

/// A chat message of exactly so many bytes.
fn chat_of(bytes: usize) -> String {
    let empty = json!({"type": "chat", "message": ""}).to_string();
    let message = "x".repeat(bytes - empty.len());
    empty.replace(r#""message":"""#, &format!(r#""message":"{message}""#))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_the_limit_passes_and_one_byte_more_ends_with_1009() {
    let mut config = quiet_config();
    config.limits.message_bytes = 2_000;
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    bob.expect("user-joined").await;

    ann.send_text(&chat_of(2_000)).await;
    let passed = bob.chatted().await;
    assert_eq!(chat_of(2_000).matches('x').count(), passed.len());

    ann.send_text(&chat_of(2_001)).await;
    assert_eq!(ann.refused().await, "message_too_big");
    assert_eq!(ann.closed().await.0, 1009);
    // The next thing bob hears is the end of ann, and nothing of what was too big.
    assert_eq!(bob.expect("user-left").await["userId"], "ann");

    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.closes("message_too_big"), 1.0);
    assert_eq!(metrics.errors("message_too_big"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_for_the_message_and_not_for_its_fragments() {
    let mut config = quiet_config();
    config.limits.message_bytes = 2_000;
    let server = TestServer::start(config).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Socket::websocket(server.addr()).await;
    ann.join("room", "ann").await;
    bob.expect("user-joined").await;

    // 1,500 bytes each, which is allowed; 3,000 together, which is not.
    let message = chat_of(3_000);
    let mut first = frame(OpCode::Text, &message.as_bytes()[..1_500]);
    first[0] &= 0x7f;
    ann.send(first).await;
    ann.send(frame(OpCode::Continuation, &message.as_bytes()[1_500..]))
        .await;
    let (opcode, error) = ann.frame().await;
    assert_eq!(opcode, OpCode::Text);
    let error: Value = serde_json::from_slice(&error).expect("JSON");
    assert_eq!(error["code"], "message_too_big");
    assert_eq!(ann.closing().await.0, 1009);
    assert_eq!(bob.expect("user-left").await["userId"], "ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_message_beyond_the_limit_ends_with_1009_whatever_it_would_have_been() {
    let mut config = quiet_config();
    config.limits.message_bytes = 2_000;
    let server = TestServer::start(config).await;
    let mut stranger = Socket::websocket(server.addr()).await;
    stranger.send(text(&"x".repeat(2_001))).await;
    assert_eq!(stranger.closing().await.0, 1009);
    let metrics = Metrics::of(server.addr()).await;
    assert_eq!(metrics.closes("message_too_big"), 1.0);
    assert_eq!(metrics.closes("not_registered"), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_a_million_bytes_crosses_every_wire_by_default() {
    let server = TestServer::start(quiet_config()).await;
    let (mut cy, _) = Peer::register_in(server.addr(), "room", "cy").await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Peer::join(server.addr(), "room", "ann").await;
    for joined in ["bob", "ann"] {
        assert_eq!(cy.expect("peer-joined").await["client_id"], joined);
    }
    bob.expect("user-joined").await;

    ann.send_text(&chat_of(1_000_000)).await;
    for receiver in [&mut bob, &mut cy] {
        assert_eq!(
            receiver.chatted().await.len(),
            chat_of(1_000_000).matches('x').count()
        );
    }
    cy.send_text(&chat_of(1_000_000)).await;
    for receiver in [&mut bob, &mut ann] {
        assert_eq!(
            receiver.chatted().await.len(),
            chat_of(1_000_000).matches('x').count()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_have_so_many_characters_whatever_their_bytes_and_on_every_wire() {
    let mut config = quiet_config();
    config.limits.id_length = 8;
    let server = TestServer::start(config).await;
    let (longest, too_long) = ("äöüßéèê€", "äöüßéèê€x");

    // The message that joins, by room and id; and the type of its answer.
    type Joining = (&'static str, fn(&str, &str) -> Value);
    let joinings: [Joining; 2] = [
        (
            "join-success",
            |room, id| json!({"type": "join-room", "roomId": room, "sender": id}),
        ),
        (
            "joined",
            |room, id| json!({"type": "join", "roomId": room, "userId": id}),
        ),
    ];
    for (answer, joining) in joinings {
        let mut peer = Peer::connect(server.addr()).await;
        peer.send(&joining(longest, longest)).await;
        peer.expect(answer).await;
        for (room, id) in [(too_long, longest), (longest, too_long)] {
            let mut peer = Peer::connect(server.addr()).await;
            peer.send(&joining(room, id)).await;
            assert_eq!(peer.refused().await, "invalid_id", "{answer}");
            // Nothing but that was refused: the connection lives on.
            peer.send(&joining(longest, "x")).await;
            peer.expect(answer).await;
        }
    }

    let mut peer = Peer::connect(server.addr()).await;
    peer.send(&json!({"type": "register", "client_id": too_long}))
        .await;
    assert_eq!(peer.refused().await, "invalid_id");
    peer.send(&json!({"type": "register", "client_id": longest}))
        .await;
    peer.expect("registered").await;
    peer.send(&json!({"type": "join", "room_id": too_long}))
        .await;
    assert_eq!(peer.refused().await, "invalid_id");
    peer.send(&json!({"type": "join", "room_id": "room"})).await;
    peer.expect("joined").await;
    assert_eq!(Metrics::of(server.addr()).await.errors("invalid_id"), 6.0);
}
