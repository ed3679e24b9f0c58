//! `switchboard selftest` (row S4.3) against a server, and against none.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::process::{Client, Setup, run, switchboard};

fn selftest(url: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run(switchboard(folder.path()).args(["selftest", "--url", url]));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn s4_3_the_self_test_passes_against_a_server_at_every_path() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    for path in ["", "/", "/ws", "/ws/"] {
        let (code, said, errors) = selftest(&format!("ws://{address}{path}"));
        assert_eq!(code, Some(0), "{said}{errors}");
        assert!(said.ends_with("selftest: pass\n"), "{said}");
        let steps = said.lines().filter(|line| line.starts_with("ok  ")).count();
        assert!(steps >= 7, "{said}");
        assert_eq!(errors, "");
    }
    // Several at once are in nobody's way.
    let tests = [(); 4].map(|()| thread::spawn(move || selftest(&format!("ws://{address}/"))));
    for test in tests {
        let (code, said, errors) = test.join().expect("a self-test");
        assert_eq!(code, Some(0), "{said}{errors}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn s4_3_the_self_test_passes_among_others_who_come_and_go_and_broadcast() {
    // With a lobby room, whoever registers is told of all others.
    let server = Setup::local(&[])
        .env("SWITCHBOARD__DIALECTS__REGISTER__LOBBY_ROOM", "lobby")
        .env("SWITCHBOARD__TIMEOUTS__GRACE", "60s")
        .start();
    let address = server.listening();
    let crowd = tokio::spawn(async move {
        let register = json!({"type": "register", "client_id": "crier"});
        let mut crier = Client::begin(address, &register, "registered").await;
        loop {
            for said in [
                json!({"type": "offer", "sdp": "v=0 of somebody else"}),
                json!({"type": "chat", "message": "hear ye"}),
                json!({"type": "news", "from": "nobody"}),
            ] {
                crier.send(&said).await;
            }
            crier
                .send(&json!({"type": "join", "room_id": "elsewhere"}))
                .await;
            crier.send(&json!({"type": "leave"})).await;
            // What it hears is passed over.
            while let Ok(heard) = timeout(Duration::from_millis(2), crier.hear()).await {
                assert!(heard.is_some(), "the server has closed");
            }
        }
    });
    let tests = [(); 4]
        .map(|()| tokio::task::spawn_blocking(move || selftest(&format!("ws://{address}/"))));
    for test in tests {
        let (code, said, errors) = test.await.expect("a self-test");
        assert_eq!(code, Some(0), "{said}{errors}");
        assert!(said.ends_with("selftest: pass\n"), "{said}");
    }
    assert!(!crowd.is_finished(), "there was a crowd all the time");
    crowd.abort();
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s4_3_the_self_test_fails_where_nobody_listens() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let (code, said, errors) = selftest(&format!("ws://127.0.0.1:{port}/"));
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said, "selftest: FAIL\n");
    assert!(errors.starts_with("switchboard: "), "{errors}");
}

#[test]
fn s4_3_the_self_test_fails_where_something_else_listens() {
    let server = Setup::local(&[]).start();
    let address = server.listening();
    let (code, said, errors) = selftest(&format!("ws://{address}/livez"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.ends_with("selftest: FAIL\n"), "{said}");
    assert!(errors.contains("200"), "{errors}");
    assert_eq!(server.stop(), Some(0));
}
