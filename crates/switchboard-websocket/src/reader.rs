//! From bytes to messages.

use std::fmt;
use std::mem;

use crate::error::ProtocolError;
use crate::header::{Header, TextHeader};
use crate::mask::apply_mask;
use crate::message::{Message, utf8};
use crate::opcode::OpCode;
use crate::partial::Partial;

/// Which end of the connection we are. It decides who masks (RFC 6455 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads what a client sends: masked frames, and an empty pong in any case.
    Server,
    /// Reads what a server sends: unmasked frames only.
    Client,
}

/// Reads one connection's frames.
///
/// Between two reads it holds nothing on the heap unless a frame or a fragmented message is
/// incomplete, and then not more than about twice what has arrived of it.
pub struct Reader {
    max_message: usize,
    partial: Option<Box<Partial>>,
    role: Role,
    finished: bool,
}

impl Reader {
    /// A reader which refuses messages of more than `max_message` bytes, fragments summed up.
    pub const fn new(role: Role, max_message: usize) -> Self {
        Self {
            max_message,
            partial: None,
            role,
            finished: false,
        }
    }

    /// Begins to read what one read call put into `buffer`. The messages are taken from the result
    /// until it says `Ok(None)`; they are unmasked within the buffer.
    #[inline]
    pub fn feed<'r, 'b>(&'r mut self, buffer: &'b mut [u8]) -> Frames<'r, 'b> {
        Frames {
            reader: self,
            rest: buffer,
            held: Vec::new(),
        }
    }

    /// Whether a close frame or a violation has ended the conversation; nothing more will be read.
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Bytes on the heap which wait for the rest of a frame or message; zero when nothing is partial.
    pub fn held_bytes(&self) -> usize {
        self.partial
            .as_ref()
            .map_or(0, |partial| partial.held_bytes())
    }

    const fn is_assembling(&self) -> bool {
        self.partial.is_some()
    }

    fn finish(&mut self) {
        self.finished = true;
        self.partial = None;
    }

    /// Forgets the partial state as soon as nothing is partial.
    fn release(&mut self) {
        if self
            .partial
            .as_ref()
            .is_some_and(|partial| partial.is_empty())
        {
            self.partial = None;
        }
    }
}

// By hand, so that what people say to each other never reaches a log.
impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("role", &self.role)
            .field("max_message", &self.max_message)
            .field("finished", &self.finished)
            .field("held_bytes", &self.held_bytes())
            .finish()
    }
}

/// The messages in one buffer, taken one after the other with [`next_message`](Self::next_message).
///
/// Take them until `Ok(None)`, or put aside what is left with [`into_rest`](Self::into_rest);
/// dropping it earlier loses the bytes that were not read.
#[must_use = "bytes that are not read are lost"]
pub struct Frames<'r, 'b> {
    reader: &'r mut Reader,
    rest: &'b mut [u8],
    /// Owns the payload of the message that was handed out last, if it did not lie in the buffer.
    held: Vec<u8>,
}

/// A complete payload, and where it is.
enum Found<'b> {
    InBuffer(OpCode, &'b [u8]),
    Assembled(OpCode, Vec<u8>),
}

