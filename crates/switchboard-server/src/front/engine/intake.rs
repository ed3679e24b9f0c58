//! What a polled client says: packet by packet, one POST after the other.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use switchboard_dialects::DecodeError;
use switchboard_engineio::{Packet, payload};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::batch::Batch;
use crate::connection::{Connection, Vitals};
use crate::node::Node;
use crate::packet::{self, Heard};
use crate::rate::Rate;
use crate::reactor::hear;

/// Bytes that are taken in before what they bring about is written: as many as one read of a socket brings.
const STRETCH: usize = 64 * 1024;

/// POSTs of one client at a time: one is heard, and one waits for that.
const POSTS: usize = 2;

/// What a polled client says.
#[derive(Debug)]
pub(super) struct Intake {
    node: Arc<Node>,
    connection: Arc<Connection>,
    /// For a POST to be read at all.
    admitted: Arc<Semaphore>,
    /// For its packets to be heard.
    turn: Arc<Semaphore>,
    mouth: Mutex<Mouth>,
    said_goodbye: AtomicBool,
}

/// Held while something is heard, so that nothing is once it is closed.
#[derive(Debug)]
struct Mouth {
    rate: Rate,
    is_open: bool,
}

/// A POST's turn; dropping it is the next one's.
#[derive(Debug)]
pub(super) struct Turn {
    _admitted: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

/// Why what a client says is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unheard {
    /// It says too much at once.
    #[error("one request after the other, please")]
    Overlap,
    /// It is a client of the server no more.
    #[error("the session has ended")]
    Over,
}

impl Intake {
    pub(super) fn new(node: &Arc<Node>, connection: &Arc<Connection>) -> Self {
        Self {
            node: Arc::clone(node),
            connection: Arc::clone(connection),
            admitted: Arc::new(Semaphore::new(POSTS)),
            turn: Arc::new(Semaphore::new(1)),
            mouth: Mutex::new(Mouth {
                rate: Rate::new(node.config.limits.messages_per_second),
                is_open: true,
            }),
            said_goodbye: AtomicBool::new(false),
        }
    }

    /// Nothing is heard from now on; returns when nothing is being heard any more.
    pub(super) fn close(&self) {
        self.mouth.lock().is_open = false;
    }

    /// Whether the client has said that it goes.
    pub(super) fn has_said_goodbye(&self) -> bool {
        self.said_goodbye.load(Ordering::Acquire)
    }

    /// Waits until it is a POST's turn; ask before its body is read, as it is what takes memory.
    pub(super) async fn turn(&self) -> Result<Turn, Unheard> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| Unheard::Overlap)?;
        let turn = Arc::clone(&self.turn)
            .acquire_owned()
            .await
            .map_err(|_| Unheard::Over)?;
        Ok(Turn {
            _admitted: admitted,
            _turn: turn,
        })
    }

    /// Hears the packets of a POST; those that exceed the client's rate wait.
    pub(super) async fn take_in(self: Arc<Self>, body: String, turn: Turn) -> Result<(), Unheard> {
        let mut packets = body.split(payload::SEPARATOR);
        loop {
            match self.take_some(&mut packets) {
                Err(unheard) => {
                    // The client may have its answer already, and think that all of it was heard.
                    let rest = packets.filter(|text| is_message(text)).count();
                    self.node.metrics.lost(rest);
                    return Err(unheard);
                }
                Ok(ControlFlow::Break(())) => break,
                Ok(ControlFlow::Continue(Duration::ZERO)) => yield_now().await,
                Ok(ControlFlow::Continue(pause)) => {
                    let _paused = Paused::begin(&self.connection.vitals);
                    sleep(pause).await;
                    self.connection.heard(&self.node);
                }
            }
        }
        drop(turn);
        Ok(())
    }

    /// Hears one stretch of packets; what comes next, and after how long.
    fn take_some<'p>(
        &self,
        packets: &mut impl Iterator<Item = &'p str>,
    ) -> Result<ControlFlow<(), Duration>, Unheard> {
        let (node, connection) = (&*self.node, &self.connection);
        let mut mouth = self.mouth.lock();
        let mut batch = Batch::new(node);
        let now = batch.tick;
        connection.vitals.heard.store(now, Ordering::Relaxed);
        let mut left = STRETCH;
        for text in packets {
            if !mouth.is_open || self.has_said_goodbye() || connection.is_ending() {
                node.metrics.lost(usize::from(is_message(text)));
                return Err(Unheard::Over);
            }
            match packet::hear(text) {
                Heard::Said(said) => {
                    connection.vitals.spoke.store(now, Ordering::Relaxed);
                    let limit = node.config.limits.message_bytes;
                    let said = said.and_then(|text| match packet::size(text) <= limit {
                        true => Ok(Cow::Borrowed(text)),
                        false => Err(DecodeError::TooBig { limit }),
                    });
                    hear(said, node, connection, &mut batch);
                    if let Some(pause) = mouth.rate.charge(1, batch.now) {
                        return Ok(ControlFlow::Continue(pause));
                    }
                }
                Heard::Goodbye => {
                    self.said_goodbye.store(true, Ordering::Release);
                    connection.wake_poll();
                    connection.wake_reader(node);
                    return Ok(ControlFlow::Break(()));
                }
                // A polling client has no pings of its own.
                Heard::Ping(_) | Heard::Nothing => {}
            }
            left = left.saturating_sub(text.len());
            if left == 0 {
                return Ok(ControlFlow::Continue(Duration::ZERO));
            }
        }
        Ok(ControlFlow::Break(()))
    }
}

/// Whether a packet holds something said to somebody, rather than a sign of life or an attachment.
fn is_message(packet: &str) -> bool {
    matches!(Packet::parse(packet), Ok(Packet::Message(_)))
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
