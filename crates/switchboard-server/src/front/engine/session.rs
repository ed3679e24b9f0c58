//! One client that is polled: from its handshake to its end, or to its WebSocket.

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use switchboard_dialects::DecodeError;
use switchboard_engineio::{Packet, payload};
use tokio::time::{sleep, timeout};

use super::packet::{self, Heard};
use crate::admission::Admission;
use crate::batch::Batch;
use crate::connection::{Connection, Vitals};
use crate::front::reading::{Protocol, Reading, hear};
use crate::node::Node;
use crate::pulse::CLOSE_TIMEOUT;
use crate::rate::Rate;
use crate::stream::{ReadHalf, WriteHalf};

/// The packets that one polling answer may hold: `python-socketio` drops a connection that is given more.
const PACKETS_PER_POLL: usize = 16;

/// A polled client.
#[derive(Debug)]
pub(super) struct Session {
    node: Arc<Node>,
    connection: Arc<Connection>,
    /// Held by the POST whose packets are read, so that those of the next one come after.
    intake: tokio::sync::Mutex<Rate>,
    /// Counts the polls, of which only the newest waits.
    polls: AtomicUsize,
    /// Messages of the last answer; the next poll shows that they have arrived.
    unconfirmed: AtomicUsize,
    /// Whether a WebSocket is about to take over, so that no poll is to wait.
    probing: AtomicBool,
    /// Whether the client has said goodbye, or has been told so.
    over: AtomicBool,
    /// The WebSocket that takes over, on its way to the session's task.
    successor: Mutex<Option<Successor>>,
}

/// The reading side of a WebSocket that takes over from polling.
#[derive(Debug)]
pub(super) struct Successor {
    pub(super) socket: ReadHalf,
    /// What has come already.
    pub(super) early: Vec<u8>,
    /// The socket's place among all sockets.
    pub(super) admission: Arc<Admission>,
}

impl Session {
    pub(super) fn new(node: Arc<Node>, connection: Arc<Connection>) -> Self {
        let rate = Rate::new(node.config.limits.messages_per_second);
        Self {
            node,
            connection,
            intake: tokio::sync::Mutex::new(rate),
            polls: AtomicUsize::new(0),
            unconfirmed: AtomicUsize::new(0),
            probing: AtomicBool::new(false),
            over: AtomicBool::new(false),
            successor: Mutex::new(None),
        }
    }

