//! One run: a server afresh on its core, the load on another.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::cases::{Case, Load};
use super::figures::Sample;
use super::install::Installed;
use super::servers::Server;

/// How long a server may take to listen.
const TO_START: Duration = Duration::from_secs(20);
/// What a run may take beside the time it measures: thousands of clients must join first.
const AROUND: Duration = Duration::from_secs(90);

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
        Server::Ours(_) => {
            let mut serve = Command::new(&installed.switchboard);
            serve.args(["serve", "--listen", &addr.to_string()]);
            serve.env_remove("PORT");
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
                redis = Some(Running::start(&server, cores.server, store, &log)?);
            }
            command
        }
    };
    let running = Running::start(&command, cores.server, addr, &log)?;
    let mut pids = vec![running.child.id()];
    pids.extend(redis.as_ref().map(|redis| redis.child.id()));

    let mut load = match server.wire() {
        None => floor_load(installed, case.load, addr)?,
        Some(wire) => bench_load(installed, case.load, addr, wire),
    };
    for pid in pids {
        load.args(["--server-pid", &pid.to_string()]);
    }
    load.args(["--seconds", &seconds.to_string()]);
    let mut load = pinned(&load, cores.load);
    let told = finish(
        load.stdout(Stdio::piped()).stderr(Stdio::piped()),
        Duration::from_secs(seconds.into()) + AROUND,
    )?;
    Sample::read(&told, case.figure)
}

fn bench_load(installed: &Installed, load: Load, addr: SocketAddr, wire: &str) -> Command {
    let mut bench = Command::new(&installed.switchboard);
    bench.arg("bench");
    let mut with = |name: &str, values: &[(&str, u32)]| {
        bench.arg(name);
        for (option, value) in values {
            bench.args([*option, &value.to_string()]);
        }
    };
    match load {
        Load::Pairs {
            pairs,
            depth,
            batched,
            sdp,
        } => {
            with("pairs", &[("--pairs", pairs), ("--depth", depth)]);
            bench.args(["--payload", if sdp { "sdp" } else { "ice" }]);
            bench.arg(if batched { "--batched" } else { "--separate" });
        }
        Load::Fanout { rooms, room_size } => {
            with("fanout", &[("--rooms", rooms), ("--room-size", room_size)]);
        }
        Load::Latency { pairs, rate } => {
            with("latency", &[("--pairs", pairs), ("--rate", rate)]);
        }
        Load::Storm { connections } => with("storm", &[("--connections", connections)]),
        Load::Idle { connections } => with("idle", &[("--connections", connections)]),
    }
    bench.args(["--url", &format!("ws://{addr}/"), "--wire", wire, "--json"]);
    bench
}

fn floor_load(installed: &Installed, load: Load, addr: SocketAddr) -> Result<Command> {
    let mut floor = Command::new(&installed.floor);
    match load {
        Load::Pairs {
            pairs,
            depth,
            batched,
            sdp,
        } => {
            floor.args(["pairs", "--pairs", &pairs.to_string()]);
            floor.args(["--depth", &depth.to_string()]);
            floor.args(["--bytes", if sdp { "3072" } else { "250" }]);
            if batched {
                floor.arg("--batched");
            }
        }
        Load::Fanout { rooms, room_size } => {
            floor.args(["fanout", "--rooms", &rooms.to_string()]);
            floor.args(["--room-size", &room_size.to_string()]);
        }
        Load::Latency { .. } | Load::Storm { .. } | Load::Idle { .. } => {
            bail!("the floor has no such case")
        }
    }
    floor.args(["--connect", &addr.to_string()]);
    Ok(floor)
}

/// A server that runs until this value goes.
#[derive(Debug)]
struct Running {
    child: Child,
}

impl Running {
    fn start(command: &Command, core: u32, addr: SocketAddr, log: &File) -> Result<Self> {
        let child = pinned(command, core)
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut running = Self { child };
        let deadline = Instant::now() + TO_START;
        // Looked up, not tried: the floor takes every connection for a member of a room.
        while !listens(addr.port())? {
            if let Some(status) = running.child.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            ensure!(Instant::now() < deadline, "the server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command on one core, with as many open files as it may have; its process is the one that is spawned.
fn pinned(command: &Command, core: u32) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"ulimit -n "$(ulimit -H -n)"; exec taskset "$@""#])
        .args(["sh", "-c", &core.to_string()])
        .arg(command.get_program())
        .args(command.get_args())
        // Away from any switchboard.toml or .env of the checkout.
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    shell
}

/// What a command says on stdout; it is ended when its time is over.
fn finish(command: &mut Command, limit: Duration) -> Result<String> {
    let mut child = command.spawn()?;
    let deadline = Instant::now() + limit;
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!("the load did not end within {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = said.lines().rev().take(2).collect();
    ensure!(
        output.status.success(),
        "the load failed: {}",
        lines.join("; ")
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

fn listens(port: u16) -> Result<bool> {
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    Ok(table.lines().any(|line| is_listener(line, port)))
}

/// `0: 0100007F:1F90 00000000:0000 0A ...` listens on port 8080 (proc_net_tcp: state 0A).
fn is_listener(line: &str, port: u16) -> bool {
    let mut fields = line.split_whitespace().skip(1);
    let local = fields.next().and_then(|addr| addr.split_once(':'));
    local.is_some_and(|(_, found)| u16::from_str_radix(found, 16) == Ok(port))
        && fields.nth(1) == Some("0A")
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
    fn only_a_listening_socket_of_the_port_counts() {
        let listening = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000";
        let connected = "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000";
        assert!(is_listener(listening, 8080));
        assert!(!is_listener(listening, 8081));
        assert!(!is_listener(connected, 8080));
    }

    #[test]
    fn a_load_beyond_its_time_is_ended() {
        let mut endless = Command::new("sleep");
        endless
            .arg("60")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        assert!(finish(&mut endless, Duration::from_millis(200)).is_err());
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_pinned_command_keeps_its_arguments_and_its_place() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            r#"echo "$1 $KEPT"; grep Cpus_allowed_list /proc/self/status"#,
        ]);
        command.args(["sh", "a b"]).env("KEPT", "yes");
        let core = *allowed().unwrap().last().unwrap();
        let mut pinned = pinned(&command, core);
        let said = finish(
            pinned.stdout(Stdio::piped()).stderr(Stdio::piped()),
            Duration::from_secs(20),
        )
        .unwrap();
        assert_eq!(said, format!("a b yes\nCpus_allowed_list:\t{core}\n"));
    }
}
