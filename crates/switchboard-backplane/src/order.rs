//! What of an inbox is news.
//!
//! Redis tells a node everything once and in order, but for one case: after a failure Redis may come back without its last
//! moments, and what nodes repeat then may have been read before. Batches are known by their sender and number; rosters
//! are told anew, and until that comes for a room, changes in it are about what Redis knew before.

use std::collections::{HashMap, HashSet};

use ahash::RandomState;
use switchboard_core::RoomId;

use crate::NodeId;

/// Remembers what was read.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// The number of the last batch of each node. Those that are gone stay: what they said may come again.
    last: HashMap<NodeId, (u64, u32), RandomState>,
    /// Rooms whose rosters will be told anew.
    outdated: HashSet<RoomId, RandomState>,
}

impl Order {
    /// Whether a batch was not read before.
    pub(crate) fn is_new(&mut self, source: NodeId, number: (u64, u32)) -> bool {
        let last = self.last.entry(source).or_insert((0, 0));
        // Commits are numbered from 1.
        let is_new = number > *last;
        if is_new {
            *last = number;
        }
        is_new
    }

    /// A room's roster will be told anew. False if that was known.
    pub(crate) fn outdate(&mut self, room: &RoomId) -> bool {
        self.outdated.insert(room.clone())
    }

    /// A room's roster is told now.
    pub(crate) fn renew(&mut self, room: &RoomId) {
        self.outdated.remove(room);
    }

    /// No roster is waited for any more.
    pub(crate) fn renew_all(&mut self) {
        self.outdated.clear();
    }

    /// Whether changes in a room count.
    pub(crate) fn counts(&self, room: &RoomId) -> bool {
        !self.outdated.contains(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_comes_again_is_not_new() {
        let (mut order, ann, bob) = (Order::default(), NodeId::new(1), NodeId::new(2));
        let numbers = [(1, 0), (1, 1), (2, 0), (1, 1), (2, 0), (7, 0)];
        let news = numbers.map(|number| order.is_new(ann, number));
        assert_eq!(news, [true, true, true, false, false, true]);
        assert!(order.is_new(bob, (1, 0)));
    }

    #[test]
    fn changes_count_again_once_the_roster_is_told() {
        let (mut order, studio) = (Order::default(), RoomId::from("studio"));
        assert!(order.counts(&studio));
        assert!(order.outdate(&studio));
        assert!(!order.outdate(&studio));
        assert!(!order.counts(&studio));
        assert!(order.counts(&"another".into()));
        order.renew(&studio);
        assert!(order.counts(&studio));
    }
}
