//! The signals a server answers to.

use anyhow::Context as _;
use tokio::signal::unix::{self, SignalKind};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGHUP: read the configuration again, open the log file anew.
    Reload,
    /// SIGTERM or SIGINT, by name: stop.
    Stop(&'static str),
}

/// The signals that come in.
#[derive(Debug)]
pub(super) struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// Listens from now on. Must be called within a tokio runtime.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            hangup: listen(SignalKind::hangup(), "SIGHUP")?,
            interrupt: listen(SignalKind::interrupt(), "SIGINT")?,
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
        })
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => Signal::Reload,
            _ = self.interrupt.recv() => Signal::Stop("SIGINT"),
            _ = self.terminate.recv() => Signal::Stop("SIGTERM"),
        }
    }
}

fn listen(kind: SignalKind, name: &str) -> anyhow::Result<unix::Signal> {
    unix::signal(kind).with_context(|| format!("cannot listen for {name}"))
}
