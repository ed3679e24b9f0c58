//! `cargo xtask instructions`: how many instructions the steps of the hot path take, by callgrind, against the stored
//! numbers. Clocks differ from run to run by more than a careless change costs; these numbers do not.

mod baseline;
mod callgrind;
mod comparison;
mod document;

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::counts::Counts;
use crate::provision::{Need, provide};
use crate::suites::heading;
use crate::tree::Tree;
use baseline::{Baseline, Conditions};
use comparison::Comparison;

#[derive(Debug, Args)]
pub(crate) struct InstructionsArgs {
    /// Only the cases with one of these words in their names; without it all of them
    #[arg(conflicts_with = "bless")]
    only: Vec<String>,
    /// Store the numbers as they are now, and write the document
    #[arg(long)]
    bless: bool,
}

/// How many instructions one round of a case takes, by the case's name.
type Instructions = std::collections::BTreeMap<String, u64>;

/// True when no case takes more than it did.
///
/// # Errors
/// Nothing could be counted, or not compared.
pub(crate) fn instructions(tree: &Tree, args: &InstructionsArgs) -> Result<bool> {
    let provisions = provide(tree, &BTreeSet::from([Need::Valgrind]));
    if let Some(missing) = provisions.missing.get(&Need::Valgrind) {
        bail!("needs {missing}");
    }
    let conditions = Conditions::here(tree)?;
    let wanted =
        |name: &str| args.only.is_empty() || args.only.iter().any(|word| name.contains(word));
    if args.bless {
        let instructions = callgrind::count(tree, wanted)?;
        let baseline = Baseline {
            conditions,
            instructions,
        };
        baseline.store(tree)?;
        document::write(tree, &baseline)?;
        println!(
            "stored {} cases in {} and {}",
            baseline.instructions.len(),
            baseline::FILE,
            document::FILE
        );
        return Ok(true);
    }

    let mut baseline = Baseline::load(tree)?;
    if let Some(reason) = baseline.conditions.incomparable(&conditions) {
        bail!("{reason}");
    }
    baseline.instructions.retain(|name, _| wanted(name));
    let counted = callgrind::count(tree, wanted)?;
    ensure!(!counted.is_empty(), "no case has such a name");
    let comparison = Comparison::new(&baseline, &counted, &conditions);
    println!("{}", comparison.table(true));
    Ok(comparison.counts().failed == 0)
}

/// The same as a suite, each case a test; and a remark if nothing could be compared.
///
/// # Errors
/// Nothing could be counted.
pub(crate) fn suite(tree: &Tree) -> Result<(Counts, Option<String>)> {
    heading("instructions: callgrind");
    let conditions = Conditions::here(tree)?;
    let baseline = Baseline::load(tree)?;
    if let Some(reason) = baseline.conditions.incomparable(&conditions) {
        println!("{reason}");
        return Ok((Counts::ONE_SKIPPED, Some(format!("not run, {reason}"))));
    }
    let counted = callgrind::count(tree, |_| true)?;
    let comparison = Comparison::new(&baseline, &counted, &conditions);
    println!("{}", comparison.table(false));
    let mut counts = comparison.counts();
    if document::is_current(tree, &baseline)? {
        counts += Counts::ONE_PASSED;
    } else {
        println!(
            "{} does not say what {} does: {BLESS}",
            document::FILE,
            baseline::FILE
        );
        counts += Counts::ONE_FAILED;
    }
    Ok((counts, None))
}

/// What to do when the numbers have changed and are meant to.
const BLESS: &str = "`cargo xtask instructions --bless`";
