//! The time that a line begins with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2023-11-14T22:13:20.123456Z`: how long that is, up to where the seconds end, and where the microseconds stand.
const LENGTH: usize = 27;
const SECONDS_END: usize = 19;
const MICROS: std::ops::Range<usize> = 20..26;

/// The last second that four digits of a year can tell.
const LAST_SECOND: u64 = 253_402_300_799;

/// Writes times as RFC 3339, in UTC, with microseconds; date and time of day only when they are not those of the line
/// before.
#[derive(Debug)]
pub(super) struct Clock {
    /// Since the Unix epoch; what `text` tells, but for the microseconds.
    second: u64,
    text: [u8; LENGTH],
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            second: 0,
            text: *b"1970-01-01T00:00:00.000000Z",
        }
    }
}

impl Clock {
    /// This time as text. A clock that is wrong by centuries is taken to its nearest second from 1970 to 9999.
    pub(super) fn write(&mut self, time: SystemTime) -> [u8; LENGTH] {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since_epoch.as_secs().min(LAST_SECOND);
        if second != self.second {
            self.second = second;
            let time = UNIX_EPOCH + Duration::from_secs(second);
            let text = humantime::format_rfc3339_seconds(time).to_string();
            for (place, byte) in self.text[..SECONDS_END].iter_mut().zip(text.bytes()) {
                *place = byte;
            }
        }
        let mut micros = since_epoch.subsec_micros();
        for place in self.text[MICROS].iter_mut().rev() {
            *place = b'0' + (micros % 10) as u8;
            micros /= 10;
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::fmt::format::Writer;
    use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime as Reference};

    use super::*;

    fn written(clock: &mut Clock, time: SystemTime) -> String {
        String::from_utf8(clock.write(time).to_vec()).unwrap()
    }

    fn at(seconds: u64, micros: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(seconds, micros * 1_000 + 999)
    }

    #[test]
    fn a_time_is_rfc_3339_in_utc_with_microseconds() {
        let mut clock = Clock::default();
        for (seconds, micros, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (0, 1, "1970-01-01T00:00:00.000001Z"),
            (1_700_000_000, 123_456, "2023-11-14T22:13:20.123456Z"),
            (1_700_000_000, 999_999, "2023-11-14T22:13:20.999999Z"),
            (1_700_000_001, 0, "2023-11-14T22:13:21.000000Z"),
            (1_709_164_800, 50, "2024-02-29T00:00:00.000050Z"),
            (1_700_000_000, 7, "2023-11-14T22:13:20.000007Z"),
            (LAST_SECOND, 999_999, "9999-12-31T23:59:59.999999Z"),
            (0, 0, "1970-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(written(&mut clock, at(seconds, micros)), expected);
        }
    }

    #[test]
    fn a_time_that_does_not_fit_stays_a_time() {
        let mut clock = Clock::default();
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(written(&mut clock, before), "1970-01-01T00:00:00.000000Z");
        let late = at(LAST_SECOND + 1, 5);
        assert_eq!(written(&mut clock, late), "9999-12-31T23:59:59.000005Z");
    }

    #[test]
    fn the_time_is_the_one_that_others_tell() {
        let reference = || {
            let mut text = String::new();
            Reference.format_time(&mut Writer::new(&mut text)).unwrap();
            text
        };
        let mut clock = Clock::default();
        for _ in 0..100 {
            let (before, now, after) = (reference(), SystemTime::now(), reference());
            let now = written(&mut clock, now);
            assert!(before <= now && now <= after, "{before} {now} {after}");
        }
    }
}
