//! A room with somebody who speaks, and listeners on every wire of the table. Everything they say comes out of the
//! client halves and of `write`, so that a new wire is in the company from its first line on.

#![allow(dead_code, reason = "each test file uses its own part of the company")]

use std::sync::atomic::AtomicU64;

use switchboard_core::{Command, Join, Limits, PeerId, Role, RoomId, Target, Wire};
use switchboard_dialects::{
    Asked, Encoded, Entrance, Introduction, Meaning, Opening, Options, Said, ServerSide, Stamp,
    dialect, wires,
};

use crate::exchange::{Exchange, Heard, NOW, form};

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
    /// It asked for something, or for nothing.
    Understood(Vec<Asked>),
    /// The speaker was sent this error instead.
    Refused { code: String, message: String },
}

impl Company {
    /// All in one room.
    pub(crate) fn in_a_room(wire: Wire) -> Self {
        let mut company = Self::outside(wire);
        enter(&mut company.exchange, company.speaker, wire, ROOM, SPEAKER);
        company.exchange.heard();
        company
    }

    /// The listeners in the room, the speaker connected, and not heard yet.
    pub(crate) fn outside(wire: Wire) -> Self {
        let mut exchange = Exchange::new(Options::default(), Limits::default());
        let listeners = wires().map(|other| {
            let listener = exchange.connect_to(other);
            let peer = format!("listener {}", other.0);
            enter(&mut exchange, listener, other, ROOM, &peer);
            listener
        });
        let listeners = listeners.collect();
        let speaker = exchange.connect_to(wire);
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
        let refused = match self.exchange.says(self.speaker, text) {
            Ok(asked) => return Outcome::Understood(asked),
            Err(code) => code,
        };
        let heard = self.exchange.heard();
        let [(whom, Heard::Message(error)), end @ ..] = &heard[..] else {
            panic!("refused without a word: {}", excerpt(text));
        };
        assert_eq!(*whom, self.speaker, "somebody else is told what was wrong");
        match end {
            [] => {}
            [(line, Heard::Closed)] => assert_eq!(*line, self.speaker),
            [(line, Heard::Message(ack))] if form::is_ack(self.wire, ack) => {
                assert_eq!(*line, self.speaker);
            }
            more => panic!("more than an error: {more:?}"),
        }
        let error = error_of(self.wire, error);
        assert!(matches!(&error, Outcome::Refused { code, .. } if *code == refused));
        error
    }

    /// The speaker's message must be refused.
    pub(crate) fn is_refused(&mut self, text: &str) -> String {
        match self.says(text) {
            Outcome::Refused { code, .. } => code,
            Outcome::Understood(asked) => {
                panic!("accepted as {asked:?}: {}", excerpt(text))
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
pub(crate) fn error_of(wire: Wire, text: &str) -> Outcome {
    let (code, message) =
        form::error_in(wire, text).unwrap_or_else(|| panic!("no error, or half of one: {text}"));
    assert!(!code.is_empty() && !message.is_empty(), "{text}");
    Outcome::Refused { code, message }
}

/// A client comes into a room, by a message or by the path of its connection.
pub(crate) fn enter(exchange: &mut Exchange, line: usize, wire: Wire, room: &str, peer: &str) {
    if let Entrance::Path(_) = dialect(wire).entrance() {
        exchange.arrive(line, &room.into(), &peer.into());
    }
    for text in entering(wire, room, peer) {
        let _ = exchange.says(line, &text);
    }
}

/// What a client of a wire sends to be in a room; nothing, where its path has said it.
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
        peer: None,
        options: &Options::DEFAULT,
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
        options: &Options::DEFAULT,
    }
}

/// The start of a message, for people.
fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(300).collect();
    format!("{} bytes: {start:?}", text.len())
}
