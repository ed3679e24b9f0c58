//! However a client cuts its bytes into frames and writes, the messages are the same.

use switchboard_websocket::OpCode;
use tokio::task::yield_now;

use crate::common::{TestServer, quiet_config};
use crate::support::chance::Chance;
use crate::support::socket::frame;
use crate::support::{Peer, Socket};

const LINES: usize = 300;

/// Frames that together are one message, with a ping between some of them; counts the pings.
fn fragments(message: &str, chance: &mut Chance, pings: &mut usize) -> Vec<u8> {
    let size = chance.up_to(message.len());
    let pieces: Vec<&[u8]> = message.as_bytes().chunks(size).collect();
    let last = pieces.len() - 1;
    let mut out = Vec::new();
    for (place, piece) in pieces.into_iter().enumerate() {
        let opcode = match place {
            0 => OpCode::Text,
            _ => OpCode::Continuation,
        };
        let mut fragment = frame(opcode, piece);
        if place < last {
            fragment[0] &= 0x7f;
        }
        out.extend(fragment);
        if chance.up_to(3) == 1 {
            out.extend(frame(OpCode::Ping, pings.to_string().as_bytes()));
            *pings += 1;
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fragments_pings_and_writes_of_any_size_make_the_same_messages_in_the_same_order() {
    let server = TestServer::start(quiet_config()).await;
    for seed in 1..=3 {
        let mut chance = Chance::new(seed);
        let mut witness = Peer::join(server.addr(), "room", "witness").await;
        let mut sender = Socket::websocket(server.addr()).await;
        sender.join("room", "sender").await;
        witness.expect("user-joined").await;

        let mut pings = 0;
        let bytes: Vec<u8> = (0..LINES)
            .flat_map(|number| {
                // More than one byte in some characters, so that they are cut in two as well.
                let padding = "€ä".repeat(chance.up_to(60));
                let message =
                    format!(r#"{{"type":"chat","message":"{number}","padding":"{padding}"}}"#);
                fragments(&message, &mut chance, &mut pings)
            })
            .collect();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            // Now a few bytes, now many messages at once.
            let most = [3, 300, 30_000][chance.up_to(3) - 1];
            let (piece, others) = rest.split_at(chance.up_to(most).min(rest.len()));
            sender.send(piece).await;
            witness.attend(yield_now()).await;
            rest = others;
        }

        for number in 0..LINES {
            assert_eq!(witness.chatted().await, number.to_string(), "seed {seed}");
        }
        for number in 0..pings {
            let pong = sender.frame().await;
            let expected = (OpCode::Pong, number.to_string().into_bytes());
            assert_eq!(pong, expected, "seed {seed}");
        }
        witness.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_and_relayed_messages_come_in_the_order_of_what_caused_them() {
    let server = TestServer::start(quiet_config()).await;
    let mut bob = Peer::join(server.addr(), "room", "bob").await;
    let mut ann = Peer::connect(server.addr()).await;
    // A whole life in one write: what it asks for is done one after the other.
    for message in [
        r#"{"type":"chat","roomId":"room","sender":"ann"}"#,
        r#"{"type":"join-room","roomId":"room","sender":"ann"}"#,
        r#"{"type":"chat","message":"one"}"#,
        r#"{"type":"chat","message":"?","target":"nobody"}"#,
        r#"{"type":"chat","message":"two"}"#,
        r#"{"type":"leave-room"}"#,
        r#"{"type":"chat","message":"outside"}"#,
        r#"{"type":"join-room","roomId":"room","sender":"anna"}"#,
        r#"{"type":"chat","message":"three"}"#,
    ] {
        ann.queue(message);
    }
    ann.flush().await;
    assert_eq!(ann.refused().await, "not_in_room");
    assert_eq!(ann.expect("join-success").await["userId"], "ann");
    assert_eq!(ann.refused().await, "target_not_found");
    assert_eq!(ann.refused().await, "not_in_room");
    assert_eq!(ann.expect("join-success").await["userId"], "anna");

    assert_eq!(bob.expect("user-joined").await["userId"], "ann");
    assert_eq!(bob.chatted().await, "one");
    assert_eq!(bob.chatted().await, "two");
    assert_eq!(bob.expect("user-left").await["userId"], "ann");
    assert_eq!(bob.expect("user-joined").await["userId"], "anna");
    assert_eq!(bob.chatted().await, "three");
}
