//! Conversations as text: what each connection sends, and everything that reaches each of them because of it.
//!
//! ```text
//! # a comment
//! # option register.lobby_room=hall
//! ann @ register                                        connects
//! ann > {"type":"register","client_id":"ann"}           sends this
//! ann < {"type":"registered","client_id":"ann"}         receives exactly this, byte for byte
//! ann closes                                            ends its connection politely (or: drops)
//! ann is closed                                         the server has ended it
//! bob @ path studio                                     comes by a path that names the room, and himself
//! bob2 @ path studio as bob                             or somebody else
//! the room studio ends: idle                            what the server may do to a room
//! ```
//!
//! A packet and its attachments are one line, with a visible sign (`␞`) where U+001E stands between them.
//!
//! Everything that reaches anybody after a line that acts must stand between it and the next one that does. The order
//! counts for each connection; which of two connections is told first means nothing.

use std::fmt::{self, Write};

use switchboard_core::{Closing, Limits};
use switchboard_dialects::{Entrance, Options, PathPayload, by_name, dialect};

use crate::exchange::form::SEPARATOR;
use crate::exchange::{Exchange, Heard};

/// What is written for [`SEPARATOR`], which nobody sees.
const VISIBLE_SEPARATOR: char = '␞';

/// What a conversation came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The conversation as it really went.
    pub(crate) text: String,
    /// Where it went otherwise than written.
    pub(crate) problems: Vec<Problem>,
}

/// One step that went otherwise than written.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The line that acts.
    line: usize,
    action: String,
    expected: Vec<String>,
    heard: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}: {}", self.line, self.action)?;
        for line in &self.expected {
            writeln!(f, "  - {line}")?;
        }
        for line in &self.heard {
            writeln!(f, "  + {line}")?;
        }
        Ok(())
    }
}

/// Plays a conversation.
///
/// # Panics
/// If it is not written in the language above.
pub(crate) fn play(script: &str) -> Outcome {
    let mut stage = Stage::set(script);
    let mut outcome = Outcome {
        text: String::new(),
        problems: Vec::new(),
    };
    let mut lines = script.lines().enumerate().peekable();
    while let Some((number, text)) = lines.next() {
        let (line, action) = (number + 1, Line::parse(text, number + 1));
        writeln!(outcome.text, "{text}").expect("a string takes everything");
        assert!(
            !action.is_expectation(),
            "line {line}: received before anybody did anything: {text}"
        );
        if matches!(action, Line::Comment) {
            continue;
        }
        stage.act(&action, line);
        let mut block = Vec::new();
        while let Some((number, text)) = lines.peek() {
            let parsed = Line::parse(text, number + 1);
            if !parsed.is_expectation() && !matches!(parsed, Line::Comment) {
                break;
            }
            block.push((*text, parsed));
            lines.next();
        }
        let expected = block.iter().filter(|(_, line)| line.is_expectation());
        let expected: Vec<_> = expected.map(|(_, line)| stage.expected(line)).collect();
        let heard = stage.exchange.heard();
        if stage.by_connection(&expected) == stage.by_connection(&heard) {
            for (text, _) in block {
                writeln!(outcome.text, "{text}").expect("a string takes everything");
            }
            continue;
        }
        let heard = stage.written(&heard);
        for line in &heard {
            writeln!(outcome.text, "{line}").expect("a string takes everything");
        }
        for (text, _) in block.iter().filter(|(_, line)| !line.is_expectation()) {
            writeln!(outcome.text, "{text}").expect("a string takes everything");
        }
        outcome.problems.push(Problem {
            line,
            action: text.to_owned(),
            expected: stage.written(&expected),
            heard,
        });
    }
    outcome
}

enum Line<'a> {
    Comment,
    Connects {
        name: &'a str,
        wire: &'a str,
        at: Option<At<'a>>,
    },
    Sends {
        name: &'a str,
        text: &'a str,
    },
    Ends {
        name: &'a str,
    },
    Receives {
        name: &'a str,
        text: &'a str,
    },
    IsClosed {
        name: &'a str,
    },
    RoomEnds {
        room: &'a str,
        why: Closing,
    },
}

/// What the path of a connection says.
#[derive(Clone, Copy)]
struct At<'a> {
    room: &'a str,
    peer: &'a str,
}

impl<'a> Line<'a> {
    fn parse(text: &'a str, line: usize) -> Self {
        if text.trim().is_empty() || text.starts_with('#') {
            return Self::Comment;
        }
        let wrong = || -> ! { panic!("line {line}: not in the language of conversations: {text}") };
        let Some((name, rest)) = text.split_once(' ') else {
            wrong()
        };
        let rest = rest.trim_start();
        if name == "the" {
            let (room, why) = rest
                .strip_prefix("room ")
                .and_then(|rest| rest.split_once(" ends: "))
                .unwrap_or_else(|| wrong());
            let why = [Closing::Idle].into_iter().find(|one| one.name() == why);
            let why = why.unwrap_or_else(|| wrong());
            return Self::RoomEnds { room, why };
        }
        match rest.split_once(' ') {
            Some(("@", place)) => {
                let (wire, at) = match place.split_once(' ') {
                    Some((wire, at)) => (wire, Some(at)),
                    None => (place, None),
                };
                let at = at.map(|at| {
                    let (room, peer) = at.split_once(" as ").unwrap_or((at, name));
                    At { room, peer }
                });
                Self::Connects { name, wire, at }
            }
            Some((">", text)) => Self::Sends { name, text },
            Some(("<", text)) => Self::Receives { name, text },
            _ if rest == ">" => Self::Sends { name, text: "" },
            _ if rest == "closes" || rest == "drops" => Self::Ends { name },
            _ if rest == "is closed" => Self::IsClosed { name },
            _ => wrong(),
        }
    }

