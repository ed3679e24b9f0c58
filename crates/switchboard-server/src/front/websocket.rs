//! The WebSocket's handshake. What comes after it is in `reactor/`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use axum::response::IntoResponse as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use switchboard_core::Wire;
use switchboard_websocket::check_upgrade;
use switchboard_websocket::handshake::{RequestHead, UpgradeError, offered_protocols};

use crate::admission::Admission;
use crate::batch::Batch;
use crate::connection::{Connection, Newcomer};
use crate::framing::Framing;
use crate::line::Line;
use crate::node::Node;
use crate::reactor::{Protocol, Reading};
use crate::socket::Socket;
use crate::stream::Stream;

/// Whether a handshake takes one of the places for connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It must find one.
    Needed,
    /// It belongs to a connection that has one.
    Taken,
}

/// A WebSocket after its handshake; `S` is its socket, as HTTP left it or alone.
#[derive(Debug)]
pub(super) struct Established<S> {
    pub(super) socket: S,
    /// What came behind the handshake already.
    pub(super) early: Vec<u8>,
    pub(super) admission: Arc<Admission>,
    /// Whether the client is one that takes one frame per read.
    pub(super) hand_written: bool,
}

/// The paths that several wires share: the first message tells which it is.
pub(crate) async fn upgrade(
    State(node): State<Arc<Node>>,
    Extension(admission): Extension<Arc<Admission>>,
    request: Request,
) -> Response<Body> {
    let handle = Arc::clone(&node);
    accept(&node, admission, request, Place::Needed, move |upgraded| {
        upgraded.begin(&handle, Protocol::Messages, None, |_, _| {});
    })
}

impl Established<Stream> {
    /// Makes it a connection that is served from now on; see [`Established::connect`].
    pub(super) fn begin(
        self,
        node: &Arc<Node>,
        protocol: Protocol,
        claimed: Option<Wire>,
        greet: impl FnOnce(&Arc<Connection>, &mut Batch<'_>),
    ) {
        let (socket, unread) = match self.socket.into_socket() {
            Ok(parts) => parts,
            Err(error) => {
                return tracing::warn!(%error, "a socket could not be taken over from HTTP");
            }
        };
        let established = Established {
            socket,
            early: [self.early, unread].concat(),
            admission: self.admission,
            hand_written: self.hand_written,
        };
        let batch = &mut Batch::new(node);
        if let Some(reading) = established.connect(node, protocol, claimed, greet, batch) {
            node.reactors.send_on(reading);
        }
    }
}

impl Established<Socket> {
    /// Makes it a connection, and has that greeted. `claimed` is the wire that the way in has told.
    pub(super) fn connect(
        self,
        node: &Arc<Node>,
        protocol: Protocol,
        claimed: Option<Wire>,
        greet: impl FnOnce(&Arc<Connection>, &mut Batch<'_>),
        batch: &mut Batch<'_>,
    ) -> Option<Reading> {
        let (framing, one_frame_per_write) = match protocol {
            Protocol::Messages => (Framing::WebSocket, self.hand_written),
            Protocol::EngineIo => (Framing::EngineWebSocket, false),
        };
        let newcomer = Newcomer {
            admission: self.admission,
            line: Line::Socket(self.socket),
            framing,
            claimed,
            one_frame_per_write,
        };
        let connection = Arc::new(Connection::new(newcomer, node));
        let attached = node.attach(&connection);
        tracing::debug!(conn = %connection.id, peer = %connection.admission.peer, "connected");
        node.reactors.assign(&connection);
        greet(&connection, batch);
        Reading::new(attached, protocol, self.early, None)
    }
}

/// Answers a WebSocket handshake, or says what is wrong with it; `begin` is called once it is through.
pub(super) fn accept(
    node: &Node,
    admission: Arc<Admission>,
    mut request: Request,
    place: Place,
    begin: impl FnOnce(Established<Stream>) + Send + 'static,
) -> Response<Body> {
    let upgrade = match check_upgrade(&Head(&request)) {
        Ok(upgrade) => upgrade,
        Err(error) => return refusal(error),
    };
    if let Some(origin) = forbidden_origin(node, request.headers()) {
        tracing::debug!(%origin, "origin refused");
        return (StatusCode::FORBIDDEN, "this origin is not allowed\n").into_response();
    }
    let placed = match place {
        Place::Needed => admission.become_connection(),
        Place::Taken => Ok(()),
    };
    if let Err(full) = placed {
        let body = format!("{full}\n");
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "5"), (header::CONNECTION, "close")],
            body,
        )
            .into_response();
    }
    let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (
            StatusCode::BAD_REQUEST,
            "this connection cannot be upgraded\n",
        )
            .into_response();
    };
    let protocol =
        chosen_protocol(&Head(&request)).and_then(|name| HeaderValue::from_str(name).ok());
    let hand_written = upgrade.sample_key;
    tokio::spawn(async move {
        if let Some(upgraded) = take_over(on_upgrade, admission, hand_written).await {
            begin(upgraded);
        }
    });

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&upgrade.accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// The first subprotocol a client offers. The wire is told by the first frame in any case, but some clients give up
/// when they offered one and none is chosen. The name of a wire to come promises nothing before it is there.
pub(super) fn chosen_protocol(request: &impl RequestHead) -> Option<&str> {
    offered_protocols(request).find(|offered| *offered != "switchboard.v1")
}

/// The origin of a browser's handshake, if it may not come from there.
pub(super) fn forbidden_origin(node: &Node, headers: &HeaderMap) -> Option<String> {
    let origin = String::from_utf8_lossy(headers.get(header::ORIGIN)?.as_bytes());
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    is_forbidden(node, &origin, host).then(|| origin.into_owned())
}

/// Whether an origin is neither one of the allowed nor this server's own page.
pub(super) fn is_forbidden(node: &Node, origin: &str, host: Option<&[u8]>) -> bool {
    let authority = origin
        .split_once("://")
        .map(|(_, authority)| authority.as_bytes());
    let is_own = authority.is_some() && authority == host;
    !is_own && !node.config.http.allows_origin(origin)
}

fn refusal(error: UpgradeError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, format!("{error}\n")).into_response();
    for (name, value) in error.headers() {
        response
            .headers_mut()
            .insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// A request as the handshake looks at it.
struct Head<'r>(&'r Request);

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn is_http_1_1(&self) -> bool {
        self.0.version() == Version::HTTP_11
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .headers()
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    }
}

/// Takes the socket out of the HTTP connection.
async fn take_over(
    on_upgrade: OnUpgrade,
    admission: Arc<Admission>,
    hand_written: bool,
) -> Option<Established<Stream>> {
    let upgraded = on_upgrade.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    Some(Established {
        socket: parts.io.into_inner(),
        early: parts.read_buf.to_vec(),
        admission,
        hand_written,
    })
}
