//! Names of keys that are used outside the scripts. All begin with the prefix of the installation; `scripts/prelude.lua`
//! lists them all.

use crate::NodeId;

/// The version of how things are laid out in Redis. A node that knows only lower ones stays away.
pub(crate) const LAYOUT: u32 = 1;

/// The stream that a node reads.
pub(crate) fn inbox(prefix: &str, node: NodeId) -> String {
    format!("{prefix}inbox:{node}")
}
