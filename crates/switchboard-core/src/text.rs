//! The text of a name.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Bytes that are kept in the place of a name itself. The names that a server gives out have 19 or 20.
const SHORT: usize = 22;

/// A name. A short one is copied: that takes no memory beside it, and nobody counts, between threads, who shares it. A
/// longer one is shared. Most names are short, and every message names two or three.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// The bytes, zeros behind them, and how many they are. Nothing that fits here is ever kept as `Long`.
    Short([u8; SHORT + 1]),
    Long(Arc<str>),
}

impl Text {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => bytes.get(..usize::from(bytes[SHORT])).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            // They were text when they came.
            Self::Short(_) => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut bytes = [0; SHORT + 1];
        match bytes[..SHORT].get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                // It is not above SHORT.
                bytes[SHORT] = u8::try_from(text.len()).unwrap_or_default();
                Self::Short(bytes)
            }
            None => Self::Long(text.into()),
        }
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Short(bytes) => {
                // All of them in three words: the last two overlap, and the length is in the last.
                for start in [0, 8, SHORT + 1 - 8] {
                    let mut word = [0; 8];
                    word.copy_from_slice(&bytes[start..start + 8]);
                    state.write_u64(u64::from_le_bytes(word));
                }
            }
            Self::Long(text) => text.hash(state),
        }
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 9] = [
        "",
        "a",
        "a\0",
        "ann",
        "anna",
        "0123456789012345678901",
        "0123456789012345678902",
        "01234567890123456789012",
        "\u{5f20}\u{4f1f}\u{5f20}\u{4f1f}\u{5f20}\u{4f1f}\u{5f20}\u{4f1f}",
    ];

    #[test]
    fn a_name_comes_back_as_it_was_whatever_its_length() {
        for name in NAMES {
            let text = Text::from(name);
            assert_eq!(text.as_str(), name);
            assert_eq!(text.as_bytes(), name.as_bytes());
            assert_eq!(format!("{text:?}"), format!("{name:?}"));
        }
    }

    #[test]
    fn names_compare_as_their_text_does() {
        for one in NAMES {
            for other in NAMES {
                let texts = (Text::from(one), Text::from(other));
                assert_eq!(texts.0 == texts.1, one == other, "{one} {other}");
                assert_eq!(texts.0.cmp(&texts.1), one.cmp(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn equal_names_have_equal_hashes_and_others_do_not() {
        let hasher = ahash::RandomState::new();
        for one in NAMES {
            for other in NAMES {
                let hash = |name| hasher.hash_one(Text::from(name));
                assert_eq!(hash(one) == hash(other), one == other, "{one} {other}");
            }
        }
    }

    #[test]
    fn a_name_takes_three_words() {
        assert_eq!(size_of::<Option<Text>>(), 24);
    }
}
