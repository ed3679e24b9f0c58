//! What is to be measured.

use std::time::Duration;

use serde::Serialize;
use switchboard_client::Address;
use switchboard_core::Wire;
use switchboard_dialects::dialect;
use thiserror::Error;

use crate::wording::Wording;

/// A measurement.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the clients do.
    pub scenario: Scenario,
    /// The server, as it was named.
    pub url: String,
    /// The wire they speak.
    pub wire: Wire,
    /// How large their messages are.
    pub payload: Payload,
    /// How long to measure; the time to get warm comes on top.
    pub seconds: f64,
    /// The server's processes, to tell its CPU time and memory.
    pub server_pids: Vec<u32>,
    /// Threads for the clients; all of a room are in one.
    pub threads: usize,
}

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scenario {
    /// Rooms of two that send messages to and fro.
    Pairs {
        /// How many rooms.
        pairs: usize,
        /// How many messages are on their way in each.
        depth: usize,
        /// How they are written.
        writes: Writes,
    },
    /// Rooms in which one after the other says something to all.
    Fanout {
        /// Members of each room.
        room_size: usize,
        /// How many rooms.
        rooms: usize,
    },
    /// Rooms of two, and messages that are sent when they are due, whatever became of those before.
    Latency {
        /// How many rooms.
        pairs: usize,
        /// Messages per second in all.
        rate: f64,
        /// Whether the clients sleep a millisecond between looking at what is due and at what came, and are not woken
        /// by what comes.
        asleep: bool,
    },
    /// Everybody comes at once, into rooms of two, again and again.
    Storm {
        /// How many come each time.
        connections: usize,
    },
    /// Everybody is there, in rooms of two, and says nothing.
    Idle {
        /// How many.
        connections: usize,
    },
    /// Busy rooms, each with a visitor who comes and goes.
    Churn {
        /// Members of each room that stay.
        room_size: usize,
        /// How many rooms.
        rooms: usize,
    },
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Payload {
    /// A candidate, 250 bytes.
    Ice,
    /// An offer, 3 KB.
    Sdp,
}

/// How the messages that are on their way in a pair are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Writes {
    /// All of them at once, when all have come.
    Batched,
    /// Each as soon as one has come.
    Separate,
}

/// Why a plan makes no sense.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BadPlan {
    /// A number is out of its bounds.
    #[error("{what} must be {from} to {to}, not {value}")]
    OutOfBounds {
        /// The number's name.
        what: &'static str,
        /// The lower bound.
        from: f64,
        /// The upper bound.
        to: f64,
        /// The number.
        value: f64,
    },
    /// Somebody would be alone in a room.
    #[error("{0} connections do not fill rooms of two: take an even number")]
    Odd(usize),
    /// More threads than rooms.
    #[error(
        "{threads} threads for {rooms} rooms: a room is in one thread, so some would have none"
    )]
    IdleThreads {
        /// The threads.
        threads: usize,
        /// The rooms.
        rooms: usize,
    },
    /// What is kept of who has heard what would grow out of proportion.
    #[error(
        "{rooms} rooms of {size} are too much to keep an account of; take fewer or smaller ones"
    )]
    TooMuchToCheck {
        /// The rooms.
        rooms: usize,
        /// The members of each.
        size: usize,
    },
    /// Memory is what this scenario measures.
    #[error("idle measures the server's memory, so it needs --server-pid")]
    NoProcess,
    /// Nobody wrote down what clients of this wire say.
    #[error("the wire {0} has no words for a load yet")]
    NoWords(&'static str),
    /// The process may not open so many sockets.
    #[error(
        "{wanted} connections need more open files than this process may have ({limit}); raise it with ulimit -n"
    )]
    OpenFiles {
        /// The connections.
        wanted: usize,
        /// The bound.
        limit: u64,
    },
}

/// The most connections of one run: what the ports of one address allow.
const MOST_CONNECTIONS: usize = 60_000;
/// The most pairs of sender and receiver whose order is kept.
const MOST_ORDERS: usize = 50_000_000;
/// Files that a process needs beside its connections.
const OTHER_FILES: u64 = 64;

impl Payload {
    /// The length of a message as it stands in its frame.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Ice => 250,
            Self::Sdp => 3_072,
        }
    }
}

