//! The console: stderr, or in tests a buffer.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
#[cfg(test)]
use std::sync::Mutex;

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

    /// Writes some lines; where the console takes none, there is nobody left to tell.
    pub(super) fn write(&self, lines: &[u8]) {
        let _ = match &*self.0 {
            // Under one lock, so that what takes several writes stays in one piece.
            Place::Stderr => io::stderr().lock().write_all(lines),
            #[cfg(test)]
            Place::Buffer(bytes) => bytes.lock().unwrap().write_all(lines),
        };
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
