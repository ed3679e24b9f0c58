//! What the runs gave: medians and how far they lie apart.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::cases::{Case, Figure};
use super::metric;
use super::servers::Server;
use super::targets::{Bound, Target};

/// Where a sample keeps what the server counted.
const ACROSS: &str = "deliveries_across_threads";

/// What one run gave, as `switchboard bench --json` tells it.
#[derive(Clone, Debug)]
pub(crate) struct Sample(Value);

impl Sample {
    /// # Errors
    /// The text is no JSON object, or lacks what the case compares.
    pub(crate) fn read(text: &str, figure: Figure) -> Result<Self> {
        let sample = Self(serde_json::from_str(text.trim()).context("the load told no JSON")?);
        sample
            .figure(figure)
            .with_context(|| format!("the load told no {}", figure.unit()))?;
        Ok(sample)
    }

    pub(crate) fn figure(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::CpuPerDelivery => self.0["cpu_us_per_delivery"].as_f64(),
            Figure::CpuPerJoin => self.0["cpu_us_per_join"].as_f64(),
            Figure::BytesPerConnection => self.0["bytes_per_connection"].as_f64(),
            Figure::P99 => self.0["latency_us"]["p99"].as_f64(),
            Figure::ThreadsApart => self.threads_apart(),
            Figure::AcrossThreads => self.0[ACROSS].as_f64(),
        }
    }

    /// Deliveries, or joins where those are what the case is about, in a second.
    fn rate(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::CpuPerDelivery | Figure::P99 => self.0["deliveries_per_second"].as_f64(),
            Figure::CpuPerJoin => self.0["joins_per_second"].as_f64(),
            Figure::BytesPerConnection | Figure::ThreadsApart | Figure::AcrossThreads => None,
        }
    }

    /// Takes in what the server tells of itself afterwards.
    pub(crate) fn add_metrics(&mut self, metrics: &str) {
        let across = metric(metrics, "switchboard_deliveries_across_threads_total");
        self.0[ACROSS] = across.into();
    }

    /// Name and seconds of processor time of the threads that serve connections.
    fn serving(&self) -> Vec<(&str, f64)> {
        let threads = self.0["server_threads"].as_array().into_iter().flatten();
        threads
            .filter_map(|thread| {
                let name = thread["name"].as_str()?;
                let seconds = thread["seconds"].as_f64()?;
                name.starts_with("reactor-").then_some((name, seconds))
            })
            .collect()
    }

    fn threads_apart(&self) -> Option<f64> {
        let seconds = || self.serving().into_iter().map(|(_, seconds)| seconds);
        let most = seconds().reduce(f64::max)?;
        let least = seconds().reduce(f64::min)?;
        (seconds().count() > 1).then(|| most / least)
    }

    /// The processor time of the load, as a multiple of the server's.
    fn load(&self) -> Option<f64> {
        let load = self.0["parameters"]["load_cpu_seconds"].as_f64()?;
        let server = self.0["server_cpu_seconds"].as_f64()?;
        (server > 0.0).then(|| load / server)
    }

    /// For whoever watches.
    pub(crate) fn line(&self, figure: Figure) -> String {
        let value = self.figure(figure).unwrap_or_default();
        let rate = self
            .rate(figure)
            .map_or_else(String::new, |rate| format!(", {rate:.0}/s"));
        format!("{value:>9.2} {}{rate}", figure.unit())
    }
}

/// The middle of some values, and their ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { low, median, high })
    }
}

/// Whether a promise holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub value: f64,
    pub met: bool,
}

/// All runs of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    samples: BTreeMap<(&'static str, Server), Vec<Sample>>,
    failures: BTreeMap<(&'static str, Server), String>,
    absent: BTreeMap<Server, String>,
    failed: usize,
}

impl Figures {
    pub(crate) fn add(&mut self, case: &Case, server: Server, sample: Sample) {
        self.samples
            .entry((case.name, server))
            .or_default()
            .push(sample);
    }

    pub(crate) fn failed(&mut self, case: &Case, server: Server, why: &str) {
        self.failed += 1;
        self.failures
            .entry((case.name, server))
            .or_insert_with(|| why.to_owned());
    }

    /// This server could not be had at all.
    pub(crate) fn absent(&mut self, server: Server, why: &str) {
        self.absent.insert(server, why.to_owned());
    }

    pub(crate) fn runs(&self) -> usize {
        self.samples.values().map(Vec::len).sum::<usize>() + self.failed
    }

    pub(crate) fn all_well(&self) -> bool {
        self.failures.is_empty() && self.absent.is_empty()
    }

    /// The figure of a case.
    pub(crate) fn spread(&self, case: &Case, server: Server) -> Option<Spread> {
        self.over(case, server, |sample| sample.figure(case.figure))
    }

    pub(crate) fn rate(&self, case: &Case, server: Server) -> Option<Spread> {
        self.over(case, server, |sample| sample.rate(case.figure))
    }

    /// What the load costs, as a multiple of what the server costs.
    pub(crate) fn load(&self, case: &Case, server: Server) -> Option<Spread> {
        if case.figure == Figure::BytesPerConnection {
            return None;
        }
        self.over(case, server, Sample::load)
    }

