//! One socket of the load.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The bytes of a message's number.
const NUMBER: usize = 8;

#[derive(Debug)]
pub(crate) struct Member {
    pub socket: TcpStream,
    /// Messages which came and are not answered yet.
    pub owed: usize,
    /// The bytes of one message.
    bytes: usize,
    sent: u64,
    received: u64,
    /// Where in a message the next byte belongs, and the number that this message began with.
    at: usize,
    number: [u8; NUMBER],
    outgoing: Vec<u8>,
}

impl Member {
    pub(crate) fn connect(server: SocketAddr, bytes: usize) -> Result<Self> {
        let socket =
            TcpStream::connect(server).with_context(|| format!("cannot connect to {server}"))?;
        socket.set_nodelay(true)?;
        // Nothing here waits longer; what does has failed.
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        socket.set_write_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self {
            socket,
            owed: 0,
            bytes,
            sent: 0,
            received: 0,
            at: 0,
            number: [0; NUMBER],
            outgoing: Vec::new(),
        })
    }

    /// Sends one byte, which each of the others must get. The last of a room does it: then all are accepted.
    pub(crate) fn probe(&mut self, others: &[Self]) -> Result<()> {
        self.socket.write_all(b"?")?;
        for other in others {
            let mut byte = [0];
            (&other.socket)
                .read_exact(&mut byte)
                .context("a socket is not in the room of its neighbours")?;
        }
        Ok(())
    }

    /// Sends the next `count` messages, in one write or in as many.
    pub(crate) fn send(&mut self, count: usize, together: bool) -> Result<()> {
        self.outgoing.resize(count * self.bytes, b'x');
        for message in self.outgoing.chunks_exact_mut(self.bytes) {
            message[..NUMBER].copy_from_slice(&self.sent.to_le_bytes());
            self.sent += 1;
        }
        let one_write = if together {
            self.outgoing.len()
        } else {
            self.bytes
        };
        for part in self.outgoing.chunks(one_write.max(1)) {
            self.socket.write_all(part).context("a write failed")?;
        }
        Ok(())
    }

    /// Sends the next message of the room, in which all count what they hear and what they say.
    pub(crate) fn say(&mut self) -> Result<()> {
        self.sent = self.received;
        self.received += 1;
        self.send(1, false)
    }

    /// Reads once and returns how many messages that completed.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = match self.socket.read(buffer) {
            Ok(0) => anyhow::bail!("the server has closed a socket"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => return Err(error).context("a read failed"),
        };
        self.take(&buffer[..read])
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<usize> {
        let mut complete = 0;
        while !bytes.is_empty() {
            if self.at < NUMBER {
                let some = bytes.len().min(NUMBER - self.at);
                self.number[self.at..self.at + some].copy_from_slice(&bytes[..some]);
                self.at += some;
                bytes = &bytes[some..];
                if self.at < NUMBER {
                    break;
                }
                let number = u64::from_le_bytes(self.number);
                ensure!(
                    number == self.received,
                    "message {number} came, {} was due",
                    self.received
                );
            }
            let some = bytes.len().min(self.bytes - self.at);
            self.at += some;
            bytes = &bytes[some..];
            if self.at == self.bytes {
                self.at = 0;
                self.received += 1;
                complete += 1;
            }
        }
        Ok(complete)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn member(bytes: usize) -> Member {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Member::connect(listener.local_addr().unwrap(), bytes).unwrap()
    }

    fn stream(numbers: impl IntoIterator<Item = u64>, bytes: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for number in numbers {
            let start = out.len();
            out.extend(number.to_le_bytes());
            out.resize(start + bytes, b'x');
        }
        out
    }

    #[test]
    fn messages_count_once_however_they_are_cut() {
        for cut in 1..40 {
            let mut member = member(12);
            let counted: usize = stream(0..10, 12)
                .chunks(cut)
                .map(|part| member.take(part).unwrap())
                .sum();
            assert_eq!(counted, 10, "cut into {cut}");
        }
    }

    #[test]
    fn a_lost_doubled_or_swapped_message_is_an_error() {
        for numbers in [[0, 2], [0, 0], [1, 0]] {
            assert!(member(12).take(&stream(numbers, 12)).is_err());
        }
    }

    #[test]
    fn a_lost_byte_is_an_error() {
        let mut bytes = stream(0..3, 12);
        bytes.remove(10);
        assert!(member(12).take(&bytes).is_err());
    }
}
