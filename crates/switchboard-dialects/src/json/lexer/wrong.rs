//! What is wrong at a place, before it is known where in the text the place is.

use super::Rest;
use crate::json::{Found, JsonType, Key, Malformed};

/// What is wrong with a text. It takes one word, so that texts with nothing wrong do not pay for it.
#[derive(Debug)]
pub(in crate::json) struct Wrong(Box<Problem>);

#[derive(Debug)]
struct Problem {
    what: What,
    /// How much of the text is left from there on.
    left: usize,
}

#[derive(Debug)]
enum What {
    Expected(&'static str),
    NotAnObject,
    TooDeep,
    Duplicate(Key),
    Escaped(Key),
}

impl Wrong {
    /// The same with its place in the text which was read.
    #[cold]
    pub(in crate::json) fn with_place_in(self, text: &str) -> Malformed {
        let Problem { what, left } = *self.0;
        let place = text.len() - left;
        let at = place as u32;
        match what {
            What::Expected(expected) => {
                let next = text.get(place..).and_then(|rest| rest.chars().next());
                let found = next.map_or(Found::End, Found::Char);
                Malformed::Syntax {
                    at,
                    expected,
                    found,
                }
            }
            What::NotAnObject => Malformed::NotAnObject {
                found: JsonType::of(&text[place..]),
            },
            What::TooDeep => Malformed::TooDeep { at },
            What::Duplicate(key) => Malformed::DuplicateKey { key, at },
            What::Escaped(key) => Malformed::EscapedKey { key, at },
        }
    }
}

fn wrong(what: What, rest: Rest<'_>) -> Wrong {
    let left = rest.len();
    Wrong(Box::new(Problem { what, left }))
}

/// Something else stands where `rest` begins.
#[cold]
pub(super) fn expected(expected: &'static str, rest: Rest<'_>) -> Wrong {
    wrong(What::Expected(expected), rest)
}

/// A value of another kind begins there.
#[cold]
pub(super) fn not_an_object(rest: Rest<'_>) -> Wrong {
    wrong(What::NotAnObject, rest)
}

/// The level beyond opens there.
#[cold]
pub(super) fn too_deep(rest: Rest<'_>) -> Wrong {
    wrong(What::TooDeep, rest)
}

/// The name of an envelope field stands there, which has been there before.
#[cold]
pub(in crate::json) fn duplicate(key: Key, rest: Rest<'_>) -> Wrong {
    wrong(What::Duplicate(key), rest)
}

/// The name of an envelope field stands there, with escapes.
#[cold]
pub(in crate::json) fn escaped(key: Key, rest: Rest<'_>) -> Wrong {
    wrong(What::Escaped(key), rest)
}
