//! HTTP on a socket, for all that is no plain WebSocket handshake.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

use crate::admission::{Admission, TurnedAway};
use crate::node::Node;
use crate::socket::Socket;
use crate::stream::Stream;

/// What serves HTTP, on tokio's threads.
#[derive(Debug)]
pub(super) struct Http {
    runtime: Handle,
    router: Router,
    node: Arc<Node>,
}

impl Http {
    /// Serves on the runtime that this is called in.
    pub(super) fn new(node: Arc<Node>, router: Router) -> Self {
        Self {
            runtime: Handle::current(),
            router,
            node,
        }
    }

    /// Serves a socket of which `early` was read already. It must have asked for something by `deadline`.
    pub(super) fn serve(
        &self,
        socket: Socket,
        early: Vec<u8>,
        admission: Arc<Admission>,
        deadline: Instant,
    ) {
        let (node, router) = (Arc::clone(&self.node), self.router.clone());
        self.runtime.spawn(async move {
            match Stream::new(socket, early, node.config.timeouts.handshake) {
                Ok(stream) => serve(stream, admission, node, router, deadline).await,
                Err(error) => tracing::warn!(%error, "a socket cannot be served"),
            }
        });
    }

    /// Tells a socket for which there is no room why, as far as it listens at once.
    pub(super) fn turn_away(&self, socket: Socket, why: TurnedAway) {
        self.runtime.spawn(async move {
            if let Ok(stream) = Stream::new(socket, Vec::new(), FAREWELL) {
                turn_away(stream, why).await;
            }
        });
    }
}

/// Serves HTTP on one socket, until it ends or becomes a WebSocket.
async fn serve(
    stream: Stream,
    admission: Arc<Admission>,
    node: Arc<Node>,
    router: Router,
    deadline: Instant,
) {
    let remote = admission.peer;
    let broken = stream.broken();
    let has_asked = Arc::new(AtomicBool::new(false));
    let (asked, place) = (Arc::clone(&has_asked), Arc::clone(&admission));
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        asked.store(true, Ordering::Relaxed);
        // Who asks again has the answer before.
        place.answer.lock().take();
        request.extensions_mut().insert(Arc::clone(&place));
        request
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(node.config.timeouts.keep_alive)
        .max_buf_size(MAX_HEAD_BYTES);
    let connection = http
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = &mut connection => served,
        () = tokio::time::sleep_until(deadline.into()) => {
            if !has_asked.load(Ordering::Relaxed) {
                return tracing::debug!(%remote, "no request in time");
            }
            connection.await
        }
    };
    // Whoever closes between two requests has what was answered, unless it is the socket that failed.
    if broken.load(Ordering::Relaxed)
        && let Some(answer) = admission.answer.lock().take()
    {
        node.metrics.lost(answer.lose());
    }
    if let Err(error) = served {
        tracing::debug!(%remote, %error, "HTTP connection failed");
    }
}

/// For a socket that is turned away to take the reason.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes of a request's head.
pub(super) const MAX_HEAD_BYTES: usize = 16 * 1024;

async fn turn_away(mut stream: Stream, why: TurnedAway) {
    let (status, body) = match why {
        TurnedAway::Full => ("503 Service Unavailable", why.to_string()),
        TurnedAway::Address => ("429 Too Many Requests", why.to_string()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nRetry-After: 5\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let farewell = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    };
    // Nobody is told if even that fails.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}
