//! An event as a line of text, for people.

use std::error::Error;
use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Appends the event, line break included.
pub(super) fn write(line: &mut Vec<u8>, time: &[u8], event: &Event<'_>, has_colours: bool) {
    let metadata = event.metadata();
    let mut fields = Fields {
        line,
        has_colours,
        is_first: true,
    };
    fields.paint(DIMMED, time);
    fields.line.push(b' ');
    let (colour, level) = level(*metadata.level());
    fields.paint(colour, level);
    fields.line.push(b' ');
    fields.paint(DIMMED, metadata.target().as_bytes());
    fields.paint(DIMMED, b":");
    fields.line.push(b' ');
    event.record(&mut fields);
    fields.line.push(b'\n');
}

/// How a terminal is asked to show text (ECMA-48, section 8.3.117).
type Rendition = &'static [u8];

const DIMMED: Rendition = b"\x1b[2m";
const ITALIC: Rendition = b"\x1b[3m";
const RED: Rendition = b"\x1b[31m";
const GREEN: Rendition = b"\x1b[32m";
const YELLOW: Rendition = b"\x1b[33m";
const BLUE: Rendition = b"\x1b[34m";
const PURPLE: Rendition = b"\x1b[35m";
const AS_BEFORE: Rendition = b"\x1b[0m";

const fn level(level: Level) -> (Rendition, &'static [u8]) {
    match level {
        Level::ERROR => (RED, b"ERROR"),
        Level::WARN => (YELLOW, b" WARN"),
        Level::INFO => (GREEN, b" INFO"),
        Level::DEBUG => (BLUE, b"DEBUG"),
        Level::TRACE => (PURPLE, b"TRACE"),
    }
}

/// Writes fields as `name=value`, and the message alone.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    has_colours: bool,
    is_first: bool,
}

impl Fields<'_> {
    fn paint(&mut self, rendition: Rendition, text: &[u8]) {
        if self.has_colours {
            self.line.extend_from_slice(rendition);
            self.line.extend_from_slice(text);
            self.line.extend_from_slice(AS_BEFORE);
        } else {
            self.line.extend_from_slice(text);
        }
    }

    /// Begins a field; says whether it is the message.
    fn name(&mut self, field: &Field) -> bool {
        if !std::mem::take(&mut self.is_first) {
            self.line.push(b' ');
        }
        let name = field.name();
        if name == "message" {
            return true;
        }
        self.paint(ITALIC, name.as_bytes());
        self.paint(DIMMED, b"=");
        false
    }

    /// Appends what says itself what a terminal is to see of it. One that cannot write itself stands there as far as
    /// it got; that goes for what is made harmless, too.
    fn value(&mut self, value: fmt::Arguments<'_>) {
        let _ = Verbatim(self.line).write_fmt(value);
    }

    /// Appends what may hold anything, without what a terminal would take for orders.
    fn harmless(&mut self, value: fmt::Arguments<'_>) {
        let _ = Harmless(self.line).write_fmt(value);
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.name(field) {
            write_harmless(self.line, value);
        } else if value.bytes().all(needs_no_escape) {
            self.line.push(b'"');
            self.line.extend_from_slice(value.as_bytes());
            self.line.push(b'"');
        } else {
            self.value(format_args!("{value:?}"));
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        self.name(field);
        self.harmless(format_args!("{error}"));
        let mut source = error.source();
        if source.is_none() {
            return;
        }
        self.line.push(b' ');
        self.paint(ITALIC, field.name().as_bytes());
        self.paint(ITALIC, b".sources");
        self.paint(DIMMED, b"=");
        let mut before: &[u8] = b"[";
        while let Some(error) = source {
            self.line.extend_from_slice(before);
            self.harmless(format_args!("{error}"));
            before = b", ";
            source = error.source();
        }
        self.line.push(b']');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.name(field) {
            self.harmless(format_args!("{value:?}"));
        } else {
            self.value(format_args!("{value:?}"));
        }
    }
}

/// Whether Rust writes this byte of a text between quotes as it is. That goes for others, too, but these are in most
/// texts.
const fn needs_no_escape(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Takes text as it comes, piece by piece.
struct Verbatim<'a>(&'a mut Vec<u8>);

impl Write for Verbatim<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }
}

/// Takes text, and shows what a terminal would take for an order.
struct Harmless<'a>(&'a mut Vec<u8>);

impl Write for Harmless<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        write_harmless(self.0, piece);
        Ok(())
    }
}

fn write_harmless(line: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        line.extend_from_slice(text.as_bytes());
    } else {
        write_showing_orders(line, text);
    }
}

#[cold]
fn write_showing_orders(line: &mut Vec<u8>, text: &str) {
    let mut out = Verbatim(line);
    for character in text.chars() {
        // Writing to a vector does not fail.
        let _ = match character {
            '\u{80}'..='\u{9f}' => write!(out, "\\u{{{:x}}}", u32::from(character)),
            '\x07' | '\x08' | '\x0c' | '\x1b' | '\x7f' => {
                write!(out, "\\x{:02x}", u32::from(character))
            }
            _ => out.write_char(character),
        };
    }
}
