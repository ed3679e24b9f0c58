//! The numbers of now against the stored ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::baseline::{Baseline, Conditions};
use super::{BLESS, Instructions};
use crate::counts::Counts;

/// By how much a case may differ under the stored conditions. Five runs of one build differ by up to 1.2 % where hash
/// maps take in and give away, because their seeds are random, and elsewhere by nothing or next to nothing; the rest is
/// what the compiler makes of code that has not changed when something beside it has.
pub(super) const MARGIN: f64 = 0.03;
/// The same with another compiler, libc or valgrind.
pub(super) const WIDE_MARGIN: f64 = 0.15;
/// So many instructions are no difference, whatever share of a small case they are.
pub(super) const SLACK: u64 = 5;

#[derive(Debug)]
pub(super) struct Comparison {
    rows: Vec<Row>,
    margin: f64,
    /// Why the margin is wide.
    changed: Option<String>,
}

#[derive(Debug)]
struct Row {
    name: String,
    stored: Option<u64>,
    now: Option<u64>,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Better,
    Worse,
    /// There is no stored number.
    New,
    /// There is nothing but a stored number.
    Gone,
}

impl Comparison {
    pub(super) fn new(baseline: &Baseline, now: &Instructions, here: &Conditions) -> Self {
        let stored = &baseline.instructions;
        let changed = (baseline.conditions != *here).then(|| changes(&baseline.conditions, here));
        let margin = if changed.is_some() {
            WIDE_MARGIN
        } else {
            MARGIN
        };
        let names: BTreeSet<&String> = stored.keys().chain(now.keys()).collect();
        let rows = names
            .into_iter()
            .map(|name| {
                let (stored, now) = (stored.get(name).copied(), now.get(name).copied());
                Row {
                    name: name.clone(),
                    stored,
                    now,
                    verdict: verdict(stored, now, margin),
                }
            })
            .collect();
        Self {
            rows,
            margin,
            changed,
        }
    }

    /// One for each case: it fails where it takes more than before, or is only on one side.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            counts += if row.verdict.is_well() {
                Counts::ONE_PASSED
            } else {
                Counts::ONE_FAILED
            };
        }
        counts
    }

    /// What a reader has to know: all cases, or those that have changed.
    pub(super) fn table(&self, all: bool) -> String {
        let mut table = String::new();
        let rows = || {
            let rows = self.rows.iter();
            rows.filter(|row| all || row.verdict != Verdict::Same)
        };
        let width = rows().map(|row| row.name.len()).max().unwrap_or(0);
        if width > 0 {
            line(
                &mut table,
                width,
                "instructions",
                "stored",
                "now",
                "change",
                "",
            );
        }
        for row in rows() {
            let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
            let change = row
                .change()
                .map_or_else(String::new, |change| format!("{:+.1} %", change * 100.0));
            let (stored, now) = (number(row.stored), number(row.now));
            line(
                &mut table,
                width,
                &row.name,
                &stored,
                &now,
                &change,
                row.verdict.says(),
            );
        }
        if let Some(changed) = &self.changed {
            let _ = writeln!(table, "other conditions than the stored numbers: {changed}");
        }
        let of = |verdict| {
            self.rows
                .iter()
                .filter(|row| row.verdict == verdict)
                .count()
        };
        let _ = write!(
            table,
            "{} cases: {} as stored (within {:.0} %), {} better, {} worse, {} new, {} gone",
            self.rows.len(),
            of(Verdict::Same),
            self.margin * 100.0,
            of(Verdict::Better),
            of(Verdict::Worse),
            of(Verdict::New),
            of(Verdict::Gone)
        );
        if self.rows.iter().any(|row| row.verdict != Verdict::Same) {
            let _ = write!(table, "\nif that is as it should be: {BLESS}");
        }
        table
    }
}

impl Row {
    fn change(&self) -> Option<f64> {
        let (stored, now) = (self.stored? as f64, self.now? as f64);
        (stored > 0.0).then(|| now / stored - 1.0)
    }
}

impl Verdict {
    fn is_well(self) -> bool {
        matches!(self, Self::Same | Self::Better)
    }

    fn says(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::New => "NEW, not stored",
            Self::Gone => "GONE, still stored",
        }
    }
}

