//! Settings that are one word of a list.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How much is logged; each level includes the ones before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What needs somebody's attention.
    Error,
    /// What went wrong and was dealt with.
    Warn,
    /// The life of the server, its connections and rooms.
    #[default]
    Info,
    /// Details for finding a fault.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// All levels, the quietest first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The word for it in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// One flat JSON object per line.
    Json,
}

impl LogFormat {
    /// Both formats.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word for it in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Where receivers on the `path` wire find the sender of a message and what was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathPayload {
    /// `sender` beside a `payload` that is as it was sent.
    #[default]
    Plain,
    /// Both inside `payload`, as `sender` and `data`.
    Wrapped,
}

/// What keeps somebody from being idle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdleCounts {
    /// Any sign of life: messages, pongs, polls.
    #[default]
    Any,
    /// Messages only.
    Messages,
}

/// Who may ask for the list of rooms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomList {
    /// This machine.
    #[default]
    Local,
    /// Everybody.
    Open,
}

/// A word that is not in the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is none of {}", .known.join(", "))]
pub struct NotAWord {
    /// What was written.
    pub word: String,
    /// What could have been.
    pub known: Vec<&'static str>,
}

macro_rules! by_name {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = NotAWord;

            fn from_str(word: &str) -> Result<Self, NotAWord> {
                Self::ALL
                    .into_iter()
                    .find(|value| value.name() == word)
                    .ok_or_else(|| NotAWord {
                        word: word.to_owned(),
                        known: Self::ALL.map(Self::name).to_vec(),
                    })
            }
        }
    };
}

by_name!(Level);
by_name!(LogFormat);
