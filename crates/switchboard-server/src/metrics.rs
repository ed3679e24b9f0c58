//! What the server counts, in the words of Prometheus. The list for operators is in docs/operations.md.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use switchboard_core::{Command, SignalKind, Wire};
use switchboard_dialects::{dialect, wires};

use crate::close::CloseReason;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// A route of ours and a status.
type RouteLabels = Vec<(&'static str, String)>;

/// Counters and gauges, resolved once so that counting is one addition.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Connections since the start.
    pub(crate) opened: Counter,
    /// Peers present now, those in the lobby included.
    pub(crate) peers: Gauge,
    /// From the read that brought a message to the end of the write that took it.
    pub(crate) relay_seconds: Histogram,
    /// HTTP response times by route and status.
    http_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// Messages for a connection that another reactor serves than the sender's.
    pub(crate) across: Counter,
    sockets: Gauge,
    rooms: Gauge,
    unidentified: Gauge,
    lost: Counter,
    closes: Family<Labels<1>, Counter>,
    errors: Family<Labels<1>, Counter>,
    wires: Vec<WireMetrics>,
}

#[derive(Debug)]
struct WireMetrics {
    connections: Gauge,
    received: Vec<Counter>,
    delivered: Vec<Counter>,
}

/// What came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A message for others.
    Signal(SignalKind),
    /// A register, join or leave.
    Presence,
    /// A message that was refused unread.
    Malformed,
}

impl Received {
    /// What a command counts as.
    pub(crate) const fn of(command: &Command) -> Self {
        match command {
            Command::Signal { signal, .. } => Self::Signal(signal.kind),
            Command::Join { .. } | Command::Leave { .. } => Self::Presence,
        }
    }

    /// Place in [`WireMetrics::received`].
    const fn index(self) -> usize {
        match self {
            Self::Signal(kind) => kind.index(),
            Self::Presence => SignalKind::ALL.len(),
            Self::Malformed => SignalKind::ALL.len() + 1,
        }
    }
}

/// Messages counted in one stretch of work: most are of one kind, and threads share the counters.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    received: Option<(Wire, Received, u64)>,
    delivered: Option<(Wire, SignalKind, u64)>,
}

impl Tally {
    /// One message came in.
    pub(crate) fn received(&mut self, wire: Wire, what: Received, metrics: &Metrics) {
        match &mut self.received {
            Some((known, kind, count)) if (*known, *kind) == (wire, what) => *count += 1,
            other => {
                if let Some((wire, what, count)) = other.replace((wire, what, 1)) {
                    metrics.received(wire, what).inc_by(count);
                }
            }
        }
    }

    /// One message was queued for a connection.
    pub(crate) fn delivered(&mut self, wire: Wire, kind: SignalKind, metrics: &Metrics) {
        match &mut self.delivered {
            Some((known, same, count)) if (*known, *same) == (wire, kind) => *count += 1,
            other => {
                if let Some((wire, kind, count)) = other.replace((wire, kind, 1)) {
                    metrics.delivered(wire, kind).inc_by(count);
                }
            }
        }
    }

    /// Hands over what is counted.
    pub(crate) fn settle(&mut self, metrics: &Metrics) {
        if let Some((wire, what, count)) = self.received.take() {
            metrics.received(wire, what).inc_by(count);
        }
        if let Some((wire, kind, count)) = self.delivered.take() {
            metrics.delivered(wire, kind).inc_by(count);
        }
    }
}

