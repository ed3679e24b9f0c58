//! A console that nobody reads: the server goes on, and says later what is missing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Client, PATIENCE, Setup};

/// What waits in the server for each of console and file.
const QUEUE_LINES: usize = 16_384;

/// What waits in a pipe, in bytes.
const PIPE: usize = 64 * 1024;

/// The lines that are in the log file.
fn lines_in(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole.lines().map(serde_json::from_str);
    lines.map(|line| line.expect("JSON")).collect()
}

/// The first line with this message in the log file, once it is there.
fn line_in(file: &Path, message: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut lines = lines_in(file).into_iter();
        if let Some(line) = lines.find(|line| line["message"] == message) {
            return line;
        }
        assert!(Instant::now() < deadline, "no line {message:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn listening(file: &Path) -> SocketAddr {
    let line = line_in(file, "listening");
    let address = line["addr"].as_str().expect("an address");
    address.parse().expect("a TCP address")
}

fn livez(server: SocketAddr) -> String {
    let mut stream = TcpStream::connect(server).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

async fn in_room(server: SocketAddr, id: &str) -> Client {
    let register = json!({"type": "register", "client_id": id});
    let mut client = Client::begin(server, &register, "registered").await;
    client
        .send(&json!({"type": "join", "room_id": "room"}))
        .await;
    client.expect("joined").await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_serves_and_ends_though_nobody_reads_its_console() {
    let mut server = Setup::local(&["--log-file", "server.log"]).start_unread();
    let file = server.path("server.log");
    let address = listening(&file);
    let mut ann = in_room(address, "ann").await;
    let bytes_of = |file: &Path| fs::metadata(file).map_or(0, |file| file.len());
    let begun = Instant::now();
    while bytes_of(&file) < 3 * PIPE as u64 {
        assert!(begun.elapsed() < PATIENCE, "{} bytes", bytes_of(&file));
        in_room(address, "bob").await.close().await;
        ann.expect("peer-joined").await;
        ann.expect("peer-left").await;
    }
    assert!(livez(address).starts_with("HTTP/1.1 200 "));

    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(ann.closed().await.0, 1001);
    drop(ann);
    assert_eq!(server.ended(), Some(0));
    // A second for the log, which is not to be had, and some for a busy machine.
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(8), "{taken:?}");
    // The file has everything, to the last line.
    let lines = lines_in(&file);
    assert_eq!(lines[lines.len() - 1]["message"], "stopped");
    let of_missing = lines.iter().find(|line| !line["lines"].is_null());
    assert_eq!(of_missing, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_is_read_again_says_how_many_lines_are_missing() {
    // More than fit into the pipe and the queue, of which the pipe's share is less than a line for each 100 bytes.
    const MESSAGES: usize = QUEUE_LINES + PIPE / 100 + 3_000;
    const AT_ONCE: usize = 1_000;
    let mut server = Setup::local(&["--log-file", "server.log", "--log-relay"]).start_unread();
    let address = listening(&server.path("server.log"));
    let mut ann = in_room(address, "ann").await;
    let mut bob = in_room(address, "bob").await;
    ann.expect("peer-joined").await;
    for _ in 0..MESSAGES / AT_ONCE {
        let chat = json!({"type": "chat", "message": "hello"});
        ann.repeat(&chat, AT_ONCE).await;
        for _ in 0..AT_ONCE {
            bob.expect("chat").await;
        }
    }

    server.read();
    let told = server.line("log lines were dropped: they came faster than they could be written");
    assert_eq!(told["level"], "WARN");
    let missing = told["lines"].as_u64().expect("a number");
    assert!(missing > 0 && missing < MESSAGES as u64, "{told}");
    // What comes now is written again.
    ann.close().await;
    assert_eq!(server.line("left")["peer"], "ann");
    drop(bob);
    assert_eq!(server.stop(), Some(0));
}
