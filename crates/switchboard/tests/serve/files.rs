//! What happens when the system gives the server no more files.

use std::net::TcpStream;

use serde_json::json;

use crate::process::{Client, Setup, comes_and_goes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_files_run_out_the_server_waits_longer_each_time_and_goes_on_when_there_are_some() {
    let server = Setup::with_files(40, &["--listen", "127.0.0.1:0"]).start();
    assert_eq!(server.line("open-file limit")["after"], 40);
    let address = server.listening();
    let mut early = {
        let join = json!({"type": "join-room", "roomId": "room", "sender": "early"});
        Client::begin(address, &join, "join-success").await
    };

    let crowd: Vec<TcpStream> = (0..60)
        .map(|_| TcpStream::connect(address).expect("the system keeps them for the server"))
        .collect();
    let mut tries = 0;
    loop {
        let line = server.line("cannot accept connections at the moment");
        assert_eq!(line["level"], "WARN");
        tries += 1;
        if line["pause_ms"].as_u64() >= Some(500) {
            break;
        }
        assert!(tries < 20, "it does not give the others time to go: {line}");
    }
    // Those who are in notice nothing of it.
    early
        .send(&json!({"type": "chat", "message": "?", "target": "nobody"}))
        .await;
    early.expect("error").await;

    drop(crowd);
    comes_and_goes(address).await;
    early.close().await;
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn fewer_files_than_connections_are_a_warning_with_both_numbers() {
    const WARNING: &str =
        "the open-file limit is too low for limits.connections: raise the one or lower the other";
    // What is open beside the connections is counted in: 64 files.
    for (files, connections, is_enough) in [(100, 36, true), (100, 37, false)] {
        let server = Setup::with_files(files, &["--listen", "127.0.0.1:0"])
            .env("SWITCHBOARD__LIMITS__CONNECTIONS", connections.to_string())
            .start();
        // Before it listens, no signal ends it properly.
        let mut lines = vec![server.next_line()];
        while lines[lines.len() - 1]["message"] != "listening" {
            lines.push(server.next_line());
        }
        lines.retain(|line| line["level"] == "WARN");
        assert_eq!(lines.is_empty(), is_enough, "{lines:#?}");
        assert_eq!(server.stop(), Some(0));
    }
    let server = Setup::with_files(100, &["--listen", "127.0.0.1:0"]).start();
    let warning = server.line(WARNING);
    server.line("listening");
    assert_eq!(warning["level"], "WARN");
    assert_eq!(
        (&warning["open_files"], &warning["connections"]),
        (&json!(100), &json!(100_000))
    );
    assert_eq!(server.stop(), Some(0));
}
