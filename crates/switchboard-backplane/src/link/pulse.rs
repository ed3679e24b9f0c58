//! Beats, and the end of those who have ceased to beat.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::counters::micros;
use crate::envelope::Envelope;
use crate::handle::Shared;
use crate::health::Health;
use crate::store::{Beat, Registered, Store, Swept};
use crate::{Config, Error, NodeId};

/// What a node does by the clock.
#[derive(Debug)]
pub(crate) struct Pulse {
    pub(crate) beats: Beats,
    pub(crate) canary: Canary,
}

#[derive(Debug)]
pub(crate) struct Beats {
    pub(crate) health: Health,
    /// Whether Redis says that this node was not told something.
    pub(crate) has_lost: bool,
}

/// Something that a node says to itself through Redis, to see how long it takes.
#[derive(Debug, Default)]
pub(crate) struct Canary(Mutex<(u64, Option<Instant>)>);

/// Every so many beats Redis is asked for its memory.
const MEMORY_BEATS: u32 = 5;

impl Pulse {
    pub(crate) fn new(config: &Config) -> Self {
        let health = Health::new(config.heartbeat, config.expiry);
        Self {
            beats: Beats {
                health,
                has_lost: false,
            },
            canary: Canary::default(),
        }
    }
}

impl Canary {
    /// Begins one more. The one before is given up.
    fn begin(&self) -> Envelope {
        let mut flight = self.0.lock();
        *flight = (flight.0 + 1, Some(Instant::now()));
        Envelope::Canary(flight.0)
    }

    /// How long one has taken; `None` for one that was given up.
    pub(crate) fn heard(&self, number: u64) -> Option<Duration> {
        let mut flight = self.0.lock();
        let begun = flight.1.filter(|_| flight.0 == number)?;
        flight.1 = None;
        Some(begun.elapsed())
    }
}

impl Beats {
    /// Beats until that fails, or something has to be told anew.
    pub(crate) async fn run(&mut self, shared: &Shared, store: &Store, canary: &Canary) -> Error {
        let config = &shared.config;
        let mut next_canary = Instant::now();
        let mut count = 0_u32;
        loop {
            let next = match self.beat(shared, store).await {
                Ok(next) => next,
                Err(error) => return error,
            };
            if Instant::now() >= next_canary {
                next_canary = Instant::now() + config.canary;
                // If not even this can wait, that shows elsewhere.
                let _ = shared.queue.deliver(shared.node(), &canary.begin());
            }
            if count.is_multiple_of(MEMORY_BEATS) {
                // Not everybody may ask; whether Redis answers at all shows elsewhere.
                if let Ok(bytes) = store.memory().await {
                    shared.counters.redis_memory_bytes.set(bytes);
                }
            }
            count = count.wrapping_add(1);
            tokio::time::sleep(next).await;
        }
    }

    /// Beats once. Returns when to beat again.
    async fn beat(&mut self, shared: &Shared, store: &Store) -> Result<Duration, Error> {
        let begun = Instant::now();
        let registered = match store.beat(shared.node(), shared.config.expiry).await? {
            Beat::Registered(registered) => registered,
            Beat::Gone { .. } => return Err(Error::Gone),
        };
        shared.counters.beat_micros.set(micros(begun.elapsed()));
        self.note(shared, &registered);
        if self.has_lost {
            return Err(Error::Missed);
        }
        if self.health.may_sweep(Instant::now()) {
            for node in registered.overdue {
                sweep(shared, store, node).await?;
            }
        }
        // Nobody stays unnoticed for much longer than the expiry.
        Ok(shared
            .config
            .heartbeat
            .min(registered.next_overdue + Duration::from_millis(1)))
    }

    /// What a beat has told.
    pub(crate) fn note(&mut self, shared: &Shared, registered: &Registered) {
        self.health.beat(Instant::now());
        shared.queue.tidy();
        self.has_lost |= registered.has_lost;
        shared.counters.inbox_bytes.set(registered.waiting);
        shared.counters.nodes.set(registered.nodes as u64);
    }
}

/// Has a node that is overdue go, unless another one does so.
async fn sweep(shared: &Shared, store: &Store, node: NodeId) -> Result<(), Error> {
    loop {
        match store.sweep(shared.node(), node, &shared.config).await? {
            Swept::More => {}
            Swept::Done => {
                shared.counters.sweeps.add(1);
                tracing::warn!(%node, "an instance has ceased to beat; its users are announced as left");
                return Ok(());
            }
            Swept::Alive | Swept::Busy => return Ok(()),
            Swept::Gone => return Err(Error::Gone),
        }
    }
}
