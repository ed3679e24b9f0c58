//! The value of a string from its JSON text.

use std::borrow::Cow;

use memchr::memchr;

/// The value of a JSON string from its text, quotes included, which must have been checked as part of a message.
/// Borrows when there is nothing to unescape.
#[must_use]
pub fn unquote(literal: &str) -> Cow<'_, str> {
    unescape(
        literal
            .strip_prefix('"')
            .and_then(|inside| inside.strip_suffix('"'))
            .unwrap_or(literal),
    )
}

/// Undoes the escapes in the inside of a JSON string, which must have been checked as part of a message.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    let Some(mut at) = first_backslash(text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        value.push_str(&rest[..at]);
        let (char, len) = escape(&rest[at..]);
        value.push(char);
        rest = &rest[at + len..];
        match first_backslash(rest.as_bytes()) {
            Some(next) => at = next,
            None => break,
        }
    }
    value.push_str(rest);
    Cow::Owned(value)
}

#[inline]
fn first_backslash(bytes: &[u8]) -> Option<usize> {
    // To begin a search by blocks costs more than to look at each byte of a name or an id.
    if bytes.len() < 16 {
        bytes.iter().position(|byte| *byte == b'\\')
    } else {
        memchr(b'\\', bytes)
    }
}

/// The character of the escape that `text` starts with, and the escape's length in bytes.
fn escape(text: &str) -> (char, usize) {
    match text.as_bytes().get(1) {
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'u') => unicode(text),
        // A quote, a backslash or a slash stands for itself.
        Some(&byte) => (char::from(byte), 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

fn unicode(text: &str) -> (char, usize) {
    let unit = |from: usize| {
        text.get(from..from + 4)
            .and_then(|hex| u16::from_str_radix(hex, 16).ok())
    };
    let first = unit(2).unwrap_or_default();
    if let Some(char) = char::from_u32(u32::from(first)) {
        return (char, 6);
    }
    let pair = [first, unit(8).unwrap_or_default()];
    let char = char::decode_utf16(pair).next().and_then(Result::ok);
    (char.unwrap_or(char::REPLACEMENT_CHARACTER), 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(
            unescape("aß\u{1f600}"),
            Cow::Borrowed("aß\u{1f600}")
        ));
        assert!(matches!(unescape(""), Cow::Borrowed("")));
    }

    #[test]
    fn every_escape_of_the_grammar_is_undone() {
        let escaped = r#"\"\\\/\b\f\n\r\tA\u00e4\u4E2d\ud83d\uDE00\u0000."#;
        assert_eq!(unescape(escaped), "\"\\/\u{8}\u{c}\n\r\tAä中\u{1f600}\0.");
    }

    #[test]
    fn an_escape_is_found_wherever_it_stands() {
        for before in 0..40 {
            for after in 0..40 {
                let (head, tail) = ("a".repeat(before), "b".repeat(after));
                let escaped = format!(r"{head}\n{tail}");
                assert_eq!(unescape(&escaped), format!("{head}\n{tail}"));
            }
        }
    }

    #[test]
    fn text_around_escapes_is_kept() {
        assert_eq!(unescape(r"v=0\r\no=- 1\r\nä"), "v=0\r\no=- 1\r\nä");
    }
}
