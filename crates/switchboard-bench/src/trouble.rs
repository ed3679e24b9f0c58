//! What went wrong between the server and the clients.

use std::fmt;

/// A kind of thing that must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A message came although one before it had not.
    Skipped,
    /// A message came again, or after a later one.
    Late,
    /// A message never came.
    Missing,
    /// A message is not what was sent.
    Altered,
    /// A message came to somebody it was not for, or names another sender.
    Misrouted,
    /// The server told what was not to be told.
    Unexpected,
    /// A connection ended.
    Closed,
}

const KINDS: [(Kind, &str); 7] = [
    (
        Kind::Skipped,
        "came before an earlier one, or the earlier one was lost",
    ),
    (Kind::Late, "came again, or after a later one"),
    (Kind::Missing, "never came"),
    (Kind::Altered, "were altered"),
    (
        Kind::Misrouted,
        "came to the wrong receiver, or under a wrong name",
    ),
    (Kind::Unexpected, "were not expected from the server"),
    (Kind::Closed, "connections ended"),
];

/// All that went wrong: counts, and the first cases in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    counts: [u64; KINDS.len()],
    cases: Vec<String>,
}

/// How many cases are kept in words.
const CASES: usize = 5;

impl Trouble {
    #[cold]
    pub(crate) fn note(&mut self, kind: Kind, case: impl FnOnce() -> String) {
        self.count(kind, 1, case);
    }

    #[cold]
    pub(crate) fn count(&mut self, kind: Kind, count: u64, case: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        self.counts[kind as usize] += count;
        if self.cases.len() < CASES {
            self.cases.push(case());
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.cases.extend(other.cases);
        self.cases.truncate(CASES);
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What happened how often, and the first cases.
    pub(crate) fn lines(&self) -> Vec<String> {
        let counts = KINDS
            .iter()
            .zip(self.counts)
            .filter(|(_, count)| *count > 0);
        let mut lines: Vec<String> = counts
            .map(|((_, what), count)| format!("{count} {what}"))
            .collect();
        lines.extend(self.cases.iter().map(|case| format!("  {case}")));
        lines
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_stand_in_the_order_of_their_counts() {
        for (index, (kind, _)) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, index);
        }
    }

    #[test]
    fn all_are_counted_and_the_first_told() {
        let mut trouble = Trouble::default();
        for case in 0..4 {
            trouble.note(Kind::Late, || format!("case {case}"));
        }
        let mut other = Trouble::default();
        other.count(Kind::Missing, 7, || "seven".to_owned());
        other.count(Kind::Closed, 0, || "none".to_owned());
        other.note(Kind::Altered, || "too many words".to_owned());
        trouble.add(other);
        assert_eq!(trouble.total(), 12);
        assert_eq!(
            trouble.lines(),
            [
                "4 came again, or after a later one",
                "7 never came",
                "1 were altered",
                "  case 0",
                "  case 1",
                "  case 2",
                "  case 3",
                "  seven",
            ]
        );
    }
}
