//! Reads how many tests passed from what the test runners print.

use std::fmt;
use std::ops::AddAssign;

/// Tests that passed, failed, and were not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Counts {
    pub(crate) const ONE_FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    pub(crate) const ONE_SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };
    pub(crate) const ONE_PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };

    fn total(self) -> u64 {
        self.passed + self.failed + self.skipped
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Whose summary it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo test`: one line for each test binary.
    CargoTest,
    /// `cargo nextest`: one line in all.
    Nextest,
    /// `node --test`, reporters `spec` and `tap`: one line for each number.
    Node,
    /// `pytest`: the last line.
    Pytest,
}

impl Runner {
    /// The counts in a runner's output; none when it holds no summary.
    pub(crate) fn read(self, output: &str) -> Option<Counts> {
        let plain = without_colours(output);
        match self {
            Self::CargoTest => cargo_test(&plain),
            Self::Nextest => nextest(&plain),
            Self::Node => node(&plain),
            Self::Pytest => pytest(&plain),
        }
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn cargo_test(output: &str) -> Option<Counts> {
    let mut counts = None;
    for line in output.lines() {
        let Some((_, result)) = line.split_once("test result: ") else {
            continue;
        };
        let (_, numbers) = result.split_once(". ")?;
        let sum: &mut Counts = counts.get_or_insert_default();
        for (n, word) in numbered(numbers, ';') {
            match word {
                "passed" => sum.passed += n,
                "failed" => sum.failed += n,
                "ignored" => sum.skipped += n,
                _ => {}
            }
        }
    }
    counts
}

/// `Summary [   4.046s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped`
fn nextest(output: &str) -> Option<Counts> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, numbers) = line.split_once(" run: ")?;
    let mut counts = Counts::default();
    for (n, word) in numbered(&without_brackets(numbers), ',') {
        match word {
            "passed" => counts.passed += n,
            "skipped" => counts.skipped += n,
            // failed, exec failed, timed out
            _ => counts.failed += n,
        }
    }
    Some(counts)
}

/// `ℹ pass 3` (spec) or `# pass 3` (tap)
fn node(output: &str) -> Option<Counts> {
    let mut counts = Counts::default();
    let mut seen = false;
    for line in output.lines() {
        let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) else {
            continue;
        };
        let Some((word, Ok(n))) = rest
            .split_once(' ')
            .map(|(word, n)| (word, n.trim().parse()))
        else {
            continue;
        };
        // Assigned, not added: a test may print another run's summary before ours, which is the last.
        match word {
            "tests" => (counts, seen) = (Counts::default(), true),
            "pass" => counts.passed = n,
            "fail" | "cancelled" => counts.failed += n,
            "skipped" | "todo" => counts.skipped += n,
            _ => {}
        }
    }
    (seen && counts.total() > 0).then_some(counts)
}

/// `==== 1 failed, 3 passed, 1 skipped, 2 warnings in 0.12s ====`, with or without the rule
fn pytest(output: &str) -> Option<Counts> {
    let line = output
        .lines()
        .rev()
        .map(|line| line.trim_matches(['=', ' ']))
        .find(|line| {
            line.rsplit_once(" in ").is_some_and(|(numbers, time)| {
                time.starts_with(|c: char| c.is_ascii_digit())
                    && numbers.starts_with(|c: char| c.is_ascii_digit())
            })
        })?;
    let (numbers, _) = line.rsplit_once(" in ")?;
    let mut counts = Counts::default();
    for (n, word) in numbered(numbers, ',') {
        match word {
            "passed" | "xfailed" => counts.passed += n,
            "failed" | "error" | "errors" | "xpassed" => counts.failed += n,
            "skipped" => counts.skipped += n,
            // warnings, deselected
            _ => {}
        }
    }
    (counts.total() > 0).then_some(counts)
}

/// The items `N words` of a list.
fn numbered(list: &str, separator: char) -> impl Iterator<Item = (u64, &str)> {
    list.split(separator).filter_map(|item| {
        let (n, word) = item.trim().split_once(' ')?;
        Some((n.parse().ok()?, word.trim()))
    })
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// The text without ANSI colour sequences (`ESC [ ... letter`).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after
            .split_once(|c: char| c.is_ascii_alphabetic())
            .map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests;
