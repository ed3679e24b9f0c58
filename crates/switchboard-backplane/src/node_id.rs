//! The name of a registration.

use std::fmt;
use std::str::FromStr;

/// One registration of one process. A process that was taken for dead and comes back is another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u64);

impl NodeId {
    /// A node of that number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// A name that no other node has.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn random() -> Self {
        // A system without randomness could not have started this process: hash maps are seeded from it too.
        Self(getrandom::u64().expect("the system has randomness"))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for NodeId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_canonical = text.len() == 16 && !text.starts_with('+');
        match u64::from_str_radix(text, 16) {
            Ok(number) if is_canonical => Ok(Self(number)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let node = NodeId::new(0xab);
        assert_eq!(node.to_string(), "00000000000000ab");
        assert_eq!("00000000000000ab".parse(), Ok(node));
    }

    #[test]
    fn nothing_else_is_a_name() {
        for text in [
            "",
            "ab",
            "00000000000000zz",
            "+0000000000000ab",
            "00000000000000abc",
        ] {
            assert_eq!(text.parse::<NodeId>(), Err(()), "{text:?}");
        }
    }
}
