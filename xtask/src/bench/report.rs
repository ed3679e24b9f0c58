//! `docs/bench/RESULTS.md` and its pictures.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::cases::{Case, Figure, case};
use super::figures::Figures;
use super::install::Installed;
use super::machine::Machine;
use super::plot::curves::curves;
use super::plot::{self, Bar, Group, number};
use super::series;
use super::servers::Server;
use super::targets::{Bound, TARGETS, Target};
use crate::child::stdout_of;
use crate::tree::Tree;

#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub figures: &'a Figures,
    pub cases: &'a [&'static Case],
    pub machine: Machine,
    pub installed: &'a Installed,
    pub seconds: u32,
    pub rounds: u32,
    pub command: String,
}

const STACKS: &str = "stacks.svg";
const SHAPES: &str = "shapes.svg";
const MEMORY: &str = "memory.svg";
const GROWTH: &str = "growth.svg";

impl Report<'_> {
    /// Writes the report and its pictures.
    pub(crate) fn write(&self, tree: &Tree) -> Result<()> {
        let home = tree.root.join("docs/bench");
        fs::create_dir_all(&home)?;
        let write = |name: &str, text: String| {
            fs::write(home.join(name), text)
                .with_context(|| format!("cannot write docs/bench/{name}"))
        };
        write("RESULTS.md", self.text(tree)?)?;
        for (name, picture) in self.pictures() {
            write(name, picture)?;
        }
        Ok(())
    }

    fn text(&self, tree: &Tree) -> Result<String> {
        let mut out = String::new();
        let machine = &self.machine;
        writeln!(
            out,
            "# Results\n\n\
             Written by `{command}`; run it to get your own. {rounds} rounds of {seconds} s for each server in each case, \
             all servers in turn within a round, each started afresh. Server on one core, load on another (but for the case \
             `threads`, where both are on both); figures are medians, with the lowest and the highest run behind them. \
             What each case does is explained in [README.md](README.md), the other servers are in \
             [bench/peers](../../bench/peers/README.md).\n",
            command = self.command,
            rounds = self.rounds,
            seconds = self.seconds,
        )?;
        writeln!(out, "| | |\n| --- | --- |")?;
        for (key, value) in machine.rows() {
            writeln!(out, "| {key} | {value} |")?;
        }
        writeln!(out, "| Commit | {} |", commit(tree))?;
        for (name, version) in &self.installed.versions {
            writeln!(out, "| {name} | {version} |")?;
        }
        writeln!(
            out,
            "\nPackages are pinned in [package.json](../../bench/peers/package.json) and \
             [requirements.txt](../../bench/peers/requirements.txt). Processor time is told by the kernel in steps of \
             10 ms: a run of {} s on a busy core is told to about {:.1} %. On a machine that does something else at the \
             same time, only ratios within one case mean something, and they less than on a quiet one.\n",
            self.seconds,
            1.0 / f64::from(self.seconds),
        )?;
        if let Some(warning) = machine.warning() {
            writeln!(out, "{warning}\n")?;
        }
        writeln!(
            out,
            "`load / server` is the processor time of the load for each second of the server's.\n"
        )?;
        writeln!(out, "## Targets\n\n{}", self.targets())?;
        let shown = |name: &str| format!("![{}]({name})", name.trim_end_matches(".svg"));
        for (name, _) in self.pictures() {
            if name != GROWTH {
                writeln!(out, "{}\n", shown(name))?;
            }
        }
        let growth = series::tables(self.figures);
        if !growth.is_empty() {
            writeln!(out, "## How the cost grows\n\n{growth}{}\n", shown(GROWTH))?;
        }
        out += &self.threads();
        writeln!(out, "## All figures\n")?;
        for case in self.cases {
            out += &self.table(case)?;
        }
        let complaints = self.figures.complaints();
        if !complaints.is_empty() {
            writeln!(out, "## Not measured\n")?;
            for complaint in complaints {
                writeln!(out, "- {}", complaint.replace('\n', " "))?;
            }
        }
        Ok(out.trim_end().to_owned() + "\n")
    }

    /// What is promised, and what was found.
    pub(crate) fn targets(&self) -> String {
        let mut out = String::from("| figure | target | measured | |\n| --- | --- | --- | --- |\n");
        for target in &TARGETS {
            let Some(case) = case(target.case) else {
                continue;
            };
            let (measured, met) = match self.figures.verdict(target) {
                Some(verdict) => (
                    told(target, verdict.value),
                    if verdict.met { "met" } else { "**missed**" },
                ),
                None => ("not measured".to_owned(), ""),
            };
            let bound = told(target, target.at_most);
            let also = self
                .other_way(target)
                .map_or_else(String::new, |(other, ratio)| {
                    format!(" ({}: {ratio:.2} ×)", other.title())
                });
            // Writing into a string does not fail.
            let _ = writeln!(
                out,
                "| {}: {} of {} | ≤ {bound}{} | {measured}{also} | {met} |",
                case.title,
                target.figure(case).unit(),
                target.of.title(),
                against(target),
            );
        }
        out
    }

    /// The same ratio against Bun used in its other way.
    fn other_way(&self, target: &Target) -> Option<(Server, f64)> {
        let other = match target.bound {
            Bound::Times(Server::Bun) => Server::BunTopics,
            Bound::Times(Server::BunTopics) => Server::Bun,
            _ => return None,
        };
        let bound = Bound::Times(other);
        let verdict = self.figures.verdict(&Target { bound, ..*target })?;
        Some((other, verdict.value))
    }

    fn table(&self, case: &Case) -> Result<String> {
        let mut out = String::new();
        writeln!(
            out,
            "### {} (`{}`)\n\n| server | {} | lowest to highest | per second | load / server | switchboard on the same wire takes |\n\
             | --- | ---: | ---: | ---: | ---: | ---: |",
            case.title,
            case.name,
            case.figure.unit(),
        )?;
        for server in case.servers {
            let Some(spread) = self.figures.spread(case, *server) else {
                writeln!(out, "| {} | - | | | | |", server.title())?;
                continue;
            };
            let rate = self.figures.rate(case, *server);
            let load = self.figures.load(case, *server);
            // Of what has no wire, the first of ours is as good as any.
            let ours = case.servers.iter().find(|ours| {
                matches!(ours, Server::Ours(_))
                    && server.wire().is_none_or(|wire| ours.wire() == Some(wire))
            });
            let ratio = ours
                .filter(|ours| *ours != server)
                .and_then(|ours| self.figures.spread(case, *ours))
                .map_or_else(String::new, |ours| {
                    format!("{:.2} ×", ours.median / spread.median)
                });
            writeln!(
                out,
                "| {} | {} | {} to {} | {} | {} | {ratio} |",
                server.title(),
                number(spread.median),
                number(spread.low),
                number(spread.high),
                rate.map_or_else(String::new, |rate| number(rate.median)),
                load.map_or_else(String::new, |load| format!("{:.2}", load.median)),
            )?;
        }
        out.push('\n');
        Ok(out)
    }

    /// What each serving thread took, where there was more than one; empty if nothing was measured.
    fn threads(&self) -> String {
        let mut out = String::new();
        for case in self.cases {
            for server in case
                .servers
                .iter()
                .filter(|server| server.threads() > Some(1))
            {
                for (name, seconds) in self.figures.serving(case, *server) {
                    // Writing into a string does not fail.
                    let _ = writeln!(
                        out,
                        "| {} | `{name}` | {:.2} s | {:.2} to {:.2} s |",
                        server.title(),
                        seconds.median,
                        seconds.low,
                        seconds.high
                    );
                }
            }
        }
        if out.is_empty() {
            return out;
        }
        format!(
            "## Threads\n\nProcessor time of each thread that serves connections, in a run of {} s of the case `threads`; \
             server and load share both cores.\n\n| server | thread | median | lowest to highest |\n\
             | --- | --- | ---: | ---: |\n{out}\n",
            self.seconds
        )
    }

    fn pictures(&self) -> Vec<(&'static str, String)> {
        let unit = Figure::CpuPerDelivery.unit();
        let group = |case: &Case| {
            let bars = case.servers.iter().filter_map(|server| {
                Some(Bar {
                    name: server.title(),
                    spread: self.figures.spread(case, *server)?,
                    ours: server.is_ours(),
                })
            });
            Group {
                heading: case.title.to_owned(),
                bars: bars.collect(),
            }
        };
        let groups = |wanted: &dyn Fn(&Case) -> bool| -> Vec<Group> {
            let cases = self.cases.iter().filter(|case| wanted(case));
            cases
                .map(|case| group(case))
                .filter(|group| !group.bars.is_empty())
                .collect()
        };
        let stacks = groups(&|case| case.name == "pairs");
        // Where we are alone there is nothing to compare; that is in the picture of growth.
        let shapes = groups(&|case| {
            case.figure == Figure::CpuPerDelivery
                && case.name != "pairs"
                && case.servers.iter().any(|server| !server.is_ours())
        });
        let panels = series::panels(self.figures);
        let memory = groups(&|case| case.figure == Figure::BytesPerConnection);
        [
            (STACKS, "One message at a time", unit, stacks),
            (SHAPES, "Other shapes of load", unit, shapes),
            (
                MEMORY,
                "Memory of the idle",
                Figure::BytesPerConnection.unit(),
                memory,
            ),
        ]
        .into_iter()
        .filter(|(_, _, _, groups)| !groups.is_empty())
        .map(|(name, title, unit, groups)| (name, plot::bars(title, unit, &groups)))
        .chain((!panels.is_empty()).then(|| {
            (
                GROWTH,
                curves("How the cost of a delivery grows", unit, &panels),
            )
        }))
        .collect()
    }
}

