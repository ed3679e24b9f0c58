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
use std::ops::Range;

pub(crate) use block::fold_neighbours;
pub use key::Key;
use lexer::{Name, Rest, Wrong, duplicate, escaped};
pub(crate) use malformed::NOTHING_MORE;
pub use malformed::{Found, JsonType, Malformed, WrongType};
pub(crate) use members::Members;
pub use unescape::{unescape, unquote};
pub use write::write_json_string;
pub(crate) use write::write_json_text;

/// How deep a message may be nested; the message itself is the first level.
pub const MAX_DEPTH: u32 = 64;

/// A JSON object that has been checked, with the places of its known top-level fields.
///
/// Where a field that is no envelope field occurs twice, the last one counts, as it does for `JSON.parse`.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    text: &'a str,
    /// The fields that are there, by [`Key::bit`].
    present: u32,
    /// Those of them that are strings known to have no escapes.
    plain: u32,
    /// Where their values stand.
    fields: [Span; Key::COUNT],
    /// How much of the text is left from the brace on that closes the object.
    close: u32,
    is_empty: bool,
}

/// Where a value stands: how much of the text is left from its start on, and behind it.
#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    fn new(start: Rest<'_>, end: Rest<'_>) -> Self {
        Self {
            start: start.len() as u32,
            end: end.len() as u32,
        }
    }

    #[inline]
    fn range(self, text: &str) -> Range<usize> {
        text.len() - self.start as usize..text.len() - self.end as usize
    }
}

impl<'a> Message<'a> {
    /// Checks `text` and finds its fields.
    ///
    /// # Errors
    /// [`Malformed`] when the text is no JSON object, is nested deeper than [`MAX_DEPTH`], or has an envelope key
    /// ([`Key::is_envelope`]) twice or spelled with escapes.
    pub fn scan(text: &'a str) -> Result<Self, Malformed> {
        let mut message = Self::unread(text);
        message.read()?;
        Ok(message)
    }

    /// A message in which nothing has been found yet. [`Message::scan`] is this and [`Message::read`], but moves a
    /// table of all fields when it is done, which whoever reads message after message can do without.
    #[inline]
    pub(crate) fn unread(text: &'a str) -> Self {
        Self {
            text,
            present: 0,
            plain: 0,
            fields: [Span::default(); Key::COUNT],
            close: 0,
            is_empty: true,
        }
    }

    /// Checks the text and finds its fields, once.
    ///
    /// # Errors
    /// Those of [`Message::scan`].
    #[inline]
    pub(crate) fn read(&mut self) -> Result<(), Malformed> {
        if u32::try_from(self.text.len()).is_err() {
            return Err(Malformed::TooLong);
        }
        self.walk().map_err(|wrong| wrong.with_place_in(self.text))
    }

    fn walk(&mut self) -> Result<(), Wrong> {
        let mut rest = lexer::open_object(self.text)?;
        self.is_empty = rest.starts_with(b"}");
        let mut has_more = !self.is_empty;
        while has_more {
            let (name, value) = lexer::name(rest)?;
            let (behind, is_plain) = lexer::value(value)?;
            let mut key = Key::at(name.inside, name.len);
            if !name.is_plain {
                key = self.escaped_key(&name, rest)?;
            }
            if let Some(key) = key {
                if self.present & key.bit() & Key::ENVELOPE != 0 {
                    return Err(duplicate(key, rest));
                }
                self.present |= key.bit();
                self.plain = self.plain & !key.bit() | u32::from(is_plain) << key as u32;
                self.fields[key as usize] = Span::new(value, behind);
            }
            rest = lexer::behind_member(behind)?;
            has_more = !rest.starts_with(b"}");
        }
        self.close = rest.len() as u32;
        lexer::finish(rest)
    }

    /// The key with a name that may have escapes.
    #[cold]
    fn escaped_key(&self, name: &Name<'_>, rest: Rest<'_>) -> Result<Option<Key>, Wrong> {
        let start = self.text.len() - name.inside.len();
        match Key::find(&unescape(&self.text[start..start + name.len])) {
            Some(key) if key.is_envelope() => Err(escaped(key, rest)),
            key => Ok(key),
        }
    }

