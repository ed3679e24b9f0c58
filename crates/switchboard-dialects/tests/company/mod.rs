//! A room with somebody who speaks, and listeners on every wire of the table. Everything they say comes out of the
//! client halves and of `write`, so that a new wire is in the company from its first line on.

#![allow(dead_code, reason = "each test file uses its own part of the company")]

use std::sync::atomic::AtomicU64;

use switchboard_core::{Command, Join, Limits, PeerId, Role, RoomId, Target, Wire};
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{
    Encoded, Introduction, Meaning, Opening, Options, Said, ServerSide, Stamp, dialect, wires,
};

use crate::exchange::{Exchange, Heard, NOW};

pub(crate) const ROOM: &str = "studio";
pub(crate) const SPEAKER: &str = "ann";

pub(crate) struct Company {
    pub(crate) exchange: Exchange,
    pub(crate) wire: Wire,
    pub(crate) speaker: usize,
    /// One on each wire, in the order of the table.
    pub(crate) listeners: Vec<usize>,
}

/// What came of one message.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It asked for something.
    Understood(Vec<Command>),
    /// The speaker was sent this error instead.
    Refused { code: String, message: String },
}

impl Company {
    /// All in one room.
    pub(crate) fn in_a_room(wire: Wire) -> Self {
        let mut company = Self::outside(wire);
        for text in entering(wire, ROOM, SPEAKER) {
            company.exchange.says(company.speaker, &text);
        }
        company.exchange.heard();
        company
    }

    /// The listeners in the room, the speaker connected, but not recognised yet.
    pub(crate) fn outside(wire: Wire) -> Self {
        let mut exchange = Exchange::new(Options::default(), Limits::default());
        let listeners = wires().map(|other| {
            let listener = exchange.connect();
            for text in entering(other, ROOM, &format!("listener {}", other.0)) {
                exchange.says(listener, &text);
            }
            listener
        });
        let listeners = listeners.collect();
        let speaker = exchange.connect();
        exchange.heard();
        Self {
            exchange,
            wire,
            speaker,
            listeners,
        }
    }

    /// The speaker says something. A message that was not understood must have done nothing but bring an error.
    pub(crate) fn says(&mut self, text: &str) -> Outcome {
        let commands = self.exchange.says(self.speaker, text);
        if !commands.is_empty() {
            return Outcome::Understood(commands);
        }
        let heard = self.exchange.heard();
        let [(whom, Heard::Message(error)), end @ ..] = &heard[..] else {
            panic!("neither understood nor refused: {}", excerpt(text));
        };
        assert_eq!(*whom, self.speaker, "somebody else is told what was wrong");
        let closed = end == [(self.speaker, Heard::Closed)];
        assert!(closed || end.is_empty(), "more than an error: {end:?}");
        error_of(error)
    }

    /// The speaker's message must be refused.
    pub(crate) fn is_refused(&mut self, text: &str) -> String {
        match self.says(text) {
            Outcome::Refused { code, .. } => code,
            Outcome::Understood(commands) => {
                panic!("accepted as {commands:?}: {}", excerpt(text))
            }
        }
    }

    /// The speaker's message must be understood; what everybody then hears.
    pub(crate) fn is_heard(&mut self, text: &str) -> Vec<(usize, String)> {
        if let Outcome::Refused { code, message } = self.says(text) {
            panic!("refused as {code}, {message}: {}", excerpt(text));
        }
        let heard = self.exchange.heard().into_iter();
        let message = |(line, heard)| match heard {
            Heard::Message(text) => (line, text),
            Heard::Closed => panic!("it ended connection {line}"),
        };
        heard.map(message).collect()
    }

    /// Whatever was said before: the speaker is in the room, and is heard there.
    pub(crate) fn still_speaks(&mut self) {
        let chat = chat(self.wire, ROOM, SPEAKER, "still here");
        let heard = self.is_heard(&chat);
        let who: Vec<usize> = heard.iter().map(|(line, _)| *line).collect();
        assert_eq!(who, self.listeners);
        for (_, text) in heard {
            assert!(text.contains("\"still here\""), "{text}");
        }
    }
}

/// What the server says of a message that it does not understand.
pub(crate) fn error_of(text: &str) -> Outcome {
    let error = Message::scan(text).expect("an error is a message");
    let field = |key| {
        let text = error.str(key).expect("a string").unwrap_or_default();
        assert!(!text.is_empty(), "an error without {key:?}");
        text.into_owned()
    };
    assert_eq!(field(Key::Type), "error");
    Outcome::Refused {
        code: field(Key::Code),
        message: field(Key::Message),
    }
}

/// What a client of a wire sends to be in a room.
pub(crate) fn entering(wire: Wire, room: &str, peer: &str) -> Vec<String> {
    let introduction = Introduction {
        wire,
        peer: peer.into(),
    };
    let join = Join {
        room: room.into(),
        peer: peer.into(),
        role: Role::Receiver,
    };
    let mut messages = Vec::new();
    let command = Command::Join {
        join,
        leaving: None,
    };
    dialect(wire)
        .client(introduction)
        .encode(&command, &mut messages);
    let text = |message| String::from_utf8(message).expect("a message is text");
    messages.into_iter().map(text).collect()
}

/// The server's half of a wire, for a connection that has said nothing yet.
pub(crate) fn server(wire: Wire) -> Box<dyn ServerSide> {
    dialect(wire).server(Opening {
        wire,
        spare_id: "guest",
        options: &Options::default(),
    })
}

/// A line of chat in the words of a wire.
pub(crate) fn chat(wire: Wire, room: &str, from: &str, text: &str) -> String {
    let text = format!("\"{text}\"");
    let meaning = Meaning::Chat { text: &text };
    said(wire, &room.into(), &from.into(), meaning).expect("every wire has a word for chat")
}

/// A meaning in the words of a wire, if it has any for it.
pub(crate) fn said(
    wire: Wire,
    room: &RoomId,
    from: &PeerId,
    meaning: Meaning<'_>,
) -> Option<String> {
    let mut out = Vec::new();
    let said = Said {
        room,
        from,
        to: &Target::Everyone,
        meaning,
        stamp: stamp(),
    };
    match dialect(wire).write(&said, &mut out) {
        Encoded::Frame => Some(String::from_utf8(out).expect("a message is text")),
        none => {
            assert!(out.is_empty(), "no words for it, but some");
            assert_ne!(none, Encoded::Personal, "what is said is said to all");
            None
        }
    }
}

pub(crate) fn stamp() -> Stamp<'static> {
    static SERIAL: AtomicU64 = AtomicU64::new(1);
    Stamp {
        unix_millis: NOW,
        serial: &SERIAL,
    }
}

/// The start of a message, for people.
fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(300).collect();
    format!("{} bytes: {start:?}", text.len())
}
