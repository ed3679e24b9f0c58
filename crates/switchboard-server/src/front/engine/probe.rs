//! A WebSocket that takes over from polling: the client probes it first, then says when to change.

use std::io;
use std::sync::Arc;

use switchboard_engineio::{PROBE, Packet};
use switchboard_websocket::{Message, OpCode, Reader, Role, write_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::session::{Session, Successor};
use crate::front::websocket::Established;
use crate::node::Node;
use crate::stream::Stream;

/// Waits until the client has tried the new way and wants to change to it; if it does not, the session goes on as it
/// is.
pub(super) async fn take_over(
    session: Arc<Session>,
    node: Arc<Node>,
    upgraded: Established<Stream>,
) {
    let Established {
        socket: stream,
        early,
        admission,
        ..
    } = upgraded;
    let mut probe = Probe {
        session: &session,
        stream,
        longest: node.config.limits.message_bytes,
        has_begun: false,
    };
    let probed = timeout(node.config.timeouts.handshake, probe.run(early)).await;
    let Probe {
        stream, has_begun, ..
    } = probe;
    let taken_over = match probed {
        Ok(Ok(early)) => {
            let parts = stream.into_socket().ok();
            parts.map(|(socket, unread)| (socket, [early, unread].concat()))
        }
        Ok(Err(_)) | Err(_) => None,
    };
    match taken_over {
        Some((socket, early)) => session.hand_over(Successor { early, admission }, socket),
        None if has_begun => session.give_up_probe(),
        None => {}
    }
}

/// A WebSocket that is being tried.
struct Probe<'s> {
    session: &'s Session,
    stream: Stream,
    /// The longest frame.
    longest: usize,
    /// Whether polls have been told not to wait.
    has_begun: bool,
}

impl Probe<'_> {
    /// Answers the probe; what stands behind the word to change, once that has come.
    async fn run(&mut self, early: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut reader = Reader::new(Role::Server, self.longest);
        let mut bytes = early;
        loop {
            let mut frames = reader.feed(&mut bytes);
            while let Some(message) = frames.next_message().map_err(io::Error::other)? {
                let Message::Text(text) = message else {
                    continue;
                };
                match Packet::parse(text) {
                    Ok(Packet::Ping(PROBE)) => self.answer().await?,
                    Ok(Packet::Upgrade) if self.has_begun => {
                        return Ok(frames.into_rest().to_vec());
                    }
                    _ => {}
                }
            }
            if reader.is_finished() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            bytes.resize(4 * 1024, 0);
            let size = self.stream.read(&mut bytes).await?;
            if size == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.truncate(size);
        }
    }

    async fn answer(&mut self) -> io::Result<()> {
        if !self.has_begun && !self.session.begin_probe() {
            // Another WebSocket is being tried.
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.has_begun = true;
        let (mut pong, mut frame) = (Vec::new(), Vec::new());
        Packet::Pong(PROBE).write_to(&mut pong);
        write_frame(&mut frame, OpCode::Text, &pong);
        self.stream.write_all(&frame).await
    }
}
