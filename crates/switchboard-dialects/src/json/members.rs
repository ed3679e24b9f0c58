//! Walking what is inside an object that has been checked.

use std::borrow::Cow;

use super::lexer::Lexer;
use super::unescape::unescape;

/// An object's members in their order, as (name, JSON text of the value), duplicates included.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    text: &'a str,
    /// Before the next member's name; `None` behind the last one.
    lexer: Option<Lexer<'a>>,
}

impl<'a> Members<'a> {
    /// `text` must be an object that is (part of) a checked message.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut lexer = Lexer::new(text);
        let more = lexer.open_object().is_ok() && !lexer.at(b'}');
        Self {
            text,
            lexer: more.then_some(lexer),
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let lexer = self.lexer.as_mut()?;
        let name = lexer.key().ok()?;
        let start = lexer.offset() as usize;
        lexer.value().ok()?;
        let value = &self.text[start..lexer.offset() as usize];
        if !matches!(lexer.another_member(), Ok(true)) {
            self.lexer = None;
        }
        Some((unescape(name), value))
    }
}
