//! The places in an event that its attachments fill.

use memchr::memchr2;

use crate::json::unquote;

/// Whether every place in an event is filled by one of its attachments: `{"_placeholder":true,"num":<index>}`. Clients
/// end their connection, or their life, over one that is not. `object` must have been checked as a message.
pub(super) fn all_places_filled(object: &str, attachments: u32) -> bool {
    let mut open: Vec<Container> = Vec::new();
    let mut rest = object;
    while let Some(byte) = rest.bytes().next() {
        let mut len = 1;
        match byte {
            b'{' | b'[' => {
                if let Some(outer) = open.last_mut() {
                    outer.value(&rest[..1], attachments);
                }
                open.push(Container::new(byte == b'{'));
            }
            b'}' | b']' => {
                if open.pop().is_some_and(|container| container.is_unfilled()) {
                    return false;
                }
            }
            b',' => {
                if let Some(container) = open.last_mut() {
                    container.awaits_name = container.is_object;
                }
            }
            b'"' => {
                len = string_len(rest);
                let literal = &rest[..len];
                match open.last_mut() {
                    Some(object) if object.awaits_name => object.name(literal),
                    Some(container) => container.value(literal, attachments),
                    None => {}
                }
            }
            b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                let end =
                    |byte: u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                len = rest.bytes().position(end).unwrap_or(rest.len());
                if let Some(container) = open.last_mut() {
                    container.value(&rest[..len], attachments);
                }
            }
        }
        rest = &rest[len..];
    }
    true
}

/// An object or array that is open, and what makes a place for an attachment of it.
#[derive(Default)]
struct Container {
    is_object: bool,
    awaits_name: bool,
    field: Field,
    is_place: bool,
    is_wrong: bool,
    has_number: bool,
}

/// What the value that comes next stands for.
#[derive(Default)]
enum Field {
    #[default]
    Other,
    Placeholder,
    Number,
}

impl Container {
    fn new(is_object: bool) -> Self {
        Self {
            is_object,
            awaits_name: is_object,
            ..Self::default()
        }
    }

    fn name(&mut self, literal: &str) {
        self.awaits_name = false;
        self.field = match unquote(literal).as_ref() {
            "_placeholder" => Field::Placeholder,
            "num" => Field::Number,
            _ => Field::Other,
        };
        self.is_place |= matches!(self.field, Field::Placeholder);
    }

    /// A value, or the bracket that opens it.
    fn value(&mut self, text: &str, attachments: u32) {
        match self.field {
            Field::Other => {}
            Field::Placeholder => self.is_wrong |= text != "true",
            Field::Number => {
                let number: Option<u32> = text.parse().ok();
                self.has_number = true;
                self.is_wrong |= number.is_none_or(|number| number >= attachments);
            }
        }
    }

    fn is_unfilled(&self) -> bool {
        self.is_place && (self.is_wrong || !self.has_number)
    }
}

/// The length of the string that a checked text starts with, quotes included.
fn string_len(text: &str) -> usize {
    let mut at = 1;
    while let Some(found) = text
        .as_bytes()
        .get(at..)
        .and_then(|rest| memchr2(b'"', b'\\', rest))
    {
        at += found;
        if text.as_bytes()[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_must_be_filled_by_an_attachment() {
        for object in [
            r#"{}"#,
            r#"{"x":{"_placeholder":true,"num":0}}"#,
            r#"{"x":[{"num":1,"_placeholder":true},{"_placeholder" : true , "num" : 0 }]}"#,
            r#"{"num":7,"x":{"num":"seven"},"y":"_placeholder","z":["_placeholder",7]}"#,
            r#"{"a":"}\"{","n":1e400,"b":[],"c":{},"d":[[1],[null]],"x":{"_placeholder":true,"num":1}}"#,
        ] {
            assert!(all_places_filled(object, 2), "{object}");
        }
        for object in [
            r#"{"x":{"_placeholder":true,"num":2}}"#,
            r#"{"x":{"_placeholder":true,"num":-1}}"#,
            r#"{"x":{"_placeholder":true,"num":0.0}}"#,
            r#"{"x":{"_placeholder":true,"num":"0"}}"#,
            r#"{"x":{"_placeholder":true,"num":[0]}}"#,
            r#"{"x":{"_placeholder":true}}"#,
            r#"{"x":{"_placeholder":1,"num":0}}"#,
            r#"{"x":{"_placeholder":{},"num":0}}"#,
            r#"{"x":{"_pl\u0061ceholder":true,"num":2}}"#,
            r#"{"x":[{"a":{}},[{"_placeholder":true,"num":0,"num":9}]]}"#,
            r#"{"_placeholder":true,"num":2}"#,
        ] {
            assert!(!all_places_filled(object, 2), "{object}");
        }
    }
}
