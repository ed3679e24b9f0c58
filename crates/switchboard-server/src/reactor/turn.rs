//! The loop of one reactor.

use std::io;
use std::os::fd::AsRawFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::reading::{Reading, Ready, Service};
use super::timers::Timers;
use super::{Letter, MAIL, set_here};
use crate::batch::Batch;
use crate::node::Node;

/// A thread's sockets, and what is to be done for them.
#[derive(Debug)]
pub(super) struct Reactor {
    /// Its place among the reactors.
    index: usize,
    node: Arc<Node>,
    poll: Poll,
    readings: Slab<Reading>,
    timers: Timers,
    /// Slots with something to do in this turn, of which the first `done` have been served.
    ready: Vec<(usize, Ready)>,
    done: usize,
    /// Slots to be served again in the next turn, whatever comes.
    again: Vec<usize>,
    buffer: Box<[u8]>,
}

/// Events taken from the system at once.
const EVENTS: usize = 1024;

/// What one read can bring.
const BUFFER: usize = 64 * 1024;

/// Connections served before what they bring about is written: enough that several messages for one client go out
/// in one write, few enough that none waits for long.
const CORK: usize = 32;

/// Bytes taken in before what they bring about is written, so that no outbox fills up meanwhile.
const CORK_BYTES: usize = 64 * 1024;

impl Reactor {
    pub(super) fn new(index: usize, node: Arc<Node>, poll: Poll) -> Self {
        Self {
            index,
            node,
            poll,
            readings: Slab::new(),
            timers: Timers::default(),
            ready: Vec::new(),
            done: 0,
            again: Vec::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
        }
    }

    /// Serves until it is told to stop.
    pub(super) fn run(mut self) {
        set_here(self.index);
        let mut events = Events::with_capacity(EVENTS);
        loop {
            self.wait(&mut events);
            self.ready.clear();
            self.done = 0;
            for slot in self.again.drain(..) {
                self.ready.push((slot, Ready::LOOK));
            }
            if self.take_mail() {
                return;
            }
            self.take_due();
            for event in &events {
                if event.token() != MAIL {
                    let ready = Ready {
                        readable: event.is_readable() || event.is_error(),
                        writable: event.is_writable(),
                        closed: event.is_read_closed(),
                    };
                    self.ready.push((event.token().0, ready));
                }
            }
            while self.done < self.ready.len() {
                // A panic is the end of the connection that was being served, and of no other.
                if catch_unwind(AssertUnwindSafe(|| self.serve_some())).is_err() {
                    self.give_up_current();
                }
            }
        }
    }

    fn wait(&mut self, events: &mut Events) {
        let desk = &self.node.reactors.desks[self.index];
        let patience = if !self.again.is_empty() || desk.has_mail() {
            Some(Duration::ZERO)
        } else {
            let due = self.timers.next();
            due.map(|due| due.saturating_duration_since(Instant::now()))
        };
        if let Err(error) = self.poll.poll(events, patience)
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::error!(%error, reactor = self.index, "cannot wait for sockets");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Reads what others have asked for. True if it is to stop.
    fn take_mail(&mut self) -> bool {
        let node = Arc::clone(&self.node);
        for letter in node.reactors.desks[self.index].take_mail() {
            match letter {
                Letter::Arrival(reading) => self.admit(*reading),
                Letter::Look(connection) => {
                    let slot = connection.berth.slot();
                    if let Some(reading) = self.readings.get(slot)
                        && reading.connection.id == connection.id
                    {
                        self.ready.push((slot, Ready::LOOK));
                    }
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

    fn admit(&mut self, reading: Reading) {
        let entry = self.readings.vacant_entry();
        let slot = entry.key();
        reading.connection.berth.take(slot);
        let registered = reading.socket().map(|socket| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let fd = socket.as_raw_fd();
            let registry = self.poll.registry();
            registry.register(&mut SourceFd(&fd), Token(slot), interest)
        });
        match registered {
            Some(Ok(())) => {
                entry.insert(reading);
                self.ready.push((slot, Ready::LOOK));
            }
            Some(Err(error)) => {
                tracing::warn!(conn = %reading.connection.id, %error, "cannot serve the socket");
                self.let_go(reading);
            }
            None => self.let_go(reading),
        }
    }

    fn let_go(&self, reading: Reading) {
        self.node.reactors.depart(&reading.connection);
        reading.fail(&self.node);
    }

    /// Serves as many as belong together, then writes what that has brought about.
    fn serve_some(&mut self) {
        let mut gone = Vec::new();
        let mut moving = Vec::new();
        let mut batch = Batch::new(&self.node);
        let mut taken = 0;
        for _ in 0..CORK {
            let Some(&(slot, ready)) = self.ready.get(self.done) else {
                break;
            };
            self.done += 1;
            let Some(reading) = self.readings.get_mut(slot) else {
                continue;
            };
            let mut service = Service {
                batch: &mut batch,
                buffer: &mut self.buffer,
                taken: 0,
                again: false,
                due: None,
            };
            let stays = reading.serve(ready, &mut service);
            let Service {
                taken: bytes,
                again,
                due,
                ..
            } = service;
            if !stays {
                gone.push(slot);
            } else if reading.connection.berth.wanted() != self.index {
                moving.push(slot);
            } else if again {
                self.again.push(slot);
            } else if let Some(due) = due {
                self.timers.set(slot, due);
            }
            taken += bytes;
            if taken >= CORK_BYTES {
                break;
            }
        }
        drop(batch);
        for slot in gone {
            if let Some(reading) = self.remove(slot) {
                self.node.reactors.depart(&reading.connection);
            }
        }
        for slot in moving {
            if let Some(reading) = self.remove(slot) {
                self.node.reactors.send_on(reading);
            }
        }
    }

    /// Takes a connection out. Nothing more is heard of its socket here.
    fn remove(&mut self, slot: usize) -> Option<Reading> {
        let reading = self.readings.try_remove(slot)?;
        self.timers.clear(slot);
        if let Some(socket) = reading.socket() {
            let fd = socket.as_raw_fd();
            // It is open, and registered here; nobody could do more about a failure than close it.
            let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
        }
        Some(reading)
    }

    /// Ends the connection that was being served last.
    fn give_up_current(&mut self) {
        let current = self.done.checked_sub(1);
        let slot = current.and_then(|current| self.ready.get(current));
        let Some(&(slot, _)) = slot else {
            return;
        };
        if let Some(reading) = self.remove(slot) {
            tracing::error!(conn = %reading.connection.id, "serving the connection failed; it is closed");
            self.let_go(reading);
        }
    }
}
