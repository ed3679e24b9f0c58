//! What is promised.

use super::cases::{Case, Figure, OURS};
use super::servers::Server::{
    self, Bun, BunTopics, FastapiRedis, Floor, NodeSocketio, NodeWs, Ours, OursThreaded,
    PythonWebsockets,
};

/// What is promised of a median.
///
/// Bun is taken as its documents show it: `send` to the only other one, `publish` to a room. The report
/// has the other way too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub case: &'static str,
    pub of: Server,
    /// If it is not what the case compares.
    pub figure: Option<Figure>,
    pub bound: Bound,
    pub at_most: f64,
}

impl Target {
    pub(crate) fn figure(&self, case: &Case) -> Figure {
        self.figure.unwrap_or(case.figure)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// So many times what another server takes in the same case.
    Times(Server),
    /// In the figure's own unit.
    Itself,
    /// So many times what it takes itself in another case.
    Since(&'static str),
    /// The growth from another case, in multiples of what this server's figure grows by.
    Growth { from: &'static str, than: Server },
}

const fn times(case: &'static str, of: Server, at_most: f64, other: Server) -> Target {
    Target {
        case,
        of,
        figure: None,
        bound: Bound::Times(other),
        at_most,
    }
}

const fn itself(case: &'static str, of: Server, at_most: f64) -> Target {
    Target {
        case,
        of,
        figure: None,
        bound: Bound::Itself,
        at_most,
    }
}

/// Rooms in which nothing happens cost nothing; a tenth is how far medians may lie apart, and pings are between.
const fn since(case: &'static str, from: &'static str) -> Target {
    Target {
        case,
        of: OURS,
        figure: None,
        bound: Bound::Since(from),
        at_most: 1.10,
    }
}

pub(crate) const TARGETS: [Target; 23] = [
    times("pairs", OURS, 0.83, Bun),
    times("pairs", OURS, 1.15, Floor),
    times("pairs-16", OURS, 0.57, Bun),
    times("pairs-16-batched", OURS, 0.15, Bun),
    times("offers", OURS, 0.40, Bun),
    times("pairs-4000", OURS, 0.80, Bun),
    Target {
        case: "pairs-4000",
        of: OURS,
        figure: None,
        bound: Bound::Growth {
            from: "pairs",
            than: Floor,
        },
        at_most: 1.15,
    },
    times("room-10", OURS, 0.95, BunTopics),
    times("room-100", OURS, 0.97, BunTopics),
    times("pairs", OURS, 0.39, NodeWs),
    times("pairs", OURS, 0.28, NodeSocketio),
    times("pairs", Ours("register"), 0.15, PythonWebsockets),
    times("pairs", Ours("path"), 0.16, FastapiRedis),
    times("pairs", Ours("socketio"), 0.50, NodeSocketio),
    itself("idle", OURS, 1.6 * 1024.0),
    itself("idle-socketio", Ours("socketio"), 12.0 * 1024.0),
    times("storm", OURS, 0.95, Bun),
    times("latency", OURS, 1.0, Bun),
    since("rooms-1000", "rooms-10"),
    since("rooms-9500", "rooms-10"),
    times("threads", OursThreaded(2), 1.10, OursThreaded(1)),
    Target {
        figure: Some(Figure::ThreadsApart),
        ..itself("threads", OursThreaded(2), 1.20)
    },
    Target {
        figure: Some(Figure::AcrossThreads),
        ..itself("threads", OursThreaded(2), 0.0)
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cases::case;

    #[test]
    fn every_target_is_of_something_that_is_measured() {
        for target in TARGETS {
            let measured = case(target.case).unwrap();
            assert!(measured.servers.contains(&target.of), "{target:?}");
            match target.bound {
                Bound::Itself => {}
                Bound::Since(from) => assert!(case(from).unwrap().servers.contains(&target.of)),
                Bound::Times(other) => assert!(measured.servers.contains(&other), "{target:?}"),
                Bound::Growth { from, than } => {
                    assert!(measured.servers.contains(&than), "{target:?}");
                    let from = case(from).unwrap();
                    assert!(from.servers.contains(&than) && from.servers.contains(&target.of));
                }
            }
        }
    }
}
