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
async fn a_server_below_a_path_of_a_proxy_is_found_there() {
    let (address, served) = serve(|target, socket| {
        if target.contains("socket.io") {
            let open = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
            let open = Message::text(open);
            socket.send(open).expect("the client reads");
        }
        texts(socket);
        target.to_owned()
    });
    for (below, wire, expected) in [
        (
            "/call/",
            "socketio",
            "/call/socket.io/?EIO=4&transport=websocket",
        ),
        ("/call/?x=1", "path", "/call/ws/studio/ann"),
        ("/call/ws", "path", "/call/ws/studio/ann"),
        ("/ws/", "path", "/ws/studio/ann"),
        ("/call/ws?x=1", "join", "/call/ws?x=1"),
    ] {
        let address = address.at(below.to_owned());
        let wire = by_name(wire).expect("a wire");
        let mut client = in_time(Client::connect(&address, wire, "ann")).await;
        in_time(client.join("studio".into(), Role::Receiver)).await;
        in_time(client.close()).await;
        let target = served.recv_timeout(PATIENCE).expect("a connection");
        assert_eq!(target, expected, "{below}");
    }
}

/// Answers registrations, and keeps what else is said.
fn register(socket: &mut WebSocket<TcpStream>, answers: &[&str]) -> Vec<String> {
    let mut said = Vec::new();
    let mut answers = answers.iter();
    while let Ok(message) = socket.read() {
        let Message::Text(text) = message else {
            continue;
        };
        if text.contains(r#""type":"register""#) {
            // What comes early is not what was waited for.
            std::thread::sleep(Duration::from_millis(50));
            for answer in answers.next().expect("an answer").lines() {
                let answer = Message::text(answer);
                socket.send(answer).expect("the client reads");
            }
            said.push(format!("registered after {}", said.len()));
        } else {
            said.push(text.to_string());
        }
    }
    said
}

#[tokio::test]
async fn s2_1_a_room_is_asked_for_when_the_id_is_registered() {
    let (address, served) = serve(|_, socket| {
        let answers = [
            r#"{"type":"registered","client_id":"ann"}"#,
            // Of a message before; no message of this wire; the answer.
            r#"{"type":"error","message":"Target not found: x","code":"target_not_found"}
7
{"type":"registered","client_id":"anna"}"#,
        ];
        register(socket, &answers)
    });
    let wire = by_name("register").expect("a wire");
    let mut client = in_time(Client::connect(&address, wire, "ann")).await;
    in_time(client.join("one".into(), Role::Receiver)).await;
    assert_eq!(joined(told(&mut client).await).0, RoomId::LOBBY);
    in_time(client.join("two".into(), Role::Receiver)).await;
    client.go_by("anna");
    in_time(client.join("three".into(), Role::Receiver)).await;
    // All that came meanwhile is told, in order.
    let refused = told(&mut client).await;
    assert!(matches!(refused, Told::Refused { .. }), "{refused:?}");
    let stray = client.next().await;
    assert!(matches!(stray, Err(ClientError::Decode(_))), "{stray:?}");
    assert_eq!(joined(told(&mut client).await).0, RoomId::LOBBY);
    in_time(client.close()).await;

    let said = served.recv_timeout(PATIENCE).expect("a connection");
    let room = |name| format!(r#"{{"type":"join","room_id":"{name}","role":"receiver"}}"#);
    let expected = [
        "registered after 0".to_owned(),
        room("one"),
        room("two"),
        "registered after 3".to_owned(),
        room("three"),
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn s2_1_no_room_is_asked_for_under_an_id_that_is_refused() {
    let (address, served) = serve(|_, socket| {
        let answers = [
            r#"{"type":"error","message":"invalid user id","code":"invalid_id"}"#,
            r#"{"type":"registered","client_id":"ann"}"#,
        ];
        register(socket, &answers)
    });
    let wire = by_name("register").expect("a wire");
    let mut client = in_time(Client::connect(&address, wire, "\u{7}")).await;
    in_time(client.join("one".into(), Role::Receiver)).await;
    let refused = told(&mut client).await;
    assert!(matches!(refused, Told::Refused { .. }), "{refused:?}");
    client.go_by("ann");
    in_time(client.join("two".into(), Role::Receiver)).await;
    assert_eq!(joined(told(&mut client).await).0, RoomId::LOBBY);
    in_time(client.close()).await;

    let said = served.recv_timeout(PATIENCE).expect("a connection");
    let room = r#"{"type":"join","room_id":"two","role":"receiver"}"#;
    assert_eq!(said, ["registered after 0", "registered after 1", room]);
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
