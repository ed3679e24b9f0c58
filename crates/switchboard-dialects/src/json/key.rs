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

            /// The name as it follows another member, with the colon.
            pub(super) const fn another_member(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(",\"", $text, "\":"),)*
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
    /// The key whose name the first `len` bytes of a text are; they must be free of NUL bytes. That more of the text
    /// follows lets it be read by the word.
    #[inline]
    pub(super) fn at(text: &[u8], len: usize) -> Option<Self> {
        let word = word_at(text, len)?;
        let slot = &SLOTS[slot(word, MULTIPLIER)];
        if slot.word == word { slot.key } else { None }
    }

    /// The key with this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.text() == name)
    }

    /// The key's place in a set of them.
    #[inline]
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The set of all envelope keys.
    pub(super) const ENVELOPE: u32 = {
        let mut set = 0;
        let mut i = 0;
        while i < Self::COUNT {
            if Self::ALL[i].is_envelope() {
                set |= Self::ALL[i].bit();
            }
            i += 1;
        }
        set
    };
}

/// A name as two numbers, filled up with NUL bytes: cheaper to compare than slices.
type Word = (u64, u64);

/// The word of the first `len` bytes; `None` when they are more than 16, as no key has.
#[inline]
fn word_at(text: &[u8], len: usize) -> Option<Word> {
    if let (0..=8, Some(bytes)) = (len, text.first_chunk()) {
        Some((u64::from_le_bytes(*bytes) & FIRST[len], 0))
    } else if let (9..=16, Some(bytes)) = (len, text.first_chunk::<16>()) {
        let word = u128::from_le_bytes(*bytes);
        Some((word as u64, (word >> 64) as u64 & FIRST[len - 8]))
    } else if len <= 16 {
        // The text ends too soon.
        let mut bytes = [0; 16];
        bytes[..len].copy_from_slice(&text[..len]);
        let word = u128::from_le_bytes(bytes);
        Some((word as u64, (word >> 64) as u64))
    } else {
        None
    }
}

/// Masks for the first bytes of a number.
const FIRST: [u64; 9] = {
    let mut masks = [0; 9];
    let mut len = 1;
    while len < masks.len() {
        masks[len] = u64::MAX >> (64 - 8 * len);
        len += 1;
    }
    masks
};

/// [`word_at`] for the table.
const fn const_word_of(name: &str) -> Word {
    let name = name.as_bytes();
    let mut bytes = [0; 16];
    let mut i = 0;
    while i < name.len() {
        bytes[i] = name[i];
        i += 1;
    }
    let word = u128::from_le_bytes(bytes);
    (word as u64, (word >> 64) as u64)
}

/// Where the key of this word stands in [`SLOTS`].
#[inline]
const fn slot(word: Word, multiplier: u64) -> usize {
    (word.0.wrapping_mul(multiplier) >> (64 - SLOT_BITS)) as usize
}

const SLOT_BITS: u32 = 6;

/// The keys, each in a slot of its own, so that a look-up compares one word only.
static SLOTS: [Slot; 1 << SLOT_BITS] = match slots(MULTIPLIER) {
    Some(slots) => slots,
    None => panic!("the multiplier was chosen to have slots"),
};

#[derive(Clone, Copy)]
struct Slot {
    word: Word,
    key: Option<Key>,
}

/// An odd number that spreads the table's words over the slots; found by trying, when this is compiled.
const MULTIPLIER: u64 = {
    let mut multiplier = 0x9e37_79b9_7f4a_7c15_u64;
    while slots(multiplier).is_none() {
        multiplier = multiplier.wrapping_mul(0xd134_2543_de82_ef95) | 1;
    }
    multiplier
};

/// All keys in their slots, or `None` when two would share one.
const fn slots(multiplier: u64) -> Option<[Slot; 1 << SLOT_BITS]> {
    let none = Slot {
        word: (0, 0),
        key: None,
    };
    let mut slots = [none; 1 << SLOT_BITS];
    let mut i = 0;
    while i < Key::COUNT {
        let word = const_word_of(Key::ALL[i].text());
        let slot = slot(word, multiplier);
        if slots[slot].key.is_some() {
            return None;
        }
        slots[slot] = Slot {
            word,
            key: Some(Key::ALL[i]),
        };
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
            let found = |name: &str| {
                let text = format!("{name}\":null,\"{name}\":null}}");
                let key = Key::at(text.as_bytes(), name.len());
                assert_eq!(Key::at(name.as_bytes(), name.len()), key, "{name} alone");
                assert_eq!(Key::find(name), key, "{name}");
                key
            };
            assert_eq!(found(name), Some(key));
            assert_eq!(found(&name[1..]), None, "the end of {name}");
            assert_eq!(found(&name[..name.len() - 1]), None, "the start of {name}");
            for tail in ["x", "_some_longer_name"] {
                assert_eq!(found(&format!("{name}{tail}")), None, "{name}{tail}");
            }
        }
    }

    #[test]
    fn names_of_every_length_have_a_word_of_their_own_whatever_follows() {
        let text = "abcdefghijklmnopqrstuvwxyzabcdefghij";
        for len in 0..=16 {
            let word = const_word_of(&text[..len]);
            for end in len..text.len() {
                let word_read = word_at(&text.as_bytes()[..end], len);
                assert_eq!(word_read, Some(word), "length {len} of {end}");
            }
        }
        assert_eq!(word_at(text.as_bytes(), 17), None);
    }
}