/// What is counted at the time of asking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    pub(crate) sockets: usize,
    pub(crate) rooms: usize,
    pub(crate) unidentified: usize,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("switchboard");
        let opened = Counter::default();
        let peers = Gauge::default();
        let sockets = Gauge::default();
        let rooms = Gauge::default();
        let unidentified = Gauge::default();
        let lost = Counter::default();
        let across = Counter::default();
        let closes = Family::<Labels<1>, Counter>::default();
        let errors = Family::<Labels<1>, Counter>::default();
        let connections = Family::<Labels<1>, Gauge>::default();
        let received = Family::<Labels<2>, Counter>::default();
        let delivered = Family::<Labels<2>, Counter>::default();
        let relay_seconds = relay_histogram();
        let http_seconds = Family::new_with_constructor(http_histogram as fn() -> Histogram);

        registry.register(
            "connections_opened",
            "Connections since the start: WebSockets, and clients that poll",
            opened.clone(),
        );
        registry.register(
            "connections",
            "Connections that speak a dialect",
            connections.clone(),
        );
        registry.register(
            "connections_unidentified",
            "Connections before their first message",
            unidentified.clone(),
        );
        registry.register("sockets", "Open sockets, HTTP included", sockets.clone());
        registry.register(
            "closes",
            "Connections ended by the server, by reason",
            closes.clone(),
        );
        registry.register("rooms", "Named rooms", rooms.clone());
        registry.register(
            "peers",
            "Peers present, those in the lobby included",
            peers.clone(),
        );
        registry.register(
            "messages_received",
            "Messages from clients, by dialect and kind",
            received.clone(),
        );
        registry.register(
            "messages_delivered",
            "Messages queued for clients, by dialect and kind",
            delivered.clone(),
        );
        registry.register("messages_lost", "Messages for connections that ended before taking them, or that could not be carried to a wire", lost.clone());
        registry.register(
            "deliveries_across_threads",
            "Messages for a connection that another thread serves than the sender's",
            across.clone(),
        );
        registry.register("errors", "Errors told to clients, by code", errors.clone());
        registry.register(
            "relay_seconds",
            "Time from a read that brought messages to the end of the writes that took them",
            relay_seconds.clone(),
        );
        registry.register(
            "http_seconds",
            "HTTP response times, by route and status",
            http_seconds.clone(),
        );

        let kinds = || SignalKind::ALL.into_iter().map(SignalKind::name);
        let wires = wires().map(|wire| {
            let name = dialect(wire).name();
            let counter = |family: &Family<Labels<2>, Counter>, kind| {
                family
                    .get_or_create(&[("dialect", name), ("kind", kind)])
                    .clone()
            };
            WireMetrics {
                connections: connections.get_or_create(&[("dialect", name)]).clone(),
                received: kinds()
                    .chain(["presence", "malformed"])
                    .map(|kind| counter(&received, kind))
                    .collect(),
                delivered: kinds().map(|kind| counter(&delivered, kind)).collect(),
            }
        });
        let wires = wires.collect();
        for reason in CloseReason::ALL {
            let _ = closes.get_or_create(&[("reason", reason.name())]);
        }
        Self {
            registry,
            opened,
            peers,
            relay_seconds,
            http_seconds,
            across,
            sockets,
            rooms,
            unidentified,
            lost,
            closes,
            errors,
            wires,
        }
    }

    /// Connections that speak a wire.
    pub(crate) fn connections(&self, wire: Wire) -> &Gauge {
        &self.wires[usize::from(wire.0)].connections
    }

    fn received(&self, wire: Wire, what: Received) -> &Counter {
        &self.wires[usize::from(wire.0)].received[what.index()]
    }

    fn delivered(&self, wire: Wire, kind: SignalKind) -> &Counter {
        &self.wires[usize::from(wire.0)].delivered[kind.index()]
    }

    /// Messages that were queued, or about to be, will not arrive.
    pub(crate) fn lost(&self, messages: usize) {
        self.lost.inc_by(messages as u64);
    }

    /// Messages from clients, on all wires.
    pub(crate) fn total_received(&self) -> u64 {
        let counters = self.wires.iter().flat_map(|wire| &wire.received);
        counters.map(Counter::get).sum()
    }

    /// Messages queued for clients, on all wires.
    pub(crate) fn total_delivered(&self) -> u64 {
        let counters = self.wires.iter().flat_map(|wire| &wire.delivered);
        counters.map(Counter::get).sum()
    }

    /// Response times of a route's answers with this status.
    pub(crate) fn http(&self, route: &str, status: u16) -> Histogram {
        let labels = vec![("route", route.to_owned()), ("status", status.to_string())];
        self.http_seconds.get_or_create(&labels).clone()
    }

    /// An error was told to a client.
    pub(crate) fn refused(&self, code: &'static str) {
        self.errors.get_or_create(&[("code", code)]).inc();
    }

    /// A connection is ended by the server.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.closes
            .get_or_create(&[("reason", reason.name())])
            .inc();
    }

    /// Everything, in the text format of Prometheus (OpenMetrics 1.0).
    pub(crate) fn render(&self, levels: Levels) -> String {
        let level = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.sockets.set(level(levels.sockets));
        self.rooms.set(level(levels.rooms));
        self.unidentified.set(level(levels.unidentified));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn relay_histogram() -> Histogram {
    Histogram::new([
        10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 25e-3, 0.1, 1.0,
    ])
}

fn http_histogram() -> Histogram {
    Histogram::new([0.5e-3, 1e-3, 5e-3, 25e-3, 0.1, 0.5, 1.0])
}
