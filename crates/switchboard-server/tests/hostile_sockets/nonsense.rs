//! What is no HTTP, or too much of it.

use crate::healthy::Stage;
use crate::support::Socket;
use crate::support::chance::Chance;
use crate::support::socket::handshake;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_refused_and_the_socket_closed() {
    let mut stage = Stage::start().await;
    let mut chance = Chance::new(7);
    let noise: Vec<u8> = (0..4_096)
        .map(|_| u8::try_from(chance.up_to(256) - 1).expect("a byte"))
        .collect();
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let cases: [(&str, &[u8]); 9] = [
        ("noise", &noise),
        ("zeros", &[0; 1_000]),
        ("the beginning of TLS", hello),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("a frame", b"\x81\x85\x01\x02\x03\x04abcde"),
        ("a bare line", b"hello\r\n\r\n"),
        (
            "a header that is none",
            b"GET / HTTP/1.1\r\nnonsense\r\n\r\n",
        ),
        (
            "two lengths",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ),
    ];
    for (what, bytes) in cases {
        let mut socket = Socket::connect(stage.address()).await;
        socket.send(bytes).await;
        let answer = socket.ended().await;
        let answer = String::from_utf8_lossy(&answer);
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{what}: {answer}");
        stage.is_well(what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_beyond_16_kib_are_refused_and_not_kept() {
    let mut stage = Stage::start().await;
    let line = |size: usize| "x".repeat(size);
    let many = "X-Header: value\r\n".repeat(500);
    let cases = [
        (
            "a long path",
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", line(70_000)),
        ),
        (
            "a long header",
            handshake("/ws", &format!("X: {}\r\n", line(20_000))),
        ),
        ("many headers", handshake("/ws", &many)),
        ("a line without an end", line(1_000_000)),
    ];
    for (what, request) in cases {
        let mut socket = Socket::connect(stage.address()).await;
        // The server need not read to the end of it.
        let _ = socket.try_send(request).await;
        let answer = socket.ended().await;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        let refused = matches!(status, None | Some("400" | "414" | "431"));
        assert!(refused, "{what}: {answer}");
        stage.is_well(what).await;
    }
    // Somewhat less is none too much.
    let mut socket = Socket::connect(stage.address()).await;
    let header = format!("Cookie: {}\r\n", line(8_000));
    socket.upgrade(&handshake("/ws", &header)).await;
    drop(socket);
    stage.is_well("a cookie of 8 KB").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_nobody_asked_for_harm_nobody() {
    let mut stage = Stage::start().await;
    let cases = [
        (
            "a body that does not come",
            "POST /ice-servers HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".to_owned(),
        ),
        (
            "a body that comes",
            format!(
                "POST /ice-servers HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{}",
                "x".repeat(100_000)
            ),
        ),
        (
            "chunks that are none",
            "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"
                .to_owned(),
        ),
        (
            "a handshake with a body",
            handshake("/ws", "Content-Length: 5\r\n") + "hello",
        ),
    ];
    for (what, request) in cases {
        let mut socket = Socket::connect(stage.address()).await;
        let _ = socket.try_send(request).await;
        // Whatever the answer is, it is one.
        let response = socket.response().await;
        assert!(response.status < 500, "{what}: {response:?}");
        drop(socket);
        stage.is_well(what).await;
    }
}
