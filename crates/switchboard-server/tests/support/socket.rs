//! A socket to do anything with, right or wrong.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::SockRef;
use switchboard_websocket::{OpCode, SAMPLE_KEY, frame_size, write_masked, write_masked_close};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::http::Response;
use super::in_time;

const MASK: [u8; 4] = [0x3f, 0xc1, 0x00, 0x9a];

/// A text frame as a client sends it.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    frame(OpCode::Text, payload.as_bytes())
}

/// A frame as a client sends it.
pub(crate) fn frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_masked(&mut out, opcode, payload, MASK);
    out
}

/// A close frame as a client sends it.
pub(crate) fn close(code: u16) -> Vec<u8> {
    let mut out = Vec::new();
    write_masked_close(&mut out, code, "", MASK);
    out
}

/// Code and reason of a close frame's payload.
pub(crate) fn close_reason(payload: &[u8]) -> (u16, String) {
    let (code, reason) = payload.split_first_chunk().expect("a code");
    (
        u16::from_be_bytes(*code),
        String::from_utf8(reason.to_vec()).expect("text"),
    )
}

/// A WebSocket handshake, with further header lines each ended by `\r\n`.
pub(crate) fn handshake(path: &str, headers: &str) -> String {
    handshake_with_key(path, "AQIDBAUGBwgJCgsMDQ4PEA==", headers)
}

/// The handshake of a client that was written by hand after RFC 6455.
pub(crate) fn hand_written_handshake() -> String {
    handshake_with_key("/", SAMPLE_KEY, "")
}

fn handshake_with_key(path: &str, key: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n"
    )
}

/// A socket, and what came over it unread.
#[derive(Debug)]
pub(crate) struct Socket<S = TcpStream> {
    stream: S,
    received: Vec<u8>,
}

impl Socket {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let stream = in_time("a connection", TcpStream::connect(server)).await;
        Self::of(stream.expect("the server listens"))
    }

    /// From another address of this machine.
    pub(crate) async fn connect_from(ip: [u8; 4], server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((ip, 0).into()).expect("an address of ours");
        let stream = in_time("a connection", socket.connect(server)).await;
        Self::of(stream.expect("the server listens"))
    }

    /// With a receive buffer so small that what is not read soon stays with the server.
    pub(crate) async fn connect_narrow(server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = in_time("a connection", socket.connect(server)).await;
        Self::of(stream.expect("the server listens"))
    }

    /// Narrow, and upgraded.
    pub(crate) async fn narrow_websocket(server: SocketAddr) -> Self {
        let mut socket = Self::connect_narrow(server).await;
        socket.upgrade(&handshake("/ws", "")).await;
        socket
    }

    /// Connected and upgraded.
    pub(crate) async fn websocket(server: SocketAddr) -> Self {
        let mut socket = Self::connect(server).await;
        socket.upgrade(&handshake("/ws", "")).await;
        socket
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .expect("a socket option");
    }
}

impl Socket<UnixStream> {
    pub(crate) async fn connect_unix(path: &Path) -> Self {
        let stream = in_time("a connection", UnixStream::connect(path)).await;
        Self::of(stream.expect("the server listens"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    fn of(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the server reads");
    }

    /// Sends as far as the server takes it.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        in_time("a write", self.stream.write_all(bytes.as_ref())).await
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.expect("an open socket");
    }

    /// Shakes hands.
    pub(crate) async fn upgrade(&mut self, handshake: &str) {
        self.send(handshake).await;
        self.upgraded().await;
    }

    /// The answer to a handshake that was sent.
    pub(crate) async fn upgraded(&mut self) {
        let response = self.response().await;
        assert_eq!(response.status, 101, "{response:?}");
    }

    /// Sends a text message.
    pub(crate) async fn say(&mut self, message: &str) {
        self.send(text(message)).await;
    }

    /// Joins a room on the `join-room` wire.
    pub(crate) async fn join(&mut self, room: &str, id: &str) {
        self.say(&format!(
            r#"{{"type":"join-room","roomId":"{room}","sender":"{id}"}}"#
        ))
        .await;
        let (opcode, payload) = self.frame().await;
        assert_eq!(opcode, OpCode::Text);
        assert!(payload.starts_with(br#"{"type":"join-success""#));
    }

    /// The next frame of the server.
    pub(crate) async fn frame(&mut self) -> (OpCode, Vec<u8>) {
        self.try_frame().await.expect("a frame before the end")
    }

    /// The next frame of the server; `None` if the connection ends.
    pub(crate) async fn try_frame(&mut self) -> Option<(OpCode, Vec<u8>)> {
        loop {
            if let Some(size) = frame_size(&self.received)
                && self.received.len() >= size
            {
                let whole: Vec<u8> = self.received.drain(..size).collect();
                let header = match whole[1] {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                };
                let opcode = match whole[0] {
                    0x81 => OpCode::Text,
                    0x88 => OpCode::Close,
                    0x89 => OpCode::Ping,
                    0x8a => OpCode::Pong,
                    other => panic!("the server sends a frame that begins with {other:#x}"),
                };
                return Some((opcode, whole[header..].to_vec()));
            }
            if !self.receive().await {
                return None;
            }
        }
    }

    /// The next frame, which must be a close frame; gives code and reason.
    pub(crate) async fn closing(&mut self) -> (u16, String) {
        let (opcode, payload) = self.frame().await;
        assert_eq!(opcode, OpCode::Close, "{:?}", String::from_utf8(payload));
        close_reason(&payload)
    }

    /// The next HTTP response.
    pub(crate) async fn response(&mut self) -> Response {
        self.try_response().await.expect("a response")
    }

    /// The next HTTP response; `None` if the connection ends before it is whole.
    pub(crate) async fn try_response(&mut self) -> Option<Response> {
        loop {
            if let Some((response, size)) = Response::parse(&self.received) {
                self.received.drain(..size);
                return Some(response);
            }
            if !self.receive().await {
                return None;
            }
        }
    }

    /// Waits until the server has ended the connection; gives what it still sent.
    pub(crate) async fn ended(&mut self) -> Vec<u8> {
        while self.receive().await {}
        std::mem::take(&mut self.received)
    }

    /// Reads once; says whether the server is still there.
    async fn receive(&mut self) -> bool {
        let read = in_time("a read", self.stream.read_buf(&mut self.received)).await;
        matches!(read, Ok(1..))
    }
}
