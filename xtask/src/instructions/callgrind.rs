//! Runs the cases of bench/instructions, each in a process of its own, so that none depends on another.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::Instructions;
use crate::child::{passes, stdout_of};
use crate::tree::Tree;

const PACKAGE: &str = "switchboard-instructions";
const PROFILE: &str = "counting";
/// Only what this function calls is counted; its name is part of a longer one.
const COUNTED: &str = "--toggle-collect=*switchboard_instructions*counted*";

/// Counts the wanted cases. The profiles stay in the target directory, for `callgrind_annotate`.
pub(super) fn count(tree: &Tree, wanted: impl Fn(&str) -> bool) -> Result<Instructions> {
    let program = build(tree)?;
    let listing =
        stdout_of(&mut Command::new(&program)).context("the program does not list its cases")?;
    let (rounds, mut cases) = read_listing(&listing).context("the list of cases is unreadable")?;
    cases.retain(|case| wanted(case));

    let profiles = tree.target.join("instructions");
    fs::create_dir_all(&profiles)?;
    let started = Instant::now();
    let total = cases.len();
    let waiting = Mutex::new(cases);
    let next = || waiting.lock().ok().and_then(|mut cases| cases.pop_front());
    let work = || -> Result<Instructions> {
        let mut counted = Instructions::new();
        while let Some(case) = next() {
            let all = run(&program, &profiles, &case)?;
            // Rounded: what one round more or less costs is no fraction of an instruction.
            counted.insert(case, (all + rounds / 2) / rounds);
        }
        Ok(counted)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let counted: Vec<Result<Instructions>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| bail!("a worker came to grief"))
            })
            .collect()
    });
    let mut instructions = Instructions::new();
    for counted in counted {
        instructions.extend(counted?);
    }
    println!(
        "counted {total} cases in {:.0} s; profiles for callgrind_annotate: {}",
        started.elapsed().as_secs_f64(),
        profiles.display()
    );
    Ok(instructions)
}

/// The release build, but for the names of functions, which callgrind needs.
fn build(tree: &Tree) -> Result<PathBuf> {
    ensure!(
        passes(
            tree.cargo()
                .args(["build", "--quiet", "--profile", PROFILE, "-p", PACKAGE])
        )?,
        "{PACKAGE} does not build"
    );
    Ok(tree.beside_debug(PROFILE).join(PACKAGE))
}

/// `rounds N`, and a line for each case.
fn read_listing(listing: &str) -> Option<(u64, VecDeque<String>)> {
    let mut lines = listing.lines();
    let rounds = lines.next()?.strip_prefix("rounds ")?.parse().ok()?;
    (rounds > 0).then(|| (rounds, lines.map(str::to_owned).collect()))
}

/// The instructions of all rounds of a case.
fn run(program: &Path, profiles: &Path, case: &str) -> Result<u64> {
    let profile = profiles.join(case.replace('/', ".") + ".out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", COUNTED])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .arg(case)
        .stdin(Stdio::null())
        .output()
        .context("cannot start valgrind")?;
    ensure!(
        output.status.success(),
        "{case} failed under callgrind:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let counted = fs::read_to_string(&profile)
        .with_context(|| format!("callgrind wrote no {}", profile.display()))?;
    total(&counted)
        .filter(|instructions| *instructions > 0)
        .with_context(|| format!("callgrind counted nothing in {case}"))
}

/// The line `totals: N` at the end of a profile.
fn total(profile: &str) -> Option<u64> {
    let line = profile
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_begins_with_the_number_of_rounds() {
        let (rounds, cases) = read_listing("rounds 64\nrelay/join/offer\nhub/signal\n").unwrap();
        assert_eq!(rounds, 64);
        assert_eq!(cases, ["relay/join/offer", "hub/signal"]);
        assert_eq!(read_listing("relay/join/offer\n"), None);
        assert_eq!(read_listing("rounds 0\n"), None);
    }

    #[test]
    fn a_profile_ends_with_the_sum() {
        let profile = "version: 1\nevents: Ir\nsummary: 316959\n\nfn=(1)\n16 4\ntotals: 316959\n";
        assert_eq!(total(profile), Some(316_959));
        assert_eq!(total("version: 1\n"), None);
    }
}
