//! A server of our own to look at: started on a free port of the loopback, ended with the value.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::child::signal;

/// A running `switchboard serve`.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub addr: SocketAddr,
}

impl Server {
    /// Starts the binary and waits until it listens. Its warnings and errors go to our stderr, the rest nowhere.
    pub(crate) fn start(binary: &Path) -> Result<Self> {
        Self::start_as(Command::new(binary))
    }

    /// The same for a command that runs the binary and becomes its process; what the server is told comes behind it.
    pub(crate) fn start_as(mut command: Command) -> Result<Self> {
        let binary = command.get_program().to_owned();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            // Away from any switchboard.toml or .env of the checkout.
            .current_dir(std::env::temp_dir())
            .env_remove("PORT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let log = child.stderr.take().context("stderr is piped")?;
        let (found, address) = mpsc::channel();
        // Reads to the end: a server whose log nobody takes would stand still.
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if let Some(addr) = listening(&line) {
                    let _ = found.send(addr);
                } else if !line.contains(r#""level":"INFO""#)
                    && !line.contains(r#""level":"DEBUG""#)
                {
                    eprintln!("server: {line}");
                }
            }
        });
        match address.recv_timeout(Duration::from_secs(20)) {
            Ok(addr) => Ok(Self { child, addr }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("{} did not say where it listens", binary.display());
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The body of a GET.
    pub(crate) fn get(&self, path: &str) -> Result<String> {
        get(self.addr, path)
    }

    /// Ends it with SIGTERM; true when it went in time and with success.
    pub(crate) fn stop(mut self) -> Result<bool> {
        signal("TERM", &[self.child.id()]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The body of a GET from a server.
pub(crate) fn get(addr: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        Some((head, _)) => bail!("GET {path}: {}", head.lines().next().unwrap_or_default()),
        None => bail!("GET {path}: no answer"),
    }
}

/// The address in a log line `{...,"message":"listening","addr":"127.0.0.1:43211"}`.
fn listening(line: &str) -> Option<SocketAddr> {
    if !line.contains(r#""message":"listening""#) {
        return None;
    }
    let (_, rest) = line.split_once(r#""addr":""#)?;
    rest.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listening_line_names_the_address() {
        let line = r#"{"timestamp":"t","level":"INFO","target":"switchboard","message":"listening","addr":"127.0.0.1:43211"}"#;
        assert_eq!(
            listening(line),
            Some(SocketAddr::from(([127, 0, 0, 1], 43211)))
        );
    }

    #[test]
    fn other_lines_name_none() {
        assert_eq!(
            listening(r#"{"message":"joined","addr":"127.0.0.1:43211"}"#),
            None
        );
        assert_eq!(
            listening(r#"{"message":"listening","addr":"unix:/run/x"}"#),
            None
        );
    }
}
