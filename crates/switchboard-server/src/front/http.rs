//! HTTP: which path answers what, and to whom.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Extension, MatchedPath, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::entrance::Entrance;
use super::ice_servers::ice_servers;
use super::origins::allowed_origins;
use super::status::{livez, metrics, readyz};
use super::{assets, engine, path, rest, websocket};
use crate::admission::Admission;
use crate::node::Node;

/// All paths.
pub(super) fn router(node: Arc<Node>, entrances: &[Entrance]) -> Router {
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
        .merge(ways_in(&node, entrances))
        .layer(middleware::from_fn_with_state(Arc::clone(&node), measured))
        .with_state(node)
}

/// The ways in that wires have to themselves.
fn ways_in(node: &Arc<Node>, entrances: &[Entrance]) -> Router<Arc<Node>> {
    entrances
        .iter()
        .fold(Router::new(), |router, entrance| match entrance {
            Entrance::Path { wire, template } => router.merge(path::routes(node, *wire, template)),
            Entrance::Engine { engine, path } => {
                router.merge(engine::routes(Arc::clone(engine), path))
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
    let route = path.as_ref().map_or("other", MatchedPath::as_str);
    node.metrics
        .http(route, response.status().as_u16())
        .observe(started.elapsed().as_secs_f64());
    response
}
