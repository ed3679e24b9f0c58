//! One client's socket, from the first byte on.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;
use switchboard_dialects::ClientSide;
use switchboard_websocket::handshake::client::ClientRequest;
use switchboard_websocket::{Message, OpCode, Reader, Role, write_masked};

use crate::inbox::{Expected, Hints, Inbox, Oddity, judge, shortened};
use crate::site::Site;
use crate::stamp::Stamp;

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The socket connects, or the server has not answered the handshake.
    Upgrading { key: String, received: Vec<u8> },
    /// The server speaks first, and has not yet.
    Opening,
    /// On the way into the room.
    Joining,
    /// In its room.
    Present,
    /// It has asked to leave its room, or has left it.
    Away,
    /// It has ended.
    Gone,
}

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    reader: Reader,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
    pub(crate) stage: Stage,
    pub(crate) side: Box<dyn ClientSide>,
    /// What is still to be said on the way into the room, each when the one before was answered.
    words: VecDeque<Vec<u8>>,
    mask: [u8; 4],
    engine_io: bool,
    /// Where the last message had its stamp, and its sender's id.
    hints: Hints,
}

/// How much one read has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing, or the end.
    Nothing,
    /// Something, and the socket is empty for now.
    Some,
    /// As much as there is space for, so that there may be more.
    Full,
}

/// The largest message there may be from a server.
const MAX_MESSAGE: usize = 2 * 1024 * 1024;

impl Connection {
    /// Begins to connect.
    pub(crate) fn open(site: &Site, room: usize, client: usize) -> io::Result<Self> {
        let stream = TcpStream::connect(site.socket)?;
        stream.set_nodelay(true)?;
        // Ending without a goodbye leaves no port behind that waits for a minute.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        let nonce = (client as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let nonce = nonce.to_le_bytes();
        let key = switchboard_websocket::handshake::client::encode_key(nonce);
        let request = request(site, &site.target(room, client), &key)?;
        let mut side = site.side(client);
        let words = site.joining(&mut *side, room, client).into();
        Ok(Self {
            stream,
            reader: Reader::new(Role::Client, MAX_MESSAGE),
            unsent: request,
            stage: Stage::Upgrading {
                key,
                received: Vec::new(),
            },
            side,
            words,
            mask: [nonce[4] | 1, nonce[5], nonce[6], nonce[7]],
            engine_io: site.is_engine_io(),
            hints: Hints::default(),
        })
    }

    pub(crate) fn stream_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The mask of all its frames: one for all, since what is sent is no secret and the server is not attacked.
    pub(crate) fn mask(&self) -> [u8; 4] {
        self.mask
    }

