//! From messages to bytes. Frames are appended, never fragmented, and ready to be written as they
//! stand.

use crate::header::{self, MASKED};
use crate::mask::apply_mask;
use crate::opcode::OpCode;

/// The longest reason a close frame can carry, in bytes: a control frame's 125 less the code's 2.
pub const MAX_CLOSE_REASON: usize = 123;

/// Appends a server's frame. A control frame's payload is at most 125 bytes; a text's is UTF-8.
#[inline]
pub fn write_frame(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    write_parts(out, opcode, [payload]);
}

/// Appends a server's frame whose payload is the `parts` one after the other, as when a recipient's
/// name is spliced into a text that is otherwise shared.
#[inline]
pub fn write_parts<const N: usize>(out: &mut Vec<u8>, opcode: OpCode, parts: [&[u8]; N]) {
    let length = parts.iter().map(|part| part.len()).sum();
    let (header, size) = header::write(opcode, length);
    debug_assert!(!opcode.is_control() || length <= 125);
    out.reserve(size + length);
    // Constant sizes become a single store each.
    match size {
        2 => out.extend_from_slice(&header[..2]),
        4 => out.extend_from_slice(&header[..4]),
        _ => out.extend_from_slice(&header),
    }
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a client's frame, masked with `key`, which must be unpredictable towards servers one does
/// not trust (RFC 6455 section 5.3).
pub fn write_masked(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8], key: [u8; 4]) {
    debug_assert!(!opcode.is_control() || payload.len() <= 125);
    let (mut header, size) = header::write(opcode, payload.len());
    header[1] |= MASKED;
    out.reserve(size + key.len() + payload.len());
    out.extend_from_slice(&header[..size]);
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    apply_mask(&mut out[start..], key);
}

/// Appends a server's close frame. A reason of more than [`MAX_CLOSE_REASON`] bytes is cut at the
/// last character that fits.
pub fn write_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let reason = fitting(reason);
    write_parts(out, OpCode::Close, [&code.to_be_bytes(), reason.as_bytes()]);
}

/// [`write_close`] for a client, masked with `key`.
pub fn write_masked_close(out: &mut Vec<u8>, code: u16, reason: &str, key: [u8; 4]) {
    let mut payload = Vec::with_capacity(2 + MAX_CLOSE_REASON);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(fitting(reason).as_bytes());
    write_masked(out, OpCode::Close, &payload, key);
}

/// The size of the server's frame that `bytes` begin with, header included; `None` if they end before
/// its length is told.
pub fn frame_size(bytes: &[u8]) -> Option<usize> {
    let payload = match *bytes.get(1)? & 0x7f {
        126 => 4 + usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            usize::try_from(u64::from_be_bytes(length))
                .ok()?
                .checked_add(10)?
        }
        short => 2 + usize::from(short),
    };
    Some(payload)
}

fn fitting(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(MAX_CLOSE_REASON)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close::code;

    fn written(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write_frame(&mut out, opcode, payload);
        out
    }

    #[test]
    fn the_examples_of_rfc_6455_section_5_7() {
        assert_eq!(written(OpCode::Text, b"Hello"), b"\x81\x05Hello");
        assert_eq!(written(OpCode::Ping, b"Hello"), b"\x89\x05Hello");
        let mut masked = Vec::new();
        write_masked(
            &mut masked,
            OpCode::Text,
            b"Hello",
            [0x37, 0xfa, 0x21, 0x3d],
        );
        assert_eq!(masked, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(
            written(OpCode::Binary, &[7; 256])[..5],
            [0x82, 0x7e, 0x01, 0x00, 7],
        );
        assert_eq!(
            written(OpCode::Binary, &vec![7; 65536])[..11],
            [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0, 7],
        );
    }

    #[test]
    fn a_frames_size_is_read_back_from_its_header() {
        for length in [0, 1, 125, 126, 127, 65535, 65536, 100_000] {
            let frame = written(OpCode::Text, &vec![b'x'; length]);
            assert_eq!(frame_size(&frame), Some(frame.len()), "{length}");
        }
        assert_eq!(frame_size(b""), None);
        assert_eq!(frame_size(b"\x81"), None);
        assert_eq!(frame_size(b"\x81\x7e\x01"), None);
        assert_eq!(frame_size(b"\x81\x7f\0\0\0\0"), None);
    }

    #[test]
    fn frames_are_appended_to_what_is_there() {
        let mut out = b"before".to_vec();
        write_frame(&mut out, OpCode::Text, b"a");
        write_masked(&mut out, OpCode::Text, b"b", [0; 4]);
        assert_eq!(out, b"before\x81\x01a\x81\x81\0\0\0\0b");
    }

    #[test]
    fn the_parts_of_a_payload_become_one_frame() {
        let mut out = Vec::new();
        write_parts(&mut out, OpCode::Text, [b"{\"from\":\"", b"ann", b"\"}"]);
        assert_eq!(out, written(OpCode::Text, b"{\"from\":\"ann\"}"));
    }

    #[test]
    fn a_close_frame_has_a_code_and_a_reason() {
        let mut out = Vec::new();
        write_close(&mut out, code::GOING_AWAY, "bye");
        assert_eq!(out, b"\x88\x05\x03\xe9bye");
        out.clear();
        write_masked_close(&mut out, code::NORMAL, "", [0xff; 4]);
        assert_eq!(out, b"\x88\x82\xff\xff\xff\xff\xfc\x17");
    }

    #[test]
    fn a_long_reason_is_cut_between_two_characters() {
        let mut out = Vec::new();
        write_close(&mut out, code::NORMAL, &"x".repeat(124));
        assert_eq!(out.len(), 2 + 125);
        out.clear();
        // 122 bytes, then a character of three: it does not fit and goes as a whole.
        write_close(&mut out, code::NORMAL, &("x".repeat(122) + "\u{20ac}"));
        assert_eq!(out.len(), 2 + 2 + 122);
        assert_eq!(out.last(), Some(&b'x'));
    }
}
