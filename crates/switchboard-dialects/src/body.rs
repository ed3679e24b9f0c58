//! An object's fields as the JSON text they came as, and writing objects field by field.

use std::borrow::Cow;

use crate::json::{Key, Members, unquote, write_json_string, write_json_text};

/// The fields of a JSON object in their order, each value as the text it came as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads the text of an object which is (part of) a message that has been checked; `None` if it is no object.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        // Few objects have more.
        let mut fields = Vec::with_capacity(8);
        fields.extend(Members::of(text));
        Some(Self(fields))
    }

    /// Reads a whole message that has been checked.
    pub(crate) fn of_message(text: &'a str) -> Option<Self> {
        Self::parse(text.trim_ascii())
    }

    /// An object with nothing but this field.
    pub(crate) fn single(name: &'a str, value: &'a str) -> Self {
        Self(vec![(Cow::Borrowed(name), value)])
    }

    /// The text of a field's value; of the last one, where a field occurs twice, as for `JSON.parse`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .rfind(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// A field's value if it is a string, as the JSON literal.
    pub(crate) fn string(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| value.starts_with('"'))
    }

    /// A field's value if it is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        self.get(name).and_then(Self::parse)
    }

    /// The fields without those of these names.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(key, _)| !names.contains(&key.as_ref()));
        self
    }

    /// The fields of an object inside a message as those of a message: there no envelope field may occur twice, and the
    /// last one counts.
    pub(crate) fn unambiguous(mut self) -> Self {
        for key in Key::ALL.iter().filter(|key| key.is_envelope()) {
            let is_it = |name: &str| name == key.text();
            let mut left = self.iter().filter(|(name, _)| is_it(name)).count();
            if left > 1 {
                self.0.retain(|(name, _)| {
                    left -= usize::from(is_it(name));
                    left == 0 || !is_it(name)
                });
            }
        }
        self
    }

    /// The `type` field, unescaped, if it is a string.
    pub(crate) fn name(&self) -> Option<Cow<'a, str>> {
        self.string("type").map(unquote)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

/// Writes one JSON object, field by field.
#[derive(Debug)]
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Writer<'o> {
    /// Starts the object with its `type`.
    pub(crate) fn new(out: &'o mut Vec<u8>, name: &str) -> Self {
        out.extend_from_slice(b"{\"type\":");
        write_json_string(out, name);
        Self { out }
    }

    /// Starts the object without a field.
    pub(crate) fn bare(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out }
    }

    /// Starts an object without a type by its first field.
    pub(crate) fn untyped(
        out: &'o mut Vec<u8>,
        key: &'static str,
        value: impl AsRef<[u8]>,
    ) -> Self {
        Self::bare(out).string(key, value)
    }

    /// A field with a string, given as text or as the bytes of one. Here and below, the names of fields need no escapes.
    pub(crate) fn string(self, key: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.written(key, |out| write_json_text(out, value.as_ref()))
    }

    /// A field whose value is JSON text already.
    pub(crate) fn raw(self, key: &'static str, json: &str) -> Self {
        self.written(key, |out| out.extend_from_slice(json.as_bytes()))
    }

    /// A field whose value is what `write` writes.
    #[inline]
    pub(crate) fn written(mut self, key: &'static str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.begin_field();
        self.out.reserve(key.len() + 3);
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        write(self.out);
        self
    }

    /// A field whose value is an array of what `write` writes for each item.
    pub(crate) fn array<T>(
        self,
        key: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) -> Self {
        self.written(key, |out| {
            out.push(b'[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        })
    }

    /// The fields of another object, but for those that this one sets itself.
    pub(crate) fn fields(mut self, fields: &Fields<'_>, but: &[&str]) -> Self {
        for (key, value) in fields.iter().filter(|(key, _)| !but.contains(key)) {
            self.begin_field();
            write_json_string(self.out, key);
            self.out.push(b':');
            self.out.extend_from_slice(value.as_bytes());
        }
        self
    }

    /// Closes the object.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    #[inline]
    fn begin_field(&mut self) {
        // No value ends like this, so the object has only just been opened.
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
    }
}
