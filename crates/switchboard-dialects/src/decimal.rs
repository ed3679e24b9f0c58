//! Numbers and times as text.

/// Appends a number in decimal digits.
pub(crate) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = digit(number % 10);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends a time as RFC 3339, UTC, with milliseconds. Years beyond 9999 take as many digits as they need.
pub(crate) fn write_rfc3339(out: &mut Vec<u8>, unix_millis: u64) {
    let (days, millis) = (unix_millis / MILLIS_OF_DAY, unix_millis % MILLIS_OF_DAY);
    let (year, month, day) = date(days);
    let seconds = millis / 1000;
    if year < 10_000 {
        write_two_digits(out, year / 100);
        write_two_digits(out, year % 100);
    } else {
        write_number(out, year);
    }
    for (mark, number) in [
        (b'-', month),
        (b'-', day),
        (b'T', seconds / 3600),
        (b':', seconds / 60 % 60),
        (b':', seconds % 60),
    ] {
        out.push(mark);
        write_two_digits(out, number);
    }
    let millis = millis % 1000;
    out.extend_from_slice(&[
        b'.',
        digit(millis / 100),
        digit(millis / 10 % 10),
        digit(millis % 10),
        b'Z',
    ]);
}

const MILLIS_OF_DAY: u64 = 24 * 60 * 60 * 1000;

/// Year, month and day of a day since the Unix epoch, in the Gregorian calendar.
///
/// Years are taken to begin with March, so that the day of a leap year that others lack is the last one. Four hundred
/// of them are always of one length.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_EPOCH;
    let (cycle, day) = (days / DAYS_OF_CYCLE, days % DAYS_OF_CYCLE);
    // The last century has a leap day more than the others, and the last four years of a century, the last year of four.
    let century = (day / DAYS_OF_CENTURY).min(3);
    let day = day - century * DAYS_OF_CENTURY;
    let four_years = day / DAYS_OF_FOUR_YEARS;
    let day = day % DAYS_OF_FOUR_YEARS;
    let year = (day / 365).min(3);
    let day = day - year * 365;
    // Five months from March on are 153 days, and so are those from August on: 31, 30, 31, 30, 31.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = 400 * cycle + 100 * century + 4 * four_years + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

const DAYS_OF_FOUR_YEARS: u64 = 4 * 365 + 1;
const DAYS_OF_CENTURY: u64 = 25 * DAYS_OF_FOUR_YEARS - 1;
const DAYS_OF_CYCLE: u64 = 4 * DAYS_OF_CENTURY + 1;
/// From the first of March of the year 0 to the first of January of 1970.
const DAYS_BEFORE_EPOCH: u64 = 719_468;

fn write_two_digits(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&[digit(number / 10), digit(number % 10)]);
}

/// `number` is less than 10.
fn digit(number: u64) -> u8 {
    b'0' + number as u8
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn numbers_are_written_in_decimal_digits() {
        for number in [0, 9, 10, 99, 100, 1_767_225_600_000, u64::MAX] {
            let text = written(|out| write_number(out, number));
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn every_day_of_the_calendar_is_written_as_it_is_called() {
        // Every day of four centuries, then some of all years up to 9999, at all times of the day.
        let (end_of_days, end) = (12_622_780_800_000, 253_402_300_800_000);
        let mut millis = 0;
        while millis < end {
            let time = UNIX_EPOCH + Duration::from_millis(millis);
            let expected = humantime::format_rfc3339_millis(time).to_string();
            assert_eq!(written(|out| write_rfc3339(out, millis)), expected);
            let days = if millis < end_of_days { 1 } else { 13 };
            millis = (millis / MILLIS_OF_DAY + days) * MILLIS_OF_DAY
                + (millis + 12_345_678) % MILLIS_OF_DAY;
        }
        let text = written(|out| write_rfc3339(out, end));
        assert_eq!(text, "10000-01-01T00:00:00.000Z");
    }
}