    /// The message as it came.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The JSON text of a field's value, exactly as it came; `None` when the field is absent.
    #[inline]
    #[must_use]
    pub fn raw(&self, key: Key) -> Option<&'a str> {
        let value = self.fields[key as usize];
        self.has(key).then(|| &self.text[value.range(self.text)])
    }

    /// The value of a field that is a string, where it stands in the text as it is.
    #[inline]
    fn plain(&self, key: Key) -> Option<&'a str> {
        let Range { start, end } = self.fields[key as usize].range(self.text);
        let is_plain = self.plain & key.bit() != 0;
        is_plain.then(|| &self.text[start + 1..end - 1])
    }

    /// Whether a field is this text, spelled as it is. Escapes in it may make it another spelling of the same.
    #[inline]
    pub(crate) fn spells(&self, key: Key, value: &[u8]) -> bool {
        let Range { start, end } = self.fields[key as usize].range(self.text);
        let is_plain = self.plain & key.bit() != 0;
        is_plain && self.text.as_bytes()[start + 1..end - 1] == *value
    }

    /// Whether the field is there, whatever its value.
    #[inline]
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.present & key.bit() != 0
    }

    /// The JSON type of a field's value; `None` when the field is absent.
    #[must_use]
    pub fn json_type(&self, key: Key) -> Option<JsonType> {
        self.raw(key).map(JsonType::of)
    }

    /// Whether the field is there and is `null`.
    #[inline]
    #[must_use]
    pub fn is_null(&self, key: Key) -> bool {
        let start = self.fields[key as usize].range(self.text).start;
        self.has(key) && self.text.as_bytes()[start] == b'n'
    }

    /// A string field, unescaped (and copied only where it has escapes); `None` when absent.
    ///
    /// # Errors
    /// [`WrongType`] when the value is of another type, `null` included.
    #[inline]
    pub fn str(&self, key: Key) -> Result<Option<Cow<'a, str>>, WrongType> {
        match self.plain(key) {
            Some(value) => Ok(Some(Cow::Borrowed(value))),
            None if !self.has(key) => Ok(None),
            None => self.unusual_str(key),
        }
    }

    fn unusual_str(&self, key: Key) -> Result<Option<Cow<'a, str>>, WrongType> {
        let raw = self.raw(key).unwrap_or_default();
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
    #[inline]
    pub fn id(&self, key: Key) -> Result<Option<Cow<'a, str>>, WrongType> {
        match self.plain(key) {
            Some(value) => Ok(Some(Cow::Borrowed(value))),
            None if !self.has(key) => Ok(None),
            None => self.unusual_id(key),
        }
    }

    fn unusual_id(&self, key: Key) -> Result<Option<Cow<'a, str>>, WrongType> {
        let raw = self.raw(key).unwrap_or_default();
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

    /// How long the message may become with a string set: with quotes, colon, comma, and a little for escapes. More is
    /// found by growing.
    #[inline]
    pub(crate) fn len_with_text(&self, key: Key, value: &[u8]) -> usize {
        self.text.len() + key.text().len() + value.len() + 8
    }

    /// Appends the message to `out` with `"key":"value"` set: a value that is there is replaced in its place, a new
    /// field goes before the closing brace. Everything else is copied byte for byte.
    pub fn with_string(&self, key: Key, value: &str, out: &mut Vec<u8>) {
        self.with_text(key, value.as_bytes(), out);
    }

    /// [`Message::with_string`] from the bytes of a text.
    #[inline]
    pub(crate) fn with_text(&self, key: Key, value: &[u8], out: &mut Vec<u8>) {
        let text = self.text.as_bytes();
        out.reserve(self.len_with_text(key, value));
        if self.has(key) {
            let Range { start, end } = self.fields[key as usize].range(self.text);
            out.extend_from_slice(&text[..start]);
            write_json_text(out, value);
            out.extend_from_slice(&text[end..]);
            return;
        }
        let (head, tail) = text.split_at(text.len() - self.close as usize);
        out.extend_from_slice(head);
        let name = key.another_member().as_bytes();
        out.extend_from_slice(if self.is_empty { &name[1..] } else { name });
        write_json_text(out, value);
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
