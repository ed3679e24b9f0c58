//! The ways in that wires have to themselves, beside the paths that several share.

use std::fmt;
use std::sync::Arc;

use switchboard_core::Wire;
use switchboard_dialects::{Entrance as WayIn, dialect, wires};

use super::engine::Engine;
use super::path;
use crate::node::Node;

/// One wire's own way in.
#[derive(Clone)]
pub(super) enum Entrance {
    /// Paths like `template` name the room and the peer.
    Path { wire: Wire, template: &'static str },
    /// Engine.IO at a path.
    Engine {
        engine: Arc<Engine>,
        path: &'static str,
    },
}

impl Entrance {
    /// All there are.
    pub(super) fn all(node: &Arc<Node>) -> Vec<Self> {
        wires()
            .filter_map(|wire| match dialect(wire).entrance() {
                WayIn::FirstMessage => None,
                WayIn::Path(template) => Some(Self::Path { wire, template }),
                WayIn::EngineIo(path) => Some(Self::Engine {
                    engine: Engine::new(node, wire),
                    path,
                }),
            })
            .collect()
    }

    /// Whether a request for this path comes in here.
    pub(super) fn is_for(&self, request: &str) -> bool {
        match self {
            Self::Path { template, .. } => request.starts_with(path::fixed_part(template)),
            Self::Engine { path, .. } => {
                request == *path || Some(request) == path.strip_suffix('/')
            }
        }
    }
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { template, .. } => f.debug_tuple("Path").field(template).finish(),
            Self::Engine { path, .. } => f.debug_tuple("Engine").field(path).finish(),
        }
    }
}
