//! The WebSocket handshake, right and wrong, at every path that takes one.

use std::time::Duration;

use crate::common::{TestServer, quiet_config};
use crate::support::Socket;
use crate::support::http::{exchange, get};
use crate::support::socket::{hand_written_handshake, handshake};

const PATHS: [&str; 3] = ["/", "/ws", "/ws/"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_3_every_websocket_path_takes_a_handshake() {
    let server = TestServer::start(quiet_config()).await;
    for path in PATHS {
        let mut socket = Socket::connect(server.addr()).await;
        socket.send(handshake(path, "")).await;
        let response = socket.response().await;
        assert_eq!(response.status, 101, "{path}");
        assert_eq!(response.header("upgrade"), Some("websocket"));
        assert_eq!(response.header("connection"), Some("Upgrade"));
        socket.join("room", path).await;
    }
    // With a query, too.
    let mut socket = Socket::connect(server.addr()).await;
    socket.upgrade(&handshake("/ws?token=x", "")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_answered_as_in_rfc_6455_section_1_3() {
    let server = TestServer::start(quiet_config()).await;
    let response = exchange(server.addr(), &hand_written_handshake()).await;
    assert_eq!(
        response.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compression_is_declined() {
    let server = TestServer::start(quiet_config()).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let response = exchange(server.addr(), &handshake("/ws", offer)).await;
    assert_eq!(response.status, 101);
    assert_eq!(response.header("sec-websocket-extensions"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_insists_on_a_subprotocol_gets_its_first() {
    let server = TestServer::start(quiet_config()).await;
    for (offered, chosen) in [
        (None, None),
        (Some("chat, superchat"), Some("chat")),
        // The name of a wire that is not there yet promises nothing.
        (Some("switchboard.v1"), None),
        (Some("switchboard.v1, chat"), Some("chat")),
    ] {
        let offer = offered.map_or_else(String::new, |offered| {
            format!("Sec-WebSocket-Protocol: {offered}\r\n")
        });
        let response = exchange(server.addr(), &handshake("/ws", &offer)).await;
        assert_eq!(response.status, 101);
        assert_eq!(response.header("sec-websocket-protocol"), chosen, "{offer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_request_for_a_websocket_is_told_to_upgrade() {
    let server = TestServer::start(quiet_config()).await;
    for path in ["/ws", "/ws/"] {
        let response = get(server.addr(), path).await;
        assert_eq!(response.status, 426, "{path}");
        assert_eq!(response.header("upgrade"), Some("websocket"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_handshake_is_told_what_is_wrong() {
    let server = TestServer::start(quiet_config()).await;
    let good = handshake("/ws", "");
    let cases = [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
        ("Sec-WebSocket-Version: 13", "X: y", 426),
        ("AQIDBAUGBwgJCgsMDQ4PEA==", "AQID", 400),
        ("AQIDBAUGBwgJCgsMDQ4PEA==", "not base64 at all!!!!!==", 400),
        ("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==", "X: y", 400),
        ("Connection: Upgrade", "Connection: keep-alive", 400),
        ("Upgrade: websocket", "Upgrade: h2c", 426),
        ("GET", "POST", 405),
    ];
    for (right, wrong, status) in cases {
        for path in PATHS {
            let request = good.replace(right, wrong).replace("/ws", path);
            let response = exchange(server.addr(), &request).await;
            assert_eq!(response.status, status, "{wrong} at {path}: {response:?}");
            // That the method is wrong, the status says.
            assert_eq!(response.body.is_empty(), status == 405, "{wrong} at {path}");
            let version = response.header("sec-websocket-version");
            let tells_version = wrong.contains("Version") || wrong == "X: y" && status == 426;
            assert_eq!(version, tells_version.then_some("13"), "{wrong} at {path}");
        }
    }
    // A connection that was refused can be used again.
    let mut socket = Socket::connect(server.addr()).await;
    socket.send(good.replace("13", "8")).await;
    assert_eq!(socket.response().await.status, 426);
    socket.upgrade(&good).await;
    socket.join("room", "ann").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_is_answered_alike_in_one_piece_and_in_two() {
    let mut config = quiet_config();
    config.http.allowed_origins = vec!["https://ours.example.org".to_owned()];
    let server = TestServer::start(config).await;
    let targets = [
        ("/ws", 101),
        ("/ws?a=b", 101),
        ("/ws//", 400),
        ("//ws", 404),
        ("/ws#there", 101),
        ("/ws/room/ann", 101),
        ("/ws/room", 400),
        ("/ws/room/a%2Fb", 400),
        ("/socket.io/?EIO=4&transport=websocket", 101),
        ("/socket.io?EIO=4&transport=websocket", 101),
        ("/socket.io//?EIO=4&transport=websocket", 404),
        ("/socket.io/?EIO=3&transport=websocket", 400),
        ("/socket.io/?EIO=4&transport=websocket&sid=nobody", 400),
        ("/nowhere", 404),
        ("http://localhost/ws", 101),
        ("*", 404),
    ]
    .map(|(target, status)| (handshake(target, ""), status));
    let headers = [
        ("Origin: https://ours.example.org", 101),
        ("Origin: https://theirs.example.org", 403),
        ("Origin: https://\u{e9}.example.org", 403),
        ("Cookie: a=\u{e9}", 101),
        ("Content-Length: 0", 101),
        ("Sec-WebSocket-Version: 12", 426),
        ("Sec-WebSocket-Key: AAAA", 400),
    ]
    .map(|(header, status)| (handshake("/ws", &format!("{header}\r\n")), status));
    let others = [(handshake("/ws", "").replacen("GET", "POST", 1), 405)];
    for (request, status) in targets.into_iter().chain(headers).chain(others) {
        let whole = exchange(server.addr(), &request).await;
        let mut socket = Socket::connect(server.addr()).await;
        let (head, tail) = request.split_at(request.len() / 2);
        socket.send(head).await;
        // So that the first half is read before the second one comes.
        tokio::time::sleep(Duration::from_millis(20)).await;
        socket.send(tail).await;
        let parts = socket.response().await;
        assert_eq!((whole.status, parts.status), (status, status), "{request}");
    }
}
