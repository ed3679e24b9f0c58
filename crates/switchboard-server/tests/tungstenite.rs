//! Another implementation of RFC 6455 as the client: tungstenite, the most used one of this language.

mod common;

use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use common::{TestServer, quiet_config};

type Client = WebSocket<MaybeTlsStream<TcpStream>>;

fn connect(server: &TestServer, path: &str) -> Client {
    let (client, response) =
        tungstenite::connect(format!("ws://{}{path}", server.addr())).expect("a connection");
    assert_eq!(response.status(), 101);
    if let MaybeTlsStream::Plain(stream) = client.get_ref() {
        let patience = std::time::Duration::from_secs(10);
        stream
            .set_read_timeout(Some(patience))
            .expect("a socket with a timeout");
    }
    client
}

fn say(client: &mut Client, message: &Value) {
    client
        .send(Message::text(message.to_string()))
        .expect("sent");
}

fn hear(client: &mut Client) -> Value {
    loop {
        match client.read().expect("a message") {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn s1_1_s1_2_tungstenite_joins_and_relays_at_every_path() {
    let server = TestServer::start_now(quiet_config());
    let mut ann = connect(&server, "/");
    say(
        &mut ann,
        &json!({"type": "join-room", "roomId": "room", "sender": "ann"}),
    );
    assert_eq!(
        hear(&mut ann),
        json!({"type": "join-success", "roomId": "room", "userId": "ann"})
    );
    for (path, name) in [("/ws", "bob"), ("/ws/", "cy")] {
        let mut other = connect(&server, path);
        say(
            &mut other,
            &json!({"type": "join-room", "roomId": "room", "sender": name}),
        );
        assert_eq!(hear(&mut other)["type"], "join-success");
        assert_eq!(
            hear(&mut ann),
            json!({"type": "user-joined", "userId": name})
        );

        // Short, medium and long frames in both directions.
        for size in [10, 1_000, 100_000] {
            let chat = json!({"type": "chat", "roomId": "room", "sender": name, "message": "x".repeat(size)});
            say(&mut other, &chat);
            assert_eq!(hear(&mut ann), chat);
        }

        other
            .send(Message::Ping("still there?".into()))
            .expect("sent");
        assert_eq!(
            other.read().expect("a pong"),
            Message::Pong("still there?".into())
        );

        other.close(None).expect("a close frame");
        while other.read().is_ok() {}
        assert_eq!(hear(&mut ann), json!({"type": "user-left", "userId": name}));
    }
}

#[test]
fn s1_4_tungstenite_gets_a_close_when_the_server_stops() {
    let mut server = TestServer::start_now(quiet_config());
    let mut ann = connect(&server, "/");
    say(&mut ann, &json!({"type": "register", "client_id": "ann"}));
    assert_eq!(hear(&mut ann)["type"], "registered");
    server.begin_stop();
    let Message::Close(Some(frame)) = ann.read().expect("a close frame") else {
        panic!("no close frame")
    };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (1001, "server shutting down")
    );
}
