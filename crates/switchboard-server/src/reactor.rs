//! The threads that serve sockets.
//!
//! A reactor waits for its sockets (epoll, through `mio`), reads what has come, has it heard, and writes what that has
//! brought about: once per outbox for several connections that were ready together. Nothing on this way is a task or
//! a future; HTTP and what polls is served by tokio instead (docs/adr/0011).
//!
//! A connection is served by one reactor at a time: that of the room it has joined last, so that what is said in a
//! room stays on one thread. Any thread may append to any outbox and write it; only reading has its place.

mod frames;
mod guest;
mod reading;
#[cfg(test)]
mod tests;
mod timers;
mod turn;

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use mio::{Poll, Token, Waker};
use parking_lot::Mutex;
use tokio::sync::oneshot;

pub(crate) use self::frames::{Protocol, hear};
pub(crate) use self::reading::Reading;
use self::turn::Reactor;
use crate::connection::Connection;
use crate::front::doorstep::Front;
use crate::front::listener::Listener;
use crate::node::Node;

/// All reactors of a node, as the other threads see them.
#[derive(Debug)]
pub(crate) struct Reactors {
    desks: Box<[Desk]>,
}

/// Where a reactor is asked for something.
#[derive(Debug, Default)]
struct Desk {
    inbox: Mutex<Vec<Letter>>,
    has_mail: AtomicBool,
    /// Set before the reactor runs.
    waker: OnceLock<Waker>,
    /// The connections that are, or will be, served there.
    connections: AtomicUsize,
    /// Those of them that have joined a room.
    seated: AtomicUsize,
}

#[derive(Debug)]
enum Letter {
    /// One more connection to serve.
    Arrival(Box<Reading>),
    /// Something about a connection has changed that no event of its socket tells.
    Look(Arc<Connection>),
    /// Addresses to listen on.
    Open(Vec<Listener>, Arc<Front>),
    /// Nobody more is accepted; says so when that is done.
    Shut(oneshot::Sender<()>),
    Stop,
}

/// Where a connection is served.
#[derive(Debug)]
pub(crate) struct Berth {
    /// The reactor that serves it, or [`NOWHERE`].
    reactor: AtomicU32,
    /// The one that is to serve it.
    wanted: AtomicU32,
    /// The one at which it counts as seated, or [`NOWHERE`].
    seated: AtomicU32,
    /// Its slot there.
    slot: AtomicU32,
}

/// For connections that no reactor serves, and threads that are none.
const NOWHERE: u32 = u32::MAX;

/// The token of a reactor's own waker.
const MAIL: Token = Token(usize::MAX);

thread_local! {
    /// Which reactor this thread is.
    static HERE: Cell<u32> = const { Cell::new(NOWHERE) };
}

fn set_here(index: usize) {
    HERE.set(number(index));
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NOWHERE)
}

impl Default for Berth {
    fn default() -> Self {
        Self {
            reactor: AtomicU32::new(NOWHERE),
            wanted: AtomicU32::new(NOWHERE),
            seated: AtomicU32::new(NOWHERE),
            slot: AtomicU32::new(NOWHERE),
        }
    }
}

impl Berth {
    /// The slot in the reactor that serves it.
    fn slot(&self) -> usize {
        self.slot.load(Ordering::Acquire) as usize
    }

    /// It is served by this reactor now, in this slot.
    fn take(&self, reactor: usize, slot: usize) {
        self.slot.store(number(slot), Ordering::Relaxed);
        self.reactor.store(number(reactor), Ordering::Release);
    }

    /// The reactor that is to serve it.
    fn wanted(&self) -> usize {
        self.wanted.load(Ordering::Relaxed) as usize
    }

    /// Whether another reactor than the one that asks serves it. Threads that are no reactors are not asked.
    pub(crate) fn is_across(&self) -> bool {
        let here = HERE.get();
        let there = self.reactor.load(Ordering::Relaxed);
        here != there && here != NOWHERE && there != NOWHERE
    }
}

impl Desk {
    fn post(&self, letter: Letter, is_here: bool) {
        self.inbox.lock().push(letter);
        if !self.has_mail.swap(true, Ordering::AcqRel)
            && !is_here
            && let Some(waker) = self.waker.get()
            && let Err(error) = waker.wake()
        {
            tracing::error!(%error, "a reactor cannot be woken");
        }
    }

    fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    fn take_mail(&self) -> Vec<Letter> {
        if self.has_mail.swap(false, Ordering::AcqRel) {
            std::mem::take(&mut *self.inbox.lock())
        } else {
            Vec::new()
        }
    }
}

impl Reactors {
    /// So many, at least one. They serve once they are [started](Reactors::start).
    pub(crate) fn new(count: usize) -> Self {
        let desks = std::iter::repeat_with(Desk::default);
        Self {
            desks: desks.take(count.max(1)).collect(),
        }
    }

