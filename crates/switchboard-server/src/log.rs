//! Logging: lines on the console and, if wanted, in a file (row S0.9), as text or as JSON.
//!
//! Only this project's targets are logged at the configured level; libraries speak up from `warn` on. Relayed messages
//! have a target of their own, [`RELAY_TARGET`], which is off unless asked for. A line that is off costs one atomic
//! load.
//!
//! Nobody who logs waits for the writing: lines go through a bounded queue for the console and one for the file, each
//! with a thread of its own. What does not fit is dropped, counted, and told of in the log.

mod clock;
mod console;
mod file;
mod gate;
mod json;
mod lines;
mod own;
#[cfg(test)]
mod parity;
mod queue;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{Level, LogConfig};
use console::Console;
use file::LogFile;
use gate::{Gate, Switches};
use lines::{Lines, Look};
use queue::Queue;

/// The target of the one line for each relayed message (rows S3.5, S4.3): `tracing::info!(target: RELAY_TARGET, ...)`.
/// Which of them are written is a matter of `log.relay` alone, not of `log.level`.
pub const RELAY_TARGET: &str = "switchboard::relay";

/// How long the end of the process waits for what is queued to be written.
const FLUSH: Duration = Duration::from_secs(1);

/// How long opening the file anew may take.
const REOPEN: Duration = Duration::from_secs(1);

/// Why logging could not be set up, or changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log file cannot be opened for appending.
    #[error("cannot open the log file {path}: {error}", path = .path.display())]
    File {
        /// The file of `log.file`.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system gives no thread to write lines with.
    #[error("cannot start a thread for the log: {0}")]
    Thread(io::Error),
    /// The log file could not be opened anew: the disk takes too long over the old one.
    #[error("the log file is still being written")]
    Stalled,
    /// Something in this process logs already.
    #[error("logging is already set up in this process")]
    AlreadySetUp,
}

/// What can be changed about logging while the server runs. Clones change the same log.
#[derive(Debug, Clone)]
pub struct LogHandle {
    switches: Arc<Switches>,
    console: Queue,
    file: Option<LogFile>,
}

impl LogHandle {
    /// Logs at this level from now on.
    pub fn set_level(&self, level: Level) {
        self.switches.set_level(level);
    }

    /// Logs relayed messages from now on, or no longer.
    pub fn set_relay(&self, on: bool) {
        self.switches.set_relay(on);
    }

    /// Opens the log file's path anew, after something else has moved the file away. What was logged before is in the
    /// old file, unless the disk takes longer than a second over it.
    ///
    /// # Errors
    /// When the path cannot be opened; the log goes on into the old file.
    pub fn reopen(&self) -> Result<(), LogError> {
        self.file
            .as_ref()
            .map_or(Ok(()), |file| file.reopen(REOPEN))
    }

    /// How many lines were dropped since the start, because they came faster than they could be written: those for the
    /// console and those for the file.
    #[must_use]
    pub fn dropped_lines(&self) -> u64 {
        self.queues().map(Queue::dropped).sum()
    }

    /// Waits until everything logged by now is written, for no longer than this; says whether it is.
    pub fn flush(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        self.queues().all(|queue| queue.flush(deadline))
    }

    /// The file's first: it may have something to tell the console.
    fn queues(&self) -> impl Iterator<Item = &Queue> {
        let file = self.file.as_ref().map(LogFile::lines);
        file.into_iter().chain([&self.console])
    }
}

/// To be held until the end of the process: when dropped, it waits until what is queued is written, for a second at
/// most.
#[must_use = "the last lines are lost unless this is held to the end"]
#[derive(Debug)]
pub struct LogGuard(LogHandle);

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.flush(FLUSH);
    }
}

/// Sends the log of the whole process to stderr and the configured file, panics included.
///
/// # Errors
/// When the log file cannot be opened, a thread cannot be started, or logging is set up already.
pub fn init(config: &LogConfig) -> Result<(LogHandle, LogGuard), LogError> {
    let (subscriber, handle) = subscriber(config, Console::stderr())?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadySetUp)?;
    log_panics();
    let guard = LogGuard(handle.clone());
    Ok((handle, guard))
}

fn subscriber(
    config: &LogConfig,
    console: Console,
) -> Result<(impl Subscriber + Send + Sync + use<>, LogHandle), LogError> {
    let switches = Arc::new(Switches::new(config.level, config.relay));
    let on_console = Look::new(config.format, console.has_colours());
    let write = move |lines: &[Vec<u8>]| console.write(&lines.concat());
    let console = Queue::start("log-console", config.format, write).map_err(LogError::Thread)?;
    let file = match &config.file {
        Some(path) => Some(LogFile::open(path, config, console.clone())?),
        None => None,
    };
    let mut queues = vec![(on_console, console.clone())];
    if let Some(file) = &file {
        queues.push((Look::new(config.format, false), file.lines().clone()));
    }
    let subscriber = tracing_subscriber::registry()
        .with(Lines::new(queues))
        .with(Gate::new(Arc::clone(&switches)));
    let handle = LogHandle {
        switches,
        console,
        file,
    };
    Ok((subscriber, handle))
}

/// Panics become log lines, so that they reach the file and a JSON log stays JSON.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let reason = panic.payload_as_str().unwrap_or("no reason given");
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let backtrace = std::backtrace::Backtrace::capture();
        if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            tracing::error!(target: "switchboard::panic", reason, place, %backtrace, "panicked");
        } else {
            tracing::error!(target: "switchboard::panic", reason, place, "panicked");
        }
    }));
}
