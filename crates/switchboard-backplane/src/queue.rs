//! What waits for Redis.
//!
//! Whoever has something to say appends it and goes on; the link takes what has gathered as one commit as soon as the one
//! before is answered. So everything goes out in the order in which it was said, alone while little is said, and many
//! together under load. The bytes that may wait are bounded.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use ahash::RandomState;
use parking_lot::Mutex;
use switchboard_core::{PeerId, RoomId};
use tokio::sync::Notify;

use crate::entry::EntryId;
use crate::envelope::{Batch, Envelope};
use crate::handle::{JoinRequest, LeaveRequest};
use crate::operation::Operation;
use crate::{NodeId, Token, Unavailable};

/// Operations in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Debug)]
struct Inner {
    bound: usize,
    accepts: Accepts,
    pending: VecDeque<Operation>,
    bytes: usize,
    /// The batch in `pending` that takes more for a node.
    growing: HashMap<NodeId, usize, RandomState>,
    /// Joins that were not decided yet.
    undecided: BTreeMap<Token, Undecided>,
    /// Rooms in which somebody was told to Redis again, while that goes on.
    retold: Option<HashSet<RoomId, RandomState>>,
    read: Option<Read>,
    /// Whether what was read is to be forgotten, however little it is.
    is_untidy: bool,
}

/// A join that was not decided yet.
#[derive(Clone, Debug)]
struct Undecided {
    request: JoinRequest,
    /// Whether Redis has executed it, so that the outcome is on its way.
    is_executed: bool,
}

/// What may be asked for, the better the link the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Accepts {
    /// What can wait for ever.
    Little,
    /// Signals too.
    Signals,
    /// Joins too.
    Everything,
}

/// What was read of the own inbox and is still there.
#[derive(Clone, Copy, Debug)]
struct Read {
    last: EntryId,
    bytes: u64,
    entries: usize,
}

/// One commit has at most about so many operations and bytes.
const COMMIT_OPERATIONS: usize = 512;
const COMMIT_BYTES: usize = 512 * 1024;
/// A batch that has so many bytes takes no more.
const BATCH_BYTES: usize = 32 * 1024;
/// So much is read before a commit is made only to have it forgotten.
const TRIM_BYTES: u64 = 256 * 1024;
const TRIM_ENTRIES: usize = 1_024;

impl Queue {
    pub(crate) fn new(bound: usize) -> Self {
        let inner = Inner {
            bound,
            accepts: Accepts::Everything,
            pending: VecDeque::new(),
            bytes: 0,
            growing: HashMap::default(),
            undecided: BTreeMap::new(),
            retold: None,
            read: None,
            is_untidy: false,
        };
        Self {
            inner: Mutex::new(inner),
            wake: Notify::new(),
        }
    }

    /// Hands an envelope to a node.
    pub(crate) fn deliver(&self, to: NodeId, envelope: &Envelope) -> Result<(), Unavailable> {
        let mut inner = self.inner.lock();
        inner.check_signals()?;
        let growing = inner.growing.get(&to).copied();
        if let Some(Operation::Append { batch, .. }) =
            growing.and_then(|place| inner.pending.get_mut(place))
            && batch.len() < BATCH_BYTES
        {
            let before = batch.len();
            batch.push(envelope);
            inner.bytes += batch_growth(before, inner.pending.get(growing.unwrap_or_default()));
            return Ok(());
        }
        let place = inner.pending.len();
        inner.growing.insert(to, place);
        inner.push(Operation::Append {
            to,
            batch: Batch::of(envelope),
        });
        drop(inner);
        self.wake.notify_one();
        Ok(())
    }

    /// Hands an envelope to whichever node has somebody of that id in the lobby.
    pub(crate) fn route(&self, peer: &PeerId, envelope: &Envelope) -> Result<(), Unavailable> {
        let mut inner = self.inner.lock();
        inner.check_signals()?;
        inner.push(Operation::Route {
            peer: peer.clone(),
            batch: Batch::of(envelope),
        });
        drop(inner);
        self.wake.notify_one();
        Ok(())
    }

