//! One process's switchboard: rooms in shards, connections, and the way of a message between them.
//!
//! The way of a message: a reactor hands its text to [`Node::receive`]; the connection's translator makes
//! commands of it; the room's shard is locked and its hub says who is told what; [`deliver`] appends that to
//! outboxes; and when the batch ends, each of them is written once.

mod hearing;
mod routing;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ahash::RandomState;
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use parking_lot::{Mutex, MutexGuard};
use switchboard_core::{ConnId, Hub, Input, Limits, Quota, RoomId};
use switchboard_dialects::{Options, Stamp};

use crate::admission::Gatekeeper;
use crate::batch::Batch;
use crate::close::CloseReason;
use crate::config::{Config, IceConfig};
use crate::connection::Connection;
use crate::delivery::Links;
use crate::metrics::Metrics;
use crate::pulse::{Pulse, TICK};
use crate::reactor::Reactors;

/// Rooms, connections and what serves them.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) metrics: Metrics,
    pub(crate) gatekeeper: Arc<Gatekeeper>,
    pub(crate) ice: ArcSwap<IceConfig>,
    pub(crate) pulse: Pulse,
    pub(crate) reactors: Reactors,
    /// By the hash of the room's name.
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    limits: Limits,
    rooms: Arc<Quota>,
    /// Every connection. Entries go when it has ended for the others.
    connections: Mutex<HashMap<ConnId, Arc<Connection>, RandomState>>,
    /// How many of them have not said yet what they speak.
    unidentified: AtomicUsize,
    next_conn: AtomicU64,
    message_serial: AtomicU64,
    options: Options,
    started: Instant,
    started_unix: Duration,
    draining: AtomicBool,
    /// One reference more for each WebSocket whose socket is still open.
    lives: Arc<()>,
}

/// Some of the rooms, and the connections in them.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) hub: Hub,
    pub(crate) links: Links,
}

/// A name of 20 characters that nobody can foresee.
///
/// # Panics
/// If the system has no randomness.
pub(crate) fn unguessable() -> String {
    let mut random = [0; 15];
    // A system without randomness could not have started this process: hash maps are seeded from it too.
    getrandom::fill(&mut random).expect("the system has randomness");
    BASE64_URL_SAFE_NO_PAD.encode(random)
}

/// Rooms are spread over so many locks.
const SHARDS: usize = 16;

/// So few places of a table are not worth giving back.
const SMALL: usize = 16;

/// Gives back what many who are gone have left behind in a table.
fn give_back<K: Eq + std::hash::Hash, V>(table: &mut HashMap<K, V, RandomState>) {
    if table.capacity() > SMALL && table.len() * 4 < table.capacity() {
        table.shrink_to(table.len() * 2);
    }
}

