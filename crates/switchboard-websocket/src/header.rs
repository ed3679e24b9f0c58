//! The first 2 to 14 bytes of a frame (RFC 6455 section 5.2).

use std::ops::RangeInclusive;

use crate::error::ProtocolError;
use crate::opcode::OpCode;
use crate::reader::Role;

/// The longest header: two bytes, a 64-bit length, a mask.
pub(crate) const MAX_HEADER: usize = 14;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const MASKED: u8 = 0x80;
const RESERVED_BITS: u8 = 0x70;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;
const MAX_CONTROL: u8 = 125;
/// The first byte of a text that is not fragmented.
const WHOLE_TEXT: u8 = FIN | OpCode::Text as u8;

/// The header of a received frame, checked by itself; whether it fits the frames before it is the
/// reader's business.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) opcode: OpCode,
    pub(crate) fin: bool,
    /// All zeros where there is none, which masks nothing.
    pub(crate) mask: [u8; 4],
    pub(crate) payload_len: u64,
    /// Of the header itself, in bytes.
    pub(crate) size: usize,
}

impl Header {
    /// Reads a header from the front of `bytes`; `None` if it has not wholly arrived. Every rule is
    /// checked as soon as the bytes it concerns are there, in their order.
    #[inline]
    pub(crate) fn read(bytes: &[u8], role: Role) -> Result<Option<Self>, ProtocolError> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED_BITS != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        let bits = first & 0x0F;
        let opcode = OpCode::from_bits(bits).ok_or(ProtocolError::ReservedOpcode(bits))?;
        let fin = first & FIN != 0;
        let masked = second & MASKED != 0;
        let length = second & !MASKED;
        if opcode.is_control() {
            if !fin {
                return Err(ProtocolError::FragmentedControl);
            }
            if length > MAX_CONTROL {
                return Err(ProtocolError::ControlTooLong);
            }
        }
        // Hand-written clients answer a ping with the two bytes 8A 00. There is nothing in it that a
        // mask could protect a proxy from.
        let may_be_bare = opcode == OpCode::Pong && length == 0;
        match role {
            Role::Server if !masked && !may_be_bare => return Err(ProtocolError::MaskRequired),
            Role::Client if masked => return Err(ProtocolError::MaskForbidden),
            Role::Server | Role::Client => {}
        }
        let (payload_len, rest, before_mask) = match length {
            LENGTH_16 => {
                let Some((length, rest)) = rest.split_first_chunk::<2>() else {
                    return Ok(None);
                };
                let length = u64::from(u16::from_be_bytes(*length));
                if length < u64::from(LENGTH_16) {
                    return Err(ProtocolError::NonMinimalLength);
                }
                (length, rest, 4)
            }
            LENGTH_64 => {
                let Some((length, rest)) = rest.split_first_chunk::<8>() else {
                    return Ok(None);
                };
                let length = u64::from_be_bytes(*length);
                if length > i64::MAX as u64 {
                    return Err(ProtocolError::LengthOverflow);
                }
                if length <= u64::from(u16::MAX) {
                    return Err(ProtocolError::NonMinimalLength);
                }
                (length, rest, 10)
            }
            short => (u64::from(short), rest, 2),
        };
        let (mask, size) = if masked {
            let Some(mask) = rest.first_chunk::<4>() else {
                return Ok(None);
            };
            (*mask, before_mask + 4)
        } else {
            ([0; 4], before_mask)
        };
        Ok(Some(Self {
            opcode,
            fin,
            mask,
            payload_len,
            size,
        }))
    }
}

/// The header of a frame that holds a whole text of a client and is no longer than 64 KiB: nearly every frame that a
/// server reads. Nothing is wrong with it.
pub(crate) struct TextHeader {
    pub(crate) mask: [u8; 4],
    pub(crate) payload_len: usize,
    /// Of the header itself, in bytes.
    pub(crate) size: usize,
}

impl TextHeader {
    /// Reads such a header from the front of `bytes`. `None` says nothing of what is there instead.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        const MASKED_16: u8 = MASKED | LENGTH_16;
        const MASKED_7: RangeInclusive<u8> = MASKED..=MASKED | MAX_CONTROL;
        let [WHOLE_TEXT, length, rest @ ..] = bytes else {
            return None;
        };
        if MASKED_7.contains(length) {
            return Some(Self {
                mask: *rest.first_chunk()?,
                payload_len: usize::from(length & !MASKED),
                size: 6,
            });
        }
        let (payload_len, rest) = rest.split_first_chunk()?;
        let payload_len = u16::from_be_bytes(*payload_len);
        (*length == MASKED_16 && payload_len >= u16::from(LENGTH_16)).then_some(Self {
            mask: *rest.first_chunk()?,
            payload_len: usize::from(payload_len),
            size: 8,
        })
    }
}

