//! A connection that speaks a dialect.

use std::collections::VecDeque;

use switchboard_core::{Command, Event, Join, PeerId, Role, RoomId, Target, Wire};
use switchboard_dialects::{
    ClientSide, DecodeError, Entrance, Introduction, Meaning, Told, dialect,
};
use thiserror::Error;

use crate::link::{Heard, Link};
use crate::speech::compose;
use crate::transport::TransportError;
use crate::url::Address;

/// A signaling client on one wire.
///
/// On a wire that comes in by a path of its own ([`Entrance::Path`]) the connection is the stay in a room: it is made by
/// [`Client::join`] and ended by [`Client::leave`], and in between there is none.
#[derive(Debug)]
pub struct Client {
    address: Address,
    link: Link,
    side: Box<dyn ClientSide>,
    wire: Wire,
    peer: PeerId,
    /// The id that the server last confirmed.
    known_as: Option<PeerId>,
    /// What was heard and not yet asked for.
    told: VecDeque<Result<Told, DecodeError>>,
    /// What the server said last when it closed.
    farewell: Option<(u16, String)>,
    /// Whether something was to be said while there was no connection.
    unheard: bool,
}

/// Why something could not be asked for or heard.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The connection failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server said something that is none of the wire.
    #[error("the server sent what is no message of this wire")]
    Decode(#[from] DecodeError),
    /// There is no connection to say it on.
    #[error("there is no connection: on this wire, joining a room makes one")]
    Away,
}

impl Client {
    /// Connects, or only gets ready to where a room must be known first; says nothing yet.
    ///
    /// Where several wires share paths, the URL's path is used as it is; the paths of the others go behind its
    /// [`Address::prefix`].
    ///
    /// # Errors
    /// If the server cannot be reached, or refuses the handshake.
    pub async fn connect(address: &Address, wire: Wire, peer: &str) -> Result<Self, ClientError> {
        let peer = PeerId::from(peer);
        Ok(Self {
            address: address.clone(),
            link: Link::connect(address, dialect(wire).entrance()).await?,
            side: dialect(wire).client(Introduction {
                wire,
                peer: peer.clone(),
            }),
            wire,
            peer,
            known_as: None,
            told: VecDeque::new(),
            farewell: None,
            unheard: false,
        })
    }

    /// Asks to be in a room (the lobby: merely to register). The answer comes from [`Client::next`].
    ///
    /// On a wire with a lobby an id that the server does not know yet is registered first; if that is refused, the room is
    /// not asked for.
    ///
    /// # Errors
    /// If the connection fails, or the server refuses to make one for this room.
    pub async fn join(&mut self, room: RoomId, role: Role) -> Result<(), ClientError> {
        if let Entrance::Path(template) = dialect(self.wire).entrance() {
            self.enter(template, room.clone()).await?;
        }
        let known = self.known_as.as_ref() == Some(&self.peer);
        if dialect(self.wire).about().has_lobby && !known && !room.is_lobby() {
            self.ask_for(RoomId::LOBBY, Role::default()).await?;
            if !self.is_registered().await? {
                return Ok(());
            }
        }
        self.ask_for(room, role).await
    }

