//! What a client hears, and whether it is what was said.

use switchboard_dialects::Told;

use crate::stamp::{self, Stamp};

/// Where messages have what is looked for; they are all of a form.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) stamp: usize,
    pub(crate) sender: usize,
}

/// What came in one read.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The messages of other clients that are as they should be.
    pub(crate) stamps: Vec<Stamp>,
    /// What the server said.
    pub(crate) told: Vec<Told>,
    /// What is not as it should be.
    pub(crate) oddities: Vec<Oddity>,
}

/// Something that is not as it should be.
#[derive(Debug)]
pub(crate) enum Oddity {
    /// A message is not what was sent.
    Altered(String),
    /// A message names another sender.
    WrongSender(String),
    /// The server said something that is none of the wire.
    Strange(String),
    /// The connection has ended.
    Ended(String),
}

/// What every message is compared with.
#[derive(Debug)]
pub(crate) struct Expected {
    /// The text behind the stamp.
    pub(crate) tail: String,
    /// What ids begin with; the digits of the stamp follow.
    pub(crate) id_prefix: String,
    /// Finds the sender's field.
    pub(crate) sender: memchr::memmem::Finder<'static>,
}

/// Reads a stamp, and looks whether the message is as it was sent and names the right sender.
#[inline]
pub(crate) fn judge(
    text: &str,
    at: usize,
    expected: &Expected,
    hints: &mut Hints,
) -> Result<Stamp, Oddity> {
    let message = text.as_bytes();
    let altered = || Oddity::Altered(shortened(text));
    let stamp = Stamp::read(&message[at..]).ok_or_else(altered)?;
    if !message[at + stamp::LENGTH..].starts_with(expected.tail.as_bytes()) {
        return Err(altered());
    }
    let digits = &message[at..][stamp::SENDER];
    let names_sender = |from: usize| {
        message.get(from..).is_some_and(|rest| {
            rest.strip_prefix(expected.id_prefix.as_bytes())
                .is_some_and(|rest| rest.starts_with(digits))
        })
    };
    if names_sender(hints.sender) {
        return Ok(stamp);
    }
    // Servers that write messages anew may put a blank behind the colon.
    let found = expected.sender.find(message).and_then(|key| {
        let value = key + expected.sender.needle().len();
        let quote = memchr::memchr(b'"', &message[value..])?;
        Some(value + quote + 1)
    });
    match found {
        Some(from) if names_sender(from) => {
            hints.sender = from;
            Ok(stamp)
        }
        _ => Err(Oddity::WrongSender(shortened(text))),
    }
}

/// As much of a text as is worth repeating.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected {
            tail: "xx".to_owned(),
            id_prefix: "b-".to_owned(),
            sender: memchr::memmem::Finder::new("\"from\""),
        }
    }

    fn judged(text: &str) -> Result<Stamp, Oddity> {
        let at = Stamp::find(text.as_bytes(), 0).expect("a stamp");
        judge(text, at, &expected(), &mut Hints::default())
    }

    const STAMP: Stamp = Stamp {
        sender: 1,
        number: 2,
        due: 3,
    };

    #[test]
    fn a_message_is_as_it_was_sent_and_names_its_sender() {
        let stamp = STAMP.text();
        for text in [
            format!(r#"{{"a":"{stamp}xx","from":"b-00000001"}}"#),
            format!(r#"{{"a": "{stamp}xx", "from": "b-00000001"}}"#),
            format!(r#"{{"from":"b-00000001","a":"{stamp}xx"}}"#),
        ] {
            assert!(matches!(judged(&text), Ok(STAMP)), "{text}");
        }
        for text in [
            format!(r#"{{"a":"{stamp}xx","from":"b-00000002"}}"#),
            format!(r#"{{"a":"{stamp}xx","from":""}}"#),
            format!(r#"{{"a":"{stamp}xx"}}"#),
        ] {
            assert!(
                matches!(judged(&text), Err(Oddity::WrongSender(_))),
                "{text}"
            );
        }
        for text in [
            format!(r#"{{"a":"{stamp}x","from":"b-00000001"}}"#),
            format!(
                r#"{{"a":"{}xx","from":"b-00000001"}}"#,
                stamp.replace('2', "?")
            ),
        ] {
            assert!(matches!(judged(&text), Err(Oddity::Altered(_))), "{text}");
        }
    }

    #[test]
    fn what_was_found_once_is_looked_for_there_again_and_elsewhere_too() {
        let mut hints = Hints::default();
        let near = format!(r#"{{"from":"b-00000001","a":"{}xx"}}"#, STAMP.text());
        let far = format!(
            r#"{{"to":"all","from":"b-00000001","a":"{}xx"}}"#,
            STAMP.text()
        );
        for text in [&near, &near, &far, &near] {
            let at = Stamp::find(text.as_bytes(), 0).expect("a stamp");
            let judged = judge(text, at, &expected(), &mut hints);
            assert!(matches!(judged, Ok(STAMP)), "{text}");
            assert!(text[hints.sender..].starts_with("b-00000001"));
        }
    }
}
