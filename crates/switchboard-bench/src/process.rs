//! What the kernel says of a process (proc(5)).

use std::fs;
use std::io;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use serde::Serialize;

/// The server's processes, as they are named on the command line; their threads count with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes {
    pids: Vec<u32>,
}

impl Processes {
    /// `None` if there are none to look at.
    pub(crate) fn new(pids: &[u32]) -> Option<Self> {
        (!pids.is_empty()).then(|| Self {
            pids: pids.to_vec(),
        })
    }

    /// User and system time so far, counted in [`resolution`]s for each process.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        self.pids.iter().map(|pid| cpu(*pid)).sum()
    }

    /// User and system time of each thread so far; those that end meanwhile are passed over.
    pub(crate) fn threads(&self) -> Vec<ThreadCpu> {
        self.pids.iter().flat_map(|pid| threads(*pid)).collect()
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        self.pids.iter().map(|pid| resident(*pid)).sum()
    }
}

/// What one of the server's threads has used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreadCpu {
    /// The thread's name, as the kernel knows it.
    pub name: String,
    /// Its user and system time.
    pub seconds: f64,
    #[serde(skip)]
    id: u32,
}

impl ThreadCpu {
    /// What each used from one moment to another; those that did nothing are left out.
    pub(crate) fn between(before: &[Self], after: &[Self]) -> Vec<Self> {
        let grown = after.iter().map(|thread| {
            let then = before.iter().find(|then| then.id == thread.id);
            Self {
                seconds: thread.seconds - then.map_or(0.0, |then| then.seconds),
                ..thread.clone()
            }
        });
        let mut grown: Vec<Self> = grown.filter(|thread| thread.seconds > 0.0).collect();
        grown.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        grown
    }

    pub(crate) fn told(&self) -> String {
        format!("{} {:.2} s", self.name, self.seconds)
    }
}

/// User and system time of this very process.
pub(crate) fn own_cpu() -> Option<Duration> {
    cpu(std::process::id()).ok()
}

/// How finely the kernel tells CPU time.
pub(crate) fn resolution() -> Duration {
    Duration::from_secs(1)
        / u32::try_from(clock_ticks_per_second())
            .unwrap_or(100)
            .max(1)
}

fn cpu(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks(&stat).ok_or_else(|| malformed("stat"))?;
    Ok(resolution() * u32::try_from(ticks).unwrap_or(u32::MAX))
}

/// `utime` and `stime`. The command's name before them may hold anything, spaces and parentheses too.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn threads(pid: u32) -> Vec<ThreadCpu> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let stats = tasks.into_iter().flatten().flatten();
    stats
        .filter_map(|task| thread(&fs::read_to_string(task.path().join("stat")).ok()?))
        .collect()
}

/// One thread's line `7 (name) S ...`.
fn thread(stat: &str) -> Option<ThreadCpu> {
    let (id, rest) = stat.split_once(" (")?;
    let (name, _) = rest.rsplit_once(')')?;
    let ticks = u32::try_from(ticks(stat)?).ok()?;
    Some(ThreadCpu {
        name: name.to_owned(),
        seconds: (resolution() * ticks).as_secs_f64(),
        id: id.parse().ok()?,
    })
}

fn resident(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes = kilobytes(&status).ok_or_else(|| malformed("status"))?;
    Ok(kilobytes * 1024)
}

fn kilobytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn malformed(file: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("an unknown form of {file}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 5 6 20 0 1 0 100 1 1";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn a_thread_has_a_name_and_what_it_used_since() {
        let stat = |id: u32, name: &str, user: u32| {
            format!("{id} ({name}) S 1 7 7 0 -1 4194560 100 0 0 0 {user} 0 5 6 20 0 1 0 100 1 1")
        };
        let threads = |lines: &[String]| -> Vec<ThreadCpu> {
            lines.iter().filter_map(|line| thread(line)).collect()
        };
        let before = threads(&[stat(7, "main", 30), stat(8, "b", 10), stat(9, "a", 0)]);
        let after = threads(&[stat(7, "main", 30), stat(8, "b", 30), stat(9, "a", 10)]);
        let grown = ThreadCpu::between(&before, &after);
        let told: Vec<(&str, f64)> = grown
            .iter()
            .map(|thread| {
                (
                    thread.name.as_str(),
                    thread.seconds / resolution().as_secs_f64(),
                )
            })
            .collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].0 == "a" && (told[0].1 - 10.0).abs() < 1e-6);
        assert!(told[1].0 == "b" && (told[1].1 - 20.0).abs() < 1e-6);
        let own = Processes::new(&[std::process::id()]).expect("one");
        assert!(!own.threads().is_empty());
    }

    #[test]
    fn resident_memory_is_told_in_kilobytes() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t    1234 kB\n"), Some(1234));
        assert_eq!(kilobytes("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_has_memory_and_another_may_not_exist() {
        let own = Processes::new(&[std::process::id()]).expect("one");
        assert!(own.resident().expect("a process") > 100_000);
        assert!(own.cpu().is_ok() && own_cpu().is_some());
        assert!(Processes::new(&[]).is_none());
        let nobody = Processes::new(&[u32::MAX]).expect("one");
        assert!(nobody.cpu().is_err());
    }
}
