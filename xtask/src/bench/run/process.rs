//! The processes of a run: on their cores, and no longer than they should.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take to listen.
const TO_START: Duration = Duration::from_secs(20);

/// A process that runs until this value goes.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Starts it, and waits for nothing.
    pub(crate) fn begin(command: &Command, cores: &str, log: &File) -> Result<Self> {
        let child = pinned(command, cores)
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child })
    }

    /// Starts a server, and waits until it listens.
    pub(super) fn start(
        command: &Command,
        cores: &str,
        addr: SocketAddr,
        log: &File,
    ) -> Result<Self> {
        let mut running = Self::begin(command, cores, log)?;
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

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command on these cores (a list for taskset), with as many open files as it may have; its process is the one that is spawned.
pub(super) fn pinned(command: &Command, cores: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"ulimit -n "$(ulimit -H -n)"; exec taskset "$@""#])
        .args(["sh", "-c", cores])
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
pub(super) fn finish(command: &mut Command, limit: Duration) -> Result<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        // One that we may use: where this thread may run is where it runs now.
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let list = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:\t"))
            .unwrap();
        let core = list.rsplit(['-', ',']).next().unwrap();
        let mut pinned = pinned(&command, core);
        let said = finish(
            pinned.stdout(Stdio::piped()).stderr(Stdio::piped()),
            Duration::from_secs(20),
        )
        .unwrap();
        assert_eq!(said, format!("a b yes\nCpus_allowed_list:\t{core}\n"));
    }
}
