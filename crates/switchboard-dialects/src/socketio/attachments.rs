//! Events with attachments: collecting what follows them, and checking the places in them that it fills.

use memchr::memchr2;

use super::packet::{MAX_ATTACHMENTS, SEPARATOR, problem};
use crate::DecodeError;
use crate::json::unquote;

/// What the attachments that come next belong to.
#[derive(Debug, Default)]
pub(super) enum Awaited {
    /// None is to come.
    #[default]
    Nothing,
    /// This event.
    For(Box<Unfinished>),
    /// An event that has been refused already; so many of them are to come.
    Refused(u32),
}

/// What a message is to whoever waits for attachments.
#[derive(Debug)]
pub(super) enum Step {
    /// No attachment: a packet of its own.
    Packet,
    /// An attachment, and it is not for now to do anything.
    Taken,
    /// The last attachment of this event.
    Whole(Box<Unfinished>),
    /// The event that was waiting is dropped.
    Dropped {
        /// The event's ack id.
        ack: Option<u64>,
        /// Why.
        problem: DecodeError,
    },
}

impl Awaited {
    /// Waits for the attachments of an event.
    ///
    /// # Errors
    /// There are too many of them. Those that come nevertheless belong to nothing.
    pub(super) fn begin(
        &mut self,
        ack: Option<u64>,
        data: &str,
        count: u32,
        message_bytes: usize,
    ) -> Result<(), DecodeError> {
        if count > MAX_ATTACHMENTS {
            self.refuse(count);
            return Err(problem("an event has at most 10 attachments"));
        }
        *self = Self::For(Box::new(Unfinished {
            ack,
            data: data.to_owned(),
            attachments: String::new(),
            missing: count,
            message_bytes,
        }));
        Ok(())
    }

    /// So many attachments of an event that is refused may come; one error for it is enough.
    pub(super) fn refuse(&mut self, count: u32) {
        *self = match count {
            0 => Self::Nothing,
            count => Self::Refused(count),
        };
    }

    /// Takes a message, if it is for whoever waits.
    pub(super) fn take(&mut self, text: &str) -> Step {
        let is_attachment = text.starts_with(ATTACHMENT);
        match std::mem::take(self) {
            Self::Refused(left) if is_attachment => {
                self.refuse(left - 1);
                Step::Taken
            }
            Self::Nothing | Self::Refused(_) => Step::Packet,
            Self::For(mut event) => match event.add(text) {
                Ok(()) if event.missing == 0 => Step::Whole(event),
                Ok(()) => {
                    *self = Self::For(event);
                    Step::Taken
                }
                Err(problem) => {
                    self.refuse(if is_attachment { event.missing - 1 } else { 0 });
                    let ack = event.ack;
                    Step::Dropped { ack, problem }
                }
            },
        }
    }
}

/// What an attachment begins with.
const ATTACHMENT: char = 'b';

/// An event whose attachments have not all come yet.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) ack: Option<u64>,
    /// The event's JSON.
    pub(super) data: String,
    /// What has come, each with a separator before it.
    pub(super) attachments: String,
    /// How many are to come; at least one, until it is whole.
    missing: u32,
    /// The longest message.
    message_bytes: usize,
}

impl Unfinished {
    /// Takes the next attachment.
    fn add(&mut self, text: &str) -> Result<(), DecodeError> {
        let base64 = text.strip_prefix(ATTACHMENT).ok_or(problem(
            "the event before it lacks attachments, and is dropped",
        ))?;
        let digits = digits(base64).ok_or(problem("an attachment is base64 behind a b"))?;
        if self.data.len() + self.attachments.len() + text.len() > self.longest_text() {
            let limit = self.message_bytes;
            return Err(DecodeError::TooBig { limit });
        }
        self.attachments.extend([SEPARATOR, ATTACHMENT]);
        self.attachments.push_str(digits);
        // Some readers insist on it.
        let padding = (4 - digits.len() % 4) % 4;
        self.attachments.extend(std::iter::repeat_n('=', padding));
        self.missing -= 1;
        Ok(())
    }

    /// The text of a longest message that is all attachment: base64 has four characters for three bytes. The fronts
    /// bound each part of an event, and not their sum.
    fn longest_text(&self) -> usize {
        self.message_bytes.div_ceil(3) * 4 + ENVELOPE_BYTES
    }
}

/// What an event may have around its attachments, in bytes, where they take all that a message may have.
const ENVELOPE_BYTES: usize = 4_096;

/// The digits of base64 (RFC 4648, section 4) without their padding, which may be missing; `None` if it is something
/// else, or has bits that stand for nothing.
fn digits(base64: &str) -> Option<&str> {
    let digits = base64.trim_end_matches('=');
    let padding = base64.len() - digits.len();
    let is_padded = padding == 0 || (padding < 3 && base64.len().is_multiple_of(4));
    if !is_padded || !digits.bytes().all(|byte| value(byte).is_some()) {
        return None;
    }
    let unused = match digits.len() % 4 {
        0 => 0,
        2 => 0b1111,
        3 => 0b11,
        _ => return None,
    };
    let last = digits.bytes().last().and_then(value).unwrap_or(0);
    (last & unused == 0).then_some(digits)
}

fn value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

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

    const LONGEST: usize = 99_999;

    #[test]
    fn an_event_is_whole_when_the_last_attachment_has_come() {
        let mut event = Unfinished::new(Some(7), "[]", 2, LONGEST);
        assert_eq!(event.add("bAQID"), Ok(false));
        assert_eq!(event.add("bAQIDBA"), Ok(true));
        assert_eq!(event.attachments, "\u{1e}bAQID\u{1e}bAQIDBA==");
    }

    #[test]
    fn what_is_no_attachment_is_refused() {
        for text in [
            "",
            "2[]",
            "AQID",
            "b!",
            "bA",
            "bAQ=",
            "bAQID====",
            "b=",
            "b====",
            "bAQ=D",
            "bé",
            "b AQID",
        ] {
            let mut event = Unfinished::new(None, "[]", 1, LONGEST);
            assert!(event.add(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bits_that_stand_for_nothing_are_refused() {
        for (base64, read) in [
            ("", Some("")),
            ("AA==", Some("AA")),
            ("AB==", None),
            ("AAA=", Some("AAA")),
            ("AAB=", None),
            ("++//", Some("++//")),
            ("--__", None),
        ] {
            assert_eq!(digits(base64), read, "{base64}");
        }
    }

    #[test]
    fn what_may_lie_here_is_bounded() {
        let whole = format!("b{}", "A".repeat(LONGEST / 3 * 4));
        let mut event = Unfinished::new(None, "[]", 64, LONGEST);
        assert_eq!(event.add(&whole), Ok(false));
        let too_big = DecodeError::TooBig { limit: LONGEST };
        assert_eq!(event.add(&whole), Err(too_big));
        assert!(event.attachments.len() <= event.longest_text());
    }

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
