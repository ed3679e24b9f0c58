//! Going through the inside of a string many bytes at a time.

/// What is left from the first byte on that a JSON string cannot hold as it is: a quote, a backslash or a control
/// character (below 0x20); nothing when there is none.
#[inline(always)]
pub(super) fn from_special(mut rest: &[u8]) -> &[u8] {
    // Most strings of a message are names and ids.
    for _ in 0..SHORT / 8 {
        let Some((word, behind)) = rest.split_first_chunk() else {
            break;
        };
        if let Some(at) = special_in(*word) {
            return &rest[at..];
        }
        rest = behind;
    }
    from_far_special(rest)
}

/// From this length on (in bytes) a string is gone through block by block.
const SHORT: usize = 16;

#[inline(never)]
fn from_far_special(mut rest: &[u8]) -> &[u8] {
    while let Some((block, behind)) = rest.split_first_chunk::<32>()
        && !block
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
    {
        rest = behind;
    }
    while let Some((word, behind)) = rest.split_first_chunk() {
        if let Some(at) = special_in(*word) {
            return &rest[at..];
        }
        rest = behind;
    }
    while let [byte, behind @ ..] = rest
        && !is_special(*byte)
    {
        rest = behind;
    }
    rest
}

/// Whether a piece of a string can be taken as it stands: no control characters, and no escapes but the ones that
/// session descriptions are full of (`\r`, `\n`, and `\/`, which some writers use). No backslash follows a backslash
/// then, so that every one of them starts an escape.
pub(super) fn has_common_escapes_only(run: &[u8]) -> bool {
    let Some(&last) = run.last() else { return true };
    // The last byte has no next one, and must do without.
    let start = (last, odd_escape(last, b' '));
    let (lowest, odd) = fold_neighbours(run, start, |(lowest, odd), byte, next| {
        (lowest.min(byte), odd | odd_escape(byte, next))
    });
    lowest >= 0x20 && odd == 0
}

/// Whether a JSON string can hold these bytes as they are.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    if let Some(end) = bytes.last_chunk() {
        let (words, _) = bytes.as_chunks();
        return words.iter().chain([end]).all(|word| is_plain_word(*word));
    }
    // Less than a word: it does not matter in which order the bytes are, or how often.
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some([a, b, c, d]), Some([e, f, g, h])) => is_plain_word([*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => !bytes.iter().any(|byte| is_special(*byte)),
    }
}

#[inline]
fn is_plain_word(word: [u8; 8]) -> bool {
    special_in(word).is_none()
}

/// Takes all pairs of neighbours in `run`, some of them twice, one after the other into what has been seen so far.
///
/// Goes through the whole run without looking at the outcome on the way, which the compiler turns into vector
/// instructions if `see` has no branches: to ask after each pair would cost more than everything else.
#[inline]
pub(crate) fn fold_neighbours<T>(run: &[u8], start: T, see: impl Fn(T, u8, u8) -> T) -> T {
    let see_all = |seen, run: &[u8]| {
        let pairs = run.iter().zip(run.get(1..).unwrap_or_default());
        pairs.fold(seen, |seen, (&byte, &next)| see(seen, byte, next))
    };
    match run.last_chunk::<{ LANES + 1 }>() {
        Some(end) => see_all(
            see_all(start, &run[..=(run.len() - 1) / LANES * LANES]),
            end,
        ),
        None => see_all(start, run),
    }
}

/// Runs of a multiple of this length (and the byte behind) leave nothing to be done byte by byte.
const LANES: usize = 32;

/// Not 0 for a backslash before anything but the common escapes.
#[inline]
fn odd_escape(byte: u8, next: u8) -> u8 {
    let escape = if byte == b'\\' { u8::MAX } else { 0 };
    // 0 for `n`, and for `r`, which is 4 more; and 0 for a slash.
    escape & (next.wrapping_sub(b'n') & !4).min(next ^ b'/')
}

/// Where in a word the first special byte stands.
#[inline(always)]
fn special_in(word: [u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(word);
    // The top bit of the first (lowest) special byte is set; only bits above that one may be false hits, for they come
    // from the borrow of the subtractions. For the second bit see `is_special`.
    let quotes_and_controls = (word ^ (EACH * 0x02)).wrapping_sub(EACH * 0x21);
    let backslashes = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    let hits = (quotes_and_controls | backslashes) & !word & (EACH * 0x80);
    (hits != 0).then(|| hits.trailing_zeros() as usize / 8)
}

#[inline]
fn is_special(byte: u8) -> bool {
    // Without branches, so that a block is looked at in one go. With its second bit turned, a quote comes right behind
    // the control characters.
    (byte ^ 0x02 <= 0x20) | (byte == b'\\')
}

const EACH: u64 = 0x0101_0101_0101_0101;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8259, section 7.
    fn must_be_escaped(byte: u8) -> bool {
        matches!(byte, b'"' | b'\\' | 0..0x20)
    }

    /// Where the first special byte from `from` on stands.
    fn place(bytes: &[u8], from: usize) -> usize {
        bytes.len() - from_special(&bytes[from..]).len()
    }

    /// Every byte at every place of a block, behind and before every neighbour that could disturb it.
    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for filler in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff] {
            for len in 0..40 {
                let mut bytes = vec![filler; len];
                assert_eq!(place(&bytes, 0), len);
                assert!(is_plain(&bytes));
                for at in 0..len {
                    for byte in 0..=u8::MAX {
                        bytes[at] = byte;
                        let expected = if must_be_escaped(byte) { at } else { len };
                        assert_eq!(place(&bytes, 0), expected, "{byte} at {at} among {filler}");
                        assert_eq!(place(&bytes, at.saturating_sub(3)), expected);
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

    #[test]
    fn all_neighbours_are_seen_and_no_others() {
        let run: Vec<u8> = (0..150).collect();
        for len in 0..run.len() {
            let seen = fold_neighbours(&run[..len], Vec::new(), |mut seen, byte, next| {
                assert_eq!(byte + 1, next);
                seen.push(byte);
                seen
            });
            let missed = (1..len as u8).find(|next| !seen.contains(&(next - 1)));
            assert_eq!(missed, None, "of {len}");
        }
    }
}
