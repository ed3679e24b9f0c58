//! What a process has used of the processor.

use anyhow::{Context, Result};

/// Seconds of user and system time of a process and all its threads, in steps of a clock tick (10 ms).
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("no process {pid}"))?;
    let ticks = ticks(&stat).context("not a line of /proc/PID/stat")?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// `utime` and `stime` together (proc(5)).
fn ticks(stat: &str) -> Option<u64> {
    // The name stands in parentheses and may hold anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194560 100 0 0 0 250 125 7 9 20 0 1 0 5 1000 20";
        assert_eq!(ticks(stat), Some(375));
        assert_eq!(ticks("17 (x) S 1"), None);
    }
}
