//! The grammar of RFC 8259 as a walk over bytes: it checks, and builds nothing.
//!
//! Never recursive: open objects and arrays are bits of one word, which is also what bounds the depth.

mod string;

use super::{Found, JsonType, MAX_DEPTH, Malformed, NOTHING_MORE};

/// A place in the text. Every method leaves it behind what it has read.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    pos: usize,
}

impl<'a> Lexer<'a> {
    /// At the start of `text`, which must be no longer than `u32::MAX` bytes.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, pos: 0 }
    }

    #[inline]
    pub(super) fn offset(&self) -> u32 {
        self.pos as u32
    }

    #[inline]
    pub(super) fn at(&self, byte: u8) -> bool {
        self.peek() == byte
    }

    /// Reads white space and the brace that opens a message, up to its first member or closing brace.
    pub(super) fn open_object(&mut self) -> Result<(), Malformed> {
        self.skip_whitespace();
        match self.peek() {
            b'{' => {}
            b'[' | b'"' | b'-' | b'0'..=b'9' => return Err(self.not_an_object()),
            b't' | b'f' | b'n' if self.literal().is_ok() => return Err(self.not_an_object()),
            _ => return Err(self.expected("an object")),
        }
        self.pos += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// Reads a member's name and colon, up to its value. The name is as it stands there, without its quotes.
    #[inline]
    pub(super) fn key(&mut self) -> Result<&'a str, Malformed> {
        if self.peek() != b'"' {
            return Err(self.expected("a field name in double quotes"));
        }
        let start = self.pos + 1;
        self.string()?;
        let text = &self.text[start..self.pos - 1];
        self.skip_whitespace();
        if self.peek() != b':' {
            return Err(self.expected("a colon"));
        }
        self.pos += 1;
        self.skip_whitespace();
        Ok(text)
    }

    /// Reads the comma and tells that another member follows, or tells that the closing brace is next.
    #[inline]
    pub(super) fn another_member(&mut self) -> Result<bool, Malformed> {
        self.skip_whitespace();
        match self.peek() {
            b',' => {
                self.pos += 1;
                self.skip_whitespace();
                Ok(true)
            }
            b'}' => Ok(false),
            _ => Err(self.expected("a comma or a closing brace")),
        }
    }

    /// Reads the closing brace of the message, behind which nothing but white space may stand.
    pub(super) fn finish(&mut self) -> Result<(), Malformed> {
        self.pos += 1;
        self.skip_whitespace();
        if self.pos == self.text.len() {
            Ok(())
        } else {
            Err(self.expected(NOTHING_MORE))
        }
    }

    /// Reads the value of a top-level member.
    #[inline]
    pub(super) fn value(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            b'"' => self.string(),
            b'{' | b'[' => self.container(),
            _ => self.scalar(),
        }
    }

    /// Reads an object or array with all that is in it.
    fn container(&mut self) -> Result<(), Malformed> {
        let mut open = Open::default();
        loop {
            // A value starts here.
            match self.peek() {
                b'"' => self.string()?,
                b'{' => {
                    open.push(true).map_err(|TooDeep| self.too_deep())?;
                    self.pos += 1;
                    self.skip_whitespace();
                    if self.peek() != b'}' {
                        self.key()?;
                        continue;
                    }
                    open.pop();
                    self.pos += 1;
                }
                b'[' => {
                    open.push(false).map_err(|TooDeep| self.too_deep())?;
                    self.pos += 1;
                    self.skip_whitespace();
                    if self.peek() != b']' {
                        continue;
                    }
                    open.pop();
                    self.pos += 1;
                }
                _ => self.scalar()?,
            }
            // A value ended here: close what closes, then go on to the next one.
            loop {
                if open.is_empty() {
                    return Ok(());
                }
                self.skip_whitespace();
                match (self.peek(), open.in_object()) {
                    (b',', in_object) => {
                        self.pos += 1;
                        self.skip_whitespace();
                        if in_object {
                            self.key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        open.pop();
                        self.pos += 1;
                    }
                    (_, true) => return Err(self.expected("a comma or a closing brace")),
                    (_, false) => return Err(self.expected("a comma or a closing bracket")),
                }
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            b'-' | b'0'..=b'9' => self.number(),
            b't' | b'f' | b'n' => self.literal(),
            _ => Err(self.expected("a value")),
        }
    }

    fn literal(&mut self) -> Result<(), Malformed> {
        for literal in ["true", "false", "null"] {
            if self.text.as_bytes()[self.pos..].starts_with(literal.as_bytes()) {
                self.pos += literal.len();
                return Ok(());
            }
        }
        Err(self.expected("a value"))
    }

    /// RFC 8259, section 6. Any magnitude is fine, for numbers are relayed as text.
    fn number(&mut self) -> Result<(), Malformed> {
        if self.peek() == b'-' {
            self.pos += 1;
        }
        if self.peek() == b'0' {
            self.pos += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.pos += 1;
            self.digits()?;
        }
        if let b'e' | b'E' = self.peek() {
            self.pos += 1;
            if let b'+' | b'-' = self.peek() {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        if !self.peek().is_ascii_digit() {
            return Err(self.expected("a digit"));
        }
        while self.peek().is_ascii_digit() {
            self.pos += 1;
        }
        Ok(())
    }

    /// The next byte, or NUL (which no rule accepts) at the end.
    #[inline]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.pos).copied().unwrap_or(0)
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        while let b' ' | b'\n' | b'\r' | b'\t' = self.peek() {
            self.pos += 1;
        }
    }

    #[cold]
    fn expected(&self, expected: &'static str) -> Malformed {
        let found = self.text[self.pos..]
            .chars()
            .next()
            .map_or(Found::End, Found::Char);
        Malformed::Syntax {
            at: self.offset(),
            expected,
            found,
        }
    }

    #[cold]
    fn too_deep(&self) -> Malformed {
        Malformed::TooDeep { at: self.offset() }
    }

    #[cold]
    fn not_an_object(&self) -> Malformed {
        Malformed::NotAnObject {
            found: JsonType::of(self.text.trim_start()),
        }
    }
}

/// The objects (1) and arrays (0) that are open inside the message, the innermost in the lowest bit.
#[derive(Default)]
struct Open {
    kinds: u64,
    depth: u32,
}

struct TooDeep;

impl Open {
    #[inline]
    fn push(&mut self, object: bool) -> Result<(), TooDeep> {
        // The message itself is one level.
        if self.depth + 1 == MAX_DEPTH {
            return Err(TooDeep);
        }
        self.depth += 1;
        self.kinds = self.kinds << 1 | u64::from(object);
        Ok(())
    }

    #[inline]
    fn pop(&mut self) {
        self.depth -= 1;
        self.kinds >>= 1;
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.depth == 0
    }

    #[inline]
    fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }
}
