//! A WebSocket client that can do everything wrong.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

pub(crate) const FIN: u8 = 0x80;
pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// Longer than any answer takes on a slow machine.
const BOUND: Duration = Duration::from_secs(20);

/// A frame as a client sends it: its first byte as given, masked.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x3f, 0xc1, 0x00, 0x9a];
    let mut out = header(first, 0x80, payload.len());
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    out
}

/// A frame as a client must not send it.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, 0, payload.len()), payload.to_vec()].concat()
}

/// The payload of a close frame.
pub(crate) fn close_payload(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

fn header(first: u8, mask_bit: u8, length: usize) -> Vec<u8> {
    let mut out = vec![first];
    match length {
        0..=125 => out.push(mask_bit | length as u8),
        126..=0xFFFF => {
            out.push(mask_bit | 126);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out
}

/// What a client hears from the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Text(String),
    Pong(Vec<u8>),
    /// The code, if there is one.
    Close(Option<u16>),
    /// The server has closed the TCP connection.
    End,
}

/// One client's TCP connection, already upgraded.
pub(crate) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        let mut wire = Self {
            stream,
            received: Vec::new(),
        };
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n"
        );
        wire.send(request.as_bytes()).await;
        let head = loop {
            if let Some(end) = find(&wire.received, b"\r\n\r\n") {
                break wire.received.drain(..end + 4).collect::<Vec<u8>>();
            }
            assert!(
                wire.receive().await,
                "the server closed during the handshake"
            );
        };
        let head = String::from_utf8(head).expect("an HTTP head");
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        wire
    }

    /// Sends in one write. A server which has already closed is found out by [`Self::hear`].
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(BOUND, self.stream.write_all(bytes)).await;
        match sent.expect("the server reads") {
            Ok(()) => {}
            Err(error) if is_disconnect(error.kind()) => {}
            Err(error) => panic!("cannot send: {error}"),
        }
    }

    /// Sends in writes of `size` bytes, far enough apart to be read one by one as a rule.
    pub(crate) async fn send_chopped(&mut self, bytes: &[u8], size: usize) {
        for piece in bytes.chunks(size) {
            self.send(piece).await;
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// The next frame. It must be what a server may send: whole, unmasked, in the shortest form.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            if let Some((first, payload)) = self.next_frame() {
                assert_eq!(first & 0xF0, FIN, "whole frames without reserved bits");
                return match first & 0x0F {
                    TEXT => Heard::Text(String::from_utf8(payload).expect("text is UTF-8")),
                    PONG => Heard::Pong(payload),
                    CLOSE => Heard::Close(payload.first_chunk().map(|c| u16::from_be_bytes(*c))),
                    other => panic!("the server sent opcode {other:#x}"),
                };
            }
            if !self.receive().await {
                assert!(self.received.is_empty(), "the server closed within a frame");
                return Heard::End;
            }
        }
    }

    fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.received.first()?, *self.received.get(1)?);
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let (size, length) = match second {
            126 => {
                let length = u16::from_be_bytes(*self.received.get(2..)?.first_chunk()?);
                assert!(length > 125, "the shortest form of a length");
                (4, usize::from(length))
            }
            127 => {
                let length = u64::from_be_bytes(*self.received.get(2..)?.first_chunk()?);
                assert!(length > 0xFFFF, "the shortest form of a length");
                (10, usize::try_from(length).expect("a length that fits"))
            }
            short => (2, usize::from(short)),
        };
        let payload = self.received.get(size..size + length)?.to_vec();
        self.received.drain(..size + length);
        Some((first, payload))
    }

    /// Reads once; says whether the server is still there.
    async fn receive(&mut self) -> bool {
        let read = timeout(BOUND, self.stream.read_buf(&mut self.received)).await;
        match read.expect("the server answers in time") {
            Ok(length) => length > 0,
            // It has closed while something of ours was still on the way.
            Err(error) if is_disconnect(error.kind()) => false,
            Err(error) => panic!("cannot receive: {error}"),
        }
    }
}

fn is_disconnect(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    )
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}