    pub(crate) fn join(&self, token: Token, request: JoinRequest) -> Result<(), Unavailable> {
        let mut inner = self.inner.lock();
        if inner.accepts < Accepts::Everything {
            return Err(Unavailable::Away);
        }
        let undecided = Undecided {
            request: request.clone(),
            is_executed: false,
        };
        inner.undecided.insert(token, undecided);
        // Who is told again brings no roster each: it is told once for the room.
        let roster = match &mut inner.retold {
            Some(rooms) => {
                rooms.insert(request.room.clone());
                false
            }
            None => true,
        };
        inner.push(Operation::Join {
            token,
            request,
            roster,
        });
        drop(inner);
        self.wake.notify_one();
        Ok(())
    }

    pub(crate) fn leave(&self, request: LeaveRequest) {
        let mut inner = self.inner.lock();
        inner
            .undecided
            .retain(|_, Undecided { request: join, .. }| {
                join.conn != request.conn || join.room != request.room
            });
        inner.push(Operation::Leave(request));
        drop(inner);
        self.wake.notify_one();
    }

    pub(crate) fn depart(&self, room: RoomId, peer: PeerId) {
        self.inner.lock().push(Operation::Depart { room, peer });
        self.wake.notify_one();
    }

    /// Something that is of use only if Redis takes it soon; not accepted while it does not.
    pub(crate) fn care(&self, operation: Operation) {
        let mut inner = self.inner.lock();
        if inner.accepts == Accepts::Everything && inner.bytes < inner.bound {
            inner.push(operation);
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// A join is decided.
    pub(crate) fn decided(&self, token: Token) {
        self.inner.lock().undecided.remove(&token);
    }

    /// Redis has executed these.
    pub(crate) fn executed(&self, operations: &[Operation]) {
        let mut inner = self.inner.lock();
        for operation in operations {
            if let Operation::Join { token, .. } = operation
                && let Some(undecided) = inner.undecided.get_mut(token)
            {
                undecided.is_executed = true;
            }
        }
    }

    /// So much was read of the own inbox.
    pub(crate) fn note_read(&self, last: EntryId, bytes: u64, entries: usize) {
        let mut inner = self.inner.lock();
        let before = inner.read.map_or((0, 0), |read| (read.bytes, read.entries));
        inner.read = Some(Read {
            last,
            bytes: before.0 + bytes,
            entries: before.1 + entries,
        });
        let is_due = inner.is_trim_due();
        drop(inner);
        if is_due {
            self.wake.notify_one();
        }
    }

    /// Has what was read forgotten, however little it is.
    pub(crate) fn tidy(&self) {
        let mut inner = self.inner.lock();
        inner.is_untidy = inner.read.is_some();
        let is_due = inner.is_untidy;
        drop(inner);
        if is_due {
            self.wake.notify_one();
        }
    }

    /// What was read before has to be read again, or is out of reach.
    pub(crate) fn forget_read(&self) {
        self.inner.lock().read = None;
    }

    /// Waits for something to commit.
    pub(crate) async fn next(&self) -> Vec<Operation> {
        loop {
            let taken = self.take();
            if !taken.is_empty() {
                return taken;
            }
            self.wake.notified().await;
        }
    }

    /// What there is to commit now. What was read is to be forgotten with it, or alone if it is much.
    pub(crate) fn take(&self) -> Vec<Operation> {
        let mut inner = self.inner.lock();
        let (mut bytes, mut count) = (0, 0);
        for operation in inner.pending.iter().take(COMMIT_OPERATIONS) {
            bytes += operation.size();
            count += 1;
            if bytes >= COMMIT_BYTES {
                break;
            }
        }
        let mut taken: Vec<Operation> = inner.pending.drain(..count).collect();
        inner.bytes -= bytes;
        inner.growing.clear();
        if (!taken.is_empty() || inner.is_trim_due())
            && let Some(read) = inner.read.take()
        {
            inner.is_untidy = false;
            taken.push(Operation::Trim {
                below: read.last.next().text(),
                bytes: read.bytes,
            });
        }
        taken
    }

    /// Wakes whoever waits for something to commit.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// How much is accepted.
    pub(crate) fn accepts(&self) -> Accepts {
        self.inner.lock().accepts
    }

    /// From now on only so much is accepted. Returns the joins that are not waited for any more.
    pub(crate) fn accept_only(&self, accepts: Accepts) -> Vec<Token> {
        let mut inner = self.inner.lock();
        inner.accepts = accepts;
        std::mem::take(&mut inner.undecided).into_keys().collect()
    }

    /// Takes out all signals.
    pub(crate) fn give_up_signals(&self) -> Vec<Envelope> {
        let mut inner = self.inner.lock();
        let (signals, rest): (Vec<_>, Vec<_>) = inner
            .pending
            .drain(..)
            .partition(|operation| operation.batch().is_some());
        inner.replace(rest);
        signals
            .iter()
            .filter_map(Operation::batch)
            .flat_map(Batch::envelopes)
            .collect()
    }

    /// Redis is to be told again who is there: what was to be said of joins and care is dropped, joins without an outcome
    /// are asked for again, and everything is accepted. What `operations` hold of signals goes out again.
    pub(crate) fn begin_retelling(&self, everybody: bool, operations: Vec<Operation>) {
        let mut inner = self.inner.lock();
        let repeated = operations
            .into_iter()
            .filter(|operation| operation.batch().is_some());
        let pending = std::mem::take(&mut inner.pending);
        let lasting = pending.into_iter().filter(|operation| {
            let passing = matches!(
                operation,
                Operation::Join { .. }
                    | Operation::Touch { .. }
                    | Operation::CloseIdle { .. }
                    | Operation::Sync { .. }
            );
            !passing
        });
        let mut all: Vec<Operation> = repeated.chain(lasting).collect();
        // The outcome of what was executed comes, unless this Redis may know nothing of it.
        let asked_again = inner
            .undecided
            .iter()
            .filter(|(_, undecided)| everybody || !undecided.is_executed);
        all.extend(asked_again.map(|(token, undecided)| Operation::Join {
            token: *token,
            request: undecided.request.clone(),
            roster: true,
        }));
        inner.replace(all);
        inner.accepts = Accepts::Everything;
        inner.retold = everybody.then(HashSet::default);
    }

    /// All are told. Leaves go first, then joins, then all the rest. Returns the rooms whose rosters will come.
    pub(crate) fn end_retelling(&self) -> Vec<RoomId> {
        let mut inner = self.inner.lock();
        let rooms: Vec<RoomId> = inner.retold.take().into_iter().flatten().collect();
        let named = rooms.iter().filter(|room| !room.is_lobby());
        let syncs: Vec<Operation> = named
            .map(|room| Operation::Sync { room: room.clone() })
            .collect();
        let mut all: Vec<Operation> = inner.pending.drain(..).chain(syncs).collect();
        all.sort_by_key(|operation| match operation {
            Operation::Leave(_) | Operation::Depart { .. } => 0,
            Operation::Join { .. } => 1,
            Operation::Sync { .. } => 2,
            _ => 3,
        });
        inner.replace(all);
        drop(inner);
        self.wake.notify_one();
        rooms.into_iter().filter(|room| !room.is_lobby()).collect()
    }

    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.inner.lock().bytes
    }
}

/// By how much an operation has grown whose batch had so many bytes before.
fn batch_growth(before: usize, operation: Option<&Operation>) -> usize {
    operation
        .and_then(Operation::batch)
        .map_or(0, |batch| batch.len() - before)
}

impl Inner {
    fn check_signals(&self) -> Result<(), Unavailable> {
        if self.accepts < Accepts::Signals {
            Err(Unavailable::Away)
        } else if self.bytes >= self.bound {
            Err(Unavailable::Busy)
        } else {
            Ok(())
        }
    }

    fn push(&mut self, operation: Operation) {
        self.bytes += operation.size();
        self.pending.push_back(operation);
    }

    fn replace(&mut self, operations: Vec<Operation>) {
        self.bytes = operations.iter().map(Operation::size).sum();
        self.pending = operations.into();
        self.growing.clear();
    }

    fn is_trim_due(&self) -> bool {
        self.is_untidy
            || self
                .read
                .is_some_and(|read| read.bytes >= TRIM_BYTES || read.entries >= TRIM_ENTRIES)
    }
}

#[cfg(test)]
mod tests;
