//! Lines are, byte for byte, those of the formatters that `tracing_subscriber` has.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use tracing::{Event, Subscriber, debug, error, info, trace, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use super::lines::Look;

const TIME: &str = "2023-11-14T22:13:20.123456Z";

/// Writes the same time on every line.
struct Standstill;

impl FormatTime for Standstill {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(TIME)
    }
}

/// What one of both has written.
#[derive(Debug, Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn reference<S>(look: Look, written: Written) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(look == Look::ColouredText)
        .with_timer(Standstill)
        .with_writer(move || written.clone());
    match look {
        Look::Text | Look::ColouredText => layer.boxed(),
        Look::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
    }
}

/// Ours, without queues.
struct Ours {
    look: Look,
    written: Written,
}

impl<S: Subscriber> Layer<S> for Ours {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = b"the line before".to_vec();
        self.look.write(&mut line, TIME.as_bytes(), event);
        self.written.0.lock().unwrap().extend(line);
    }
}

/// Logs with both, in every look, and compares what they write.
fn compare(log: impl Fn()) {
    for look in [Look::Text, Look::ColouredText, Look::Json] {
        let (expected, written) = (Written::default(), Written::default());
        let ours = Ours {
            look,
            written: written.clone(),
        };
        let subscriber = tracing_subscriber::registry()
            .with(reference(look, expected.clone()))
            .with(ours);
        tracing::subscriber::with_default(subscriber, &log);

        let (expected, written) = (expected.text(), written.text());
        assert!(expected.contains(TIME), "{look:?}: nothing is logged");
        for (written, expected) in written.split('\n').zip(expected.split('\n')) {
            assert_eq!(written, expected, "{look:?}");
        }
        assert_eq!(written.len(), expected.len(), "{look:?}");
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "its fields are there to be written")]
struct Seat<'a> {
    room: &'a str,
    number: Option<u8>,
}

/// An error with another behind it, if it has one.
#[derive(Debug)]
struct Mishap(&'static str, Option<Box<Self>>);

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Mishap {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

/// Writes itself in pieces.
struct Pieces<'a>(&'a [&'a str]);

impl fmt::Display for Pieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, piece) in self.0.iter().enumerate() {
            write!(f, "{number}{piece}")?;
        }
        Ok(())
    }
}

#[test]
fn a_line_of_the_journal() {
    compare(|| {
        let (conn, room, peer) = (7_u64, "studio", "ann");
        info!(%conn, %room, %peer, dialect = "join_room", "joined");
        info!(%room, %peer, why = "dropped", "left");
    });
}

#[test]
fn every_level() {
    compare(|| {
        error!("one");
        warn!("two");
        info!("three");
        debug!("four");
        trace!("five");
    });
}

#[test]
fn every_kind_of_value() {
    compare(|| {
        info!(yes = true, no = false, "booleans");
        info!(zero = 0_u8, small = u32::MAX, large = u64::MAX, "unsigned");
        info!(one = 1_i8, least = i64::MIN, most = i64::MAX, "signed");
        info!(least = i128::MIN, most = u128::MAX, few = 7_i128, "wide");
        info!(size = 12_usize, offset = -12_isize, "of the machine");
        info!(
            none = 0.0,
            minus = -0.0,
            tenth = 0.1,
            third = 1.0 / 3.0,
            whole = 250.0,
            "fractions"
        );
        info!(
            huge = f64::MAX,
            tiny = f64::MIN_POSITIVE,
            large = 1e16,
            larger = 1e21,
            small = 1e-7,
            "wide fractions"
        );
        info!(
            not = f64::NAN,
            above = f64::INFINITY,
            below = f64::NEG_INFINITY,
            single = 0.1_f32,
            "no numbers"
        );
        info!(letter = ?'x', quote = ?'"', text = %"shown", quoted = ?"shown", owned = String::from("own"), "texts");
        info!(bytes = &b"\x00\x7f\xffab"[..], none = &b""[..], "bytes");
        info!(list = ?[1, 2, 3], nothing = ?(), pretty = ?Some("x"), "debug");
        info!(seat = ?Seat { room: "a\"b\n", number: Some(3) }, "a structure");
        info!(pieces = %Pieces(&["a", "\"", "\\", "\n", "", "ä\u{85}"]), "pieces");
        info!(
            there = Some(5),
            missing = None::<u64>,
            declared = tracing::field::Empty,
            "options"
        );
        info!(
            boxed = Box::new(5),
            reference = &5,
            wrapping = std::num::Wrapping(5),
            "in boxes"
        );
        info!(addr = %std::net::SocketAddr::from(([127, 0, 0, 1], 8765)), "an address");
    });
}

#[test]
fn errors_and_what_is_behind_them() {
    compare(|| {
        let inner = Mishap("no \u{1b}[31mspace\n left", None);
        let middle = Mishap("cannot \"write\"", Some(Box::new(inner)));
        let outer = Mishap("cannot log", Some(Box::new(middle)));
        let lonely = Mishap("\u{9b}31m alone", None);
        info!(error = &outer as &dyn Error, then = 1, "with two behind it");
        info!(
            error = &lonely as &dyn Error,
            then = 1,
            "with nothing behind it"
        );
        info!(first = 1, r#type = &outer as &dyn Error);
        info!(error = %outer, debug = ?outer, "as other kinds");
        info!(error = &io::Error::other("of the system") as &dyn Error);
    });
}

#[test]
fn messages_and_names_of_all_sorts() {
    compare(|| {
        info!("formatted {} and {:?}", 1, "two");
        info!("braces {{}} and a trailing space ");
        info!("");
        info!(only = "a field");
        info!(room = "studio", message = "last");
        info!(message = 5, room = "studio");
        info!(message = ?"quoted", "two messages");
        info!(message = "a text \u{1b}[31m");
        info!(r#type = "offer", r#fn = 1, r#match = ?Some(1), "keywords");
        info!(
            "a name" = 1,
            "a \"quoted\" name" = 2,
            "a.b" = 3,
            c.d = 4,
            "named freely"
        );
        info!(target: "a \"target\"\n", "elsewhere");
        info!(target: "", "nowhere");
        info!(name: "a name", "named");
        info!(parent: None, "without a parent");
        info!({ room = "studio" }, "in braces");
        // Nothing at all but a name that says where.
        tracing::event!(name: "empty", tracing::Level::INFO, {});
    });
}

#[test]
fn every_character_in_every_place() {
    let all = (0..0x400)
        .chain(0x2000..0x2070)
        .chain([0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xffff, 0x1f600, 0x10_ffff]);
    let all: Vec<char> = all.filter_map(char::from_u32).collect();
    compare(|| {
        for c in &all {
            let alone = c.to_string();
            let inside = format!("before{c}behind");
            let twice = format!("{c}{c}e\u{301}{c}");
            for text in [&alone, &inside, &twice] {
                let error = io::Error::other(text.clone());
                let error = &error as &dyn Error;
                info!(text, shown = %text, quoted = ?text, error, letter = ?c, "{text}");
                info!(message = text.as_str());
            }
        }
    });
}

#[test]
fn texts_of_every_length() {
    compare(|| {
        for length in 0..200 {
            let plain = "x".repeat(length);
            let ending = format!("{plain}\"");
            info!(plain, ending, shown = %ending, "{plain}\u{7}{plain}");
        }
        info!(long = "long \n".repeat(100_000), "long");
    });
}
