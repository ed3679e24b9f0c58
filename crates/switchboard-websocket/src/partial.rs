//! What a connection must remember between two reads: half a header, half a frame, the fragments so
//! far. It exists only while there is something to remember.

use std::mem;

use crate::error::ProtocolError;
use crate::header::{Header, MAX_HEADER};
use crate::mask::apply_mask;
use crate::opcode::OpCode;
use crate::reader::Role;

#[derive(Default)]
pub(crate) struct Partial {
    /// The bytes of a header that has not wholly arrived.
    head: [u8; MAX_HEADER],
    head_len: u8,
    /// The frame whose payload has not wholly arrived.
    frame: Option<OpenFrame>,
    /// The payload so far, if `frame` is a control frame.
    control: Vec<u8>,
    /// The data message that has not wholly arrived.
    message: Option<OpenMessage>,
}

#[derive(Clone, Copy)]
struct OpenFrame {
    opcode: OpCode,
    fin: bool,
    /// Turned so that its first byte belongs to the next byte of payload.
    mask: [u8; 4],
    remaining: usize,
}

struct OpenMessage {
    opcode: OpCode,
    /// Unmasked.
    bytes: Vec<u8>,
    /// Of a text: how many of the bytes are whole, valid characters.
    valid: usize,
}

impl Partial {
    /// Whether there is nothing left to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.head_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    /// Heap bytes that this holds, itself included.
    pub(crate) fn held_bytes(&self) -> usize {
        let message = self.message.as_ref().map_or(0, |m| m.bytes.capacity());
        mem::size_of::<Self>() + self.control.capacity() + message
    }

    /// Whether the next bytes are payload.
    pub(crate) fn in_frame(&self) -> bool {
        self.frame.is_some()
    }

    /// How many bytes of a fragmented message have come, if one is open.
    pub(crate) fn message_len(&self) -> Option<usize> {
        self.message.as_ref().map(|message| message.bytes.len())
    }

    /// Goes on with a header that began in an earlier read. Takes what it needs from the front of
    /// `rest` and says how much that was.
    pub(crate) fn continue_header(
        &mut self,
        rest: &[u8],
        role: Role,
    ) -> Result<(usize, Option<Header>), ProtocolError> {
        let before = usize::from(self.head_len);
        let more = rest.len().min(MAX_HEADER - before);
        self.head[before..before + more].copy_from_slice(&rest[..more]);
        match Header::read(&self.head[..before + more], role)? {
            Some(header) => {
                self.head_len = 0;
                // What was there before was too little, so the header ends in `rest`.
                Ok((header.size - before, Some(header)))
            }
            None => {
                self.head_len += more as u8;
                Ok((more, None))
            }
        }
    }

    /// Begins to receive the payload of a frame that has been checked against the message it
    /// belongs to.
    pub(crate) fn open(&mut self, header: &Header, payload_len: usize) {
        self.frame = Some(OpenFrame {
            opcode: header.opcode,
            fin: header.fin,
            mask: header.mask,
            remaining: payload_len,
        });
        if matches!(header.opcode, OpCode::Text | OpCode::Binary) {
            self.message = Some(OpenMessage {
                opcode: header.opcode,
                bytes: Vec::new(),
                valid: 0,
            });
        }
    }

    /// How many bytes the open frame still waits for.
    pub(crate) fn wanted(&self) -> usize {
        self.frame.map_or(0, |frame| frame.remaining)
    }

    /// Takes the next piece of the open frame's payload, at most [`wanted`](Self::wanted) bytes.
    /// Returns the message or control frame that it completes. No message grows beyond `max`.
    pub(crate) fn accept(
        &mut self,
        piece: &mut [u8],
        max: usize,
    ) -> Result<Option<(OpCode, Vec<u8>)>, ProtocolError> {
        let Some(frame) = self.frame.as_mut() else {
            return Ok(None);
        };
        apply_mask(piece, frame.mask);
        frame.mask.rotate_left(piece.len() % 4);
        let before = frame.remaining;
        frame.remaining -= piece.len();
        let frame = *frame;
        if frame.remaining == 0 {
            self.frame = None;
        }
        if frame.opcode.is_control() {
            self.control.extend_from_slice(piece);
            let complete = frame.remaining == 0;
            return Ok(complete.then(|| (frame.opcode, mem::take(&mut self.control))));
        }
        let Some(message) = self.message.as_mut() else {
            return Ok(None);
        };
        // The last frame's length is known, and what is claimed is not allocated before it comes.
        let end = if frame.fin {
            message.bytes.len() + before
        } else {
            max
        };
        message.push(piece, end)?;
        if frame.remaining > 0 || !frame.fin {
            return Ok(None);
        }
        Ok(self
            .message
            .take()
            .map(|message| (message.opcode, message.bytes)))
    }
}

impl OpenMessage {
    /// Appends a piece; the room for it doubles, up to the message's possible `end`, so that many
    /// small pieces cost linear time. Text fails at the first byte that cannot be UTF-8.
    fn push(&mut self, piece: &[u8], end: usize) -> Result<(), ProtocolError> {
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            let target = (2 * self.bytes.capacity()).min(end).max(needed);
            self.bytes.reserve_exact(target - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        if self.opcode == OpCode::Text {
            // A character cut in two is examined again with the next piece: at most three bytes.
            match simdutf8::compat::from_utf8(&self.bytes[self.valid..]) {
                Ok(_) => self.valid = self.bytes.len(),
                Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
                Err(_) => return Err(ProtocolError::InvalidUtf8),
            }
        }
        Ok(())
    }
}
