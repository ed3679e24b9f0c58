//! From an event to a line in each queue.

use std::cell::Cell;
use std::time::SystemTime;

use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::clock::Clock;
use super::queue::Queue;
use super::{json, text};
use crate::config::LogFormat;

/// How many bytes a thread keeps at most for its next line.
const KEPT: usize = 16 * 1024;

thread_local! {
    /// The line before and its time. Taken while a line is written: a value that logs while it writes itself finds
    /// nothing.
    static BEFORE: Cell<(Clock, Vec<u8>)> = Cell::default();
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Text,
    ColouredText,
    Json,
}

impl Look {
    pub(super) const fn new(format: LogFormat, has_colours: bool) -> Self {
        match format {
            LogFormat::Text if has_colours => Self::ColouredText,
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }

    /// Replaces the line by that of an event.
    pub(super) fn write(self, line: &mut Vec<u8>, time: &[u8], event: &Event<'_>) {
        line.clear();
        match self {
            Self::Text => text::write(line, time, event, false),
            Self::ColouredText => text::write(line, time, event, true),
            Self::Json => json::write(line, time, event),
        }
    }
}

/// The layer that hands lines to queues, each with a look. It knows of no spans.
///
/// Two lines for each client that comes and goes must not cost more than its coming and going. So this writes straight
/// into a buffer of the thread what the formatters of `tracing_subscriber` write by way of several others: the same
/// bytes for a fraction of the instructions.
#[derive(Debug)]
pub(super) struct Lines(Vec<(Look, Queue)>);

impl Lines {
    pub(super) const fn new(to: Vec<(Look, Queue)>) -> Self {
        Self(to)
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // A thread that is ending keeps nothing any more.
        let (mut clock, mut line) = BEFORE.try_with(Cell::take).unwrap_or_default();
        let time = clock.write(SystemTime::now());
        let mut written = None;
        for (look, queue) in &self.0 {
            if written != Some(*look) {
                look.write(&mut line, &time, event);
                written = Some(*look);
            }
            queue.put(&line);
        }
        if line.capacity() > KEPT {
            line = Vec::new();
        }
        let _ = BEFORE.try_with(|before| before.set((clock, line)));
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::mpsc::{self, Receiver};
    use std::time::{Duration, Instant};

    use tracing::info;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// A queue, and what comes out of it.
    fn queue() -> (Queue, Receiver<Vec<u8>>) {
        let (sender, written) = mpsc::channel();
        let write = move |lines: &[Vec<u8>]| {
            for line in lines {
                let _ = sender.send(line.clone());
            }
        };
        (
            Queue::start("test", LogFormat::Text, write).unwrap(),
            written,
        )
    }

    /// The lines that are logged in each of these looks, without their times.
    fn logged<const N: usize>(looks: [Look; N], log: impl Fn()) -> [Vec<String>; N] {
        let queues = looks.map(|_| queue());
        let to = looks.iter().zip(&queues);
        let to = to.map(|(look, (queue, _))| (*look, queue.clone()));
        let subscriber = tracing_subscriber::registry().with(Lines::new(to.collect()));
        tracing::subscriber::with_default(subscriber, log);
        queues.map(|(queue, written)| {
            assert!(queue.flush(Instant::now() + Duration::from_secs(30)));
            let text = |line| String::from_utf8(line).unwrap();
            let without_time = |line: String| line.split_once("Z").unwrap().1.to_owned();
            written.try_iter().map(text).map(without_time).collect()
        })
    }

    #[test]
    fn each_queue_gets_the_look_it_asks_for() {
        let looks = [Look::ColouredText, Look::Text, Look::Text, Look::Json];
        let [coloured, plain, again, json] = logged(looks, || {
            info!(target: "here", room = "studio", "joined");
        });
        let expected = "\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mhere\u{1b}[0m\u{1b}[2m:\u{1b}[0m joined \
            \u{1b}[3mroom\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"studio\"\n";
        assert_eq!(coloured, [expected]);
        assert_eq!(plain, ["  INFO here: joined room=\"studio\"\n"]);
        assert_eq!(again, plain);
        let expected = "\",\"level\":\"INFO\",\"message\":\"joined\",\"room\":\"studio\",\"target\":\"here\"}\n";
        assert_eq!(json, [expected]);
    }

    #[test]
    fn a_line_holds_nothing_of_a_longer_one_before() {
        let [lines] = logged([Look::Text], || {
            for length in [0, 2 * KEPT, 1] {
                info!(target: "here", "{}", "x".repeat(length));
            }
        });
        let lengths: Vec<_> = lines
            .iter()
            .map(|line| line.len() - "  INFO here: \n".len())
            .collect();
        assert_eq!(lengths, [0, 2 * KEPT, 1]);
    }

    /// Fails when it is half written.
    struct Broken;

    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }

    #[test]
    fn a_value_that_cannot_be_written_takes_no_other_with_it() {
        let [text, json] = logged([Look::Text, Look::Json], || {
            info!(target: "here", value = %Broken, last = 1, "whole");
        });
        assert_eq!(text, ["  INFO here: whole value=half last=1\n"]);
        let expected = "\",\"level\":\"INFO\",\"message\":\"whole\",\"value\":\"half\",\"last\":1,\"target\":\"here\"}\n";
        assert_eq!(json, [expected]);
    }

    #[test]
    fn a_value_that_panics_spoils_its_own_line_only() {
        struct Exploding;

        impl fmt::Display for Exploding {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half")?;
                std::panic::resume_unwind(Box::new("out of tune"))
            }
        }

        let [lines] = logged([Look::Text], || {
            let ended = std::panic::catch_unwind(|| info!(value = %Exploding, "never"));
            assert!(ended.is_err());
            info!(target: "here", "after");
        });
        assert_eq!(lines, ["  INFO here: after\n"]);
    }
}
