//! Walking what is inside an object or array that has been checked.

use std::borrow::Cow;

use super::JsonType;
use super::lexer::Lexer;
use super::unescape::{unescape, unquote};

/// The members of a [`Message`](super::Message), see [`members`](super::Message::members).
#[derive(Clone, Debug)]
pub struct Members<'a> {
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

/// The strings of an array that is part of a message which has been scanned. What is no string is left out, and what is
/// no array has none.
#[must_use]
pub fn strings(array: &str) -> Vec<Cow<'_, str>> {
    let mut strings = Vec::new();
    let mut lexer = Lexer::new(array);
    let mut more = lexer.open_array();
    while more {
        let start = lexer.offset() as usize;
        if lexer.value().is_err() {
            break;
        }
        let element = &array[start..lexer.offset() as usize];
        if JsonType::of(element) == JsonType::String {
            strings.push(unquote(element));
        }
        more = lexer.another_element();
    }
    strings
}
