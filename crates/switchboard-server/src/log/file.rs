//! The log file: appended to, and put aside when it has grown to its size.
//!
//! `server.log` becomes `server.log.1`, which becomes `server.log.2`, and so on; the oldest is replaced. Whole lines
//! only: one line never stands in two files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing_subscriber::fmt::MakeWriter;

use super::LogError;
use super::console::Console;
use crate::config::{LogConfig, LogFormat};

/// The log file. Clones write to the same file.
#[derive(Debug, Clone)]
pub(super) struct LogFile(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    rotating: Mutex<Rotating>,
    format: LogFormat,
    console: Console,
}

impl LogFile {
    /// Opens the file for appending; its folder is made if there is none.
    pub(super) fn open(
        path: &Path,
        config: &LogConfig,
        console: Console,
    ) -> Result<Self, LogError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| file_error(path, error))?;
        }
        let (file, length) = open(path).map_err(|error| file_error(path, error))?;
        let rotating = Rotating {
            path: path.to_owned(),
            file,
            length,
            full_at: config.file_bytes,
            keep: config.file_count,
            failing: false,
        };
        Ok(Self(Arc::new(Shared {
            rotating: Mutex::new(rotating),
            format: config.format,
            console,
        })))
    }

    /// Opens the path anew; on failure the old file is kept.
    pub(super) fn reopen(&self) -> Result<(), LogError> {
        let mut rotating = self.0.rotating.lock();
        rotating
            .reopen()
            .map_err(|error| file_error(&rotating.path, error))
    }

    fn append(&self, line: &[u8]) {
        let mut rotating = self.0.rotating.lock();
        let result = rotating.append(line);
        let was_failing = std::mem::replace(&mut rotating.failing, result.is_err());
        match result {
            Err(error) if !was_failing => self.tell("ERROR", "log file cannot be written", &error),
            Ok(()) if was_failing => self.tell("INFO", "log file is written again", &""),
            _ => {}
        }
    }

    /// Tells the console about the file's state: an ordinary event would come back here.
    fn tell(&self, level: &str, message: &str, error: &dyn std::fmt::Display) {
        let timestamp = timestamp();
        let target = "switchboard_server::log";
        let error = error.to_string();
        let line = match self.0.format {
            LogFormat::Text => format!("{timestamp} {level:>5} {target}: {message} {error}\n"),
            LogFormat::Json => format!(
                "{}\n",
                serde_json::json!({
                    "timestamp": timestamp,
                    "level": level,
                    "target": target,
                    "message": message,
                    "error": error,
                })
            ),
        };
        // Where neither file nor console takes a line, there is nobody left to tell.
        let _ = (&self.0.console).write_all(line.as_bytes());
    }
}

/// The time as the other lines have it.
fn timestamp() -> String {
    use tracing_subscriber::fmt::format::Writer;
    use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
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

/// Writes one line per call, as the layer hands over whole lines.
impl Write for &LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}
