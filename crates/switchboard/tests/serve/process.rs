//! A server process in a folder of its own, and clients for it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_client::{Address, Frame, Transport};
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How to start a server; nothing of this process' environment is passed on.
pub(crate) struct Setup {
    folder: TempDir,
    command: Command,
}

impl Setup {
    /// `switchboard serve` with these arguments, and JSON lines for a log.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let command = switchboard(folder.path());
        Self { folder, command }.serve(arguments)
    }

    /// The same where a process may have so many files open and no more.
    pub(crate) fn with_files(files: u32, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("/bin/sh");
        let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_switchboard")]);
        command.env_clear().current_dir(folder.path());
        Self { folder, command }.serve(arguments)
    }

    fn serve(mut self, arguments: &[&str]) -> Self {
        self.command.args(["serve", "--log-format", "json"]);
        self.command.args(arguments);
        self
    }

    /// On a free port of this machine.
    pub(crate) fn local(arguments: &[&str]) -> Self {
        Self::new(&[&["--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// With an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With a file in its working directory.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).expect("a file");
        self
    }

    /// Starts it.
    pub(crate) fn start(self) -> Server {
        let mut server = self.start_unread();
        server.read();
        server
    }

    /// Starts it; nobody reads what it writes to the console.
    pub(crate) fn start_unread(mut self) -> Server {
        let mut process = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let unread = process.stderr.take();
        Server {
            process,
            folder: self.folder,
            unread,
            lines: mpsc::channel().1,
        }
    }
}

/// The binary, to be run in this folder with an empty environment.
pub(crate) fn switchboard(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.env_clear().current_dir(folder);
    command
}

/// Runs a command to its end, which must come in time.
pub(crate) fn run(command: &mut Command) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // What these print fits into the pipes.
    wait(&mut child);
    child.wait_with_output().expect("its output")
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A server process. Ended with the test, however that ends.
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    /// The console, as long as nobody reads it.
    unread: Option<ChildStderr>,
    lines: Receiver<Value>,
}

impl Server {
    /// Reads its console from now on.
    pub(crate) fn read(&mut self) {
        let stderr = self.unread.take().expect("a pipe that nobody reads");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| json!({"text": line}));
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        self.lines = lines;
    }

    /// The next line of the log with this message; others are passed over.
    #[track_caller]
    pub(crate) fn line(&self, message: &str) -> Value {
        let mut passed = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line["message"] == message => return line,
                Ok(line) => passed.push(line),
                Err(error) => panic!("no line {message:?}: {error}; but {passed:#?}"),
            }
        }
    }

    /// The next line of the log, whatever it tells.
    pub(crate) fn next_line(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// The rest of the log; the process must be at its end.
    pub(crate) fn remaining_lines(&self) -> Vec<Value> {
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            lines.push(line);
        }
        lines
    }

    /// The address of the next line that names one.
    pub(crate) fn listening(&self) -> SocketAddr {
        let line = self.line("listening");
        let address = line["addr"].as_str().expect("an address");
        address.parse().expect("a TCP address")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success());
    }

    /// Its exit code; it must end by itself, in time.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        wait(&mut self.process).code()
    }

    /// Ends it; gives the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only after a failure is there still something to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A WebSocket client.
pub(crate) struct Client {
    transport: Transport,
}

/// A client registers and leaves again, which shows that the server serves.
pub(crate) async fn comes_and_goes(server: SocketAddr) {
    let register = serde_json::json!({"type": "register", "client_id": "ann"});
    Client::begin(server, &register, "registered")
        .await
        .close()
        .await;
}

impl Client {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let address: Address = format!("ws://{server}/").parse().expect("a URL");
        let transport = tokio::time::timeout(PATIENCE, Transport::connect(&address)).await;
        Self {
            transport: transport.expect("in time").expect("a connection"),
        }
    }

    /// Connects, says something and hears an answer of this type.
    pub(crate) async fn begin(server: SocketAddr, first: &Value, answer: &str) -> Self {
        let mut client = Self::connect(server).await;
        client.send(first).await;
        client.expect(answer).await;
        client
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.transport.queue(message.to_string().as_bytes());
        let sent = tokio::time::timeout(PATIENCE, self.transport.flush()).await;
        sent.expect("in time").expect("the server reads");
    }

    /// Sends the same message so many times at once.
    pub(crate) async fn repeat(&mut self, message: &Value, times: usize) {
        let text = message.to_string();
        for _ in 0..times {
            self.transport.queue(text.as_bytes());
        }
        let sent = tokio::time::timeout(PATIENCE, self.transport.flush()).await;
        sent.expect("in time").expect("the server reads");
    }

    pub(crate) async fn hear(&mut self) -> Option<Frame> {
        let next = tokio::time::timeout(PATIENCE, self.transport.next()).await;
        next.expect("in time").expect("no failure")
    }

    /// The next message, which must be of this type.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        let heard = self.hear().await;
        let Some(Frame::Text(text)) = &heard else {
            panic!("{heard:?} in place of {kind}");
        };
        let message: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(message["type"], kind, "{text}");
        message
    }

    /// What comes next must be a close frame, and then the end.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let heard = self.hear().await;
        let Some(Frame::Close(code, reason)) = heard else {
            panic!("{heard:?} in place of a close frame");
        };
        assert_eq!(self.hear().await, None);
        (code, reason)
    }

    pub(crate) async fn close(self) {
        let closed = tokio::time::timeout(PATIENCE, self.transport.close()).await;
        closed.expect("in time").expect("a proper end");
    }
}
