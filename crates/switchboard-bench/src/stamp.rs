//! What tells one message from another: who sent it, which of the sender's it is, and when it was due.

use memchr::memchr;

/// The stamp of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The sender's number among all clients.
    pub(crate) sender: u32,
    /// How many the sender has sent before.
    pub(crate) number: u32,
    /// When it was due, in nanoseconds since the start of the run; 0 where nobody asks.
    pub(crate) due: u64,
}

/// A stamp's length as text, which is `~SENDER.NUMBER.DUE~` in hexadecimal.
pub(crate) const LENGTH: usize = 36;
/// Where a sender's digits stand.
pub(crate) const SENDER: std::ops::Range<usize> = 1..9;
const NUMBER: usize = 10;
const DUE: usize = 19;
/// Stands at both ends, and nowhere else in a message.
const BORDER: u8 = b'~';

impl Stamp {
    /// As text.
    pub(crate) fn text(self) -> String {
        let Self {
            sender,
            number,
            due,
        } = self;
        format!("~{sender:08x}.{number:08x}.{due:016x}~")
    }

    /// Where a message has its stamp; `guess` is where the one before had it.
    #[inline]
    pub(crate) fn find(message: &[u8], guess: usize) -> Option<usize> {
        if message.get(guess) == Some(&BORDER) && message.get(guess + LENGTH - 1) == Some(&BORDER) {
            return Some(guess);
        }
        let at = memchr(BORDER, message)?;
        (message.get(at + LENGTH - 1) == Some(&BORDER)).then_some(at)
    }

    /// Reads a stamp; `None` if it is none.
    #[inline]
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let text: &[u8; LENGTH] = text.first_chunk()?;
        Some(Self {
            sender: digits(&text[SENDER])? as u32,
            number: digits(&text[NUMBER..NUMBER + 8])? as u32,
            due: digits(&text[DUE..DUE + 16])?,
        })
    }
}

/// A message as a frame, ready to be sent again and again: only what differs is written anew.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    frame: Vec<u8>,
    /// Where the stamp stands in the frame.
    stamp: usize,
    /// The mask, turned so that its first byte belongs to the first of the stamp.
    mask: [u8; 4],
}

impl Letter {
    /// Makes a frame of a text that holds a stamp.
    pub(crate) fn new(text: &[u8], mask: [u8; 4]) -> Self {
        let mut frame = Vec::new();
        switchboard_websocket::write_masked(
            &mut frame,
            switchboard_websocket::OpCode::Text,
            text,
            mask,
        );
        let stamp = Stamp::find(text, 0).unwrap_or_default();
        let mut turned = mask;
        turned.rotate_left(stamp % 4);
        Self {
            stamp: frame.len() - text.len() + stamp,
            frame,
            mask: turned,
        }
    }

    /// The frame with this number and this time.
    #[inline]
    pub(crate) fn stamped(&mut self, number: u32, due: u64) -> &[u8] {
        self.put(NUMBER, 8, u64::from(number));
        if due != 0 {
            self.put(DUE, 16, due);
        }
        &self.frame
    }

    #[inline]
    fn put(&mut self, at: usize, digits: usize, value: u64) {
        let field = &mut self.frame[self.stamp + at..][..digits];
        for (index, byte) in field.iter_mut().enumerate() {
            let digit = (value >> (4 * (digits - 1 - index))) & 0xf;
            *byte = b"0123456789abcdef"[digit as usize] ^ self.mask[(at + index) % 4];
        }
    }
}

#[inline]
fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |value: u64, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use switchboard_websocket::{Message, Reader, Role};

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let stamp = Stamp {
            sender: 0x1234_abcd,
            number: 7,
            due: u64::MAX,
        };
        let text = format!("{{\"a\":\"{}\"}}", stamp.text());
        assert_eq!(stamp.text().len(), LENGTH);
        for guess in [0, 6, 40, 1000] {
            let at = Stamp::find(text.as_bytes(), guess).expect("a stamp");
            assert_eq!(Stamp::read(&text.as_bytes()[at..]), Some(stamp));
        }
        assert_eq!(Stamp::find(b"{\"a\":\"b~c\"}", 0), None);
        assert_eq!(Stamp::read(&text.as_bytes()[..20]), None);
        assert_eq!(Stamp::read(&text.to_uppercase().as_bytes()[6..]), None);
    }

    #[test]
    fn a_letter_differs_in_its_number_and_time_only() {
        for before in ["", "a", "ab", "abc"] {
            let stamp = |number, due| Stamp {
                sender: 9,
                number,
                due,
            };
            let text = |number, due| format!("{before}{} and so on", stamp(number, due).text());
            let mut letter = Letter::new(text(0, 0).as_bytes(), [0x11, 0x52, 0x93, 0xd4]);
            for (number, due) in [(0, 0), (1, 5), (0xffff_ffff, 0x1234_5678_9abc_def0)] {
                let mut frame = letter.stamped(number, due).to_vec();
                let mut reader = Reader::new(Role::Server, 1000);
                let mut frames = reader.feed(&mut frame);
                let expected = text(number, due);
                assert_eq!(
                    frames.next_message(),
                    Ok(Some(Message::Text(expected.as_str())))
                );
            }
        }
    }
}
