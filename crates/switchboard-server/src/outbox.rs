//! What waits to be written on one connection.
//!
//! Whoever has something to say appends it and flushes once at the end of its batch; only when the socket takes no
//! more does a task of its own wait for it. The bytes that may wait are bounded: see [`Outbox::push`].

use std::io;

use switchboard_websocket::{OpCode, write_frame};

use crate::framing::{Framing, SEPARATOR, Unit, write_packet};

/// What the socket, or the client's next poll, has not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Begins at a unit's first byte.
    bytes: Vec<u8>,
    /// How many of them the socket has taken.
    written: usize,
    framing: Framing,
    phase: Phase,
    /// Whether somebody has it on their list to flush.
    pub(crate) touched: bool,
    /// Whether a task waits for the socket to take more.
    pub(crate) draining: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// A close frame is queued or sent; nothing may follow it.
    Closing,
    /// The socket takes nothing any more.
    Dead,
}

/// An answer to a poll.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packets {
    /// The packets with separators between them.
    pub(crate) payload: Vec<u8>,
    /// How many of them are messages.
    pub(crate) messages: usize,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits to be written.
    Queued,
    /// The connection ends; it is not accepted.
    Closed,
    /// It would exceed the bound; it is not accepted, and the connection must end.
    Overflow,
}

/// What became of a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Nothing waits any more.
    All,
    /// The socket takes no more for now.
    Blocked,
    /// The socket failed.
    Failed,
}

impl Outbox {
    /// Nothing waits, and what comes will stand in this framing.
    pub(crate) fn new(framing: Framing) -> Self {
        Self {
            framing,
            ..Self::default()
        }
    }

    /// Appends a message, unless more than `bound` bytes would wait then.
    pub(crate) fn push(&mut self, text: &[u8], bound: usize) -> Pushed {
        self.append(text.len(), bound, |framing, out| framing.message(out, text))
    }

    /// Appends a ping, unless more than `bound` bytes would wait then.
    pub(crate) fn push_ping(&mut self, bound: usize) -> Pushed {
        self.append(0, bound, Framing::ping)
    }

    /// Appends a frame of a WebSocket's own, unless more than `bound` bytes would wait then.
    pub(crate) fn push_frame(&mut self, opcode: OpCode, payload: &[u8], bound: usize) -> Pushed {
        self.append(payload.len(), bound, |_, out| {
            write_frame(out, opcode, payload);
        })
    }

    fn append(
        &mut self,
        size: usize,
        bound: usize,
        write: impl FnOnce(Framing, &mut Vec<u8>),
    ) -> Pushed {
        if self.phase != Phase::Open {
            return Pushed::Closed;
        }
        if self.waiting() + size > bound {
            return Pushed::Overflow;
        }
        write(self.framing, &mut self.bytes);
        Pushed::Queued
    }

    /// Appends the last word, behind which nothing is accepted. False if there was one already.
    pub(crate) fn push_close(&mut self, code: u16, reason: &str) -> bool {
        let open = self.phase == Phase::Open;
        if open {
            self.framing.close(&mut self.bytes, code, reason);
            self.phase = Phase::Closing;
        }
        open
    }

    /// Takes so many packets, for an answer to a poll; `None` if none waits.
    pub(crate) fn take_packets(&mut self, most: usize) -> Option<Packets> {
        // What waits for a WebSocket is not for polls.
        if self.framing != Framing::EnginePolling {
            return None;
        }
        let (mut end, mut messages) = (0, 0);
        for unit in self.units().take(most) {
            end = unit.end;
            messages += usize::from(unit.is_message);
        }
        if end == 0 {
            return None;
        }
        // Who has nothing to say keeps no buffer.
        let rest = self.bytes.split_off(end);
        let mut payload = std::mem::replace(&mut self.bytes, rest);
        payload.pop();
        Some(Packets { payload, messages })
    }

    /// From now on a WebSocket takes what waits.
    pub(crate) fn upgrade(&mut self) {
        let waiting = std::mem::take(&mut self.bytes);
        self.framing = Framing::EngineWebSocket;
        waiting
            .split(|byte| *byte == SEPARATOR)
            .filter(|packet| !packet.is_empty())
            .for_each(|packet| write_packet(&mut self.bytes, packet));
    }

