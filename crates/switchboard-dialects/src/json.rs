//! Reading one relayed message at scan speed: what it is, who it is for, and whether it may travel on.
//!
//! A message is checked completely (the grammar of RFC 8259 and the rules of docs/protocol.md), but
//! no tree is built: [`Message::scan`] remembers where the values of the known top-level [`Key`]s stand, and the
//! readers look at those places only. The text itself travels on as it came; [`Message::with_string`] sets one
//! field in it by copying the bytes around.
//!
//! This module knows the spelling of the wires' fields, and nothing of what they mean.

mod block;
mod key;
mod lexer;
mod malformed;
mod members;
mod unescape;
mod write;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use key::Key;
use lexer::Lexer;
pub(crate) use malformed::NOTHING_MORE;
pub use malformed::{Found, JsonType, Malformed, WrongType};
pub(crate) use members::Members;
pub use unescape::{unescape, unquote};
pub use write::write_json_string;

/// How deep a message may be nested; the message itself is the first level.
pub const MAX_DEPTH: u32 = 64;

/// A JSON object that has been checked, with the places of its known top-level fields.
///
/// Where a field that is no envelope field occurs twice, the last one counts, as it does for `JSON.parse`.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    text: &'a str,
    fields: [Span; Key::COUNT],
    /// Offset of the brace that closes the object.
    close: u32,
    empty: bool,
}

/// Where a value stands in the text. No value can start at offset 0, so `start == 0` means absent.
#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl<'a> Message<'a> {
    /// Checks `text` and finds its fields.
    ///
    /// # Errors
    /// [`Malformed`] when the text is no JSON object, is nested deeper than [`MAX_DEPTH`], or has an envelope key
    /// ([`Key::is_envelope`]) twice or spelled with escapes.
    pub fn scan(text: &'a str) -> Result<Self, Malformed> {
        if u32::try_from(text.len()).is_err() {
            return Err(Malformed::TooLong);
        }
        let mut message = Self {
            text,
            fields: [Span::default(); Key::COUNT],
            close: 0,
            empty: false,
        };
        let mut lexer = Lexer::new(text);
        lexer.open_object()?;
        message.empty = lexer.at(b'}');
        if !message.empty {
            loop {
                message.member(&mut lexer)?;
                if !lexer.another_member()? {
                    break;
                }
            }
        }
        message.close = lexer.offset();
        lexer.finish()?;
        Ok(message)
    }

    fn member(&mut self, lexer: &mut Lexer<'a>) -> Result<(), Malformed> {
        let at = lexer.offset();
        let name = lexer.key()?;
        let start = lexer.offset();
        lexer.value()?;
        let span = Span {
            start,
            end: lexer.offset(),
        };
        match Key::find(name) {
            Some(key) if key.is_envelope() && self.has(key) => {
                Err(Malformed::DuplicateKey { key, at })
            }
            Some(key) => {
                self.fields[key as usize] = span;
                Ok(())
            }
            None if name.contains('\\') => self.escaped_member(name, span, at),
            None => Ok(()),
        }
    }

    #[cold]
    fn escaped_member(&mut self, name: &str, span: Span, at: u32) -> Result<(), Malformed> {
        match Key::find(&unescape(name)) {
            Some(key) if key.is_envelope() => Err(Malformed::EscapedKey { key, at }),
            Some(key) => {
                self.fields[key as usize] = span;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The message as it came.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The JSON text of a field's value, exactly as it came; `None` when the field is absent.
    #[must_use]
    pub fn raw(&self, key: Key) -> Option<&'a str> {
        let Span { start, end } = self.fields[key as usize];
        (start != 0).then(|| &self.text[start as usize..end as usize])
    }

    /// Whether the field is there, whatever its value.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.fields[key as usize].start != 0
    }

    /// The JSON type of a field's value; `None` when the field is absent.
    #[must_use]
    pub fn json_type(&self, key: Key) -> Option<JsonType> {
        self.raw(key).map(JsonType::of)
    }

    /// Whether the field is there and is `null`.
    #[must_use]
    pub fn is_null(&self, key: Key) -> bool {
        self.json_type(key) == Some(JsonType::Null)
    }

    /// A string field, unescaped (and copied only where it has escapes); `None` when absent.
    ///
    /// # Errors
    /// [`WrongType`] when the value is of another type, `null` included.
    pub fn str(&self, key: Key) -> Result<Option<Cow<'a, str>>, WrongType> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        match JsonType::of(raw) {
            JsonType::String => Ok(Some(unquote(raw))),
            found => Err(WrongType {
                key,
                expected: "a string",
                found,
            }),
        }
    }

    /// A field that names a peer or a room: a string, or a number taken as its decimal text exactly as written
    /// (docs/protocol.md); `None` when absent.
    ///
    /// # Errors
    /// [`WrongType`] when the value is neither, `null` included.
    pub fn id(&self, key: Key) -> Result<Option<Cow<'a, str>>, WrongType> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        match JsonType::of(raw) {
            JsonType::String => Ok(Some(unquote(raw))),
            JsonType::Number => Ok(Some(Cow::Borrowed(raw))),
            found => Err(WrongType {
                key,
                expected: "a string or a number",
                found,
            }),
        }
    }

    /// Appends the message to `out` with `"key":"value"` set: a value that is there is replaced in its place, a new
    /// field goes before the closing brace. Everything else is copied byte for byte.
    pub fn with_string(&self, key: Key, value: &str, out: &mut Vec<u8>) {
        let text = self.text.as_bytes();
        // Quotes, colon, comma, and a little for escapes; more is found by growing.
        out.reserve(text.len() + key.text().len() + value.len() + 8);
        let Span { start, end } = self.fields[key as usize];
        if start != 0 {
            out.extend_from_slice(&text[..start as usize]);
            write_json_string(out, value);
            out.extend_from_slice(&text[end as usize..]);
            return;
        }
        let (head, tail) = text.split_at(self.close as usize);
        out.extend_from_slice(head);
        out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        out.extend_from_slice(key.text().as_bytes());
        out.extend_from_slice(b"\":");
        write_json_string(out, value);
        out.extend_from_slice(tail);
    }
}

impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let present = Key::ALL
            .iter()
            .filter_map(|&key| Some((key.text(), self.raw(key)?)));
        f.debug_map().entries(present).finish()
    }
}
