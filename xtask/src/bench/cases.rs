//! What is measured, on whom, and what is promised.

use super::servers::Server::{
    self, Bun, BunTopics, FastapiRedis, FlaskSocketio, Floor, NodeSocketio, NodeWs, Ours,
    PythonWebsockets,
};

/// One way to load a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// As it is named on the command line.
    pub name: &'static str,
    pub title: &'static str,
    pub load: Load,
    /// What is compared.
    pub figure: Figure,
    pub servers: &'static [Server],
    /// Left out of a quick run.
    pub large: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    Pairs {
        pairs: u32,
        depth: u32,
        batched: bool,
        /// 3 KB offers instead of 250 byte candidates.
        sdp: bool,
    },
    Fanout {
        rooms: u32,
        room_size: u32,
    },
    Latency {
        pairs: u32,
        /// Messages per second, whatever comes back.
        rate: u32,
    },
    Storm {
        connections: u32,
    },
    Idle {
        connections: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Microseconds of the server's processor time for each message delivered.
    CpuPerDelivery,
    /// Microseconds of the server's processor time for connecting, upgrading and joining once.
    CpuPerJoin,
    /// Resident memory for each connection, in bytes.
    BytesPerConnection,
    /// Microseconds from when a message was due to when it arrived, which 99 of 100 do not exceed.
    P99,
}

impl Figure {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::CpuPerDelivery => "µs of CPU per delivery",
            Self::CpuPerJoin => "µs of CPU per join",
            Self::BytesPerConnection => "bytes per connection",
            Self::P99 => "µs, 99th percentile",
        }
    }
}

const OURS: Server = Ours("join-room");

const fn pairs(pairs: u32, depth: u32, batched: bool, sdp: bool) -> Load {
    Load::Pairs {
        pairs,
        depth,
        batched,
        sdp,
    }
}

const fn cpu(
    name: &'static str,
    title: &'static str,
    load: Load,
    servers: &'static [Server],
) -> Case {
    Case {
        name,
        title,
        load,
        figure: Figure::CpuPerDelivery,
        servers,
        large: false,
    }
}

/// Everything there is to measure.
pub(crate) const CASES: [Case; 14] = [
    cpu(
        "pairs",
        "64 pairs, 1 message in flight in each",
        pairs(64, 1, false, false),
        &[
            Floor,
            OURS,
            Bun,
            BunTopics,
            NodeWs,
            Ours("register"),
            PythonWebsockets,
            Ours("path"),
            FastapiRedis,
            Ours("socketio"),
            NodeSocketio,
            FlaskSocketio,
        ],
    ),
    cpu(
        "pairs-16",
        "64 pairs, 16 in flight, separate writes",
        pairs(64, 16, false, false),
        &[Floor, OURS, Bun, BunTopics, NodeWs],
    ),
    cpu(
        "pairs-16-batched",
        "64 pairs, 16 in flight, batched",
        pairs(64, 16, true, false),
        &[Floor, OURS, Bun, BunTopics, NodeWs],
    ),
    cpu(
        "offers",
        "64 pairs, 3 KB offers, 1 in flight",
        pairs(64, 1, false, true),
        &[Floor, OURS, Bun, BunTopics, NodeWs],
    ),
    cpu(
        "pairs-4000",
        "4,000 connections in pairs, 1 in flight",
        pairs(2000, 1, false, false),
        &[Floor, OURS, Bun, BunTopics],
    ),
    Case {
        large: true,
        ..cpu(
            "pairs-10000",
            "10,000 connections in pairs, 1 in flight",
            pairs(5000, 1, false, false),
            &[Floor, OURS, Bun],
        )
    },
    Case {
        large: true,
        ..cpu(
            "pairs-19000",
            "19,000 connections in pairs, 1 in flight",
            pairs(9500, 1, false, false),
            &[Floor, OURS, Bun],
        )
    },
    cpu(
        "room-10",
        "13 rooms of 10",
        Load::Fanout {
            rooms: 13,
            room_size: 10,
        },
        &[Floor, OURS, Bun, BunTopics, NodeWs],
    ),
    cpu(
        "room-100",
        "4 rooms of 100",
        Load::Fanout {
            rooms: 4,
            room_size: 100,
        },
        &[Floor, OURS, Bun, BunTopics, NodeWs],
    ),
    Case {
        large: true,
        ..cpu(
            "room-1000",
            "1 room of 1,000",
            Load::Fanout {
                rooms: 1,
                room_size: 1000,
            },
            &[Floor, OURS, Bun, BunTopics],
        )
    },
    Case {
        figure: Figure::P99,
        ..cpu(
            "latency",
            "64 pairs, 100,000 messages per second in all",
            Load::Latency {
                pairs: 64,
                rate: 100_000,
            },
            &[OURS, Bun, BunTopics],
        )
    },
    Case {
        figure: Figure::CpuPerJoin,
        ..cpu(
            "storm",
            "4,000 clients connect, upgrade and join",
            Load::Storm { connections: 4000 },
            &[OURS, Bun, NodeWs],
        )
    },
    Case {
        figure: Figure::BytesPerConnection,
        ..cpu(
            "idle",
            "10,000 idle members of rooms of 2, WebSocket",
            Load::Idle {
                connections: 10_000,
            },
            &[OURS, Bun, NodeWs],
        )
    },
    Case {
        figure: Figure::BytesPerConnection,
        ..cpu(
            "idle-socketio",
            "10,000 idle members of rooms of 2, Socket.IO",
            Load::Idle {
                connections: 10_000,
            },
            &[Ours("socketio"), NodeSocketio],
        )
    },
];

