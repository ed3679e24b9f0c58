//! What is wrong with a configuration, in words for its author.

use std::fmt;

/// One thing that is wrong: where it was set, under which key, and why it cannot stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, environment variable or command line that said so; empty when it is not known.
    pub source: String,
    /// The key, such as `limits.rooms`; empty when the source as a whole is wrong.
    pub key: String,
    /// Why it is refused, and where it helps, what would be accepted.
    pub reason: String,
}

impl Problem {
    /// A problem of one key, wherever its value came from.
    pub(super) fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            source: String::new(),
            key: key.into(),
            reason: reason.into(),
        }
    }

    /// A problem of a source as a whole, such as a file that cannot be read.
    pub(super) fn of_source(source: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new("", reason).said_by(source)
    }

    /// The same, said by `source`.
    #[must_use]
    pub(super) fn said_by(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.source, &self.key] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.reason)
    }
}

/// A configuration that is refused, with everything found wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one problem.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is refused")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}
