//! The client's transport against another implementation's server: Engine.IO over WebSocket, and refusals.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use switchboard_client::{Address, Frame, Transport, TransportError};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::{Message, WebSocket};

const PATIENCE: Duration = Duration::from_secs(10);

/// Serves one connection in a thread of its own.
fn serve<T: Send + 'static>(
    with: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Address, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server: SocketAddr = listener.local_addr().expect("an address");
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
        with(stream)
    });
    let address = format!("ws://{server}/ignored?x=1").parse().expect("a URL");
    (address, served)
}

/// Shakes hands; gives what was asked for as well.
#[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
fn accept(stream: TcpStream) -> (String, WebSocket<TcpStream>) {
    let mut target = String::new();
    let socket = tungstenite::accept_hdr(stream, |request: &Request, response: Response| {
        target = request.uri().to_string();
        Ok(response)
    });
    let socket = socket.expect("a handshake");
    (target, socket)
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

async fn next(transport: &mut Transport) -> Option<Frame> {
    in_time(transport.next()).await.expect("no failure")
}

const OPEN: &str =
    r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

#[tokio::test]
async fn messages_are_packets_and_bytes_are_frames_of_their_own() {
    let (address, served) = serve(|stream| {
        let (target, mut socket) = accept(stream);
        let mut say = |message| socket.send(message).expect("the client reads");
        say(Message::text(OPEN));
        say(Message::text("2"));
        say(Message::text("40{\"sid\":\"x\"}"));
        say(Message::text("451-[\"message\"]"));
        say(Message::binary(vec![1, 2, 3]));
        let heard = [(); 4].map(|()| socket.read().expect("a message"));
        socket.close(None).expect("the client reads");
        while socket.read().is_ok() {}
        (target, heard)
    });
    let connected = in_time(Transport::connect_engine_io(&address, "/socket.io/")).await;
    let mut transport = connected.expect("a connection");
    for text in ["0{\"sid\":\"x\"}", "51-[\"message\"]", "bAQID"] {
        let heard = next(&mut transport).await;
        assert_eq!(heard, Some(Frame::Text(text.to_owned())));
    }
    transport.queue(b"2[\"join\",{}]");
    transport.queue("51-[\"message\"]\u{1e}bBAUG".as_bytes());
    in_time(transport.flush()).await.expect("the server reads");
    assert!(matches!(next(&mut transport).await, Some(Frame::Close(..))));
    assert_eq!(next(&mut transport).await, None);

    let (target, heard) = served.join().expect("a server");
    assert_eq!(target, "/socket.io/?EIO=4&transport=websocket");
    let expected = [
        Message::text("3"),
        Message::text("42[\"join\",{}]"),
        Message::text("451-[\"message\"]"),
        Message::binary(vec![4, 5, 6]),
    ];
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn a_server_that_opens_no_session_is_none() {
    let (address, served) = serve(|stream| {
        let (_, mut socket) = accept(stream);
        socket.close(None).expect("the client reads");
        while socket.read().is_ok() {}
    });
    let error = in_time(Transport::connect_engine_io(&address, "/socket.io/")).await;
    assert!(matches!(error, Err(TransportError::Io(_))), "{error:?}");
    served.join().expect("a server");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_own_words() {
    for (body, told) in [
        (
            r#"{"detail":"room_id must not be longer than 128 characters"}"#,
            "the server refused: room_id must not be longer than 128 characters (400 Bad Request)",
        ),
        (
            "no JSON",
            "the server refused the handshake: 400 Bad Request",
        ),
    ] {
        let (address, served) = serve(move |mut stream| {
            let mut request = [0; 4096];
            let size = stream.read(&mut request).expect("a request");
            assert!(request[..size].ends_with(b"\r\n\r\n"));
            let length = body.len();
            let head = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\n\r\n");
            // In two parts, as it may come; and the connection stays open.
            stream.write_all(head.as_bytes()).expect("the client reads");
            std::thread::sleep(Duration::from_millis(20));
            stream.write_all(body.as_bytes()).expect("the client reads");
            while stream.read(&mut request).is_ok_and(|size| size > 0) {}
        });
        let error = in_time(Transport::connect(&address)).await;
        assert_eq!(error.expect_err("no consent").to_string(), told);
        served.join().expect("a server");
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_and_then_over() {
    let (address, served) = serve(|stream| {
        let (_, mut socket) = accept(stream);
        socket
            .send(Message::text("last"))
            .expect("the client reads");
        let said = socket.read().expect("a close frame");
        while socket.read().is_ok() {}
        said
    });
    let mut transport = in_time(Transport::connect(&address))
        .await
        .expect("a server");
    transport.say_goodbye();
    let last = next(&mut transport).await;
    assert_eq!(last, Some(Frame::Text("last".to_owned())));
    assert!(matches!(
        next(&mut transport).await,
        Some(Frame::Close(1000, _))
    ));
    assert_eq!(next(&mut transport).await, None);
    assert!(served.join().expect("a server").is_close());
}
