//! What the behaviour tests of the running server share: clients, raw sockets, HTTP and the metrics.
//!
//! Everything that waits is bounded by [`PATIENCE`]; silence is proved by a later message that comes next.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its part of this"
)]

pub(crate) mod chance;
pub(crate) mod http;
pub(crate) mod metrics;
pub(crate) mod peer;
pub(crate) mod socket;

use std::time::Duration;

use tokio::time::{Instant, sleep};

pub(crate) use metrics::Metrics;
pub(crate) use peer::{Heard, Peer};
pub(crate) use socket::Socket;

/// Longer than anything takes on a slow and busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is `Some`.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Awaits something that must not take forever.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("not in time: {what}"),
    }
}
