//! A client that is polled, request by request.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::http::{Response, exchange};
use crate::support::{Socket, in_time};

pub(crate) const PATH: &str = "/socket.io/?EIO=4&transport=polling";

/// A session of its own.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) server: SocketAddr,
    pub(crate) sid: String,
    /// What was polled and not looked at yet.
    unread: Vec<String>,
}

impl Polled {
    /// Shakes hands, no more.
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let response = exchange(server, &get(PATH)).await;
        assert_eq!(response.status, 200, "{response:?}");
        let json = response.body.strip_prefix('0').expect("an open packet");
        let open: Value = serde_json::from_str(json).expect("JSON");
        Self {
            server,
            sid: open["sid"].as_str().expect("a sid").to_owned(),
            unread: Vec::new(),
        }
    }

    /// Shakes hands and connects to the namespace.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let mut client = Self::open(server).await;
        client.post("40").await;
        assert!(client.packet().await.starts_with("40{"));
        assert!(client.packet().await.starts_with("42[\"connected\","));
        client
    }

    /// In a room.
    pub(crate) async fn join(server: SocketAddr, room: &str, user: &str) -> Self {
        let mut client = Self::connect(server).await;
        client
            .post(&format!(
                r#"42["join",{{"userId":"{user}","roomId":"{room}"}}]"#
            ))
            .await;
        assert!(client.packet().await.starts_with("42[\"joined\","));
        client
    }

    pub(crate) fn url(&self) -> String {
        format!("{PATH}&sid={}", self.sid)
    }

    /// POSTs a payload that must be taken.
    pub(crate) async fn post(&self, payload: &str) {
        let response = self.try_post(payload).await;
        assert_eq!((response.status, response.body.as_str()), (200, "ok"));
    }

    pub(crate) async fn try_post(&self, payload: &str) -> Response {
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{payload}",
            self.url(),
            payload.len()
        );
        exchange(self.server, &request).await
    }

    /// One poll's answer.
    pub(crate) async fn poll(&self) -> Vec<String> {
        let response = self.try_poll().await;
        assert_eq!(response.status, 200, "{response:?}");
        response.body.split('\x1e').map(str::to_owned).collect()
    }

    pub(crate) async fn try_poll(&self) -> Response {
        exchange(self.server, &get(&self.url())).await
    }

    /// A poll that is asked for and not waited for.
    pub(crate) async fn begin_poll(&self) -> Socket {
        let mut socket = Socket::connect(self.server).await;
        socket.send(get(&self.url())).await;
        // The server is to have it before whatever comes next on another socket.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        socket
    }

    /// The next packet.
    pub(crate) async fn packet(&mut self) -> String {
        while self.unread.is_empty() {
            self.unread = in_time("a packet", self.poll()).await;
        }
        self.unread.remove(0)
    }
}

fn get(url: &str) -> String {
    format!("GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A line of chat as a packet.
pub(crate) fn chat(room: &str, number: usize) -> String {
    format!(r#"42["message",{{"roomId":"{room}","type":"chat","message":{number}}}]"#)
}
