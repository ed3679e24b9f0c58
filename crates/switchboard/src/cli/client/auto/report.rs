//! The table of what was checked.

use std::fmt;

use anyhow::Result;

/// What was checked so far, in order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    scenario: &'static str,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    scenario: &'static str,
    check: &'static str,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Pass,
    /// With the reason.
    Fail(String),
    /// The wire has no word for it, so there is nothing to check.
    Silent,
}

/// A scenario cannot go on; the report has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What follows belongs to this scenario.
    pub(crate) fn scenario(&mut self, name: &'static str) {
        self.scenario = name;
    }

    /// Notes what came of a check.
    ///
    /// # Errors
    /// If it failed: the scenario makes no sense any more.
    pub(crate) fn check<T>(
        &mut self,
        check: &'static str,
        result: Result<T>,
    ) -> Result<T, Stopped> {
        let (outcome, result) = match result {
            Ok(value) => (Outcome::Pass, Ok(value)),
            Err(error) => (Outcome::Fail(format!("{error:#}")), Err(Stopped)),
        };
        self.note(check, outcome);
        result
    }

    /// Notes what cannot be checked on this wire.
    pub(crate) fn silent(&mut self, check: &'static str) {
        self.note(check, Outcome::Silent);
    }

    /// How many checks failed.
    pub(crate) fn failed(&self) -> usize {
        let failed = |row: &&Row| matches!(row.outcome, Outcome::Fail(_));
        self.rows.iter().filter(failed).count()
    }

    /// How many checks there were.
    pub(crate) fn checked(&self) -> usize {
        let checked = |row: &&Row| !matches!(row.outcome, Outcome::Silent);
        self.rows.iter().filter(checked).count()
    }

    fn note(&mut self, check: &'static str, outcome: Outcome) {
        self.rows.push(Row {
            scenario: self.scenario,
            check,
            outcome,
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:<54}result", "scenario", "check")?;
        for Row {
            scenario,
            check,
            outcome,
        } in &self.rows
        {
            write!(f, "{scenario:<22}{check:<54}")?;
            match outcome {
                Outcome::Pass => writeln!(f, "pass")?,
                Outcome::Fail(reason) => writeln!(f, "FAIL\n    {reason}")?,
                Outcome::Silent => writeln!(f, "- (not on this wire)")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn the_table_tells_what_passed_what_failed_and_why() {
        let mut report = Report::new();
        report.scenario("1 join and leave");
        assert_eq!(report.check("users join", Ok(7)), Ok(7));
        report.silent("each is told who is there");
        let failed: Result<()> = Err(anyhow!("nothing came").context("ann waited"));
        assert_eq!(report.check("the others are told", failed), Err(Stopped));
        assert_eq!((report.failed(), report.checked()), (1, 2));
        let lines: Vec<String> = report.to_string().lines().map(str::to_owned).collect();
        let cells = |line: &String| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(cells(&lines[0]), ["scenario", "check", "result"]);
        assert_eq!(cells(&lines[1]), ["1 join and leave", "users join", "pass"]);
        assert_eq!(cells(&lines[2])[2], "- (not on this wire)");
        assert_eq!(cells(&lines[3])[2], "FAIL");
        assert_eq!(lines[4], "    ann waited: nothing came");
    }
}
