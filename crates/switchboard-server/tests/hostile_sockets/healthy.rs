//! A server, and a pair of clients to whom nothing may happen.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use switchboard_server::config::Config;
use tokio::time::Instant;

use crate::common::{TestServer, quiet_config};
use crate::support::{Metrics, Peer};

/// What an exchange may take: the promise is a second.
const AT_ONCE: Duration = Duration::from_secs(1);

pub(crate) struct Stage {
    ann: Peer,
    bob: Peer,
    // Dropped last: its farewell waits for those who are still there.
    server: TestServer,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(quiet_config()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let server = TestServer::start(config).await;
        let (ann, bob) = pair(server.addr(), "healthy").await;
        Self { ann, bob, server }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The pair speaks, so does a new one, and nobody else is there any more.
    pub(crate) async fn is_well(&mut self, after: &str) {
        // On a busy machine a try may take longer for no fault of the server's.
        let mut tries = 0;
        loop {
            let begun = Instant::now();
            call(&mut self.ann, &mut self.bob).await;
            let (mut cy, mut dan) = pair(self.server.addr(), "new").await;
            call(&mut cy, &mut dan).await;
            let taken = begun.elapsed();
            cy.close().await;
            dan.close().await;
            if taken < AT_ONCE {
                break;
            }
            tries += 1;
            assert!(tries < 5, "after {after}: {taken:?}");
        }
        let what = format!("after {after}: nobody but the pair");
        let metrics = Metrics::until(self.server.addr(), &what, |metrics| {
            // The scrape is the third.
            metrics.value("sockets") == 3.0
        })
        .await;
        assert_eq!(metrics.value("peers"), 2.0, "after {after}");
        assert_eq!(metrics.value("rooms"), 1.0, "after {after}");
        assert_eq!(metrics.value("connections_unidentified"), 0.0);
    }

    /// What the server has counted.
    pub(crate) async fn metrics(&self) -> Metrics {
        Metrics::of(self.server.addr()).await
    }
}

/// One on the `join-room` wire, the other on the `register` wire.
async fn pair(server: SocketAddr, room: &str) -> (Peer, Peer) {
    let mut ann = Peer::join(server, room, "ann").await;
    let (bob, _) = Peer::register_in(server, room, "bob").await;
    ann.expect("user-joined").await;
    (ann, bob)
}

async fn call(ann: &mut Peer, bob: &mut Peer) {
    ann.send(&json!({"type": "offer", "data": {"type": "offer", "sdp": "v=0"}}))
        .await;
    assert_eq!(bob.expect("offer").await["sdp"], "v=0");
    bob.send(&json!({"type": "answer", "sdp": "v=0", "target_id": "ann"}))
        .await;
    assert_eq!(ann.expect("answer").await["data"]["sdp"], "v=0");
}
