//! The task that reads one WebSocket, from its first byte to its end.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use switchboard_dialects::DecodeError;
use switchboard_websocket::{Message, ProtocolError, Reader, Role, code};
use tokio::io::ReadBuf;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::engine::packet::{self, Heard};
use crate::batch::Batch;
use crate::close::CloseReason;
use crate::connection::{Connection, Newcomer};
use crate::node::{Attached, Node};
use crate::pulse::CLOSE_TIMEOUT;
use crate::rate::Rate;
use crate::stream::ReadHalf;

/// What one connection's task works with.
pub(super) struct Reading {
    node: Arc<Node>,
    connection: Arc<Connection>,
    socket: ReadHalf,
    frames: Frames,
    /// What came and was not heard yet.
    unheard: Vec<u8>,
    /// Since when the other end is known to have gone while it was not read.
    gone: Option<Instant>,
    /// The connection's presence, until it ends.
    attached: Option<Attached>,
    /// See [`Node::live`].
    live: Arc<()>,
}

/// What turns bytes into messages, and how many of them may come.
struct Frames {
    reader: Reader,
    protocol: Protocol,
    rate: Rate,
}

/// What stands in a WebSocket's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// What a client says.
    Messages,
    /// Engine.IO packets, some of which hold what a client says.
    EngineIo,
}

/// What comes after some bytes.
enum Step {
    More,
    /// More, but not yet: the connection has said too much. With what it has said already and nobody has heard.
    Pause(Duration, Vec<u8>),
    /// The client has sent its close frame, with this code.
    Goodbye(u16),
    End,
}

thread_local! {
    /// What one read can bring. No connection has a buffer of its own while it is idle.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into_boxed_slice());
}

/// Makes a new connection known, has it greeted, and starts its task. `early` is what came with the handshake.
pub(super) fn begin(
    node: &Arc<Node>,
    newcomer: Newcomer,
    socket: ReadHalf,
    protocol: Protocol,
    early: Vec<u8>,
    greet: impl FnOnce(&Arc<Connection>, &mut Batch<'_>),
) {
    let connection = Arc::new(Connection::new(newcomer, node));
    let attached = node.attach(&connection);
    tracing::debug!(conn = %connection.id, peer = %connection.admission.peer, "connected");
    greet(&connection, &mut Batch::new(node));
    let reading = Reading::new(attached, node.live(), socket, protocol, early);
    tokio::spawn(reading.run());
}

impl Reading {
    /// For a connection that is known. `early` is what came before it is read here.
    pub(super) fn new(
        attached: Attached,
        live: Arc<()>,
        socket: ReadHalf,
        protocol: Protocol,
        early: Vec<u8>,
    ) -> Self {
        let (node, connection) = attached.parts();
        let limits = &node.config.limits;
        let frames = Frames {
            reader: Reader::new(Role::Server, protocol.longest(limits.message_bytes)),
            protocol,
            rate: Rate::new(limits.messages_per_second),
        };
        Self {
            node,
            connection,
            socket,
            frames,
            unheard: early,
            gone: None,
            attached: Some(attached),
            live,
        }
    }

    /// Reads the connection to its end.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn holds its arguments twice, and there is one for each connection"
    )]
    pub(super) fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            let goodbye = self.read_all().await;
            // The others are told at once; the socket may take its time.
            self.attached.take();
            if let Some(code) = goodbye {
                // Only now that nothing more comes for it: what came until now goes out before the answer, and what
                // follows goes to the same peer's other connections, if there are any.
                self.connection
                    .close_with(code, "", &mut Batch::new(&self.node));
            }
            Box::pin(self.part()).await;
            tracing::debug!(conn = %self.connection.id, "disconnected");
            drop(self.live);
        }
    }

    /// Reads until there is nothing more to read for; tells the code with which the client has said goodbye, if it has.
    async fn read_all(&mut self) -> Option<u16> {
        loop {
            let step = if self.unheard.is_empty() {
                self.read().await
            } else {
                let mut bytes = std::mem::take(&mut self.unheard);
                let (node, connection) = (&self.node, &self.connection);
                Ok(self.frames.take_in(&mut bytes, node, connection))
            };
            match step {
                Ok(Step::More) => {}
                Ok(Step::Pause(pause, rest)) => {
                    self.unheard = rest;
                    if !Box::pin(self.sit_out(pause)).await {
                        return None;
                    }
                }
                Ok(Step::Goodbye(code)) => return Some(code),
                Ok(Step::End) | Err(_) => return None,
            }
        }
    }

    /// Takes in what one read brings.
    async fn read(&mut self) -> io::Result<Step> {
        let Self {
            node,
            connection,
            socket,
            frames,
            ..
        } = self;
        poll_fn(|cx| {
            // In this order: who is dismissed from now on is woken.
            connection.adopt_reader(cx);
            if connection.is_dismissed() {
                return Poll::Ready(Ok(Step::End));
            }
            BUFFER.with_borrow_mut(|buffer| {
                let mut space = ReadBuf::new(buffer);
                let ready = socket.poll_read(cx, &mut space);
                ready.map_ok(|()| frames.take_in(space.filled_mut(), node, connection))
            })
        })
        .await
    }

    /// Reads nothing for a while. False if there is nothing more to wait for: the connection ends, or its other end has
    /// been gone for as long as one that is silent may be.
    async fn sit_out(&mut self, pause: Duration) -> bool {
        let vitals = &self.connection.vitals;
        vitals.paused.store(true, Ordering::Relaxed);
        let end = Instant::now() + pause;
        let mut goes_on = true;
        while goes_on && Instant::now() < end {
            sleep_until(end.min(Instant::now() + LOOK)).await;
            if self.socket.is_closed_by_peer() {
                let gone = *self.gone.get_or_insert_with(Instant::now);
                goes_on = gone.elapsed() < self.node.config.timeouts.ping_timeout;
            }
            goes_on &= !self.connection.is_closing();
        }
        // Its signs of life were not read meanwhile; what waits counts as one.
        self.connection.heard(&self.node);
        vitals.paused.store(false, Ordering::Release);
        goes_on
    }

    /// Ends the transport: what is queued goes out, then our side closes, and the other side gets a moment to do so,
    /// since closing a socket with unread bytes would cut off what was just written.
    async fn part(&mut self) {
        let patience = if self.node.is_draining() {
            CLOSE_TIMEOUT.max(self.node.config.timeouts.shutdown)
        } else {
            CLOSE_TIMEOUT
        };
        let Self {
            connection,
            socket,
            frames,
            ..
        } = self;
        let ending = async {
            while connection.is_closing() && !connection.is_drained() {
                sleep(Duration::from_millis(5)).await;
            }
            connection.finish();
            // Once both ends have said their last word, the socket is ours to close (RFC 6455, section 7.1.1).
            if !frames.reader.is_finished() {
                discard(socket).await;
            }
        };
        // Who has not taken it by then is told nothing more.
        let _ = timeout(patience, ending).await;
        connection.abandon(&self.node);
    }
}

