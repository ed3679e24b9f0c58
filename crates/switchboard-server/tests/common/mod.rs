//! A server for one test: on a free port, on a thread of its own, stopped when the test is over.

#![allow(dead_code, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use switchboard_server::config::{Config, Listen};
use switchboard_server::{Farewell, Handle, Server};
use tokio::sync::oneshot;

/// A running server.
#[derive(Debug)]
pub(crate) struct TestServer {
    addresses: Vec<Listen>,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Farewell>>,
}

impl TestServer {
    /// Starts a server. `async` so that it reads the same in every test; it waits for nothing.
    pub(crate) async fn start(config: Config) -> Self {
        Self::start_now(config)
    }

    /// Starts a server.
    pub(crate) fn start_now(config: Config) -> Self {
        let (started, start) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let server = Server::bind(config).expect("the server binds");
                started
                    .send((server.addresses().to_vec(), server.handle()))
                    .expect("the test waits");
                // A dropped sender stops the server as well.
                server.run(async { drop(stopped.await) }).await
            })
        });
        let (addresses, handle) = start.recv().expect("the server starts");
        Self {
            addresses,
            handle,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its first TCP address.
    pub(crate) fn addr(&self) -> SocketAddr {
        let tcp = |listen: &Listen| match listen {
            Listen::Tcp(address) => Some(*address),
            Listen::Unix(_) => None,
        };
        self.addresses.iter().find_map(tcp).expect("a TCP listener")
    }

    /// What can be changed while it runs.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Begins the farewell without waiting for its end.
    pub(crate) fn begin_stop(&mut self) {
        self.stop.take();
    }

    /// Stops it and waits for its end.
    pub(crate) fn stop(mut self) -> Farewell {
        self.stop.take();
        self.thread
            .take()
            .expect("still running")
            .join()
            .expect("the server ends well")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the server ends well");
            }
        }
    }
}

/// On a free port of this machine, with no pings in between and a short farewell.
pub(crate) fn quiet_config() -> Config {
    let mut config = Config {
        listen: vec!["127.0.0.1:0".parse().expect("an address")],
        ..Config::default()
    };
    config.timeouts.ping_interval = Duration::from_secs(3600);
    config.timeouts.shutdown = Duration::from_millis(300);
    config
}
