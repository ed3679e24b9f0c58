//! Accepting sockets, and serving HTTP on each.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UnixListener};
use tower::ServiceExt as _;

use crate::admission::{Admission, Remote, TurnedAway};
use crate::config::Listen;
use crate::node::Node;
use crate::stream::Stream;

/// A bound address.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Binds an address. TCP listeners of one family do not answer for the other.
    pub(crate) fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => {
                let socket = Socket::new(
                    Domain::for_address(*address),
                    Type::STREAM,
                    Some(Protocol::TCP),
                )?;
                if address.is_ipv6() {
                    socket.set_only_v6(true)?;
                }
                socket.set_reuse_address(true)?;
                socket.set_nonblocking(true)?;
                socket.bind(&(*address).into())?;
                socket.listen(BACKLOG)?;
                Ok(Self::Tcp(TcpListener::from_std(socket.into())?))
            }
            Listen::Unix(path) => {
                remove_stale_socket(path)?;
                Ok(Self::Unix(UnixListener::bind(path)?, path.clone()))
            }
        }
    }

    /// The address as it is, the port chosen by the system included.
    pub(crate) fn address(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => Ok(Listen::Tcp(listener.local_addr()?)),
            Self::Unix(_, path) => Ok(Listen::Unix(path.clone())),
        }
    }

    /// The next connection; `patience` is how long its peer may take nothing of an HTTP answer.
    async fn accept(&self, patience: Duration) -> io::Result<(Stream, Remote)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::tcp(stream, patience), Remote::Tcp(address)))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::unix(stream, patience), Remote::Unix))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // The next start would remove it as well; leaving none behind is politer.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Connections the kernel keeps for us while we are busy; it caps this at its own bound.
const BACKLOG: i32 = 4096;

/// A socket file that nobody listens on any more is in the way of binding it again.
fn remove_stale_socket(path: &Path) -> io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Accepts sockets and serves them, until it is dropped.
pub(crate) async fn accept(listener: Listener, node: Arc<Node>, router: Router) {
    let mut pause = MIN_PAUSE;
    let patience = node.config.timeouts.handshake;
    loop {
        match listener.accept(patience).await {
            Ok((stream, remote)) => {
                pause = MIN_PAUSE;
                match node.gatekeeper.admit(remote) {
                    Ok(admission) => {
                        tokio::spawn(serve(
                            stream,
                            Arc::new(admission),
                            Arc::clone(&node),
                            router.clone(),
                        ));
                    }
                    Err(why) => {
                        tracing::debug!(%remote, %why, "turned away");
                        tokio::spawn(turn_away(stream, why));
                    }
                }
            }
            Err(error) if is_about_one_socket(&error) => {}
            Err(error) => {
                // Out of files, most likely: give those that are open time to close.
                tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "cannot accept connections at the moment");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
    }
}

const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Whether an error of `accept` concerns only the socket that was to be accepted.
fn is_about_one_socket(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Serves HTTP on one socket, until it ends or becomes a WebSocket.
async fn serve(stream: Stream, admission: Arc<Admission>, node: Arc<Node>, router: Router) {
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
        () = tokio::time::sleep(node.config.timeouts.handshake) => {
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

/// Bytes of a request's head.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Tells a socket for which there is no room why, as far as it listens at once.
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
    let _ = tokio::time::timeout(Duration::from_secs(1), farewell).await;
}
