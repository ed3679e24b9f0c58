//! Names of rooms and users in a path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use switchboard_core::{IdKind, Limits, PeerId, Refusal, RoomId};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Problem;
use crate::front::percent;
use crate::node::Node;

/// A name from the path, percent-decoded, which somebody or some room could have.
#[derive(Debug)]
pub(super) struct InPath<T>(pub(super) T);

/// A kind of names.
pub(super) trait Named: From<String> {
    /// Which.
    const KIND: IdKind;

    /// Whether it can be one.
    fn check(&self, limits: &Limits) -> Result<(), Refusal>;
}

impl Named for RoomId {
    const KIND: IdKind = IdKind::Room;

    fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        limits.check_room(self)
    }
}

impl Named for PeerId {
    const KIND: IdKind = IdKind::Peer;

    fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        limits.check_peer(self)
    }
}

impl<T: Named> FromRequestParts<Arc<Node>> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        let route = parts.extensions.get::<MatchedPath>();
        let route = route.ok_or(Problem::NothingHere)?;
        let encoded = in_place_of_parameter(route.as_str(), parts.uri.path());
        let encoded = encoded.ok_or(Problem::NothingHere)?;
        let kind = T::KIND;
        let name = percent::decode(encoded)
            .map_err(|problem| Problem::Encoding { kind, problem })?
            .into_owned();
        let name = T::from(name);
        name.check(node.limits())?;
        Ok(Self(name))
    }
}

/// What stands in a path where its route has a parameter, still encoded: decoded by the router, a stray `%` would pass
/// for itself.
fn in_place_of_parameter<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let mut segments = route.split('/').zip(path.split('/'));
    let (_, segment) = segments.find(|(part, _)| part.starts_with('{'))?;
    Some(segment)
}

/// What can be a name, for the document of the interface. Its greatest length is a setting and is filled in later.
#[derive(Debug)]
pub(super) struct Name;

/// No control characters, of which there are two ranges (Unicode category Cc).
const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

impl Name {
    pub(super) const SCHEMA: &str = "Name";

    pub(super) fn schema_up_to(length: Option<usize>) -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some(
                "The name of a room or the id of a user: any characters but control characters; in a path or a query \
                 percent-encoded. At most so many characters as `limits.id_length` says.",
            ))
            .min_length(Some(1))
            .max_length(length)
            .pattern(Some(PATTERN))
            .into()
    }
}

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        Self::schema_up_to(None)
    }
}

impl ToSchema for Name {
    fn name() -> std::borrow::Cow<'static, str> {
        Self::SCHEMA.into()
    }
}
