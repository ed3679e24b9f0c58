//! `cargo xtask soak`: runs too long for every test run.

mod waves;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::child::{passes, stdout_of};
use crate::server::Server;
use crate::tree::Tree;

#[derive(Debug, Subcommand)]
pub(crate) enum Soak {
    /// Fuzz every target of fuzz/; ends at the first crash
    Fuzz {
        /// For each target
        #[arg(long, default_value_t = 300)]
        seconds: u64,
        /// Only these targets
        targets: Vec<String>,
    },
    /// Load a release server of its own: rooms of users who exchange candidates, counted at the receivers
    Load {
        /// For the load program, such as --times 10 for ten times the rate, or --wire; without any: --rooms 200 --users 20
        /// --seconds 60
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Thousands of clients come to a release server of its own and go, again and again: does its memory stay?
    Waves(waves::WavesArgs),
}

pub(crate) fn soak(tree: &Tree, what: Soak) -> Result<bool> {
    match what {
        Soak::Fuzz { seconds, targets } => fuzz(tree, seconds, targets),
        Soak::Load { options } => load(tree, options),
        Soak::Waves(args) => waves::waves(tree, &args),
    }
}

fn fuzz(tree: &Tree, seconds: u64, targets: Vec<String>) -> Result<bool> {
    if stdout_of(
        tree.command("rustup")
            .args(["run", "nightly", "rustc", "--version"]),
    )
    .is_none()
    {
        println!("installing the nightly toolchain");
        let args = ["toolchain", "install", "nightly", "--profile", "minimal"];
        ensure!(
            passes(tree.command("rustup").args(args))?,
            "rustup could not install nightly"
        );
    }
    if stdout_of(tree.cargo().args(["fuzz", "--version"])).is_none() {
        println!("installing cargo-fuzz");
        let args = ["install", "cargo-fuzz", "--locked"];
        ensure!(
            passes(tree.cargo().args(args))?,
            "cargo could not install cargo-fuzz"
        );
    }
    let listed =
        stdout_of(nightly(tree).args(["fuzz", "list"])).context("cargo fuzz list failed")?;
    let known: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
    ensure!(!known.is_empty(), "fuzz/ has no targets");
    for target in &targets {
        ensure!(
            known.contains(target),
            "no fuzz target {target}; there are: {}",
            known.join(", ")
        );
    }

    let chosen = if targets.is_empty() { known } else { targets };
    for target in &chosen {
        println!("\n== {target} for {seconds} s");
        let artifacts = tree.root.join("fuzz/artifacts").join(target);
        let before = names(&artifacts);
        // The first directory takes what the fuzzer finds, the second only feeds it.
        let corpus = format!("fuzz/corpus/{target}");
        std::fs::create_dir_all(tree.root.join(&corpus))?;
        let mut command = nightly(tree);
        command.args(["fuzz", "run", target, &corpus]);
        let seeds = format!("fuzz/seeds/{target}");
        if tree.root.join(&seeds).is_dir() {
            command.arg(seeds);
        }
        command.args(["--", "-timeout=10", "-rss_limit_mb=2048"]);
        command.arg(format!("-max_total_time={seconds}"));
        if !passes(&mut command)? {
            println!("\n{target} failed");
            for found in names(&artifacts).difference(&before) {
                println!("fuzz/artifacts/{target}/{found}");
            }
            return Ok(false);
        }
    }
    println!("\nclean, {seconds} s each: {}", chosen.join(", "));
    Ok(true)
}

/// cargo-fuzz needs nightly's sanitizers; the rest of the project does not.
fn nightly(tree: &Tree) -> Command {
    let mut command = tree.command("rustup");
    command.args(["run", "nightly", "cargo"]);
    for inherited in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC"] {
        command.env_remove(inherited);
    }
    command
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn load(tree: &Tree, options: Vec<String>) -> Result<bool> {
    let options = if options.is_empty() {
        ["--rooms", "200", "--users", "20", "--seconds", "60"]
            .map(str::to_owned)
            .to_vec()
    } else {
        options
    };
    let load = [
        "--release",
        "-p",
        "switchboard-client",
        "--example",
        "soak_load",
    ];
    release(tree, &["-p", "switchboard"])?;
    release(tree, &load[1..])?;
    let server = Server::start(&tree.switchboard_release())?;
    println!("server {} on {}", server.pid(), server.addr);
    let well = passes(
        tree.cargo()
            .args(["run", "--quiet"])
            .args(load)
            .args(["--", "--url", &format!("ws://{}", server.addr)])
            .args(["--pid", &server.pid().to_string()])
            .args(options),
    )?;
    let ended = server.stop()?;
    if !ended {
        println!("the server did not end well on SIGTERM");
    }
    Ok(well && ended)
}

/// Builds what stands in a release.
fn release(tree: &Tree, what: &[&str]) -> Result<()> {
    ensure!(
        passes(tree.cargo().args(["build", "--release"]).args(what))?,
        "the release build failed"
    );
    Ok(())
}

/// Resident memory of a process, in KiB.
fn resident_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("there is no process {pid}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB"));
    Ok(kib.context("a process without memory")?.trim().parse()?)
}