    /// Asks to be in a room no longer.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn leave(&mut self, room: RoomId) -> Result<(), ClientError> {
        self.ask(&Command::Leave { room }).await?;
        Ok(self.link.leave().await?)
    }

    /// Says something to somebody, in the wire's own words.
    ///
    /// # Errors
    /// If the connection fails, or there is none.
    pub async fn say(
        &mut self,
        room: &RoomId,
        to: &Target,
        meaning: Meaning<'_>,
    ) -> Result<(), ClientError> {
        self.queue(room, to, meaning);
        self.flush().await
    }

    /// Like [`Client::say`], but sent only with the next thing, or by [`Client::flush`].
    pub fn queue(&mut self, room: &RoomId, to: &Target, meaning: Meaning<'_>) {
        let message = compose(self.wire, &self.peer, room, to, meaning);
        self.put(&message);
    }

    /// Sends what is queued.
    ///
    /// # Errors
    /// If the connection fails, or there was none when something was queued.
    pub async fn flush(&mut self) -> Result<(), ClientError> {
        if std::mem::take(&mut self.unheard) {
            return Err(ClientError::Away);
        }
        if let Some(transport) = self.link.transport() {
            transport.flush().await?;
        }
        Ok(())
    }

    /// Sends a message as it is, in the wire's own language.
    ///
    /// # Errors
    /// If the connection fails, or there is none.
    pub async fn send(&mut self, text: &str) -> Result<(), ClientError> {
        self.put(text.as_bytes());
        self.flush().await
    }

    /// What the server tells next; `None` once the connection has ended (see [`Client::farewell`]). Waits while there is
    /// none yet. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// If the connection fails, or the server says something that is none of the wire.
    pub async fn next(&mut self) -> Result<Option<Told>, ClientError> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Ok(Some(told?));
            }
            if !self.hear().await? {
                return Ok(None);
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

    /// Takes another id for what it asks for from now on. Who is in a room stays there as whom he came until the next
    /// [`Client::join`].
    pub fn go_by(&mut self, peer: &str) {
        self.peer = PeerId::from(peer);
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
        Ok(self.link.close().await?)
    }

    /// Says goodbye. What the server has yet to tell still comes from [`Client::next`], and then the end.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn say_goodbye(&mut self) -> Result<(), ClientError> {
        Ok(self.link.say_goodbye().await?)
    }

    async fn ask_for(&mut self, room: RoomId, role: Role) -> Result<(), ClientError> {
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

    /// Waits for what comes of a registration: whether it was done. What is told meanwhile stays to be told.
    async fn is_registered(&mut self) -> Result<bool, ClientError> {
        let mut seen = self.told.len();
        loop {
            for told in self.told.range(seen..).flatten() {
                match told {
                    Told::Event(Event::Joined { room, .. }) if room.is_lobby() => return Ok(true),
                    Told::Refused { code, .. } if !OF_MESSAGES.contains(&code.as_str()) => {
                        return Ok(false);
                    }
                    Told::Event(_) | Told::Refused { .. } => {}
                }
            }
            seen = self.told.len();
            if !self.hear().await? {
                return Ok(false);
            }
        }
    }

    async fn ask(&mut self, command: &Command) -> Result<(), ClientError> {
        let mut messages = Vec::new();
        self.side.encode(command, &mut messages);
        for message in &messages {
            self.put(message);
        }
        self.flush().await
    }

    fn put(&mut self, message: &[u8]) {
        match self.link.transport() {
            Some(transport) => transport.queue(message),
            None => self.unheard = true,
        }
    }

    /// Makes the connection that is the stay in a room, and ends the one that was in another.
    async fn enter(&mut self, template: &str, room: RoomId) -> Result<(), ClientError> {
        self.link.leave().await?;
        while self.link.is_leaving() {
            self.hear().await?;
        }
        self.farewell = None;
        self.side = dialect(self.wire).client(Introduction {
            wire: self.wire,
            peer: self.peer.clone(),
        });
        let peer = self.peer.as_str();
        Ok(self.link.enter(&self.address, template, room, peer).await?)
    }

    /// Takes in what comes next; `false` once the connection has ended.
    async fn hear(&mut self) -> Result<bool, ClientError> {
        match self.link.next().await? {
            Heard::Text(text) => {
                let mut told = Vec::new();
                let decoded = self.side.decode(&text, &mut told);
                for told in &told {
                    if let Told::Event(Event::Joined { peer, .. }) = told {
                        self.known_as = Some(peer.clone());
                    }
                }
                self.told.extend(told.into_iter().map(Ok));
                self.told.extend(decoded.err().map(Err));
            }
            Heard::Close(code, reason) => self.farewell = Some((code, reason)),
            Heard::Left(room) => {
                let peer = self.peer.clone();
                self.told
                    .push_back(Ok(Told::Event(Event::Left { room, peer })));
            }
            Heard::End => return Ok(false),
        }
        Ok(true)
    }
}

/// Why messages are refused. They may have been sent before a registration, whose answer this is not.
const OF_MESSAGES: [&str; 3] = ["target_not_found", "untranslatable", "message_too_big"];
