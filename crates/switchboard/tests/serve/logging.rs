//! What the log tells: arrivals, relays and departures, on the console and in a file.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Client, Setup};

fn join(room: &str, id: &str) -> Value {
    json!({"type": "join-room", "roomId": room, "sender": id})
}

fn register(id: &str) -> Value {
    json!({"type": "register", "client_id": id})
}

/// The fields of a line that tell what happened to whom.
fn fields<const N: usize>(line: &Value, names: [&str; N]) -> [String; N] {
    names.map(|name| line[name].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_3_registration_arrival_and_departure_have_their_lines() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let mut ann = Client::begin(address, &register("ann"), "registered").await;
    let line = server.line("registered");
    assert_eq!(line["level"], "INFO");
    assert_eq!(fields(&line, ["peer", "dialect"]), ["ann", "register"]);

    ann.send(&json!({"type": "join", "room_id": "room", "role": "sender"}))
        .await;
    ann.expect("joined").await;
    // She stays registered: what comes next is where she is.
    assert_eq!(
        fields(&server.line("joined"), ["room", "peer", "dialect"]),
        ["room", "ann", "register"]
    );

    let bob = Client::begin(address, &join("room", "bob"), "join-success").await;
    assert_eq!(
        fields(&server.line("joined"), ["room", "peer", "dialect"]),
        ["room", "bob", "join-room"]
    );
    bob.close().await;
    assert_eq!(
        fields(&server.line("left"), ["room", "peer", "why"]),
        ["room", "bob", "dropped"]
    );
    ann.send(&json!({"type": "leave"})).await;
    assert_eq!(
        fields(&server.line("left"), ["room", "peer", "why"]),
        ["room", "ann", "left"]
    );
    assert_eq!(fields(&server.line("registered"), ["peer"]), ["ann"]);
    drop(ann);
    assert_eq!(
        fields(&server.line("unregistered"), ["peer", "dialect"]),
        ["ann", "register"]
    );
    assert_eq!(server.stop(), Some(0));
}

/// Lines without their time, which is told twice: on the console and in the file.
fn timeless(mut lines: Vec<Value>) -> Vec<Value> {
    for line in &mut lines {
        let line = line.as_object_mut().expect("an object");
        line.remove("timestamp").expect("every line has its time");
    }
    lines
}

fn lines_of(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a log file");
    let lines = text.lines().map(serde_json::from_str);
    lines.map(|line| line.expect("JSON")).collect()
}

/// Two say something to each other; gives what was said.
async fn converse(server: SocketAddr) -> [&'static str; 2] {
    const SAID: [&str; 2] = ["v=0 of ann", "a secret of bob"];
    let mut ann = Client::begin(server, &join("room", "ann"), "join-success").await;
    let mut bob = Client::begin(server, &register("bob"), "registered").await;
    bob.send(&json!({"type": "join", "room_id": "room"})).await;
    bob.expect("joined").await;
    ann.expect("user-joined").await;
    ann.send(&json!({"type": "offer", "data": {"type": "offer", "sdp": SAID[0]}, "target": "bob"}))
        .await;
    bob.expect("offer").await;
    bob.send(&json!({"type": "chat", "message": SAID[1]})).await;
    ann.expect("chat").await;
    ann.close().await;
    bob.close().await;
    SAID
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_3_relays_have_a_line_each_if_wanted() {
    let server = Setup::local(&["--log-relay"]).start();
    converse(server.listening()).await;
    for expected in [
        ["room", "ann", "bob", "offer", "register"],
        ["room", "bob", "*", "chat", "join-room"],
    ] {
        let line = server.line("relayed");
        assert_eq!(line["target"], "switchboard::relay");
        let names = ["room", "from", "to", "kind", "dialect"];
        assert_eq!(fields(&line, names), expected);
        assert!(line["bytes"].as_u64() > Some(0), "{line}");
        assert!(
            line["conn"]
                .as_str()
                .is_some_and(|conn| conn.parse::<u64>().is_ok()),
            "{line}"
        );
    }
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_say_to_each_other_is_in_no_log() {
    for arguments in [
        ["--log-relay", "--log-level=info"].as_slice(),
        &["--log-relay", "--log-level=trace"],
        &["--log-level=trace"],
    ] {
        let server = Setup::local(arguments).start();
        let said = converse(server.listening()).await;
        server.signal("TERM");
        let log = json!(server.remaining_lines()).to_string();
        for words in said {
            assert!(!log.contains(words), "{arguments:?}: {words:?} in {log}");
        }
        assert_eq!(
            log.contains("switchboard::relay"),
            arguments.contains(&"--log-relay")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_9_the_log_file_has_the_lines_of_the_console() {
    let server = Setup::local(&["--log-file", "server.log", "--log-relay"]).start();
    let path = server.path("server.log");
    converse(server.listening()).await;
    server.signal("TERM");
    let console = timeless(server.remaining_lines());
    let file = timeless(lines_of(&path));
    assert!(file.ends_with(&console), "{file:#?} and {console:#?}");
    assert_eq!(file[0]["message"], "starting");
    assert_eq!(file[file.len() - 1]["message"], "stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_9_the_log_file_is_rotated_by_size_and_few_are_kept() {
    let server = Setup::local(&["--log-file", "server.log", "--log-relay"])
        .env("SWITCHBOARD__LOG__FILE_BYTES", "3000")
        .env("SWITCHBOARD__LOG__FILE_COUNT", "3")
        // Two threads may write to the file in one order and to the console in the other.
        .env("SWITCHBOARD__RUNTIME__THREADS", "1")
        .start();
    let address = server.listening();
    let folder = server.path("");
    for _ in 0..20 {
        converse(address).await;
    }
    server.signal("TERM");
    let console = timeless(server.remaining_lines());
    let names: BTreeSet<String> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("text"))
        .collect();
    let expected = ["server.log", "server.log.1", "server.log.2", "server.log.3"];
    assert_eq!(names, expected.map(str::to_owned).into());

    // One after the other they are the last lines of the console, none torn and none missing.
    let mut lines: Vec<Value> = Vec::new();
    for name in expected.iter().rev() {
        let file = folder.join(name);
        let bytes = fs::metadata(&file).expect("a log file").len();
        assert!(bytes <= 3_500, "{name}: {bytes} bytes");
        lines.extend(timeless(lines_of(&file)));
    }
    assert!(console.len() > lines.len(), "the oldest lines are gone");
    assert!(console.ends_with(&lines));
}

#[test]
fn the_level_decides_what_is_told() {
    let server = Setup::new(&["--log-level", "warn", "--listen", "0.0.0.0:0"])
        // So few that every system has files for them, which would be another warning.
        .env("SWITCHBOARD__LIMITS__CONNECTIONS", "100")
        .start();
    // Of the start and of the end only what is a warning: that the server is open to all.
    let warning = server.next_line();
    assert_eq!(warning["level"], "WARN", "{warning}");
    server.signal("TERM");
    assert_eq!(server.remaining_lines(), Vec::<Value>::new());
    assert_eq!(server.stop(), Some(0));
}
