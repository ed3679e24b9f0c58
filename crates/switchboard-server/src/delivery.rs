//! From an event to the outboxes of those it is for.
//!
//! An event is encoded once for each wire spoken among its recipients, unless its words depend on the connection.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ahash::RandomState;
use switchboard_core::{ConnId, Event, Refusal, Target, Wire};
use switchboard_dialects::{Encoded, dialect, encode_shared};

use crate::batch::Batch;
use crate::connection::Connection;
use crate::journal::{Refused, Relay};
use crate::outbox::Pushed;

/// The connections of one shard, by their id.
pub(crate) type Links = HashMap<ConnId, Arc<Connection>, RandomState>;

/// The largest message the server sends, in bytes: what the strictest client accepts (Python `websockets`).
pub(crate) const MAX_SERVER_MESSAGE: usize = 1_048_576;

/// What the event at hand says on each wire that was needed so far.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    wires: Vec<(Wire, Encoded, Range<usize>)>,
    /// Whether its own wire carries it as it came, once that was asked.
    is_carried: Option<bool>,
}

impl Scratch {
    fn clear(&mut self) {
        self.bytes.clear();
        self.wires.clear();
        self.is_carried = None;
        if self.bytes.capacity() > 4 * MAX_SERVER_MESSAGE {
            self.bytes = Vec::new();
        }
    }
}

/// Tells an event to its recipients. `asker` is the connection whose input caused it, if one did; the
/// shard need not know it.
pub(crate) fn deliver(
    links: &Links,
    asker: Option<&Arc<Connection>>,
    to: &[ConnId],
    event: &Event,
    batch: &mut Batch<'_>,
) {
    batch.tools.scratch.clear();
    let mut failure = None;
    for id in to {
        let Some(connection) = asker
            .filter(|asker| asker.id == *id)
            .or_else(|| links.get(id))
        else {
            continue;
        };
        let Some(wire) = connection.wire() else {
            continue;
        };
        let told = tell(connection, wire, event, batch);
        match event {
            Event::Signal { room, from, signal } => match told {
                Told::Frame(bytes, Pushed::Queued) => {
                    let metrics = &batch.node().metrics;
                    batch.tools.tally.delivered(wire, signal.kind, metrics);
                    batch.tools.relayed += 1;
                    if connection.berth.is_across() {
                        batch.node().metrics.across.inc();
                    }
                    if batch.logs_relays {
                        batch
                            .tools
                            .relays
                            .push(Relay::new(room, from, signal, connection, bytes));
                    }
                }
                Told::Nothing => {}
                failed => {
                    batch.node().metrics.lost(1);
                    failure = failed.refusal(&signal.to).or(failure);
                }
            },
            Event::Refused { refusal } => note(connection, refusal, batch),
            // Presence for one who is going is of no interest to anybody.
            Event::Joined { .. }
            | Event::Left { .. }
            | Event::PeerJoined { .. }
            | Event::PeerLeft { .. }
            | Event::RoomClosed { .. } => {}
        }
    }
    if let (Some(refusal), Some(asker)) = (failure, asker) {
        note(asker, &refusal, batch);
        let mut bytes = Vec::new();
        tell_personally(asker, &Event::Refused { refusal }, &mut bytes, batch);
    }
}

/// Counts and logs that a connection is told of something that was not done.
fn note(connection: &Arc<Connection>, refusal: &Refusal, batch: &mut Batch<'_>) {
    batch.node().metrics.refused(refusal.code());
    let dialect = connection.wire().map_or("", |wire| dialect(wire).name());
    batch.tools.refusals.push(Refused {
        conn: connection.id,
        dialect,
        refusal: refusal.clone(),
    });
}

/// What became of telling one connection.
enum Told {
    /// So many bytes went to the outbox, and this came of it.
    Frame(usize, Pushed),
    /// Its wire has no word for the event.
    Nothing,
    /// In its wire the message would have so many bytes, which is too much.
    Oversized(usize),
    /// Its wire cannot carry the message.
    Untranslatable,
}

impl Told {
    /// What the sender of a message is told that did not get through.
    fn refusal(&self, to: &Target) -> Option<Refusal> {
        match (self, to) {
            (Self::Oversized(bytes), _) => Some(Refusal::TooLarge {
                bytes: *bytes,
                limit: MAX_SERVER_MESSAGE,
            }),
            (Self::Untranslatable, _) => Some(Refusal::Untranslatable),
            // Addressed to one who is going: as if it had gone.
            (_, Target::Peer(target)) => Some(Refusal::TargetNotFound {
                target: target.clone(),
            }),
            (_, Target::Everyone) => None,
        }
    }
}

fn tell(connection: &Arc<Connection>, wire: Wire, event: &Event, batch: &mut Batch<'_>) -> Told {
    let node = batch.node();
    // Between two peers of one wire the message travels as it came.
    if let Event::Signal { signal, .. } = event
        && signal.payload.wire == wire
    {
        let is_carried = &mut batch.tools.scratch.is_carried;
        if !*is_carried.get_or_insert_with(|| dialect(wire).carries(signal)) {
            return Told::Nothing;
        }
        let body = &signal.payload.body;
        return Told::Frame(body.len(), connection.push(body, node, &mut batch.tools));
    }
    let mut scratch = std::mem::take(&mut batch.tools.scratch);
    let known = scratch.wires.iter().position(|(known, ..)| *known == wire);
    let known = known.unwrap_or_else(|| {
        let start = scratch.bytes.len();
        let encoded = encode_shared(wire, event, node.stamp(batch.now), &mut scratch.bytes);
        scratch
            .wires
            .push((wire, encoded, start..scratch.bytes.len()));
        scratch.wires.len() - 1
    });
    let (_, encoded, range) = scratch.wires[known].clone();
    let told = match encoded {
        Encoded::Frame => send(connection, &scratch.bytes[range], batch),
        Encoded::Nothing => Told::Nothing,
        Encoded::Untranslatable => Told::Untranslatable,
        Encoded::Personal => tell_personally(connection, event, &mut scratch.bytes, batch),
    };
    batch.tools.scratch = scratch;
    told
}

fn tell_personally(
    connection: &Arc<Connection>,
    event: &Event,
    bytes: &mut Vec<u8>,
    batch: &mut Batch<'_>,
) -> Told {
    let stamp = batch.node().stamp(batch.now);
    let start = bytes.len();
    let mut speech = connection.speech();
    let encoded = match &mut speech.translator {
        Some(translator) => translator.encode(event, stamp, bytes),
        None => Encoded::Nothing,
    };
    drop(speech);
    if encoded == Encoded::Frame {
        send(connection, &bytes[start..], batch)
    } else {
        Told::Nothing
    }
}

fn send(connection: &Arc<Connection>, text: &[u8], batch: &mut Batch<'_>) -> Told {
    if text.len() > MAX_SERVER_MESSAGE {
        return Told::Oversized(text.len());
    }
    let node = batch.node();
    Told::Frame(text.len(), connection.push(text, node, &mut batch.tools))
}
