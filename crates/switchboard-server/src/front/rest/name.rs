//! Names of rooms and users in a path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use switchboard_core::{Join, PeerId, Refusal, Role, RoomId};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Problem;
use crate::node::Node;

/// A name from the path, percent-decoded, which somebody or some room could have.
#[derive(Debug)]
pub(super) struct InPath<T>(pub(super) T);

/// A kind of names.
pub(super) trait Named: From<String> {
    /// Whether it can be one.
    fn check(&self, node: &Node) -> Result<(), Refusal>;
}

impl Named for RoomId {
    fn check(&self, node: &Node) -> Result<(), Refusal> {
        node.check_names(&Join {
            room: self.clone(),
            peer: PeerId::from("anybody"),
            role: Role::default(),
        })
    }
}

impl Named for PeerId {
    fn check(&self, node: &Node) -> Result<(), Refusal> {
        node.check_names(&Join {
            room: RoomId::LOBBY,
            peer: self.clone(),
            role: Role::default(),
        })
    }
}

impl<T: Named> FromRequestParts<Arc<Node>> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, node).await?;
        let name = T::from(name);
        name.check(node)?;
        Ok(Self(name))
    }
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
