//! When a reactor looks at a slot although nothing has come there: there are few such times, and most connections have
//! none.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use ahash::RandomState;

/// At most one time for each slot.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: HashMap<usize, Instant, RandomState>,
    order: BTreeSet<(Instant, usize)>,
}

impl Timers {
    /// Has a slot looked at when this moment comes, unless it is looked at before that in any case.
    pub(super) fn set(&mut self, slot: usize, at: Instant) {
        match self.due.get_mut(&slot) {
            Some(due) if *due <= at => return,
            Some(due) => {
                self.order.remove(&(*due, slot));
                *due = at;
            }
            None => {
                self.due.insert(slot, at);
            }
        }
        self.order.insert((at, slot));
    }

    /// Forgets a slot's time.
    pub(super) fn clear(&mut self, slot: usize) {
        if self.due.is_empty() {
            return;
        }
        if let Some(at) = self.due.remove(&slot) {
            self.order.remove(&(at, slot));
        }
    }

    /// The moment of the next look.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// A slot whose time has come; its time is over then.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        let (_, slot) = *self.order.first().filter(|(at, _)| *at <= now)?;
        self.clear(slot);
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_slot_is_due_once_at_the_earliest_of_its_times() {
        let now = Instant::now();
        let [soon, later] = [1, 2].map(|seconds| now + Duration::from_secs(seconds));
        let mut timers = Timers::default();
        timers.set(7, later);
        timers.set(7, soon);
        timers.set(7, later);
        assert_eq!(timers.next(), Some(soon));
        assert_eq!(timers.pop_due(now), None);
        assert_eq!(timers.pop_due(later), Some(7));
        assert_eq!(timers.pop_due(later), None);
        timers.set(7, later);
        assert_eq!(timers.pop_due(later), Some(7));
    }

    #[test]
    fn what_is_cleared_is_not_due() {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.set(1, now);
        timers.set(2, now);
        timers.clear(1);
        assert_eq!(timers.pop_due(now), Some(2));
        assert_eq!(timers.next(), None);
    }
}
