//! Clients of every wire, and REST as they are looked for in it.

use std::net::SocketAddr;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::support::http::{Response, get};
use crate::support::socket::handshake;
use crate::support::{Peer, Socket, eventually};

/// The wires that a client can come over.
pub(crate) const WIRES: [&str; 5] = ["register", "join-room", "join", "path", "socketio"];

/// A client on one of them.
#[derive(Debug)]
pub(crate) struct Guest {
    wire: &'static str,
    id: String,
    room: String,
    line: Line,
}

/// What a client speaks over.
#[derive(Debug)]
enum Line {
    /// A WebSocket with JSON messages.
    Json(Box<Peer>),
    /// A WebSocket with Engine.IO packets.
    Packets(Socket),
}

impl Guest {
    /// Connects over a wire and joins a room there.
    pub(crate) async fn join(wire: &'static str, server: SocketAddr, room: &str, id: &str) -> Self {
        let line = match wire {
            "register" => Line::Json(Box::new(Peer::register_in(server, room, id).await.0)),
            "join-room" => Line::Json(Box::new(Peer::join(server, room, id).await)),
            "join" => {
                let mut peer = Peer::connect(server).await;
                let join = json!({"type": "join", "userId": id, "roomId": room});
                peer.send(&join).await;
                peer.expect("joined").await;
                Line::Json(Box::new(peer))
            }
            "path" => {
                let path = format!("/ws/{}/{}", encoded(room), encoded(id));
                let mut peer = Peer::connect_to(server, &path).await;
                peer.expect("room_users").await;
                Line::Json(Box::new(peer))
            }
            "socketio" => {
                let mut socket = Socket::connect(server).await;
                let path = "/socket.io/?EIO=4&transport=websocket";
                socket.upgrade(&handshake(path, "")).await;
                socket.say("40").await;
                let join = json!(["join", {"userId": id, "roomId": room}]);
                socket.say(&format!("42{join}")).await;
                Line::Packets(socket)
            }
            unknown => panic!("no wire {unknown}"),
        };
        let mut guest = Self {
            wire,
            id: id.to_owned(),
            room: room.to_owned(),
            line,
        };
        if let Line::Packets(_) = &guest.line {
            guest.hears(r#"42["joined","#).await;
        }
        guest
    }

    /// Takes its leave of the room it is in; gives what it keeps open.
    pub(crate) async fn leave(mut self) -> Option<Self> {
        let (room, id) = (&self.room, &self.id);
        let leave = match self.wire {
            "register" => json!({"type": "leave", "room_id": room}),
            "join-room" => json!({"type": "leave-room", "roomId": room, "sender": id}),
            "join" | "socketio" => json!({"type": "leave", "userId": id, "roomId": room}),
            // There is no other way out.
            _ => {
                if let Line::Json(peer) = self.line {
                    peer.close().await;
                }
                return None;
            }
        };
        match &mut self.line {
            Line::Json(peer) => peer.send(&leave).await,
            Line::Packets(socket) => socket.say(&format!("42{}", json!(["leave", leave]))).await,
        }
        Some(self)
    }

    /// Listens until a message holds this text.
    pub(crate) async fn hears(&mut self, text: &str) {
        loop {
            let message = match &mut self.line {
                Line::Json(peer) => peer.message().await.to_string(),
                Line::Packets(socket) => {
                    String::from_utf8(socket.frame().await.1).expect("messages are text")
                }
            };
            if message.contains(text) {
                return;
            }
        }
    }
}

/// Every byte of a name that is not a plain letter or digit, percent-encoded.
pub(crate) fn encoded(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(byte).collect()
}

/// A JSON answer that must be of this status.
pub(crate) fn read(response: &Response, status: u16) -> Value {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/json"));
    serde_json::from_str(&response.body).expect("JSON")
}

/// A JSON answer of this status.
pub(crate) async fn ask(server: SocketAddr, path: &str, status: u16) -> Value {
    read(&get(server, path).await, status)
}

/// A problem of this status; gives its detail.
pub(crate) async fn problem(server: SocketAddr, path: &str, status: u16) -> String {
    let answer = ask(server, path, status).await;
    let detail = answer["detail"].as_str().expect("a detail");
    assert_eq!(answer, json!({ "detail": detail }), "nothing besides");
    detail.to_owned()
}

/// Whom REST lists in a room; nobody if it knows of no such room.
pub(crate) async fn listed(server: SocketAddr, room: &str) -> Vec<String> {
    let response = get(server, &format!("/rooms/{}/users", encoded(room))).await;
    if response.status == 404 {
        return Vec::new();
    }
    let users = read(&response, 200);
    let users = users.as_array().expect("a list").iter();
    users
        .map(|user| user["user_id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Asks until REST lists exactly these, in this order.
pub(crate) async fn until_listed(server: SocketAddr, room: &str, users: &[&str]) {
    let what = format!("{users:?} in {room:?}");
    eventually(&what, async || {
        (listed(server, room).await == users).then_some(())
    })
    .await;
}

/// A time, which must be in UTC with milliseconds.
pub(crate) fn time(value: &Value) -> SystemTime {
    let text = value.as_str().expect("a time");
    assert_eq!(text.len(), "2026-01-01T00:00:00.000Z".len(), "{text}");
    humantime::parse_rfc3339(text).expect("RFC 3339")
}
