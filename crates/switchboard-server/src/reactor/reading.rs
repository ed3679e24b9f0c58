//! One connection as its reactor serves it, from its first byte to its end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::frames::{Frames, Protocol, Step};
use crate::admission::Admission;
use crate::batch::Batch;
use crate::connection::Connection;
use crate::node::{Attached, Node};
use crate::pulse::CLOSE_TIMEOUT;
use crate::socket::Socket;

/// A connection with a socket, while that is open.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(super) connection: Arc<Connection>,
    frames: Frames,
    stage: Stage,
    /// Since when the other end is known to say nothing more than what it has said.
    gone: Option<Instant>,
    /// When the next frame of a client goes out that takes one per read.
    frame_due: Option<Instant>,
    /// The socket's own place, where it is not the connection's.
    _place: Option<Arc<Admission>>,
    /// See [`Node::live`].
    _live: Arc<()>,
}

#[derive(Debug)]
enum Stage {
    /// What comes is heard.
    Listening,
    /// What came waits to be heard.
    Holding(Box<Held>),
    /// Nobody is there any more; what is queued goes out, and the socket ends.
    Parting(Box<Parting>),
    /// The socket may go.
    Over,
}

/// What came and is not heard yet.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    until: Instant,
}

/// The end of a transport: what is queued goes out, then our side closes, and the other side gets a moment to do so,
/// since closing a socket with unread bytes would cut off what was just written.
#[derive(Debug)]
struct Parting {
    /// Who has not taken what is queued by then is told nothing more.
    deadline: Instant,
    /// Whether our side is closed.
    is_finished: bool,
    /// Bytes that are still read and forgotten.
    left: usize,
}

/// What a reactor knows of a socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ready {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// Whether the other end has closed its side.
    pub(super) closed: bool,
}

impl Ready {
    /// Nothing in particular has happened; whatever may have is to be looked for.
    pub(super) const LOOK: Self = Self {
        readable: true,
        writable: true,
        closed: false,
    };
}

/// What a connection is served with.
#[derive(Debug)]
pub(super) struct Service<'s, 'n> {
    pub(super) batch: &'s mut Batch<'n>,
    /// What one read can bring. No connection has a buffer of its own.
    pub(super) buffer: &'s mut [u8],
    /// How many bytes came.
    pub(super) taken: usize,
    /// Whether there is more to do as soon as the batch is written.
    pub(super) again: bool,
    /// When there is something to do although nothing has come.
    pub(super) due: Option<Instant>,
}

impl<'s, 'n> Service<'s, 'n> {
    pub(super) fn new(batch: &'s mut Batch<'n>, buffer: &'s mut [u8]) -> Self {
        Self {
            batch,
            buffer,
            taken: 0,
            again: false,
            due: None,
        }
    }

    pub(super) fn look_at(&mut self, moment: Instant) {
        self.due = Some(self.due.map_or(moment, |due| due.min(moment)));
    }
}

/// How often a connection that is not read is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How often one is looked at that is to take what is queued before it ends.
const PARTING_LOOK: Duration = Duration::from_millis(5);

/// Bytes that are read and forgotten of somebody who is no client any more.
const FORGOTTEN_BYTES: usize = 16 * 1024 * 1024;

/// Time between two frames for clients that take one frame per read.
const PACE: Duration = Duration::from_millis(10);

impl Reading {
    /// For a connection that is known, [assigned](super::Reactors::assign), and has its socket. `early` is what came
    /// before it is read here; `place` is the socket's, where that is not the connection's own.
    pub(crate) fn new(
        attached: Attached,
        protocol: Protocol,
        early: Vec<u8>,
        place: Option<Arc<Admission>>,
    ) -> Option<Self> {
        let node = Arc::clone(attached.node());
        let frames = Frames::new(protocol, &node.config.limits);
        let live = node.live();
        let stage = if early.is_empty() {
            Stage::Listening
        } else {
            Stage::hold(early, Instant::now())
        };
        Some(Self {
            connection: attached.hand_over()?,
            frames,
            stage,
            gone: None,
            frame_due: None,
            _place: place,
            _live: live,
        })
    }

    /// The socket that is read.
    pub(super) fn socket(&self) -> Option<&Socket> {
        self.connection.socket()
    }

    /// Does what is to be done. False once the connection has ended and its socket may go.
    pub(super) fn serve(&mut self, ready: Ready, service: &mut Service<'_, '_>) -> bool {
        if ready.closed {
            self.gone.get_or_insert(service.batch.now);
        }
        if self.connection.is_backed_up() {
            self.write_on(ready, service);
        }
        match &mut self.stage {
            Stage::Listening if ready.readable || self.gone.is_some() => self.listen(service),
            Stage::Listening | Stage::Over => {}
            Stage::Holding(_) => self.hold_on(service),
            Stage::Parting(_) => {
                if !self.part(service) {
                    self.stage = Stage::Over;
                }
            }
        }
        !self.is_over()
    }

    /// Whether the socket may go.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Closes the socket; what it has not taken is counted as lost. `forget` is called if it cannot be closed at once,
    /// as somebody else holds it for the moment.
    pub(super) fn close(self, node: &Node, forget: impl FnOnce(&Connection)) {
        tracing::debug!(conn = %self.connection.id, "disconnected");
        match Arc::try_unwrap(self.connection) {
            Ok(mut connection) => node.metrics.lost(connection.lose()),
            Err(connection) => {
                forget(&connection);
                connection.abandon(node);
            }
        }
    }

    /// The connection ends because serving it has failed; the others are told, as far as that is possible.
    pub(super) fn fail(self, node: &Node) {
        if matches!(self.stage, Stage::Listening | Stage::Holding(_)) {
            node.detach(&self.connection, &mut Batch::new(node));
        }
        self.connection.abandon(node);
    }

