//! One client that is polled: from its handshake to its end, or to its WebSocket.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use switchboard_engineio::Packet;
use tokio::time::{sleep, timeout};

use super::intake::{Intake, Unheard};
use crate::admission::{Admission, Answer};
use crate::batch::Batch;
use crate::connection::Connection;
use crate::node::{Attached, Node};
use crate::outbox::Packets;
use crate::pulse::CLOSE_TIMEOUT;
use crate::reactor::{Protocol, Reading};
use crate::socket::Socket;

/// The packets that one polling answer may hold: `python-socketio` drops a connection that is given more.
const PACKETS_PER_POLL: usize = 16;

/// How long a poll waits while a WebSocket is about to take over. It is answered all the same, or the client could not
/// change.
const PROBING: Duration = Duration::from_millis(100);

/// For a client to come for the last word of a server that stops, which takes no new sockets any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// A polled client.
#[derive(Debug)]
pub(super) struct Session {
    node: Arc<Node>,
    connection: Arc<Connection>,
    /// What it says.
    pub(super) intake: Arc<Intake>,
    /// Whether it has come back after its handshake.
    met: AtomicBool,
    /// Counts the polls, of which only the newest waits.
    polls: AtomicUsize,
    /// The last answer, of which only the next poll shows that it has arrived.
    unconfirmed: Mutex<Option<Arc<Answer>>>,
    /// Whether a WebSocket is about to take over, so that no poll is to wait.
    probing: AtomicBool,
    /// The WebSocket that takes over, on its way to the session's task.
    successor: Mutex<Option<Successor>>,
}

/// A WebSocket that takes over from polling; its socket is the connection's by then.
#[derive(Debug)]
pub(super) struct Successor {
    /// What has come already.
    pub(super) early: Vec<u8>,
    /// The socket's place among all sockets.
    pub(super) admission: Arc<Admission>,
}

impl Session {
    /// Makes a new client known and starts its task, which calls `forget` as soon as there is nothing more to poll for.
    pub(super) fn begin(
        node: &Arc<Node>,
        connection: Arc<Connection>,
        forget: impl FnOnce() + Send + 'static,
    ) -> Arc<Self> {
        let attached = node.attach(&connection);
        tracing::debug!(conn = %connection.id, peer = %connection.admission.peer, "connected by polling");
        let session = Arc::new(Self {
            node: Arc::clone(node),
            intake: Arc::new(Intake::new(node, &connection)),
            connection,
            met: AtomicBool::new(false),
            polls: AtomicUsize::new(0),
            unconfirmed: Mutex::default(),
            probing: AtomicBool::new(false),
            successor: Mutex::default(),
        });
        tokio::spawn(Arc::clone(&session).run(attached, node.live(), forget));
        session
    }