    /// Seconds of each serving thread, by its name.
    pub(crate) fn serving(&self, case: &Case, server: Server) -> Vec<(String, Spread)> {
        let mut threads: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let samples = self.samples.get(&(case.name, server));
        for (name, seconds) in samples.into_iter().flatten().flat_map(Sample::serving) {
            threads.entry(name).or_default().push(seconds);
        }
        threads
            .into_iter()
            .filter_map(|(name, seconds)| Some((name.to_owned(), Spread::of(seconds)?)))
            .collect()
    }

    fn over(
        &self,
        case: &Case,
        server: Server,
        value: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        let samples = self.samples.get(&(case.name, server))?;
        Spread::of(samples.iter().filter_map(value).collect())
    }

    /// Why there are runs missing, one line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let absent = self
            .absent
            .iter()
            .map(|(server, why)| format!("{}: could not be had: {why}", server.title()));
        let failures = self
            .failures
            .iter()
            .map(|((case, server), why)| format!("{} in `{case}`: {why}", server.title()));
        absent.chain(failures).collect()
    }

    /// `None` where something for it was not measured.
    pub(crate) fn verdict(&self, target: &Target) -> Option<Verdict> {
        let median = |name: &str, server| {
            let case = super::cases::case(name)?;
            let figure = target.figure(case);
            let spread = self.over(case, server, |sample| sample.figure(figure))?;
            Some(spread.median)
        };
        let own = median(target.case, target.of)?;
        let value = match target.bound {
            Bound::Itself => own,
            Bound::Times(other) => own / median(target.case, other)?,
            Bound::Since(from) => own / median(from, target.of)?,
            Bound::Growth { from, than } => {
                let grown = own / median(from, target.of)?;
                let allowed = median(target.case, than)? / median(from, than)?;
                grown / allowed
            }
        };
        Some(Verdict {
            value,
            met: value <= target.at_most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cases::case;
    use crate::bench::targets::TARGETS;

    fn sample(cpu: f64) -> Sample {
        let text = format!(r#"{{"deliveries_per_second":1000.0,"cpu_us_per_delivery":{cpu}}}"#);
        Sample::read(&text, Figure::CpuPerDelivery).unwrap()
    }

    fn measured(name: &str, server: Server, values: &[f64], into: &mut Figures) {
        for value in values {
            into.add(case(name).unwrap(), server, sample(*value));
        }
    }

    #[test]
    fn the_median_is_the_middle_and_the_ends_are_kept() {
        let odd = Spread::of(vec![3.0, 1.0, 9.0]).unwrap();
        assert_eq!((odd.low, odd.median, odd.high), (1.0, 3.0, 9.0));
        assert_eq!(Spread::of(vec![4.0, 2.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of(vec![]), None);
    }

    #[test]
    fn a_run_without_the_figure_is_refused() {
        let text = r#"{"cpu_us_per_delivery":null}"#;
        assert!(Sample::read(text, Figure::CpuPerDelivery).is_err());
        assert!(Sample::read("no", Figure::CpuPerDelivery).is_err());
        let latency = Sample::read(r#"{"latency_us":{"p99":7.5}}"#, Figure::P99).unwrap();
        assert_eq!(latency.figure(Figure::P99), Some(7.5));
    }

    #[test]
    fn a_target_compares_medians() {
        let ours = Server::Ours("join-room");
        let mut figures = Figures::default();
        let target = TARGETS
            .iter()
            .find(|target| matches!(target.bound, Bound::Times(Server::Bun)))
            .unwrap();
        assert!(figures.verdict(target).is_none());
        measured(target.case, ours, &[4.0, 100.0, 4.0], &mut figures);
        measured(target.case, Server::Bun, &[5.0, 5.0, 1.0], &mut figures);
        let verdict = figures.verdict(target).unwrap();
        assert_eq!((verdict.value, verdict.met), (0.8, true));
    }

    #[test]
    fn threads_that_serve_are_compared_and_no_others() {
        let text = r#"{"cpu_us_per_delivery":3.0,"server_threads":[{"name":"main","seconds":9.0},
            {"name":"reactor-0","seconds":1.0},{"name":"reactor-1","seconds":1.5}]}"#;
        let mut sample = Sample::read(text, Figure::CpuPerDelivery).unwrap();
        assert_eq!(sample.figure(Figure::ThreadsApart), Some(1.5));
        assert_eq!(sample.figure(Figure::AcrossThreads), None);
        sample.add_metrics("switchboard_deliveries_across_threads_total 4\n");
        assert_eq!(sample.figure(Figure::AcrossThreads), Some(4.0));
        let one =
            r#"{"cpu_us_per_delivery":3.0,"server_threads":[{"name":"reactor-0","seconds":1.0}]}"#;
        let one = Sample::read(one, Figure::CpuPerDelivery).unwrap();
        assert_eq!(one.figure(Figure::ThreadsApart), None);
    }

    #[test]
    fn growth_is_compared_with_the_growth_of_the_floor() {
        let ours = Server::Ours("join-room");
        let target = TARGETS
            .iter()
            .find(|target| matches!(target.bound, Bound::Growth { .. }))
            .unwrap();
        let mut figures = Figures::default();
        measured("pairs", ours, &[4.0], &mut figures);
        measured("pairs", Server::Floor, &[2.0], &mut figures);
        measured("pairs-4000", ours, &[8.0], &mut figures);
        measured("pairs-4000", Server::Floor, &[3.0], &mut figures);
        let verdict = figures.verdict(target).unwrap();
        assert!((verdict.value - 2.0 / 1.5).abs() < 1e-9);
        assert!(!verdict.met);
    }
}
