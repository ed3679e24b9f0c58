//! SIGTERM and SIGINT (row S1.4): a farewell to everybody, and exit code 0.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::{Client, Setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_clients_get_1001_and_the_exit_code_is_0() {
    for (signal, name) in [("TERM", "SIGTERM"), ("INT", "SIGINT")] {
        let mut server = Setup::local(&[]).start();
        let address = server.listening();
        let register = json!({"type": "register", "client_id": "ann"});
        let mut ann = Client::begin(address, &register, "registered").await;
        let join = json!({"type": "join-room", "roomId": "room", "sender": "bob"});
        let mut bob = Client::begin(address, &join, "join-success").await;
        let mut silent = Client::connect(address).await;

        server.signal(signal);
        for client in [&mut ann, &mut bob, &mut silent] {
            let (code, reason) = client.closed().await;
            assert_eq!((code, reason.as_str()), (1001, "server shutting down"));
        }
        drop((ann, bob, silent));
        assert_eq!(server.ended(), Some(0), "{name}");
        let stopping = server.line("stopping: telling every client, writing what is queued");
        assert_eq!(stopping["signal"], name);
        let stopped = server.line("stopped");
        assert_eq!(
            (&stopped["connections"], &stopped["cut_off"]),
            (&json!(3), &json!(0))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_what_was_said_before_the_signal_arrives_before_the_farewell() {
    const LINES: usize = 500;
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let join = |id: &str| json!({"type": "join-room", "roomId": "room", "sender": id});
    let mut bob = Client::begin(address, &join("bob"), "join-success").await;
    let mut ann = Client::begin(address, &join("ann"), "join-success").await;
    bob.expect("user-joined").await;
    for number in 0..LINES {
        ann.send(&json!({"type": "chat", "message": number})).await;
    }
    // The answer to this comes behind all of them.
    ann.send(&json!({"type": "chat", "target": "nobody"})).await;
    ann.expect("error").await;
    server.signal("TERM");
    for number in 0..LINES {
        assert_eq!(bob.expect("chat").await["message"], number);
    }
    assert_eq!(bob.closed().await.0, 1001);
    assert_eq!(ann.closed().await.0, 1001);
    drop((ann, bob));
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_a_client_that_ignores_the_farewell_delays_the_end_by_the_bound_at_most() {
    let mut server = Setup::local(&[])
        .env("SWITCHBOARD__TIMEOUTS__SHUTDOWN", "1s")
        .start();
    let address = server.listening();
    let register = json!({"type": "register", "client_id": "ann"});
    // Not read from any more, and so not answering.
    let _ann = Client::begin(address, &register, "registered").await;
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
    assert_eq!(server.line("stopped")["cut_off"], 1);
}