    /// Starts a thread for each.
    ///
    /// # Errors
    /// If the system has no epoll instance or no thread to give.
    pub(crate) fn start(node: &Arc<Node>) -> io::Result<Threads> {
        let mut threads = Threads {
            node: Arc::clone(node),
            running: Vec::new(),
        };
        for (index, desk) in node.reactors.desks.iter().enumerate() {
            let poll = Poll::new()?;
            let waker = Waker::new(poll.registry(), MAIL)?;
            // Nobody else sets it.
            let _ = desk.waker.set(waker);
            let reactor = Reactor::new(index, Arc::clone(node), poll);
            let thread = std::thread::Builder::new().name(format!("reactor-{index}"));
            threads.running.push(thread.spawn(move || reactor.run())?);
        }
        Ok(threads)
    }

    /// Accepts sockets at these addresses from now on. One reactor does; it hands on what it accepts.
    pub(crate) fn open(&self, listeners: Vec<Listener>, front: Arc<Front>) {
        self.desks[0].post(Letter::Open(listeners, front), false);
    }

    /// Accepts nobody any more; ready when that is so.
    pub(crate) async fn shut(&self) {
        let (done, shut) = oneshot::channel();
        self.desks[0].post(Letter::Shut(done), false);
        // A reactor that is gone accepts nobody.
        let _ = shut.await;
    }

    /// Chooses where a connection that has a socket is to be served.
    pub(crate) fn assign(&self, connection: &Connection) {
        let quietest = self.least(|desk| &desk.connections);
        let wanted = &connection.berth.wanted;
        wanted.store(number(quietest), Ordering::Relaxed);
        let connections = &self.desks[quietest].connections;
        connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Brings a connection to the reactor that is to serve it; that is [assigned](Reactors::assign).
    pub(crate) fn send_on(&self, reading: Reading) {
        let berth = &reading.connection.berth;
        let wanted = berth.wanted.load(Ordering::Relaxed);
        berth.slot.store(NOWHERE, Ordering::Relaxed);
        berth.reactor.store(wanted, Ordering::Release);
        // Whoever changes something and looks for its reactor finds this one, or is seen by the look at its arrival.
        fence(Ordering::SeqCst);
        let desk = &self.desks[wanted as usize];
        desk.post(Letter::Arrival(Box::new(reading)), HERE.get() == wanted);
    }

    /// It is served no more.
    fn depart(&self, connection: &Connection) {
        if let Some(desk) = self.desks.get(connection.berth.wanted()) {
            desk.connections.fetch_sub(1, Ordering::Relaxed);
        }
        self.seat(connection, NOWHERE);
    }

    /// From now on it counts as seated at this reactor.
    fn seat(&self, connection: &Connection, reactor: u32) {
        let former = connection.berth.seated.swap(reactor, Ordering::Relaxed);
        if let Some(desk) = self.desks.get(former as usize) {
            desk.seated.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(desk) = self.desks.get(reactor as usize) {
            desk.seated.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the reactor look at a connection although nothing has come from it.
    pub(crate) fn look(&self, connection: &Arc<Connection>) {
        fence(Ordering::SeqCst);
        let reactor = connection.berth.reactor.load(Ordering::Acquire);
        if let Some(desk) = self.desks.get(reactor as usize) {
            let letter = Letter::Look(Arc::clone(connection));
            desk.post(letter, HERE.get() == reactor);
        }
    }

    /// Whether the connection's own reactor asks.
    pub(crate) fn is_here(connection: &Connection) -> bool {
        let reactor = connection.berth.reactor.load(Ordering::Relaxed);
        reactor == HERE.get() && reactor != NOWHERE
    }

    /// Has a connection that has joined a room served where the room is: where `neighbour` is served, who was there
    /// before; or where the fewest are in rooms, if it is the first.
    pub(crate) fn gather<'c>(
        &self,
        connection: &Connection,
        neighbour: impl FnOnce() -> Option<&'c Connection>,
    ) {
        let berth = &connection.berth;
        let wanted = berth.wanted.load(Ordering::Relaxed);
        if self.desks.len() == 1 || wanted == NOWHERE {
            return;
        }
        let home = neighbour().map(|neighbour| neighbour.berth.wanted.load(Ordering::Relaxed));
        let home = match home {
            Some(home) if home != NOWHERE => home,
            _ => {
                let quietest = self.least(|desk| &desk.seated);
                let seated = |index: usize| self.desks[index].seated.load(Ordering::Relaxed);
                if seated(wanted as usize) <= seated(quietest) {
                    wanted
                } else {
                    number(quietest)
                }
            }
        };
        self.seat(connection, home);
        if home != wanted {
            berth.wanted.store(home, Ordering::Relaxed);
            let count = |reactor: u32| &self.desks[reactor as usize].connections;
            count(wanted).fetch_sub(1, Ordering::Relaxed);
            count(home).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The reactor that has the least of something.
    fn least(&self, of: impl Fn(&Desk) -> &AtomicUsize) -> usize {
        let desks = self.desks.iter().enumerate();
        let least = desks.min_by_key(|(_, desk)| of(desk).load(Ordering::Relaxed));
        least.map_or(0, |(index, _)| index)
    }
}

/// Running reactors; dropping this ends them.
#[derive(Debug)]
pub(crate) struct Threads {
    node: Arc<Node>,
    running: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        for desk in &self.node.reactors.desks {
            desk.post(Letter::Stop, false);
        }
        for thread in self.running.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reactor has failed");
            }
        }
    }
}