fn verdict(stored: Option<u64>, now: Option<u64>, margin: f64) -> Verdict {
    match (stored, now) {
        (Some(stored), Some(now)) => {
            let within = stored.abs_diff(now) as f64 <= (stored as f64 * margin).max(SLACK as f64);
            match now {
                _ if within => Verdict::Same,
                now if now < stored => Verdict::Better,
                _ => Verdict::Worse,
            }
        }
        (None, _) => Verdict::New,
        (Some(_), None) => Verdict::Gone,
    }
}

/// What is other than it was.
fn changes(stored: &Conditions, here: &Conditions) -> String {
    let pairs = [
        (&stored.compiler, &here.compiler),
        (&stored.libc, &here.libc),
        (&stored.valgrind, &here.valgrind),
    ];
    let changes: Vec<String> = pairs
        .into_iter()
        .filter(|(stored, here)| stored != here)
        .map(|(stored, here)| format!("{stored} then, {here} now"))
        .collect();
    changes.join("; ")
}

fn line(
    table: &mut String,
    width: usize,
    name: &str,
    stored: &str,
    now: &str,
    change: &str,
    remark: &str,
) {
    let line = format!("{name:<width$}  {stored:>8}  {now:>8}  {change:>9}  {remark}");
    table.push_str(line.trim_end());
    table.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(compiler: &str) -> Conditions {
        Conditions {
            machine: "x86_64-linux".to_owned(),
            compiler: compiler.to_owned(),
            libc: "glibc 2.36".to_owned(),
            valgrind: "valgrind-3.19.0".to_owned(),
        }
    }

    fn numbers(numbers: &[(&str, u64)]) -> Instructions {
        numbers
            .iter()
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect()
    }

    fn compare(stored: &[(&str, u64)], now: &[(&str, u64)], compiler: &str) -> Comparison {
        let baseline = Baseline {
            conditions: conditions("rustc 1.95.0"),
            instructions: numbers(stored),
        };
        Comparison::new(&baseline, &numbers(now), &conditions(compiler))
    }

    #[test]
    fn more_than_the_margin_is_worse_and_fails() {
        let comparison = compare(
            &[("relay", 5000), ("decode", 3600)],
            &[("relay", 5151), ("decode", 3650)],
            "rustc 1.95.0",
        );
        assert_eq!(comparison.counts().failed, 1);
        assert_eq!(comparison.counts().passed, 1);
        let table = comparison.table(false);
        assert!(table.contains("relay"), "{table}");
        assert!(table.contains("+3.0 %  WORSE"), "{table}");
        assert!(!table.contains("decode"), "{table}");
        assert!(table.contains("--bless"), "{table}");
        assert!(comparison.table(true).contains("decode"));
    }

    #[test]
    fn less_than_before_is_said_and_passes() {
        let comparison = compare(&[("relay", 5000)], &[("relay", 4000)], "rustc 1.95.0");
        assert_eq!(comparison.counts(), Counts::ONE_PASSED);
        assert!(comparison.table(false).contains("-20.0 %  better"));
    }

    #[test]
    fn a_case_on_one_side_only_fails() {
        let comparison = compare(&[("old", 1)], &[("new", 1)], "rustc 1.95.0");
        assert_eq!(comparison.counts().failed, 2);
        let table = comparison.table(false);
        assert!(table.contains("NEW"), "{table}");
        assert!(table.contains("GONE"), "{table}");
    }

    #[test]
    fn a_few_instructions_are_no_difference() {
        let comparison = compare(&[("tiny", 42)], &[("tiny", 47)], "rustc 1.95.0");
        assert_eq!(comparison.counts(), Counts::ONE_PASSED);
    }

    #[test]
    fn another_compiler_widens_the_margin_and_is_named() {
        let stored = [("relay", 5000), ("decode", 5000)];
        let now = [("relay", 5700), ("decode", 5800)];
        let comparison = compare(&stored, &now, "rustc 1.96.0");
        assert_eq!(comparison.counts().failed, 1);
        let table = comparison.table(false);
        assert!(
            table.contains("rustc 1.95.0 then, rustc 1.96.0 now"),
            "{table}"
        );
    }
}
