//! `cargo xtask bench`: the server beside others that do the same job, and what became of the figures it promises.
//!
//! Every run starts a server afresh on one core and loads it from another; the runs of all servers alternate, so that a
//! machine which is slow for a while is slow for all. `docs/bench/RESULTS.md` is what remains.

mod cases;
mod figures;
mod install;
mod machine;
mod plot;
mod report;
mod run;
mod series;
mod servers;
mod targets;

use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;

use crate::tree::Tree;
use cases::{CASES, Case};
use figures::Figures;
pub(crate) use report::commit;
pub(crate) use run::{Cores, Running, metric};

#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {
    /// A rough picture in a few minutes: 3 rounds of a second, without the largest numbers of connections
    #[arg(long)]
    quick: bool,
    /// How often every server is measured in every case [default: 5, with --quick 3]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// How long each run is measured [default: 4, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: Option<u32>,
    /// Measure only these cases and leave docs/bench as it is
    #[arg(long = "case", value_name = "CASE")]
    only: Vec<String>,
    /// Leave docs/bench as it is
    #[arg(long)]
    no_report: bool,
}

impl BenchArgs {
    fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 })
    }

    fn seconds(&self) -> u32 {
        self.seconds.unwrap_or(if self.quick { 1 } else { 4 })
    }

    fn cases(&self) -> Result<Vec<&'static Case>> {
        for name in &self.only {
            ensure!(
                CASES.iter().any(|case| case.name == name),
                "no case {name}; there are: {}",
                CASES.map(|case| case.name).join(", ")
            );
        }
        Ok(CASES
            .iter()
            .filter(|case| match self.only.as_slice() {
                [] => !(self.quick && case.large),
                names => names.iter().any(|name| name == case.name),
            })
            .collect())
    }

    /// What to type to get the same again.
    fn command_line(&self) -> String {
        let mut command = "cargo xtask bench".to_owned();
        if self.quick {
            command += " --quick";
        }
        if let Some(rounds) = self.rounds {
            command += &format!(" --rounds {rounds}");
        }
        if let Some(seconds) = self.seconds {
            command += &format!(" --seconds {seconds}");
        }
        command
    }
}

/// Measures and writes the report; true when every run went well. A target that is missed is no failure, it is news.
pub(crate) fn bench(tree: &Tree, args: &BenchArgs) -> Result<bool> {
    let cases = args.cases()?;
    let cores = Cores::choose()?;
    let wanted: Vec<_> = cases
        .iter()
        .flat_map(|case| case.servers)
        .copied()
        .collect();
    let installed = install::install(tree, &wanted)?;
    let machine = machine::Machine::before();

    let started = Instant::now();
    let mut figures = Figures::default();
    for round in 0..args.rounds() {
        for case in &cases {
            println!("round {} of {}: {}", round + 1, args.rounds(), case.name);
            // Another one begins in every round: nobody always runs on a machine that has just rested.
            let (behind, ahead) = case
                .servers
                .split_at(round as usize % case.servers.len().max(1));
            for server in ahead.iter().chain(behind) {
                if let Some(reason) = installed.missing(*server) {
                    figures.absent(*server, reason);
                    continue;
                }
                match run::run(&installed, cores, case, *server, args.seconds()) {
                    Ok(sample) => {
                        println!("  {:<28} {}", server.title(), sample.line(case.figure));
                        figures.add(case, *server, sample);
                    }
                    Err(error) => {
                        println!("  {:<28} FAILED: {error:#}", server.title());
                        figures.failed(case, *server, &format!("{error:#}"));
                    }
                }
            }
        }
    }
    println!(
        "\n{} runs in {} min",
        figures.runs(),
        started.elapsed().as_secs().div_ceil(60)
    );

    let report = report::Report {
        figures: &figures,
        cases: &cases,
        machine: machine.after(),
        installed: &installed,
        seconds: args.seconds(),
        rounds: args.rounds(),
        command: args.command_line(),
    };
    println!("\n{}", report.targets());
    if args.only.is_empty() && !args.no_report {
        report.write(tree)?;
        println!("written: docs/bench/RESULTS.md");
    }
    Ok(figures.all_well())
}
