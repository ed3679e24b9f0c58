//! Whether the server is well, for those who run it.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::local::is_local;
use crate::admission::Admission;
use crate::metrics::Levels;
use crate::node::Node;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
        sockets: node.gatekeeper.sockets(),
        rooms: node.rooms(),
        unidentified: node.unidentified(),
    };
    (
        [(header::CONTENT_TYPE, METRICS_TYPE)],
        node.metrics.render(levels),
    )
        .into_response()
}
