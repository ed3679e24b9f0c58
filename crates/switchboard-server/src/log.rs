//! Logging: lines on the console and, if wanted, in a file (row S0.9), as text or as JSON.
//!
//! Only this project's targets are logged at the configured level; libraries speak up from `warn` on. Relayed messages
//! have a target of their own, [`RELAY_TARGET`], which is off unless asked for. A line that is off costs one atomic
//! load.

mod console;
mod file;
mod gate;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Level, LogConfig, LogFormat};
use console::Console;
use file::LogFile;
use gate::{Gate, Switches};

/// The target of the one line for each relayed message (rows S3.5, S4.3): `tracing::info!(target: RELAY_TARGET, ...)`.
/// Which of them are written is a matter of `log.relay` alone, not of `log.level`.
pub const RELAY_TARGET: &str = "switchboard::relay";

/// Why logging could not be set up.
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
    /// Something in this process logs already.
    #[error("logging is already set up in this process")]
    AlreadySetUp,
}

/// What can be changed about logging while the server runs. Clones change the same log.
#[derive(Debug, Clone)]
pub struct LogHandle {
    switches: Arc<Switches>,
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

    /// Opens the log file's path anew, after something else has moved the file away.
    ///
    /// # Errors
    /// When the path cannot be opened; the log goes on into the old file.
    pub fn reopen(&self) -> Result<(), LogError> {
        self.file.as_ref().map_or(Ok(()), LogFile::reopen)
    }
}

/// Sends the log of the whole process to stderr and the configured file, panics included.
///
/// # Errors
/// When the log file cannot be opened, or logging is set up already.
pub fn init(config: &LogConfig) -> Result<LogHandle, LogError> {
    let (subscriber, handle) = subscriber(config, Console::stderr())?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadySetUp)?;
    log_panics();
    Ok(handle)
}

fn subscriber(
    config: &LogConfig,
    console: Console,
) -> Result<(impl Subscriber + Send + Sync + use<>, LogHandle), LogError> {
    let switches = Arc::new(Switches::new(config.level, config.relay));
    let file = match &config.file {
        Some(path) => Some(LogFile::open(path, config, console.clone())?),
        None => None,
    };
    let with_colours = console.has_colours();
    // The file comes first: fields of a span are formatted once, and must not have the console's colours.
    let subscriber = tracing_subscriber::registry()
        .with(file.clone().map(|file| lines(config.format, false, file)))
        .with(lines(config.format, with_colours, console))
        .with(Gate::new(Arc::clone(&switches)));
    Ok((subscriber, LogHandle { switches, file }))
}

/// A layer that writes lines in this format.
fn lines<S, W>(format: LogFormat, with_colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(with_colours)
        .with_writer(writer)
        // A file that takes no lines is reported once, by the file itself.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
    }
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
