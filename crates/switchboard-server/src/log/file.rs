//! The log file: appended to, and put aside when it has grown to its size.
//!
//! `server.log` becomes `server.log.1`, which becomes `server.log.2`, and so on; the oldest is replaced. Whole lines
//! only: one line never stands in two files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::queue::Queue;
use super::{LogError, own};
use crate::config::{LogConfig, LogFormat};

/// The log file, and the lines on their way to it. Clones write to the same file.
#[derive(Debug, Clone)]
pub(super) struct LogFile {
    rotating: Arc<Mutex<Rotating>>,
    lines: Queue,
}

impl LogFile {
    /// Opens the file for appending; its folder is made if there is none. The console is told when it takes no lines.
    pub(super) fn open(path: &Path, config: &LogConfig, console: Queue) -> Result<Self, LogError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| file_error(path, error))?;
        }
        let (file, length) = open(path).map_err(|error| file_error(path, error))?;
        let rotating = Arc::new(Mutex::new(Rotating {
            path: path.to_owned(),
            file,
            length,
            full_at: config.file_bytes,
            keep: config.file_count,
            failing: false,
        }));
        let (of_thread, format) = (Arc::clone(&rotating), config.format);
        let append = move |lines: &[Vec<u8>]| {
            let mut rotating = of_thread.lock();
            for line in lines {
                rotating.append_or_tell(line, format, &console);
            }
        };
        let lines = Queue::start("log-file", format, append).map_err(LogError::Thread)?;
        Ok(Self { rotating, lines })
    }

    /// The way to the file.
    pub(super) const fn lines(&self) -> &Queue {
        &self.lines
    }

    /// Opens the path anew, once what is queued is in the old file; on failure the old file is kept. Takes no longer
    /// than this, even where the disk stands still.
    pub(super) fn reopen(&self, within: Duration) -> Result<(), LogError> {
        let deadline = Instant::now() + within;
        self.lines.flush(deadline);
        let Some(mut rotating) = self.rotating.try_lock_until(deadline) else {
            return Err(LogError::Stalled);
        };
        rotating
            .reopen()
            .map_err(|error| file_error(&rotating.path, error))
    }
}

fn file_error(path: &Path, error: io::Error) -> LogError {
    LogError::File {
        path: path.to_owned(),
        error,
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    /// Of the file, in bytes.
    length: u64,
    /// A line that would make the file longer than this goes into a new one.
    full_at: u64,
    /// How many files that were put aside are kept.
    keep: usize,
    /// Whether the last line could not be written.
    failing: bool,
}

impl Rotating {
    fn reopen(&mut self) -> io::Result<()> {
        (self.file, self.length) = open(&self.path)?;
        Ok(())
    }

    /// Appends a line; tells the console, once, when the file begins or ceases to take lines.
    fn append_or_tell(&mut self, line: &[u8], format: LogFormat, console: &Queue) {
        let result = self.append(line);
        let was_failing = std::mem::replace(&mut self.failing, result.is_err());
        match result {
            Err(error) if !was_failing => {
                let error = [("error", error.to_string().into())];
                let message = "log file cannot be written";
                console.put(&own::line(format, "ERROR", message, &error));
            }
            Ok(()) if was_failing => {
                console.put(&own::line(format, "INFO", "log file is written again", &[]));
            }
            _ => {}
        }
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut put_aside = Ok(());
        if self.length > 0 && self.length + line.len() as u64 > self.full_at {
            put_aside = self.put_aside();
            if put_aside.is_err() {
                // The line goes into the old file, and the next attempt is made when as much again was written.
                self.length = 0;
            }
        }
        self.file.write_all(line)?;
        self.length += line.len() as u64;
        put_aside
    }

    fn put_aside(&mut self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            rename_if_there(&self.aside(number), &self.aside(number + 1))?;
        }
        rename_if_there(&self.path, &self.aside(1))?;
        self.reopen()
    }

    fn aside(&self, number: usize) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
