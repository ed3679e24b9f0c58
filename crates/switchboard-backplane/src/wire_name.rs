//! The name of a wire, as nodes of different versions tell it each other.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// A wire's name. Not its place in the table of dialects, which another version of the program may have elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WireName(Arc<str>);

/// Why something is not a wire's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not the name of a wire: 1 to 32 lower-case letters, digits and hyphens")]
pub struct WireNameProblem(String);

/// The longest name, in bytes.
const LENGTH_MAX: usize = 32;

impl WireName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for WireName {
    type Error = WireNameProblem;

    fn try_from(name: &str) -> Result<Self, WireNameProblem> {
        let may_stand =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=LENGTH_MAX).contains(&name.len()) && name.bytes().all(may_stand) {
            Ok(Self(name.into()))
        } else {
            Err(WireNameProblem(name.chars().take(LENGTH_MAX).collect()))
        }
    }
}

impl fmt::Display for WireName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_separates_them_from_what_stands_beside() {
        assert_eq!(
            WireName::try_from("join-room").expect("a name").as_str(),
            "join-room"
        );
        for text in ["", "a,b", "a;b", "a|b", "A", "\u{e9}", &"a".repeat(33)] {
            assert!(WireName::try_from(text).is_err(), "{text:?}");
        }
    }
}
