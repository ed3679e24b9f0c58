//! Checks on the tree: that the documents tell the truth about the program, and that what must be absent is.

mod absences;
mod documents;
mod markdown;

use anyhow::Result;

use crate::counts::Counts;
use crate::suites;
use crate::tree::Tree;

/// What is wrong, one line each, ready to be read; nothing when all is well.
type Complaints = Vec<String>;

/// A check and its name, which says what holds when it passes.
type Check = (&'static str, fn(&Tree) -> Result<Complaints>);

const CHECKS: &[Check] = &[
    (
        "both READMEs carry the same sections and commands",
        documents::readmes_agree,
    ),
    (
        "links between documents lead somewhere",
        documents::links_resolve,
    ),
    (
        "every configuration key is documented",
        documents::configuration_keys_documented,
    ),
    (
        "every metric and reason for a close is documented",
        documents::metrics_documented,
    ),
    (
        "every error code is documented",
        documents::error_codes_documented,
    ),
    (
        "no file names a home directory",
        absences::no_home_directories,
    ),
    (
        "the lock file of npm names no registry",
        absences::no_registries,
    ),
    (
        "the pure crates see no runtime and no sockets",
        absences::pure_crates_stay_pure,
    ),
];

/// `cargo xtask tidy`: true when there is nothing to complain about.
pub(crate) fn tidy(tree: &Tree) -> Result<bool> {
    let counts = counts(tree)?;
    println!("\n{counts}");
    Ok(counts.failed == 0)
}

/// Runs every check and counts it.
pub(crate) fn counts(tree: &Tree) -> Result<Counts> {
    suites::build(tree)?;
    let mut counts = Counts::default();
    for (name, check) in CHECKS {
        let complaints = check(tree).unwrap_or_else(|error| vec![format!("{error:#}")]);
        if complaints.is_empty() {
            println!("ok      {name}");
            counts += Counts::ONE_PASSED;
        } else {
            println!("FAILED  {name}");
            counts += Counts::ONE_FAILED;
        }
        for complaint in complaints {
            println!("        {complaint}");
        }
    }
    Ok(counts)
}
