//! An event as a line of JSON: one flat object.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Appends the event, line break included.
pub(super) fn write(line: &mut Vec<u8>, time: &[u8], event: &Event<'_>) {
    let metadata = event.metadata();
    line.extend_from_slice(b"{\"timestamp\":\"");
    line.extend_from_slice(time);
    line.extend_from_slice(level(*metadata.level()));
    event.record(&mut Members(line));
    line.extend_from_slice(b",\"target\":\"");
    write_inside(line, metadata.target());
    line.extend_from_slice(b"\"}\n");
}

/// What stands between the time and the first field.
const fn level(level: Level) -> &'static [u8] {
    match level {
        Level::ERROR => b"\",\"level\":\"ERROR\"",
        Level::WARN => b"\",\"level\":\"WARN\"",
        Level::INFO => b"\",\"level\":\"INFO\"",
        Level::DEBUG => b"\",\"level\":\"DEBUG\"",
        Level::TRACE => b"\",\"level\":\"TRACE\"",
    }
}

/// Appends what stands between the quotes of a string (RFC 8259, section 7).
#[inline]
fn write_inside(line: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| SPECIAL[usize::from(byte)]) {
        write_with_escapes(line, text.as_bytes());
    } else {
        line.extend_from_slice(text.as_bytes());
    }
}

/// Which bytes a string cannot hold as they are. Names and values are short, and a look into a table costs the least.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut control = 0;
    while control < b' ' {
        special[control as usize] = true;
        control += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

#[cold]
fn write_with_escapes(line: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            ..b' ' => {
                let digits =
                    [byte >> 4, byte & 0xf].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
                line.extend_from_slice(b"\\u00");
                line.extend_from_slice(&digits);
                continue;
            }
            _ => {
                line.push(*byte);
                continue;
            }
        };
        line.extend_from_slice(&[b'\\', short]);
    }
}

/// Writes fields as members of the object.
struct Members<'a>(&'a mut Vec<u8>);

impl Members<'_> {
    /// Begins a member, up to where its value does.
    fn name(&mut self, field: &Field) {
        self.0.extend_from_slice(b",\"");
        write_inside(self.0, field.name());
        self.0.extend_from_slice(b"\":");
    }

    /// Appends what needs neither quotes nor escapes.
    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        // Writing to a vector does not fail.
        let _ = write!(Inside(self.0), "{value}");
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field);
        // What JSON has no number for becomes `null`.
        let _ = serde_json::to_writer(&mut *self.0, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.0.push(b'"');
        write_inside(self.0, value);
        self.0.push(b'"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        self.0.push(b'"');
        // A value that cannot write itself stands there as far as it got.
        let _ = write!(Inside(self.0), "{value:?}");
        self.0.push(b'"');
    }
}

/// Takes the inside of a string, piece by piece.
struct Inside<'a>(&'a mut Vec<u8>);

impl Write for Inside<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        write_inside(self.0, piece);
        Ok(())
    }
}
