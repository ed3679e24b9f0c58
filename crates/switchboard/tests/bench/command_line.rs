//! What makes no sense is refused before anything is done, and a server that is not there is told.

use crate::load::bench;

#[track_caller]
fn check(arguments: &[&str], code: i32, reason: &str) {
    let output = bench(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, reason) in [
        (
            &["pairs", "--pairs", "0"][..],
            "--pairs must be 1 to 30000, not 0",
        ),
        (
            &["pairs", "--threads", "65", "--pairs", "100"],
            "--threads must be 1 to 64",
        ),
        (
            &["pairs", "--threads", "2", "--pairs", "1"],
            "2 threads for 1 rooms",
        ),
        (
            &["pairs", "--seconds", "0"],
            "--seconds must be 0.1 to 3600, not 0",
        ),
        (&["pairs", "--batched", "--separate"], "cannot be used with"),
        (&["pairs", "--room-size", "3"], "unexpected argument"),
        (&["pairs", "--wire", "morse"], "invalid value 'morse'"),
        (
            &["pairs", "--url", "wss://localhost/"],
            "is not a WebSocket URL",
        ),
        (
            &["fanout", "--room-size", "1"],
            "--room-size must be 2 to 1000, not 1",
        ),
        (
            &["latency", "--rate", "0"],
            "--rate must be 1 to 1000000, not 0",
        ),
        (&["storm", "--connections", "3"], "take an even number"),
        (&["idle"], "needs --server-pid"),
        (&[], "Usage: switchboard bench"),
    ] {
        check(arguments, 2, reason);
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    // Nobody listens on the port of a listener that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let url = format!("ws://{address}/");
    for scenario in ["pairs", "storm"] {
        check(
            &[scenario, "--url", &url],
            1,
            "cannot connect to the server",
        );
    }
}

#[test]
fn a_process_that_is_not_there_is_told() {
    let arguments = ["idle", "--server-pid", "4294967295"];
    check(
        &arguments,
        1,
        "cannot read what the kernel says of the server's process",
    );
}