/// A value of a target: a ratio, or the figure itself.
fn told(target: &Target, value: f64) -> String {
    match target.bound {
        Bound::Itself => number(value),
        Bound::Times(_) | Bound::Since(_) | Bound::Growth { .. } => format!("{value:.2} ×"),
    }
}

fn against(target: &Target) -> String {
    match target.bound {
        Bound::Itself => String::new(),
        Bound::Times(other) => format!(" {}", other.title()),
        Bound::Since(from) => {
            let from = case(from).map_or(from, |case| case.title);
            format!(" itself with: {from}")
        }
        Bound::Growth { from, than } => {
            let from = case(from).map_or(from, |case| case.title);
            format!(" the growth of {} since: {from}", than.title())
        }
    }
}

/// The commit that is measured, and whether it is not quite that.
pub(crate) fn commit(tree: &Tree) -> String {
    let ask = |args: &[&str]| {
        let mut git: Command = tree.command("git");
        stdout_of(git.args(args)).map(|said| said.trim().to_owned())
    };
    let Some(commit) = ask(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    // What only documents say changes no figure.
    match ask(&[
        "status",
        "--porcelain",
        "--",
        "crates",
        "Cargo.toml",
        "Cargo.lock",
        "bench",
    ]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit}, with changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_says_what_it_is_compared_with() {
        for target in &TARGETS {
            match target.bound {
                Bound::Itself => assert_eq!(against(target), ""),
                Bound::Times(other) => assert!(against(target).contains(&other.title())),
                Bound::Since(from) => assert!(against(target).contains(case(from).unwrap().title)),
                Bound::Growth { than, .. } => assert!(against(target).contains(&than.title())),
            }
        }
    }
}