impl<'b> Frames<'_, 'b> {
    /// The next complete message, or `None` when the buffer is used up and what was incomplete is
    /// kept for the next read.
    ///
    /// After a close frame it says `None` for ever, whatever follows. So it does after an error.
    ///
    /// # Errors
    /// A [`ProtocolError`] when the peer breaks RFC 6455, as soon as the bytes which show it have
    /// come: a size from its header, invalid text from its first wrong byte.
    #[inline]
    pub fn next_message(&mut self) -> Result<Option<Message<'_>>, ProtocolError> {
        let Some(text) = self.take_text() else {
            return self.next_of_any_kind();
        };
        match utf8(text) {
            Ok(text) => Ok(Some(Message::Text(text))),
            Err(error) => {
                self.reader.finish();
                Err(error)
            }
        }
    }

    /// The payload of the next frame, if that is a whole text of a client and lies in the buffer; else nothing happens.
    #[inline]
    fn take_text(&mut self) -> Option<&'b [u8]> {
        if self.reader.role != Role::Server || self.reader.finished || self.reader.is_assembling() {
            return None;
        }
        let header = TextHeader::read(self.rest)?;
        let end = header.size + header.payload_len;
        if header.payload_len > self.reader.max_message || end > self.rest.len() {
            return None;
        }
        let payload = &mut self.take(end)[header.size..];
        apply_mask(payload, header.mask);
        Some(payload)
    }

    /// [`Frames::next_message`], whatever comes.
    fn next_of_any_kind(&mut self) -> Result<Option<Message<'_>>, ProtocolError> {
        let found = match self.advance() {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.reader.finish();
                return Err(error);
            }
        };
        let (opcode, payload) = match found {
            Found::InBuffer(opcode, payload) => (opcode, payload),
            Found::Assembled(opcode, payload) => {
                self.held = payload;
                (opcode, &*self.held)
            }
        };
        match Message::read(opcode, payload) {
            Ok(message) => {
                if opcode == OpCode::Close {
                    self.reader.finish();
                }
                Ok(Some(message))
            }
            Err(error) => {
                self.reader.finish();
                Err(error)
            }
        }
    }

    /// What has not been read yet, untouched: to be fed again, before anything newer, by a caller
    /// who must pause between two messages.
    pub fn into_rest(self) -> &'b mut [u8] {
        self.rest
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<Found<'b>>, ProtocolError> {
        while !self.rest.is_empty() && !self.reader.finished {
            let found = if self.reader.is_assembling() {
                self.go_on()?
            } else {
                match Header::read(self.rest, self.reader.role)? {
                    Some(header) => {
                        self.take(header.size);
                        self.begin(&header, None)?
                    }
                    None => self.keep_header()?,
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The next step while something is partial: more payload, or (the rest of) a header.
    fn go_on(&mut self) -> Result<Option<Found<'b>>, ProtocolError> {
        let Some(partial) = self.reader.partial.as_mut() else {
            return Ok(None);
        };
        if partial.in_frame() {
            return self.take_payload();
        }
        let open = partial.message_len();
        let (used, header) = partial.continue_header(self.rest, self.reader.role)?;
        self.take(used);
        let Some(header) = header else {
            return Ok(None);
        };
        let found = self.begin(&header, open)?;
        self.reader.release();
        Ok(found)
    }

    /// Keeps the bytes of a header that goes on in the next read.
    #[cold]
    fn keep_header(&mut self) -> Result<Option<Found<'b>>, ProtocolError> {
        self.reader.partial.get_or_insert_default();
        self.go_on()
    }

    /// Acts on a header whose payload stands at the front of `rest`. `open` is the length so far of
    /// the fragmented message, if there is one.
    #[inline]
    fn begin(
        &mut self,
        header: &Header,
        open: Option<usize>,
    ) -> Result<Option<Found<'b>>, ProtocolError> {
        if !header.opcode.is_control() {
            match (header.opcode, open) {
                (OpCode::Continuation, None) => return Err(ProtocolError::UnexpectedContinuation),
                (OpCode::Text | OpCode::Binary, Some(_)) => {
                    return Err(ProtocolError::InterruptedMessage);
                }
                _ => {}
            }
            let max = self.reader.max_message;
            let room = max.saturating_sub(open.unwrap_or(0));
            if header.payload_len > room as u64 {
                return Err(ProtocolError::TooBig { max });
            }
        }
        // It is within `max_message` or, in a control frame, within 125.
        let length = header.payload_len as usize;
        let alone = header.fin && header.opcode != OpCode::Continuation;
        if alone && length <= self.rest.len() {
            let payload = self.take(length);
            apply_mask(payload, header.mask);
            return Ok(Some(Found::InBuffer(header.opcode, payload)));
        }
        self.reader
            .partial
            .get_or_insert_default()
            .open(header, length);
        self.take_payload()
    }

    /// Moves payload from the buffer to the frame that waits for it.
    fn take_payload(&mut self) -> Result<Option<Found<'b>>, ProtocolError> {
        let max = self.reader.max_message;
        let Some(partial) = self.reader.partial.as_mut() else {
            return Ok(None);
        };
        let length = partial.wanted().min(self.rest.len());
        let (piece, rest) = mem::take(&mut self.rest).split_at_mut(length);
        self.rest = rest;
        let complete = partial.accept(piece, max)?;
        self.reader.release();
        Ok(complete.map(|(opcode, payload)| Found::Assembled(opcode, payload)))
    }

    /// Cuts `length` bytes from the front of what is left.
    #[inline]
    fn take(&mut self, length: usize) -> &'b mut [u8] {
        let (taken, rest) = mem::take(&mut self.rest).split_at_mut(length);
        self.rest = rest;
        taken
    }
}

impl fmt::Debug for Frames<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("reader", &self.reader)
            .field("unread_bytes", &self.rest.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
