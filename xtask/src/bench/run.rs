//! One run: a server afresh on its core, the load on another.

mod load;
mod process;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::cases::{Case, Load};
use super::figures::Sample;
use super::install::Installed;
use super::servers::Server;
use crate::server::get;
use load::{bench_load, floor_load, silence};
pub(crate) use process::Running;
use process::{finish, pinned};

/// What a run may take beside the time it measures: thousands of clients must join first.
const AROUND: Duration = Duration::from_secs(90);
/// What those who only listen may take to come in.
const TO_COME: Duration = Duration::from_secs(60);

/// Which cores are used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    server: u32,
    load: u32,
}

impl Cores {
    /// The first two which we may use.
    pub(crate) fn choose() -> Result<Self> {
        match allowed()?.as_slice() {
            [server, load, ..] => Ok(Self {
                server: *server,
                load: *load,
            }),
            _ => bail!("needs two cores: one for the server, one for the load"),
        }
    }

    /// Lists for taskset: a server's core, and its load's.
    pub(crate) fn apart(self) -> (String, String) {
        (self.server.to_string(), self.load.to_string())
    }

    /// Lists for taskset: where this server runs, and where its load.
    fn split(self, server: Server) -> (String, String) {
        if server.threads().is_some() {
            let both = format!("{},{}", self.server, self.load);
            return (both.clone(), both);
        }
        self.apart()
    }
}

/// The cores that this process may run on.
fn allowed() -> Result<Vec<u32>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .context("no list of cores in /proc/self/status")?;
    Ok(cores(list))
}

/// `0-1,4` is 0, 1 and 4.
fn cores(list: &str) -> Vec<u32> {
    list.trim()
        .split(',')
        .filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some(first.parse::<u32>().ok()?..=last.parse().ok()?)
        })
        .flatten()
        .collect()
}

/// Starts the server, loads it, and ends it.
pub(crate) fn run(
    installed: &Installed,
    cores: Cores,
    case: &Case,
    server: Server,
    seconds: u32,
) -> Result<Sample> {
    let log = installed
        .logs
        .join(format!("{}-{}.log", case.name, slug(&server.title())));
    let log = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let (cores, load_cores) = cores.split(server);
    let mut redis = None;
    let addr = free_address()?;
    let command = match server {
        Server::Floor => {
            let mut floor = Command::new(&installed.floor);
            let group = match case.load {
                Load::Fanout { room_size, .. } => room_size,
                _ => 2,
            };
            floor.args(["serve", "--listen", &addr.to_string()]);
            floor.args(["--group", &group.to_string()]);
            floor
        }
        Server::Ours(_) | Server::OursThreaded(_) => {
            let mut serve = Command::new(&installed.switchboard);
            serve.args(["serve", "--listen", &addr.to_string()]);
            serve.env_remove("PORT");
            if let Some(threads) = server.threads() {
                serve.env("SWITCHBOARD__RUNTIME__THREADS", threads.to_string());
            }
            serve
        }
        peer => {
            let mut command = installed.peer(peer)?;
            command.env("PORT", addr.port().to_string());
            if peer == Server::FastapiRedis {
                let store = free_address()?;
                let mut server = Command::new("redis-server");
                server.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
                server.args(["--port", &store.port().to_string()]);
                command.env("REDIS_PORT", store.port().to_string());
                redis = Some(Running::start(&server, &cores, store, &log)?);
            }
            command
        }
    };
    let running = Running::start(&command, &cores, addr, &log)?;
    let mut pids = vec![running.pid()];
    pids.extend(redis.as_ref().map(Running::pid));

    // They go before the server does.
    let _listeners = match case.load {
        Load::Among { pairs, rooms } if rooms > pairs => {
            let silent = rooms - pairs;
            let command = silence(installed, addr, running.pid(), silent);
            let listeners = Running::begin(&command, &load_cores, &log)?;
            come_in(addr, silent)?;
            Some(listeners)
        }
        _ => None,
    };
    let mut load = match server.wire() {
        None => floor_load(installed, case.load, addr)?,
        Some(wire) => bench_load(installed, case.load, addr, wire),
    };
    for pid in pids {
        load.args(["--server-pid", &pid.to_string()]);
    }
    load.args(["--seconds", &seconds.to_string()]);
    let mut load = pinned(&load, &load_cores);
    let told = finish(
        load.stdout(Stdio::piped()).stderr(Stdio::piped()),
        Duration::from_secs(seconds.into()) + AROUND,
    )?;
    let mut sample = Sample::read(&told, case.figure)?;
    if server.is_ours() {
        sample.add_metrics(&get(addr, "/metrics")?);
    }
    Ok(sample)
}

/// Waits until there are so many rooms.
fn come_in(addr: SocketAddr, rooms: u32) -> Result<()> {
    let deadline = Instant::now() + TO_COME;
    loop {
        let metrics = get(addr, "/metrics")?;
        if metric(&metrics, "switchboard_rooms") >= Some(rooms.into()) {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "those who only listen do not come in"
        );
        thread::sleep(Duration::from_millis(100));
    }
}

/// The sum of a metric over its labels (OpenMetrics text); `None` if there is none of that name.
pub(crate) fn metric(text: &str, name: &str) -> Option<f64> {
    text.lines()
        .filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            // Another may begin with the same words.
            rest.starts_with([' ', '{'])
                .then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        })
        .reduce(|sum, value| sum + value)
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

fn slug(title: &str) -> String {
    title
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_may_have_ranges() {
        assert_eq!(cores("\t0-2,5"), [0, 1, 2, 5]);
        assert_eq!(cores("3"), [3]);
        assert!(cores("").is_empty());
    }

    #[test]
    fn a_server_that_is_told_its_threads_shares_the_cores_with_its_load() {
        let cores = Cores { server: 3, load: 5 };
        let both = ("3,5".to_owned(), "3,5".to_owned());
        assert_eq!(cores.split(Server::OursThreaded(2)), both);
        let apart = ("3".to_owned(), "5".to_owned());
        assert_eq!(cores.split(Server::Bun), apart);
    }

    #[test]
    fn a_metric_is_the_sum_over_its_labels() {
        let text =
            "# TYPE a_rooms gauge\na_rooms 7\na_rooms_total 9\na_b{c=\"d e\"} 2\na_b{c=\"f\"} 3\n";
        assert_eq!(metric(text, "a_rooms"), Some(7.0));
        assert_eq!(metric(text, "a_b"), Some(5.0));
        assert_eq!(metric(text, "a"), None);
    }
}
