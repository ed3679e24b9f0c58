//! Our client's handshake against an independent server, over a real socket.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use switchboard_websocket::handshake::client::{Accepted, ClientRequest, encode_key};
use switchboard_websocket::{Message, OpCode, Reader, Role, write_masked};
use tungstenite::handshake::derive_accept_key;
use tungstenite::handshake::server::{Request, Response};

const BOUND: Duration = Duration::from_secs(20);

#[test]
fn our_client_and_another_server_agree() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let choose = |request: &Request, mut response: Response| {
            assert_eq!(request.uri().path(), "/ws");
            let chosen = "second".parse().unwrap();
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
            Ok(response)
        };
        let mut socket = tungstenite::accept_hdr(stream, choose).unwrap();
        let message = socket.read().unwrap();
        socket.send(message).unwrap();
    });

    let key = encode_key([7; 16]);
    let host = address.to_string();
    let request = ClientRequest {
        host: &host,
        target: "/ws",
        key: &key,
        protocols: &["first", "second"],
        headers: &[("Origin", "http://localhost")],
    };
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    stream.write_all(&request.to_bytes().unwrap()).unwrap();

    let mut received = Vec::new();
    let accepted = loop {
        read_some(&mut stream, &mut received);
        if let Some(accepted) = request.check_response(&received).unwrap() {
            break accepted;
        }
    };
    let expected = Accepted {
        head_len: received.len(),
        protocol: Some("second".to_owned()),
    };
    assert_eq!(accepted, expected);

    let mut frame = Vec::new();
    write_masked(&mut frame, OpCode::Text, b"echo this", [1, 2, 3, 4]);
    stream.write_all(&frame).unwrap();
    let mut reader = Reader::new(Role::Client, 1000);
    loop {
        received.clear();
        read_some(&mut stream, &mut received);
        let mut frames = reader.feed(&mut received);
        if let Some(message) = frames.next_message().unwrap() {
            assert_eq!(message, Message::Text("echo this"));
            break;
        }
    }
    server.join().unwrap();
}

#[test]
fn accept_keys_are_those_of_another_implementation() {
    for byte in 0..=255 {
        let key = encode_key([byte; 16]);
        assert_eq!(
            switchboard_websocket::accept_key(&key),
            derive_accept_key(key.as_bytes()),
        );
    }
}

fn read_some(stream: &mut TcpStream, received: &mut Vec<u8>) {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).expect("an answer in time");
    assert_ne!(length, 0, "the server closed early");
    received.extend_from_slice(&buffer[..length]);
}
