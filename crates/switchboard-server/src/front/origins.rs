//! Origins of pages that may use the server.

use axum::http::HeaderValue;

use crate::node::Node;

/// The configured origins.
pub(super) fn allowed_origins(node: &Node) -> Vec<HeaderValue> {
    let origins = node.config.http.allowed_origins.iter();
    origins
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect()
}
