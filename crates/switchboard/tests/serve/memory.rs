//! What the server holds is bounded, whatever is said to whomever does not listen.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::json;

use crate::process::{Client, PATIENCE, Server, Setup};

const MIB: usize = 1024 * 1024;

/// The most memory the process has had so far (`VmHWM`), in bytes.
fn peak(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.expect("a size").parse::<usize>().expect("a number") * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_of_a_megabyte_hold_no_more_than_the_outboxes_may() {
    const DEAF: usize = 20;
    const OUTBOX: usize = 2 * MIB;
    let server = Setup::local(&[])
        .env("SWITCHBOARD__LIMITS__OUTBOX_BYTES", OUTBOX.to_string())
        .start();
    let address = server.listening();
    let join = |id: &str| json!({"type": "join-room", "roomId": "room", "sender": id});
    let mut deaf = Vec::new();
    for number in 0..DEAF {
        let id = format!("deaf {number}");
        deaf.push(Client::begin(address, &join(&id), "join-success").await);
    }
    let mut witness = Client::begin(address, &join("witness"), "join-success").await;
    let mut talker = Client::begin(address, &join("talker"), "join-success").await;
    witness.expect("user-joined").await;

    let before = peak(&server);
    let line = json!({"type": "chat", "message": "x".repeat(990_000)});
    // Far more than the kernel and the outboxes hold for those who do not listen: they are cut off one after the other.
    let mut left = 0;
    let mut said = 0;
    while left < DEAF {
        assert!(said < 100, "{left} of {DEAF} were cut off");
        talker.send(&line).await;
        said += 1;
        loop {
            let heard = witness.hear().await;
            let Some(switchboard_client::Frame::Text(text)) = heard else {
                panic!("{heard:?}");
            };
            if text.starts_with(r#"{"type":"user-left""#) {
                left += 1;
            } else {
                assert_eq!(text.len(), line.to_string().len());
                break;
            }
        }
    }
    let grown = peak(&server) - before;
    // Each outbox may have grown to twice its bound, as vectors do; and some megabytes are in work.
    let bound = DEAF * 2 * OUTBOX + 32 * MIB;
    assert!(grown < bound, "{} of {} MiB", grown / MIB, bound / MIB);
    drop((deaf, witness, talker));
    assert_eq!(server.stop(), Some(0));
}

/// Sends so many bytes of a message of a million, and no more.
fn begin_a_message(server: SocketAddr, bytes: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server).expect("a connection");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let handshake = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n";
    socket.write_all(handshake.as_bytes()).expect("a request");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("an answer");
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    // A masked text frame, FIN set, with its length in eight bytes.
    let mut frame = vec![0x81, 0xff];
    frame.extend(1_000_000_u64.to_be_bytes());
    frame.extend([0; 4]);
    frame.resize(frame.len() + bytes, b'x');
    socket.write_all(&frame).expect("the server reads");
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_never_end_hold_what_was_sent_of_them_and_not_what_was_announced() {
    // Clients, bytes each sends, and what the server may hold for each.
    for (clients, bytes, held) in [(200, 10, 64 * 1024), (20, 990_000, 2 * MIB)] {
        let server = Setup::local(&[]).start();
        let address = server.listening();
        let before = peak(&server);
        let halves: Vec<TcpStream> = (0..clients)
            .map(|_| begin_a_message(address, bytes))
            .collect();
        // Somebody else is served meanwhile, and behind all of that.
        let register = json!({"type": "register", "client_id": "ann"});
        let ann = Client::begin(address, &register, "registered").await;
        let grown = peak(&server) - before;
        let bound = clients * held + 16 * MIB;
        assert!(grown < bound, "{} of {} MiB", grown / MIB, bound / MIB);
        drop(halves);
        ann.close().await;
        assert_eq!(server.stop(), Some(0));
    }
}
