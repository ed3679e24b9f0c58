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

use crate::framing::Framing;
use crate::refusal::explain;
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
    framing: Framing,
    /// Whether we have said goodbye.
    closing: bool,
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
    /// There is no connection to be had.
    #[error("cannot reach the server")]
    Unreachable(#[source] io::Error),
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The URL holds something that cannot stand in a request.
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    /// The server refused the handshake.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// The server refused the handshake and said why.
    #[error("the server refused: {detail} ({status} {reason})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words.
        reason: String,
        /// The server's own reason.
        detail: String,
    },
    /// The server broke the WebSocket protocol.
    #[error("the server broke the WebSocket protocol")]
    Protocol(#[from] ProtocolError),
    /// The server broke the Engine.IO protocol.
    #[error("the server broke the Engine.IO protocol")]
    EngineIo(#[from] switchboard_engineio::ProtocolError),
}

impl Transport {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// If the server cannot be reached, or does not agree.
    pub async fn connect(address: &Address) -> Result<Self, TransportError> {
        Self::shake_hands(address, Framing::Plain).await
    }

    /// Connects to an Engine.IO server at this path by WebSocket alone, and waits until it has opened the session.
    ///
    /// Messages are then those of the layer above; bytes are such as begin with `b`, and base64. A message that is sent
    /// may have attachments of this form behind it, each after a U+001E.
    ///
    /// # Errors
    /// If the server cannot be reached, or does not agree.
    pub async fn connect_engine_io(address: &Address, path: &str) -> Result<Self, TransportError> {
        let at = address.at(format!("{path}?EIO=4&transport=websocket"));
        let mut transport = Self::shake_hands(&at, Framing::EngineIo { open: None }).await?;
        while !transport.framing.is_open() {
            if !transport.read().await? {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        Ok(transport)
    }

    async fn shake_hands(address: &Address, framing: Framing) -> Result<Self, TransportError> {
        let mut stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(TransportError::Unreachable)?;
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
            match request.check_response(&received) {
                Ok(Some(accepted)) => break accepted,
                Ok(None) => {}
                Err(error) => return Err(explain(error, received, &mut stream).await),
            }
        };
        let mut transport = Self {
            stream,
            reader: Reader::new(Role::Client, MAX_MESSAGE),
            inbox: VecDeque::new(),
            outbox: Vec::new(),
            buffer: vec![0; 16 * 1024],
            masks,
            framing,
            closing: false,
        };
        transport.take_in(&mut received[accepted.head_len..])?;
        Ok(transport)
    }

    /// Queues a message; [`Transport::flush`] sends what is queued.
    pub fn queue(&mut self, text: &[u8]) {
        let (outbox, masks) = (&mut self.outbox, &mut self.masks);
        self.framing.put(text, |opcode, bytes| {
            write_masked(outbox, opcode, bytes, masks.next());
        });
    }

    /// Sends what is queued.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn flush(&mut self) -> Result<(), TransportError> {
        while !self.outbox.is_empty() {
            // What is written is forgotten at once, for the future may be dropped at the next await.
            let written = self.stream.write(&self.outbox).await?;
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            self.outbox.drain(..written);
        }
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
            if !self.read().await? {
                return Ok(None);
            }
        }
    }

    /// Sends what is queued and reads what comes; `false` once the connection has ended.
    async fn read(&mut self) -> Result<bool, TransportError> {
        if !self.outbox.is_empty() {
            self.flush().await?;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(16 * 1024, 0);
        let read = self.stream.read(&mut buffer).await;
        let taken = match read {
            Ok(0) => Ok(false),
            Ok(size) => self.take_in(&mut buffer[..size]).map(|()| true),
            Err(error) => Err(error.into()),
        };
        self.buffer = buffer;
        taken
    }

    /// Says goodbye and waits until the server has closed.
    ///
    /// # Errors
    /// If the socket fails on the way.
    pub async fn close(mut self) -> Result<(), TransportError> {
        self.say_goodbye();
        self.flush().await?;
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// Queues the goodbye; the server's answer is a [`Frame::Close`], and then the end.
    pub fn say_goodbye(&mut self) {
        if !std::mem::replace(&mut self.closing, true) {
            write_masked_close(&mut self.outbox, code::NORMAL, "", self.masks.next());
        }
    }

    fn take_in(&mut self, bytes: &mut [u8]) -> Result<(), TransportError> {
        let mut frames = self.reader.feed(bytes);
        while let Some(message) = frames.next_message()? {
            match message {
                Message::Ping(payload) => {
                    write_masked(&mut self.outbox, OpCode::Pong, payload, self.masks.next())
                }
                Message::Close(frame) => {
                    let (code, reason) =
                        frame.map_or((1005, ""), |frame| (frame.code, frame.reason));
                    self.inbox.push_back(Frame::Close(code, reason.to_owned()));
                    // The server may be gone by now if this is its answer to ours.
                    if !std::mem::replace(&mut self.closing, true) {
                        write_masked_close(&mut self.outbox, code::NORMAL, "", self.masks.next());
                    }
                }
                message => {
                    if let Some(answer) = self.framing.take(message, &mut self.inbox)? {
                        let mask = self.masks.next();
                        write_masked(&mut self.outbox, OpCode::Text, &answer, mask);
                    }
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
