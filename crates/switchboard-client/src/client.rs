//! A connection that speaks a dialect.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use switchboard_core::{Command, Join, PeerId, Role, RoomId, Target, Wire};
use switchboard_dialects::json::Message;
use switchboard_dialects::{
    ClientSide, DecodeError, Introduction, Meaning, Said, Stamp, Told, dialect,
};
use thiserror::Error;

use crate::transport::{Frame, Transport, TransportError};
use crate::url::Address;

/// A signaling client on one wire.
#[derive(Debug)]
pub struct Client {
    transport: Transport,
    side: Box<dyn ClientSide>,
    wire: Wire,
    peer: PeerId,
    told: VecDeque<Told>,
    /// What the server said last when it closed.
    farewell: Option<(u16, String)>,
}

/// Why something could not be asked for or heard.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The connection failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server said something that is none of the wire.
    #[error("the server sent what is no message of this wire: {0}")]
    Decode(#[from] DecodeError),
}

impl Client {
    /// Connects; says nothing yet.
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses the handshake.
    pub async fn connect(address: &Address, wire: Wire, peer: &str) -> Result<Self, ClientError> {
        let peer = PeerId::from(peer);
        Ok(Self {
            transport: Transport::connect(address).await?,
            side: dialect(wire).client(Introduction {
                wire,
                peer: peer.clone(),
            }),
            wire,
            peer,
            told: VecDeque::new(),
            farewell: None,
        })
    }

    /// Asks to be in a room (the lobby: merely to register). The answer comes from [`Client::next`].
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn join(&mut self, room: RoomId, role: Role) -> Result<(), ClientError> {
        let join = Join {
            room,
            peer: self.peer.clone(),
            role,
        };
        self.ask(&Command::Join {
            join,
            leaving: None,
        })
        .await
    }

    /// Asks to be in a room no longer.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn leave(&mut self, room: RoomId) -> Result<(), ClientError> {
        self.ask(&Command::Leave { room }).await
    }

    /// Says something to somebody, in the wire's own words.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn say(
        &mut self,
        room: &RoomId,
        to: &Target,
        meaning: Meaning<'_>,
    ) -> Result<(), ClientError> {
        self.queue(room, to, meaning);
        Ok(self.transport.flush().await?)
    }

    /// Like [`Client::say`], but sent only with the next thing, or by [`Client::flush`].
    pub fn queue(&mut self, room: &RoomId, to: &Target, meaning: Meaning<'_>) {
        let serial = AtomicU64::new(1);
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let unix_millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        let stamp = Stamp {
            unix_millis,
            serial: &serial,
        };
        let mut message = Vec::new();
        dialect(self.wire).write(
            &Said {
                room,
                from: &self.peer,
                to,
                meaning,
                stamp,
            },
            &mut message,
        );
        if let Target::Peer(target) = to {
            let addressed = std::str::from_utf8(&message)
                .ok()
                .and_then(|text| Message::scan(text).ok())
                .map(|scanned| {
                    let mut addressed = Vec::new();
                    scanned.with_string(
                        dialect(self.wire).target_key(),
                        target.as_str(),
                        &mut addressed,
                    );
                    addressed
                });
            message = addressed.unwrap_or(message);
        }
        self.transport.queue(&message);
    }

    /// Sends what is queued.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn flush(&mut self) -> Result<(), ClientError> {
        Ok(self.transport.flush().await?)
    }

    /// Sends a message as it is.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn send(&mut self, text: &str) -> Result<(), ClientError> {
        self.transport.queue(text.as_bytes());
        Ok(self.transport.flush().await?)
    }

    /// What the server tells next; `None` once the connection has ended (see [`Client::farewell`]). Nothing is lost if
    /// the future is dropped.
    ///
    /// # Errors
    /// If the connection fails, or the server says something that is none of the wire.
    pub async fn next(&mut self) -> Result<Option<Told>, ClientError> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Ok(Some(told));
            }
            match self.transport.next().await? {
                Some(Frame::Text(text)) => {
                    let mut told = Vec::new();
                    self.side.decode(&text, &mut told)?;
                    self.told.extend(told);
                }
                Some(Frame::Close(code, reason)) => self.farewell = Some((code, reason)),
                None => return Ok(None),
            }
        }
    }

    /// The code and the reason with which the server closed, if it has.
    #[must_use]
    pub fn farewell(&self) -> Option<(u16, &str)> {
        self.farewell
            .as_ref()
            .map(|(code, reason)| (*code, reason.as_str()))
    }

    /// The id this client goes by.
    #[must_use]
    pub fn peer(&self) -> &PeerId {
        &self.peer
    }

    /// The wire it speaks.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.wire
    }

    /// Says goodbye and waits until the server has closed.
    ///
    /// # Errors
    /// If the connection fails on the way.
    pub async fn close(self) -> Result<(), ClientError> {
        Ok(self.transport.close().await?)
    }

    async fn ask(&mut self, command: &Command) -> Result<(), ClientError> {
        let mut messages = Vec::new();
        self.side.encode(command, &mut messages);
        for message in &messages {
            self.transport.queue(message);
        }
        Ok(self.transport.flush().await?)
    }
}
