//! What messages mean, whatever the wire: the words between two dialects.
//!
//! Values stay the JSON text they came as, so that an SDP is neither unescaped nor escaped again and numbers keep
//! their digits.

use std::borrow::Cow;

use switchboard_core::{PeerId, RoomId, Target};

use crate::Stamp;
use crate::body::Fields;

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
        init: &'a str,
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
    /// The candidate that a field holds; `None` if it holds none, so that no peer is handed as a candidate what is none.
    pub(crate) fn candidate(init: &'a str) -> Option<Self> {
        if matches!(init, "null" | "\"\"") {
            return Some(Self::Candidate { init: "null" });
        }
        let line = Fields::parse(init)?.get("candidate")?;
        (line == "null" || line.starts_with('"')).then_some(Self::Candidate { init })
    }

    /// Whether this is a candidate that only says that no more will come.
    #[must_use]
    pub fn is_end_of_candidates(&self) -> bool {
        let Self::Candidate { init } = self else {
            return false;
        };
        let line = Fields::parse(init).and_then(|fields| fields.get("candidate"));
        matches!(line, None | Some("null" | "\"\""))
    }
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
