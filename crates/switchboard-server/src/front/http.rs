//! HTTP: which path answers what, and to whom.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::extract::{Extension, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Deserialize;
use switchboard_dialects::{Entrance, dialect, wires};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use utoipa::IntoParams;

use super::rest::{self, Detail, QueryOf};
use super::{assets, engine, path, websocket};
use crate::admission::Admission;
use crate::ice::IceAnswer;
use crate::metrics::Levels;
use crate::node::Node;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All paths.
pub(crate) fn router(node: Arc<Node>) -> Router {
    let public = Router::new()
        .route("/", get(page_or_websocket))
        .route("/ws", get(websocket::upgrade))
        .route("/ws/", get(websocket::upgrade))
        .route("/assets/{*path}", get(assets::file))
        .route("/ice-servers", get(ice_servers))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .merge(rest::public(&node))
        .fallback(not_found)
        .layer(cors(&node));
    // Without CORS: a page from elsewhere, open in a browser on this machine, must not read them.
    let administrative = Router::new()
        .route("/metrics", get(metrics))
        .merge(rest::administrative(&node));
    public
        .merge(administrative)
        .merge(entrances(&node))
        .layer(middleware::from_fn_with_state(Arc::clone(&node), measured))
        .with_state(node)
}

/// The ways in that wires have to themselves.
fn entrances(node: &Arc<Node>) -> Router<Arc<Node>> {
    wires().fold(Router::new(), |router, wire| {
        match dialect(wire).entrance() {
            Entrance::FirstMessage => router,
            Entrance::Path(template) => router.merge(path::routes(node, wire, template)),
            Entrance::EngineIo(path) => router.merge(engine::routes(node, wire, path)),
        }
    })
}

/// Rows S0.6 and S1.3: open by default, or for the configured origins.
fn cors(node: &Node) -> CorsLayer {
    let http = &node.config.http;
    let cors = CorsLayer::new()
        .allow_methods([Method::GET])
        .allow_headers(Any)
        .expose_headers([header::LINK]);
    if http.allows_every_origin() {
        return cors.allow_origin(Any);
    }
    cors.allow_origin(AllowOrigin::list(allowed_origins(node)))
}

/// The configured origins.
pub(super) fn allowed_origins(node: &Node) -> Vec<HeaderValue> {
    let origins = node.config.http.allowed_origins.iter();
    origins
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect()
}

/// The root serves both: browsers get the page, WebSocket clients their connection.
async fn page_or_websocket(
    state: State<Arc<Node>>,
    admission: Extension<Arc<Admission>>,
    request: Request,
) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        websocket::upgrade(state, admission, request).await
    } else {
        assets::page(request.headers().clone()).await
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IceQuery {
    /// Whom the credentials are for; shows up in the TURN server's log.
    #[serde(default)]
    user: String,
}

/// List the ICE servers
///
/// For `new RTCPeerConnection(...)`. TURN credentials that the server makes itself expire after `ice.turn_ttl`.
#[utoipa::path(
    get,
    path = "/ice-servers",
    tag = "ice",
    params(IceQuery),
    responses(
        (status = 200, description = "STUN and TURN servers", body = IceAnswer),
        (status = 400, description = "A parameter that cannot be", body = Detail),
    ),
)]
pub(super) async fn ice_servers(
    State(node): State<Arc<Node>>,
    QueryOf(query): QueryOf<IceQuery>,
) -> Response {
    let user = if query.user.is_empty() {
        "switchboard"
    } else {
        &query.user
    };
    let answer = crate::ice::answer(&node.ice.load(), SystemTime::now(), user);
    // Credentials expire; a cached answer would hand out dead ones.
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// Ask whether the process lives
#[utoipa::path(
    get,
    path = "/livez",
    tag = "server",
    responses((status = 200, description = "It does", body = String)),
)]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Ask whether new clients are welcome
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "server",
    responses(
        (status = 200, description = "They are", body = String),
        (status = 503, description = "The server is shutting down", body = String),
    ),
)]
pub(super) async fn readyz(State(node): State<Arc<Node>>) -> Response {
    if node.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response()
    } else {
        "ready\n".into_response()
    }
}

/// Read the metrics
///
/// For Prometheus; answered to the server's own machine only.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses(
        (status = 200, description = "OpenMetrics 1.0", body = String, content_type = METRICS_TYPE),
        (status = 403, description = "Asked from elsewhere", body = String),
    ),
)]
pub(super) async fn metrics(
    State(node): State<Arc<Node>>,
    Extension(admission): Extension<Arc<Admission>>,
    headers: HeaderMap,
) -> Response {
    if !is_local(&admission, &headers) {
        return (
            StatusCode::FORBIDDEN,
            "metrics are answered to this machine only\n",
        )
            .into_response();
    }
    let levels = Levels {
        sockets: node.gatekeeper.open(),
        rooms: node.rooms(),
        unidentified: node.unidentified(),
    };
    (
        [(header::CONTENT_TYPE, METRICS_TYPE)],
        node.metrics.render(levels),
    )
        .into_response()
}

/// Whether a request comes from this machine, and not merely through a proxy on it.
pub(super) fn is_local(admission: &Admission, headers: &HeaderMap) -> bool {
    const FORWARDED: [HeaderName; 3] = [
        header::FORWARDED,
        HeaderName::from_static("x-forwarded-for"),
        HeaderName::from_static("x-real-ip"),
    ];
    admission.peer.is_loopback() && !FORWARDED.iter().any(|name| headers.contains_key(name))
}

async fn not_found(uri: Uri) -> Response {
    rest::nothing_here(&uri).unwrap_or_else(|| {
        let hint =
            "nothing here; the WebSocket is at /ws, the page at /, REST is described at /docs\n";
        (StatusCode::NOT_FOUND, hint).into_response()
    })
}

/// Measures responses by route, so that the labels stay few whatever is asked for.
async fn measured(
    State(node): State<Arc<Node>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    let route = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let labels = vec![
        ("route", route),
        ("status", response.status().as_u16().to_string()),
    ];
    node.metrics
        .http_seconds
        .get_or_create(&labels)
        .observe(started.elapsed().as_secs_f64());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{Gatekeeper, Remote};

    #[test]
    fn only_this_machine_is_local_and_no_proxy_on_it() {
        let keeper = Arc::new(Gatekeeper::new(10, 0));
        let admit = |remote| keeper.admit(remote).expect("a place");
        let tcp = |text: &str| admit(Remote::Tcp(text.parse().expect("an address")));
        let none = HeaderMap::new();
        assert!(is_local(&tcp("127.0.0.1:1"), &none));
        assert!(is_local(&tcp("[::1]:1"), &none));
        assert!(is_local(&tcp("[::ffff:127.0.0.1]:1"), &none));
        assert!(is_local(&admit(Remote::Unix), &none));
        assert!(!is_local(&tcp("192.0.2.1:1"), &none));
        for name in ["forwarded", "x-forwarded-for", "x-real-ip"] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static("192.0.2.1"),
            )]);
            assert!(!is_local(&tcp("127.0.0.1:1"), &headers), "{name}");
        }
    }
}
