//! The connection under a client, which comes and goes on wires where it is the stay in a room.

use switchboard_core::RoomId;
use switchboard_dialects::Entrance;

use crate::transport::{Frame, Transport, TransportError};
use crate::url::{Address, fill};

/// A client's connection.
#[derive(Debug)]
pub(crate) enum Link {
    /// None yet, or none any more, on a wire where one belongs to a room.
    Away,
    /// There is one.
    Up(Transport),
    /// There is one, which belongs to this room.
    Staying(Transport, RoomId),
    /// The same, and it has been told goodbye, which is how such a wire leaves a room.
    Leaving(Transport, RoomId),
    /// It has ended, not by our wish.
    Over,
}

/// What comes over a link.
#[derive(Debug)]
pub(crate) enum Heard {
    Text(String),
    Close(u16, String),
    /// A room is left, as was asked for.
    Left(RoomId),
    /// The connection has ended.
    End,
}

impl Link {
    /// Connects where that is possible before a room is known.
    pub(crate) async fn connect(
        address: &Address,
        entrance: Entrance,
    ) -> Result<Self, TransportError> {
        Ok(match entrance {
            Entrance::FirstMessage => Self::Up(Transport::connect(address).await?),
            Entrance::EngineIo(path) => {
                let path = format!("{}{path}", address.prefix());
                Self::Up(Transport::connect_engine_io(address, &path).await?)
            }
            Entrance::Path(_) => Self::Away,
        })
    }

    /// Opens the connection that is the stay of a peer in a room; there must be no other.
    pub(crate) async fn enter(
        &mut self,
        address: &Address,
        template: &str,
        room: RoomId,
        peer: &str,
    ) -> Result<(), TransportError> {
        let path = fill(template, room.name().unwrap_or_default(), peer);
        let at = address.at(format!("{}{path}", address.prefix()));
        *self = Self::Staying(Transport::connect(&at).await?, room);
        Ok(())
    }

    /// Ends the connection that is the stay in a room; [`Heard::Left`] comes when the server has ended it too.
    pub(crate) async fn leave(&mut self) -> Result<(), TransportError> {
        match std::mem::replace(self, Self::Away) {
            Self::Staying(mut transport, room) => {
                transport.say_goodbye();
                let flushed = transport.flush().await;
                *self = Self::Leaving(transport, room);
                flushed
            }
            other => {
                *self = other;
                Ok(())
            }
        }
    }

    /// Says goodbye; what still comes can be heard, and then the end.
    pub(crate) async fn say_goodbye(&mut self) -> Result<(), TransportError> {
        match std::mem::replace(self, Self::Over) {
            Self::Up(mut transport)
            | Self::Staying(mut transport, _)
            | Self::Leaving(mut transport, _) => {
                transport.say_goodbye();
                let flushed = transport.flush().await;
                *self = Self::Up(transport);
                flushed
            }
            Self::Away | Self::Over => Ok(()),
        }
    }

    /// The connection, if there is one to speak on.
    pub(crate) fn transport(&mut self) -> Option<&mut Transport> {
        match self {
            Self::Up(transport) | Self::Staying(transport, _) => Some(transport),
            Self::Away | Self::Leaving(..) | Self::Over => None,
        }
    }

    /// Whether it is on its way out.
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self, Self::Leaving(..))
    }

    /// What comes next; waits as long as there is no connection. Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Heard, TransportError> {
        let transport = match self {
            Self::Away => return std::future::pending().await,
            Self::Over => return Ok(Heard::End),
            Self::Up(transport) | Self::Staying(transport, _) | Self::Leaving(transport, _) => {
                transport
            }
        };
        Ok(match transport.next().await? {
            Some(Frame::Text(text)) => Heard::Text(text),
            Some(Frame::Close(code, reason)) => Heard::Close(code, reason),
            None => match std::mem::replace(self, Self::Over) {
                Self::Leaving(_, room) => {
                    *self = Self::Away;
                    Heard::Left(room)
                }
                _ => Heard::End,
            },
        })
    }

    /// Says goodbye and waits until the server has closed.
    pub(crate) async fn close(self) -> Result<(), TransportError> {
        match self {
            Self::Up(transport) | Self::Staying(transport, _) | Self::Leaving(transport, _) => {
                transport.close().await
            }
            Self::Away | Self::Over => Ok(()),
        }
    }
}
