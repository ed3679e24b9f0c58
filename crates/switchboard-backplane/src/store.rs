//! What can be asked of Redis, each in one round trip.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, ScriptInvocation, Value};

use crate::entry::{Entry, EntryId, entries};
use crate::keys::{LAYOUT, inbox};
use crate::operation::Operation;
use crate::retention::Commit;
use crate::scripts::SCRIPTS;
use crate::{Config, Error, NodeId};

/// A connection, and how keys begin.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    connection: MultiplexedConnection,
    pub(crate) prefix: String,
}

/// Which Redis it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Another one after each start.
    pub(crate) run: String,
}

/// The answer to a beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Registered(Registered),
    /// This node is not registered. `seq` and `codes` are those of its last commit, if that is remembered.
    Gone {
        seq: Option<u64>,
        codes: String,
    },
}

/// What a node learns with each beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    /// Its last commit.
    pub(crate) seq: u64,
    /// Whether it was not told something.
    pub(crate) has_lost: bool,
    /// What waits for it, in bytes.
    pub(crate) waiting: u64,
    /// When the next node could be overdue.
    pub(crate) next_overdue: Duration,
    pub(crate) overdue: Vec<NodeId>,
    pub(crate) nodes: usize,
}

/// The answer to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is executed, now or before; a code for each delivery, or nothing if that is long ago.
    Done(String),
    /// Redis does not know those behind this one.
    Behind(u64),
    Gone,
}

/// The answer to a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    /// It lives, or was swept before.
    Alive,
    /// Another one sweeps it.
    Busy,
    /// The sweeper is not registered itself.
    Gone,
    /// There is more to do.
    More,
    /// It is swept.
    Done,
}

