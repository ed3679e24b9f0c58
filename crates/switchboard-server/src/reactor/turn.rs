//! The loop of one reactor.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::guest::{Door, Guest, Wish};
use super::reading::{Reading, Ready, Service};
use super::timers::Timers;
use super::{Letter, MAIL, set_here};
use crate::batch::{self, Batch};
use crate::connection::Connection;
use crate::front::doorstep::Front;
use crate::node::Node;

/// A thread's sockets, and what is to be done for them.
#[derive(Debug)]
pub(super) struct Reactor {
    /// Its place among the reactors.
    index: usize,
    node: Arc<Node>,
    /// What guests find; only where there are doors.
    front: Option<Arc<Front>>,
    poll: Poll,
    served: Slab<Served>,
    timers: Timers,
    /// Slots with something to do in this turn, of which the first `done` have been served.
    ready: Vec<(usize, Ready)>,
    done: usize,
    /// Slots to be served again in the next turn, whatever comes.
    again: Vec<usize>,
    /// Slots that are to be emptied once the batch is written.
    leaving: Vec<usize>,
    /// Whether there may be something to give back once there is nothing to do.
    is_awake: bool,
    /// Slots that were emptied since the free ones were last given back.
    emptied: usize,
    buffer: Box<[u8]>,
}

/// A socket in its slot.
#[derive(Debug)]
enum Served {
    Door(Box<Door>),
    Guest(Guest),
    Connection(Reading),
    /// A guest is becoming something else.
    Nobody,
}

impl Served {
    fn fd(&self) -> Option<RawFd> {
        match self {
            Self::Door(door) => Some(door.listener.as_raw_fd()),
            Self::Guest(guest) => Some(guest.socket.as_raw_fd()),
            Self::Connection(reading) => reading.socket().map(AsRawFd::as_raw_fd),
            Self::Nobody => None,
        }
    }
}

/// What becomes of a slot that was served.
enum Outcome {
    Stays,
    /// It is empty once the batch is written.
    Leaves,
    /// The door has let these in.
    Guests(Vec<Guest>),
    /// The guest wants something.
    Wish(Wish),
}

/// Events taken from the system at once.
const EVENTS: usize = 1024;

/// What one read can bring.
const BUFFER: usize = 64 * 1024;

/// Slots served before what they bring about is written: enough that several messages for one client go out in one
/// write, few enough that none waits for long.
const CORK: usize = 32;

/// Bytes taken in before what they bring about is written, so that no outbox fills up meanwhile.
const CORK_BYTES: usize = 64 * 1024;

/// After so long without anything to do, the buffers kept for the next batch are given back.
const REST: Duration = Duration::from_secs(1);

/// So few slots are not worth giving back.
const SMALL: usize = 64;

impl Reactor {
    pub(super) fn new(index: usize, node: Arc<Node>, poll: Poll) -> Self {
        Self {
            index,
            node,
            front: None,
            poll,
            served: Slab::new(),
            timers: Timers::default(),
            ready: Vec::new(),
            done: 0,
            again: Vec::new(),
            leaving: Vec::new(),
            is_awake: false,
            emptied: 0,
            buffer: vec![0; BUFFER].into_boxed_slice(),
        }
    }

    /// Serves until it is told to stop.
    pub(super) fn run(mut self) {
        set_here(self.index);
        let mut events = Events::with_capacity(EVENTS);
        loop {
            self.begin();
            self.wait(&mut events);
            // Whatever fails here fails once; the reactor is there for the others.
            let stops = catch_unwind(AssertUnwindSafe(|| self.look_around(&events)));
            if matches!(stops, Ok(true)) {
                return;
            }
            while self.done < self.ready.len() {
                // A panic is the end of the connection that was being served, and of no other.
                if catch_unwind(AssertUnwindSafe(|| self.serve_some())).is_err() {
                    let _ = catch_unwind(AssertUnwindSafe(|| self.give_up_current()));
                }
            }
        }
    }

    /// Finds out who is to be served, each once. True if the reactor is to stop.
    fn look_around(&mut self, events: &Events) -> bool {
        for slot in self.again.drain(..) {
            self.ready.push((slot, Ready::LOOK));
        }
        if self.take_mail() {
            return true;
        }
        self.take_due();
        self.ready.sort_unstable_by_key(|(slot, _)| *slot);
        self.ready.dedup_by_key(|(slot, _)| *slot);
        let looks = self.ready.len();
        for event in events {
            let Token(slot) = event.token();
            if event.token() == MAIL {
                continue;
            }
            let ready = Ready {
                readable: event.is_readable() || event.is_error(),
                writable: event.is_writable(),
                closed: event.is_read_closed(),
            };
            match self.ready[..looks].binary_search_by_key(&slot, |(slot, _)| *slot) {
                Ok(known) => self.ready[known].1.closed = ready.closed,
                Err(_) => self.ready.push((slot, ready)),
            }
        }
        false
    }

