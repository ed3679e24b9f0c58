//! How to reach Redis, and how to behave there.

use std::time::Duration;

use crate::{Address, Keys};

/// What a node needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where Redis is.
    pub address: Address,
    /// Stands before the name of every key.
    pub prefix: String,
    /// What people call this instance.
    pub instance: String,
    /// Within which Redis must answer, and take a connection.
    pub timeout: Duration,
    /// How often a node says that it lives.
    pub heartbeat: Duration,
    /// A node that has not said so for this long is dead.
    pub expiry: Duration,
    /// Rooms and users are forgotten after this long without activity.
    pub room_ttl: Duration,
    /// How long a join waits for a Redis that does not answer.
    pub hesitation: Duration,
    /// How long signals to elsewhere wait for a Redis that does not answer.
    pub patience: Duration,
    /// An outage after which everybody is told to Redis again, although it should know.
    pub distrust: Duration,
    /// How many bytes may wait for Redis.
    pub queue_bytes: usize,
    /// How many bytes may wait for a node in Redis; presence may take as much again.
    pub inbox_bytes: usize,
    /// How often a node listens to itself.
    pub canary: Duration,
    /// To seal what people say.
    pub keys: Option<Keys>,
}

impl Config {
    /// The usual behaviour.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            prefix: "switchboard:".to_owned(),
            instance: String::new(),
            timeout: Duration::from_millis(1_500),
            heartbeat: Duration::from_secs(2),
            expiry: Duration::from_secs(8),
            room_ttl: Duration::from_secs(30 * 60),
            hesitation: Duration::from_secs(1),
            patience: Duration::from_secs(15),
            distrust: Duration::from_secs(60),
            queue_bytes: 8 * 1024 * 1024,
            inbox_bytes: 32 * 1024 * 1024,
            canary: Duration::from_secs(5),
            keys: None,
        }
    }
}
