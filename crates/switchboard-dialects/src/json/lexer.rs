//! The grammar of RFC 8259 as a walk over bytes: it checks, and builds nothing.
//!
//! Every function takes what is left of a text from some place on, and gives what is left behind that which it has
//! read: a place is known by how much follows it, so that one look at the bounds is enough. Never recursive: open
//! objects and arrays are bits of one word, which is also what bounds the depth.

mod string;
mod wrong;

use string::string;
pub(super) use wrong::{Wrong, duplicate, escaped};
use wrong::{expected, too_deep};

use super::NOTHING_MORE;

/// What is left of a text.
pub(super) type Rest<'a> = &'a [u8];

/// A member's name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    /// What is left of the text behind the opening quote.
    pub(super) inside: Rest<'a>,
    /// How much of it is the name.
    pub(super) len: usize,
    /// Whether it is known to have no escapes.
    pub(super) is_plain: bool,
}

/// Reads white space and the brace that opens a message, up to its first member or closing brace.
#[inline]
pub(super) fn open_object(text: &str) -> Result<Rest<'_>, Wrong> {
    match skip_whitespace(text.as_bytes()) {
        [b'{', rest @ ..] => Ok(skip_whitespace(rest)),
        rest => Err(not_an_object(rest)),
    }
}

/// Reads a member's name and colon, up to its value.
#[inline(always)]
pub(super) fn name(rest: Rest<'_>) -> Result<(Name<'_>, Rest<'_>), Wrong> {
    let [b'"', inside @ ..] = rest else {
        return Err(expected("a field name in double quotes", rest));
    };
    let (behind, is_plain) = string(inside)?;
    let name = Name {
        inside,
        len: inside.len() - behind.len() - 1,
        is_plain,
    };
    match behind {
        // Nearly every text.
        [b':', rest @ ..] if rest.starts_with(b"\"") => Ok((name, rest)),
        _ => match skip_whitespace(behind) {
            [b':', rest @ ..] => Ok((name, skip_whitespace(rest))),
            rest => Err(expected("a colon", rest)),
        },
    }
}

/// Reads the value of a top-level member; tells also whether it is a string that is known to have no escapes.
#[inline(always)]
pub(super) fn value(rest: Rest<'_>) -> Result<(Rest<'_>, bool), Wrong> {
    match rest {
        [b'"', inside @ ..] => string(inside),
        [b'{' | b'[', ..] => Ok((container(rest)?, false)),
        _ => Ok((scalar(rest)?, false)),
    }
}

/// Reads the comma behind a member, up to the name of the next one; or gives the closing brace, if that is there.
#[inline(always)]
pub(super) fn behind_member(rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    match rest {
        // Nearly every text.
        [b',', name @ ..] if name.starts_with(b"\"") => return Ok(name),
        _ => {}
    }
    match skip_whitespace(rest) {
        [b',', rest @ ..] => match skip_whitespace(rest) {
            name @ [b'"', ..] => Ok(name),
            rest => Err(expected("a field name in double quotes", rest)),
        },
        close @ [b'}', ..] => Ok(close),
        rest => Err(expected("a comma or a closing brace", rest)),
    }
}

/// Reads the closing brace of the message, behind which nothing but white space may stand.
#[inline]
pub(super) fn finish(close: Rest<'_>) -> Result<(), Wrong> {
    match skip_whitespace(&close[1..]) {
        [] => Ok(()),
        rest => Err(expected(NOTHING_MORE, rest)),
    }
}

