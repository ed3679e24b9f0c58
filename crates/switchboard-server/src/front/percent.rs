//! Percent-encoding (RFC 3986, section 2.1), read strictly: who sends a name that can be read in two ways, or in none,
//! is told so.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use thiserror::Error;

/// Why something encoded cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Unreadable {
    #[error("it has a % that no two hexadecimal digits follow")]
    Percent,
    #[error("it is not UTF-8 in percent-encoding")]
    Utf8,
}

/// What stands in a segment of a path, or in a whole query.
pub(super) fn decode(encoded: &str) -> Result<Cow<'_, str>, Unreadable> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    for after in encoded.split('%').skip(1) {
        let mut bytes = after.as_bytes().iter();
        if !(is_digit(bytes.next()) && is_digit(bytes.next())) {
            return Err(Unreadable::Percent);
        }
    }
    percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| Unreadable::Utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        for (encoded, name) in [
            ("", ""),
            ("studio", "studio"),
            ("a%20room", "a room"),
            ("%e5%BC%A0", "\u{5f20}"),
            ("a+b%2b", "a+b+"),
            ("%2541", "%41"),
            ("100%25", "100%"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Ok(name), "{encoded}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_none_is_not_read() {
        for encoded in ["%", "100%", "%z", "%zz", "%4", "%4z", "%%41", "%41%", "%+1"] {
            assert_eq!(decode(encoded), Err(Unreadable::Percent), "{encoded}");
        }
        for encoded in ["%ff", "%E4%BD", "%C0%80", "%ED%A0%80", "a%80b"] {
            assert_eq!(decode(encoded), Err(Unreadable::Utf8), "{encoded}");
        }
    }
}