impl Protocol {
    /// The longest frame that may come if a message may have so many bytes.
    const fn longest(self, message_bytes: usize) -> usize {
        match self {
            Self::Messages => message_bytes,
            Self::EngineIo => message_bytes + 1,
        }
    }

    fn hear(self, text: &str) -> Heard<'_> {
        match self {
            Self::Messages => Heard::Said(Ok(text)),
            Self::EngineIo => packet::hear(text),
        }
    }

    fn hear_binary(self, bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
        match self {
            // Published clients send JSON in binary frames too.
            Self::Messages => std::str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|_| DecodeError::NotText),
            Self::EngineIo => Ok(Cow::Owned(packet::attachment(bytes))),
        }
    }
}

/// How often a connection that is not read is looked at.
const LOOK: Duration = Duration::from_millis(500);

impl Frames {
    /// Takes in some bytes, and answers them in one write to each connection concerned.
    fn take_in(&mut self, bytes: &mut [u8], node: &Node, connection: &Arc<Connection>) -> Step {
        if bytes.is_empty() {
            return Step::End;
        }
        let mut batch = Batch::new(node);
        let now = node.tick(batch.now);
        connection.vitals.heard.store(now, Ordering::Relaxed);
        let mut frames = self.reader.feed(bytes);
        loop {
            let text = match frames.next_message() {
                Ok(Some(Message::Text(text))) => match self.protocol.hear(text) {
                    Heard::Said(text) => text.map(Cow::Borrowed),
                    Heard::Goodbye => return Step::Goodbye(code::NORMAL),
                    Heard::Ping(data) => {
                        connection.push_packet(&packet::pong(data), &mut batch);
                        continue;
                    }
                    Heard::Nothing => continue,
                },
                Ok(Some(Message::Binary(bytes))) => self.protocol.hear_binary(bytes),
                Ok(Some(Message::Ping(payload))) => {
                    connection.push_pong(payload, &mut batch);
                    continue;
                }
                Ok(Some(Message::Pong(_))) => continue,
                Ok(Some(Message::Close(frame))) => {
                    return Step::Goodbye(frame.map_or(code::NORMAL, |frame| frame.code));
                }
                Ok(None) => return Step::More,
                Err(violation) => {
                    object(&violation, node, connection, &mut batch);
                    return Step::End;
                }
            };
            connection.vitals.spoke.store(now, Ordering::Relaxed);
            hear(text, node, connection, &mut batch);
            if let Some(pause) = self.rate.charge(1, batch.now) {
                return Step::Pause(pause, frames.into_rest().to_vec());
            }
        }
    }
}

/// Acts on what a client says.
pub(super) fn hear(
    text: Result<Cow<'_, str>, DecodeError>,
    node: &Node,
    connection: &Arc<Connection>,
    batch: &mut Batch<'_>,
) {
    // Nothing is relayed behind our own close frame.
    if connection.is_ending() {
        return node.metrics.lost(1);
    }
    match text {
        Ok(text) => node.receive(connection, &text, batch),
        Err(problem) => node.complain(connection, &problem, batch),
    }
}

/// Ends a connection that breaks the protocol.
fn object(
    violation: &ProtocolError,
    node: &Node,
    connection: &Arc<Connection>,
    batch: &mut Batch<'_>,
) {
    let reason = CloseReason::of_violation(violation.close_code());
    // Who has not said yet what it speaks has no wire to be answered in.
    if reason == CloseReason::MessageTooBig && connection.wire().is_some() {
        let limit = node.config.limits.message_bytes;
        node.complain(connection, &DecodeError::TooBig { limit }, batch);
    }
    tracing::debug!(conn = %connection.id, %violation, "protocol violation");
    connection.close_for(reason, &violation.to_string(), batch);
}

/// Reads and forgets, until the other side closes; bounded, as it may have no end.
async fn discard(socket: &mut ReadHalf) {
    let mut left = 16 * 1024 * 1024;
    while left > 0 {
        let taken: io::Result<usize> = poll_fn(|cx| {
            BUFFER.with_borrow_mut(|buffer| {
                let mut space = ReadBuf::new(buffer);
                socket
                    .poll_read(cx, &mut space)
                    .map_ok(|()| space.filled().len())
            })
        })
        .await;
        match taken {
            Ok(0) | Err(_) => return,
            Ok(taken) => left = usize::saturating_sub(left, taken),
        }
    }
}
