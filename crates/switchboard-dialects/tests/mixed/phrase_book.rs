//! What one can say in a call, and how it is heard: the words that a phrase book is written for.

use std::collections::BTreeSet;

use serde_json::Value;

/// The room where all calls are.
pub(crate) const ROOM: &str = "studio";

/// How a client of one wire says things, and how it understands what it is told.
///
/// Neither looks into the library: these are the words of the wire's document.
pub(crate) trait PhraseBook: Sync {
    fn wire(&self) -> &'static str;

    /// What the wire is called in the names of files.
    fn name(&self) -> &'static str {
        self.wire()
    }

    /// The settings without which there is no such call.
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// What `connection` does to become known as `peer`: the rest of each line of a script.
    fn connects(&self, connection: &str, peer: &str) -> Vec<String>;

    /// What it does then to be in the room; nothing if it is there already.
    fn joins(&self, peer: &str) -> Option<String>;

    /// What it says to be there no longer; nothing if it has to close for it.
    fn leaves(&self, peer: &str) -> Option<String>;

    /// Something said to all others, or to one of them.
    fn says(&self, peer: &str, to: Option<&str>, saying: Saying) -> String;

    /// What a message of the server means; nothing if a client would make no sense of it.
    fn hears(&self, text: &str) -> Option<Heard>;

    /// Whether who enters is told who else is in the room.
    fn is_told_who_is_there(&self) -> bool {
        true
    }

    /// Whether clients of the wire are spared the end of candidates, which they do not survive.
    fn dies_of_the_end(&self) -> bool {
        false
    }
}

/// Something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    Offer,
    Answer,
    Candidate,
    /// No more candidates will come.
    End,
    /// The same, as browsers say it for one media section.
    EndOfOne,
    Chat,
    /// What an application invents.
    Invention,
}

/// What was said, as its receiver understands it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning {
    Offer(String),
    Answer(String),
    Candidate(Value),
    End,
    Chat(String),
    /// Its name, and its fields that were put in, as JSON text: `line`, `color`, `closed`.
    Invention(String, [Option<String>; 3]),
}

/// What a message of the server means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// The one who asked is in the room. Who else is, if the wire tells.
    In(Option<BTreeSet<String>>),
    /// Somebody has come.
    Came(String),
    /// Somebody has gone.
    Gone(String),
    /// Something was not done; why, by its code.
    Refused(String),
    /// Somebody says something.
    Said { from: String, what: Meaning },
    /// Something asked for was done, which the asker knew would be.
    Acknowledged,
}

/// An SDP, as JSON.
pub(crate) const SDP: &str = r#""v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n""#;

/// An `RTCIceCandidateInit`, as JSON.
pub(crate) const INIT: &str = r#"{"candidate":"candidate:1 1 UDP 2122317823 10.0.0.1 50000 typ host","sdpMid":"0","sdpMLineIndex":0}"#;

/// One that ends them.
pub(crate) const END_INIT: &str = r#"{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"#;

/// A line of chat, as JSON.
pub(crate) const CHAT: &str = r#""你好 \"Bob\"""#;

/// The name of what nobody has heard of.
pub(crate) const INVENTION: &str = "whiteboard";

/// Its fields.
pub(crate) const FIELDS: [(&str, &str); 3] = [
    ("line", "[[0,0],[1.0,1e400]]"),
    ("color", r#"{"r":1}"#),
    ("closed", "true"),
];

impl Saying {
    /// What must arrive.
    pub(crate) fn meaning(self) -> Meaning {
        let text = |json| serde_json::from_str(json).expect("a string");
        match self {
            Self::Offer => Meaning::Offer(text(SDP)),
            Self::Answer => Meaning::Answer(text(SDP)),
            Self::Candidate => Meaning::Candidate(serde_json::from_str(INIT).expect("an object")),
            Self::End | Self::EndOfOne => Meaning::End,
            Self::Chat => Meaning::Chat(text(CHAT)),
            Self::Invention => {
                let fields = FIELDS.map(|(_, value)| Some(value.to_owned()));
                Meaning::Invention(INVENTION.to_owned(), fields)
            }
        }
    }

    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::End | Self::EndOfOne)
    }
}
