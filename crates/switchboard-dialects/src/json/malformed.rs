//! What is wrong with a message, in words that can go back to whoever sent it.

use std::fmt;

use super::{Key, MAX_DEPTH};

/// What [`Malformed::Syntax`] expects behind a message.
pub(crate) const NOTHING_MORE: &str = "nothing more";

/// Why a text is no message. Offsets (`at`) count bytes from the start of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Not JSON (RFC 8259).
    #[error("malformed JSON at byte {at}: expected {expected}, found {found}")]
    Syntax {
        /// Where.
        at: u32,
        /// What could have stood there.
        expected: &'static str,
        /// What stands there.
        found: Found,
    },
    /// JSON of another kind.
    #[error("a message must be a JSON object, not {found}")]
    NotAnObject {
        /// What it is instead.
        found: JsonType,
    },
    /// An envelope key a second time.
    #[error("the field `{}` occurs twice (again at byte {at})", key.text())]
    DuplicateKey {
        /// Which.
        key: Key,
        /// Where the second one stands.
        at: u32,
    },
    /// An envelope key whose name is written with escapes.
    #[error("the name of the field `{}` must be written without escapes (byte {at})", key.text())]
    EscapedKey {
        /// Which.
        key: Key,
        /// Where.
        at: u32,
    },
    /// More than [`MAX_DEPTH`] objects and arrays inside each other.
    #[error("nested deeper than {MAX_DEPTH} levels at byte {at}")]
    TooDeep {
        /// Where the level beyond opens.
        at: u32,
    },
    /// Longer than offsets of 32 bits can address.
    #[error("longer than 4 GiB")]
    TooLong,
}

impl Malformed {
    /// The stable code of an `error` message.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "malformed_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::EscapedKey { .. } => "escaped_key",
            Self::TooDeep { .. } => "too_deep",
            Self::TooLong => "message_too_big",
        }
    }
}

/// What stands where something else was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This character.
    Char(char),
    /// Nothing more.
    End,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(c) => write!(f, "{c:?}"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// A field holds a value of another type than the wire says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` must be {expected}, not {found}", key.text())]
pub struct WrongType {
    /// The field.
    pub key: Key,
    /// What it should be, for people.
    pub expected: &'static str,
    /// What it is.
    pub found: JsonType,
}

impl WrongType {
    /// The stable code of an `error` message.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "wrong_type"
    }
}

/// The types of JSON values (RFC 8259, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `{}`
    Object,
    /// `[]`
    Array,
    /// `""`
    String,
    /// `0`
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
}

impl JsonType {
    /// The type of a checked value, which its first byte tells.
    pub(crate) fn of(raw: &str) -> Self {
        match raw.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        })
    }
}
