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
    if !session.begin_probe() {
        return;
    }
    let Established {
        mut read,
        write,
        mut early,
        admission,
        ..
    } = upgraded;
    let probe = probed(
        &mut read,
        &write,
        &mut early,
        node.config.limits.message_bytes,
    );
    match timeout(node.config.timeouts.handshake, probe).await {
        Ok(Ok(early)) => session.hand_over(
            Successor {
                socket: read,
                early,
                admission,
            },
            write,
        ),
        Ok(Err(_)) | Err(_) => session.give_up_probe(),
    }
}

/// Answers the probe; what stands behind the word to change, once that has come.
async fn probed(
    read: &mut ReadHalf,
    write: &WriteHalf,
    early: &mut Vec<u8>,
    longest: usize,
) -> io::Result<Vec<u8>> {
    let mut reader = Reader::new(Role::Server, longest);
    let mut bytes = std::mem::take(early);
    loop {
        let mut frames = reader.feed(&mut bytes);
        while let Some(message) = frames.next_message().map_err(io::Error::other)? {
            let Message::Text(text) = message else {
                continue;
            };
            match Packet::parse(text) {
                Ok(Packet::Ping(PROBE)) => {
                    let (mut pong, mut frame) = (Vec::new(), Vec::new());
                    Packet::Pong(PROBE).write_to(&mut pong);
                    write_frame(&mut frame, OpCode::Text, &pong);
                    // Nothing was written yet, so that there is room for it.
                    write.try_write(&frame)?;
                }
                Ok(Packet::Upgrade) => return Ok(frames.into_rest().to_vec()),
                _ => {}
            }
        }
        if reader.is_finished() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        bytes.resize(4 * 1024, 0);
        let size = poll_fn(|cx| {
            let mut space = ReadBuf::new(&mut bytes);
            read.poll_read(cx, &mut space)
                .map_ok(|()| space.filled().len())
        })
        .await?;
        if size == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(size);
    }
}