    fn wait(&mut self, events: &mut Events) {
        let desk = &self.node.reactors.desks[self.index];
        let patience = if !self.again.is_empty() || desk.has_mail() {
            Some(Duration::ZERO)
        } else {
            let due = self.timers.next();
            let due = due.map(|due| due.saturating_duration_since(Instant::now()));
            let rest = self.is_awake.then_some(REST);
            due.into_iter().chain(rest).min()
        };
        if let Err(error) = self.poll.poll(events, patience)
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::error!(%error, reactor = self.index, "cannot wait for sockets");
            std::thread::sleep(Duration::from_millis(10));
        }
        let rests = events.is_empty() && patience.is_some_and(|patience| patience >= REST);
        if rests {
            batch::give_back();
        }
        self.is_awake = !rests;
    }

    /// Reads what others have asked for. True if it is to stop.
    fn take_mail(&mut self) -> bool {
        let node = Arc::clone(&self.node);
        for letter in node.reactors.desks[self.index].take_mail() {
            match letter {
                Letter::Arrival(reading) => self.receive(*reading),
                Letter::Look(connection) => {
                    let slot = connection.berth.slot();
                    if let Some(Served::Connection(reading)) = self.served.get(slot)
                        && reading.connection.id == connection.id
                    {
                        self.ready.push((slot, Ready::LOOK));
                    }
                }
                Letter::Open(listeners, front) => {
                    self.front = Some(front);
                    for listener in listeners {
                        self.admit(Served::Door(Box::new(Door::new(listener))));
                    }
                }
                Letter::Shut(done) => {
                    self.served
                        .retain(|_, served| !matches!(served, Served::Door(_)));
                    // Whoever has asked may have given up.
                    let _ = done.send(());
                }
                Letter::Stop => return true,
            }
        }
        false
    }

    fn take_due(&mut self) {
        if self.timers.next().is_some() {
            let now = Instant::now();
            while let Some(slot) = self.timers.pop_due(now) {
                self.ready.push((slot, Ready::LOOK));
            }
        }
    }

    /// Serves a connection that has its place here.
    fn receive(&mut self, reading: Reading) {
        if let Some(slot) = self.admit(Served::Connection(reading)) {
            self.ready.push((slot, Ready::LOOK));
        }
    }

    /// Gives a socket a slot, and has its events told.
    fn admit(&mut self, served: Served) -> Option<usize> {
        let entry = self.served.vacant_entry();
        let slot = entry.key();
        let registry = self.poll.registry();
        let registered = served.fd().map_or(Ok(()), |fd| {
            let interest = match served {
                Served::Door(_) => Interest::READABLE,
                _ => Interest::READABLE | Interest::WRITABLE,
            };
            registry.register(&mut SourceFd(&fd), Token(slot), interest)
        });
        if let Served::Connection(reading) = &served {
            reading.connection.berth.take(self.index, slot);
        }
        entry.insert(served);
        if let Err(error) = registered {
            tracing::error!(%error, "cannot serve a socket");
            self.give_up(slot);
            return None;
        }
        Some(slot)
    }

    /// Serves as many as belong together, then writes what that has brought about.
    fn serve_some(&mut self) {
        let node = Arc::clone(&self.node);
        let mut batch = Batch::new(&node);
        let end = self.ready.len().min(self.done + CORK);
        let mut taken = 0;
        while self.done < end && taken < CORK_BYTES {
            let (slot, ready) = self.ready[self.done];
            self.done += 1;
            taken += self.serve(slot, ready, &mut batch);
        }
        drop(batch);
        while let Some(slot) = self.leaving.pop() {
            self.empty(slot);
        }
    }

    /// Serves one slot; returns how many bytes were heard.
    fn serve(&mut self, slot: usize, ready: Ready, batch: &mut Batch<'_>) -> usize {
        let Some(served) = self.served.get_mut(slot) else {
            return 0;
        };
        let mut service = Service::new(batch, &mut self.buffer);
        let outcome = match (served, &self.front) {
            (Served::Connection(reading), _) => {
                let stays = reading.serve(ready, &mut service);
                if stays && reading.connection.berth.wanted() == self.index {
                    Outcome::Stays
                } else {
                    Outcome::Leaves
                }
            }
            (Served::Door(door), Some(front)) => {
                Outcome::Guests(door.accept(&self.node, front, &mut service))
            }
            (Served::Guest(guest), Some(front)) if ready.readable => {
                Outcome::Wish(guest.ask(front, &mut service))
            }
            _ => Outcome::Stays,
        };
        let (taken, again, due) = (service.taken, service.again, service.due);
        match outcome {
            Outcome::Leaves => {
                self.leaving.push(slot);
                return taken;
            }
            Outcome::Stays => {}
            Outcome::Guests(guests) => {
                for guest in guests {
                    let deadline = guest.deadline;
                    if let Some(slot) = self.admit(Served::Guest(guest)) {
                        self.timers.set(slot, deadline);
                    }
                }
            }
            Outcome::Wish(wish) => self.grant(slot, wish, batch),
        }
        if again {
            self.again.push(slot);
        } else if let Some(due) = due {
            self.timers.set(slot, due);
        }
        taken
    }

    /// Makes of a guest what it wants to be.
    fn grant(&mut self, slot: usize, wish: Wish, batch: &mut Batch<'_>) {
        let (Some(served), Some(front)) = (self.served.get_mut(slot), &self.front) else {
            return;
        };
        if matches!(wish, Wish::Nothing) {
            return;
        }
        self.timers.clear(slot);
        let Served::Guest(guest) = std::mem::replace(served, Served::Nobody) else {
            return;
        };
        let Guest {
            socket,
            admission,
            deadline,
        } = guest;
        match wish {
            Wish::Nothing | Wish::End => {}
            Wish::Http(size) => {
                let fd = socket.as_raw_fd();
                // It is open and registered; tokio is the one to be told of it from now on.
                let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
                front.serve(socket, &self.buffer[..size], admission, deadline);
            }
            Wish::Connection(welcome, size) => {
                let bytes = &self.buffer[..size];
                if let Some(reading) = front.welcome(*welcome, bytes, socket, admission, batch) {
                    let berth = &reading.connection.berth;
                    berth.take(self.index, slot);
                    if berth.wanted() == self.index {
                        self.again.push(slot);
                    } else {
                        self.leaving.push(slot);
                    }
                    *served = Served::Connection(reading);
                    return;
                }
            }
        }
        self.leaving.push(slot);
    }

    /// Begins a turn: nothing is ready yet. Gives back the slots of many who are gone, as far as nobody sits behind them;
    /// not before so many are gone that it is worth looking at all.
    fn begin(&mut self) {
        self.ready.clear();
        self.done = 0;
        self.ready.shrink_to(EVENTS);
        self.again.shrink_to(EVENTS);
        self.leaving.shrink_to(EVENTS);
        let slots = self.served.capacity();
        if slots > SMALL
            && self.served.len() * 4 < slots
            && (self.emptied * 2 > slots || self.served.len() <= SMALL)
        {
            self.served.shrink_to_fit();
            self.emptied = 0;
        }
    }

    /// Takes out who has ended or is served elsewhere from now on.
    fn empty(&mut self, slot: usize) {
        let Some(served) = self.served.try_remove(slot) else {
            return;
        };
        self.emptied += 1;
        self.timers.clear(slot);
        match served {
            Served::Connection(reading) if reading.is_over() => {
                self.node.reactors.depart(&reading.connection);
                reading.close(&self.node, |connection| self.forget(connection));
            }
            Served::Connection(reading) => {
                self.forget(&reading.connection);
                self.node.reactors.send_on(reading);
            }
            Served::Door(_) | Served::Guest(_) | Served::Nobody => {}
        }
    }

    /// Has nothing more told of a connection's socket.
    fn forget(&self, connection: &Connection) {
        if let Some(socket) = connection.socket() {
            let fd = socket.as_raw_fd();
            // It is open and registered; more could not be done about a failure.
            let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
        }
    }

    /// Ends what was being served last.
    fn give_up_current(&mut self) {
        let current = self.done.checked_sub(1);
        if let Some((slot, _)) = current.and_then(|current| self.ready.get(current)) {
            self.give_up(*slot);
        }
        while let Some(slot) = self.leaving.pop() {
            self.empty(slot);
        }
    }

    fn give_up(&mut self, slot: usize) {
        match self.served.get(slot) {
            // Without its doors a server is none.
            Some(Served::Door(_)) => return self.again.push(slot),
            None => return,
            Some(_) => {}
        }
        let served = self.served.remove(slot);
        self.timers.clear(slot);
        if let Served::Connection(reading) = served {
            tracing::error!(conn = %reading.connection.id, "serving the connection failed; it is closed");
            self.node.reactors.depart(&reading.connection);
            self.forget(&reading.connection);
            reading.fail(&self.node);
        }
    }
}
