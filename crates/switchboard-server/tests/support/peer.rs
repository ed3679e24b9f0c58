//! A well-behaved client: JSON in, JSON out, pings answered while it listens.

use std::collections::VecDeque;
use std::net::SocketAddr;

use serde_json::{Value, json};
use switchboard_client::{Address, Frame, Transport, TransportError};

use super::in_time;

/// What a client hears next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Message(Value),
    /// The server closes: code and reason.
    Close(u16, String),
    /// The connection is over.
    End,
}

/// A client with the id it goes by.
#[derive(Debug)]
pub(crate) struct Peer {
    transport: Transport,
    /// Heard while it attended to something else.
    inbox: VecDeque<Heard>,
    pub(crate) id: String,
}

impl Peer {
    /// Connects, and says nothing.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        Self::connect_to(server, "/ws").await
    }

    /// Connects at a path, and says nothing.
    pub(crate) async fn connect_to(server: SocketAddr, path: &str) -> Self {
        let address: Address = format!("ws://{server}{path}").parse().expect("a URL");
        let transport = in_time("a connection", Transport::connect(&address)).await;
        Self {
            transport: transport.expect("a connection"),
            inbox: VecDeque::new(),
            id: String::new(),
        }
    }

    /// Connects and joins a room on the `join-room` wire.
    pub(crate) async fn join(server: SocketAddr, room: &str, id: &str) -> Self {
        let mut peer = Self::connect(server).await;
        peer.ask_to_join(room, id).await;
        peer.expect("join-success").await;
        peer
    }

    /// Connects and registers on the `register` wire.
    pub(crate) async fn register(server: SocketAddr, id: &str) -> Self {
        let mut peer = Self::connect(server).await;
        id.clone_into(&mut peer.id);
        peer.send(&json!({"type": "register", "client_id": id}))
            .await;
        assert_eq!(peer.expect("registered").await["client_id"], id);
        peer
    }

    /// Connects, registers and joins a room; gives the ids of those already there as well.
    pub(crate) async fn register_in(
        server: SocketAddr,
        room: &str,
        id: &str,
    ) -> (Self, Vec<String>) {
        let mut peer = Self::register(server, id).await;
        peer.send(&json!({"type": "join", "room_id": room, "role": "receiver"}))
            .await;
        let joined = peer.expect("joined").await;
        let others = joined["peers"].as_array().expect("a roster").iter();
        let others = others.map(|peer| peer["client_id"].as_str().expect("an id").to_owned());
        (peer, others.collect())
    }

    /// Asks to join a room on the `join-room` wire; the answer is yet to be heard.
    pub(crate) async fn ask_to_join(&mut self, room: &str, id: &str) {
        id.clone_into(&mut self.id);
        self.send(&json!({"type": "join-room", "roomId": room, "sender": id}))
            .await;
    }

    /// Says a line of chat to everybody in its room.
    pub(crate) async fn chat(&mut self, text: &str) {
        self.send(&json!({"type": "chat", "message": text})).await;
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.queue(text);
        self.flush().await;
    }

    /// Sent by the next [`Peer::flush`], in one write with what is queued before and after.
    pub(crate) fn queue(&mut self, text: &str) {
        self.transport.queue(text.as_bytes());
    }

    pub(crate) async fn flush(&mut self) {
        in_time("a write", self.transport.flush())
            .await
            .expect("the server reads");
    }

    /// What comes next, whatever it is.
    pub(crate) async fn hear(&mut self) -> Heard {
        if let Some(heard) = self.inbox.pop_front() {
            return heard;
        }
        in_time(&format!("something for {:?}", self.id), self.receive()).await
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Value {
        match self.hear().await {
            Heard::Message(message) => message,
            other => panic!("{:?} hears {other:?} in place of a message", self.id),
        }
    }

    /// The next message, which must be of this type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let message = self.message().await;
        assert_eq!(message["type"], kind, "{:?} hears {message}", self.id);
        message
    }

    /// The next message, which must be an error; gives its code.
    pub(crate) async fn refused(&mut self) -> String {
        let error = self.expect("error").await;
        assert!(error["message"].is_string(), "{error}");
        error["code"].as_str().expect("a code").to_owned()
    }

    /// The next message, which must be a line of chat.
    pub(crate) async fn chatted(&mut self) -> String {
        let chat = self.expect("chat").await;
        chat["message"].as_str().expect("a line").to_owned()
    }

    /// What comes next must be a close frame, and then the end.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        match self.hear().await {
            Heard::Close(code, reason) => {
                assert_eq!(self.hear().await, Heard::End);
                (code, reason)
            }
            other => panic!("{:?} hears {other:?} in place of a close frame", self.id),
        }
    }

    /// Answers pings while something else goes on; what it hears meanwhile is kept for later.
    pub(crate) async fn attend<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = std::pin::pin!(other);
        loop {
            tokio::select! {
                done = &mut other => return done,
                heard = receive(&mut self.transport) => {
                    let over = heard == Heard::End;
                    self.inbox.push_back(heard);
                    if over {
                        return other.await;
                    }
                }
            }
        }
    }

    /// Says goodbye and waits until the server has closed.
    pub(crate) async fn close(self) {
        in_time("a goodbye", self.transport.close())
            .await
            .expect("a proper end");
    }

    async fn receive(&mut self) -> Heard {
        receive(&mut self.transport).await
    }
}

async fn receive(transport: &mut Transport) -> Heard {
    match transport.next().await {
        Ok(Some(Frame::Text(text))) => {
            Heard::Message(serde_json::from_str(&text).expect("messages are JSON"))
        }
        Ok(Some(Frame::Close(code, reason))) => Heard::Close(code, reason),
        Ok(None) | Err(TransportError::Io(_)) => Heard::End,
        Err(error) => panic!("the server breaks the protocol: {error}"),
    }
}
