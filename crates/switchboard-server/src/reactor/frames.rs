//! From the bytes of a read to what the client says in them.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use switchboard_dialects::DecodeError;
use switchboard_websocket::{Message, ProtocolError, Reader, Role, code};

use crate::batch::Batch;
use crate::close::CloseReason;
use crate::config::Limits;
use crate::connection::Connection;
use crate::node::Node;
use crate::packet::{self, Heard};
use crate::rate::Rate;

/// What turns bytes into messages, and how many of them may come.
#[derive(Debug)]
pub(super) struct Frames {
    reader: Reader,
    protocol: Protocol,
    rate: Rate,
}

/// What stands in a WebSocket's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// What a client says.
    Messages,
    /// Engine.IO packets, some of which hold what a client says.
    EngineIo,
}

/// What comes after some bytes.
#[derive(Debug)]
pub(super) enum Step {
    More,
    /// More, but not yet: the connection has said too much. With what it has said already and nobody has heard.
    Pause(Duration, Vec<u8>),
    /// The client has sent its close frame, with this code.
    Goodbye(u16),
    End,
}

impl Protocol {
    /// The longest frame that may come if a message may have so many bytes.
    const fn longest(self, message_bytes: usize) -> usize {
        match self {
            Self::Messages => message_bytes,
            Self::EngineIo => message_bytes + 1,
        }
    }

    fn hear(self, text: &str) -> Heard<'_> {
        match self {
            Self::Messages => Heard::Said(Ok(text)),
            Self::EngineIo => packet::hear(text),
        }
    }

    fn hear_binary(self, bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
        match self {
            // Published clients send JSON in binary frames too.
            Self::Messages => std::str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|_| DecodeError::NotText),
            Self::EngineIo => Ok(Cow::Owned(packet::attachment(bytes))),
        }
    }
}

impl Frames {
    pub(super) fn new(protocol: Protocol, limits: &Limits) -> Self {
        Self {
            reader: Reader::new(Role::Server, protocol.longest(limits.message_bytes)),
            protocol,
            rate: Rate::new(limits.messages_per_second),
        }
    }

    /// Whether the client has sent its close frame, or has broken the protocol.
    pub(super) const fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    /// Takes in some bytes, and has heard what is said in them.
    pub(super) fn take_in(
        &mut self,
        bytes: &mut [u8],
        connection: &Arc<Connection>,
        batch: &mut Batch<'_>,
    ) -> Step {
        let node = batch.node();
        let now = batch.tick;
        connection.vitals.heard.store(now, Ordering::Relaxed);
        let mut frames = self.reader.feed(bytes);
        loop {
            let text = match frames.next_message() {
                Ok(Some(Message::Text(text))) => match self.protocol.hear(text) {
                    Heard::Said(text) => text.map(Cow::Borrowed),
                    Heard::Goodbye => return Step::Goodbye(code::NORMAL),
                    Heard::Ping(data) => {
                        connection.push_packet(&packet::pong(data), batch);
                        continue;
                    }
                    Heard::Nothing => continue,
                },
                Ok(Some(Message::Binary(bytes))) => self.protocol.hear_binary(bytes),
                Ok(Some(Message::Ping(payload))) => {
                    connection.push_pong(payload, batch);
                    continue;
                }
                Ok(Some(Message::Pong(_))) => continue,
                Ok(Some(Message::Close(frame))) => {
                    return Step::Goodbye(frame.map_or(code::NORMAL, |frame| frame.code));
                }
                Ok(None) => return Step::More,
                Err(violation) => {
                    object(&violation, node, connection, batch);
                    return Step::End;
                }
            };
            connection.vitals.spoke.store(now, Ordering::Relaxed);
            hear(text, node, connection, batch);
            if let Some(pause) = self.rate.charge(1, batch.now) {
                return Step::Pause(pause, frames.into_rest().to_vec());
            }
        }
    }
}

/// Acts on what a client says.
pub(crate) fn hear(
    text: Result<Cow<'_, str>, DecodeError>,
    node: &Node,
    connection: &Arc<Connection>,
    batch: &mut Batch<'_>,
) {
    // Nothing is relayed behind our own close frame.
    if connection.is_ending() {
        return node.metrics.lost(1);
    }
    match text {
        Ok(text) => node.receive(connection, &text, batch),
        Err(problem) => node.complain(connection, &problem, batch),
    }
}

/// Ends a connection that breaks the protocol.
fn object(
    violation: &ProtocolError,
    node: &Node,
    connection: &Arc<Connection>,
    batch: &mut Batch<'_>,
) {
    let reason = CloseReason::of_violation(violation.close_code());
    // Who has not said yet what it speaks has no wire to be answered in.
    if reason == CloseReason::MessageTooBig && connection.wire().is_some() {
        let limit = node.config.limits.message_bytes;
        node.complain(connection, &DecodeError::TooBig { limit }, batch);
    }
    tracing::debug!(conn = %connection.id, %violation, "protocol violation");
    connection.close_for(reason, &violation.to_string(), batch);
}
