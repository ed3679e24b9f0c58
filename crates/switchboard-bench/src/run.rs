//! From a plan to a report: the threads of clients, and the one that looks at the clock and at the server.

mod steady;
mod waves;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use switchboard_client::BadUrl;
use switchboard_dialects::dialect;
use thiserror::Error;

use crate::process::{self, Processes, ThreadCpu};
use crate::report::{CPU_RESOLUTION, LOAD_CPU, Report};
use crate::site::Site;
use crate::trouble::Trouble;
use crate::{BadPlan, Plan, Scenario, Writes};

/// Why there are no figures.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The plan makes no sense.
    #[error(transparent)]
    Plan(#[from] BadPlan),
    /// The URL is none.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// The host is not known.
    #[error("cannot find the server's host")]
    Resolve(#[source] io::Error),
    /// There is no connection to be had.
    #[error("cannot connect to the server")]
    Connect(#[source] io::Error),
    /// The clients do not come into their rooms.
    #[error("the clients do not come into their rooms: {0}")]
    Assembly(String),
    /// The server's process cannot be looked at.
    #[error("cannot read what the kernel says of the server's process")]
    Process(#[source] io::Error),
    /// More is asked for than the server does.
    #[error("the server does not keep up with this rate: {outstanding} messages wait")]
    Overload {
        /// The messages that wait.
        outstanding: u64,
    },
    /// The load itself failed.
    #[error("the load generator failed")]
    Io(#[from] io::Error),
    /// One of its threads did not end properly.
    #[error("a thread of the load generator panicked")]
    Panicked,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// The clients come into their rooms.
    Assembling,
    /// Nothing counts yet.
    WarmingUp,
    /// So many seconds of the measurement are over, with so many deliveries or joins.
    Measuring(f64, u64),
    /// What is on its way arrives.
    Finishing,
}

/// Does what the plan says, and tells how far it is some times a second.
///
/// # Errors
/// If there are no figures. Wrong deliveries are no such error: see [`Report::errors`].
pub fn run(plan: &Plan, watch: &dyn Fn(Progress)) -> Result<Report, BenchError> {
    plan.check()?;
    let site = Site::new(plan)?;
    let server = Processes::new(&plan.server_pids);
    let context = Context {
        plan,
        site: &site,
        server: server.as_ref(),
        watch,
    };
    // A pid that is none is told before anything is done.
    context.cpu()?;
    let figures = match plan.scenario {
        Scenario::Storm { .. } => waves::storm(&context)?,
        Scenario::Idle { .. } => waves::idle(&context)?,
        Scenario::Pairs { .. }
        | Scenario::Fanout { .. }
        | Scenario::Latency { .. }
        | Scenario::Churn { .. } => steady::run(&context)?,
    };
    Ok(report(plan, &figures))
}

/// What everything that belongs to a run needs.
struct Context<'a> {
    plan: &'a Plan,
    site: &'a Site,
    server: Option<&'a Processes>,
    watch: &'a dyn Fn(Progress),
}

impl Context<'_> {
    /// CPU time of the server so far, if there is a process to look at.
    fn cpu(&self) -> Result<Option<Duration>, BenchError> {
        let cpu = self.server.map(Processes::cpu).transpose();
        cpu.map_err(BenchError::Process)
    }

    /// CPU time of each of the server's threads so far.
    fn threads(&self) -> Vec<ThreadCpu> {
        self.server.map(Processes::threads).unwrap_or_default()
    }

    fn resident(&self) -> Result<u64, BenchError> {
        let resident = self.server.map(Processes::resident).transpose();
        Ok(resident.map_err(BenchError::Process)?.unwrap_or_default())
    }
}

/// What was measured.
#[derive(Debug, Default)]
struct Figures {
    seconds: f64,
    deliveries: u64,
    joins: Option<u64>,
    bytes_per_connection: Option<f64>,
    server_cpu: Option<Duration>,
    server_threads: Vec<ThreadCpu>,
    load_cpu: Duration,
    latency: Option<crate::Latency>,
    trouble: Trouble,
}

fn report(plan: &Plan, figures: &Figures) -> Report {
    let server_cpu_seconds = figures.server_cpu.map(|cpu| cpu.as_secs_f64());
    let per = |count: u64| {
        let seconds = server_cpu_seconds.filter(|_| count > 0)?;
        Some(seconds * 1e6 / count as f64)
    };
    let is_storm = matches!(plan.scenario, Scenario::Storm { .. });
    let is_idle = matches!(plan.scenario, Scenario::Idle { .. });
    Report {
        scenario: plan.scenario.name(),
        wire: dialect(plan.wire).name(),
        url: plan.url.clone(),
        seconds: figures.seconds,
        deliveries: figures.deliveries,
        deliveries_per_second: figures.deliveries as f64 / figures.seconds,
        cpu_us_per_delivery: per(figures.deliveries).filter(|_| !is_storm && !is_idle),
        server_cpu_seconds,
        server_threads: figures.server_threads.clone(),
        bytes_per_connection: figures.bytes_per_connection,
        joins_per_second: figures.joins.map(|joins| joins as f64 / figures.seconds),
        cpu_us_per_join: figures.joins.filter(|_| is_storm).and_then(per),
        latency_us: figures.latency,
        errors: figures.trouble.total(),
        parameters: parameters(plan, figures),
        error_lines: figures.trouble.lines(),
    }
}

fn parameters(plan: &Plan, figures: &Figures) -> Map<String, Value> {
    let mut parameters = match plan.scenario {
        Scenario::Pairs {
            pairs,
            depth,
            writes,
        } => {
            let writes = match writes {
                Writes::Batched => "batched",
                Writes::Separate => "separate",
            };
            json!({"pairs": pairs, "depth": depth, "writes": writes})
        }
        Scenario::Latency {
            pairs,
            rate,
            asleep,
        } => json!({"pairs": pairs, "rate": rate, "asleep": asleep}),
        Scenario::Fanout { room_size, rooms } | Scenario::Churn { room_size, rooms } => {
            json!({"room_size": room_size, "rooms": rooms})
        }
        Scenario::Storm { connections } | Scenario::Idle { connections } => {
            json!({"connections": connections})
        }
    };
    parameters["payload"] = json!(plan.payload);
    parameters["payload_bytes"] = json!(plan.payload.bytes());
    parameters["threads"] = json!(plan.threads);
    parameters["warm_up_seconds"] = json!(plan.warm_up().as_secs_f64());
    parameters[LOAD_CPU] = json!(figures.load_cpu.as_secs_f64());
    parameters[CPU_RESOLUTION] = json!(process::resolution().as_secs_f64());
    match parameters {
        Value::Object(parameters) => parameters,
        _ => Map::new(),
    }
}

/// The time that counts, between two moments which the measuring thread sets. Moments are nanoseconds since the run began,
/// and never 0.
#[derive(Debug)]
pub(crate) struct Window {
    begin: Instant,
    from: AtomicU64,
    to: AtomicU64,
}

impl Window {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            from: AtomicU64::new(u64::MAX),
            to: AtomicU64::new(u64::MAX),
        }
    }

    fn open(&self, now: Instant) {
        self.from.store(self.nanos(now), Ordering::Relaxed);
    }

    fn close(&self, now: Instant) {
        self.to.store(self.nanos(now), Ordering::Relaxed);
    }

    pub(crate) fn nanos(&self, moment: Instant) -> u64 {
        let nanos = moment.saturating_duration_since(self.begin).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
    }

    /// Whether what was due at this moment counts.
    pub(crate) fn counts(&self, due: u64) -> bool {
        due >= self.from.load(Ordering::Relaxed) && due < self.to.load(Ordering::Relaxed)
    }
}
