//! When a reactor looks at a connection although nothing has come: there are few such times, and most connections
//! have none.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

/// At most one time for each slot.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: HashMap<usize, Instant>,
    /// May hold times that are not in force any more; these are passed over.
    order: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Timers {
    /// Has a slot looked at when this moment comes, unless it is looked at before that in any case.
    pub(super) fn set(&mut self, slot: usize, at: Instant) {
        let due = self.due.entry(slot).or_insert(at);
        if at <= *due {
            *due = at;
            self.order.push(Reverse((at, slot)));
        }
    }

    /// Forgets a slot's time.
    pub(super) fn clear(&mut self, slot: usize) {
        self.due.remove(&slot);
    }

    /// The moment of the next look.
    pub(super) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, slot))) = self.order.peek() {
            if self.due.get(slot) == Some(at) {
                return Some(*at);
            }
            self.order.pop();
        }
        None
    }

    /// A slot whose time has come; its time is over then.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        let at = self.next()?;
        if at > now {
            return None;
        }
        let Reverse((_, slot)) = self.order.pop()?;
        self.due.remove(&slot);
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