impl Node {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        let rooms = Arc::new(Quota::new(config.limits.rooms));
        let limits = Limits {
            id_length: config.limits.id_length,
            peers_per_room: config.limits.peers_per_room,
            lobby_peers: config.limits.lobby_peers,
            connections_per_peer: config.limits.connections_per_peer,
            rooms: Arc::clone(&rooms),
            grace: config.timeouts.grace,
        };
        let shard = || {
            Mutex::new(Shard {
                hub: Hub::new(limits.clone()),
                links: Links::default(),
            })
        };
        let gatekeeper = Gatekeeper::new(
            config.limits.connections,
            config.limits.connections_per_address,
        );
        let options = config.dialects.options(config.limits.message_bytes);
        let threads = match config.runtime.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        Arc::new(Self {
            metrics: Metrics::new(),
            gatekeeper: Arc::new(gatekeeper),
            ice: ArcSwap::from_pointee(config.ice.clone()),
            pulse: Pulse::new(),
            reactors: Reactors::new(threads),
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::new(),
            limits: limits.clone(),
            rooms,
            connections: Mutex::default(),
            unidentified: AtomicUsize::new(0),
            next_conn: AtomicU64::new(1),
            message_serial: AtomicU64::new(1),
            options,
            started: Instant::now(),
            started_unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            draining: AtomicBool::new(false),
            lives: Arc::new(()),
            config,
        })
    }

    /// A name for one more connection.
    pub(crate) fn next_conn(&self) -> ConnId {
        ConnId::new(self.next_conn.fetch_add(1, Ordering::Relaxed))
    }

    /// The time in ticks of the pulse.
    pub(crate) fn tick(&self, now: Instant) -> u32 {
        let ticks = now.saturating_duration_since(self.started).as_millis() / TICK.as_millis();
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// When the node began.
    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// What the clock of the wall showed at a moment since the node began; steps of that clock do not show.
    pub(crate) fn wall_clock(&self, moment: Instant) -> SystemTime {
        UNIX_EPOCH + self.started_unix + moment.saturating_duration_since(self.started)
    }

    /// Time and numbers for messages that carry them.
    pub(crate) fn stamp(&self, now: Instant) -> Stamp<'_> {
        let since_epoch = self.started_unix + now.saturating_duration_since(self.started);
        Stamp {
            unix_millis: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            serial: &self.message_serial,
            options: &self.options,
        }
    }

    /// Takes note of a new connection; dropping the guard is its end, however it comes to it.
    pub(crate) fn attach(self: &Arc<Self>, connection: &Arc<Connection>) -> Attached {
        self.connections
            .lock()
            .insert(connection.id, Arc::clone(connection));
        self.unidentified.fetch_add(1, Ordering::Relaxed);
        self.metrics.opened.inc();
        self.pulse.watch(connection.id, self.first_look(connection));
        if self.is_draining() {
            // It slipped in behind the farewell to all.
            connection.close(CloseReason::ShuttingDown, &mut Batch::new(self));
        }
        Attached {
            node: Arc::clone(self),
            connection: Some(Arc::clone(connection)),
        }
    }

    /// A connection, if it is still there.
    pub(crate) fn connection(&self, id: ConnId) -> Option<Arc<Connection>> {
        self.connections.lock().get(&id).cloned()
    }

    /// WebSocket connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.connections.lock().len()
    }

    /// Held by a WebSocket's task until its socket is closed, which may be after its peer has left.
    pub(crate) fn live(&self) -> Arc<()> {
        Arc::clone(&self.lives)
    }

    /// WebSockets whose sockets are open.
    pub(crate) fn lives(&self) -> usize {
        Arc::strong_count(&self.lives) - 1
    }

    /// Connections that have not said yet what they speak.
    pub(crate) fn unidentified(&self) -> usize {
        self.unidentified.load(Ordering::Relaxed)
    }

    /// Named rooms there are.
    pub(crate) fn rooms(&self) -> usize {
        self.rooms.used()
    }

    /// Whether the server is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Says farewell to everybody, behind what is queued for them.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        let everybody: Vec<Arc<Connection>> = self.connections.lock().values().cloned().collect();
        for some in everybody.chunks(256) {
            let mut batch = Batch::new(self);
            for connection in some {
                // Whoever is still reading by then is counted as cut off, not ended before.
                connection.cut_off_after(self.config.timeouts.shutdown * 2, self);
                connection.close(CloseReason::ShuttingDown, &mut batch);
            }
        }
    }

    /// What its hubs allow.
    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A connection's departure from everywhere.
    pub(crate) fn detach(&self, connection: &Arc<Connection>, batch: &mut Batch<'_>) {
        {
            let mut connections = self.connections.lock();
            if connections.remove(&connection.id).is_none() {
                return;
            }
            give_back(&mut connections);
        }
        match connection.wire() {
            Some(wire) => {
                self.metrics.connections(wire).dec();
            }
            None => {
                self.unidentified.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let rooms = std::mem::take(&mut connection.speech().rooms);
        for room in rooms {
            let mut shard = self.shards[self.shard_of(&room)].lock();
            shard.hub.handle(
                batch.now,
                Input::Detach {
                    conn: connection.id,
                },
            );
            self.settle(&mut shard, Some(connection), batch);
        }
    }

    /// All shards. Whoever looks around locks one at a time.
    pub(crate) fn shards(&self) -> &[Mutex<Shard>] {
        &self.shards
    }

    /// The shard that a room is in, if it is anywhere.
    pub(crate) fn shard(&self, room: &RoomId) -> &Mutex<Shard> {
        &self.shards[self.shard_of(room)]
    }

    fn shard_of(&self, room: &RoomId) -> usize {
        // The remainder is below SHARDS.
        usize::try_from(self.hasher.hash_one(room) % SHARDS as u64).unwrap_or_default()
    }

    /// Two different shards, locked in the order of their places so that two moves never wait for each other.
    fn lock_two(&self, one: usize, other: usize) -> (MutexGuard<'_, Shard>, MutexGuard<'_, Shard>) {
        if one < other {
            let first = self.shards[one].lock();
            (first, self.shards[other].lock())
        } else {
            let first = self.shards[other].lock();
            (self.shards[one].lock(), first)
        }
    }
}

/// A connection that the node knows. Dropping it is the connection's departure from everywhere, whether what kept it
/// ended politely, failed or panicked.
#[derive(Debug)]
pub(crate) struct Attached {
    node: Arc<Node>,
    connection: Option<Arc<Connection>>,
}

impl Attached {
    /// What it is attached to.
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Leaves its departure to somebody else.
    pub(crate) fn hand_over(mut self) -> Option<Arc<Connection>> {
        self.connection.take()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.node.detach(&connection, &mut Batch::new(&self.node));
        }
    }
}
