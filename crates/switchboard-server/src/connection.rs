//! One live transport: who speaks on it, and what waits to be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use smallvec::SmallVec;
use switchboard_core::{ConnId, RoomId, Wire};
use switchboard_dialects::ServerSide;
use switchboard_websocket::OpCode;

use crate::admission::Admission;
use crate::batch::{Batch, Tools};
use crate::close::CloseReason;
use crate::framing::Framing;
use crate::line::Line;
use crate::node::Node;
use crate::outbox::{Flushed, Outbox, Packets, Pushed, Spare};
use crate::pulse::CLOSE_TIMEOUT;
use crate::reactor::{Berth, Reactors};
use crate::socket::Socket;

/// A client's connection, shared by the reactor that reads it, by whoever speaks to it, and by the pulse.
///
/// Locks are taken in this order: a room's shard, then `speech`, then `outbox`.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnId,
    pub(crate) admission: Arc<Admission>,
    pub(crate) vitals: Vitals,
    /// Whether the client cannot take two frames in one read: each goes out in a write of its own, spaced.
    pub(crate) one_frame_per_write: bool,
    /// The wire that the way in told, before the first message.
    pub(crate) claimed: Option<Wire>,
    /// Where it is served.
    pub(crate) berth: Berth,
    dismissed: AtomicBool,
    /// Whether the socket has not taken all, so that its reactor is to write on.
    backed_up: AtomicBool,
    speech: Mutex<Speech>,
    outbox: Mutex<Outbox>,
    line: Line,
    /// The wire's place in the table, or [`UNIDENTIFIED`].
    wire: AtomicU8,
}

/// What is known of a connection when it begins.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) admission: Arc<Admission>,
    pub(crate) line: Line,
    pub(crate) framing: Framing,
    pub(crate) claimed: Option<Wire>,
    pub(crate) one_frame_per_write: bool,
}

/// What a connection speaks, and where it is.
#[derive(Debug, Default)]
pub(crate) struct Speech {
    /// `None` until its first frame has told its wire.
    pub(crate) translator: Option<Box<dyn ServerSide>>,
    /// The rooms it is in; kept by the node as the hub says.
    pub(crate) rooms: SmallVec<[RoomId; 1]>,
}

/// Signs of life, in ticks of the node's pulse.
#[derive(Debug)]
pub(crate) struct Vitals {
    /// When it was accepted.
    pub(crate) opened: u32,
    /// When something last came from it.
    pub(crate) heard: AtomicU32,
    /// When a message last came from it.
    pub(crate) spoke: AtomicU32,
    /// When it was last pinged.
    pub(crate) pinged: AtomicU32,
    /// When it is cut off if it has not closed by then; 0 while no close frame is queued for it.
    pub(crate) deadline: AtomicU32,
    /// Whether it is not read at the moment, because it has said too much.
    pub(crate) paused: AtomicBool,
}

const UNIDENTIFIED: u8 = u8::MAX;

impl Connection {
    pub(crate) fn new(newcomer: Newcomer, node: &Node) -> Self {
        let tick = node.tick(Instant::now());
        Self {
            id: node.next_conn(),
            admission: newcomer.admission,
            vitals: Vitals {
                opened: tick,
                heard: AtomicU32::new(tick),
                spoke: AtomicU32::new(tick),
                pinged: AtomicU32::new(tick),
                deadline: AtomicU32::new(0),
                paused: AtomicBool::new(false),
            },
            one_frame_per_write: newcomer.one_frame_per_write,
            claimed: newcomer.claimed,
            berth: Berth::default(),
            dismissed: AtomicBool::new(false),
            backed_up: AtomicBool::new(false),
            speech: Mutex::default(),
            outbox: Mutex::new(Outbox::new(newcomer.framing)),
            line: newcomer.line,
            wire: AtomicU8::new(UNIDENTIFIED),
        }
    }

    /// The wire it speaks; `None` until its first frame has told.
    pub(crate) fn wire(&self) -> Option<Wire> {
        match self.wire.load(Ordering::Acquire) {
            UNIDENTIFIED => None,
            place => Some(Wire(place)),
        }
    }

    /// From now on it speaks this wire.
    pub(crate) fn identify(&self, wire: Wire) {
        self.wire.store(wire.0, Ordering::Release);
    }

