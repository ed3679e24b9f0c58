//! One call: ann on one wire calls bob, and then cy, on another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::phrase_book::{Heard, PhraseBook, Saying};
use crate::script;

type Book = &'static dyn PhraseBook;

/// What is done in a call, in its order.
pub(crate) struct Call {
    title: String,
    options: BTreeSet<&'static str>,
    steps: Vec<Step>,
}

/// Something that is done: one or several lines of the script.
struct Step {
    /// What is said of it and of what follows.
    about: Option<String>,
    connection: String,
    peer: &'static str,
    book: Book,
    /// The rest of each line.
    lines: Vec<String>,
    act: Act,
}

/// What a step is, and with that what must come of it.
#[derive(Clone, Copy)]
enum Act {
    Enters,
    Goes,
    Says(Option<&'static str>, Saying),
}

/// The part of ann, bob or cy.
#[derive(Clone, Copy)]
struct Part(&'static str, Book);

/// Somebody whom nobody knows.
const GHOST: &str = "ghost";

impl Call {
    pub(crate) fn between(one: Book, other: Book) -> Self {
        let (ann, bob, cy) = (Part("ann", one), Part("bob", other), Part("cy", other));
        let mut call = Self {
            title: format!(
                "X.1: ann on the wire {} calls bob on the wire {}. Each is told everything in the words of the own wire.",
                described(one),
                described(other)
            ),
            options: one
                .options()
                .iter()
                .chain(other.options())
                .copied()
                .collect(),
            steps: Vec::new(),
        };
        call.enters(ann);
        call.enters(bob);

        call.says(ann, None, Saying::Offer)
            .about("Offer, answer, candidates.");
        call.says(bob, Some("ann"), Saying::Answer);
        call.says(ann, None, Saying::Candidate);
        call.says(bob, Some("ann"), Saying::Candidate);

        let end = call.says(ann, None, Saying::End);
        end.about(&match (one.dies_of_the_end(), other.dies_of_the_end()) {
            (false, false) => "The end of candidates, in both spellings.".to_owned(),
            (spared, _) => format!(
                "The end of candidates, in both spellings. Clients of `{}` are spared it.",
                if spared { one.wire() } else { other.wire() }
            ),
        });
        call.says(ann, None, Saying::EndOfOne);
        call.says(bob, Some("ann"), Saying::End);
        call.says(bob, Some("ann"), Saying::EndOfOne);

        call.says(ann, None, Saying::Chat)
            .about("Chat, and whatever else an application invents.");
        call.says(bob, None, Saying::Chat);
        call.says(ann, None, Saying::Invention);
        call.says(bob, None, Saying::Invention);

        call.enters(cy)
            .about("Targets: only cy hears it; who is not there is reported to the sender.");
        call.says(ann, Some("cy"), Saying::Offer);
        call.says(cy, Some("ann"), Saying::Chat);
        call.says(ann, Some("cy"), Saying::Invention);
        call.says(ann, Some(GHOST), Saying::Chat);
        call.says(cy, Some(GHOST), Saying::Chat);

        call.leaves_and_returns(bob);
        call.drops(cy);
        call.drops(ann);
        call
    }

    fn enters(&mut self, part: Part) -> &mut Step {
        self.connects(part.0.to_owned(), part)
    }

    fn connects(&mut self, connection: String, part: Part) -> &mut Step {
        let Part(peer, book) = part;
        let mut lines = book.connects(&connection, peer);
        lines.extend(book.joins(peer).map(|text| format!("> {text}")));
        self.step(connection, part, lines, Act::Enters)
    }

    fn says(&mut self, part: Part, to: Option<&'static str>, saying: Saying) -> &mut Step {
        let Part(peer, book) = part;
        let lines = vec![format!("> {}", book.says(peer, to, saying))];
        self.step(peer.to_owned(), part, lines, Act::Says(to, saying))
    }

    /// By a message where the wire has one, and back on the same connection.
    fn leaves_and_returns(&mut self, part: Part) {
        let Part(peer, book) = part;
        let leaves = book.leaves(peer).map(|text| format!("> {text}"));
        let stays = leaves.is_some();
        let leaves = vec![leaves.unwrap_or_else(|| "closes".to_owned())];
        self.step(peer.to_owned(), part, leaves, Act::Goes)
            .about("A leave, a return, a drop.");
        if let (true, Some(text)) = (stays, book.joins(peer)) {
            self.step(
                peer.to_owned(),
                part,
                vec![format!("> {text}")],
                Act::Enters,
            );
        } else {
            self.connects(format!("{peer}2"), part);
        }
    }

    fn drops(&mut self, part: Part) {
        self.step(part.0.to_owned(), part, vec!["drops".to_owned()], Act::Goes);
    }

    fn step(&mut self, connection: String, part: Part, lines: Vec<String>, act: Act) -> &mut Step {
        let Part(peer, book) = part;
        self.steps.push(Step {
            about: None,
            connection,
            peer,
            book,
            lines,
            act,
        });
        self.steps.last_mut().expect("just pushed")
    }

    /// The whole conversation, with all that anybody hears in it.
    pub(crate) fn play(&self) -> String {
        let mut script = format!("# {}\n", self.title);
        for option in &self.options {
            writeln!(script, "# option {option}").expect("a string takes everything");
        }
        let names = self.steps.iter().map(|step| step.connection.len());
        let width = names.max().unwrap_or(0);
        for step in &self.steps {
            if let Some(about) = &step.about {
                write!(script, "\n# {about}\n").expect("a string takes everything");
            }
            for line in &step.lines {
                writeln!(script, "{:width$} {line}", step.connection)
                    .expect("a string takes everything");
            }
        }
        script::play(&script).text
    }

    /// What must come of each step, and did not.
    pub(crate) fn broken_promises(&self, played: &str) -> Vec<String> {
        let mut broken = Vec::new();
        let mut blocks = blocks(played).into_iter();
        let mut present: BTreeMap<&str, Part> = BTreeMap::new();
        for step in &self.steps {
            let heard: Vec<_> = blocks.by_ref().take(step.lines.len()).flatten().collect();
            present.insert(&step.connection, Part(step.peer, step.book));
            let mut understood: BTreeMap<&str, Vec<Heard>> = BTreeMap::new();
            for (connection, text) in heard {
                let book = present.get(connection).map(|part| part.1);
                match book.and_then(|book| book.hears(text)) {
                    Some(Heard::Acknowledged) => {}
                    Some(heard) => understood.entry(connection).or_default().push(heard),
                    None => broken.push(format!("{connection} makes no sense of {text}")),
                }
            }
            let due = step.due(&present);
            if understood != due {
                broken.push(format!(
                    "after {} {:?}\n  must hear {due:?}\n  but hear {understood:?}",
                    step.connection, step.lines
                ));
            }
            if matches!(step.act, Act::Goes) {
                present.remove(step.connection.as_str());
            }
        }
        broken
    }
}

impl Step {
    fn about(&mut self, about: &str) {
        self.about = Some(about.to_owned());
    }

    /// What those who are present must hear; whoever is not listed must hear nothing.
    fn due<'a>(&self, present: &BTreeMap<&'a str, Part>) -> BTreeMap<&'a str, Vec<Heard>> {
        let mut due = BTreeMap::new();
        for (connection, Part(peer, book)) in present {
            let own = *peer == self.peer;
            let heard = match self.act {
                Act::Enters if own => {
                    let others = present.values().map(|part| part.0.to_owned());
                    let others = others.filter(|other| other != peer).collect();
                    Some(Heard::In(book.is_told_who_is_there().then_some(others)))
                }
                Act::Enters => Some(Heard::Came(self.peer.to_owned())),
                Act::Goes => (!own).then(|| Heard::Gone(self.peer.to_owned())),
                Act::Says(Some(GHOST), _) => {
                    own.then(|| Heard::Refused("target_not_found".to_owned()))
                }
                Act::Says(to, saying) => {
                    let addressed = !own && to.is_none_or(|to| to == *peer);
                    let spared = saying.is_end() && book.dies_of_the_end();
                    (addressed && !spared).then(|| Heard::Said {
                        from: self.peer.to_owned(),
                        what: saying.meaning(),
                    })
                }
            };
            due.extend(heard.map(|heard| (*connection, vec![heard])));
        }
        due
    }
}

/// How the wire of a book is spoken of.
fn described(book: Book) -> String {
    if book.name() == book.wire() {
        format!("`{}`", book.wire())
    } else {
        format!("`{}` ({})", book.wire(), book.name())
    }
}

/// What is heard after each line that acts, as (connection, message).
fn blocks(played: &str) -> Vec<Vec<(&str, &str)>> {
    let mut blocks = Vec::new();
    for line in played.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_once(' ').expect("a line of a script");
        match (rest.trim_start().strip_prefix("< "), blocks.last_mut()) {
            (Some(text), Some(block)) => Vec::push(block, (name, text)),
            _ => blocks.push(Vec::new()),
        }
    }
    blocks
}
