//! `docs/bench/profile.md`.

use std::fmt::Write;

use super::Profile;
use super::instructions::Function;
use crate::bench::commit;
use crate::child::stdout_of;
use crate::tree::Tree;

pub(super) const FILE: &str = "docs/bench/profile.md";

/// Of each shape.
const FUNCTIONS: usize = 25;
const SOURCES: usize = 10;
/// A function's name is cut here.
const NAME: usize = 100;

pub(super) fn text(tree: &Tree, profiles: &[Profile]) -> String {
    let tool = |name: &str, option: &str| {
        let told = stdout_of(tree.command(name).arg(option));
        told.and_then(|told| told.lines().next().map(str::to_owned))
    };
    let versions: Vec<String> = [("valgrind", "--version"), ("strace", "-V"), ("rustc", "-V")]
        .into_iter()
        .filter_map(|(name, option)| tool(name, option))
        .collect();
    let mut out = format!(
        "# Where the time goes\n\n\
         Written by `cargo xtask profile` at commit {} with {}. The server has one thread on a core of its own, and speaks \
         `join-room`; candidates of 250 bytes. Counts are of the steady state, without joining.\n\n\
         - **Time** is what the kernel says of the server at full load, without any tool. It differs from run to run and \
         from machine to machine.\n\
         - **System calls** are counted by strace and **instructions** by callgrind, which slow the server down: it then \
         finds more to do whenever it looks, so that `epoll_wait` is shared by more messages than it may be elsewhere.\n\
         - Instructions are those of the server itself, without the kernel's. *Own* are those of a function and of what \
         the compiler inlined into it, *all* also those of what it calls. By crate they count where their source stands, \
         inlined or not.\n",
        commit(tree),
        versions.join(", "),
    );
    for profile in profiles {
        out += &one(profile);
    }
    out
}

fn one(profile: &Profile) -> String {
    let mut out = String::new();
    let time = profile.time;
    let instructions = &profile.instructions;
    // Writing into a string does not fail.
    let _ = writeln!(out, "\n## {}\n", profile.shape.title);
    let _ = writeln!(
        out,
        "`switchboard bench {}`: {:.2} µs for a delivery, {:.2} µs of it in the server and {:.2} µs ({:.0} %) in the \
         kernel; {:.0} instructions in the server (over {:.0} deliveries).\n",
        profile.shape.load.join(" "),
        time.user + time.system,
        time.user,
        time.system,
        100.0 * time.system / (time.user + time.system),
        instructions.total,
        instructions.deliveries,
    );
    if let Some(calls) = &profile.calls {
        out += "| system call | for a delivery |\n| --- | ---: |\n";
        for call in calls {
            let _ = writeln!(out, "| `{}` | {:.3} |", call.name, call.per_delivery);
        }
        out.push('\n');
    }
    out += "| source | instructions for a delivery | |\n| --- | ---: | ---: |\n";
    let share = |count: f64| 100.0 * count / instructions.total;
    let (shown, rest) = instructions
        .sources
        .split_at(SOURCES.min(instructions.sources.len()));
    let rest: f64 = rest.iter().map(|(_, count)| count).sum();
    for (name, count) in shown {
        let _ = writeln!(out, "| {name} | {count:.0} | {:.1} % |", share(*count));
    }
    let _ = writeln!(out, "| others | {rest:.0} | {:.1} % |\n", share(rest));
    out += "| function | own | | all |\n| --- | ---: | ---: | ---: |\n";
    for function in instructions.functions.iter().take(FUNCTIONS) {
        let Function { name, own, all } = function;
        let _ = writeln!(
            out,
            "| `{}` | {own:.0} | {:.1} % | {all:.0} |",
            shortened(name),
            share(*own)
        );
    }
    out
}

/// A name that fits into a table.
fn shortened(name: &str) -> String {
    let name = name.replace('|', "\\|").replace('`', "'");
    if name.chars().count() <= NAME {
        return name;
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(shortened("a|b"), "a\\|b");
        let cut = shortened(&"x".repeat(200));
        assert_eq!(cut.chars().count(), NAME);
        assert!(cut.ends_with('…'));
    }
}
