//! The hot path in single steps, for callgrind to count their instructions: `cargo xtask instructions` runs it.
//!
//! Without an argument it prints the names of its cases; with one it runs that case. Only what [`counted`] calls is
//! counted, so that making things ready costs nothing. What is measured is what the pure crates do for a message:
//! sockets, locks and counters of the node are not in it.

mod cases;
mod studio;
mod words;

use std::io::{self, Write};
use std::process::ExitCode;

/// Rounds of a case that are counted. `cargo xtask instructions` divides by it.
const ROUNDS: usize = 64;
/// Rounds before, until every buffer has its size.
const WARM_UP: usize = 16;
/// How much input has to be ready for a case that uses it up.
const PREPARED: usize = WARM_UP + ROUNDS;

/// Something to be counted.
struct Case {
    /// `what/wire/message`
    name: String,
    /// Makes everything ready for [`PREPARED`] rounds.
    prepare: Box<dyn Fn() -> Round>,
}

impl Case {
    fn new(name: impl Into<String>, prepare: impl Fn() -> Round + 'static) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(prepare),
        }
    }
}

/// One round of a case.
type Round = Box<dyn FnMut()>;

fn main() -> ExitCode {
    let cases = cases::all();
    let Some(wanted) = std::env::args().nth(1) else {
        return match list(&cases) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    };
    let Some(case) = cases.iter().find(|case| case.name == wanted) else {
        eprintln!("no such case: {wanted}");
        return ExitCode::FAILURE;
    };
    let mut round = (case.prepare)();
    for _ in 0..WARM_UP {
        round();
    }
    counted(&mut *round);
    ExitCode::SUCCESS
}

fn list(cases: &[Case]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "rounds {ROUNDS}")?;
    cases
        .iter()
        .try_for_each(|case| writeln!(out, "{}", case.name))
}

/// What callgrind counts; it knows it by this name.
#[inline(never)]
fn counted(round: &mut dyn FnMut()) {
    for _ in 0..ROUNDS {
        round();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_has_input_for_all_its_rounds() {
        for case in cases::all() {
            let mut round = (case.prepare)();
            for _ in 0..PREPARED {
                round();
            }
        }
    }

    #[test]
    fn no_two_cases_have_one_name() {
        let cases = cases::all();
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
    }
}
