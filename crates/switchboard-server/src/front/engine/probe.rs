//! A WebSocket that takes over from polling: the client probes it first, then says when to change.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use switchboard_engineio::{PROBE, Packet};
use switchboard_websocket::{Message, OpCode, Reader, Role, write_frame};
use tokio::io::ReadBuf;
use tokio::time::timeout;

use super::session::{Session, Successor};
use crate::front::websocket::Established;
use crate::node::Node;
use crate::stream::{ReadHalf, WriteHalf};

/// Waits until the client has tried the new way and wants to change to it; if it does not, the session goes on as it
/// is.
pub(super) async fn take_over(session: Arc<Session>, node: Arc<Node>, upgraded: Established) {
    let Established {
        read,
        write,
        early,
        admission,
        ..
    } = upgraded;
    let mut probe = Probe {
        session: &session,
        read,
        write,
        longest: node.config.limits.message_bytes,
        has_begun: false,
    };
    let probed = timeout(node.config.timeouts.handshake, probe.run(early)).await;
    let Probe {
        read,
        write,
        has_begun,
        ..
    } = probe;
    match probed {
        Ok(Ok(early)) => session.hand_over(
            Successor {
                socket: read,
                early,
                admission,
            },
            write,
        ),
        Ok(Err(_)) | Err(_) => {
            if has_begun {
                session.give_up_probe();
            }
        }
    }
}

/// A WebSocket that is being tried.
struct Probe<'s> {
    session: &'s Session,
    read: ReadHalf,
    write: WriteHalf,
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
                    Ok(Packet::Ping(PROBE)) => self.answer()?,
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
            let size = poll_fn(|cx| {
                let mut space = ReadBuf::new(&mut bytes);
                self.read
                    .poll_read(cx, &mut space)
                    .map_ok(|()| space.filled().len())
            })
            .await?;
            if size == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.truncate(size);
        }
    }

    fn answer(&mut self) -> io::Result<()> {
        if !self.has_begun && !self.session.begin_probe() {
            // Another WebSocket is being tried.
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.has_begun = true;
        let (mut pong, mut frame) = (Vec::new(), Vec::new());
        Packet::Pong(PROBE).write_to(&mut pong);
        write_frame(&mut frame, OpCode::Text, &pong);
        // Nothing much was written yet, so that there is room for it.
        self.write.try_write(&frame).map(drop)
    }
}
