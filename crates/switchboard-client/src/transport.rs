//! One WebSocket, as a client has it: messages in and out, pings answered.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use switchboard_websocket::handshake::client::{
    ClientRequest, InvalidRequest, ResponseError, encode_key,
};
use switchboard_websocket::{
    Message, OpCode, ProtocolError, Reader, Role, code, write_masked, write_masked_close,
};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::url::Address;

/// The largest message a server of ours sends, and some more.
const MAX_MESSAGE: usize = 2 * 1024 * 1024;

/// A connected WebSocket.
#[derive(Debug)]
pub struct Transport {
    stream: TcpStream,
    reader: Reader,
    inbox: VecDeque<Frame>,
    outbox: Vec<u8>,
    buffer: Vec<u8>,
    masks: Masks,
}

/// Something the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Text(String),
    /// Its last word: code (1005 if it named none) and reason.
    Close(u16, String),
}

/// Why there is no connection, or no longer.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The socket failed.
    #[error("cannot reach the server: {0}")]
    Io(#[from] io::Error),
    /// The URL holds something that cannot stand in a request.
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    /// The server refused the handshake.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// The server broke the WebSocket protocol.
    #[error("the server broke the WebSocket protocol: {0}")]
    Protocol(#[from] ProtocolError),
}

impl Transport {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// If the server cannot be reached, or does not agree.
    pub async fn connect(address: &Address) -> Result<Self, TransportError> {
        let mut stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
        stream.set_nodelay(true)?;
        let mut masks = Masks::new();
        let mut nonce = [0; 16];
        nonce
            .chunks_exact_mut(4)
            .for_each(|part| part.copy_from_slice(&masks.next()));
        let key = encode_key(nonce);
        let request = ClientRequest {
            host: &address.authority,
            target: &address.target,
            key: &key,
            protocols: &[],
            headers: &[],
        };
        stream.write_all(&request.to_bytes()?).await?;
        let mut received = Vec::new();
        let accepted = loop {
            if stream.read_buf(&mut received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if let Some(accepted) = request.check_response(&received)? {
                break accepted;
            }
        };
        let mut transport = Self {
            stream,
            reader: Reader::new(Role::Client, MAX_MESSAGE),
            inbox: VecDeque::new(),
            outbox: Vec::new(),
            buffer: vec![0; 16 * 1024],
            masks,
        };
        transport.take_in(&mut received[accepted.head_len..])?;
        Ok(transport)
    }

    /// Queues a message; [`Transport::flush`] sends what is queued.
    pub fn queue(&mut self, text: &[u8]) {
        write_masked(&mut self.outbox, OpCode::Text, text, self.masks.next());
    }

    /// Sends what is queued.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn flush(&mut self) -> Result<(), TransportError> {
        self.stream.write_all(&self.outbox).await?;
        self.outbox.clear();
        Ok(())
    }

    /// The next thing the server sends; `None` once the connection has ended. Pings are answered on the way. Nothing is
    /// lost if the future is dropped.
    ///
    /// # Errors
    /// If the socket fails, or the server breaks the protocol.
    pub async fn next(&mut self) -> Result<Option<Frame>, TransportError> {
        loop {
            if let Some(frame) = self.inbox.pop_front() {
                return Ok(Some(frame));
            }
            if !self.outbox.is_empty() {
                self.flush().await?;
            }
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.resize(16 * 1024, 0);
            let read = self.stream.read(&mut buffer).await;
            let taken = match read {
                Ok(0) => return Ok(None),
                Ok(size) => self.take_in(&mut buffer[..size]),
                Err(error) => Err(error.into()),
            };
            self.buffer = buffer;
            taken?;
        }
    }

    /// Says goodbye and waits until the server has closed.
    ///
    /// # Errors
    /// If the socket fails on the way.
    pub async fn close(mut self) -> Result<(), TransportError> {
        write_masked_close(&mut self.outbox, code::NORMAL, "", self.masks.next());
        self.flush().await?;
        while self.next().await?.is_some() {}
        Ok(())
    }

    fn take_in(&mut self, bytes: &mut [u8]) -> Result<(), TransportError> {
        let mut frames = self.reader.feed(bytes);
        while let Some(message) = frames.next_message()? {
            match message {
                Message::Text(text) => self.inbox.push_back(Frame::Text(text.to_owned())),
                Message::Binary(bytes) => {
                    self.inbox
                        .push_back(Frame::Text(String::from_utf8_lossy(bytes).into_owned()));
                }
                Message::Ping(payload) => {
                    write_masked(&mut self.outbox, OpCode::Pong, payload, self.masks.next())
                }
                Message::Pong(_) => {}
                Message::Close(frame) => {
                    let (code, reason) =
                        frame.map_or((1005, ""), |frame| (frame.code, frame.reason));
                    self.inbox.push_back(Frame::Close(code, reason.to_owned()));
                    write_masked_close(&mut self.outbox, code::NORMAL, "", self.masks.next());
                }
            }
        }
        Ok(())
    }
}

/// Masking keys nobody can foresee who does not know the process' own hash keys (RFC 6455 section 5.3).
#[derive(Debug)]
struct Masks {
    state: RandomState,
    count: u64,
}

impl Masks {
    fn new() -> Self {
        Self {
            state: RandomState::new(),
            count: 0,
        }
    }

    fn next(&mut self) -> [u8; 4] {
        self.count += 1;
        let [a, b, c, d, ..] = self.state.hash_one(self.count).to_le_bytes();
        [a, b, c, d]
    }
}
