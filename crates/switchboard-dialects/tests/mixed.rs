//! X.1: calls between any two wires. For every ordered pair one conversation is put together from what clients of the
//! two wires say, and played against a real hub in memory.
//!
//! What comes of it stands, byte for byte, in `transcripts/mixed/ONE_calls_OTHER.txt` (`SWITCHBOARD_BLESS=1` writes it
//! down; the difference is for review). And whatever stands there, it is read as a client of the receiving wire reads
//! it: who said it, and what, must arrive as they were sent.

mod exchange;
mod script;

#[path = "mixed/books.rs"]
mod books;
#[path = "mixed/call.rs"]
mod call;
#[path = "mixed/object.rs"]
mod object;
#[path = "mixed/phrase_book.rs"]
mod phrase_book;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use switchboard_dialects::ALL;

use books::{BOOKS, LOBBY};
use call::Call;
use phrase_book::PhraseBook;

#[test]
fn x_1_every_wire_has_a_phrase_book() {
    let books: Vec<&str> = BOOKS.iter().map(|book| book.wire()).collect();
    for dialect in ALL {
        let name = dialect.name();
        assert!(
            books.contains(&name),
            "nobody knows how clients of the wire `{name}` call others: write a phrase book for it in tests/mixed/books.rs"
        );
    }
    assert_eq!(
        books.len(),
        ALL.len(),
        "a phrase book of no wire: {books:?}"
    );
}

#[test]
fn x_1_every_wire_calls_every_wire() {
    let bless = std::env::var_os("SWITCHBOARD_BLESS").is_some();
    let mut failures = Vec::new();
    for (one, other) in pairs() {
        let (name, call) = (file_name(one, other), Call::between(one, other));
        let played = call.play();
        failures.extend(
            call.broken_promises(&played)
                .into_iter()
                .map(|promise| format!("{name}: {promise}\n")),
        );
        let path = folder().join(&name);
        if bless {
            fs::write(&path, &played).expect("a writable transcript");
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&played) {
            failures.push(format!(
                "{name} goes otherwise:\n{}",
                difference(&path, &played)
            ));
        }
    }
    for path in forgotten() {
        if bless {
            fs::remove_file(&path).expect("a removable transcript");
        } else {
            failures.push(format!("nobody makes the call of {}\n", path.display()));
        }
    }
    assert!(
        failures.is_empty(),
        "{}SWITCHBOARD_BLESS=1 writes down how the calls go",
        failures.concat()
    );
}

/// The transcripts of calls that nobody makes any more.
fn forgotten() -> Vec<PathBuf> {
    let made: BTreeSet<String> = pairs().map(|(one, other)| file_name(one, other)).collect();
    let files = fs::read_dir(folder()).expect("transcripts");
    let is_forgotten = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.contains("_calls_") && !made.contains(name.as_ref())
    };
    let paths = files.map(|file| file.expect("a readable folder").path());
    paths.filter(is_forgotten).collect()
}

/// Every ordered pair of wires, each with itself too; and the lobby of registered clients, where it is an ordinary
/// room, with every other wire.
fn pairs() -> impl Iterator<Item = (&'static dyn PhraseBook, &'static dyn PhraseBook)> {
    let wires = BOOKS
        .iter()
        .flat_map(|one| BOOKS.iter().map(|other| (*one, *other)));
    let others = || BOOKS.iter().filter(|book| book.wire() != LOBBY.wire());
    let lobby = others().flat_map(|other| [(LOBBY, *other), (*other, LOBBY)]);
    wires.chain(lobby)
}

fn file_name(one: &dyn PhraseBook, other: &dyn PhraseBook) -> String {
    format!("{}_calls_{}.txt", one.name(), other.name())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts/mixed")
}

/// The first line that is not as it stands in the file.
fn difference(path: &Path, played: &str) -> String {
    let Ok(written) = fs::read_to_string(path) else {
        return "  it is not written down yet\n".to_owned();
    };
    let mut lines = written.lines();
    for (number, line) in played.lines().enumerate() {
        let written = lines.next().unwrap_or("(the end)");
        if line != written {
            return format!("  line {}:\n  - {written}\n  + {line}\n", number + 1);
        }
    }
    format!("  - {}\n  + (the end)\n", lines.next().unwrap_or_default())
}

/// What the calls are checked for has to be able to fail.
mod a_broken_promise_is_noticed {
    use super::BOOKS;
    use super::call::Call;

    /// A call from `join` to `path`, in which something goes otherwise than it did.
    fn broken(is: &str, becomes: &str) -> Vec<String> {
        let book = |wire| BOOKS.iter().find(|book| book.wire() == wire);
        let (one, other) = (book("join").expect("a book"), book("path").expect("a book"));
        let call = Call::between(*one, *other);
        let played = call.play();
        assert_eq!(call.broken_promises(&played), [""; 0]);
        assert!(played.contains(is), "nobody is told {is}");
        call.broken_promises(&played.replacen(is, becomes, 1))
    }

    #[test]
    fn when_the_sender_is_another() {
        let problems = broken(r#""sender":"ann""#, r#""sender":"eve""#);
        assert!(problems[0].contains("must hear"), "{problems:?}");
    }

    #[test]
    fn when_an_sdp_is_not_what_it_was() {
        let is = r#""payload":{"sdp":"v=0\r\n"#;
        assert_eq!(broken(is, &is.replace(r"\r\n", r"\n")).len(), 1);
    }

    #[test]
    fn when_numbers_lose_their_digits() {
        let is = r#""target":"*","sender":"ann","payload":{"line":[[0,0],[1.0,"#;
        assert_eq!(broken(is, &is.replace("1.0", "1")).len(), 1);
    }

    #[test]
    fn when_the_end_of_candidates_does_not_arrive() {
        let end = r#"bob  < {"type":"ice_candidate","target":"*","sender":"ann","payload":{"candidate":""}}"#;
        assert_eq!(broken(&format!("{end}\n"), "").len(), 1);
    }

    #[test]
    fn when_somebody_hears_himself() {
        let left = "ann  < {\"type\":\"user-left\",\"userId\":\"bob\",\"roomId\":\"studio\"}\n";
        let himself = left.replace("bob", "ann");
        assert_eq!(broken(left, &format!("{left}{himself}")).len(), 1);
    }

    #[test]
    fn when_somebody_comes_unannounced() {
        let came = "ann  < {\"type\":\"user-joined\",\"userId\":\"cy\",\"roomId\":\"studio\"}\n";
        assert_eq!(broken(came, "").len(), 1);
    }

    #[test]
    fn when_somebody_is_missing_among_those_present() {
        let problems = broken(r#""users":["ann","bob","cy"]"#, r#""users":["bob","cy"]"#);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn when_a_message_makes_no_sense_to_its_receiver() {
        let problems = broken(
            r#""type":"user_left","target""#,
            r#""type":"user_left","user""#,
        );
        assert!(problems[0].contains("makes no sense"), "{problems:?}");
    }
}
