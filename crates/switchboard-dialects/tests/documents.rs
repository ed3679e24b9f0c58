//! The documents against the table and the transcripts: nothing that a client may meet is missing in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use switchboard_dialects::ALL;

#[test]
fn every_wire_has_a_page_and_stands_in_the_overview() {
    let overview = read("docs/protocol.md");
    for dialect in ALL {
        let (name, opening) = (dialect.name(), dialect.about().opening);
        assert!(
            overview.contains(&format!("| `{name}` |")),
            "{name} is not in the overview"
        );
        assert!(
            overview.contains(opening),
            "{opening} is not in the overview"
        );
        assert!(
            overview.contains(&format!("(dialects/{name}.md)")),
            "no link to {name}"
        );
        let page = read(&format!("docs/dialects/{name}.md"));
        assert!(
            page.contains(&format!("transcripts/{name})")),
            "{name}: no link to transcripts"
        );
    }
}

/// Codes that only a size can bring about, so that no transcript shows them.
const OF_SIZES: [&str; 1] = ["message_too_big"];

#[test]
fn every_error_code_is_explained_and_none_that_there_is_not() {
    let mut met: BTreeSet<String> = OF_SIZES.map(str::to_owned).into();
    let folders = ALL.iter().map(|dialect| dialect.name()).chain(["mixed"]);
    for folder in folders.map(|name| {
        root()
            .join("crates/switchboard-dialects/transcripts")
            .join(name)
    }) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let script = fs::read_to_string(entry.expect("a file").path()).expect("a script");
            met.extend(script.split(r#""code":""#).skip(1).filter_map(|rest| {
                let (code, _) = rest.split_once('"')?;
                Some(code.to_owned())
            }));
        }
    }
    let document = read("docs/protocol.md");
    let (_, table) = document.split_once("| code |").expect("the table of codes");
    let lines = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let explained = lines.filter_map(|line| Some(line.split('`').nth(1)?.to_owned()));
    assert_eq!(explained.collect::<BTreeSet<_>>(), met);
}

/// What a client is sent on a wire stands on the wire's page.
#[test]
fn every_type_the_server_sends_is_on_the_page_of_its_wire() {
    let pages = [
        (
            "register",
            &[
                "registered",
                "joined",
                "left",
                "peer-joined",
                "peer-left",
                "error",
            ][..],
        ),
        (
            "join-room",
            &["join-success", "user-joined", "user-left", "error"],
        ),
        (
            "join",
            &["joined", "user-joined", "leaved", "user-left", "error"],
        ),
        (
            "socketio",
            &[
                "connected",
                "joined",
                "user-joined",
                "leaved",
                "user-left",
                "error",
            ],
        ),
        (
            "path",
            &[
                "room_users",
                "user_joined",
                "user_left",
                "room_closed",
                "error",
            ],
        ),
    ];
    let names: Vec<_> = ALL.iter().map(|dialect| dialect.name()).collect();
    assert_eq!(pages.map(|(wire, _)| wire), names[..]);
    for (wire, types) in pages {
        let page = read(&format!("docs/dialects/{wire}.md"));
        for name in types {
            let shown = match wire {
                "socketio" => format!("`2[\"{name}\",{{"),
                _ => format!("`{{\"type\":\"{name}\""),
            };
            assert!(page.contains(&shown), "{wire}: no {shown}");
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
