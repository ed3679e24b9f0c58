//! Whether a node may judge others.
//!
//! When Redis was away, nobody's heartbeat got through, and the first to come back would find all others silent. So a node
//! takes nobody for dead before it has itself seen Redis answer without a gap for as long as it takes to be taken for
//! dead.

use std::time::{Duration, Instant};

/// The regularity of a node's own beats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    heartbeat: Duration,
    expiry: Duration,
    unbroken_since: Option<Instant>,
    last: Option<Instant>,
}

impl Health {
    pub(crate) const fn new(heartbeat: Duration, expiry: Duration) -> Self {
        Self {
            heartbeat,
            expiry,
            unbroken_since: None,
            last: None,
        }
    }

    /// A beat was answered.
    pub(crate) fn beat(&mut self, now: Instant) {
        if !self.last.is_some_and(|last| self.in_time(last, now)) {
            self.unbroken_since = None;
        }
        self.unbroken_since.get_or_insert(now);
        self.last = Some(now);
    }

    /// Redis did not answer, or became another.
    pub(crate) const fn interrupt(&mut self) {
        self.unbroken_since = None;
    }

    /// Whether others who are silent may be taken for dead.
    pub(crate) fn may_sweep(&self, now: Instant) -> bool {
        let unbroken = self
            .unbroken_since
            .is_some_and(|since| now.saturating_duration_since(since) >= self.expiry);
        unbroken && self.last.is_some_and(|last| self.in_time(last, now))
    }

    fn in_time(&self, last: Instant, now: Instant) -> bool {
        now.saturating_duration_since(last) <= self.heartbeat * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beats at these seconds, then asked at the last one.
    fn may_sweep(beats: &[u64], at: u64) -> bool {
        let start = Instant::now();
        let mut health = Health::new(Duration::from_secs(2), Duration::from_secs(8));
        for beat in beats {
            health.beat(start + Duration::from_secs(*beat));
        }
        health.may_sweep(start + Duration::from_secs(at))
    }

    #[test]
    fn s3_11_nobody_sweeps_who_has_not_seen_a_full_period() {
        assert!(!may_sweep(&[], 100));
        assert!(!may_sweep(&[0, 2, 4, 6], 7));
        assert!(may_sweep(&[0, 2, 4, 6, 8], 8));
    }

    #[test]
    fn s3_11_a_gap_begins_the_period_anew() {
        assert!(!may_sweep(&[0, 2, 4, 6, 8, 68], 68));
        assert!(!may_sweep(&[0, 2, 4, 6, 8, 68, 70, 72, 74], 75));
        assert!(may_sweep(&[0, 2, 4, 6, 8, 68, 70, 72, 74, 76], 76));
    }

    #[test]
    fn s3_11_who_was_asleep_itself_judges_nobody() {
        assert!(!may_sweep(&[0, 2, 4, 6, 8, 10], 30));
    }

    #[test]
    fn s3_11_an_interruption_begins_the_period_anew() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut health = Health::new(Duration::from_secs(2), Duration::from_secs(8));
        (0..=10).for_each(|second| health.beat(at(second)));
        health.interrupt();
        health.beat(at(11));
        assert!(!health.may_sweep(at(12)));
    }
}
