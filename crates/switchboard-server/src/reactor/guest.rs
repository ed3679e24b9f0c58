//! Sockets before they are connections: those that are listened on, and those that have not said yet what they want.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reading::Service;
use crate::admission::{Admission, Remote};
use crate::front::doorstep::{Front, Welcome};
use crate::front::listener::Listener;
use crate::node::Node;
use crate::socket::Socket;

/// An address that is listened on.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: Listener,
    /// How long to wait when the system has nothing more to give.
    pause: Duration,
    /// When to accept again after that.
    shut_until: Option<Instant>,
}

/// An accepted socket.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) socket: Socket,
    pub(super) admission: Arc<Admission>,
    /// Who has not asked for anything by then is let go.
    pub(super) deadline: Instant,
}

/// What comes of a guest's first bytes.
#[derive(Debug)]
pub(super) enum Wish {
    /// Nothing has come yet.
    Nothing,
    /// To be a connection, from these many bytes on.
    Connection(Box<Welcome>, usize),
    /// Something of HTTP, in these many bytes.
    Http(usize),
    /// To go, or it has waited too long.
    End,
}

const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Sockets accepted before others are served again.
const AT_ONCE: usize = 64;

impl Door {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
            pause: MIN_PAUSE,
            shut_until: None,
        }
    }

    /// Accepts who waits.
    pub(super) fn accept(
        &mut self,
        node: &Node,
        front: &Front,
        service: &mut Service<'_, '_>,
    ) -> Vec<Guest> {
        let now = service.batch.now;
        let mut guests = Vec::new();
        if let Some(until) = self.shut_until.filter(|until| now < *until) {
            service.look_at(until);
            return guests;
        }
        self.shut_until = None;
        for _ in 0..AT_ONCE {
            match self.listener.accept() {
                Ok((socket, remote)) => {
                    self.pause = MIN_PAUSE;
                    guests.extend(let_in(node, front, socket, remote, now));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return guests,
                Err(error) if is_about_one_socket(&error) => {}
                Err(error) => {
                    // Out of files, most likely: give those that are open time to close.
                    tracing::warn!(%error, pause_ms = self.pause.as_millis() as u64, "cannot accept connections at the moment");
                    let until = now + self.pause;
                    self.shut_until = Some(until);
                    service.look_at(until);
                    self.pause = (self.pause * 2).min(MAX_PAUSE);
                    return guests;
                }
            }
        }
        service.again = true;
        guests
    }
}

fn let_in(
    node: &Node,
    front: &Front,
    socket: Socket,
    remote: Remote,
    now: Instant,
) -> Option<Guest> {
    match node.gatekeeper.admit(remote) {
        Ok(admission) => Some(Guest {
            socket,
            admission: Arc::new(admission),
            deadline: now + node.config.timeouts.handshake,
        }),
        Err(why) => {
            tracing::debug!(%remote, %why, "turned away");
            front.turn_away(socket, why);
            None
        }
    }
}

/// Whether an error of `accept` concerns only the socket that was to be accepted.
fn is_about_one_socket(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

impl Guest {
    /// Reads what has come; that is in the service's buffer then.
    pub(super) fn ask(&self, front: &Front, service: &mut Service<'_, '_>) -> Wish {
        let now = service.batch.now;
        match self.socket.read(service.buffer) {
            Ok(0) => Wish::End,
            Ok(size) => match front.look(&service.buffer[..size], &self.admission, now) {
                Some(welcome) => Wish::Connection(Box::new(welcome), size),
                None => Wish::Http(size),
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if now >= self.deadline {
                    tracing::debug!(remote = %self.admission.peer, "no request in time");
                    return Wish::End;
                }
                service.look_at(self.deadline);
                Wish::Nothing
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                service.again = true;
                Wish::Nothing
            }
            Err(_) => Wish::End,
        }
    }
}