    /// Lives as long as the session: until a WebSocket takes over, or until its client says goodbye, shows no sign of
    /// life, or is told to go.
    async fn run(self: Arc<Self>, attached: Attached, _live: Arc<()>, forget: impl FnOnce()) {
        let successor = self.successor_or_end().await;
        // From here on nothing that is still on its way in a request is heard: it could bring back who has left.
        self.intake.close();
        if let Some(Successor { early, admission }) = successor {
            forget();
            self.connection.admission.end_polling();
            self.node.reactors.assign(&self.connection);
            let reading = Reading::new(attached, Protocol::EngineIo, early, Some(admission));
            if let Some(reading) = reading {
                self.node.reactors.send_on(reading);
            }
            return;
        }
        // The others are told at once; the client may still ask for what waits.
        drop(attached);
        let patience = if self.node.is_draining() {
            FAREWELL
        } else {
            CLOSE_TIMEOUT
        };
        let parting = async {
            while self.connection.is_closing() && !self.connection.is_drained() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        // Who has not asked for it by then is told nothing more.
        let _ = timeout(patience, parting).await;
        forget();
        self.connection.abandon(&self.node);
        if let Some(answer) = self.unconfirmed.lock().take() {
            self.node.metrics.lost(answer.lose());
        }
        tracing::debug!(conn = %self.connection.id, "disconnected");
    }

    async fn successor_or_end(&self) -> Option<Successor> {
        let patience = self.node.config.timeouts.handshake;
        match timeout(patience, self.changed(|| self.met.load(Ordering::Acquire))).await {
            Ok(Some(Next::Successor(successor))) => return Some(successor),
            Ok(Some(Next::End)) => return None,
            Ok(None) => {}
            // It never came back for anything.
            Err(_) => return None,
        }
        match self.changed(|| false).await {
            Some(Next::Successor(successor)) => Some(successor),
            Some(Next::End) | None => None,
        }
    }

    /// Waits until the session is polled no more, or `enough`.
    async fn changed(&self, enough: impl Fn() -> bool) -> Option<Next> {
        poll_fn(|cx| {
            self.connection.adopt_session(cx);
            if let Some(successor) = self.successor.lock().take() {
                return Poll::Ready(Some(Next::Successor(successor)));
            }
            let ends = self.connection.is_dismissed() || self.connection.is_ending();
            if ends || self.intake.has_said_goodbye() {
                return Poll::Ready(Some(Next::End));
            }
            if enough() {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    /// Takes note that the client has come back.
    pub(super) fn meet(&self) {
        self.connection.heard(&self.node);
        if !self.met.swap(true, Ordering::AcqRel) {
            self.connection.wake_reader(&self.node);
        }
    }

    /// The answer to a poll on a socket: what waits, as soon as something does. A poll that comes later takes an earlier
    /// one's place, as that may belong to a socket the client has given up.
    ///
    /// # Errors
    /// Once there is nothing more to poll for. That is how a client learns that it was told to go; most come back then.
    pub(super) async fn poll(&self, socket: &Admission) -> Result<Vec<u8>, Unheard> {
        if self.intake.has_said_goodbye() {
            return Err(Unheard::Over);
        }
        self.meet();
        // This is how the client shows that it has the last answer; unless that answer's socket fails, which is counted.
        self.unconfirmed.lock().take();
        let mine = self.polls.fetch_add(1, Ordering::AcqRel) + 1;
        let Some(packets) = self.packets(mine).await else {
            if self.probing.load(Ordering::Acquire) {
                sleep(PROBING).await;
            }
            if self.connection.is_ending() {
                return Err(Unheard::Over);
            }
            let mut noop = Vec::new();
            Packet::Noop.write_to(&mut noop);
            return Ok(noop);
        };
        if packets.messages > 0 {
            let answer = Answer::new(packets.messages);
            *socket.answer.lock() = Some(Arc::clone(&answer));
            *self.unconfirmed.lock() = Some(answer);
        }
        Ok(packets.payload)
    }

    /// What waits, as soon as something does; `None` if this poll is not to wait for it.
    async fn packets(&self, mine: usize) -> Option<Packets> {
        poll_fn(|cx| {
            if self.polls.load(Ordering::Acquire) != mine || !self.connection.is_polled() {
                return Poll::Ready(None);
            }
            if let Poll::Ready(packets) = self.connection.poll_packets(PACKETS_PER_POLL, cx) {
                return Poll::Ready(Some(packets));
            }
            let is_over = self.intake.has_said_goodbye() || self.connection.is_ending();
            let is_released = self.connection.take_release();
            if is_over || is_released || self.probing.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    /// From now on polls do not wait, so that none is in the way of the WebSocket. False if one is about to take over
    /// already.
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
    pub(super) fn hand_over(&self, successor: Successor, socket: Socket) {
        *self.successor.lock() = Some(successor);
        if self.connection.upgrade(socket, &mut Batch::new(&self.node)) {
            self.connection.wake_poll();
        }
        self.connection.wake_reader(&self.node);
    }
}

/// What ends polling.
enum Next {
    Successor(Successor),
    End,
}