/// How many rooms are swept at one go.
const SWEEP_ROOMS: usize = 64;
/// For how long one who sweeps keeps others from it.
const SWEEP_LOCK_MS: u64 = 3_000;
/// For how long a swept node can learn what became of it.
const TOMB_MS: u64 = 60_000;
/// The version of envelopes that is understood.
const SPEAKS: u32 = 1;
/// Entries taken by one read.
const READ_COUNT: usize = 256;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Store {
    pub(crate) const fn new(connection: MultiplexedConnection, prefix: String) -> Self {
        Self { connection, prefix }
    }

    async fn run<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> Result<T, Error> {
        Ok(invocation
            .invoke_async(&mut self.connection.clone())
            .await?)
    }

    /// Looks at what Redis this is.
    ///
    /// # Errors
    /// If it is one that cannot serve.
    pub(crate) async fn identify(&self) -> Result<Identity, Error> {
        let info: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut self.connection.clone())
            .await?;
        let field = |name: &str| {
            let mut lines = info.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        if field("redis_mode") == Some("cluster") {
            return Err(Error::Cluster);
        }
        let version = field("redis_version").unwrap_or("0");
        let mut numbers = version
            .split('.')
            .map(|number| number.parse().unwrap_or(0_u32));
        if (numbers.next(), numbers.next()) < (Some(6), Some(2)) {
            return Err(Error::Old(version.to_owned()));
        }
        let run = field("run_id").ok_or(Error::Answer("INFO"))?.to_owned();
        Ok(Identity { run })
    }

    /// Memory that Redis uses, in bytes.
    pub(crate) async fn memory(&self) -> Result<u64, Error> {
        let info: String = redis::cmd("INFO")
            .arg("memory")
            .query_async(&mut self.connection.clone())
            .await?;
        let used = info
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        used.and_then(|used| used.trim().parse().ok())
            .ok_or(Error::Answer("INFO"))
    }

    /// Registers.
    ///
    /// # Errors
    /// If a newer version has been here.
    pub(crate) async fn hello(&self, node: NodeId, config: &Config) -> Result<(), Error> {
        let mut call = SCRIPTS.hello.arg(&self.prefix);
        call.arg(node.to_string())
            .arg(&config.instance)
            .arg(LAYOUT)
            .arg(SPEAKS);
        let answer: Vec<String> = self.run(&call).await?;
        match answer.as_slice() {
            [word] if word == "ok" => Ok(()),
            [word, there] if word == "layout" => {
                let there = there.parse().map_err(|_| Error::Answer("hello"))?;
                Err(Error::Layout {
                    there,
                    known: LAYOUT,
                })
            }
            _ => Err(Error::Answer("hello")),
        }
    }

    pub(crate) async fn beat(&self, node: NodeId, expiry: Duration) -> Result<Beat, Error> {
        let mut call = SCRIPTS.beat.arg(&self.prefix);
        call.arg(node.to_string()).arg(millis(expiry));
        let answer: Vec<Value> = self.run(&call).await?;
        let wrong = || Error::Answer("beat");
        let text = |place: usize| -> Result<String, Error> {
            let value = answer.get(place).ok_or_else(wrong)?;
            String::from_redis_value_ref(value).map_err(|_| wrong())
        };
        let number =
            |place: usize| -> Result<u64, Error> { text(place)?.parse().map_err(|_| wrong()) };
        let nodes = |place: usize| -> Result<Vec<NodeId>, Error> {
            let names = Vec::<String>::from_redis_value_ref(answer.get(place).ok_or_else(wrong)?);
            let names = names.map_err(|_| wrong())?;
            names
                .iter()
                .map(|name| name.parse().map_err(|()| wrong()))
                .collect()
        };
        match text(0)?.as_str() {
            "gone" => Ok(Beat::Gone {
                seq: number(1).ok(),
                codes: text(2)?,
            }),
            "ok" => Ok(Beat::Registered(Registered {
                seq: number(1)?,
                has_lost: text(2)? == "1",
                waiting: number(3)?,
                next_overdue: Duration::from_millis(number(4)?),
                overdue: nodes(5)?,
                nodes: nodes(6)?.len(),
            })),
            _ => Err(wrong()),
        }
    }

    pub(crate) async fn commit(
        &self,
        node: NodeId,
        commit: &Commit,
        config: &Config,
    ) -> Result<Committed, Error> {
        let mut args = Vec::with_capacity(commit.operations.len() * 3);
        for operation in &commit.operations {
            operation.write(node, config.keys.as_ref(), &mut args)?;
        }
        let only_says = commit.operations.iter().all(Operation::is_saying);
        let script = if only_says {
            &SCRIPTS.say
        } else {
            &SCRIPTS.commit
        };
        let mut call = script.arg(&self.prefix);
        call.arg(node.to_string())
            .arg(commit.seq)
            .arg(millis(config.room_ttl))
            .arg(config.inbox_bytes);
        for arg in &args {
            call.arg(arg.as_slice());
        }
        let answer: Vec<String> = self.run(&call).await?;
        let wrong = || Error::Answer("commit");
        match answer.as_slice() {
            [word, codes] if word == "ok" => Ok(Committed::Done(codes.clone())),
            [word, last] if word == "behind" => {
                Ok(Committed::Behind(last.parse().map_err(|_| wrong())?))
            }
            [word] if word == "gone" => Ok(Committed::Gone),
            _ => Err(wrong()),
        }
    }

    /// Sweeps some of what a node has left; itself if it is its own.
    pub(crate) async fn sweep(
        &self,
        sweeper: NodeId,
        node: NodeId,
        config: &Config,
    ) -> Result<Swept, Error> {
        let mut call = SCRIPTS.sweep.arg(&self.prefix);
        call.arg(sweeper.to_string())
            .arg(node.to_string())
            .arg(millis(config.expiry))
            .arg(SWEEP_ROOMS);
        call.arg(SWEEP_LOCK_MS).arg(config.inbox_bytes).arg(TOMB_MS);
        let answer: String = self.run(&call).await?;
        match answer.as_str() {
            "alive" => Ok(Swept::Alive),
            "busy" => Ok(Swept::Busy),
            "gone" => Ok(Swept::Gone),
            "more" => Ok(Swept::More),
            "done" => Ok(Swept::Done),
            _ => Err(Error::Answer("sweep")),
        }
    }

    /// Waits for entries behind one, but not for longer than `block`.
    pub(crate) async fn read(
        &self,
        node: NodeId,
        behind: EntryId,
        block: Duration,
    ) -> Result<Vec<Entry>, Error> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(READ_COUNT);
        if !block.is_zero() {
            command.arg("BLOCK").arg(millis(block));
        }
        command
            .arg("STREAMS")
            .arg(inbox(&self.prefix, node))
            .arg(behind.text());
        let answer: Value = command.query_async(&mut self.connection.clone()).await?;
        entries(answer).ok_or(Error::Answer("XREAD"))
    }

    /// Runs a script that asks for something.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        script: &redis::Script,
        args: &[&str],
    ) -> Result<T, Error> {
        let mut call = script.arg(&self.prefix);
        for arg in args {
            call.arg(*arg);
        }
        self.run(&call).await
    }
}