/// The case of that name.
pub(crate) fn case(name: &str) -> Option<&'static Case> {
    CASES.iter().find(|case| case.name == name)
}

/// What is promised of a median.
///
/// Bun is taken as its documents show it: `send` to the only other one, `publish` to a room. The report
/// has the other way too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub case: &'static str,
    pub of: Server,
    pub bound: Bound,
    pub at_most: f64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// So many times what another server takes in the same case.
    Times(Server),
    /// In the figure's own unit.
    Itself,
    /// The growth from another case, in multiples of what this server's figure grows by.
    Growth { from: &'static str, than: Server },
}

const fn times(case: &'static str, of: Server, at_most: f64, other: Server) -> Target {
    Target {
        case,
        of,
        bound: Bound::Times(other),
        at_most,
    }
}

const fn itself(case: &'static str, of: Server, at_most: f64) -> Target {
    Target {
        case,
        of,
        bound: Bound::Itself,
        at_most,
    }
}

pub(crate) const TARGETS: [Target; 18] = [
    times("pairs", OURS, 0.83, Bun),
    times("pairs", OURS, 1.15, Floor),
    times("pairs-16", OURS, 0.57, Bun),
    times("pairs-16-batched", OURS, 0.15, Bun),
    times("offers", OURS, 0.40, Bun),
    times("pairs-4000", OURS, 0.80, Bun),
    Target {
        case: "pairs-4000",
        of: OURS,
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
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_of_something_that_is_measured() {
        for target in TARGETS {
            let measured = case(target.case).unwrap();
            assert!(measured.servers.contains(&target.of), "{target:?}");
            match target.bound {
                Bound::Itself => {}
                Bound::Times(other) => assert!(measured.servers.contains(&other), "{target:?}"),
                Bound::Growth { from, than } => {
                    assert!(measured.servers.contains(&than), "{target:?}");
                    let from = case(from).unwrap();
                    assert!(from.servers.contains(&than) && from.servers.contains(&target.of));
                }
            }
        }
    }

    #[test]
    fn no_two_cases_have_one_name() {
        for (at, one) in CASES.iter().enumerate() {
            assert!(CASES[..at].iter().all(|other| other.name != one.name));
        }
    }
}
