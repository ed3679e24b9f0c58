//! Messages at a fixed rate, sent when they are due whatever became of those before, and timed from when they were due:
//! a server that stands still for a second has a second's worth of late messages, and not one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Play;
use crate::crew::Crew;
use crate::histogram::Histogram;
use crate::run::{BenchError, Window};
use crate::stamp::Stamp;

#[derive(Debug)]
pub(crate) struct Latency {
    window: Arc<Window>,
    /// Messages per second of this thread.
    rate: f64,
    /// When the first was due.
    start: Option<Instant>,
    /// How many have been sent.
    sent: u64,
    /// Who is next.
    speaker: usize,
    histogram: Histogram,
    stopping: bool,
}

/// So many are sent before what came is looked at.
const AT_ONCE: usize = 32;
/// With more on their way the server does not keep up, and never will.
const MOST_OUTSTANDING: u64 = 500_000;

impl Latency {
    pub(crate) fn new(window: Arc<Window>, rate: f64) -> Self {
        Self {
            window,
            rate,
            start: None,
            sent: 0,
            speaker: 0,
            histogram: Histogram::new(),
            stopping: false,
        }
    }
}

impl Play for Latency {
    fn start(&mut self, _crew: &mut Crew) -> Result<(), BenchError> {
        self.start = Some(Instant::now());
        Ok(())
    }

    fn heard(&mut self, _: &mut Crew, _: usize, heard: &[Stamp]) -> Result<(), BenchError> {
        let now = self.window.nanos(Instant::now());
        for stamp in heard {
            if self.window.counts(stamp.due) {
                self.histogram.record(now.saturating_sub(stamp.due));
            }
        }
        Ok(())
    }

    fn act(&mut self, crew: &mut Crew) -> Result<Option<Duration>, BenchError> {
        let Some(start) = self.start.filter(|_| !self.stopping) else {
            return Ok(None);
        };
        let now = Instant::now();
        for _ in 0..AT_ONCE {
            let due = start + Duration::from_secs_f64(self.sent as f64 / self.rate);
            if due > now {
                return Ok(Some(due - now));
            }
            crew.send(self.speaker, self.window.nanos(due))?;
            self.sent += 1;
            self.speaker = (self.speaker + 1) % crew.share().members();
        }
        let outstanding = crew.ledger.outstanding();
        if outstanding > MOST_OUTSTANDING {
            return Err(BenchError::Overload { outstanding });
        }
        Ok(Some(Duration::ZERO))
    }

    fn stop(&mut self) {
        self.stopping = true;
    }

    fn into_histogram(self) -> Option<Histogram> {
        Some(self.histogram)
    }
}
