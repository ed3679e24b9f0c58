//! The client's mask (RFC 6455 section 5.3).

/// Masks or unmasks `payload` in place; both are the same exclusive or.
///
/// `key[0]` belongs to the first byte. To go on in the middle of a payload after `n` bytes, rotate
/// the key left by `n % 4`.
#[inline]
pub fn apply_mask(payload: &mut [u8], key: [u8; 4]) {
    // The key twice, whatever the order of bytes.
    let wide = u64::from(u32::from_ne_bytes(key)) * 0x1_0000_0001;
    // Whole blocks keep these loops free of branches, so that the compiler turns them into vector code.
    let (blocks, tail) = payload.as_chunks_mut::<64>();
    for block in blocks {
        mask_block(block, wide);
    }
    let (blocks, tail) = tail.as_chunks_mut::<16>();
    for block in blocks {
        mask_block(block, wide);
    }
    // One at most.
    let words = tail.len() / 8;
    let (word, tail) = tail.split_at_mut(8 * words);
    if let Some(word) = word.first_chunk_mut::<8>() {
        mask_block(word, wide);
    }
    for (byte, key) in tail.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// `N` is a multiple of 8.
#[inline(always)]
fn mask_block<const N: usize>(block: &mut [u8; N], key: u64) {
    for word in block.as_chunks_mut::<8>().0 {
        *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hello_of_rfc_6455_section_5_7() {
        let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        apply_mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(&payload, b"Hello");
    }

    #[test]
    fn every_length_and_offset_agrees_with_the_definition() {
        let key = [0x01, 0x80, 0xfe, 0x3c];
        for offset in 0..9 {
            for length in 0..150 {
                let plain: Vec<u8> = (0..offset + length).map(|n| (n * 7) as u8).collect();
                let mut masked = plain.clone();
                apply_mask(&mut masked[offset..], key);
                for (at, byte) in masked[offset..].iter().enumerate() {
                    assert_eq!(*byte, plain[offset + at] ^ key[at % 4]);
                }
                assert_eq!(masked[..offset], plain[..offset]);
            }
        }
    }

    #[test]
    fn a_rotated_key_goes_on_where_the_last_piece_ended() {
        let key = [9, 8, 7, 6];
        let plain: Vec<u8> = (0..=255).collect();
        let mut whole = plain.clone();
        apply_mask(&mut whole, key);
        for split in 0..=plain.len() {
            let mut pieces = plain.clone();
            let (head, tail) = pieces.split_at_mut(split);
            let mut rest = key;
            rest.rotate_left(split % 4);
            apply_mask(head, key);
            apply_mask(tail, rest);
            assert_eq!(pieces, whole, "split at {split}");
        }
    }
}
