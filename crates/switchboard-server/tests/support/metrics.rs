//! `/metrics`, read strictly.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::{eventually, http};

/// One scrape.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// By the line up to its value, such as `switchboard_closes_total{reason="silent"}`.
    samples: BTreeMap<String, f64>,
}

impl Metrics {
    /// What the server counts now.
    pub(crate) async fn of(server: SocketAddr) -> Self {
        let response = http::get(server, "/metrics").await;
        assert_eq!(response.status, 200, "{response:?}");
        Self::parse(&response.body)
    }

    /// Scrapes until this holds.
    pub(crate) async fn until(
        server: SocketAddr,
        what: &str,
        holds: impl Fn(&Self) -> bool,
    ) -> Self {
        eventually(what, async || Some(Self::of(server).await).filter(&holds)).await
    }

    /// Scrapes until the server is as it was when nobody had come yet; the scrape itself is a socket.
    pub(crate) async fn until_deserted(server: SocketAddr) -> Self {
        Self::until(server, "a server with nobody in it", |metrics| {
            let wires = ["register", "join-room", "join", "socketio", "path"];
            let gauges = ["sockets", "peers", "rooms", "connections_unidentified"];
            gauges.map(|gauge| metrics.value(gauge)) == [1.0, 0.0, 0.0, 0.0]
                && wires
                    .map(|wire| metrics.value(&format!("connections{{dialect=\"{wire}\"}}")))
                    .iter()
                    .all(|count| *count == 0.0)
        })
        .await
    }

    /// A sample, by its name without `switchboard_` and its labels; 0 while there is none.
    pub(crate) fn value(&self, sample: &str) -> f64 {
        let sample = format!("switchboard_{sample}");
        self.samples.get(&sample).copied().unwrap_or_default()
    }

    /// Connections the server has ended for this reason.
    pub(crate) fn closes(&self, reason: &str) -> f64 {
        self.value(&format!("closes_total{{reason=\"{reason}\"}}"))
    }

    /// Errors told, with this code.
    pub(crate) fn errors(&self, code: &str) -> f64 {
        self.value(&format!("errors_total{{code=\"{code}\"}}"))
    }

    /// The samples whose name, without `switchboard_`, begins so.
    pub(crate) fn samples_of<'m>(&'m self, name: &'m str) -> impl Iterator<Item = (&'m str, f64)> {
        let samples = self.samples.iter();
        samples.filter_map(move |(sample, value)| {
            let sample = sample.strip_prefix("switchboard_")?;
            sample.starts_with(name).then_some((sample, *value))
        })
    }

    /// OpenMetrics 1.0, of which every line must be well-formed.
    ///
    /// Checked are the order of metadata and samples, names, labels, values, the suffixes that go with a type, that no
    /// sample occurs twice, that histograms are cumulative, and the last line.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.strip_suffix("# EOF\n").expect("`# EOF` at the end");
        let mut samples = BTreeMap::new();
        let mut types = BTreeMap::new();
        let mut families = BTreeSet::new();
        let mut family = String::new();
        for line in lines.lines() {
            if let Some(metadata) = line.strip_prefix("# ") {
                let mut words = metadata.splitn(3, ' ');
                let mut word = || words.next().unwrap_or_else(|| panic!("cut short: {line}"));
                let (keyword, name, rest) = (word(), word(), word());
                assert_name(name, line);
                if name != family {
                    assert!(families.insert(name.to_owned()), "in two places: {line}");
                    name.clone_into(&mut family);
                }
                match keyword {
                    "TYPE" => assert_eq!(types.insert(name, rest), None, "twice: {line}"),
                    "HELP" => assert!(!rest.is_empty(), "{line}"),
                    "UNIT" => assert!(name.ends_with(rest), "{line}"),
                    other => panic!("metadata {other:?}: {line}"),
                }
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let name = sample.split('{').next().expect("a name");
            assert_name(name, line);
            assert_labels(&sample[name.len()..], line);
            let kind = types.get(family.as_str()).expect("a type comes first");
            let suffix = name.strip_prefix(family.as_str());
            let suffix = suffix.unwrap_or_else(|| panic!("not of {family}: {line}"));
            let suffixes: &[&str] = match *kind {
                "gauge" => &[""],
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_count", "_sum"],
                other => panic!("type {other:?} of {family}"),
            };
            assert!(suffixes.contains(&suffix), "{kind}: {line}");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("a number: {line}"));
            assert!(*kind == "gauge" || value >= 0.0, "{line}");
            let twice = samples.insert(sample.to_owned(), value);
            assert_eq!(twice, None, "twice: {line}");
        }
        let metrics = Self { samples };
        for (name, _) in types.iter().filter(|(_, kind)| **kind == "histogram") {
            metrics.assert_cumulative(name);
        }
        metrics
    }

    /// Each bucket holds what the ones below it hold, and the last one everything.
    fn assert_cumulative(&self, name: &str) {
        let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (sample, value) in &self.samples {
            let Some(labels) = sample.strip_prefix(&format!("{name}_bucket{{")) else {
                continue;
            };
            let labels = labels.trim_end_matches('}').split(',');
            let (le, others): (Vec<&str>, Vec<&str>) = labels.partition(|l| l.starts_with("le="));
            let bound = le[0].trim_start_matches("le=").trim_matches('"');
            let bound = bound.replace("+Inf", "inf").parse().expect("a bound");
            let series = series.entry(others.join(",")).or_default();
            series.push((bound, *value));
        }
        for (labels, mut buckets) in series {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(
                buckets.is_sorted_by(|one, other| one.1 <= other.1),
                "{name} {labels}: {buckets:?}"
            );
            let last = *buckets.last().expect("a bucket");
            let labels = match labels.as_str() {
                "" => String::new(),
                labels => format!("{{{labels}}}"),
            };
            let count = self.samples[&format!("{name}_count{labels}")];
            assert_eq!(last, (f64::INFINITY, count), "{name} {labels}");
        }
    }
}

fn assert_name(name: &str, line: &str) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    assert!(name.starts_with("switchboard_"), "a name of ours: {line}");
    assert!(name.chars().all(fits), "a name: {line}");
}

/// Nothing, or `{name="value",...}`; no value of ours needs an escape.
fn assert_labels(labels: &str, line: &str) {
    if labels.is_empty() {
        return;
    }
    let inside = labels
        .strip_prefix('{')
        .and_then(|labels| labels.strip_suffix('}'))
        .unwrap_or_else(|| panic!("labels: {line}"));
    for label in inside.split(',') {
        let (name, value) = label.split_once('=').expect("a label");
        let fits = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(!name.is_empty() && name.chars().all(fits), "{line}");
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = value.unwrap_or_else(|| panic!("a quoted value: {line}"));
        assert!(!value.contains(['"', '\\', '\n']), "{line}");
    }
}
