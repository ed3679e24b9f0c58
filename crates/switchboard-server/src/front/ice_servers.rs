//! `/ice-servers`: what a browser needs for its peer connections.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::{Detail, QueryOf};
use crate::ice::IceAnswer;
use crate::node::Node;

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
