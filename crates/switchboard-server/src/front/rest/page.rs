//! Part of a list that may be long.

use serde::Deserialize;
use switchboard_core::RoomId;
use utoipa::IntoParams;

use super::Problem;
use super::name::{Name, Named as _};
use crate::node::Node;

/// Which part of the list of rooms is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// At most so many rooms.
    #[serde(default = "usual_limit")]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 10_000, default = 1_000)]
    limit: usize,
    /// Only rooms whose names come after this one.
    #[param(value_type = Name, required = false)]
    after: Option<String>,
}

const fn usual_limit() -> usize {
    1_000
}

impl Page {
    const MOST: usize = 10_000;

    pub(super) const fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            limit @ 1..=Self::MOST => Ok(limit),
            asked => Err(Problem::Limit {
                asked,
                most: Self::MOST,
            }),
        }
    }

    pub(super) fn after(&self, node: &Node) -> Result<Option<RoomId>, Problem> {
        let after = self.after.as_deref().map(RoomId::from);
        if let Some(after) = &after {
            after.check(node.limits())?;
        }
        Ok(after)
    }
}
