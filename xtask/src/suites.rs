//! `cargo xtask test`: every suite in order, each with its heading and time, and one line of counts at the end.

mod runs;

pub(crate) use runs::build;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::counts::Counts;
use crate::provision::{Need, Provisions, provide};
use crate::tree::Tree;

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Only these suites; without it all of them
    #[arg(value_enum)]
    suites: Vec<Suite>,
    /// What a suite needs and cannot be had is a failure, not a skip (also with CI=true in the environment)
    #[arg(long)]
    strict: bool,
    /// Begin with rustfmt and clippy
    #[arg(long)]
    lint: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Suite {
    /// rustfmt and clippy
    Lint,
    /// Unit, integration and doc tests
    Rust,
    /// Checks on the tree
    Tidy,
    /// Instruction counts of the hot path against the stored ones
    Instructions,
    /// Real Node.js clients against the running server
    Node,
    /// Real Python clients and WebRTC peers
    Python,
    /// Chromium tabs in a call, with each other and with a Python WebRTC peer
    Browser,
    /// The systemd unit, the PM2 file, the image
    Deploy,
}

impl Suite {
    /// What runs without being named.
    const ORDINARY: [Self; 7] = [
        Self::Rust,
        Self::Tidy,
        Self::Instructions,
        Self::Node,
        Self::Python,
        Self::Browser,
        Self::Deploy,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Rust => "rust",
            Self::Tidy => "tidy",
            Self::Instructions => "instructions",
            Self::Node => "node",
            Self::Python => "python",
            Self::Browser => "browser",
            Self::Deploy => "deploy",
        }
    }

    fn needs(self) -> &'static [Need] {
        match self {
            Self::Lint => &[Need::RustLints],
            Self::Rust => &[Need::Redis],
            Self::Tidy => &[],
            Self::Instructions => &[Need::Valgrind],
            Self::Node => &[Need::Node, Need::NpmPackages],
            Self::Python => &[Need::Python, Need::PythonPackages, Need::Iproute],
            Self::Browser => &[
                Need::Node,
                Need::NpmPackages,
                Need::Chromium,
                Need::Font,
                Need::Python,
                Need::PythonPackages,
                Need::Iproute,
            ],
            Self::Deploy => &[
                Need::Node,
                Need::NpmPackages,
                Need::Python,
                Need::SystemdAnalyze,
            ],
        }
    }

    /// How long it may take before it is ended. Generous: a slow machine is no failure, a hanging test is.
    fn limit(self) -> Duration {
        let minutes = match self {
            Self::Lint | Self::Rust => 30,
            Self::Browser => 15,
            Self::Tidy | Self::Instructions | Self::Node | Self::Python | Self::Deploy => 10,
        };
        Duration::from_secs(60 * minutes)
    }
}

/// True when nothing failed (and, when strict, nothing was missing).
pub(crate) fn test(tree: &Tree, args: &TestArgs) -> Result<bool> {
    let strict =
        args.strict || std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    let suites = chosen(args);

    heading("what the tests need");
    let needs: BTreeSet<Need> = suites
        .iter()
        .flat_map(|suite| suite.needs())
        .copied()
        .collect();
    let provisions = provide(tree, &needs);
    if provisions.missing.is_empty() {
        println!("everything is there");
    }

    let mut sum = Counts::default();
    let mut report = Vec::new();
    for suite in suites {
        let started = Instant::now();
        let outcome = outcome_of(tree, suite, &provisions, strict);
        sum += outcome.counts;
        let seconds = started.elapsed().as_secs_f64();
        report.push(format!(
            "{:<12} {:>7.1} s  {}{}",
            suite.name(),
            seconds,
            outcome.counts,
            outcome
                .remark
                .map_or_else(String::new, |remark| format!("  ({remark})"))
        ));
    }
    heading("summary");
    for line in report {
        println!("{line}");
    }
    println!("\n{sum}");
    Ok(sum.failed == 0)
}

/// What one suite came to, and what a reader should know about it.
#[derive(Debug)]
struct Outcome {
    counts: Counts,
    remark: Option<String>,
}

fn outcome_of(tree: &Tree, suite: Suite, provisions: &Provisions, strict: bool) -> Outcome {
    let missing: Vec<&str> = suite
        .needs()
        .iter()
        .filter_map(|need| provisions.missing.get(need).map(String::as_str))
        .collect();
    if !missing.is_empty() {
        let reason = format!("not run, missing: {}", missing.join("; "));
        heading(&format!("{}: {reason}", suite.name()));
        return Outcome {
            counts: if strict {
                Counts::ONE_FAILED
            } else {
                Counts::ONE_SKIPPED
            },
            remark: Some(reason),
        };
    }
    match runs::run(tree, suite, provisions) {
        Ok((counts, remark)) => Outcome { counts, remark },
        Err(error) => {
            println!("{}: {error:#}", suite.name());
            Outcome {
                counts: Counts::ONE_FAILED,
                remark: Some(format!("{error:#}")),
            }
        }
    }
}

/// The suites to run, in their order.
fn chosen(args: &TestArgs) -> BTreeSet<Suite> {
    let mut suites: BTreeSet<Suite> = args.suites.iter().copied().collect();
    if suites.is_empty() {
        suites.extend(Suite::ORDINARY);
    }
    if args.lint {
        suites.insert(Suite::Lint);
    }
    suites
}

pub(crate) fn heading(text: &str) {
    println!("\n== {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(suites: &[Suite], lint: bool) -> TestArgs {
        TestArgs {
            suites: suites.to_vec(),
            strict: false,
            lint,
        }
    }

    #[test]
    fn all_but_lint_run_without_being_named() {
        let suites: Vec<Suite> = chosen(&args(&[], false)).into_iter().collect();
        assert_eq!(suites, Suite::ORDINARY);
    }

    #[test]
    fn lint_comes_first_when_asked_for() {
        let suites: Vec<Suite> = chosen(&args(&[Suite::Deploy, Suite::Rust], true))
            .into_iter()
            .collect();
        assert_eq!(suites, [Suite::Lint, Suite::Rust, Suite::Deploy]);
    }

    #[test]
    fn a_missing_need_is_a_skip_and_when_strict_a_failure() {
        let tree = Tree::find().unwrap();
        let mut provisions = Provisions::default();
        provisions
            .missing
            .insert(Need::Chromium, "Chromium: no network".to_owned());
        let lenient = outcome_of(&tree, Suite::Browser, &provisions, false);
        assert_eq!(lenient.counts, Counts::ONE_SKIPPED);
        assert_eq!(
            lenient.remark.as_deref(),
            Some("not run, missing: Chromium: no network")
        );
        assert_eq!(
            outcome_of(&tree, Suite::Browser, &provisions, true).counts,
            Counts::ONE_FAILED
        );
    }
}
