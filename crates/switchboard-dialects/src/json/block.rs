//! Going through the inside of a string many bytes at a time.

/// The offset, from `from` on, of the first byte that a JSON string cannot hold as it is: a quote, a backslash or a
/// control character (below 0x20); the length of `bytes` when there is none.
pub(super) fn find_special(bytes: &[u8], mut from: usize) -> usize {
    while let Some(block) = bytes.get(from..).and_then(<[u8]>::first_chunk::<8>) {
        let hits = special(u64::from_le_bytes(*block));
        if hits != 0 {
            return from + hits.trailing_zeros() as usize / 8;
        }
        from += 8;
    }
    while let Some(&byte) = bytes.get(from) {
        if is_special(byte) {
            return from;
        }
        from += 1;
    }
    bytes.len()
}

/// The offset behind the string that goes on at `from`, if it ends soon and nothing special is in it. Most strings of a
/// message are names and ids.
#[inline]
pub(super) fn end_of_short_string(bytes: &[u8], mut from: usize) -> Option<usize> {
    for _ in 0..SHORT / 8 {
        let Some(block) = bytes.get(from..).and_then(<[u8]>::first_chunk::<8>) else {
            break;
        };
        let hits = special(u64::from_le_bytes(*block));
        if hits != 0 {
            let at = from + hits.trailing_zeros() as usize / 8;
            return (bytes.get(at) == Some(&b'"')).then_some(at + 1);
        }
        from += 8;
    }
    for at in from..from + 8 {
        match bytes.get(at) {
            Some(b'"') => return Some(at + 1),
            Some(&byte) if !is_special(byte) => {}
            _ => return None,
        }
    }
    None
}

/// Whether a piece of a string can be taken as it stands: no control characters, and no escapes but the ones that
/// session descriptions are full of (`\r`, `\n`, and `\/`, which some writers use). No backslash follows a backslash
/// then, so that every one of them starts an escape.
///
/// Goes through the whole run without looking at the outcome on the way, which the compiler turns into vector
/// instructions: a branch for each end of a line would cost more than everything else.
pub(super) fn has_common_escapes_only(run: &[u8]) -> bool {
    let Some(&last) = run.last() else { return true };
    // The last byte has no next one, and must do without.
    let mut odd = is_odd(last, b' ');
    if let Some(end) = run.last_chunk::<{ LANES + 1 }>() {
        odd |= any_odd(&run[..=(run.len() - 1) / LANES * LANES]);
        // Whatever is left; it does not matter that some of it has been seen.
        odd |= any_odd(end);
    } else {
        odd |= any_odd(run);
    }
    odd == 0
}

/// Runs of a multiple of this length (and the byte behind) leave nothing to be done byte by byte.
const LANES: usize = 32;

#[inline]
fn any_odd(run: &[u8]) -> u8 {
    run.iter()
        .zip(&run[1..])
        .fold(0, |odd, (&byte, &next)| odd | is_odd(byte, next))
}

/// 1 for a control character and for a backslash before anything but the common escapes, else 0.
#[inline]
fn is_odd(byte: u8, next: u8) -> u8 {
    let common = u8::from(next == b'r') | u8::from(next == b'n') | u8::from(next == b'/');
    u8::from(byte < 0x20) | (u8::from(byte == b'\\') & (common ^ 1))
}

/// Sets the top bit of the first (lowest) special byte of the word; only bits above that one may be false hits, for
/// they come from the borrow of the subtractions.
#[inline]
fn special(word: u64) -> u64 {
    let quotes = (word ^ (EACH * b'"' as u64)).wrapping_sub(EACH);
    let backslashes = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    let controls = word.wrapping_sub(EACH * 0x20);
    (quotes | backslashes | controls) & !word & (EACH * 0x80)
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// From this length on (in bytes) a string is gone through in one go.
const SHORT: usize = 32;

const EACH: u64 = 0x0101_0101_0101_0101;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte at every place of a block, behind and before every neighbour that could disturb it.
    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for filler in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff] {
            for len in 0..40 {
                let mut bytes = vec![filler; len];
                assert_eq!(find_special(&bytes, 0), len);
                for at in 0..len {
                    for byte in 0..=u8::MAX {
                        bytes[at] = byte;
                        let expected = if is_special(byte) { at } else { len };
                        assert_eq!(
                            find_special(&bytes, 0),
                            expected,
                            "{byte} at {at} among {filler}"
                        );
                        assert_eq!(find_special(&bytes, at.saturating_sub(3)), expected);
                    }
                    bytes[at] = filler;
                }
            }
        }
    }

    #[test]
    fn common_escapes_are_told_from_all_others_wherever_they_stand() {
        for before in 0..40 {
            for after in 0..40 {
                let run =
                    |middle: &str| format!("{}{middle}{}", "a".repeat(before), "b".repeat(after));
                for fine in ["", "n", r"\n", r"\r\n", r"\/\/", "\u{7f}\u{e9}"] {
                    assert!(
                        has_common_escapes_only(run(fine).as_bytes()),
                        "{fine:?} {before} {after}"
                    );
                }
                for odd in [
                    r"\\", r"\\n", r"\\\n", r"\t", r"\u0041", r"\x", r"\r\", "\n", "\0", "\u{1f}",
                ] {
                    assert!(
                        !has_common_escapes_only(run(odd).as_bytes()),
                        "{odd:?} {before} {after}"
                    );
                }
            }
        }
    }
}
