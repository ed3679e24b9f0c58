//! Engine.IO: polling, WebSocket, and the way from the one to the other.
//!
//! Source: the Engine.IO protocol document, version 4; what its real clients need beyond that is in
//! `docs/dialects/socketio.md`.

mod intake;
mod probe;
mod session;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::any;
use parking_lot::Mutex;
use switchboard_core::Wire;
use switchboard_engineio::{Open, Packet, Query, RequestError, TransportName};
use tokio::time::timeout;
use tower_http::cors::{AllowOrigin, CorsLayer};

use self::intake::Unheard;
use self::session::Session;
use super::origins::allowed_origins;
use super::websocket::{self, Established, Place};
use crate::admission::{Admission, TurnedAway};
use crate::batch::Batch;
use crate::connection::{Connection, Newcomer};
use crate::framing::Framing;
use crate::line::Line;
use crate::node::{Node, unguessable};
use crate::reactor::Protocol;
use crate::stream::Stream;

/// One wire's Engine.IO.
#[derive(Debug)]
pub(super) struct Engine {
    node: Arc<Node>,
    wire: Wire,
    /// The polled ones, by the name they were given.
    sessions: Mutex<HashMap<String, Arc<Session>, RandomState>>,
}

/// How many of the longest messages fit into one POST.
const MESSAGES_PER_POST: usize = 4;

/// Whether a handshake with this query begins with a WebSocket, rather than change to one.
pub(super) fn begins_with_websocket(query: &str) -> bool {
    let query = Query::parse(query);
    query.is_ok_and(|query| query.transport == TransportName::WebSocket && query.sid.is_none())
}

/// The routes of a wire that comes in at `path`.
pub(super) fn routes(engine: Arc<Engine>, path: &'static str) -> Router<Arc<Node>> {
    let cors = cors(&engine.node);
    let answer = any(
        async move |admission: Extension<Arc<Admission>>, request: Request| {
            answer(engine, admission.0, request).await
        },
    );
    Router::new()
        .route(path, answer.clone())
        .route(path.trim_end_matches('/'), answer)
        .layer(cors)
}

