//! Wires whose way in names the room and the peer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse as _, Json};
use axum::routing::any;
use serde_json::json;
use switchboard_core::{IdKind, Join, Refusal, Role, Wire};
use thiserror::Error;

use super::percent::{self, Unreadable};
use super::websocket::{self, Place};
use crate::admission::Admission;
use crate::node::Node;
use crate::reactor::Protocol;

/// Why a path names no room and peer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum BadPath {
    #[error("expected {template}")]
    Shape { template: &'static str },
    #[error("invalid {kind}: {problem}")]
    Encoding { kind: IdKind, problem: Unreadable },
    #[error("invalid {kind}: it contains a slash")]
    Slash { kind: IdKind },
    #[error(transparent)]
    Name(#[from] Refusal),
}

/// The routes of a wire that comes in at paths like `template`.
pub(super) fn routes(node: &Arc<Node>, wire: Wire, template: &'static str) -> Router<Arc<Node>> {
    let node = Arc::clone(node);
    let answer = any(
        async move |admission: Extension<Arc<Admission>>, request: Request| {
            enter(&node, wire, template, admission.0, request)
        },
    );
    Router::new().route(&route(template), answer)
}

/// The route of the paths like `template`.
pub(super) fn route(template: &str) -> String {
    format!("{}{{*rest}}", fixed_part(template))
}

/// What stands in a template before the first name.
pub(super) fn fixed_part(template: &str) -> &str {
    template.split('{').next().unwrap_or_default()
}

fn enter(
    node: &Arc<Node>,
    wire: Wire,
    template: &'static str,
    admission: Arc<Admission>,
    request: Request,
) -> Response<Body> {
    let join = match join_of(node, template, request.uri().path()) {
        Ok(join) => join,
        Err(problem) => return refusal(&problem.to_string()),
    };
    let handle = Arc::clone(node);
    websocket::accept(node, admission, request, Place::Needed, move |upgraded| {
        let protocol = Protocol::Messages;
        upgraded.begin(&handle, protocol, Some(wire), |connection, batch| {
            handle.arrive(connection, join, batch);
        });
    })
}

/// Row S3.1: a readable reason before the upgrade, which is when clients still hear it.
fn refusal(reason: &str) -> Response<Body> {
    (StatusCode::BAD_REQUEST, Json(json!({ "detail": reason }))).into_response()
}

/// Whom a path brings where.
pub(super) fn join_of(node: &Node, template: &'static str, path: &str) -> Result<Join, BadPath> {
    let join = named(template, path)?;
    node.limits().check_names(&join.room, &join.peer)?;
    Ok(join)
}

fn named(template: &'static str, path: &str) -> Result<Join, BadPath> {
    let shape = BadPath::Shape { template };
    let (mut room, mut peer) = (None, None);
    let mut segments = path.split('/');
    for part in template.split('/') {
        let segment = segments.next().ok_or_else(|| shape.clone())?;
        match part {
            "{room_id}" => room = Some(name(IdKind::Room, segment)?),
            "{user_id}" => peer = Some(name(IdKind::Peer, segment)?),
            fixed if fixed == segment => {}
            _ => return Err(shape),
        }
    }
    match (room, peer, segments.next()) {
        (Some(room), Some(peer), None) => Ok(Join {
            room: room.into(),
            peer: peer.into(),
            role: Role::Receiver,
        }),
        _ => Err(shape),
    }
}

fn name(kind: IdKind, segment: &str) -> Result<String, BadPath> {
    let decoded =
        percent::decode(segment).map_err(|problem| BadPath::Encoding { kind, problem })?;
    if decoded.contains('/') {
        return Err(BadPath::Slash { kind });
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "/ws/{room_id}/{user_id}";

    fn names(path: &str) -> Result<(String, String), String> {
        let join = named(TEMPLATE, path).map_err(|problem| problem.to_string())?;
        Ok((join.room.to_string(), join.peer.to_string()))
    }

    #[test]
    fn s3_1_a_path_names_room_and_peer_percent_encoded() {
        let named = |room: &str, peer: &str| Ok((room.to_owned(), peer.to_owned()));
        assert_eq!(names("/ws/studio/ann"), named("studio", "ann"));
        assert_eq!(
            names("/ws/a%20room/%E5%BC%A0%E4%B8%89"),
            named("a room", "张三")
        );
        assert_eq!(names("/ws/a+b/c%2Bd"), named("a+b", "c+d"));
    }

    #[test]
    fn s3_1_a_path_that_names_none_is_refused_with_the_reason() {
        for (path, reason) in [
            ("/ws/studio", "expected /ws/{room_id}/{user_id}"),
            ("/ws/studio/ann/more", "expected /ws/{room_id}/{user_id}"),
            ("/ws/studio/a%2Fb", "invalid user id: it contains a slash"),
            (
                "/ws/%ff/ann",
                "invalid room id: it is not UTF-8 in percent-encoding",
            ),
            (
                "/ws/studio/%zz",
                "invalid user id: it has a % that no two hexadecimal digits follow",
            ),
        ] {
            assert_eq!(names(path), Err(reason.to_owned()), "{path}");
        }
        // Empty names are the hub's to refuse.
        assert_eq!(names("/ws//ann"), Ok((String::new(), "ann".to_owned())));
    }
}
