//! SIGHUP: the real binary reads its configuration again and opens its log file anew.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a server may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port of this machine, with a configuration file of its own.
struct Server {
    process: Child,
    folder: TempDir,
    lines: Receiver<Value>,
    address: String,
}

impl Server {
    fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("switchboard.toml"), configuration).expect("a file in it");
        let mut process = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .env_clear()
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let lines = read_lines(process.stderr.take().expect("a pipe"));
        let mut server = Self {
            process,
            folder,
            lines,
            address: String::new(),
        };
        let listening = server.line("listening");
        server.address = listening["addr"].as_str().expect("an address").to_owned();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, configuration: &str) {
        fs::write(self.path("switchboard.toml"), configuration).expect("the file is writable");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.process.id())])
            .status()
            .expect("a shell");
        assert!(status.success());
    }

    /// The next line with this message; others are passed over.
    #[track_caller]
    fn line(&self, message: &str) -> Value {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line["message"] == message => return line,
                Ok(_) => {}
                Err(error) => panic!("no line {message:?}: {error}"),
            }
        }
    }

    fn ice_servers(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = "GET /ice-servers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }

    /// Stops it, and gives its exit code.
    fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.line("stopped");
        self.process.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only after a failure is there still something to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_lines(stderr: ChildStderr) -> Receiver<Value> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let line = serde_json::from_str(&line).unwrap_or_else(|_| json!({ "message": line }));
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

#[test]
fn s2_6_ice_servers_change_while_the_server_runs() {
    let server = Server::start("[[ice.servers]]\nurls = [\"stun:one.example.org\"]");
    assert_eq!(
        server.ice_servers(),
        json!({"iceServers": [{"urls": ["stun:one.example.org"]}]})
    );

    server.configure("[[ice.servers]]\nurls = [\"stun:two.example.org\"]\n[limits]\nrooms = 5");
    server.signal("HUP");
    let told = server.line("configuration read again");
    assert!(
        told["applied"].to_string().contains("ice.servers"),
        "{told}"
    );
    assert!(
        told["needs_restart"].to_string().contains("limits.rooms"),
        "{told}"
    );
    assert_eq!(
        server.ice_servers(),
        json!({"iceServers": [{"urls": ["stun:two.example.org"]}]})
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_bad_configuration_changes_nothing_and_is_told() {
    let file = "[[ice.servers]]\nurls = [\"stun:one.example.org\"]";
    let server = Server::start(file);

    server.configure("[[ice.servers]]\nurls = [\"stun:two.example.org\"]\n[limits]\nrooms = 0");
    server.signal("HUP");
    let told = server.line("configuration refused; nothing was changed");
    assert_eq!(told["level"], "ERROR");
    assert_eq!(
        told["error"],
        "switchboard.toml: limits.rooms: must be at least 1"
    );
    assert_eq!(
        server.ice_servers(),
        json!({"iceServers": [{"urls": ["stun:one.example.org"]}]})
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn s0_9_a_log_file_that_was_moved_away_is_begun_anew() {
    let server = Server::start("[log]\nfile = \"server.log\"");
    fs::rename(server.path("server.log"), server.path("old.log")).expect("a log file");
    server.signal("HUP");
    server.line("configuration read again");

    let old = fs::read_to_string(server.path("old.log")).expect("the old file");
    // The console may be ahead of the file.
    let begun = Instant::now();
    let new = loop {
        let new = fs::read_to_string(server.path("server.log")).expect("a new file");
        if new.contains("read again") || begun.elapsed() > PATIENCE {
            break new;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(
        old.contains("listening") && !old.contains("read again"),
        "{old}"
    );
    assert!(
        new.contains("read again") && !new.contains("listening"),
        "{new}"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_log_level_changes_while_the_server_runs() {
    let server = Server::start("");
    server.configure("[log]\nlevel = \"error\"");
    server.signal("HUP");
    server.line("configuration read again");
    // Now an error is the next thing to be told, and the end is not.
    server.configure("[log]\nlevel = \"loud\"");
    server.signal("HUP");
    let next = server.lines.recv_timeout(PATIENCE).expect("a line");
    assert_eq!(
        next["message"],
        "configuration refused; nothing was changed"
    );
    server.signal("TERM");
    let end = server.lines.recv_timeout(PATIENCE);
    assert_eq!(
        end,
        Err(mpsc::RecvTimeoutError::Disconnected),
        "stopped in silence"
    );
}
