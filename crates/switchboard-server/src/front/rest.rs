//! REST: who is where, and how the server is (rows S3.4 and S3.12).
//!
//! The shapes and paths are those of the published system; each path answers with and without a slash at its end. What
//! goes wrong is said as `{"detail": ...}`. The reference for users is `docs/rest.md`.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use switchboard_core::{PeerId, RoomId};

use super::assets;
use super::local::is_local;
use super::problem::{Detail, Problem, QueryOf};
use crate::admission::Admission;
use crate::config::RoomList;
use crate::node::Node;

pub(crate) mod document;
mod name;
mod page;
mod resources;
mod shapes;
mod statistics;

use name::InPath;
use page::Page;
use shapes::{Member, Room, User};

/// The paths that every origin may ask which may use the server at all.
pub(super) fn public(node: &Node) -> Router<Arc<Node>> {
    let document: Arc<str> = document::of(&node.config).into();
    let openapi = move || async move {
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        (content_type, document.to_string()).into_response()
    };
    let router = Router::new()
        .route("/rooms/{room_id}/users", get(room_users))
        .route("/rooms/{room_id}/users/", get(room_users))
        .route("/users/{user_id}", get(user))
        .route("/users/{user_id}/", get(user))
        .route("/stats", get(statistics::stats))
        .route("/stats/", get(statistics::stats))
        .route("/openapi.json", get(openapi))
        .route("/docs", get(assets::docs))
        .route("/docs/", get(assets::docs_without_slash));
    let router = match node.config.http.room_list {
        RoomList::Open => router.merge(room_list()),
        RoomList::Local => router,
    };
    router.method_not_allowed_fallback(not_allowed)
}

/// The paths that a page of another origin must not read, although the browser that has it open runs on this machine.
pub(super) fn administrative(node: &Node) -> Router<Arc<Node>> {
    let router = match node.config.http.room_list {
        RoomList::Open => Router::new(),
        RoomList::Local => room_list(),
    };
    router.method_not_allowed_fallback(not_allowed)
}

fn room_list() -> Router<Arc<Node>> {
    Router::new()
        .route("/rooms", get(rooms))
        .route("/rooms/", get(rooms))
}

/// List the rooms
///
/// In the order of their names. If there are more than `limit`, the header `Link` leads to the next ones. Unless
/// `http.room_list` is `open`, this is answered to the server's own machine only.
#[utoipa::path(
    get,
    path = "/rooms",
    tag = "rooms",
    params(Page),
    responses(
        (
            status = 200,
            description = "The rooms",
            body = Vec<Room>,
            headers(("Link" = String, description = "`<...>; rel=\"next\"`, if there are more rooms (RFC 8288)")),
        ),
        (status = 400, description = "A parameter that cannot be", body = Detail),
        (status = 403, description = "Asked from elsewhere", body = Detail),
    ),
)]
async fn rooms(
    State(node): State<Arc<Node>>,
    Extension(admission): Extension<Arc<Admission>>,
    headers: HeaderMap,
    QueryOf(page): QueryOf<Page>,
) -> Result<Response, Problem> {
    if node.config.http.room_list == RoomList::Local && !is_local(&admission, &headers) {
        return Err(Problem::NotLocal);
    }
    let after = page.after(&node)?;
    let seen = node.rooms_seen(after.as_ref(), page.limit()?);
    let rooms: Vec<Room> = seen
        .rooms
        .iter()
        .map(|room| Room::of(room, &node))
        .collect();
    let mut response = live(&rooms);
    if let Some(last) = seen.more_after.as_ref().and_then(RoomId::name) {
        let last = utf8_percent_encode(last, NON_ALPHANUMERIC);
        let next = format!(
            "</rooms?limit={}&after={last}>; rel=\"next\"",
            page.limit()?
        );
        if let Ok(next) = HeaderValue::from_str(&next) {
            response.headers_mut().insert(header::LINK, next);
        }
    }
    Ok(response)
}

/// List the users of a room
///
/// Whatever wire they are connected over, in the order of joining.
#[utoipa::path(
    get,
    path = "/rooms/{room_id}/users",
    tag = "rooms",
    params(("room_id" = name::Name, Path, description = "The room, percent-encoded")),
    responses(
        (status = 200, description = "Everybody in the room", body = Vec<Member>),
        (status = 400, description = "No room can have that name", body = Detail),
        (status = 404, description = "There is no such room", body = Detail),
    ),
)]
async fn room_users(
    State(node): State<Arc<Node>>,
    InPath(room): InPath<RoomId>,
) -> Result<Response, Problem> {
    let peers = node.peers_seen(&room).ok_or(Problem::NoSuchRoom)?;
    let members: Vec<Member> = peers.iter().map(|peer| Member::of(peer, &node)).collect();
    Ok(live(&members))
}

/// Find a user
///
/// Ids are unique in a room only, so there may be several places; the newest comes first and stands at the top level too.
#[utoipa::path(
    get,
    path = "/users/{user_id}",
    tag = "users",
    params(("user_id" = name::Name, Path, description = "The user's id, percent-encoded")),
    responses(
        (status = 200, description = "Where the user is", body = User),
        (status = 400, description = "No user can have that id", body = Detail),
        (status = 404, description = "Nobody of that id is in a room", body = Detail),
    ),
)]
async fn user(
    State(node): State<Arc<Node>>,
    InPath(peer): InPath<PeerId>,
) -> Result<Response, Problem> {
    let places = node.places_seen(&peer);
    let user = User::of(&peer, &places, &node).ok_or(Problem::NoSuchUser)?;
    Ok(live(&user))
}

async fn not_allowed(method: Method) -> Problem {
    Problem::MethodNotAllowed(method)
}

/// The answer for a path that does not exist below one that belongs here.
pub(super) fn nothing_here(uri: &Uri) -> Option<Response> {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    matches!(first, "rooms" | "users" | "stats").then(|| Problem::NothingHere.into_response())
}

/// What is true at the moment only.
fn live<T: Serialize>(answer: &T) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// A moment of the node's time as RFC 3339 has it, in UTC, to the millisecond.
fn rfc3339(node: &Node, moment: Instant) -> String {
    humantime::format_rfc3339_millis(node.wall_clock(moment)).to_string()
}
