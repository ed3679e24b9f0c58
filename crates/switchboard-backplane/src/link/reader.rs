//! The own inbox.

use std::time::Duration;

use crate::entry::{Entry, EntryId, Said};
use crate::envelope::{Batch, Envelope, Unreadable};
use crate::handle::Shared;
use crate::heard::{Heard, Listener};
use crate::link::BLOCK;
use crate::link::pulse::Canary;
use crate::order::Order;
use crate::store::Store;
use crate::{Error, NodeId};

/// How far the inbox is read.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    position: EntryId,
    pub(crate) order: Order,
}

impl Reader {
    /// Reads until that fails.
    pub(crate) async fn run(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        store: &Store,
        canary: &Canary,
    ) -> Error {
        loop {
            if let Err(error) = self.read(shared, listener, store, canary, BLOCK).await {
                return error;
            }
        }
    }

    /// Reads what there is under the node's present name, to the end.
    pub(crate) async fn finish(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        store: &Store,
        canary: &Canary,
    ) -> Result<(), Error> {
        while self
            .read(shared, listener, store, canary, Duration::ZERO)
            .await?
            > 0
        {}
        Ok(())
    }

    async fn read(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        store: &Store,
        canary: &Canary,
        block: Duration,
    ) -> Result<usize, Error> {
        let entries = store.read(shared.node(), self.position, block).await?;
        let Some(last) = entries.last().map(|entry| entry.id) else {
            return Ok(0);
        };
        let (count, bytes) = (entries.len(), entries.iter().map(|entry| entry.size).sum());
        let mut heard = Vec::with_capacity(count);
        for entry in entries {
            self.take(shared, canary, entry, &mut heard);
        }
        shared.counters.entries.add(count as u64);
        if !heard.is_empty() {
            listener.hear(heard);
        }
        self.position = last;
        shared.queue.note_read(last, bytes, count);
        Ok(count)
    }

    /// Reading begins at the beginning, as what is there may have other places than before.
    pub(crate) fn rewind(&mut self) {
        self.position = EntryId::default();
    }

    fn take(&mut self, shared: &Shared, canary: &Canary, entry: Entry, heard: &mut Vec<Heard>) {
        match entry.said {
            Some(Said::Batch {
                source,
                number,
                packed,
            }) => {
                if self.order.is_new(source, number) {
                    self.unpack(shared, canary, source, &packed, heard);
                } else {
                    shared.counters.doubled.add(1);
                }
            }
            Some(Said::Changed {
                room,
                peer,
                member,
                why,
            }) => {
                if self.order.counts(&room) {
                    heard.push(Heard::Changed {
                        room,
                        peer,
                        member,
                        why,
                    });
                }
            }
            Some(Said::Decided {
                token,
                room: _,
                outcome,
            }) => {
                shared.queue.decided(token);
                heard.push(Heard::Decided { token, outcome });
            }
            Some(Said::Roster { room, members }) => {
                self.order.renew(&room);
                heard.push(Heard::Roster { room, members });
            }
            Some(Said::Closed { room, why }) => {
                if self.order.counts(&room) {
                    heard.push(Heard::Closed { room, why });
                }
            }
            Some(Said::NodeGone(node)) => heard.push(Heard::NodeGone(node)),
            None => shared.counters.unreadable.add(1),
        }
    }

    fn unpack(
        &self,
        shared: &Shared,
        canary: &Canary,
        source: NodeId,
        packed: &[u8],
        heard: &mut Vec<Heard>,
    ) {
        let envelopes = match Batch::unpack(packed, source, shared.config.keys.as_ref()) {
            Ok(envelopes) => envelopes,
            Err(problem) => {
                let counter = match problem {
                    Unreadable::NoKey | Unreadable::NotSealed | Unreadable::Forged => {
                        &shared.counters.undecipherable
                    }
                    Unreadable::Version(_) | Unreadable::Malformed => &shared.counters.unreadable,
                };
                counter.add(1);
                tracing::warn!(node = %source, %problem, "a message of another instance cannot be read; see that all instances have the same redis.keys");
                return;
            }
        };
        for envelope in envelopes {
            match envelope {
                Envelope::Signal(signal) => {
                    shared.counters.received.add(1);
                    heard.push(Heard::Signal {
                        from_node: source,
                        signal,
                    });
                }
                Envelope::Bounce(bounce) => heard.push(Heard::Bounced(bounce)),
                Envelope::Canary(number) => {
                    if let Some(round_trip) = canary.heard(number) {
                        shared
                            .counters
                            .round_trip_micros
                            .set(crate::counters::micros(round_trip));
                    }
                }
            }
        }
    }
}
