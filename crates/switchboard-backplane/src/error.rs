//! What can go wrong.

use thiserror::Error;

/// Why something that needs Redis could not be done.
#[derive(Debug, Error)]
pub enum Error {
    /// Redis does not answer, or not in time, or refuses.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The link is not up.
    #[error("the connection to Redis is interrupted")]
    Away,
    /// A newer version of the server has been here.
    #[error(
        "the data in Redis is of layout {there}, this version knows {known}: update this instance, or use another key prefix"
    )]
    Layout {
        /// What is there.
        there: u32,
        /// What this version knows.
        known: u32,
    },
    /// It is a Redis Cluster.
    #[error("Redis Cluster is not supported: use a standalone Redis, Valkey or Sentinel")]
    Cluster,
    /// It is too old.
    #[error("Redis {0} is too old: 6.2 or later is needed")]
    Old(String),
    /// Redis says something that this version does not understand.
    #[error("an answer of Redis is not understood: {0}")]
    Answer(&'static str),
    /// This node was taken for dead.
    #[error("this instance was taken for dead by the others")]
    Gone,
    /// This node was not told something, because too much waited for it.
    #[error("this instance has missed something, because too much waited for it")]
    Missed,
    /// Redis has forgotten more than this node remembers.
    #[error("Redis has lost more than its last moments")]
    Forgotten,
    /// An envelope cannot be sealed.
    #[error("a message cannot be encrypted")]
    Seal,
}

/// Why a verb was not accepted. Nothing has happened; trying again later may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// The connection to Redis has been interrupted for too long to wait for it.
    #[error("the connection to other instances is interrupted")]
    Away,
    /// Too much waits for Redis already.
    #[error("too many messages wait for other instances")]
    Busy,
}
