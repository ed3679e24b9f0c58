//! An object's fields as the JSON text they came as, and writing objects field by field.

use std::borrow::Cow;

use crate::json::{Key, Members, unquote, write_json_string};

/// The fields of a JSON object in their order, each value as the text it came as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads the text of an object which is (part of) a message that has been checked; `None` if it is no object.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        text.starts_with('{')
            .then(|| Self(Members::of(text).collect()))
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
    pub(crate) fn untyped(out: &'o mut Vec<u8>, key: &str, value: &str) -> Self {
        out.push(b'{');
        write_json_string(out, key);
        out.push(b':');
        write_json_string(out, value);
        Self { out }
    }

    /// A field with a string.
    pub(crate) fn string(self, key: &str, value: &str) -> Self {
        let this = self.key(key);
        write_json_string(this.out, value);
        this
    }

    /// A field whose value is JSON text already.
    pub(crate) fn raw(self, key: &str, json: &str) -> Self {
        let this = self.key(key);
        this.out.extend_from_slice(json.as_bytes());
        this
    }

    /// A field whose value is what `write` writes.
    pub(crate) fn written(self, key: &str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let this = self.key(key);
        write(this.out);
        this
    }

    /// A field whose value is an array of what `write` writes for each item.
    pub(crate) fn array<T>(
        self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) -> Self {
        let this = self.key(key);
        this.out.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                this.out.push(b',');
            }
            write(this.out, item);
        }
        this.out.push(b']');
        this
    }

    /// The fields of another object, but for those that this one sets itself.
    pub(crate) fn fields(mut self, fields: &Fields<'_>, but: &[&str]) -> Self {
        for (key, value) in fields.iter().filter(|(key, _)| !but.contains(key)) {
            self = self.raw(key, value);
        }
        self
    }

    /// Closes the object.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    fn key(self, key: &str) -> Self {
        // No value ends like this, so the object has only just been opened.
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        write_json_string(self.out, key);
        self.out.push(b':');
        self
    }
}
