//! A running server: bound, then run until told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinSet;

use crate::config::{Config, IceConfig, Listen};
use crate::front::doorstep::Front;
use crate::front::listener::Listener;
use crate::node::Node;
use crate::pulse::beat;
use crate::reactor::{Reactors, Threads};

/// A server that has its addresses, and serves once it is [run](Server::run).
#[derive(Debug)]
pub struct Server {
    node: Arc<Node>,
    listeners: Vec<Listener>,
    addresses: Vec<Listen>,
    /// Held until the server is gone.
    threads: Threads,
}

/// Why a server could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address could not be bound.
    #[error("cannot listen on {listen}")]
    Bind {
        /// The address as configured.
        listen: Listen,
        /// What the system said.
        source: io::Error,
    },
    /// There are no threads to serve connections.
    #[error("cannot start the threads that serve connections")]
    Threads(#[source] io::Error),
    /// No address is left to listen on.
    #[error("no address to listen on")]
    NoListener,
}

impl Server {
    /// Binds all configured addresses. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If one cannot be bound. A machine without IPv6 is no reason as long as nobody asked for it in particular.
    pub fn bind(config: Config) -> Result<Self, StartError> {
        let mut listeners = Vec::new();
        let optional_v6 = config.listens_everywhere();
        for listen in &config.listen {
            match Listener::bind(listen) {
                Ok(listener) => listeners.push(listener),
                Err(error) if optional_v6 && is_v6(listen) && is_missing_v6(&error) => {
                    tracing::warn!(%listen, %error, "no IPv6 here; serving IPv4 only");
                }
                Err(source) => {
                    return Err(StartError::Bind {
                        listen: listen.clone(),
                        source,
                    });
                }
            }
        }
        if listeners.is_empty() {
            return Err(StartError::NoListener);
        }
        let mut addresses = Vec::new();
        for listener in &listeners {
            let bound = |source| StartError::Bind {
                listen: config.listen[0].clone(),
                source,
            };
            addresses.push(listener.address().map_err(bound)?);
        }
        for addr in &addresses {
            tracing::info!(%addr, "listening");
        }
        if !addresses.iter().all(Listen::is_local) {
            tracing::warn!(
                "everybody who can reach this server may use it: there is no authentication; \
                 metrics are answered to this machine only"
            );
        }
        let node = Node::new(config);
        let threads = Reactors::start(&node).map_err(StartError::Threads)?;
        Ok(Self {
            node,
            listeners,
            addresses,
            threads,
        })
    }

    /// The bound addresses, with the ports the system chose.
    #[must_use]
    pub fn addresses(&self) -> &[Listen] {
        &self.addresses
    }

    /// What can be changed while the server runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            node: Arc::clone(&self.node),
        }
    }

    /// Serves until `stop` is ready; then accepts nobody any more, says farewell to everybody, and waits until what is
    /// queued is written and the clients have closed, or the configured time is over.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Farewell {
        let mut tasks = JoinSet::new();
        tasks.spawn(beat(Arc::clone(&self.node)));
        let reactors = &self.node.reactors;
        reactors.open(self.listeners, Arc::new(Front::new(&self.node)));
        stop.await;

        // A reactor that does not answer is no reason not to stop.
        let _ = tokio::time::timeout(SHUT_TIMEOUT, reactors.shut()).await;
        let connections = self.node.connections();
        self.node.drain();
        let deadline = tokio::time::Instant::now() + self.node.config.timeouts.shutdown;
        while self.node.lives() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tasks.shutdown().await;
        let cut_off = self.node.lives();
        drop(self.threads);
        Farewell {
            connections,
            cut_off,
        }
    }
}

/// For the listeners to be closed.
const SHUT_TIMEOUT: Duration = Duration::from_secs(2);

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// WebSocket connections there were when it was told to stop.
    pub connections: usize,
    /// How many of them had not closed when the time was over.
    pub cut_off: usize,
}

/// What can be changed while a server runs.
#[derive(Clone, Debug)]
pub struct Handle {
    node: Arc<Node>,
}

impl Handle {
    /// From now on these ICE servers are handed out.
    pub fn set_ice(&self, ice: IceConfig) {
        self.node.ice.store(Arc::new(ice));
    }
}

const fn is_v6(listen: &Listen) -> bool {
    matches!(listen, Listen::Tcp(address) if address.is_ipv6())
}

fn is_missing_v6(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}
