//! The transport that a connection is written to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use parking_lot::Mutex;

use crate::stream::WriteHalf;

/// Where a connection's messages go.
#[derive(Debug)]
pub(crate) enum Line {
    /// Into a socket.
    Socket(WriteHalf),
    /// Into the answers to polls, until there is a socket.
    Polled(Box<Polled>),
}

/// A connection without a socket of its own.
#[derive(Debug, Default)]
pub(crate) struct Polled {
    socket: OnceLock<WriteHalf>,
    /// Who waits for something to answer a poll with. Locked behind the outbox.
    waiting: Mutex<Option<Waker>>,
    /// Whether the poll that waits, or the next one, is to be answered although there is nothing to say.
    released: AtomicBool,
}

impl Line {
    /// One that is polled.
    pub(crate) fn polled() -> Self {
        Self::Polled(Box::default())
    }

    /// The socket, if there is one.
    pub(crate) fn writer(&self) -> Option<&WriteHalf> {
        match self {
            Self::Socket(writer) => Some(writer),
            Self::Polled(polled) => polled.socket.get(),
        }
    }

    /// Gives it its socket. False if it has one.
    pub(crate) fn upgrade(&self, writer: WriteHalf) -> bool {
        match self {
            Self::Socket(_) => false,
            Self::Polled(polled) => polled.socket.set(writer).is_ok(),
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
