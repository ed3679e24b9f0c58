//! HTTP: which path answers what, and to whom.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::extract::{Extension, MatchedPath, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Deserialize;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::{assets, websocket};
use crate::admission::Admission;
use crate::metrics::Levels;
use crate::node::Node;

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
        .fallback(not_found)
        .layer(cors(&node));
    // Without CORS: a page from elsewhere, open in a browser on this machine, must not read them.
    let administrative = Router::new().route("/metrics", get(metrics));
    public
        .merge(administrative)
        .layer(middleware::from_fn_with_state(Arc::clone(&node), measured))
        .with_state(node)
}

/// Rows S0.6 and S1.3: open by default, or for the configured origins.
fn cors(node: &Node) -> CorsLayer {
    let http = &node.config.http;
    let cors = CorsLayer::new()
        .allow_methods([Method::GET])
        .allow_headers(Any);
    if http.allows_every_origin() {
        return cors.allow_origin(Any);
    }
    let origins = http
        .allowed_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    cors.allow_origin(AllowOrigin::list(origins))
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

#[derive(Deserialize)]
struct IceQuery {
    /// Whom the credentials are for; shows up in the TURN server's log.
    #[serde(default)]
    user: String,
}

/// Row S2.6: the ICE servers for `new RTCPeerConnection(...)`.
async fn ice_servers(State(node): State<Arc<Node>>, Query(query): Query<IceQuery>) -> Response {
    let user = if query.user.is_empty() {
        "switchboard"
    } else {
        &query.user
    };
    let answer = crate::ice::answer(&node.ice.load(), SystemTime::now(), user);
    // Credentials expire; a cached answer would hand out dead ones.
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// Whether the process lives.
async fn livez() -> &'static str {
    "ok\n"
}

/// Whether new clients are welcome.
async fn readyz(State(node): State<Arc<Node>>) -> Response {
    if node.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response()
    } else {
        "ready\n".into_response()
    }
}

async fn metrics(
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
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(header::CONTENT_TYPE, content_type)],
        node.metrics.render(levels),
    )
        .into_response()
}

/// Whether a request comes from this machine, and not merely through a proxy on it.
fn is_local(admission: &Admission, headers: &HeaderMap) -> bool {
    const FORWARDED: [HeaderName; 3] = [
        header::FORWARDED,
        HeaderName::from_static("x-forwarded-for"),
        HeaderName::from_static("x-real-ip"),
    ];
    admission.peer.is_loopback() && !FORWARDED.iter().any(|name| headers.contains_key(name))
}

async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        "nothing here; the WebSocket is at /ws, the page at /\n",
    )
        .into_response()
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
