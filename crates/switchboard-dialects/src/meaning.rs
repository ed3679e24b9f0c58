//! What messages mean, whatever the wire: the words between two dialects.
//!
//! Values stay the JSON text they came as, so that an SDP is neither unescaped nor escaped again and numbers keep
//! their digits.

use std::borrow::Cow;

use switchboard_core::{PeerId, RoomId, Target};

use crate::Stamp;
use crate::body::Fields;
use crate::json::{JsonType, Members, unquote};

/// What a message means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// An offer.
    Offer {
        /// The SDP, as a JSON string literal.
        sdp: &'a str,
    },
    /// An answer.
    Answer {
        /// The SDP, as a JSON string literal.
        sdp: &'a str,
    },
    /// A candidate, or the end of them.
    Candidate {
        /// An `RTCIceCandidateInit` object, or `null` for the end of candidates, as JSON text.
        init: Cow<'a, str>,
    },
    /// A line of chat.
    Chat {
        /// What is said, as JSON text; a string unless the sender had other ideas.
        text: &'a str,
    },
    /// Anything else.
    Other {
        /// What its wire calls it, unescaped.
        name: Cow<'a, str>,
        /// Its fields without those that only route it.
        fields: Fields<'a>,
    },
}

impl<'a> Meaning<'a> {
    /// The candidate in the first of these fields that holds one; `None` if none does, so that no peer is handed as a
    /// candidate what is none.
    pub(crate) fn candidate(fields: &Fields<'a>, names: &[&str]) -> Option<Self> {
        let init = names
            .iter()
            .find_map(|name| candidate_init(fields.get(name)?, fields))?;
        Some(Self::Candidate { init })
    }

    /// Whether this is a candidate that only says that no more will come.
    #[must_use]
    pub fn is_end_of_candidates(&self) -> bool {
        let Self::Candidate { init } = self else {
            return false;
        };
        let line = Init::parse(init).and_then(|init| init.line);
        matches!(line, None | Some("null" | "\"\""))
    }

    /// Whether this is a candidate that says which media it belongs to.
    pub(crate) fn is_placed(&self) -> bool {
        match self {
            Self::Candidate { init } => Init::parse(init).is_some_and(|init| init.is_placed()),
            _ => false,
        }
    }
}

/// The `RTCIceCandidateInit` that a field holds, or that its string makes together with the fields beside it.
fn candidate_init<'a>(value: &'a str, beside: &Fields<'a>) -> Option<Cow<'a, str>> {
    if matches!(value, "null" | "\"\"") {
        return Some(Cow::Borrowed("null"));
    }
    if JsonType::of(value) == JsonType::String {
        return flat_init(value, beside).map(Cow::Owned);
    }
    let line = Init::parse(value)?.line?;
    (line == "null" || line.starts_with('"')).then_some(Cow::Borrowed(value))
}

/// The `RTCIceCandidateInit` of a message that has its fields at the top level. A string alone may be anything, so it
/// must look like a candidate (RFC 8839, section 5.1) and be placed.
fn flat_init(line: &str, beside: &Fields<'_>) -> Option<String> {
    let text = unquote(line);
    if !text.trim_start_matches("a=").starts_with("candidate:") || !is_placed(beside) {
        return None;
    }
    let mut init = format!(r#"{{"candidate":{line}"#);
    for name in PLACE.iter().chain(&["usernameFragment"]) {
        if let Some(value) = beside.get(name).filter(is_scalar) {
            init.push_str(&format!(r#","{name}":{value}"#));
        }
    }
    init.push('}');
    Some(init)
}

/// What an `RTCIceCandidateInit` is looked at for, as JSON text.
#[derive(Default)]
struct Init<'a> {
    line: Option<&'a str>,
    place: [Option<&'a str>; PLACE.len()],
}

impl<'a> Init<'a> {
    /// Reads the text of an object which is part of a message that has been checked; `None` if it is no object.
    fn parse(text: &'a str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        let mut init = Self::default();
        for (name, value) in Members::of(text) {
            if name == "candidate" {
                init.line = Some(value);
            } else if let Some(at) = PLACE.iter().position(|place| *place == name) {
                init.place[at] = Some(value);
            }
        }
        Some(init)
    }

    /// Whether it says which media it belongs to. No browser and no aiortc takes one that does not.
    fn is_placed(&self) -> bool {
        self.place.iter().flatten().any(is_scalar)
    }
}

/// The same of a message that has these fields at its top level.
fn is_placed(beside: &Fields<'_>) -> bool {
    PLACE
        .iter()
        .any(|name| beside.get(name).as_ref().is_some_and(is_scalar))
}

/// The fields of an `RTCIceCandidateInit` that say which media it belongs to.
const PLACE: [&str; 2] = ["sdpMid", "sdpMLineIndex"];

fn is_scalar(value: &&str) -> bool {
    matches!(JsonType::of(value), JsonType::String | JsonType::Number)
}

/// Something said, with all that another wire may want to put into its message.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// The room it was said in.
    pub room: &'a RoomId,
    /// Who said it.
    pub from: &'a PeerId,
    /// To whom.
    pub to: &'a Target,
    /// What.
    pub meaning: Meaning<'a>,
    /// When.
    pub stamp: Stamp<'a>,
}