/// The header of an unfragmented, unmasked frame, and how many of the bytes it takes.
#[inline]
pub(crate) fn write(opcode: OpCode, payload_len: usize) -> ([u8; 10], usize) {
    let mut header = [0; 10];
    header[0] = FIN | opcode as u8;
    if payload_len <= usize::from(MAX_CONTROL) {
        header[1] = payload_len as u8;
        (header, 2)
    } else if let Ok(length) = u16::try_from(payload_len) {
        header[1] = LENGTH_16;
        header[2..4].copy_from_slice(&length.to_be_bytes());
        (header, 4)
    } else {
        header[1] = LENGTH_64;
        header[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
        (header, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_client(bytes: &[u8]) -> Result<Option<(OpCode, bool, u64, usize)>, ProtocolError> {
        Header::read(bytes, Role::Server)
            .map(|read| read.map(|h| (h.opcode, h.fin, h.payload_len, h.size)))
    }

    fn from_server(bytes: &[u8]) -> Result<Option<(OpCode, bool, u64, usize)>, ProtocolError> {
        Header::read(bytes, Role::Client)
            .map(|read| read.map(|h| (h.opcode, h.fin, h.payload_len, h.size)))
    }

    #[test]
    fn lengths_take_seven_sixteen_or_sixty_four_bits() {
        // FIN + text, then the length.
        let cases: [(&[u8], u64, usize); 6] = [
            (&[0x81, 0x00], 0, 2),
            (&[0x81, 0x7d], 125, 2),
            (&[0x81, 0x7e, 0x00, 0x7e], 126, 4),
            (&[0x81, 0x7e, 0xff, 0xff], 65535, 4),
            (&[0x81, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0], 65536, 10),
            (
                &[0x81, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                i64::MAX as u64,
                10,
            ),
        ];
        for (bytes, length, size) in cases {
            assert_eq!(
                from_server(bytes),
                Ok(Some((OpCode::Text, true, length, size)))
            );
            for cut in 0..bytes.len() {
                assert_eq!(from_server(&bytes[..cut]), Ok(None), "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_mask_follows_the_length() {
        let bytes = [0x02, 0xfe, 0x01, 0x00, 0xaa, 0xbb, 0xcc, 0xdd, 0x99];
        let header = Header::read(&bytes, Role::Server).unwrap().unwrap();
        assert_eq!(header.mask, [0xaa, 0xbb, 0xcc, 0xdd]);
        assert_eq!(
            (header.fin, header.payload_len, header.size),
            (false, 256, 8)
        );
        assert_eq!(from_client(&bytes[..7]), Ok(None));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [0, 1, 125, 126, 127, 65535, 65536, 1_000_000] {
            let (bytes, size) = write(OpCode::Binary, length);
            assert_eq!(
                from_server(&bytes[..size]),
                Ok(Some((OpCode::Binary, true, length as u64, size))),
            );
        }
    }

    #[test]
    fn each_reserved_bit_is_refused() {
        for bit in [0x40, 0x20, 0x10, 0x70] {
            assert_eq!(
                from_client(&[0x81 | bit, 0x80]),
                Err(ProtocolError::ReservedBits)
            );
        }
    }

    #[test]
    fn reserved_opcodes_are_refused() {
        for bits in (0x3..=0x7).chain(0xB..=0xF) {
            assert_eq!(
                from_client(&[0x80 | bits, 0x80]),
                Err(ProtocolError::ReservedOpcode(bits)),
            );
        }
    }

    #[test]
    fn control_frames_are_short_and_whole() {
        for opcode in [0x8, 0x9, 0xA] {
            assert_eq!(
                from_client(&[opcode, 0x80]),
                Err(ProtocolError::FragmentedControl)
            );
            for length in [126, 127] {
                assert_eq!(
                    from_client(&[0x80 | opcode, 0x80 | length]),
                    Err(ProtocolError::ControlTooLong),
                );
            }
            assert_eq!(from_client(&[0x80 | opcode, 0x80 | 125]), Ok(None));
        }
    }

    #[test]
    fn a_client_masks_everything_but_may_forget_it_on_an_empty_pong() {
        assert_eq!(
            from_client(&[0x8a, 0x00]),
            Ok(Some((OpCode::Pong, true, 0, 2)))
        );
        // A pong with one byte, an empty ping, an empty text, an empty close.
        for bytes in [[0x8a, 0x01], [0x89, 0x00], [0x81, 0x00], [0x88, 0x00]] {
            assert_eq!(from_client(&bytes), Err(ProtocolError::MaskRequired));
        }
    }

    #[test]
    fn a_server_masks_nothing() {
        assert_eq!(
            from_server(&[0x81, 0x80]),
            Err(ProtocolError::MaskForbidden)
        );
        assert_eq!(
            from_server(&[0x8a, 0x80]),
            Err(ProtocolError::MaskForbidden)
        );
    }

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        assert_eq!(
            from_client(&[0x82, 0xfe, 0x00, 0x7d]),
            Err(ProtocolError::NonMinimalLength),
        );
        assert_eq!(
            from_client(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            Err(ProtocolError::NonMinimalLength),
        );
    }

    #[test]
    fn the_top_bit_of_a_64_bit_length_is_refused() {
        assert_eq!(
            from_client(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            Err(ProtocolError::LengthOverflow),
        );
    }

    #[test]
    fn the_header_of_a_text_is_read_as_any_header_is() {
        let mut read = 0;
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                for length in [[0, 0], [0, 125], [0, 126], [1, 0], [0xff, 0xff]] {
                    let bytes = [first, second, length[0], length[1], 1, 2, 3, 4, 5, 6];
                    for end in 0..bytes.len() {
                        let Some(text) = TextHeader::read(&bytes[..end]) else {
                            continue;
                        };
                        let header = Header::read(&bytes[..end], Role::Server).unwrap().unwrap();
                        assert_eq!((header.opcode, header.fin), (OpCode::Text, true));
                        assert_eq!(header.mask, text.mask);
                        assert_eq!(header.payload_len, text.payload_len as u64);
                        assert_eq!(header.size, text.size);
                        read += 1;
                    }
                }
            }
        }
        // Every short length, told by 6 to 9 bytes; and three longer ones, told by 8 or 9.
        assert_eq!(read, 126 * 5 * 4 + 3 * 2);
    }
}
