//! Writing JSON strings.

use super::block::{from_special, is_plain};

/// Appends `value` to `out` as a JSON string, quotes included. Only what must be escaped is (RFC 8259, section 7).
pub fn write_json_string(out: &mut Vec<u8>, value: &str) {
    write_json_text(out, value.as_bytes());
}

/// The same from the bytes of a text.
pub(crate) fn write_json_text(out: &mut Vec<u8>, value: &[u8]) {
    out.reserve(value.len() + 2);
    out.push(b'"');
    if is_plain(value) {
        out.extend_from_slice(value);
    } else {
        write_with_escapes(out, value);
    }
    out.push(b'"');
}

#[inline(never)]
fn write_with_escapes(out: &mut Vec<u8>, mut rest: &[u8]) {
    loop {
        let special = from_special(rest);
        out.extend_from_slice(&rest[..rest.len() - special.len()]);
        let [byte, behind @ ..] = special else { break };
        write_escape(out, *byte);
        rest = behind;
    }
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 0xf)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> String {
        let mut out = b"before ".to_vec();
        write_json_string(&mut out, value);
        String::from_utf8(out).expect("valid UTF-8")
    }

    #[test]
    fn plain_text_is_quoted_and_appended() {
        assert_eq!(written("sender_001"), r#"before "sender_001""#);
        assert_eq!(written(""), r#"before """#);
        assert_eq!(
            written("中ä\u{1f600}\u{7f}/"),
            "before \"中ä\u{1f600}\u{7f}/\""
        );
    }

    #[test]
    fn what_a_string_cannot_hold_is_escaped() {
        assert_eq!(written("a\"b\\c\r\n\t"), r#"before "a\"b\\c\r\n\t""#);
        assert_eq!(
            written("\0\u{1f}\u{8}\u{c}"),
            r#"before "\u0000\u001f\b\f""#
        );
    }

    #[test]
    fn every_character_reads_back() {
        let all: String = (0..0x300)
            .chain(0x1f600..0x1f610)
            .filter_map(char::from_u32)
            .collect();
        let written = written(&all);
        let read: String = serde_json::from_str(written.strip_prefix("before ").expect("kept"))
            .expect("a JSON string");
        assert_eq!(read, all);
    }
}
