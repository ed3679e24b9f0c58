//! The verbs of a node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use parking_lot::Mutex;
use switchboard_core::{PeerId, Role, RoomId};
use tokio::sync::Notify;

use crate::counters::Counters;
use crate::envelope::Envelope;
use crate::heard::RosterEntry;
use crate::operation::{Departed, Operation};
use crate::queue::Queue;
use crate::store::Store;
use crate::{
    Bounce, Config, Counts, Error, Link, Listener, Member, NodeId, RoomPage, SignalEnvelope, State,
    Token, Totals, Unavailable, WireName,
};

/// A place that a connection of this node wants to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomId,
    /// As whom.
    pub peer: PeerId,
    /// Which connection.
    pub conn: u64,
    /// What for.
    pub role: Role,
    /// What it speaks.
    pub wire: WireName,
    /// How many peers the room may have.
    pub capacity: usize,
    /// How many connections the peer may have.
    pub lines: usize,
    /// The place that the connection gives up if it is let in.
    pub leaving: Option<(RoomId, PeerId)>,
}

/// A place that a connection of this node had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveRequest {
    /// The room.
    pub room: RoomId,
    /// As whom it was there.
    pub peer: PeerId,
    /// Which connection.
    pub conn: u64,
    /// Whether the peer stays for a while although it has no connection left. This node then says
    /// [`Backplane::depart`] if it does not come back.
    pub grace: bool,
    /// How it came to that.
    pub why: Departed,
}

/// What the node and its link have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) queue: Queue,
    pub(crate) counters: Counters,
    pub(crate) node: AtomicU64,
    state: AtomicU8,
    pub(crate) store: Mutex<Option<Store>>,
    pub(crate) is_leaving: AtomicBool,
    pub(crate) leaving: Notify,
}

/// The way to all other nodes. Clones are the same.
///
/// The verbs return at once; what comes of them is heard. They may be called under locks, and while hearing.
#[derive(Clone, Debug)]
pub struct Backplane {
    shared: Arc<Shared>,
}

const STATES: [State; 3] = [State::Connecting, State::Up, State::Away];

impl Shared {
    pub(crate) fn state(&self) -> State {
        let place = usize::from(self.state.load(Ordering::Acquire));
        STATES.get(place).copied().unwrap_or(State::Away)
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    pub(crate) fn node(&self) -> NodeId {
        NodeId::new(self.node.load(Ordering::Acquire))
    }
}

impl Backplane {
    /// A node that is to be, and its link: a future for whoever runs futures.
    #[must_use]
    pub fn new(config: Config, listener: impl Listener) -> (Self, Link) {
        let shared = Arc::new(Shared {
            queue: Queue::new(config.queue_bytes),
            counters: Counters::default(),
            node: AtomicU64::new(NodeId::random().number()),
            state: AtomicU8::new(State::Connecting as u8),
            store: Mutex::new(None),
            is_leaving: AtomicBool::new(false),
            leaving: Notify::new(),
            config,
        });
        let link = Link::new(Arc::clone(&shared), Box::new(listener));
        (Self { shared }, link)
    }

    /// The name this node has at the moment: lines of it in rosters are this process's own. It is another one after the
    /// node was taken for dead.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.shared.node()
    }

    /// How the link is.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Asks for a place. The outcome is heard by its token, in the right order with everything else.
    ///
    /// # Errors
    /// [`Unavailable::Away`] if Redis cannot decide now. Whoever asks decides by what it knows, and asks again when told
    /// that the link [has returned](crate::Heard::Returned).
    pub fn join(&self, token: Token, request: JoinRequest) -> Result<(), Unavailable> {
        self.shared.queue.join(token, request)
    }

    /// Gives a place up, also one that was asked for only.
    pub fn leave(&self, request: LeaveRequest) {
        self.shared.queue.leave(request);
    }

    /// Somebody who left this node's last connection with grace did not come back.
    pub fn depart(&self, room: RoomId, peer: PeerId) {
        self.shared.queue.depart(room, peer);
    }

    /// Tells a node what somebody says to peers whose lines it has. Once for each node, not for each peer.
    ///
    /// # Errors
    /// If it cannot wait for Redis.
    pub fn deliver(&self, to: NodeId, signal: SignalEnvelope) -> Result<(), Unavailable> {
        self.shared.queue.deliver(to, &Envelope::Signal(signal))
    }

    /// Tells whoever has that id in the lobby, wherever that is. For ids of which no line is known here.
    ///
    /// # Errors
    /// If it cannot wait for Redis.
    pub fn route(&self, peer: &PeerId, signal: SignalEnvelope) -> Result<(), Unavailable> {
        self.shared.queue.route(peer, &Envelope::Signal(signal))
    }

    /// Tells a node that what one of its connections said was not told here.
    ///
    /// # Errors
    /// If it cannot wait for Redis.
    pub fn bounce(&self, to: NodeId, bounce: Bounce) -> Result<(), Unavailable> {
        self.shared.queue.deliver(to, &Envelope::Bounce(bounce))
    }

    /// Keeps a room from expiring; `active` if somebody has done something there. To be said of every room with lines
    /// here, the lobby too, some times within [`Config::room_ttl`]. Not accepted while Redis is away.
    pub fn touch(&self, room: RoomId, active: bool) {
        self.shared.queue.care(Operation::Touch { room, active });
    }

    /// Closes a room if nobody on any node has [done anything](Self::touch) in it for so long.
    pub fn close_idle(&self, room: RoomId, idle_ms: u64) {
        self.shared
            .queue
            .care(Operation::CloseIdle { room, idle_ms });
    }

    /// Has what waits go out, and the node and all its lines go. The link's future ends when that is done, or cannot be.
    pub fn farewell(&self) {
        self.shared.is_leaving.store(true, Ordering::Release);
        self.shared.leaving.notify_one();
    }

    /// What was counted until now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counters.counts()
    }

    /// Bytes that wait for Redis.
    #[must_use]
    pub fn queue_bytes(&self) -> usize {
        self.shared.queue.bytes()
    }

    /// The first named rooms in the order of their names, at most `limit`, or the first behind `after`.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn rooms(&self, after: Option<&RoomId>, limit: usize) -> Result<RoomPage, Error> {
        self.store()?.rooms(after, limit).await
    }

    /// Everybody in a named room, in the order of joining; `None` if there is no such room.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn users(&self, room: &RoomId) -> Result<Option<Vec<RosterEntry>>, Error> {
        self.store()?.members(room).await
    }

    /// The named rooms in which somebody of that id is, the newest place first.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn places(&self, peer: &PeerId) -> Result<Vec<(RoomId, Member)>, Error> {
        self.store()?.places(peer).await
    }

    /// How many there are of everything.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn totals(&self) -> Result<Totals, Error> {
        self.store()?.totals().await
    }

    fn store(&self) -> Result<Store, Error> {
        self.shared.store.lock().clone().ok_or(Error::Away)
    }
}
