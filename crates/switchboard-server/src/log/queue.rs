//! Where lines wait to be written, so that nobody who logs waits for a disk or for whoever reads the console.
//!
//! Each queue has a thread of its own that writes. It lets lines gather for a moment, since waking it for each costs
//! whoever logs more than the line does. A full queue turns lines away and counts them; once there is room
//! again, one line says how many are missing, at the place where they are missing.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::own;
use crate::config::LogFormat;

/// How many lines may wait.
pub(super) const LINES_MAX: usize = 16_384;

/// How many lines are written at once.
const LINES_AT_ONCE: usize = 64;

/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(5);

/// How many bytes these may have together; one line alone may have more.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A queue of lines. Clones are the same queue; when the last is gone, its thread writes what is left and ends.
#[derive(Debug, Clone)]
pub(super) struct Queue(Arc<Entrance>);

/// What the clones share, and the thread does not: it would never end.
#[derive(Debug)]
struct Entrance(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is something to write, or nobody left who could log.
    work: Condvar,
    /// Somebody waits for what is queued, or nobody is left who could log.
    hurry: Condvar,
    /// Lines were written.
    progress: Condvar,
    format: LogFormat,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Lines are turned away until half of the room is free, so that they are missing in one piece.
    is_full: bool,
    /// Lines turned away in all.
    dropped: u64,
    /// Those of them that the log does not tell of yet.
    untold: u64,
    /// Lines that were put in, and how many of them were written.
    put: u64,
    written: u64,
    /// How many wait until everything is written.
    waiting: usize,
    is_closed: bool,
}

impl Queue {
    /// Starts the thread, of this name; it calls `write` with some whole lines at a time.
    pub(super) fn start(
        thread: &str,
        format: LogFormat,
        write: impl FnMut(&[Vec<u8>]) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            hurry: Condvar::new(),
            progress: Condvar::new(),
            format,
        });
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name(thread.to_owned())
            .spawn(move || of_thread.write_all(write))?;
        Ok(Self(Arc::new(Entrance(shared))))
    }

    /// Queues a line, or drops it where there is no room. Never waits for the writing.
    pub(super) fn put(&self, line: &[u8]) {
        let shared = self.shared();
        let line = line.to_vec();
        let mut state = shared.state.lock();
        if state.has_room_for(&line) {
            shared.tell_of_dropped(&mut state);
            state.put(line);
            shared.work.notify_one();
        } else {
            state.dropped += 1;
            state.untold += 1;
        }
    }

    /// How many lines found no room so far.
    pub(super) fn dropped(&self) -> u64 {
        self.shared().state.lock().dropped
    }

    /// Waits until everything queued by now is written; `false` when that was not so by the deadline.
    pub(super) fn flush(&self, deadline: Instant) -> bool {
        let shared = self.shared();
        let mut state = shared.state.lock();
        shared.tell_of_dropped(&mut state);
        let expected = state.put;
        state.waiting += 1;
        shared.hurry.notify_one();
        while state.written < expected {
            if shared.progress.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.waiting -= 1;
        state.written >= expected
    }

    fn shared(&self) -> &Shared {
        &self.0.0
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.0.state.lock().is_closed = true;
        self.0.work.notify_one();
        self.0.hurry.notify_one();
    }
}

impl Shared {
    /// Writes lines as they come, until nobody is left who could log.
    fn write_all(&self, mut write: impl FnMut(&[Vec<u8>])) {
        let mut state = self.state.lock();
        loop {
            let lines = state.take();
            if !lines.is_empty() {
                MutexGuard::unlocked(&mut state, || write(&lines));
                state.written += lines.len() as u64;
                self.progress.notify_all();
            } else if state.untold > 0 {
                self.tell_of_dropped(&mut state);
            } else if state.is_closed {
                return;
            } else {
                self.work.wait(&mut state);
                if !state.is_closed && state.waiting == 0 {
                    self.hurry.wait_for(&mut state, GATHER);
                }
            }
        }
    }

    /// Queues the line that says how many are missing here, if any are.
    fn tell_of_dropped(&self, state: &mut State) {
        let lines = std::mem::take(&mut state.untold);
        if lines > 0 {
            let fields = [("lines", lines.into())];
            state.put(own::line(
                self.format,
                "WARN",
                "log lines were dropped: they came faster than they could be written",
                &fields,
            ));
            self.work.notify_one();
        }
    }
}

impl State {
    fn has_room_for(&mut self, line: &[u8]) -> bool {
        let (lines, bytes) = (self.lines.len(), self.bytes);
        if self.is_full {
            self.is_full = lines > LINES_MAX / 2 || bytes > BYTES_MAX / 2;
        }
        let is_over = lines >= LINES_MAX || bytes + line.len() > BYTES_MAX;
        self.is_full |= is_over && lines > 0;
        !self.is_full
    }

