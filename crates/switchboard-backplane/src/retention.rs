//! Commits that may have to be repeated.
//!
//! Redis that comes back from its log, or a replica that takes over, may not know the last commits although it has
//! answered them. So they are kept for some seconds, within a bound.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::operation::Operation;

/// One numbered list of operations.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) seq: u64,
    pub(crate) operations: Vec<Operation>,
}

impl Commit {
    fn size(&self) -> usize {
        self.operations.iter().map(Operation::size).sum()
    }
}

/// The last commits that were answered.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    commits: VecDeque<(Instant, Commit)>,
    bytes: usize,
}

/// What a Redis that persists once a second may lose, and some.
const AGE: Duration = Duration::from_secs(3);
const BYTES: usize = 4 * 1024 * 1024;

impl Retention {
    pub(crate) fn keep(&mut self, now: Instant, commit: Commit) {
        self.bytes += commit.size();
        self.commits.push_back((now, commit));
        while self.bytes > BYTES
            || self
                .commits
                .front()
                .is_some_and(|(at, _)| now.saturating_duration_since(*at) > AGE)
        {
            let Some((_, old)) = self.commits.pop_front() else {
                return;
            };
            self.bytes -= old.size();
        }
    }

    /// Those behind a number, oldest first; `None` if not all are there.
    pub(crate) fn since(&self, seq: u64) -> Option<Vec<Commit>> {
        let commits = self.commits.iter().map(|(_, commit)| commit);
        let behind: Vec<Commit> = commits.filter(|commit| commit.seq > seq).cloned().collect();
        let is_whole = behind.first().is_none_or(|first| first.seq == seq + 1);
        is_whole.then_some(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{Batch, Envelope};

    fn commit(seq: u64) -> Commit {
        Commit {
            seq,
            operations: Vec::new(),
        }
    }

    fn numbers(retention: &Retention, seq: u64) -> Option<Vec<u64>> {
        let commits = retention.since(seq)?;
        Some(commits.iter().map(|commit| commit.seq).collect())
    }

    #[test]
    fn what_redis_forgot_is_there_for_some_seconds() {
        let (start, mut retention) = (Instant::now(), Retention::default());
        (1..=5).for_each(|seq| retention.keep(start + Duration::from_secs(seq), commit(seq)));
        assert_eq!(numbers(&retention, 3), Some(vec![4, 5]));
        assert_eq!(numbers(&retention, 5), Some(vec![]));
        assert_eq!(numbers(&retention, 1), Some(vec![2, 3, 4, 5]));
        assert_eq!(numbers(&retention, 0), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (now, mut retention) = (Instant::now(), Retention::default());
        let mut batch = Batch::default();
        while batch.len() < BYTES / 4 {
            batch.push(&Envelope::Canary(1));
        }
        for seq in 1..=10 {
            let to = crate::NodeId::new(1);
            let operations = vec![Operation::Append {
                to,
                batch: batch.clone(),
            }];
            retention.keep(now, Commit { seq, operations });
        }
        assert_eq!(numbers(&retention, 7), Some(vec![8, 9, 10]));
        assert_eq!(numbers(&retention, 6), None);
    }
}
