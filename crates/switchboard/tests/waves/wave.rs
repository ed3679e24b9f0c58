//! Connections that come into rooms of two, say one thing each, and go; from a process of their own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long the server may take to forget those who are gone.
const TO_FORGET: Duration = Duration::from_secs(30);

/// A wave of connections.
#[derive(Clone, Copy)]
pub(crate) struct Wave<'a> {
    pub(crate) server: SocketAddr,
    /// The server's process.
    pub(crate) pid: u32,
    pub(crate) wire: &'a str,
    pub(crate) connections: u32,
}

/// The connections of a wave: what is fit for every test run, unless the environment asks for another number.
pub(crate) fn size(usual: u32) -> u32 {
    std::env::var("SWITCHBOARD_WAVE").map_or(usual, |asked| asked.parse().expect("a number"))
}

impl Wave<'_> {
    /// They come and go, and the server has forgotten them.
    pub(crate) fn comes_and_goes(&self) {
        let mut bench = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        bench.args(["bench", "idle", "--seconds", "0.2", "--wire", self.wire]);
        bench.args(["--connections", &self.connections.to_string()]);
        bench.args(["--url", &format!("ws://{}/", self.server)]);
        bench.args(["--server-pid", &self.pid.to_string()]);
        let output = bench.stdin(Stdio::null()).output().expect("the load runs");
        assert!(output.status.success(), "{output:?}");
        self.wait_until_all_are_gone();
    }

    fn wait_until_all_are_gone(&self) {
        let deadline = Instant::now() + TO_FORGET;
        loop {
            let metrics = self.metrics();
            let left: Vec<&str> = metrics
                .lines()
                .filter(|line| {
                    ["connections", "connections_unidentified", "rooms", "peers"]
                        .iter()
                        .any(|name| is_of(line, name) && !line.ends_with(" 0"))
                })
                .collect();
            if left.is_empty() {
                // What a connection had goes after it was counted as gone.
                thread::sleep(Duration::from_millis(300));
                return;
            }
            assert!(Instant::now() < deadline, "still there: {left:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.server).expect("a connection");
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("\nswitchboard_connections"), "{answer}");
        answer
    }
}

/// Whether a line is a value of `switchboard_<name>`, with labels or without.
fn is_of(line: &str, name: &str) -> bool {
    let rest = line
        .strip_prefix("switchboard_")
        .and_then(|line| line.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with([' ', '{']))
}
