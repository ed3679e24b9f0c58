//! Strings (RFC 8259, section 7), which are most of every message.

use memchr::memchr;

use super::super::block::{from_special, has_common_escapes_only};
use super::{Rest, Wrong, expected};

/// Reads a string from behind its opening quote on; tells also whether it is known to have no escapes.
#[inline(always)]
pub(super) fn string(inside: Rest<'_>) -> Result<(Rest<'_>, bool), Wrong> {
    match from_special(inside) {
        [b'"', behind @ ..] => Ok((behind, true)),
        special => Ok((string_with_escapes(special)?, false)),
    }
}

/// Reads the rest of a string with anything in it.
#[inline(never)]
fn string_with_escapes(mut rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    // Up to the next quote at a time: in one go if there are no rare escapes on the way, else step by step.
    while let Some(len) = memchr(b'"', rest) {
        let (run, quote) = rest.split_at(len);
        if has_common_escapes_only(run) {
            return Ok(&quote[1..]);
        }
        while rest.len() > quote.len() {
            rest = escape(from_special(rest))?;
        }
        if rest.len() == quote.len() {
            return Ok(&quote[1..]);
        }
        // The quote was escaped.
    }
    // No quote follows: something is wrong on the way, or the end.
    loop {
        rest = escape(from_special(rest))?;
    }
}

/// Reads an escape, or stays before a quote.
#[inline]
fn escape(rest: Rest<'_>) -> Result<Rest<'_>, Wrong> {
    match rest {
        [b'"', ..] => Ok(rest),
        [
            b'\\',
            b'n' | b'r' | b'"' | b'\\' | b'/' | b't' | b'b' | b'f',
            rest @ ..,
        ] => Ok(rest),
        [b'\\', b'u', digits @ ..] => unicode_escape(rest, digits),
        [b'\\', rest @ ..] => Err(expected("an escape (one of \"\\/bfnrtu)", rest)),
        [] => Err(expected("a closing quote", rest)),
        _ => Err(expected("a string without raw control characters", rest)),
    }
}

/// RFC 8259, section 7: a character outside the basic plane is a pair of surrogates, and half a pair is nothing.
fn unicode_escape<'a>(escape: Rest<'a>, digits: Rest<'a>) -> Result<Rest<'a>, Wrong> {
    let (unit, rest) = hex_unit(digits)?;
    match unit {
        0xd800..=0xdbff => {
            if let [b'\\', b'u', digits @ ..] = rest
                && let (0xdc00..=0xdfff, rest) = hex_unit(digits)?
            {
                return Ok(rest);
            }
            Err(expected("the second half of a surrogate pair", rest))
        }
        0xdc00..=0xdfff => Err(expected("the first half of a surrogate pair", escape)),
        _ => Ok(rest),
    }
}

/// Reads the four digits of a `\u` escape.
fn hex_unit(mut rest: Rest<'_>) -> Result<(u32, Rest<'_>), Wrong> {
    let mut unit = 0;
    for _ in 0..4 {
        let digit = rest
            .first()
            .and_then(|byte| char::from(*byte).to_digit(16))
            .ok_or_else(|| expected("a hexadecimal digit", rest))?;
        unit = unit << 4 | digit;
        rest = &rest[1..];
    }
    Ok((unit, rest))
}
