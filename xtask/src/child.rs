//! Child processes: their output streams through while a copy is kept, and none outlives its time.

use std::io::{self, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a streamed child ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub success: bool,
    /// It was ended because its time was over.
    pub timed_out: bool,
    /// What it wrote, both streams together.
    pub output: String,
}

/// Runs `command` with its output streaming through; ends it and its descendants after `limit`.
pub(crate) fn stream(command: &mut Command, limit: Duration) -> Result<Finished> {
    if io::stdout().is_terminal() {
        command
            .env("CARGO_TERM_COLOR", "always")
            .env("FORCE_COLOR", "1")
            .env("PY_COLORS", "1");
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let stderr = child.stderr.take().context("stderr is piped")?;
    let stdout = thread::spawn(move || copy(stdout, io::stdout()));
    let stderr = thread::spawn(move || copy(stderr, io::stderr()));

    let deadline = Instant::now() + limit;
    let mut timed_out = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            timed_out = true;
            signal("KILL", &family(child.id()));
            break child.wait()?;
        }
        thread::sleep(Duration::from_millis(50));
    };
    let mut output = stdout.join().unwrap_or_default();
    output.extend(stderr.join().unwrap_or_default());
    Ok(Finished {
        success: status.success() && !timed_out,
        timed_out,
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

/// Runs `command` with the caller's own streams; true when it ended well.
pub(crate) fn passes(command: &mut Command) -> Result<bool> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    Ok(status.success())
}

/// What `command` wrote to stdout, if it could be run and ended well.
pub(crate) fn stdout_of(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Sends a signal (`TERM`, `KILL`) to processes; those which are gone are no error.
pub(crate) fn signal(name: &str, pids: &[u32]) {
    for pid in pids {
        // The shell's own kill: a small machine may have no other.
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -{name} {pid}")])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// A process and all its descendants, the eldest first.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(&parent) = all.get(next) {
        next += 1;
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{parent}/task")) else {
            continue;
        };
        for task in tasks.flatten() {
            let children =
                std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
    }
    all
}

fn copy(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut chunk = [0; 8192];
    while let Ok(n) = from.read(&mut chunk) {
        if n == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..n]);
        // A closed terminal must not end the run.
        let _ = to.write_all(&chunk[..n]).and_then(|()| to.flush());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_streamed_child_leaves_both_streams_and_its_verdict() {
        let finished = stream(
            &mut shell("echo out; echo err >&2; exit 3"),
            Duration::from_secs(20),
        )
        .unwrap();
        assert!(!finished.success);
        assert!(!finished.timed_out);
        assert_eq!(finished.output, "out\nerr\n");
    }

    #[test]
    fn a_child_beyond_its_time_is_ended_with_its_descendants() {
        let started = Instant::now();
        // The inner shell holds the pipes open: were it left alive, the call would last its 60 seconds.
        let finished = stream(
            &mut shell("sh -c 'sleep 60; true'; true"),
            Duration::from_millis(300),
        )
        .unwrap();
        assert!(finished.timed_out);
        assert!(!finished.success);
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn output_of_a_failing_command_is_none() {
        assert_eq!(stdout_of(&mut shell("echo no; exit 1")), None);
        assert_eq!(stdout_of(&mut shell("echo yes")).as_deref(), Some("yes\n"));
        assert_eq!(stdout_of(&mut Command::new("no-such-program-here")), None);
    }
}
