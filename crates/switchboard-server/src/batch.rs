//! What one stretch of work has to say, written once at its end.
//!
//! Frames come from WebSocket reads, timers and shutdown; all of them work on a [`Batch`]. Dropping it writes each
//! touched outbox once, then logs and counts what happened. It cannot cross an `.await`.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use switchboard_core::{ConnId, Fact};
use switchboard_dialects::Asked;

use crate::connection::Connection;
use crate::delivery::Scratch;
use crate::journal::{self, Refused, Relay};
use crate::log::RELAY_TARGET;
use crate::metrics::Tally;
use crate::node::Node;
use crate::outbox::Spare;

/// One stretch of work on one thread.
#[derive(Debug)]
pub(crate) struct Batch<'n> {
    node: &'n Node,
    /// When the work began.
    pub(crate) now: Instant,
    /// The same in ticks of the node's pulse.
    pub(crate) tick: u32,
    pub(crate) tools: Tools,
    /// Whether every relayed message is logged.
    pub(crate) logs_relays: bool,
    /// A batch stays on its thread.
    not_send: PhantomData<*const ()>,
}

/// Buffers that one batch after the other works with, so that none allocates its own.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    pub(crate) asked: Vec<Asked>,
    pub(crate) scratch: Scratch,
    pub(crate) touched: Vec<Arc<Connection>>,
    pub(crate) spare: Spare,
    /// What is to be logged once no lock is held.
    pub(crate) facts: Vec<(Fact, &'static str)>,
    pub(crate) relays: Vec<Relay>,
    pub(crate) refusals: Vec<Refused>,
    /// Connections that took their messages too slowly.
    pub(crate) cut_off: Vec<ConnId>,
    /// Signals handed to outboxes.
    pub(crate) relayed: u32,
    pub(crate) tally: Tally,
}

thread_local! {
    static TOOLS: Cell<Option<Tools>> = const { Cell::new(None) };
}

/// Gives back the buffers that this thread keeps for its next batch.
pub(crate) fn give_back() {
    drop(TOOLS.take());
}

impl<'n> Batch<'n> {
    /// Begins a stretch of work.
    pub(crate) fn new(node: &'n Node) -> Self {
        let tools = TOOLS.take().unwrap_or_default();
        let logs_relays = tracing::enabled!(target: RELAY_TARGET, tracing::Level::INFO);
        let now = Instant::now();
        Self {
            node,
            now,
            tick: node.tick(now),
            tools,
            logs_relays,
            not_send: PhantomData,
        }
    }

    /// The node the work is for.
    pub(crate) fn node(&self) -> &'n Node {
        self.node
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let tools = &mut self.tools;
        // Before anybody hears of them.
        tools.tally.settle(&self.node.metrics);
        for connection in tools.touched.drain(..) {
            connection.flush(self.node, &mut tools.spare);
        }
        if tools.relayed > 0 {
            self.node
                .metrics
                .relay_seconds
                .observe(self.now.elapsed().as_secs_f64());
            tools.relayed = 0;
        }
        for (fact, dialect) in tools.facts.drain(..) {
            journal::fact(&fact, dialect);
        }
        for refused in tools.refusals.drain(..) {
            refused.log();
        }
        for conn in tools.cut_off.drain(..) {
            tracing::warn!(%conn, "closed: takes its messages too slowly");
        }
        for relay in tools.relays.drain(..) {
            relay.log();
        }
        TOOLS.set(Some(std::mem::take(&mut self.tools)));
    }
}