    /// Lives as long as the session: until a WebSocket that has taken over ends, or until its client says goodbye or
    /// shows no sign of life. `forget` is called as soon as there is nothing more to poll for.
    pub(super) async fn run(self: Arc<Self>, forget: impl FnOnce()) {
        let live = self.node.live();
        let attached = self.node.attach(&self.connection);
        tracing::debug!(conn = %self.connection.id, peer = %self.connection.admission.peer, "connected by polling");
        if let Some(successor) = self.successor_or_end().await {
            forget();
            let _place = Arc::clone(&successor.admission);
            drop(self);
            let Successor { socket, early, .. } = successor;
            let reading = Reading::new(attached, live, socket, Protocol::EngineIo, early);
            // Apart, for most who stay with polling.
            return Box::pin(reading.run()).await;
        }
        // The others are told at once; the client may still ask for what waits.
        drop(attached);
        let parting = async {
            while self.connection.is_closing() && !self.connection.is_drained() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        // Who has not asked for it by then is told nothing more.
        let _ = timeout(CLOSE_TIMEOUT, parting).await;
        self.over.store(true, Ordering::Release);
        self.connection.abandon(&self.node);
        forget();
        let unconfirmed = self.unconfirmed.swap(0, Ordering::Relaxed);
        self.node.metrics.lost(unconfirmed);
        tracing::debug!(conn = %self.connection.id, "disconnected");
    }

    async fn successor_or_end(&self) -> Option<Successor> {
        poll_fn(|cx| {
            self.connection.adopt_reader(cx);
            if let Some(successor) = self.successor.lock().take() {
                return Poll::Ready(Some(successor));
            }
            if self.over.load(Ordering::Acquire) || self.connection.is_dismissed() {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    /// The answer to a poll: what waits, as soon as something does. A poll that comes later takes an earlier one's place,
    /// as that may belong to a connection the client has given up.
    pub(super) async fn poll(&self) -> Vec<u8> {
        self.connection.heard(&self.node);
        self.unconfirmed.store(0, Ordering::Relaxed);
        let mine = self.polls.fetch_add(1, Ordering::AcqRel) + 1;
        let packets = poll_fn(|cx| {
            if self.polls.load(Ordering::Acquire) != mine {
                return Poll::Ready(None);
            }
            if let Poll::Ready(packets) = self.connection.poll_packets(PACKETS_PER_POLL, cx) {
                return Poll::Ready(Some(packets));
            }
            if self.probing.load(Ordering::Acquire) || self.over.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await;
        self.connection.heard(&self.node);
        let Some(packets) = packets else {
            let mut noop = Vec::new();
            Packet::Noop.write_to(&mut noop);
            return noop;
        };
        self.unconfirmed.store(packets.messages, Ordering::Relaxed);
        if self.connection.is_closing() && self.connection.is_drained() {
            self.end();
        }
        packets.payload
    }

    /// Whether nothing is heard any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire) || self.connection.is_ending()
    }

    /// Takes in the packets of a POST; those that exceed the client's rate wait, and with them the answer.
    pub(super) async fn take_in(&self, body: &str) {
        let mut rate = self.intake.lock().await;
        let mut packets = body.split(payload::SEPARATOR);
        while let Some(pause) = self.take_some(&mut packets, &mut rate) {
            let _paused = Paused::begin(&self.connection.vitals);
            sleep(pause).await;
            self.connection.heard(&self.node);
        }
    }

    /// Takes in packets until there are none left, or the client has said too much; then how long to wait.
    fn take_some<'p>(
        &self,
        packets: &mut impl Iterator<Item = &'p str>,
        rate: &mut Rate,
    ) -> Option<Duration> {
        let (node, connection) = (&*self.node, &self.connection);
        let mut batch = Batch::new(node);
        let now = node.tick(batch.now);
        connection.vitals.heard.store(now, Ordering::Relaxed);
        let limit = node.config.limits.message_bytes;
        for text in packets {
            // A connection that has left must not come back by what it said before.
            if self.over.load(Ordering::Acquire) {
                return None;
            }
            match packet::hear(text) {
                Heard::Said(said) => {
                    connection.vitals.spoke.store(now, Ordering::Relaxed);
                    let said = said.and_then(|text| {
                        let fits = text.len() <= limit;
                        fits.then_some(Cow::Borrowed(text))
                            .ok_or(DecodeError::TooBig { limit })
                    });
                    hear(said, node, connection, &mut batch);
                    if let Some(pause) = rate.charge(1, batch.now) {
                        return Some(pause);
                    }
                }
                Heard::Goodbye => {
                    self.end();
                    return None;
                }
                // A polling client has no pings of its own.
                Heard::Ping(_) | Heard::Nothing => {}
            }
        }
        None
    }

    /// From now on polls are answered at once, so that none is in the way of the WebSocket. False if one is about to
    /// take over already.
    pub(super) fn begin_probe(&self) -> bool {
        let first = !self.probing.swap(true, Ordering::AcqRel);
        self.connection.wake_poll();
        first
    }

    /// The WebSocket did not take over; polls wait again.
    pub(super) fn give_up_probe(&self) {
        self.probing.store(false, Ordering::Release);
    }

    /// The WebSocket takes over: what waits goes out there, and what comes is read from there.
    pub(super) fn hand_over(&self, successor: Successor, writer: WriteHalf) {
        if self.connection.upgrade(writer, &mut Batch::new(&self.node)) {
            *self.successor.lock() = Some(successor);
            self.connection.wake_reader();
        }
    }

    /// There is nothing more to poll for.
    fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.connection.wake_poll();
        self.connection.wake_reader();
    }
}

/// A client whose packets wait is not asked for a sign of life.
struct Paused<'v>(&'v Vitals);

impl<'v> Paused<'v> {
    fn begin(vitals: &'v Vitals) -> Self {
        vitals.paused.store(true, Ordering::Relaxed);
        Self(vitals)
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.paused.store(false, Ordering::Release);
    }
}