    pub(crate) fn speech(&self) -> parking_lot::MutexGuard<'_, Speech> {
        self.speech.lock()
    }

    /// Queues a text message. A connection that would have too much waiting is cut off.
    pub(crate) fn push(self: &Arc<Self>, text: &[u8], node: &Node, tools: &mut Tools) -> Pushed {
        self.queue(node, tools, |outbox, bound| outbox.push(text, bound))
    }

    /// Queues the answer to a ping.
    pub(crate) fn push_pong(self: &Arc<Self>, payload: &[u8], batch: &mut Batch<'_>) {
        let node = batch.node();
        self.queue(node, &mut batch.tools, |outbox, bound| {
            outbox.push_frame(OpCode::Pong, payload, bound)
        });
    }

    /// Queues an empty ping.
    pub(crate) fn push_ping(self: &Arc<Self>, batch: &mut Batch<'_>) {
        let node = batch.node();
        self.queue(node, &mut batch.tools, Outbox::push_ping);
    }

    /// Queues a packet of Engine.IO's own, as a frame.
    pub(crate) fn push_packet(self: &Arc<Self>, packet: &[u8], batch: &mut Batch<'_>) {
        let node = batch.node();
        self.queue(node, &mut batch.tools, |outbox, bound| {
            outbox.push_frame(OpCode::Text, packet, bound)
        });
    }

    /// Packets for an answer to a poll, or the task is woken when there are some.
    pub(crate) fn poll_packets(&self, most: usize, cx: &mut Context<'_>) -> Poll<Packets> {
        let mut outbox = self.outbox.lock();
        match outbox.take_packets(most) {
            Some(packets) => Poll::Ready(packets),
            None => {
                self.line.await_poll(cx);
                Poll::Pending
            }
        }
    }

    /// Whether it has no socket of its own.
    pub(crate) fn is_polled(&self) -> bool {
        self.line.socket().is_none()
    }

    /// Has the poll that waits, or the next one, answered although there is nothing to say.
    pub(crate) fn release_poll(&self) {
        self.line.release_poll();
    }

    /// Whether a poll is to be answered although there is nothing to say; told once.
    pub(crate) fn take_release(&self) -> bool {
        self.line.take_release()
    }

    /// Has whoever waits for packets look again.
    pub(crate) fn wake_poll(&self) {
        self.line.wake_poll();
    }

    /// From now on a socket takes what was polled for; false if there is one already.
    pub(crate) fn upgrade(self: &Arc<Self>, socket: Socket, batch: &mut Batch<'_>) -> bool {
        let mut outbox = self.outbox.lock();
        let upgraded = self.line.upgrade(socket);
        if upgraded {
            outbox.upgrade();
            if !std::mem::replace(&mut outbox.touched, true) {
                batch.tools.touched.push(Arc::clone(self));
            }
        }
        upgraded
    }

    /// Queues a close frame behind what waits.
    pub(crate) fn close(self: &Arc<Self>, reason: CloseReason, batch: &mut Batch<'_>) {
        self.close_for(reason, &reason.to_string(), batch);
    }

    /// Queues a close frame with more to say about the reason.
    pub(crate) fn close_for(
        self: &Arc<Self>,
        reason: CloseReason,
        text: &str,
        batch: &mut Batch<'_>,
    ) {
        if self.queue_close(reason.code(), text, batch) {
            batch.node().metrics.close(reason);
        }
        self.cut_off_after(CLOSE_TIMEOUT, batch.node());
        if self.is_polled() {
            // Nobody who polls answers a close; the session's task is to know of it.
            self.wake_reader(batch.node());
        }
    }

    /// Answers the client's own close frame. Whoever calls sees to it that the connection ends in time.
    pub(crate) fn answer_close(self: &Arc<Self>, code: u16, batch: &mut Batch<'_>) {
        self.queue_close(code, "", batch);
        self.set_deadline(CLOSE_TIMEOUT, batch.node());
    }

    /// False if the connection was ending before.
    fn queue_close(self: &Arc<Self>, code: u16, reason: &str, batch: &mut Batch<'_>) -> bool {
        let pushed = self.queue(batch.node(), &mut batch.tools, |outbox, _| {
            if outbox.push_close(code, reason) {
                Pushed::Queued
            } else {
                Pushed::Closed
            }
        });
        pushed == Pushed::Queued
    }

    /// Has the pulse end the connection if it has not closed by then. An earlier call's deadline stays.
    pub(crate) fn cut_off_after(&self, patience: Duration, node: &Node) {
        if let Some(deadline) = self.set_deadline(patience, node) {
            node.pulse.watch(self.id, deadline);
        }
    }

    /// The tick at which it is to have ended, unless that was settled before.
    fn set_deadline(&self, patience: Duration, node: &Node) -> Option<u32> {
        let deadline = node.tick(Instant::now() + patience).max(1);
        let set = self.vitals.deadline.compare_exchange(
            0,
            deadline,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        set.is_ok().then_some(deadline)
    }

    /// Ends a connection that will hardly hear why: it is told, but not waited for. The others hear of it at once.
    pub(crate) fn dismiss(self: &Arc<Self>, reason: CloseReason, batch: &mut Batch<'_>) {
        self.close(reason, batch);
        self.release_reader(batch.node());
    }

    /// Has whoever reads it go on to the connection's end, whatever the other end does.
    fn release_reader(self: &Arc<Self>, node: &Node) {
        self.dismissed.store(true, Ordering::Release);
        self.wake_reader(node);
    }

    /// Has whoever reads it look whether anything has changed.
    pub(crate) fn wake_reader(self: &Arc<Self>, node: &Node) {
        self.line.wake_session();
        node.reactors.look(self);
    }

    /// Makes the current task the one that keeps a polled connection. It must stay the same.
    pub(crate) fn adopt_session(&self, cx: &Context<'_>) {
        self.line.adopt_session(cx);
    }

    /// The socket, if there is one.
    pub(crate) fn socket(&self) -> Option<&Socket> {
        self.line.socket()
    }

    /// Whether there is nothing more to read for: the connection was told so and is not waited for.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.dismissed.load(Ordering::Acquire)
    }

    /// Whether the server has said its last word.
    pub(crate) fn is_ending(&self) -> bool {
        self.vitals.deadline.load(Ordering::Relaxed) != 0
    }

    fn queue(
        self: &Arc<Self>,
        node: &Node,
        tools: &mut Tools,
        push: impl FnOnce(&mut Outbox, usize) -> Pushed,
    ) -> Pushed {
        let mut outbox = self.outbox.lock();
        outbox.lend(&mut tools.spare);
        let pushed = push(&mut outbox, node.config.limits.outbox_bytes);
        if pushed == Pushed::Overflow {
            let reason = CloseReason::SlowConsumer;
            node.metrics
                .lost(outbox.cut_short(reason.code(), &reason.to_string()));
            node.metrics.close(reason);
            tools.cut_off.push(self.id);
            self.cut_off_after(CLOSE_TIMEOUT, node);
            self.release_reader(node);
        }
        if pushed != Pushed::Closed && !std::mem::replace(&mut outbox.touched, true) {
            tools.touched.push(Arc::clone(self));
        }
        pushed
    }

    /// Writes what waits, or has the reactor do so as soon as the socket takes more.
    pub(crate) fn flush(self: &Arc<Self>, node: &Node, spare: &mut Spare) {
        let mut outbox = self.outbox.lock();
        outbox.touched = false;
        if outbox.draining {
            return;
        }
        let Some(socket) = self.line.socket() else {
            return self.line.wake_poll();
        };
        match self.write(socket, &mut outbox) {
            Flushed::All => outbox.reclaim(spare),
            Flushed::Blocked => {
                outbox.draining = true;
                self.backed_up.store(true, Ordering::Release);
                drop(outbox);
                // The reactor hears from the system once the socket takes more; but maybe it has just before it could
                // know that somebody waits for that. A frame's time is no event either.
                if self.one_frame_per_write || !Reactors::is_here(self) {
                    node.reactors.look(self);
                }
            }
            Flushed::Failed => {
                drop(outbox);
                self.abandon(node);
            }
        }
    }

    fn write(&self, socket: &Socket, outbox: &mut Outbox) -> Flushed {
        if !self.one_frame_per_write {
            return outbox.flush(|bytes| socket.write(bytes));
        }
        match outbox.flush_frame(|bytes| socket.write(bytes)) {
            // A frame for such a client keeps the next one waiting, even if there is none yet.
            Flushed::All => Flushed::Blocked,
            flushed => flushed,
        }
    }

    /// Whether the socket has not taken all that waits.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.backed_up.load(Ordering::Acquire)
    }

    /// Writes more of what the socket did not take before.
    pub(crate) fn resume(self: &Arc<Self>, batch: &mut Batch<'_>) {
        let node = batch.node();
        let mut outbox = self.outbox.lock();
        let Some(socket) = self.line.socket().filter(|_| outbox.draining) else {
            return;
        };
        let waiting = outbox.waiting();
        let flushed = match waiting {
            0 => Flushed::All,
            _ => self.write(socket, &mut outbox),
        };
        if outbox.waiting() < waiting {
            // Who takes what waits is alive, although the answer to a ping behind it may take a while.
            self.heard(node);
        }
        match flushed {
            Flushed::Blocked => {}
            Flushed::All => {
                outbox.draining = false;
                self.backed_up.store(false, Ordering::Release);
                outbox.reclaim(&mut batch.tools.spare);
            }
            Flushed::Failed => {
                outbox.draining = false;
                self.backed_up.store(false, Ordering::Release);
                drop(outbox);
                self.abandon(node);
            }
        }
    }

    /// Ends a connection that takes nothing any more; what waits is counted as lost.
    pub(crate) fn abandon(self: &Arc<Self>, node: &Node) {
        let lost = self.outbox.lock().die();
        node.metrics.lost(lost);
        match self.line.socket() {
            Some(socket) => socket.shut_down(),
            None => {
                self.release_reader(node);
                self.line.wake_poll();
            }
        }
    }

    /// Nothing will be written any more; returns how many messages that are.
    pub(crate) fn lose(&mut self) -> usize {
        self.outbox.get_mut().die()
    }

    /// Takes note of a sign of life.
    pub(crate) fn heard(&self, node: &Node) {
        self.vitals
            .heard
            .store(node.tick(Instant::now()), Ordering::Relaxed);
    }

    /// Whether a close frame is queued or sent.
    pub(crate) fn is_closing(&self) -> bool {
        self.outbox.lock().is_closing()
    }

    /// Whether all that was queued is written.
    pub(crate) fn is_drained(&self) -> bool {
        self.outbox.lock().waiting() == 0
    }
}
