//! From polling to a WebSocket.

use std::time::Duration;

use switchboard_websocket::OpCode;

use crate::client::{Polled, chat};
use crate::common::{TestServer, quiet_config};
use crate::support::Socket;
use crate::support::socket::handshake;

/// A WebSocket for a session that is polled.
async fn websocket_of(client: &Polled) -> Socket {
    let mut socket = Socket::connect(client.server).await;
    let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", client.sid);
    socket.upgrade(&handshake(&path, "")).await;
    socket
}

async fn expect(socket: &mut Socket, text: &str) {
    let (opcode, payload) = socket.frame().await;
    let payload = String::from_utf8(payload).expect("text");
    assert_eq!((opcode, payload.as_str()), (OpCode::Text, text));
}

#[tokio::test]
async fn s0_1_a_probed_websocket_takes_over_with_what_waits() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let bob = Polled::join(server.addr(), "studio", "bob").await;
    ann.packet().await;
    let mut pending = ann.begin_poll().await;
    let mut socket = websocket_of(&ann).await;
    socket.say("2probe").await;
    expect(&mut socket, "3probe").await;
    // The poll that waits is let go, or the client could not stop polling.
    assert_eq!(pending.response().await.body, "6");
    bob.post(&chat("studio", 1)).await;
    // What the client says right behind the change is heard as well.
    let mut change = crate::support::socket::text("5");
    change.extend(crate::support::socket::text(&chat("studio", 2)));
    socket.send(change).await;
    expect(&mut socket, &chat("studio", 1)).await;
    assert!(bob.poll().await.contains(&chat("studio", 2)));
    bob.post(&chat("studio", 3)).await;
    expect(&mut socket, &chat("studio", 3)).await;
    let gone = ann.try_poll().await;
    assert_eq!(gone.status, 400);
    drop(socket);
    let left = bob.poll().await;
    assert!(left[0].starts_with("42[\"user-left\","), "{left:?}");
}

#[tokio::test]
async fn a_websocket_that_gives_up_leaves_the_polls_as_they_were() {
    let server = TestServer::start(quiet_config()).await;
    let mut ann = Polled::join(server.addr(), "studio", "ann").await;
    let mut socket = websocket_of(&ann).await;
    socket.say("2probe").await;
    expect(&mut socket, "3probe").await;
    drop(socket);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let _bob = Polled::join(server.addr(), "studio", "bob").await;
    let packet = loop {
        let packet = ann.packet().await;
        if packet != "6" {
            break packet;
        }
    };
    assert!(packet.starts_with("42[\"user-joined\","), "{packet}");
    // And another one may try.
    let mut socket = websocket_of(&ann).await;
    socket.say("2probe").await;
    expect(&mut socket, "3probe").await;
}

#[tokio::test]
async fn s0_1_a_client_may_begin_with_a_websocket() {
    let server = TestServer::start(quiet_config()).await;
    let mut socket = Socket::connect(server.addr()).await;
    let path = "/socket.io/?EIO=4&transport=websocket";
    socket.upgrade(&handshake(path, "")).await;
    let (_, open) = socket.frame().await;
    let open = String::from_utf8(open).expect("text");
    assert!(
        open.starts_with("0{") && open.contains("\"upgrades\":[]"),
        "{open}"
    );
    socket.say("40").await;
    let (_, connected) = socket.frame().await;
    assert!(connected.starts_with(b"40{\"sid\":"));
    let (_, event) = socket.frame().await;
    assert!(event.starts_with(b"42[\"connected\","));
    socket
        .say(r#"42["join",{"userId":"ann","roomId":"studio"}]"#)
        .await;
    let (_, joined) = socket.frame().await;
    assert!(joined.starts_with(b"42[\"joined\","));
    // A client that says goodbye is answered, and gone.
    socket.say("1").await;
    assert_eq!(socket.closing().await.0, 1000);
}
