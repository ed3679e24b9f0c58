//! Strings (RFC 8259, section 7), which are most of every message.

use memchr::memchr;

use super::super::block::{end_of_short_string, find_special, has_common_escapes_only};
use super::{Lexer, Malformed};

impl Lexer<'_> {
    /// Reads a string from its opening quote on.
    #[inline]
    pub(super) fn string(&mut self) -> Result<(), Malformed> {
        self.pos += 1;
        match end_of_short_string(self.text.as_bytes(), self.pos) {
            Some(end) => {
                self.pos = end;
                Ok(())
            }
            None => self.long_string(),
        }
    }

    /// Reads a string of any length with anything in it, from behind its opening quote on.
    fn long_string(&mut self) -> Result<(), Malformed> {
        let bytes = self.text.as_bytes();
        // Up to the next quote at a time: in one go if there is nothing special on the way, else step by step.
        while let Some(len) = memchr(b'"', &bytes[self.pos..]) {
            let quote = self.pos + len;
            if has_common_escapes_only(&bytes[self.pos..quote]) {
                self.pos = quote + 1;
                return Ok(());
            }
            while self.pos < quote {
                self.pos = find_special(bytes, self.pos);
                match self.peek() {
                    b'"' => {}
                    b'\\' => self.escape()?,
                    _ => return Err(self.expected("a string without raw control characters")),
                }
            }
            if self.pos == quote {
                self.pos += 1;
                return Ok(());
            }
            // The quote was escaped.
        }
        self.unterminated()
    }

    /// What is wrong with the rest of a text in which no quote follows.
    #[cold]
    fn unterminated(&mut self) -> Result<(), Malformed> {
        loop {
            self.pos = find_special(self.text.as_bytes(), self.pos);
            match self.text.as_bytes().get(self.pos) {
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("a string without raw control characters")),
                None => return Err(self.expected("a closing quote")),
            }
        }
    }

    #[inline]
    fn escape(&mut self) -> Result<(), Malformed> {
        let next = self.text.as_bytes().get(self.pos + 1).copied().unwrap_or(0);
        match next {
            b'n' | b'r' | b'"' | b'\\' | b'/' | b't' | b'b' | b'f' => {
                self.pos += 2;
                Ok(())
            }
            b'u' => self.unicode_escape(),
            _ => {
                self.pos += 1;
                Err(self.expected("an escape (one of \"\\/bfnrtu)"))
            }
        }
    }

    /// RFC 8259, section 7: a character outside the basic plane is a pair of surrogates, and half a pair is nothing.
    fn unicode_escape(&mut self) -> Result<(), Malformed> {
        match self.hex_unit()? {
            0xd800..=0xdbff => {
                if !self.text.as_bytes()[self.pos..].starts_with(b"\\u") {
                    return Err(self.expected("the second half of a surrogate pair"));
                }
                let at = self.pos;
                if let 0xdc00..=0xdfff = self.hex_unit()? {
                    return Ok(());
                }
                self.pos = at;
                Err(self.expected("the second half of a surrogate pair"))
            }
            0xdc00..=0xdfff => {
                self.pos -= 6;
                Err(self.expected("the first half of a surrogate pair"))
            }
            _ => Ok(()),
        }
    }

    /// Reads the four digits of a `\u` escape, whose first two characters are known to be there.
    fn hex_unit(&mut self) -> Result<u32, Malformed> {
        self.pos += 2;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                return Err(self.expected("a hexadecimal digit"));
            };
            unit = unit << 4 | digit;
            self.pos += 1;
        }
        Ok(unit)
    }
}
