//! docs/bench/INSTRUCTIONS.md, written from the stored numbers.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};

use super::baseline::{self, Baseline};
use super::comparison::{MARGIN, SLACK, WIDE_MARGIN};
use crate::tree::Tree;

pub(super) const FILE: &str = "docs/bench/INSTRUCTIONS.md";

const ABOUT: &str = "How many instructions the steps of the hot path take, one round of each, counted by callgrind. Unlike \
    times these numbers are the same on a busy machine and on a quiet one: a change that makes a step dearer shows in \
    review. They are no times: a cache miss or a system call costs what no instruction tells, and sockets, locks and \
    counters of the node are not in them. `RESULTS.md` beside this file has what users feel.";

const COMMANDS: &str = "\
```sh
cargo xtask instructions           # count, and compare with what is stored
cargo xtask instructions relay     # only cases with that word in their names
cargo xtask instructions --bless   # store the numbers and write this file
```
";

const PROFILES: &str = "The cases stand in `bench/instructions`. Where their instructions go is in the profiles that a run \
    leaves under `target/instructions`: `callgrind_annotate target/instructions/relay.join-room.candidate.out`.";

/// The first part of a case's name, its heading, and what it is about.
const CHAPTERS: [(&str, &str, &str); 6] = [
    (
        "relay",
        "The whole way",
        "From the masked frame of the sender to the frames of all receivers: frame reader, decoder, hub, encoder, frame \
         writer. A `candidate` is a message of 250 bytes, an `offer` one of 3,072; to all in a larger room goes a candidate. The room is of two, both on the named \
         wire, unless the name says otherwise. Between two wires the message is read and written anew; between `join` and \
         `socketio` an envelope is put around it.",
    ),
    (
        "decode",
        "Decode",
        "From a message's text to what it asks for. Who comes by a path sends no `join`.",
    ),
    (
        "hub",
        "Hub",
        "A step of the hub with all its outputs taken. A signal is for all others in the room, or for one of them.",
    ),
    (
        "encode",
        "Encode",
        "From an event to a wire's words, once for all receivers on that wire: the first word of the name. `joined` tells \
         that somebody has come.",
    ),
    (
        "websocket",
        "WebSocket frames",
        "Masked frames read by the server, and frames written by it; `16-in-one` are 16 messages of 63 bytes in one buffer.",
    ),
    (
        "engineio",
        "Engine.IO packets",
        "A candidate in a packet and its frame, 16 of them in a polling payload, and an attachment of 1,024 bytes as base64.",
    ),
];

pub(super) fn write(tree: &Tree, baseline: &Baseline) -> Result<()> {
    for name in baseline.instructions.keys() {
        ensure!(
            CHAPTERS
                .iter()
                .any(|(prefix, ..)| name.split('/').next() == Some(prefix)),
            "{FILE} has no chapter for {name}"
        );
    }
    let path = tree.root.join(FILE);
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, document(baseline)).with_context(|| format!("cannot write {FILE}"))
}

/// Whether the document is what would be written.
pub(super) fn is_current(tree: &Tree, baseline: &Baseline) -> Result<bool> {
    Ok(tree.read(FILE)? == document(baseline))
}

fn document(baseline: &Baseline) -> String {
    let conditions = &baseline.conditions;
    let rules = format!(
        "`cargo xtask test` does the same as its suite `instructions`. It fails if a case takes {:.0} % (and {SLACK} \
         instructions) more than stored, and says so if it takes less. With another compiler, libc or valgrind the margin \
         is {:.0} %; numbers of another kind of machine are not compared. Five runs of one build differ by up to 1.2 % \
         where hash maps take in and give away, because their seeds are random, and elsewhere hardly. After a change that \
         is meant: `--bless`, and the diff of this file is the review.",
        MARGIN * 100.0,
        WIDE_MARGIN * 100.0
    );
    let stored = format!(
        "Stored in `{}` from {}, {}, {}, {}.",
        baseline::FILE,
        conditions.machine,
        conditions.compiler,
        conditions.libc,
        conditions.valgrind
    );
    let mut text = format!(
        "# Instruction counts\n\n{}\n\n{COMMANDS}\n{}\n\n{}\n\n{}\n",
        wrapped(ABOUT),
        wrapped(&rules),
        wrapped(PROFILES),
        wrapped(&stored)
    );
    for (prefix, heading, about) in CHAPTERS {
        let _ = write!(
            text,
            "\n## {heading}\n\n{}\n\n| case | instructions |\n| --- | ---: |\n",
            wrapped(about)
        );
        let cases = baseline.instructions.iter().filter_map(|(name, n)| {
            let (chapter, case) = name.split_once('/')?;
            (chapter == prefix).then_some((case, n))
        });
        for (case, n) in cases {
            let _ = writeln!(text, "| {} | {} |", case.replace('/', " "), grouped(*n));
        }
    }
    text
}

/// In lines of at most 120 characters.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        if length > 0 && length + 1 + word.len() > 120 {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += word.len();
    }
    lines
}

/// `12,345`
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instructions::{Conditions, Instructions};

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(42), "42");
        assert_eq!(grouped(316_959), "316,959");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }

    #[test]
    fn every_case_stands_in_its_chapter() {
        let case = |name: &str, n| (name.to_owned(), n);
        let baseline = Baseline {
            conditions: Conditions {
                machine: "x86_64-linux".to_owned(),
                compiler: "rustc 1.95.0".to_owned(),
                libc: "glibc 2.36".to_owned(),
                valgrind: "valgrind-3.19.0".to_owned(),
            },
            instructions: Instructions::from([
                case("relay/join/offer", 11_247),
                case("hub/signal/one", 853),
            ]),
        };
        let document = document(&baseline);
        let at = |text: &str| document.find(text).unwrap_or_else(|| panic!("no {text}"));
        assert!(at("## The whole way") < at("| join offer | 11,247 |"));
        assert!(at("| join offer | 11,247 |") < at("## Hub"));
        assert!(at("## Hub") < at("| signal one | 853 |"));
        assert!(document.lines().all(|line| line.chars().count() <= 120));
    }
}