    /// Hands the socket what waits. `write` is one non-blocking write call.
    pub(crate) fn flush(&mut self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> Flushed {
        while self.written < self.bytes.len() {
            match write(&self.bytes[self.written..]) {
                Ok(0) => return Flushed::Failed,
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.compact();
                    return Flushed::Blocked;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Flushed::Failed,
            }
        }
        self.clear();
        Flushed::All
    }

    /// Hands the socket the rest of one frame only.
    pub(crate) fn flush_frame(
        &mut self,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> Flushed {
        let end = self.boundary_after(self.written);
        while self.written < end {
            match write(&self.bytes[self.written..end]) {
                Ok(0) => return Flushed::Failed,
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flushed::Blocked,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Flushed::Failed,
            }
        }
        self.compact();
        if self.waiting() == 0 {
            self.clear();
            return Flushed::All;
        }
        Flushed::Blocked
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Whether a close frame is queued or sent, or the socket is dead.
    pub(crate) fn is_closing(&self) -> bool {
        self.phase != Phase::Open
    }

    /// Gives up: nothing will be written any more. Returns how many messages were not taken as a whole.
    pub(crate) fn die(&mut self) -> usize {
        self.phase = Phase::Dead;
        let lost = self.messages_behind(self.written);
        self.bytes = Vec::new();
        self.written = 0;
        lost
    }

    /// Drops what waits, but for the frame that is half written, and closes behind that. Returns how many messages were
    /// dropped.
    pub(crate) fn cut_short(&mut self, code: u16, reason: &str) -> usize {
        if self.phase != Phase::Open {
            return 0;
        }
        self.compact();
        let half_written = if self.written == 0 {
            0
        } else {
            self.boundary_after(self.written)
        };
        let lost = self.messages_behind(half_written);
        self.bytes.truncate(half_written);
        self.push_close(code, reason);
        lost
    }

    /// A buffer to append to, for an outbox that has none: an idle connection keeps no buffer.
    pub(crate) fn lend(&mut self, spare: &mut Spare) {
        if self.bytes.capacity() == 0 {
            self.bytes = spare.lend();
        }
    }

    /// Gives the buffer back once nothing waits.
    pub(crate) fn reclaim(&mut self, spare: &mut Spare) {
        if self.bytes.is_empty() && self.bytes.capacity() > 0 {
            spare.take_back(std::mem::take(&mut self.bytes));
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
        if self.bytes.capacity() > BUFFER_BYTES {
            self.bytes = Vec::new();
        }
    }

    /// Forgets what is written as a whole.
    fn compact(&mut self) {
        let whole = self
            .units()
            .map(|unit| unit.end)
            .take_while(|end| *end <= self.written)
            .last()
            .unwrap_or(0);
        self.bytes.drain(..whole);
        self.written -= whole;
    }

    /// Where the frame ends that has the byte at `offset`.
    fn boundary_after(&self, offset: usize) -> usize {
        self.units()
            .map(|unit| unit.end)
            .find(|end| *end > offset)
            .unwrap_or(self.bytes.len())
    }

    /// Messages that end behind `offset`.
    fn messages_behind(&self, offset: usize) -> usize {
        self.units()
            .filter(|unit| unit.end > offset && unit.is_message)
            .count()
    }

    fn units(&self) -> impl Iterator<Item = Unit> {
        self.framing.units(&self.bytes)
    }
}

/// Empty buffers that a thread keeps for outboxes that have something to say: as many as a broadcast needs.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    buffers: Vec<Vec<u8>>,
    /// Their capacity in all.
    bytes: usize,
}

/// Bytes of capacity that a thread keeps.
const SPARE_BYTES: usize = 4 * 1024 * 1024;
/// Capacity above which a buffer is not kept.
const BUFFER_BYTES: usize = 64 * 1024;

impl Spare {
    fn lend(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    fn take_back(&mut self, buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity <= BUFFER_BYTES && self.bytes + capacity <= SPARE_BYTES {
            self.bytes += capacity;
            self.buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: usize = 1000;

    #[test]
    fn everything_goes_out_in_one_write() {
        let mut outbox = Outbox::default();
        outbox.push(b"one", BOUND);
        outbox.push(b"two", BOUND);
        let mut writes = Vec::new();
        let flushed = outbox.flush(|bytes| {
            writes.push(bytes.to_vec());
            Ok(bytes.len())
        });
        assert_eq!(flushed, Flushed::All);
        assert_eq!(writes, [b"\x81\x03one\x81\x03two".to_vec()]);
        assert_eq!(outbox.waiting(), 0);
    }

    #[test]
    fn a_blocked_socket_gets_the_rest_later_and_nothing_twice() {
        let mut outbox = Outbox::default();
        outbox.push(b"one", BOUND);
        outbox.push(b"two", BOUND);
        let mut taken = Vec::new();
        let mut room = 7;
        let mut socket = |bytes: &[u8]| {
            let n = bytes.len().min(room);
            room -= n;
            taken.extend_from_slice(&bytes[..n]);
            if n == 0 {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                Ok(n)
            }
        };
        assert_eq!(outbox.flush(&mut socket), Flushed::Blocked);
        outbox.push(b"six", BOUND);
        assert_eq!(outbox.waiting(), 8);
        let flushed = outbox.flush(|bytes| {
            taken.extend_from_slice(bytes);
            Ok(bytes.len())
        });
        assert_eq!(flushed, Flushed::All);
        assert_eq!(taken, b"\x81\x03one\x81\x03two\x81\x03six");
    }

    #[test]
    fn more_than_the_bound_does_not_wait() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.push(&[b'x'; 900], BOUND), Pushed::Queued);
        assert_eq!(outbox.push(&[b'x'; 900], BOUND), Pushed::Overflow);
        assert_eq!(outbox.push(&[b'x'; 50], BOUND), Pushed::Queued);
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let mut outbox = Outbox::default();
        assert!(outbox.push_close(1000, ""));
        assert_eq!(outbox.push(b"late", BOUND), Pushed::Closed);
        assert!(!outbox.push_close(1001, ""));
    }

    #[test]
    fn what_a_dying_connection_did_not_take_is_counted_in_whole_frames() {
        let mut outbox = Outbox::default();
        for text in [b"one", b"two", b"six"] {
            outbox.push(text, BOUND);
        }
        let mut once = Some(7);
        outbox.flush(|_| once.take().ok_or_else(|| io::ErrorKind::WouldBlock.into()));
        assert_eq!(outbox.die(), 2);
        assert_eq!(outbox.push(b"late", BOUND), Pushed::Closed);
    }

    #[test]
    fn only_messages_are_counted() {
        let mut outbox = Outbox::default();
        outbox.push(b"one", BOUND);
        outbox.push_frame(OpCode::Ping, b"", BOUND);
        outbox.push_close(1000, "");
        assert_eq!(outbox.die(), 1);
    }

    #[test]
    fn who_is_cut_short_gets_the_rest_of_a_frame_and_a_close() {
        let mut outbox = Outbox::default();
        for text in [b"one", b"two", b"six"] {
            outbox.push(text, BOUND);
        }
        let mut once = Some(7);
        outbox.flush(|_| once.take().ok_or_else(|| io::ErrorKind::WouldBlock.into()));
        assert_eq!(outbox.cut_short(4001, "slow"), 1);
        assert_eq!(outbox.push(b"late", BOUND), Pushed::Closed);
        let mut taken = Vec::new();
        outbox.flush(|bytes| {
            taken.extend_from_slice(bytes);
            Ok(bytes.len())
        });
        assert_eq!(taken, b"two\x88\x06\x0f\xa1slow");
    }

    #[test]
    fn a_poll_takes_as_many_packets_as_it_may_and_the_next_one_the_rest() {
        let mut outbox = Outbox::new(Framing::EnginePolling);
        assert_eq!(outbox.take_packets(2), None);
        for text in [b"2[1]", b"2[2]", b"2[3]"] {
            outbox.push(text, BOUND);
        }
        let taken = |payload: &[u8], messages| {
            Some(Packets {
                payload: payload.to_vec(),
                messages,
            })
        };
        assert_eq!(outbox.take_packets(2), taken(b"42[1]\x1e42[2]", 2));
        outbox.push_ping(BOUND);
        assert_eq!(outbox.take_packets(2), taken(b"42[3]\x1e2", 1));
        assert_eq!(outbox.waiting(), 0);
    }

    #[test]
    fn what_no_poll_took_goes_out_over_the_websocket() {
        let mut outbox = Outbox::new(Framing::EnginePolling);
        outbox.push(b"51-[0]\x1ebAQID", BOUND);
        outbox.push_ping(BOUND);
        outbox.upgrade();
        let mut taken = Vec::new();
        outbox.flush(|bytes| {
            taken.extend_from_slice(bytes);
            Ok(bytes.len())
        });
        assert_eq!(taken, b"\x81\x07451-[0]\x82\x03\x01\x02\x03\x81\x012");
    }

    #[test]
    fn buffers_are_kept_up_to_a_bound_and_big_ones_are_not() {
        let mut spare = Spare::default();
        spare.take_back(Vec::with_capacity(BUFFER_BYTES + 1));
        assert_eq!(spare.lend().capacity(), 0);
        for _ in 0..2 * SPARE_BYTES / BUFFER_BYTES {
            spare.take_back(Vec::with_capacity(BUFFER_BYTES));
        }
        assert_eq!(spare.buffers.len(), SPARE_BYTES / BUFFER_BYTES);
        assert_eq!(spare.lend().capacity(), BUFFER_BYTES);
        assert_eq!(spare.bytes, SPARE_BYTES - BUFFER_BYTES);
    }

    #[test]
    fn frame_by_frame_each_write_is_one_frame() {
        let mut outbox = Outbox::default();
        outbox.push(b"one", BOUND);
        outbox.push(b"two", BOUND);
        let mut writes = Vec::new();
        let mut socket = |bytes: &[u8]| {
            writes.push(bytes.to_vec());
            Ok(bytes.len())
        };
        assert_eq!(outbox.flush_frame(&mut socket), Flushed::Blocked);
        assert_eq!(outbox.flush_frame(&mut socket), Flushed::All);
        assert_eq!(writes, [b"\x81\x03one".to_vec(), b"\x81\x03two".to_vec()]);
    }
}