/// Reads an object or array with all that is in it.
fn container(mut rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    let mut open = Open::NONE;
    loop {
        // A value starts here.
        match rest {
            [b'"', inside @ ..] => rest = string(inside)?.0,
            [b'{', inside @ ..] => {
                open = open.with(true).ok_or_else(|| too_deep(rest))?;
                rest = skip_whitespace(inside);
                if !rest.starts_with(b"}") {
                    rest = name(rest)?.1;
                    continue;
                }
            }
            [b'[', inside @ ..] => {
                open = open.with(false).ok_or_else(|| too_deep(rest))?;
                rest = skip_whitespace(inside);
                if !rest.starts_with(b"]") {
                    continue;
                }
            }
            _ => rest = scalar(rest)?,
        }
        // A value ended here: close what closes, then go on to the next one.
        while !open.is_none() {
            match (skip_whitespace(rest), open.in_object()) {
                ([b',', next @ ..], in_object) => {
                    rest = skip_whitespace(next);
                    if in_object {
                        rest = name(rest)?.1;
                    }
                    break;
                }
                ([b'}', behind @ ..], true) | ([b']', behind @ ..], false) => {
                    open = open.without();
                    rest = behind;
                }
                (rest, true) => return Err(expected("a comma or a closing brace", rest)),
                (rest, false) => return Err(expected("a comma or a closing bracket", rest)),
            }
        }
        if open.is_none() {
            return Ok(rest);
        }
    }
}

/// Reads a number or a literal.
fn scalar(rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    match rest {
        // Most numbers are the index of a line.
        [b'0'..=b'9', behind @ ..] if behind.starts_with(b"}") || behind.starts_with(b",") => {
            Ok(behind)
        }
        [b'-' | b'0'..=b'9', ..] => number(rest),
        [b't', b'r', b'u', b'e', rest @ ..]
        | [b'f', b'a', b'l', b's', b'e', rest @ ..]
        | [b'n', b'u', b'l', b'l', rest @ ..] => Ok(rest),
        _ => Err(expected("a value", rest)),
    }
}

/// RFC 8259, section 6. Any magnitude is fine, for numbers are relayed as text.
#[inline]
fn number(mut rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    if let [b'-', behind @ ..] = rest {
        rest = behind;
    }
    rest = match rest {
        [b'0', behind @ ..] => behind,
        _ => digits(rest)?,
    };
    if let [b'.', behind @ ..] = rest {
        rest = digits(behind)?;
    }
    if let [b'e' | b'E', behind @ ..] = rest {
        rest = match behind {
            [b'+' | b'-', behind @ ..] => digits(behind)?,
            _ => digits(behind)?,
        };
    }
    Ok(rest)
}

#[inline]
fn digits(rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    let [b'0'..=b'9', behind @ ..] = rest else {
        return Err(expected("a digit", rest));
    };
    let mut rest = behind;
    while let [b'0'..=b'9', behind @ ..] = rest {
        rest = behind;
    }
    Ok(rest)
}

#[inline(always)]
fn skip_whitespace(rest: Rest<'_>) -> Rest<'_> {
    match rest {
        [..=b' ', ..] => behind_whitespace(rest),
        _ => rest,
    }
}

#[inline(never)]
fn behind_whitespace(mut rest: Rest<'_>) -> Rest<'_> {
    while let [b' ' | b'\n' | b'\r' | b'\t', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// What is wrong with a text whose first byte is no brace.
#[cold]
fn not_an_object(rest: Rest<'_>) -> Wrong {
    let is_value = match rest {
        [b'[' | b'"' | b'-' | b'0'..=b'9', ..] => true,
        [b't' | b'f' | b'n', ..] => scalar(rest).is_ok(),
        _ => false,
    };
    if is_value {
        wrong::not_an_object(rest)
    } else {
        expected("an object", rest)
    }
}

/// The objects (1) and arrays (0) that are open inside the message, the innermost in the lowest bit, below a 1 that
/// tells how many they are.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Open(u64);

impl Open {
    const NONE: Self = Self(1);

    /// One more; `None` if they are as many as may be.
    #[inline]
    fn with(self, is_object: bool) -> Option<Self> {
        let is_full = self.0.leading_zeros() == 0;
        (!is_full).then_some(Self(self.0 << 1 | u64::from(is_object)))
    }

    #[inline]
    fn without(self) -> Self {
        Self(self.0 >> 1)
    }

    #[inline]
    fn is_none(self) -> bool {
        self == Self::NONE
    }

    #[inline]
    fn in_object(self) -> bool {
        self.0 & 1 == 1
    }
}

// The message itself is one level, and one bit tells how many are open inside it.
const _: () = assert!(super::MAX_DEPTH == u64::BITS);