/// Row S0.6. Browsers that send credentials take no `*` for an answer, so that the origin is named.
fn cors(node: &Node) -> CorsLayer {
    let origins = if node.config.http.allows_every_origin() {
        AllowOrigin::mirror_request()
    } else {
        AllowOrigin::list(allowed_origins(node))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
}

async fn answer(
    engine: Arc<Engine>,
    admission: Arc<Admission>,
    request: Request,
) -> Response<Body> {
    if let Some(origin) = websocket::forbidden_origin(&engine.node, request.headers()) {
        tracing::debug!(%origin, "origin refused");
        return refusal(RequestError::Forbidden);
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let query = match Query::parse(&query) {
        Ok(query) => query,
        Err(error) => return refusal(error),
    };
    let session = query
        .sid
        .map(|sid| engine.sessions.lock().get(sid).cloned());
    match (query.transport, session, request.method()) {
        (_, Some(None), _) => refusal(RequestError::SessionUnknown),
        (TransportName::Polling, None, &Method::GET) => engine.open(&admission),
        (TransportName::Polling, None, _) => refusal(RequestError::BadHandshakeMethod),
        (TransportName::Polling, Some(Some(session)), &Method::GET) => session
            .poll(&admission)
            .await
            .map_or_else(not_heard, packets),
        (TransportName::Polling, Some(Some(session)), &Method::POST) => {
            take_in(&engine.node, &session, request).await
        }
        (TransportName::Polling, Some(Some(_)), _) => refusal(RequestError::BadRequest),
        (TransportName::WebSocket, Some(Some(session)), _) => {
            let node = Arc::clone(&engine.node);
            // The session has its place already.
            websocket::accept(&engine.node, admission, request, Place::Taken, |upgraded| {
                tokio::spawn(probe::take_over(session, node, upgraded));
            })
        }
        (TransportName::WebSocket, None, _) => {
            let begin = Arc::clone(&engine);
            websocket::accept(
                &engine.node,
                admission,
                request,
                Place::Needed,
                move |upgraded| {
                    begin.begin(upgraded);
                },
            )
        }
    }
}

impl Engine {
    pub(super) fn new(node: &Arc<Node>, wire: Wire) -> Arc<Self> {
        Arc::new(Self {
            node: Arc::clone(node),
            wire,
            sessions: Mutex::default(),
        })
    }

    /// A client that is to be polled.
    fn open(self: &Arc<Self>, admission: &Admission) -> Response<Body> {
        // It holds no socket between two requests, so that it takes a place of its own.
        let place = match self.node.gatekeeper.admit_polled(admission.peer) {
            Ok(place) => place,
            Err(why) => return turned_away(why),
        };
        let newcomer = Newcomer {
            admission: Arc::new(place),
            line: Line::polled(),
            framing: Framing::EnginePolling,
            claimed: Some(self.wire),
            one_frame_per_write: false,
        };
        let connection = Arc::new(Connection::new(newcomer, &self.node));
        let sid = unguessable();
        let open = self.open_packet(&sid, true);
        let (engine, name) = (Arc::clone(self), sid.clone());
        // Held until it is in: its task may be about to take it out again.
        let mut sessions = self.sessions.lock();
        let session = Session::begin(&self.node, connection, move || {
            engine.sessions.lock().remove(&name);
        });
        sessions.insert(sid, session);
        drop(sessions);
        packets(open)
    }

    /// A client that begins with a WebSocket.
    fn begin(&self, upgraded: Established<Stream>) {
        upgraded.begin(
            &self.node,
            Protocol::EngineIo,
            Some(self.wire),
            self.greeting(),
        );
    }

    /// What a client is told first that begins with a WebSocket.
    pub(super) fn greeting(&self) -> impl FnOnce(&Arc<Connection>, &mut Batch<'_>) {
        let open = self.open_packet(&unguessable(), false);
        move |connection, batch| connection.push_packet(&open, batch)
    }

    /// The wire that is spoken here.
    pub(super) const fn wire(&self) -> Wire {
        self.wire
    }

    fn open_packet(&self, sid: &str, upgrades: bool) -> Vec<u8> {
        let config = &self.node.config;
        let open = Open {
            sid: sid.to_owned(),
            upgrades,
            ping_interval: config.timeouts.ping_interval,
            ping_timeout: config.timeouts.ping_timeout,
            max_payload: config.limits.message_bytes,
        };
        let mut packet = Vec::new();
        Packet::Open(&open.to_json()).write_to(&mut packet);
        packet
    }
}

/// Takes in what a client says in a POST.
async fn take_in(node: &Node, session: &Session, request: Request) -> Response<Body> {
    let limit = node.config.limits.message_bytes * MESSAGES_PER_POST;
    if content_length(request.headers()).is_some_and(|length| length > limit) {
        return too_long(limit);
    }
    session.meet();
    let turn = match session.intake.turn().await {
        Ok(turn) => turn,
        Err(unheard) => return not_heard(unheard),
    };
    // Who takes longer counts as gone anyway.
    let patience = node.config.timeouts.ping_timeout;
    let Ok(body) = timeout(patience, to_bytes(request.into_body(), limit)).await else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let Ok(body) = body else {
        return too_long(limit);
    };
    let Ok(text) = String::from_utf8(body.into()) else {
        return refusal(RequestError::BadRequest);
    };
    // In a task of its own: what has come is heard, whether or not the client waits for the answer.
    let hearing = tokio::spawn(Arc::clone(&session.intake).take_in(text, turn));
    match timeout(HEARING, hearing).await {
        Ok(Ok(Err(unheard))) => not_heard(unheard),
        Ok(Err(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        // Clients give up a request that takes long; the next one waits for its turn.
        Ok(Ok(Ok(()))) | Err(_) => ([(header::CONTENT_TYPE, "text/html")], "ok").into_response(),
    }
}

/// How long the answer to a POST may wait for its packets to be heard, where their client has said too much.
const HEARING: Duration = Duration::from_secs(2);

fn not_heard(unheard: Unheard) -> Response<Body> {
    tracing::debug!(%unheard, "request refused");
    refusal(match unheard {
        Unheard::Overlap => RequestError::BadRequest,
        Unheard::Over => RequestError::SessionUnknown,
    })
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn too_long(limit: usize) -> Response<Body> {
    let body = format!("a request may have {limit} bytes\n");
    (StatusCode::PAYLOAD_TOO_LARGE, body).into_response()
}

fn packets(payload: Vec<u8>) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=UTF-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, payload).into_response()
}

fn refusal(error: RequestError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], error.to_json()).into_response()
}

fn turned_away(why: TurnedAway) -> Response<Body> {
    let status = match why {
        TurnedAway::Full => StatusCode::SERVICE_UNAVAILABLE,
        TurnedAway::Address => StatusCode::TOO_MANY_REQUESTS,
    };
    (status, [(header::RETRY_AFTER, "5")], format!("{why}\n")).into_response()
}
