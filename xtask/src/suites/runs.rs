//! How each suite is run.

use std::io::{self, Write};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{Suite, heading};
use crate::child::{passes, stdout_of, stream};
use crate::counts::{Counts, Runner};
use crate::provision::Provisions;
use crate::tidy;
use crate::tree::Tree;

/// Runs one suite and counts its tests.
///
/// # Errors
/// It could not be run to its end, or ended badly without saying which test failed.
pub(super) fn run(tree: &Tree, suite: Suite, provisions: &Provisions) -> Result<Counts> {
    match suite {
        Suite::Lint => lint(tree),
        Suite::Rust => rust(tree),
        Suite::Tidy => {
            heading("tidy");
            tidy::counts(tree)
        }
        Suite::Node => node(tree, suite, "interop/node", provisions),
        Suite::Browser => node(tree, suite, "interop/browser", provisions),
        Suite::Deploy => node(tree, suite, "interop/deploy", provisions),
        Suite::Python => python(tree, provisions),
    }
}

fn lint(tree: &Tree) -> Result<Counts> {
    let mut counts = Counts::default();
    let fmt: &[&str] = &["fmt", "--all", "--check"];
    let clippy: &[&str] = &[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    for args in [fmt, clippy] {
        heading(&format!("lint: cargo {}", args.join(" ")));
        counts += match passes(tree.cargo().args(args))? {
            true => Counts::ONE_PASSED,
            false => Counts::ONE_FAILED,
        };
    }
    Ok(counts)
}

fn rust(tree: &Tree) -> Result<Counts> {
    let mut counts = Counts::default();
    let nextest = stdout_of(tree.cargo().args(["nextest", "--version"])).is_some();
    if nextest {
        let args = ["nextest", "run", "--workspace", "--no-fail-fast"];
        counts += counted(
            tree.cargo().args(args),
            Suite::Rust,
            "cargo nextest",
            Runner::Nextest,
        )?;
        // Documentation without examples is no failure.
        let args = ["test", "--workspace", "--doc", "--no-fail-fast"];
        counts += counted(
            tree.cargo().args(args),
            Suite::Rust,
            "cargo test --doc",
            Runner::CargoTest,
        )?;
    } else {
        let args = ["test", "--workspace", "--no-fail-fast"];
        counts += counted(
            tree.cargo().args(args),
            Suite::Rust,
            "cargo test",
            Runner::CargoTest,
        )?;
    }
    Ok(counts)
}

fn node(tree: &Tree, suite: Suite, dir: &str, provisions: &Provisions) -> Result<Counts> {
    let mut files: Vec<String> = std::fs::read_dir(tree.root.join(dir))
        .with_context(|| format!("cannot read {dir}"))?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".test.mjs"))
        .map(|name| format!("{dir}/{name}"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "no *.test.mjs in {dir}");
    build(tree)?;

    let mut command = client(tree.command("node"), tree, provisions);
    command.args(["--test", "--test-reporter=spec"]);
    if suite != Suite::Node {
        // A call needs the machine for itself; the deploy tests share one service manager.
        command.arg("--test-concurrency=1");
    }
    command.args(files);
    counted(
        &mut command,
        suite,
        &format!("node --test {dir}"),
        Runner::Node,
    )
}

fn python(tree: &Tree, provisions: &Provisions) -> Result<Counts> {
    build(tree)?;
    let python = provisions
        .python
        .as_ref()
        .context("the virtual environment is there")?;
    let mut command = client(tree.command(python), tree, provisions);
    command.args(["-m", "pytest", "interop/python"]);
    let requirements = tree.read("interop/requirements.txt")?;
    if requirements
        .lines()
        .any(|line| line.starts_with("pytest-xdist"))
    {
        command.args(["-n", "auto"]);
    }
    counted(
        &mut command,
        Suite::Python,
        "pytest interop/python",
        Runner::Pytest,
    )
}

/// The debug binary which the suites outside Rust talk to.
pub(crate) fn build(tree: &Tree) -> Result<()> {
    ensure!(
        // --workspace: the same features as in the tests, so that nothing is built twice.
        passes(
            tree.cargo()
                .args(["build", "--quiet", "--workspace", "--bin", "switchboard"])
        )?,
        "the binary does not build"
    );
    Ok(())
}

/// A client's command: it finds the server in SWITCHBOARD_BIN, and what was provided for it.
fn client(command: Command, tree: &Tree, provisions: &Provisions) -> Command {
    let mut command = provisions.equip(command);
    command.env("SWITCHBOARD_BIN", tree.switchboard());
    command
}

/// Streams a test runner's output and reads its counts. A runner that fails without a failed test (it did not compile,
/// it crashed) adds one failure, and so does one that ran nothing.
fn counted(command: &mut Command, suite: Suite, title: &str, runner: Runner) -> Result<Counts> {
    heading(&format!("{}: {title}", suite.name()));
    io::stdout().flush()?;
    let finished = stream(command, suite.limit())?;
    let counts = runner.read(&finished.output);
    if finished.timed_out {
        println!(
            "{title} was ended after {} minutes",
            suite.limit().as_secs() / 60
        );
    }
    match counts {
        None if finished.success => bail!("{title} ran no test"),
        None => bail!("{title} ended without a summary"),
        Some(mut counts) => {
            if !finished.success && counts.failed == 0 {
                println!("{title} failed, though no test did");
                counts += Counts::ONE_FAILED;
            }
            Ok(counts)
        }
    }
}
