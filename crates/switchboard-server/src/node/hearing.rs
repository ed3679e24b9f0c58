//! What a connection says: by which wire, and what it asks for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use switchboard_core::{Command, Join, PeerId, Wire};
use switchboard_dialects::{
    Asked, DecodeError, Entrance, Opening, ServerSide, Unrecognised, dialect, recognise,
};

use super::{Node, unguessable};
use crate::batch::Batch;
use crate::close::CloseReason;
use crate::connection::Connection;
use crate::metrics::Received;

impl Node {
    /// One message from a connection.
    pub(crate) fn receive(&self, connection: &Arc<Connection>, text: &str, batch: &mut Batch<'_>) {
        let mut asked = std::mem::take(&mut batch.tools.asked);
        let mut speech = connection.speech();
        let speech_ref = &mut *speech;
        let translator = match &mut speech_ref.translator {
            Some(translator) => translator,
            none => match self.identify(connection, text, batch) {
                Some(translator) => none.insert(translator),
                None => {
                    batch.tools.asked = asked;
                    return;
                }
            },
        };
        let decoded = translator.decode(text, &mut asked);
        drop(speech);
        match decoded {
            Ok(()) => {
                for asked in asked.drain(..) {
                    match asked {
                        Asked::Command(command) => self.command(connection, command, batch),
                        Asked::Release => connection.release_poll(),
                        Asked::Answer(answer) => {
                            connection.push(&answer, self, &mut batch.tools);
                        }
                    }
                }
            }
            Err(problem) => {
                asked.clear();
                self.complain(connection, &problem, batch);
            }
        }
        batch.tools.asked = asked;
    }

    /// Answers a message that was not understood; ends the connection where its wire's rules do.
    pub(crate) fn complain(
        &self,
        connection: &Arc<Connection>,
        problem: &DecodeError,
        batch: &mut Batch<'_>,
    ) {
        if let (None, Some(wire)) = (connection.wire(), connection.claimed) {
            connection.speech().translator = Some(self.open(connection, wire, None));
        }
        let Some(wire) = connection.wire() else {
            return self.turn_away(connection, batch);
        };
        batch
            .tools
            .tally
            .received(wire, Received::Malformed, &self.metrics);
        self.metrics.refused(problem.code());
        tracing::debug!(conn = %connection.id, code = problem.code(), %problem, "message refused");
        let mut reply = Vec::new();
        if let Some(translator) = &connection.speech().translator {
            translator.complain(problem, &mut reply);
        }
        connection.push(&reply, self, &mut batch.tools);
        if problem.closes() {
            connection.close(CloseReason::NotRegistered, batch);
        }
    }

    /// The translator for the wire that a first frame shows, or an answer to one that shows none.
    fn identify(
        &self,
        connection: &Arc<Connection>,
        text: &str,
        batch: &mut Batch<'_>,
    ) -> Option<Box<dyn ServerSide>> {
        match connection.claimed.map_or_else(|| recognise(text), Ok) {
            Ok(wire) => Some(self.open(connection, wire, None)),
            Err(unrecognised) => {
                self.metrics.refused(unrecognised.code);
                connection.push(&unrecognised.reply, self, &mut batch.tools);
                if unrecognised.closes {
                    connection.close(CloseReason::NotRegistered, batch);
                }
                None
            }
        }
    }

    /// From now on the connection speaks that wire.
    fn open(
        &self,
        connection: &Connection,
        wire: Wire,
        peer: Option<&PeerId>,
    ) -> Box<dyn ServerSide> {
        connection.identify(wire);
        self.unidentified.fetch_sub(1, Ordering::Relaxed);
        self.metrics.connections(wire).inc();
        let dialect = dialect(wire);
        tracing::debug!(conn = %connection.id, dialect = dialect.name(), "identified");
        let spare_id = match dialect.entrance() {
            // Socket.IO's clients know their server's ids as such.
            Entrance::EngineIo(_) => unguessable(),
            Entrance::FirstMessage | Entrance::Path(_) => {
                format!("client-{:012x}", self.hasher.hash_one(connection.id) >> 16)
            }
        };
        dialect.server(Opening {
            wire,
            spare_id: &spare_id,
            peer,
            options: &self.options,
        })
    }

    /// Brings a connection whose way in named its room to that room. If it is not let in, it has nothing to stay for.
    pub(crate) fn arrive(&self, connection: &Arc<Connection>, join: Join, batch: &mut Batch<'_>) {
        let Some(wire) = connection.claimed else {
            return;
        };
        connection.speech().translator = Some(self.open(connection, wire, Some(&join.peer)));
        let leaving = None;
        self.command(connection, Command::Join { join, leaving }, batch);
        if connection.speech().rooms.is_empty() {
            connection.close(CloseReason::NotAdmitted, batch);
        }
    }

    /// Answers a first frame that is not even text.
    fn turn_away(&self, connection: &Arc<Connection>, batch: &mut Batch<'_>) {
        let unrecognised = Unrecognised::registration_required();
        self.metrics.refused(unrecognised.code);
        connection.push(&unrecognised.reply, self, &mut batch.tools);
        connection.close(CloseReason::NotRegistered, batch);
    }
}
