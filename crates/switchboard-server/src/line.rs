//! The transport that a connection is written to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use parking_lot::Mutex;

use crate::socket::Socket;

/// Where a connection's messages go.
#[derive(Debug)]
pub(crate) enum Line {
    /// Into a socket.
    Socket(Socket),
    /// Into the answers to polls, until there is a socket.
    Polled(Box<Polled>),
}

/// A connection without a socket of its own.
#[derive(Debug, Default)]
pub(crate) struct Polled {
    socket: OnceLock<Socket>,
    /// Who waits for something to answer a poll with. Locked behind the outbox.
    waiting: Mutex<Option<Waker>>,
    /// Whether the poll that waits, or the next one, is to be answered although there is nothing to say.
    released: AtomicBool,
    /// Wakes the session's task, whose waker stays the same.
    session: OnceLock<Waker>,
}

impl Line {
    /// One that is polled.
    pub(crate) fn polled() -> Self {
        Self::Polled(Box::default())
    }

    /// The socket, if there is one.
    pub(crate) fn socket(&self) -> Option<&Socket> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::Polled(polled) => polled.socket.get(),
        }
    }

    /// Gives it its socket. False if it has one.
    pub(crate) fn upgrade(&self, socket: Socket) -> bool {
        match self {
            Self::Socket(_) => false,
            Self::Polled(polled) => polled.socket.set(socket).is_ok(),
        }
    }

    /// Makes the current task the one that keeps the session. It must stay the same.
    pub(crate) fn adopt_session(&self, cx: &Context<'_>) {
        if let Self::Polled(polled) = self {
            polled.session.get_or_init(|| cx.waker().clone());
        }
    }

    /// Has the session's task look whether anything has changed, if there is one.
    pub(crate) fn wake_session(&self) {
        if let Self::Polled(polled) = self
            && let Some(session) = polled.session.get()
        {
            session.wake_by_ref();
        }
    }

    /// Has a task woken when there is something to answer with; it takes the place of one that waits already.
    pub(crate) fn await_poll(&self, cx: &Context<'_>) {
        if let Self::Polled(polled) = self {
            let former = polled.waiting.lock().replace(cx.waker().clone());
            if let Some(former) = former.filter(|former| !former.will_wake(cx.waker())) {
                former.wake();
            }
        }
    }

    /// Has the poll that waits, or the next one, answered although there is nothing to say.
    pub(crate) fn release_poll(&self) {
        if let Self::Polled(polled) = self {
            polled.released.store(true, Ordering::Release);
            self.wake_poll();
        }
    }

    /// Whether a poll is to be answered although there is nothing to say; told once.
    pub(crate) fn take_release(&self) -> bool {
        match self {
            Self::Socket(_) => false,
            Self::Polled(polled) => polled.released.swap(false, Ordering::AcqRel),
        }
    }

    /// Wakes the task that waits, if one does.
    pub(crate) fn wake_poll(&self) {
        if let Self::Polled(polled) = self
            && let Some(waiting) = polled.waiting.lock().take()
        {
            waiting.wake();
        }
    }
}