impl Scenario {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pairs { .. } => "pairs",
            Self::Fanout { .. } => "fanout",
            Self::Latency { .. } => "latency",
            Self::Storm { .. } => "storm",
            Self::Idle { .. } => "idle",
            Self::Churn { .. } => "churn",
        }
    }

    /// How many rooms there are.
    pub(crate) const fn rooms(&self) -> usize {
        match *self {
            Self::Pairs { pairs, .. } | Self::Latency { pairs, .. } => pairs,
            Self::Fanout { rooms, .. } | Self::Churn { rooms, .. } => rooms,
            Self::Storm { connections } | Self::Idle { connections } => connections / 2,
        }
    }

    /// How many clients each room has, a visitor included.
    pub(crate) const fn room_size(&self) -> usize {
        match *self {
            Self::Pairs { .. } | Self::Latency { .. } | Self::Storm { .. } | Self::Idle { .. } => 2,
            Self::Fanout { room_size, .. } => room_size,
            Self::Churn { room_size, .. } => room_size + 1,
        }
    }
}

impl Plan {
    /// How long the clients run before anything counts.
    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs_f64((self.seconds / 4.0).clamp(0.1, 1.0))
    }

    /// Checks it, and that this process may do it.
    ///
    /// # Errors
    /// What makes no sense, or what is not allowed.
    pub fn check(&self) -> Result<(), BadPlan> {
        bounded("--seconds", self.seconds, 0.1, 3_600.0)?;
        bounded("--threads", self.threads as f64, 1.0, 64.0)?;
        match self.scenario {
            Scenario::Pairs { pairs, depth, .. } => {
                bounded("--pairs", pairs as f64, 1.0, 30_000.0)?;
                bounded("--depth", depth as f64, 1.0, 1_024.0)?;
            }
            Scenario::Latency { pairs, rate, .. } => {
                bounded("--pairs", pairs as f64, 1.0, 30_000.0)?;
                bounded("--rate", rate, 1.0, 1_000_000.0)?;
            }
            Scenario::Fanout { room_size, rooms } => {
                bounded("--room-size", room_size as f64, 2.0, 1_000.0)?;
                bounded("--rooms", rooms as f64, 1.0, 30_000.0)?;
            }
            Scenario::Churn { room_size, rooms } => {
                // One member alone could not say anything to anybody who stays.
                bounded("--room-size", room_size as f64, 2.0, 999.0)?;
                bounded("--rooms", rooms as f64, 1.0, 20_000.0)?;
            }
            Scenario::Storm { connections } | Scenario::Idle { connections } => {
                bounded("--connections", connections as f64, 2.0, 60_000.0)?;
                if connections % 2 == 1 {
                    return Err(BadPlan::Odd(connections));
                }
            }
        }
        let (rooms, size) = (self.scenario.rooms(), self.scenario.room_size());
        bounded(
            "the number of connections",
            (rooms * size) as f64,
            2.0,
            MOST_CONNECTIONS as f64,
        )?;
        if rooms * size * size > MOST_ORDERS {
            return Err(BadPlan::TooMuchToCheck { rooms, size });
        }
        if self.threads > rooms {
            let threads = self.threads;
            return Err(BadPlan::IdleThreads { threads, rooms });
        }
        if matches!(self.scenario, Scenario::Idle { .. }) && self.server_pids.is_empty() {
            return Err(BadPlan::NoProcess);
        }
        if Wording::of(self.wire).is_none() {
            return Err(BadPlan::NoWords(dialect(self.wire).name()));
        }
        let wanted = rooms * size;
        let limit = rlimit::increase_nofile_limit(wanted as u64 + OTHER_FILES).unwrap_or(1_024);
        if wanted as u64 + OTHER_FILES > limit {
            return Err(BadPlan::OpenFiles { wanted, limit });
        }
        Ok(())
    }

    /// The server's address.
    ///
    /// # Errors
    /// If the URL is none.
    pub(crate) fn address(&self) -> Result<Address, switchboard_client::BadUrl> {
        self.url.parse()
    }
}

fn bounded(what: &'static str, value: f64, from: f64, to: f64) -> Result<(), BadPlan> {
    if (from..=to).contains(&value) {
        return Ok(());
    }
    Err(BadPlan::OutOfBounds {
        what,
        from,
        to,
        value,
    })
}

#[cfg(test)]
mod tests;
