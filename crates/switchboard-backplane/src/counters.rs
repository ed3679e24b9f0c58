//! What the link counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that grows, or is set.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// All of them.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter),* }

        /// What was counted until now.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counts { $($(#[$doc])* pub $name: u64),* }

        impl Counters {
            pub(crate) fn counts(&self) -> Counts {
                Counts { $($name: self.$name.get()),* }
            }
        }
    };
}

counters! {
    /// Commits that Redis has executed.
    commits,
    /// Operations in them.
    operations,
    /// Envelopes handed to nodes' inboxes: signals, bounces, and what a node says to itself.
    sent,
    /// Signals taken from the own inbox.
    received,
    /// Entries taken from the own inbox.
    entries,
    /// Signals that were refused because another node has too much waiting.
    refused_busy,
    /// Signals that were refused because Redis was away for too long.
    refused_away,
    /// Signals whose receiver's node was gone.
    refused_gone,
    /// Batches that came twice and were told once.
    doubled,
    /// Entries that could not be understood.
    unreadable,
    /// Batches that could not be deciphered.
    undecipherable,
    /// Times the link has come up.
    connects,
    /// Times the link has gone down.
    interruptions,
    /// Times this node was taken for dead and has come back.
    resurrections,
    /// Nodes this one has swept.
    sweeps,
    /// Nodes there are.
    nodes,
    /// Bytes that wait in the own inbox, as of the last beat.
    inbox_bytes,
    /// Microseconds of the last round trip of a beat.
    beat_micros,
    /// Microseconds from saying something to oneself through Redis to hearing it, the last time.
    round_trip_micros,
    /// Memory that Redis uses, in bytes, as of some seconds ago.
    redis_memory_bytes,
}

/// As metrics have it.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
