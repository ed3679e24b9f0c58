//! What came of a measurement.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::histogram::Histogram;
use crate::process::ThreadCpu;

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The wire's name.
    pub wire: &'static str,
    /// The server.
    pub url: String,
    /// How long it was measured.
    pub seconds: f64,
    /// Messages and tidings that arrived in this time.
    pub deliveries: u64,
    /// The same, per second.
    pub deliveries_per_second: f64,
    /// The server's CPU time for each, in microseconds, where its process is known.
    pub cpu_us_per_delivery: Option<f64>,
    /// The server's CPU time in this time.
    pub server_cpu_seconds: Option<f64>,
    /// The same for each of its threads that did something (not in `storm` and `idle`).
    pub server_threads: Vec<ThreadCpu>,
    /// Growth of the server's resident memory, divided by the connections (`idle`).
    pub bytes_per_connection: Option<f64>,
    /// Clients that came into their rooms (`storm`, `churn`).
    pub joins_per_second: Option<f64>,
    /// The server's CPU time for a client to connect, upgrade and join (`storm`).
    pub cpu_us_per_join: Option<f64>,
    /// How long deliveries took, from when they were due (`latency`).
    pub latency_us: Option<Latency>,
    /// Deliveries that were wrong, missing, repeated or out of order, and whatever else must not happen.
    pub errors: u64,
    /// What was asked for, and how it was measured.
    pub parameters: Map<String, Value>,
    /// The errors in words.
    #[serde(skip)]
    pub error_lines: Vec<String>,
}

/// How long deliveries took, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// 99 in a hundred.
    pub p99: f64,
    /// 999 in a thousand.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Latency {
    /// `None` if nothing was counted.
    pub(crate) fn of(histogram: &Histogram) -> Option<Self> {
        let at = |share| Some(histogram.quantile(share)? as f64 / 1_000.0);
        Some(Self {
            p50: at(0.5)?,
            p90: at(0.9)?,
            p99: at(0.99)?,
            p999: at(0.999)?,
            max: histogram.max() as f64 / 1_000.0,
        })
    }
}

impl Report {
    /// One line of JSON.
    ///
    /// # Errors
    /// If a figure is no number.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.get(name)?.as_f64()
    }
}

/// A table for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(f, "{name:<26}{value}");
        row("scenario", self.scenario.to_owned())?;
        row("wire", self.wire.to_owned())?;
        row("server", self.url.clone())?;
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .filter(|(name, _)| !MEASURED.contains(&name.as_str()))
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            })
            .collect();
        row("parameters", parameters.join(", "))?;
        row("measured for", format!("{:.2} s", self.seconds))?;
        row("deliveries", self.deliveries.to_string())?;
        row(
            "deliveries per second",
            format!("{:.0}", self.deliveries_per_second),
        )?;
        if let Some(joins) = self.joins_per_second {
            row("joins per second", format!("{joins:.0}"))?;
        }
        if let Some(seconds) = self.server_cpu_seconds {
            let resolution = self.parameter(CPU_RESOLUTION).unwrap_or_default();
            row(
                "CPU time of the server",
                format!("{seconds:.2} s (told in steps of {resolution} s)"),
            )?;
        }
        if let [_, _, ..] = self.server_threads.as_slice() {
            let threads: Vec<String> = self.server_threads.iter().map(ThreadCpu::told).collect();
            row("CPU time of its threads", threads.join(", "))?;
        }
        if let Some(cpu) = self.cpu_us_per_delivery {
            row("CPU per delivery", format!("{cpu:.3} us"))?;
        }
        if let Some(cpu) = self.cpu_us_per_join {
            row("CPU per join", format!("{cpu:.1} us"))?;
        }
        if let Some(own) = self.parameter(LOAD_CPU) {
            let ratio = self.server_cpu_seconds.filter(|server| *server > 0.0);
            let ratio = ratio.map_or_else(String::new, |server| {
                format!(" ({:.2} times the server's)", own / server)
            });
            row("CPU time of this load", format!("{own:.2} s{ratio}"))?;
        }
        if let Some(bytes) = self.bytes_per_connection {
            row("memory per connection", format!("{bytes:.0} bytes"))?;
        }
        if let Some(latency) = &self.latency_us {
            let Latency {
                p50,
                p90,
                p99,
                p999,
                max,
            } = latency;
            row("latency p50", format!("{p50:.0} us"))?;
            row("latency p90", format!("{p90:.0} us"))?;
            row("latency p99", format!("{p99:.0} us"))?;
            row("latency p99.9", format!("{p999:.0} us"))?;
            row("latency max", format!("{max:.0} us"))?;
        }
        row("errors", self.errors.to_string())?;
        for line in &self.error_lines {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// Names among the parameters.
pub(crate) const CPU_RESOLUTION: &str = "cpu_resolution_seconds";
pub(crate) const LOAD_CPU: &str = "load_cpu_seconds";
/// Those that were not asked for.
const MEASURED: [&str; 2] = [CPU_RESOLUTION, LOAD_CPU];
