//! The project's chores, as one command: `cargo xtask test`, `tidy`, `soak`, `deny`.
//!
//! Short things live in the `justfile`; what needs a loop or a parser lives here. Nothing here is part of the product.

mod bench;
mod child;
mod counts;
mod deny;
mod instructions;
mod profile;
mod provision;
mod server;
mod soak;
mod suites;
mod tidy;
mod tree;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::tree::Tree;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's chores", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the tests with everything they need, and close with one line of counts
    Test(suites::TestArgs),
    /// Check the tree: documents against the program, links, metrics, dependencies
    Tidy,
    /// Long runs which are not part of the tests
    #[command(subcommand)]
    Soak(soak::Soak),
    /// Measure the server beside others which do the same job, and write docs/bench/RESULTS.md
    Bench(bench::BenchArgs),
    /// Where the time of a delivery goes: functions, system calls, the kernel; written to docs/bench/profile.md
    Profile(profile::ProfileArgs),
    /// Count the instructions of the hot path, and compare them with the stored numbers
    Instructions(instructions::InstructionsArgs),
    /// Licences, bans, sources and (when reachable) advisories of the dependencies
    Deny,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True when everything that was asked for is well.
fn run(cli: Cli) -> Result<bool> {
    let tree = Tree::find()?;
    match cli.task {
        Task::Test(args) => suites::test(&tree, &args),
        Task::Tidy => tidy::tidy(&tree),
        Task::Soak(what) => soak::soak(&tree, what),
        Task::Bench(args) => bench::bench(&tree, &args),
        Task::Profile(args) => profile::profile(&tree, &args),
        Task::Instructions(args) => instructions::instructions(&tree, &args),
        Task::Deny => deny::deny(&tree),
    }
}
