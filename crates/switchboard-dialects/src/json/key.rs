//! The table of top-level fields that the wires use: one line per field.

/// Expands the table to the enum and its spellings.
macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident $text:literal $kind:ident,)*) => {
        /// A top-level field that some wire reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Key {
            $($(#[$doc])* $name,)*
        }

        impl Key {
            /// Every key, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub(super) const COUNT: usize = Self::ALL.len();

            /// The field's name as it stands on the wire.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Whether the field says what a message is, or where it comes from or goes to. Two readers must never
            /// see two different values in one of these, so it may occur once only, and without escapes in its name.
            #[must_use]
            pub const fn is_envelope(self) -> bool {
                match self {
                    $(Self::$name => keys!(@$kind),)*
                }
            }
        }

        /// The names as numbers, in the order of the table.
        const WORDS: [u128; Key::COUNT] = [$(const_word_of($text)),*];
    };
    (@envelope) => { true };
    (@body) => { false };
}

keys! {
    /// `type`: what the message is; on every wire.
    Type "type" envelope,
    /// `roomId`: the room, on S0 and S1.
    RoomId "roomId" envelope,
    /// `room_id`: the room, on S2.
    RoomIdSnake "room_id" envelope,
    /// `userId`: who, on S0; in replies of S1.
    UserId "userId" envelope,
    /// `sender`: who sent it, on S1 and S3.
    Sender "sender" envelope,
    /// `from`: who sent it, on S2 and S4.
    From "from" envelope,
    /// `client_id`: who, on S2 and S4.
    ClientId "client_id" envelope,
    /// `target`: whom it is for, on S0, S1 and S3.
    Target "target" envelope,
    /// `target_id`: whom it is for, on S2 and S4.
    TargetId "target_id" envelope,
    /// `role`: sender or receiver, on S2.
    Role "role" body,
    /// `payload`: the body, on S3.
    Payload "payload" body,
    /// `data`: the body, on S1.
    Data "data" body,
    /// `message`: the text of a chat or of an error.
    Message "message" body,
    /// `sdp`: a session description, on S0 and S2.
    Sdp "sdp" body,
    /// `offer`: an offer, on S0 and S1.
    Offer "offer" body,
    /// `answer`: an answer, on S0 and S1.
    Answer "answer" body,
    /// `candidate`: an ICE candidate, on S0, S1 and S2.
    Candidate "candidate" body,
    /// `users`: who is in the room, on S0.
    Users "users" body,
    /// `peers`: who else is in the room, on S2.
    Peers "peers" body,
    /// `code`: the stable code of an error.
    Code "code" body,
}

impl Key {
    /// The key with this name, which must be free of escapes.
    #[inline]
    pub(super) fn find(name: &str) -> Option<Self> {
        let word = word_of(name.as_bytes())?;
        let key = SLOTS[slot(word, MULTIPLIER)]?;
        (WORDS[key as usize] == word).then_some(key)
    }
}

/// The name as one number, its length in the top byte: cheaper to compare than slices. `None` when it is longer than
/// 15 bytes, as no key is.
#[inline]
fn word_of(name: &[u8]) -> Option<u128> {
    let len = name.len();
    if len > 15 {
        return None;
    }
    // Two overlapping reads instead of a copy of variable length.
    let bytes = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        u128::from(u64::from_le_bytes(*first))
            | u128::from(u64::from_le_bytes(*last)) << ((len - 8) * 8)
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        u128::from(
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << ((len - 4) * 8),
        )
    } else {
        name.iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u128::from(byte))
    };
    Some(bytes | (len as u128) << 120)
}

/// [`word_of`] for the table.
const fn const_word_of(name: &str) -> u128 {
    let name = name.as_bytes();
    assert!(name.len() <= 15, "the top byte is the length");
    let mut word = name.len() as u128;
    let mut i = 15;
    while i > 0 {
        i -= 1;
        word = word << 8 | if i < name.len() { name[i] as u128 } else { 0 };
    }
    word
}

/// Where the key of this word stands in [`SLOTS`].
#[inline]
const fn slot(word: u128, multiplier: u64) -> usize {
    ((word as u64).wrapping_mul(multiplier) >> (64 - SLOT_BITS)) as usize
}

const SLOT_BITS: u32 = 6;

/// The keys, each in a slot of its own, so that a look-up compares one word only.
const SLOTS: [Option<Key>; 1 << SLOT_BITS] = match slots(MULTIPLIER) {
    Some(slots) => slots,
    None => panic!("the multiplier was chosen to have slots"),
};

/// An odd number that spreads the table's words over the slots; found by trying, when this is compiled.
const MULTIPLIER: u64 = {
    let mut multiplier = 0x9e37_79b9_7f4a_7c15_u64;
    while slots(multiplier).is_none() {
        multiplier = multiplier.wrapping_mul(0xd134_2543_de82_ef95) | 1;
    }
    multiplier
};

/// All keys in their slots, or `None` when two would share one.
const fn slots(multiplier: u64) -> Option<[Option<Key>; 1 << SLOT_BITS]> {
    let mut slots = [None; 1 << SLOT_BITS];
    let mut i = 0;
    while i < Key::COUNT {
        let slot = slot(WORDS[i], multiplier);
        if slots[slot].is_some() {
            return None;
        }
        slots[slot] = Some(Key::ALL[i]);
        i += 1;
    }
    Some(slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_by_its_name_and_by_no_other() {
        for &key in Key::ALL {
            let name = key.text();
            assert_eq!(Key::find(name), Some(key));
            assert_eq!(Key::find(&name[1..]), None, "the end of {name}");
            assert_eq!(
                Key::find(&name[..name.len() - 1]),
                None,
                "the start of {name}"
            );
            for tail in ["\0", "x", "_some_longer_name"] {
                assert_eq!(Key::find(&format!("{name}{tail}")), None, "{name}{tail}");
            }
        }
    }

    #[test]
    fn names_of_every_length_have_a_word_of_their_own() {
        let text = "abcdefghijklmnop";
        for len in 0..16 {
            let word = word_of(&text.as_bytes()[..len]);
            assert_eq!(word, Some(const_word_of(&text[..len])), "length {len}");
        }
        assert_eq!(word_of(text.as_bytes()), None);
    }
}
