//! How each suite is run.

use std::io::{self, Write};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{Suite, heading};
use crate::child::{passes, stdout_of, stream};
use crate::counts::{Counts, Runner};
use crate::instructions;
use crate::provision::{OLDER_SOCKETIO_VERSION, Provisions};
use crate::tidy;
use crate::tree::Tree;

/// Runs one suite and counts its tests; with a remark if there is something to be said of it.
///
/// # Errors
/// It could not be run to its end, or ended badly without saying which test failed.
pub(super) fn run(
    tree: &Tree,
    suite: Suite,
    provisions: &Provisions,
) -> Result<(Counts, Option<String>)> {
    let counts = match suite {
        Suite::Instructions => return instructions::suite(tree),
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
    };
    Ok((counts?, None))
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
    let files = files(tree, dir, |name| name.ends_with(".test.mjs"))?;
    ensure!(!files.is_empty(), "no *.test.mjs in {dir}");
    build(tree)?;

    let mut command = client(tree.command("node"), tree, provisions);
    command.args(["--test", "--test-reporter=spec"]);
    command.arg(match suite {
        // Clients wait more than they compute, one of them for 50 seconds.
        Suite::Node => "--test-concurrency=4",
        // A call needs the machine for itself; the deploy tests share one service manager.
        _ => "--test-concurrency=1",
    });
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
    let older = provisions
        .older_socketio
        .as_ref()
        .context("the older Socket.IO packages are there")?;
    let mut counts = counted(
        pytest(tree, provisions, "auto")?.arg(PYTHON_TESTS),
        Suite::Python,
        "pytest interop/python",
        Runner::Pytest,
    )?;
    // Only what plays these clients, not what speaks their protocol by hand. They wait more than they compute, one test
    // for 50 seconds.
    let mut command = pytest(tree, provisions, "4")?;
    command
        .args(socketio_tests(tree)?)
        // They use other packages as those were in their days.
        .args(["-W", "ignore::DeprecationWarning"])
        .env("PYTHONPATH", older)
        .env("SOCKETIO_VERSION", OLDER_SOCKETIO_VERSION);
    counts += counted(
        &mut command,
        Suite::Python,
        "pytest with the published python-socketio",
        Runner::Pytest,
    )?;
    Ok(counts)
}

const PYTHON_TESTS: &str = "interop/python";

/// pytest in the virtual environment, with so many workers.
fn pytest(tree: &Tree, provisions: &Provisions, workers: &str) -> Result<Command> {
    let python = provisions
        .python
        .as_ref()
        .context("the virtual environment is there")?;
    let mut command = client(tree.command(python), tree, provisions);
    // Some tests last long because they wait: whoever is done takes over what is left.
    command.args(["-m", "pytest", "-n", workers, "--dist", "worksteal"]);
    Ok(command)
}

fn socketio_tests(tree: &Tree) -> Result<Vec<String>> {
    let tests = files(tree, PYTHON_TESTS, |name| {
        name.starts_with("test_socketio") && name.ends_with(".py")
    })?;
    ensure!(!tests.is_empty(), "no test_socketio*.py in {PYTHON_TESTS}");
    Ok(tests)
}

/// The files of a directory whose names are wanted, as paths from the root, in order.
fn files(tree: &Tree, dir: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut files: Vec<String> = std::fs::read_dir(tree.root.join(dir))
        .with_context(|| format!("cannot read {dir}"))?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| wanted(name))
        .map(|name| format!("{dir}/{name}"))
        .collect();
    files.sort();
    Ok(files)
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