    /// Writes what the socket did not take before.
    fn write_on(&mut self, ready: Ready, service: &mut Service<'_, '_>) {
        if !self.connection.one_frame_per_write {
            if ready.writable {
                self.connection.resume(service.batch);
            }
            return;
        }
        let now = service.batch.now;
        let due = *self.frame_due.get_or_insert(now + PACE);
        if now < due {
            return service.look_at(due);
        }
        self.connection.resume(service.batch);
        self.frame_due = self.connection.is_backed_up().then_some(now + PACE);
        if let Some(due) = self.frame_due {
            service.look_at(due);
        }
    }

    /// Takes in what one read brings.
    fn listen(&mut self, service: &mut Service<'_, '_>) {
        if self.connection.is_dismissed() {
            return self.end(None, service);
        }
        let Some(socket) = self.connection.socket() else {
            return self.end(None, service);
        };
        let size = match socket.read(service.buffer) {
            Ok(0) => return self.end_deserted(service),
            Ok(size) => size,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                service.again = true;
                return;
            }
            Err(_) => return self.end_deserted(service),
        };
        service.taken += size;
        // Less than there was room for was all there is, unless the end stands behind it, which is told once only.
        service.again = size == service.buffer.len() || self.gone.is_some();
        let bytes = &mut service.buffer[..size];
        let step = self.frames.take_in(bytes, &self.connection, service.batch);
        self.follow(step, service);
    }

    fn follow(&mut self, step: Step, service: &mut Service<'_, '_>) {
        match step {
            Step::More => {}
            Step::Pause(pause, rest) => {
                let vitals = &self.connection.vitals;
                vitals.paused.store(true, Ordering::Relaxed);
                self.stage = Stage::hold(rest, service.batch.now + pause);
                service.again = true;
            }
            Step::Goodbye(code) => self.end(Some(code), service),
            Step::End => self.end(None, service),
        }
    }

    /// Waits until what came may be heard; but not for a connection that ends, or whose other end has been gone for as
    /// long as one that is silent may be.
    fn hold_on(&mut self, service: &mut Service<'_, '_>) {
        let Stage::Holding(held) = &mut self.stage else {
            return;
        };
        let node = service.batch.node();
        let now = service.batch.now;
        let mut goes_on = !self.connection.is_closing();
        if let Some(gone) = self.gone {
            goes_on &= now.saturating_duration_since(gone) < node.config.timeouts.ping_timeout;
        }
        if goes_on && now < held.until {
            return service.look_at(held.until.min(now + LOOK));
        }
        // Its signs of life were not read meanwhile; what waits counts as one.
        self.connection.heard(node);
        self.connection
            .vitals
            .paused
            .store(false, Ordering::Release);
        let mut bytes = std::mem::take(&mut held.bytes);
        self.stage = Stage::Listening;
        if !goes_on {
            return self.end(None, service);
        }
        service.again = true;
        service.taken += bytes.len();
        let step = self
            .frames
            .take_in(&mut bytes, &self.connection, service.batch);
        self.follow(step, service);
    }

    /// There is nothing more to read for; `goodbye` is the code with which the client has said so, if it has.
    fn end(&mut self, goodbye: Option<u16>, service: &mut Service<'_, '_>) {
        let node = service.batch.node();
        // The others are told at once; the socket may take its time.
        node.detach(&self.connection, service.batch);
        if let Some(code) = goodbye {
            // Only now that nothing more comes for it: what came until now goes out before the answer, and what
            // follows goes to the same peer's other connections, if there are any.
            self.connection.answer_close(code, service.batch);
        }
        let patience = if node.is_draining() {
            CLOSE_TIMEOUT.max(node.config.timeouts.shutdown)
        } else {
            CLOSE_TIMEOUT
        };
        self.stage = Stage::Parting(Box::new(Parting {
            deadline: service.batch.now + patience,
            is_finished: false,
            left: FORGOTTEN_BYTES,
        }));
        service.again = true;
    }

    /// There is nothing more to read for, since the other end has closed its side. If nothing is queued for it, there is
    /// nothing to wait for.
    fn end_deserted(&mut self, service: &mut Service<'_, '_>) {
        let is_done = self.connection.is_drained();
        self.end(None, service);
        if is_done {
            self.stage = Stage::Over;
        }
    }

    /// False once the socket may go.
    fn part(&mut self, service: &mut Service<'_, '_>) -> bool {
        let (Stage::Parting(parting), Some(socket)) = (&mut self.stage, self.connection.socket())
        else {
            return false;
        };
        let now = service.batch.now;
        if now >= parting.deadline {
            return false;
        }
        if !parting.is_finished {
            if !self.connection.is_drained() {
                let connection = &self.connection;
                // The system tells when the socket takes more; nobody tells when another thread has written, or when a
                // frame's time has come.
                let is_told = connection.is_backed_up() && !connection.one_frame_per_write;
                let look = if is_told { CLOSE_TIMEOUT } else { PARTING_LOOK };
                service.look_at(parting.deadline.min(now + look));
                return true;
            }
            socket.finish();
            parting.is_finished = true;
            // Once both ends have said their last word, the socket is ours to close (RFC 6455, section 7.1.1).
            if self.frames.is_finished() {
                return false;
            }
        }
        match socket.read(service.buffer) {
            Ok(0) => return false,
            Ok(size) => {
                parting.left = parting.left.saturating_sub(size);
                service.again = true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                service.look_at(parting.deadline);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => service.again = true,
            Err(_) => return false,
        }
        parting.left > 0
    }
}

impl Stage {
    fn hold(bytes: Vec<u8>, until: Instant) -> Self {
        Self::Holding(Box::new(Held { bytes, until }))
    }
}
