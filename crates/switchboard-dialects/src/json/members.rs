//! Walking what is inside an object that has been checked.

use std::borrow::Cow;

use super::lexer::{Rest, behind_member, name, open_object, value};
use super::unescape::unescape;

/// An object's members in their order, as (name, JSON text of the value), duplicates included.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    text: &'a str,
    /// From the next member's name on; from the closing brace on behind the last one.
    rest: Rest<'a>,
}

impl<'a> Members<'a> {
    /// `text` must be an object that is (part of) a checked message.
    pub(crate) fn of(text: &'a str) -> Self {
        let rest = open_object(text).unwrap_or_default();
        Self { text, rest }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let [b'"', ..] = self.rest else { return None };
        let (name, from_value) = name(self.rest).ok()?;
        let (behind, _) = value(from_value).ok()?;
        self.rest = behind_member(behind).ok()?;
        let at = |rest: Rest<'_>| self.text.len() - rest.len();
        let start = at(name.inside);
        let plain = &self.text[start..start + name.len];
        let name = if name.is_plain {
            Cow::Borrowed(plain)
        } else {
            unescape(plain)
        };
        Some((name, &self.text[at(from_value)..at(behind)]))
    }
}
