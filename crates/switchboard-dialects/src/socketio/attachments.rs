//! Collecting the attachments that follow an event.

use super::packet::{MAX_ATTACHMENTS, SEPARATOR, problem};
use crate::DecodeError;

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
    /// Waits for the attachments of an event, of which there must be one at least.
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

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: usize = 99_999;

    /// Waits for that many attachments.
    fn waits_for(count: u32) -> Awaited {
        let mut awaited = Awaited::default();
        awaited
            .begin(Some(7), "[]", count, LONGEST)
            .expect("few enough");
        awaited
    }

    fn is_packet(step: &Step) -> bool {
        matches!(step, Step::Packet)
    }

    fn is_taken(step: &Step) -> bool {
        matches!(step, Step::Taken)
    }

    #[test]
    fn an_event_is_whole_when_the_last_attachment_has_come() {
        let mut awaited = waits_for(2);
        assert!(is_taken(&awaited.take("bAQID")));
        let Step::Whole(event) = awaited.take("bAQIDBA") else {
            panic!("not whole");
        };
        assert_eq!(event.attachments, "\u{1e}bAQID\u{1e}bAQIDBA==");
        assert!(
            is_packet(&awaited.take("bAQID")),
            "nothing more belongs to it"
        );
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
            let step = waits_for(1).take(text);
            assert!(matches!(step, Step::Dropped { ack: Some(7), .. }), "{text}");
        }
    }

    #[test]
    fn attachments_of_a_refused_event_are_taken_without_a_word() {
        let mut awaited = Awaited::default();
        assert!(
            awaited
                .begin(None, "[]", MAX_ATTACHMENTS + 1, LONGEST)
                .is_err()
        );
        for _ in 0..=MAX_ATTACHMENTS {
            assert!(is_taken(&awaited.take("b!")));
        }
        assert!(is_packet(&awaited.take("bAQID")));

        let mut awaited = waits_for(3);
        assert!(matches!(awaited.take("b!"), Step::Dropped { .. }));
        assert!(is_taken(&awaited.take("bAQID")));
        assert!(is_taken(&awaited.take("bAQID")));
        assert!(is_packet(&awaited.take("bAQID")));
    }

    #[test]
    fn who_says_something_else_has_no_more_attachments() {
        let mut awaited = waits_for(3);
        assert!(matches!(awaited.take("2[]"), Step::Dropped { .. }));
        assert!(is_packet(&awaited.take("bAQID")));

        let mut awaited = Awaited::default();
        awaited.refuse(3);
        assert!(is_packet(&awaited.take("2[]")));
        assert!(is_packet(&awaited.take("bAQID")));
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
        let mut awaited = waits_for(MAX_ATTACHMENTS);
        assert!(is_taken(&awaited.take(&whole)));
        let Step::Dropped { problem, .. } = awaited.take(&whole) else {
            panic!("not dropped");
        };
        assert_eq!(problem, DecodeError::TooBig { limit: LONGEST });
    }
}