    fn put(&mut self, line: Vec<u8>) {
        self.bytes += line.len();
        self.put += 1;
        self.lines.push_back(line);
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        let some = self.lines.len().min(LINES_AT_ONCE);
        let lines: Vec<_> = self.lines.drain(..some).collect();
        self.bytes -= lines.iter().map(Vec::len).sum::<usize>();
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn soon() -> Instant {
        Instant::now() + PATIENCE
    }

    /// A queue whose thread has begun to write a first line and stands still, what it has written so far, and what
    /// lets it go on when dropped.
    fn stalled(format: LogFormat) -> (Queue, Receiver<String>, Sender<()>) {
        let (began, begun) = mpsc::channel();
        let (stall, stalling) = mpsc::channel::<()>();
        let (sender, written) = mpsc::channel();
        let queue = Queue::start("test", format, move |lines| {
            for line in lines {
                let _ = began.send(());
                let _ = stalling.recv();
                let _ = sender.send(String::from_utf8_lossy(line).into_owned());
            }
        })
        .unwrap();
        queue.put(b"first\n");
        begun.recv_timeout(PATIENCE).unwrap();
        (queue, written, stall)
    }

    #[test]
    fn lines_are_written_in_their_order() {
        let (queue, written, stall) = stalled(LogFormat::Text);
        queue.put(b"second\n");
        queue.put(b"third\n");
        drop(stall);
        assert!(queue.flush(soon()));
        let lines: Vec<String> = written.try_iter().collect();
        assert_eq!(lines, ["first\n", "second\n", "third\n"]);
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_counted_and_told_of_where_it_is_missing() {
        let (queue, written, stall) = stalled(LogFormat::Json);
        for _ in 0..LINES_MAX {
            queue.put(b"fits\n");
        }
        for _ in 0..100 {
            queue.put(b"does not\n");
        }
        assert_eq!(queue.dropped(), 100);
        drop(stall);
        assert!(queue.flush(soon()));
        queue.put(b"after\n");
        assert!(queue.flush(soon()));

        let lines: Vec<String> = written.try_iter().collect();
        assert_eq!(lines.len(), 1 + LINES_MAX + 2);
        assert!(lines[1..=LINES_MAX].iter().all(|line| line == "fits\n"));
        let told: serde_json::Value = serde_json::from_str(&lines[LINES_MAX + 1]).unwrap();
        assert_eq!(
            (&told["level"], &told["lines"]),
            (&"WARN".into(), &100.into())
        );
        assert_eq!(lines[LINES_MAX + 2], "after\n");
        assert_eq!(queue.dropped(), 100, "that number only grows");
    }

    #[test]
    fn lines_are_told_to_be_missing_even_if_no_other_follows() {
        let (queue, written, stall) = stalled(LogFormat::Text);
        for _ in 0..=LINES_MAX {
            queue.put(b"line\n");
        }
        drop(stall);
        let last = written.iter().nth(LINES_MAX + 1).unwrap();
        assert!(
            last.contains(" WARN ") && last.ends_with(" lines=1\n"),
            "{last}"
        );
    }

    #[test]
    fn a_full_queue_takes_lines_again_when_half_of_it_is_free() {
        let (queue, written, stall) = stalled(LogFormat::Text);
        for _ in 0..=LINES_MAX {
            queue.put(b"line\n");
        }
        // One at a time, and so the thread never gets further than this.
        let write = |lines: usize| {
            for _ in 0..lines {
                stall.send(()).unwrap();
                written.recv_timeout(PATIENCE).unwrap();
            }
        };
        write(100);
        queue.put(b"too early\n");
        assert_eq!(queue.dropped(), 2);
        write(LINES_MAX / 2);
        queue.put(b"in time\n");
        assert_eq!(queue.dropped(), 2);
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_too_but_for_one_long_line() {
        let (queue, written, stall) = stalled(LogFormat::Text);
        let long = vec![b'x'; BYTES_MAX + 1];
        queue.put(&long);
        queue.put(b"no room beside it\n");
        assert_eq!(queue.dropped(), 1);
        drop(stall);
        assert!(queue.flush(soon()));
        let lengths: Vec<usize> = written.try_iter().map(|line| line.len()).collect();
        assert_eq!(lengths[..2], [6, long.len()]);
    }

    #[test]
    fn waiting_for_what_is_queued_ends_at_the_deadline() {
        let (queue, _written, stall) = stalled(LogFormat::Text);
        assert!(!queue.flush(Instant::now() + Duration::from_millis(20)));
        drop(stall);
        assert!(queue.flush(soon()));
    }

    #[test]
    fn the_thread_ends_when_nobody_is_left_who_could_log() {
        let (queue, written, stall) = stalled(LogFormat::Text);
        let clone = queue.clone();
        drop(queue);
        clone.put(b"last\n");
        drop((clone, stall));
        // This ends only because the thread does.
        assert_eq!(written.iter().collect::<Vec<_>>(), ["first\n", "last\n"]);
    }
}
