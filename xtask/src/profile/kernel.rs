//! What the kernel does for a delivery: its share of the time, and which calls.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Place, Shape, delivered};
use crate::child::{signal, stdout_of};

/// Processor time for a delivery, without any tool that slows it down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// Microseconds in the server itself.
    pub user: f64,
    /// Microseconds in the kernel.
    pub system: f64,
}

/// A system call, and how often it is made for a delivery.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub name: String,
    pub per_delivery: f64,
}

/// How long strace may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is made less often is not of the hot path.
const RARE: f64 = 0.001;

/// Looks at a server at full load.
pub(super) fn time(place: &Place, shape: Shape) -> Result<Time> {
    let server = place.serve(&[])?;
    let load = place.load(&server, shape)?;
    let (before, ticks) = (delivered(&server)?, ticks(server.pid())?);
    thread::sleep(place.seconds);
    let (after, later) = (delivered(&server)?, self::ticks(server.pid())?);
    drop(load);
    // The kernel tells hundredths of a second wherever it matters.
    let micros = |ticks: u64| ticks as f64 * 10_000.0 / (after - before);
    Ok(Time {
        user: micros(later.0 - ticks.0),
        system: micros(later.1 - ticks.1),
    })
}

/// User and system time of a process, in the kernel's ticks (proc(5)).
fn ticks(pid: u32) -> Result<(u64, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("an unknown form of stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<u64> { Ok(fields.next().context("a short stat")?.parse()?) };
    Ok((next()?, next()?))
}

/// Counts the system calls of a server under load; `None` if there is no strace.
pub(super) fn calls(place: &Place, shape: Shape) -> Result<Option<Vec<Call>>> {
    if stdout_of(Command::new("strace").arg("-V")).is_none() {
        println!("there is no strace: system calls are not counted");
        return Ok(None);
    }
    let server = place.serve(&[])?;
    let load = place.load(&server, shape)?;
    let summary = place.file("strace.txt");
    let mut strace = Command::new("strace")
        .args(["-f", "-c", "-U", "name,calls", "-o"])
        .arg(&summary)
        .args(["-p", &server.pid().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start strace")?;
    let deadline = Instant::now() + PATIENCE;
    while !is_traced(server.pid())? {
        if let Some(status) = strace.try_wait()? {
            bail!("strace ended at once: {status}");
        }
        ensure!(Instant::now() < deadline, "strace does not begin");
        thread::sleep(Duration::from_millis(10));
    }
    let before = delivered(&server)?;
    thread::sleep(place.seconds);
    let after = delivered(&server)?;
    signal("INT", &[strace.id()]);
    let deadline = Instant::now() + PATIENCE;
    while strace.try_wait()?.is_none() {
        if Instant::now() > deadline {
            strace.kill()?;
            strace.wait()?;
            bail!("strace does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
    drop(load);
    let summary = fs::read_to_string(summary).context("strace wrote nothing")?;
    let mut calls = read(&summary, after - before);
    calls.retain(|call| call.per_delivery >= RARE);
    ensure!(!calls.is_empty(), "strace saw no system call");
    Ok(Some(calls))
}

/// Whether all threads of a process are being looked at.
fn is_traced(pid: u32) -> Result<bool> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))?;
    for thread in threads {
        let status = fs::read_to_string(thread?.path().join("status"))?;
        if status.lines().any(|line| line == "TracerPid:\t0") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Lines `name calls`, the most frequent first.
fn read(summary: &str, deliveries: f64) -> Vec<Call> {
    let mut calls: Vec<Call> = summary
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (name, count) = (fields.next()?, fields.next()?);
            let count: f64 = count.parse().ok()?;
            (name != "total").then(|| Call {
                name: name.to_owned(),
                per_delivery: count / deliveries,
            })
        })
        .collect();
    calls.sort_by(|a, b| b.per_delivery.total_cmp(&a.per_delivery));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strace_tells_names_and_counts() {
        let summary = "syscall              calls\n---------------- ---------\nepoll_wait              50\n\
                       sendto                 200\n---------------- ---------\ntotal                  250\n";
        let calls = read(summary, 100.0);
        let told: Vec<(&str, f64)> = calls
            .iter()
            .map(|call| (call.name.as_str(), call.per_delivery))
            .collect();
        assert_eq!(told, [("sendto", 2.0), ("epoll_wait", 0.5)]);
    }

    #[test]
    fn this_process_has_used_time_and_nobody_looks_at_it() {
        let own = std::process::id();
        assert!(ticks(own).is_ok());
        assert!(!is_traced(own).unwrap());
    }
}
