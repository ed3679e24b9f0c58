//! What is measured, and on whom.

use super::servers::Server::{
    self, Bun, BunTopics, FastapiRedis, FlaskSocketio, Floor, NodeSocketio, NodeWs, Ours,
    OursThreaded, PythonWebsockets,
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
    /// Pairs with one message in flight, while nobody says anything in the other rooms.
    Among {
        pairs: u32,
        /// In all; two are in each.
        rooms: u32,
    },
    Fanout {
        rooms: u32,
        room_size: u32,
    },
    Latency {
        pairs: u32,
        /// Messages per second, whatever comes back.
        rate: u32,
        /// The load sleeps between what it does.
        asleep: bool,
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
    /// Processor time of the serving thread that took most, as a multiple of the one that took least.
    ThreadsApart,
    /// Messages that went from a thread to another.
    AcrossThreads,
}

impl Figure {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::CpuPerDelivery => "µs of CPU per delivery",
            Self::CpuPerJoin => "µs of CPU per join",
            Self::BytesPerConnection => "bytes per connection",
            Self::P99 => "µs, 99th percentile",
            Self::ThreadsApart => {
                "CPU of the busiest serving thread, as a multiple of the least busy one's"
            }
            Self::AcrossThreads => "deliveries from one serving thread to another",
        }
    }
}

pub(crate) const OURS: Server = Ours("join-room");

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

/// Ten pairs who talk, in a house of so many rooms.
const fn among(name: &'static str, title: &'static str, rooms: u32) -> Case {
    cpu(name, title, Load::Among { pairs: 10, rooms }, &[OURS])
}

/// Everything there is to measure.
pub(crate) const CASES: [Case; 20] = [
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
        "pairs-1000",
        "1,000 connections in pairs, 1 in flight",
        pairs(500, 1, false, false),
        &[Floor, OURS],
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
    among("rooms-10", "10 pairs, and nobody else", 10),
    among("rooms-100", "10 pairs, and 90 silent rooms of 2", 100),
    among("rooms-1000", "10 pairs, and 990 silent rooms of 2", 1000),
    Case {
        large: true,
        ..among("rooms-9500", "10 pairs, and 9,490 silent rooms of 2", 9500)
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
    cpu(
        "threads",
        "64 pairs, 60,000 messages per second in all, server and load together on both cores",
        Load::Latency {
            pairs: 64,
            rate: 60_000,
            asleep: true,
        },
        &[OursThreaded(1), OursThreaded(2)],
    ),
    Case {
        figure: Figure::P99,
        ..cpu(
            "latency",
            "64 pairs, 100,000 messages per second in all",
            Load::Latency {
                pairs: 64,
                rate: 100_000,
                asleep: false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_cases_have_one_name() {
        for (at, one) in CASES.iter().enumerate() {
            assert!(CASES[..at].iter().all(|other| other.name != one.name));
        }
    }
}
