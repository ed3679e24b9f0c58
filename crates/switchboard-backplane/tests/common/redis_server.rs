//! A Redis server that belongs to one test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running `redis-server` on a free port, with a directory of its own. Ends with the test.
pub(crate) struct RedisServer {
    process: Child,
    directory: TempDir,
    port: u16,
    persists: bool,
}

impl RedisServer {
    /// One that forgets everything when it ends.
    pub(crate) fn start() -> Self {
        Self::on_a_free_port(false)
    }

    /// One that writes everything down.
    pub(crate) fn start_persistent() -> Self {
        Self::on_a_free_port(true)
    }

    /// One that is asked for more than usual.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::begin(false, arguments)
    }

    fn on_a_free_port(persists: bool) -> Self {
        Self::begin(persists, &[])
    }

    fn begin(persists: bool, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a directory");
        for _ in 0..10 {
            // Somebody else may take the port in between.
            let port = free_port();
            let mut process = spawn(&directory, port, persists, arguments);
            if answers(&mut process, port) {
                return Self {
                    process,
                    directory,
                    port,
                    persists,
                };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!(
            "no redis-server comes up; it is needed for these tests (Debian: apt-get install redis-server)"
        );
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }

    /// Begins again after [`Self::kill`].
    pub(crate) fn restart(&mut self) {
        self.process = spawn(&self.directory, self.port, self.persists, &[]);
        assert!(answers(&mut self.process, self.port), "it comes up again");
    }

    /// A Sentinel that watches over a master.
    pub(crate) fn start_sentinel(name: &str, master: u16) -> Self {
        let directory = TempDir::new().expect("a directory");
        let file = directory.path().join("sentinel.conf");
        let watched = format!("sentinel monitor {name} 127.0.0.1 {master} 1\n");
        std::fs::write(&file, watched).expect("a file");
        for _ in 0..10 {
            let port = free_port();
            let mut command = Command::new("redis-server");
            command.arg(&file).args([
                "--sentinel",
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
            ]);
            command.arg("--dir").arg(directory.path());
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .stdin(Stdio::null());
            let mut process = command.spawn().expect("redis-server");
            if answers(&mut process, port) {
                return Self {
                    process,
                    directory,
                    port,
                    persists: false,
                };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("no Sentinel comes up");
    }

    /// Has a Sentinel replace the master, as soon as it knows by what.
    pub(crate) async fn fail_over(&self, name: &str) {
        let _: String = self.ask(&["SENTINEL", "DEBUG", "info-period", "100"]);
        let begun = Instant::now();
        while let Err(error) = self.try_to_ask::<String>(&["SENTINEL", "FAILOVER", name]) {
            assert!(begun.elapsed() < super::PATIENCE, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What it has written down until now.
    pub(crate) fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let directory = self.directory.path().join("appendonlydir");
        let files = std::fs::read_dir(directory)
            .expect("a log")
            .map(|file| file.expect("a file").path());
        files
            .map(|path| (path.clone(), std::fs::read(path).expect("a file")))
            .collect()
    }

    /// Has it know only what was written down then. To be called between [`Self::kill`] and [`Self::restart`].
    pub(crate) fn forget_since(&self, written: Vec<(PathBuf, Vec<u8>)>) {
        for (path, bytes) in written {
            std::fs::write(path, bytes).expect("a file");
        }
    }

    /// Has it stand still.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Has it go on after [`Self::pause`].
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .expect("kill");
        assert!(status.success());
    }

    /// Asks it something, aside from what is tested.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_to_ask(words).expect("an answer")
    }

    fn try_to_ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let client = redis::Client::open(("127.0.0.1", self.port)).expect("an address");
        let mut connection = client.get_connection().expect("a connection");
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query(&mut connection)
    }

    /// The names of all keys, sorted.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.ask(&["KEYS", "*"]);
        keys.sort();
        keys
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn spawn(directory: &TempDir, port: u16, persists: bool, arguments: &[&str]) -> Child {
    let mut command = Command::new("redis-server");
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
    ]);
    command
        .args(["--appendonly", if persists { "yes" } else { "no" }])
        .arg("--dir")
        .arg(directory.path());
    command.args(arguments);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .stdin(Stdio::null());
    command.spawn().expect(
        "redis-server, which is needed for these tests (Debian: apt-get install redis-server)",
    )
}

/// Whether it is this process that comes up on the port.
fn answers(process: &mut Child, port: u16) -> bool {
    let client = redis::Client::open(("127.0.0.1", port)).expect("an address");
    let begun = Instant::now();
    while begun.elapsed() < super::PATIENCE {
        if process.try_wait().expect("its state").is_some() {
            return false;
        }
        let info = client
            .get_connection_with_timeout(Duration::from_millis(200))
            .and_then(|mut connection| {
                redis::cmd("INFO")
                    .arg("server")
                    .query::<String>(&mut connection)
            });
        if let Ok(info) = info {
            let id = format!("process_id:{}\r", process.id());
            return info.contains(&id);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
