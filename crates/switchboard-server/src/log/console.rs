//! The console: stderr, or in tests a buffer.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
#[cfg(test)]
use std::sync::Mutex;

use tracing_subscriber::fmt::MakeWriter;

/// Where the lines for people at the machine, or for journald, go. Clones write to the same place.
#[derive(Debug, Clone)]
pub(super) struct Console(Arc<Place>);

#[derive(Debug)]
enum Place {
    Stderr,
    #[cfg(test)]
    Buffer(Mutex<Vec<u8>>),
}

impl Console {
    pub(super) fn stderr() -> Self {
        Self(Arc::new(Place::Stderr))
    }

    /// Whether somebody looks at it who has not asked for plain text (<https://no-color.org>).
    pub(super) fn has_colours(&self) -> bool {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        matches!(*self.0, Place::Stderr) && wanted && io::stderr().is_terminal()
    }
}

#[cfg(test)]
impl Console {
    pub(super) fn buffer() -> Self {
        Self(Arc::new(Place::Buffer(Mutex::default())))
    }

    pub(super) fn text(&self) -> String {
        match &*self.0 {
            Place::Stderr => String::new(),
            Place::Buffer(bytes) => String::from_utf8(bytes.lock().unwrap().clone()).unwrap(),
        }
    }
}

impl Write for &Console {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &*self.0 {
            Place::Stderr => io::stderr().write(line),
            #[cfg(test)]
            Place::Buffer(bytes) => bytes.lock().unwrap().write(line),
        }
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        match &*self.0 {
            // Under one lock, so that a line that takes several writes stays in one piece.
            Place::Stderr => io::stderr().lock().write_all(line),
            #[cfg(test)]
            Place::Buffer(bytes) => bytes.lock().unwrap().write_all(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Console {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}
