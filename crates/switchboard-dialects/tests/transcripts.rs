//! The conversations in `transcripts/`, played against a real hub in memory: what each connection receives is exactly
//! what stands there. `SWITCHBOARD_BLESS=1` writes down what it really receives; the difference is for review.

mod exchange;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use switchboard_dialects::ALL;

#[test]
fn every_conversation_goes_as_written() {
    let bless = std::env::var_os("SWITCHBOARD_BLESS").is_some();
    let mut failures = Vec::new();
    for path in folders().flat_map(|folder| scripts(&folder)) {
        let written = fs::read_to_string(&path).expect("a readable script");
        let name = path.strip_prefix(root()).expect("in the folder").display();
        let outcome = std::panic::catch_unwind(|| script::play(&written))
            .unwrap_or_else(|_| panic!("in {name}"));
        if outcome.problems.is_empty() {
            continue;
        }
        if bless {
            fs::write(&path, outcome.text).expect("a writable script");
        }
        let problems = outcome.problems.iter();
        failures.extend(problems.map(|problem| format!("transcripts/{name}, {problem}")));
    }
    if bless {
        failures
            .iter()
            .for_each(|failure| eprintln!("blessed: {failure}"));
        return;
    }
    assert!(
        failures.is_empty(),
        "{}SWITCHBOARD_BLESS=1 accepts what came",
        failures.concat()
    );
}

#[test]
fn every_wire_and_every_pair_of_wires_has_conversations() {
    for folder in folders() {
        assert!(!scripts(&folder).is_empty(), "none in {}", folder.display());
    }
    let mixed: Vec<String> = scripts(&root().join("mixed"))
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    for one in ALL {
        for other in ALL.iter().filter(|other| other.name() != one.name()) {
            let name = format!("{}_calls_{}", one.name(), other.name());
            assert!(mixed.contains(&name), "no transcripts/mixed/{name}.txt");
        }
    }
}

mod a_conversation_that_goes_otherwise_is_noticed {
    use super::script::play;

    const BOTH_IN: &str = r#"
ann @ join-room
ann > {"type":"join-room","roomId":"r","sender":"ann"}
ann < {"type":"join-success","roomId":"r","userId":"ann"}
bob @ join-room
bob > {"type":"join-room","roomId":"r","sender":"bob"}
bob < {"type":"join-success","roomId":"r","userId":"bob"}
ann < {"type":"user-joined","userId":"bob"}
"#;

    fn problem(rest: &str) -> String {
        let outcome = play(&format!("{}{rest}", BOTH_IN.trim_start()));
        let [problem] = &outcome.problems[..] else {
            panic!("{} problems", outcome.problems.len());
        };
        problem.to_string()
    }

    #[test]
    fn when_somebody_hears_something_else() {
        let rest = "bob drops\nann < {\"type\":\"user-left\",\"userId\":\"eve\"}\n";
        let difference = "line 8: bob drops
  - ann < {\"type\":\"user-left\",\"userId\":\"eve\"}
  + ann < {\"type\":\"user-left\",\"userId\":\"bob\"}
";
        assert_eq!(problem(rest), difference);
    }

    #[test]
    fn when_something_is_left_over() {
        let difference =
            "line 8: bob drops\n  + ann < {\"type\":\"user-left\",\"userId\":\"bob\"}\n";
        assert_eq!(problem("bob drops\n# and that is all\n"), difference);
    }

    #[test]
    fn when_something_is_missing() {
        let rest = "bob > {\"type\":\"leave-room\"}\nann < {\"type\":\"user-left\",\"userId\":\"bob\"}\nbob < {}\n";
        assert!(problem(rest).contains("  - bob < {}"));
    }

    #[test]
    fn when_somebody_hears_it_who_should_not() {
        let rest = "ann > {\"type\":\"x\"}\nann < {\"type\":\"x\"}\n";
        assert!(problem(rest).contains("  - ann < {\"type\":\"x\"}\n  + bob < {\"type\":\"x\"}"));
    }

    #[test]
    fn when_it_is_not_the_same_byte_for_byte() {
        let rest = "ann > {\"type\":\"x\"}\nbob < {\"type\": \"x\"}\n";
        assert!(problem(rest).contains("  - bob < {\"type\": \"x\"}\n  + bob < {\"type\":\"x\"}"));
    }

    #[test]
    fn when_a_connection_is_not_closed() {
        let rest = "ann > {}\nbob < {}\nann is closed\n";
        assert!(problem(rest).contains("  - ann is closed"));
    }

    #[test]
    fn and_what_really_happened_is_written_down() {
        let script = format!("{}bob drops\nann < {{}}\n# the end\n", BOTH_IN.trim_start());
        let blessed = play(&script).text;
        assert_eq!(
            blessed,
            script.replace(
                "ann < {}",
                "ann < {\"type\":\"user-left\",\"userId\":\"bob\"}"
            )
        );
        assert!(play(&blessed).problems.is_empty());
    }

    #[test]
    #[should_panic(expected = "not in the language of conversations")]
    fn when_it_is_no_conversation() {
        play("ann says hello\n");
    }

    #[test]
    #[should_panic(expected = "taken for somebody on another wire")]
    fn when_a_connection_speaks_another_wire_than_it_says() {
        play("ann @ join\nann > {\"type\":\"register\"}\n");
    }
}

/// One folder for each wire, and one for conversations between them.
fn folders() -> impl Iterator<Item = PathBuf> {
    let wires = ALL.iter().map(|dialect| dialect.name());
    wires.chain(["mixed"]).map(|name| root().join(name))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|_| panic!("no {}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let mut scripts: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    scripts
}
