//! A client on wires with an entrance of their own, against another implementation's WebSocket.

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use switchboard_client::{Address, Client, ClientError};
use switchboard_core::{Event, Role, RoomId, Target};
use switchboard_dialects::{Meaning, Told, by_name};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::{Message, WebSocket};

const PATIENCE: Duration = Duration::from_secs(10);

/// A server that does for each connection what `play` does; gives what that gives, in order.
fn serve<T: Send + 'static>(
    play: impl Fn(&str, &mut WebSocket<TcpStream>) -> T + Send + Sync + 'static,
) -> (Address, Receiver<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("ws://{}/", listener.local_addr().expect("an address"));
    let (sender, results) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
            let (target, mut socket) = accept(stream);
            if sender.send(play(&target, &mut socket)).is_err() {
                break;
            }
        }
    });
    (address.parse().expect("a URL"), results)
}

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

async fn in_time<T>(what: impl Future<Output = Result<T, ClientError>>) -> T {
    let done = tokio::time::timeout(PATIENCE, what).await;
    done.expect("in time").expect("no failure")
}

async fn told(client: &mut Client) -> Told {
    in_time(client.next()).await.expect("something told")
}

/// Texts until the client closes.
fn texts(socket: &mut WebSocket<TcpStream>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            texts.push(text.to_string());
        }
    }
    texts
}

fn joined(told: Told) -> (RoomId, usize) {
    match told {
        Told::Event(Event::Joined { room, members, .. }) => (room, members.len()),
        other => panic!("{other:?}"),
    }
}

fn left(told: Told) -> RoomId {
    match told {
        Told::Event(Event::Left { room, .. }) => room,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn s3_1_on_the_path_wire_the_connection_is_the_stay_in_a_room() {
    let (address, served) = serve(|target, socket| {
        let roster = Message::text(
            r#"{"type":"room_users","target":"ann b","payload":{"users":["bob","ann b"]}}"#,
        );
        socket.send(roster).expect("the client reads");
        (target.to_owned(), texts(socket))
    });
    let wire = by_name("path").expect("a wire");
    let mut client = in_time(Client::connect(&address, wire, "ann b")).await;
    let (one, two) = (RoomId::from("one"), RoomId::from("a/\u{5f20}"));
    let chat = Meaning::Chat { text: "\"hi\"" };
    let early = client.say(&one, &Target::Everyone, chat.clone()).await;
    assert!(matches!(early, Err(ClientError::Away)), "{early:?}");

    in_time(client.join(one.clone(), Role::Receiver)).await;
    assert_eq!(joined(told(&mut client).await), (one.clone(), 2));
    in_time(client.say(&one, &Target::Peer("bob".into()), chat)).await;

    in_time(client.join(two.clone(), Role::Receiver)).await;
    assert_eq!(left(told(&mut client).await), one);
    assert_eq!(joined(told(&mut client).await), (two.clone(), 2));
    let (path, texts) = served.recv_timeout(PATIENCE).expect("a connection");
    assert_eq!(path, "/ws/one/ann%20b");
    let [text] = &texts[..] else {
        panic!("{texts:?}")
    };
    assert!(text.contains(r#""type":"chat""#), "{text}");
    assert!(text.contains(r#""target":"bob""#), "{text}");

    in_time(client.leave(two.clone())).await;
    assert_eq!(left(told(&mut client).await), two);
    let (path, texts) = served.recv_timeout(PATIENCE).expect("another");
    assert_eq!(path, "/ws/a%2F%E5%BC%A0/ann%20b");
    assert_eq!(texts, [""; 0]);
    // Nobody is there to say anything, which is not the end.
    let next = tokio::time::timeout(Duration::from_millis(50), client.next()).await;
    assert!(next.is_err(), "{next:?}");
    in_time(client.close()).await;
}

#[tokio::test]
async fn s0_1_on_the_socketio_wire_messages_are_addressed_inside_their_envelope() {
    let (address, served) = serve(|target, socket| {
        let open = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        for text in [
            open,
            r#"40{"sid":"x"}"#,
            r#"42["joined",{"type":"joined","userId":"ann","roomId":"one","users":["ann"]}]"#,
        ] {
            socket.send(Message::text(text)).expect("the client reads");
        }
        (target.to_owned(), texts(socket))
    });
    let wire = by_name("socketio").expect("a wire");
    let mut client = in_time(Client::connect(&address, wire, "ann")).await;
    in_time(client.join("one".into(), Role::Receiver)).await;
    let joined = told(&mut client).await;
    assert!(
        matches!(joined, Told::Event(Event::Joined { .. })),
        "{joined:?}"
    );
    let chat = Meaning::Chat { text: "\"hi\"" };
    in_time(client.say(&"one".into(), &Target::Peer("bob".into()), chat)).await;
    in_time(client.send("2[\"message\",{\"roomId\":\"one\"}]")).await;
    in_time(client.close()).await;

    let (target, texts) = served.recv_timeout(PATIENCE).expect("a connection");
    assert_eq!(target, "/socket.io/?EIO=4&transport=websocket");
    let [connect, join, addressed, as_it_is] = &texts[..] else {
        panic!("{texts:?}");
    };
    assert!(connect.starts_with("40"), "{connect}");
    assert!(join.starts_with(r#"42["join",{"#), "{join}");
    assert!(addressed.starts_with(r#"42["message",{"#), "{addressed}");
    assert!(
        addressed.contains(r#""target":"bob""#) && addressed.ends_with("}]"),
        "{addressed}"
    );
    assert_eq!(as_it_is, r#"42["message",{"roomId":"one"}]"#);
}

#[tokio::test]
async fn a_goodbye_lets_the_server_finish() {
    let (address, _served) = serve(|_, socket| {
        let heard = socket.read().expect("a join");
        let joined = r#"{"type":"joined","userId":"ann","roomId":"one","users":["ann"]}"#;
        socket
            .send(Message::text(joined))
            .expect("the client reads");
        texts(socket);
        heard
    });
    let wire = by_name("join").expect("a wire");
    let mut client = in_time(Client::connect(&address, wire, "")).await;
    client.go_by("ann");
    in_time(client.join("one".into(), Role::Receiver)).await;
    in_time(client.say_goodbye()).await;
    let joined = told(&mut client).await;
    assert!(
        matches!(joined, Told::Event(Event::Joined { .. })),
        "{joined:?}"
    );
    assert_eq!(in_time(client.next()).await, None);
    assert_eq!(client.farewell().map(|(code, _)| code), Some(1000));
    // It stays the end.
    assert_eq!(in_time(client.next()).await, None);
}
