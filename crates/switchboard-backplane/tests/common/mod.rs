//! Redis servers of the tests' own, nodes on them, and a wire in between that can be cut.

#![allow(dead_code, reason = "each test file needs a part of it")]

pub(crate) mod proxy;
pub(crate) mod redis_server;
pub(crate) mod stage;

use std::time::Duration;

/// Nothing in these tests takes longer, but on a machine that is very busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
