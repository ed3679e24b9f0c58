//! How fast a connection may speak.

use std::time::{Duration, Instant};

/// A connection's allowance. Who exceeds it is read later, not refused: nothing is lost.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Time that one message costs, in nanoseconds; 0 without a bound.
    cost: u32,
    /// When all that was said will have been paid for.
    paid_at: Option<Instant>,
}

/// What may be said at once by somebody who was silent before.
const BURST: Duration = Duration::from_secs(1);

impl Rate {
    /// So many messages per second; 0 for no bound.
    pub(crate) fn new(per_second: u32) -> Self {
        let cost = 1_000_000_000_u32.checked_div(per_second).unwrap_or(0);
        Self {
            cost,
            paid_at: None,
        }
    }

    /// Takes note of messages; returns how long to read no more.
    pub(crate) fn charge(&mut self, messages: u32, now: Instant) -> Option<Duration> {
        if self.cost == 0 {
            return None;
        }
        let cost = Duration::from_nanos(u64::from(self.cost) * u64::from(messages));
        let paid_at = self.paid_at.map_or(now, |at| at.max(now)) + cost;
        self.paid_at = Some(paid_at);
        let debt = paid_at.saturating_duration_since(now).saturating_sub(BURST);
        (!debt.is_zero()).then_some(debt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_bound_nobody_waits() {
        assert_eq!(Rate::new(0).charge(1_000_000, Instant::now()), None);
    }

    #[test]
    fn a_second_worth_of_messages_may_come_at_once_and_the_rest_is_paid_for_in_time() {
        let now = Instant::now();
        let mut rate = Rate::new(10);
        assert_eq!(rate.charge(10, now), None);
        assert_eq!(rate.charge(5, now), Some(Duration::from_millis(500)));
        let later = now + Duration::from_millis(500);
        assert_eq!(rate.charge(0, later), None);
        assert_eq!(rate.charge(1, later), Some(Duration::from_millis(100)));
    }

    #[test]
    fn silence_earns_no_more_than_one_burst() {
        let now = Instant::now();
        let mut rate = Rate::new(10);
        rate.charge(1, now);
        let later = now + Duration::from_secs(3600);
        assert_eq!(rate.charge(11, later), Some(Duration::from_millis(100)));
    }
}
