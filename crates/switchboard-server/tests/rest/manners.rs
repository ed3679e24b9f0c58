//! Methods, paths that are none, and CORS.

use serde_json::json;

use crate::common::{TestServer, quiet_config};
use crate::guests::{ask, problem, read};
use crate::support::http::{exchange, get, get_with};
use crate::support::{Peer, Socket};

const PATHS: [&str; 8] = [
    "/rooms",
    "/rooms/",
    "/rooms/studio/users",
    "/rooms/studio/users/",
    "/users/ann",
    "/users/ann/",
    "/stats",
    "/stats/",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_method_is_refused_and_says_which_are_possible() {
    let server = TestServer::start(quiet_config()).await;
    for path in PATHS {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}"
            );
            let response = exchange(server.addr(), &request).await;
            let detail = json!({"detail": format!("{method} is not possible here")});
            assert_eq!(read(&response, 405), detail, "{path}");
            assert_eq!(response.header("allow"), Some("GET,HEAD"), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_request_gets_the_head_alone() {
    let server = TestServer::start(quiet_config()).await;
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    for path in PATHS {
        let mut socket = Socket::connect(server.addr()).await;
        let request =
            format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        socket.send(request).await;
        let answer = String::from_utf8(socket.ended().await).expect("text");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let length = answer
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        assert!(length.is_some_and(|length| length > 2), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_that_do_not_exist_are_told_in_the_same_shape() {
    let server = TestServer::start(quiet_config()).await;
    for path in [
        "/rooms/studio",
        "/rooms/studio/",
        "/rooms/studio/users/ann",
        "/rooms/a/b/users",
        "/users",
        "/users/",
        "/users/ann/rooms",
        "/stats/today",
        "/stats//",
    ] {
        problem(server.addr(), path, 404).await;
    }
    for path in ["/roomsandmore", "/statistics", "/user/ann", "//rooms"] {
        let response = get(server.addr(), path).await;
        assert_eq!(response.status, 404, "{path}");
        assert!(response.body.starts_with("nothing here"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_pages_may_ask_as_they_may_use_the_server() {
    let mut config = quiet_config();
    config.http.allowed_origins = vec!["https://one.example.org".to_owned()];
    let server = TestServer::start(config).await;
    let _ann = Peer::join(server.addr(), "studio", "ann").await;
    for path in [
        "/rooms/studio/users",
        "/users/ann",
        "/stats",
        "/openapi.json",
        "/docs",
    ] {
        let ask_from = async |origin: &str| {
            get_with(server.addr(), path, &format!("Origin: {origin}\r\n")).await
        };
        let own = ask_from("https://one.example.org").await;
        let allowed = own.header("access-control-allow-origin");
        assert_eq!(allowed, Some("https://one.example.org"), "{path}");
        let other = ask_from("https://evil.example.org").await;
        assert_eq!(other.header("access-control-allow-origin"), None, "{path}");
    }
    // A problem can be read as well as an answer.
    let response = get_with(
        server.addr(),
        "/users/nobody",
        "Origin: https://one.example.org\r\n",
    )
    .await;
    assert_eq!(response.status, 404);
    let allowed = response.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://one.example.org"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_parameters_are_nobodys_business() {
    let server = TestServer::start(quiet_config()).await;
    assert_eq!(
        ask(server.addr(), "/rooms?colour=red", 200).await,
        json!([])
    );
    ask(server.addr(), "/stats?x", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ice_servers_are_asked_for_in_the_same_manner() {
    let server = TestServer::start(quiet_config()).await;
    problem(server.addr(), "/ice-servers?user=a&user=b", 400).await;
}