    /// Writes a frame, or keeps what the socket does not take.
    #[inline]
    pub(crate) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(frame);
            return Ok(());
        }
        let written = written(self.stream.write(frame))?;
        if written < frame.len() {
            self.unsent.extend_from_slice(&frame[written..]);
        }
        Ok(())
    }

    /// Keeps a frame, to be written with others.
    #[inline]
    pub(crate) fn queue(&mut self, frame: &[u8]) {
        self.unsent.extend_from_slice(frame);
    }

    /// Writes what is kept.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            let size = written(self.stream.write(&self.unsent))?;
            if size == 0 {
                return Ok(());
            }
            if size == self.unsent.len() {
                self.unsent.clear();
            } else {
                self.unsent.drain(..size);
            }
        }
        Ok(())
    }

    /// Sends a message of the wire.
    pub(crate) fn say(&mut self, message: &[u8]) -> io::Result<()> {
        let mut frame = Vec::with_capacity(message.len() + 15);
        if self.engine_io {
            let packet = [b"4", message].concat();
            write_masked(&mut frame, OpCode::Text, &packet, self.mask);
        } else {
            write_masked(&mut frame, OpCode::Text, message, self.mask);
        }
        self.write(&frame)
    }

    /// Begins to go into the room with these messages.
    pub(crate) fn ask_in(&mut self, words: Vec<Vec<u8>>) -> io::Result<()> {
        self.stage = Stage::Joining;
        self.words = words.into();
        self.say_next()
    }

    fn say_next(&mut self) -> io::Result<()> {
        match self.words.pop_front() {
            Some(word) => self.say(&word),
            None => Ok(()),
        }
    }

    /// The socket can be written to: what has become of connecting, and of what it did not take.
    #[inline]
    pub(crate) fn writable(&mut self) -> io::Result<()> {
        // Said with everything that comes. As long as it connects, the handshake waits to be sent.
        if self.unsent.is_empty() {
            return Ok(());
        }
        self.go_on()
    }

    fn go_on(&mut self) -> io::Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.flush() {
            // A socket that still connects.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            other => other,
        }
    }

    /// Reads once into the buffer, and sorts what came.
    pub(crate) fn read(
        &mut self,
        site: &Site,
        buffer: &mut [u8],
        expected: &Expected,
        inbox: &mut Inbox,
    ) -> io::Result<Taken> {
        let size = match self.stream.read(buffer) {
            Ok(0) => {
                inbox
                    .oddities
                    .push(Oddity::Ended("the server hung up".to_owned()));
                self.stage = Stage::Gone;
                return Ok(Taken::Nothing);
            }
            Ok(size) => size,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Taken::Nothing),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Taken::Full),
            // A socket that still connects.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(Taken::Nothing),
            Err(error) => return Err(error),
        };
        let taken = if size == buffer.len() {
            Taken::Full
        } else {
            Taken::Some
        };
        let Stage::Upgrading { key, received } = &mut self.stage else {
            self.sort(&mut buffer[..size], expected, inbox)?;
            return Ok(taken);
        };
        received.extend_from_slice(&buffer[..size]);
        let asked = ClientRequest {
            host: &site.authority,
            target: "/",
            key,
            protocols: &[],
            headers: &[],
        };
        let Some(accepted) = asked.check_response(received).map_err(io::Error::other)? else {
            return Ok(taken);
        };
        let mut early = received.split_off(accepted.head_len);
        if self.engine_io {
            self.stage = Stage::Opening;
        } else {
            self.stage = Stage::Joining;
            self.say_next()?;
        }
        self.sort(&mut early, expected, inbox)?;
        Ok(taken)
    }

    fn sort(&mut self, bytes: &mut [u8], expected: &Expected, inbox: &mut Inbox) -> io::Result<()> {
        let (mut answers, mut says_next) = (Vec::new(), false);
        let mut frames = self.reader.feed(bytes);
        while let Some(message) = frames.next_message().map_err(io::Error::other)? {
            let text = match message {
                Message::Text(text) => text,
                Message::Binary(bytes) => {
                    inbox.oddities.push(Oddity::Strange(format!(
                        "{} bytes of binary data",
                        bytes.len()
                    )));
                    continue;
                }
                Message::Ping(payload) => {
                    write_masked(&mut answers, OpCode::Pong, payload, self.mask);
                    continue;
                }
                Message::Pong(_) => continue,
                Message::Close(frame) => {
                    let why = frame.map_or_else(String::new, |frame| {
                        format!(" with {} {:?}", frame.code, frame.reason)
                    });
                    inbox
                        .oddities
                        .push(Oddity::Ended(format!("the server closed{why}")));
                    self.stage = Stage::Gone;
                    return Ok(());
                }
            };
            if let Some(at) = Stamp::find(text.as_bytes(), self.hints.stamp) {
                self.hints.stamp = at;
                match judge(text, at, expected, &mut self.hints) {
                    Ok(stamp) => inbox.stamps.push(stamp),
                    Err(oddity) => inbox.oddities.push(oddity),
                }
                continue;
            }
            let text = if self.engine_io {
                match text.as_bytes() {
                    [b'2', probe @ ..] => {
                        let pong = [b"3", probe].concat();
                        write_masked(&mut answers, OpCode::Text, &pong, self.mask);
                        continue;
                    }
                    [b'0', ..] => {
                        self.stage = Stage::Joining;
                        says_next = true;
                        continue;
                    }
                    [b'4', ..] => &text[1..],
                    [b'1', ..] => {
                        inbox
                            .oddities
                            .push(Oddity::Ended("the server closed".to_owned()));
                        self.stage = Stage::Gone;
                        return Ok(());
                    }
                    _ => continue,
                }
            } else {
                text
            };
            if let Err(problem) = self.side.decode(text, &mut inbox.told) {
                inbox
                    .oddities
                    .push(Oddity::Strange(format!("{problem}: {}", shortened(text))));
            }
            // Whatever it was, it answers what was said last.
            says_next |= matches!(self.stage, Stage::Joining);
        }
        if !answers.is_empty() {
            self.write(&answers)?;
        }
        if says_next {
            self.say_next()?;
        }
        Ok(())
    }
}

fn written(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(0)
        }
        other => other,
    }
}

fn request(site: &Site, target: &str, key: &str) -> io::Result<Vec<u8>> {
    let request = ClientRequest {
        host: &site.authority,
        target,
        key,
        protocols: &[],
        headers: &[],
    };
    request.to_bytes().map_err(io::Error::other)
}
