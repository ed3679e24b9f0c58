//! Which events are logged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::RELAY_TARGET;
use crate::config::Level;

/// What the targets of this project's crates begin with.
const OWN_TARGETS: &str = "switchboard";

/// What is logged of libraries.
const LIBRARY_LEVEL: LevelFilter = LevelFilter::WARN;

/// What is logged of relayed messages when that is on.
const RELAY_LEVEL: LevelFilter = LevelFilter::INFO;

/// The settings that can change while the process runs.
#[derive(Debug)]
pub(super) struct Switches {
    level: AtomicU8,
    relay: AtomicBool,
}

impl Switches {
    pub(super) const fn new(level: Level, relay: bool) -> Self {
        Self {
            level: AtomicU8::new(level as u8),
            relay: AtomicBool::new(relay),
        }
    }

    pub(super) fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }

    pub(super) fn set_relay(&self, on: bool) {
        self.relay.store(on, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }

    fn level(&self) -> LevelFilter {
        match self.level.load(Ordering::Relaxed) {
            level if level == Level::Error as u8 => LevelFilter::ERROR,
            level if level == Level::Warn as u8 => LevelFilter::WARN,
            level if level == Level::Info as u8 => LevelFilter::INFO,
            level if level == Level::Debug as u8 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }

    fn relay_level(&self) -> LevelFilter {
        if self.relay.load(Ordering::Relaxed) {
            RELAY_LEVEL
        } else {
            LevelFilter::OFF
        }
    }

    fn allow(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let up_to = if target == RELAY_TARGET {
            self.relay_level()
        } else if target.starts_with(OWN_TARGETS) {
            self.level()
        } else {
            self.level().min(LIBRARY_LEVEL)
        };
        *metadata.level() <= up_to
    }
}

/// The layer that applies the switches. Each callsite asks once and remembers the answer until a switch is turned.
#[derive(Debug)]
pub(super) struct Gate {
    switches: Arc<Switches>,
}

impl Gate {
    pub(super) const fn new(switches: Arc<Switches>) -> Self {
        Self { switches }
    }
}

impl<S: Subscriber> Layer<S> for Gate {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.switches.allow(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.switches.allow(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.switches.level().max(self.switches.relay_level()))
    }
}