    fn is_expectation(&self) -> bool {
        matches!(self, Self::Receives { .. } | Self::IsClosed { .. })
    }
}

/// The exchange, and what the script calls its connections.
struct Stage<'a> {
    exchange: Exchange,
    /// Name and declared wire of each connection, in the order of connecting.
    cast: Vec<(&'a str, &'a str)>,
    /// Length of the longest name, so that what is written stands in columns.
    width: usize,
}

impl<'a> Stage<'a> {
    fn set(script: &'a str) -> Self {
        let (options, limits) = settings(script);
        let mut cast: Vec<(&str, &str)> = Vec::new();
        for (number, text) in script.lines().enumerate() {
            if let Line::Connects { name, wire, at } = Line::parse(text, number + 1) {
                let number = number + 1;
                let Some(known) = by_name(wire) else {
                    panic!("line {number}: no such wire: {wire}");
                };
                assert_eq!(
                    at.is_some(),
                    matches!(dialect(known).entrance(), Entrance::Path(_)),
                    "line {number}: a room is named where one connects to a path, and only there"
                );
                assert!(
                    cast.iter().all(|(other, _)| *other != name),
                    "line {number}: a second {name}; call another connection of one id bob2, say"
                );
                cast.push((name, wire));
            }
        }
        let width = cast.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        Self {
            exchange: Exchange::new(options, limits),
            cast,
            width,
        }
    }

    fn act(&mut self, action: &Line<'_>, number: usize) {
        match action {
            Line::Connects { name, wire, at } => {
                let wire = by_name(wire).expect("checked before the conversation");
                let line = self.exchange.connect_to(wire);
                assert_eq!(line, self.index(name));
                if let Some(At { room, peer }) = *at {
                    self.exchange.arrive(line, &room.into(), &peer.into());
                }
            }
            Line::RoomEnds { room, why } => self.exchange.close_room(&(*room).into(), *why),
            Line::Sends { name, text } => {
                let index = self.index(name);
                // What it asks for shows in what is heard.
                let _ = self.exchange.says(index, text);
                let wire = self.exchange.wire(index);
                let declared = by_name(self.cast[index].1);
                assert!(
                    wire.is_none() || wire == declared,
                    "line {number}: {name} is taken for somebody on another wire"
                );
            }
            Line::Ends { name } => self.exchange.ends(self.index(name)),
            Line::Comment | Line::Receives { .. } | Line::IsClosed { .. } => {}
        }
    }

    fn expected(&self, line: &Line<'_>) -> (usize, Heard) {
        match line {
            Line::Receives { name, text } => {
                let text = text.replace(VISIBLE_SEPARATOR, &SEPARATOR.to_string());
                (self.index(name), Heard::Message(text))
            }
            Line::IsClosed { name } => (self.index(name), Heard::Closed),
            _ => unreachable!("not expected of anybody"),
        }
    }

    fn index(&self, name: &str) -> usize {
        let index = self.cast.iter().position(|(other, _)| *other == name);
        index.unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    fn by_connection(&self, heard: &[(usize, Heard)]) -> Vec<Vec<Heard>> {
        let of = |index| {
            let own = heard.iter().filter(move |(line, _)| *line == index);
            own.map(|(_, heard)| heard.clone()).collect()
        };
        (0..self.cast.len()).map(of).collect()
    }

    fn written(&self, heard: &[(usize, Heard)]) -> Vec<String> {
        let line = |(index, heard): &(usize, Heard)| {
            let (name, width) = (self.cast[*index].0, self.width);
            match heard {
                Heard::Message(text) => {
                    let text = text.replace(SEPARATOR, &VISIBLE_SEPARATOR.to_string());
                    format!("{name:width$} < {text}")
                }
                Heard::Closed => format!("{name:width$} is closed"),
            }
        };
        heard.iter().map(line).collect()
    }
}

/// The lines `# option NAME=VALUE`.
fn settings(script: &str) -> (Options, Limits) {
    let (mut options, mut limits) = (Options::default(), Limits::default());
    let lines = script
        .lines()
        .filter_map(|line| line.strip_prefix("# option "));
    for (name, value) in lines.filter_map(|option| option.split_once('=')) {
        let number = || value.parse().expect("a number");
        match name {
            "register.lobby_room" => options.register.lobby_room = Some(value.to_owned()),
            "path.payload" => {
                options.path.payload = match value {
                    "plain" => PathPayload::Plain,
                    "wrapped" => PathPayload::Wrapped,
                    _ => panic!("no such form: {value}"),
                }
            }
            "limits.peers_per_room" => limits.peers_per_room = number(),
            "limits.connections_per_peer" => limits.connections_per_peer = number(),
            "limits.rooms" => {
                limits.rooms = std::sync::Arc::new(switchboard_core::Quota::new(number()))
            }
            _ => panic!("no such option: {name}"),
        }
    }
    (options, limits)
}
