//! Clients that go at the worst moment.

use crate::healthy::Stage;
use crate::support::socket::{handshake, text};
use crate::support::{Peer, Socket};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_is_the_end_wherever_it_comes() {
    let mut stage = Stage::start().await;
    let address = stage.address();

    Socket::connect(address).await.reset();
    stage.is_well("a reset before anything").await;

    let mut socket = Socket::connect(address).await;
    socket.send("GET /ws HTTP/1.1\r\n").await;
    socket.reset();
    stage.is_well("a reset within the head").await;

    let mut socket = Socket::connect(address).await;
    socket.send(handshake("/ws", "")).await;
    socket.reset();
    stage.is_well("a reset before the answer").await;

    Socket::websocket(address).await.reset();
    stage.is_well("a reset before the first message").await;

    let mut witness = Peer::join(address, "resets", "witness").await;
    for half in [false, true] {
        let mut socket = Socket::websocket(address).await;
        socket.join("resets", "subject").await;
        assert_eq!(witness.expect("user-joined").await["userId"], "subject");
        if half {
            let frame = text(r#"{"type":"chat","message":"cut off"}"#);
            socket.send(&frame[..frame.len() - 1]).await;
        }
        socket.reset();
        assert_eq!(witness.expect("user-left").await["userId"], "subject");
    }
    witness.close().await;
    stage.is_well("resets in a room").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_reset_while_it_is_spoken_to_is_no_harm_to_the_others() {
    let mut stage = Stage::start().await;
    let address = stage.address();
    let mut talker = Peer::join(address, "room", "talker").await;
    let mut listener = Peer::join(address, "room", "listener").await;
    talker.expect("user-joined").await;
    let mut said = 0;
    for round in 0..20 {
        let mut subject = Socket::websocket(address).await;
        subject.join("room", "subject").await;
        assert_eq!(talker.expect("user-joined").await["userId"], "subject");
        assert_eq!(listener.expect("user-joined").await["userId"], "subject");
        for _ in 0..20 {
            talker.queue(&format!(r#"{{"type":"chat","message":"{said}"}}"#));
            said += 1;
        }
        // Before, between or behind what is said: which of them is chance.
        if round % 2 == 0 {
            subject.reset();
            talker.flush().await;
        } else {
            talker.flush().await;
            subject.reset();
        }
        let mut left = false;
        for number in said - 20..said {
            let mut heard = listener.message().await;
            if heard["type"] == "user-left" {
                left = true;
                heard = listener.message().await;
            }
            assert_eq!(heard["message"], number.to_string());
        }
        if !left {
            assert_eq!(listener.expect("user-left").await["userId"], "subject");
        }
        assert_eq!(talker.expect("user-left").await["userId"], "subject");
    }
    talker.close().await;
    listener.close().await;
    stage.is_well("resets in the middle of a talk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_stops_sending_is_gone_as_well() {
    let mut stage = Stage::start().await;
    for request in ["", "GET /ws HT", &handshake("/ws", "")] {
        let mut socket = Socket::connect(stage.address()).await;
        socket.send(request).await;
        socket.finish().await;
        socket.ended().await;
        drop(socket);
        stage.is_well("the end of a stream").await;
    }
    let mut socket = Socket::websocket(stage.address()).await;
    socket.join("room", "subject").await;
    socket.finish().await;
    assert_eq!(socket.ended().await, b"");
    stage.is_well("the end of a stream in a room").await;
}
