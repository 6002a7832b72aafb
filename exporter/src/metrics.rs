//! What `/metrics` shows: the agent's own numbers, and the page that joins them
//! with the snapshot's.
//!
//! Facts about connectors and their logs are not kept here: they stand in the
//! snapshot, and [`collector`] walks it at each rendering, so that a page never
//! mixes two turns. What the agent says about itself is counted by
//! [`AgentMetrics`]; one method records one thing. [`text`] re-encodes the page
//! for readers that know no OpenMetrics, [`reference`](mod@reference) writes its documentation.
//!
//! Known limit: what the agent says about itself starts at 0 with each start; only
//! the snapshot's counters survive.

pub mod collector;
pub mod process;
pub mod reference;
pub mod snmp;
pub mod text;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use model::snapshot::Snapshot;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use store::CommitFailure;

use collector::SnapshotCollector;
use process::ProcessCollector;

/// The agent's version, as `ztna_build_info` and the page show it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Upper bounds of the histograms, in seconds: 1 ms to 10 s, about three a decade.
const DURATION_BUCKETS_SECONDS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// The one label of the families that tell causes apart.
type Cause = [(&'static str, &'static str); 1];

/// Why the HTTP server turned a client away or dropped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// As many connections as allowed are open, all busy with an answer.
    Connections,
    /// As many connections as allowed are open from this one address, all busy.
    ConnectionsPerAddress,
    /// It had no request open, or not a whole one, when a newcomer needed its place.
    Displaced,
    /// The request's head did not arrive in time, or a client connected and asked
    /// nothing. Who idles after an answer is closed without being counted.
    SlowRequest,
    /// The client stopped reading its response.
    SlowReader,
    /// The request's head or its number of headers is over the bound.
    HeadTooLarge,
    /// Not HTTP/1.
    Malformed,
    /// A name in `Host` that is not ours, for a page a browser shows.
    ForeignHost,
    /// As many streams of events as allowed are open.
    Streams,
    /// A TLS handshake failed.
    Handshake,
    /// A TLS handshake took too long.
    SlowHandshake,
    /// Plain HTTP where TLS is spoken.
    PlainHttp,
    /// Nobody was named, or the password or certificate was wrong.
    Unauthorized,
    /// Too many wrong passwords came from the address, or too many are being checked.
    Guessing,
    /// More requests than the web configuration allows.
    RateLimit,
}

impl Rejection {
    /// Every cause, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::Displaced,
        Self::SlowRequest,
        Self::SlowReader,
        Self::HeadTooLarge,
        Self::Malformed,
        Self::ForeignHost,
        Self::Streams,
        Self::Handshake,
        Self::SlowHandshake,
        Self::PlainHttp,
        Self::Unauthorized,
        Self::Guessing,
        Self::RateLimit,
    ];

    /// The value of the label `cause`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::Displaced => "displaced",
            Self::SlowRequest => "slow_request",
            Self::SlowReader => "slow_reader",
            Self::HeadTooLarge => "head_too_large",
            Self::Malformed => "malformed",
            Self::ForeignHost => "foreign_host",
            Self::Streams => "streams",
            Self::Handshake => "handshake",
            Self::SlowHandshake => "slow_handshake",
            Self::PlainHttp => "plain_http",
            Self::Unauthorized => "unauthorized",
            Self::Guessing => "guessing",
            Self::RateLimit => "rate_limit",
        }
    }
}

/// What the agent counts about itself. Copies share one set of numbers.
#[derive(Debug, Clone)]
pub struct AgentMetrics {
    turns: Counter,
    commit_duration: Histogram,
    commit_failures: Family<Cause, Counter>,
    store_writable: KnownGauge,
    store_resets: Counter,
    reload_successful: KnownGauge,
    reload_success_at: KnownGauge,
    scrape_duration: Histogram,
    http_connections: Gauge,
    http_rejected: Family<Cause, Counter>,
    web_config_successful: KnownGauge,
    web_certificate_expires_at: KnownGauge,
    watch_active: KnownGauge,
    /// What the SNMP agent counts.
    pub snmp: snmp::SnmpMetrics,
}

impl AgentMetrics {
    /// Registers every family of the agent, the process's own included.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::new();
        registry.register(
            "ztna_build",
            "Which version runs",
            Info::new([("version", VERSION)]),
        );
        metrics.register_store(registry);
        metrics.register_configuration(registry);
        metrics.register_http(registry);
        registry.register_collector(Box::new(metrics.snmp.clone()));
        registry.register_collector(Box::new(ProcessCollector::of_this_process()));
        metrics
    }

    fn new() -> Self {
        let metrics = Self {
            turns: Counter::default(),
            commit_duration: Histogram::new(DURATION_BUCKETS_SECONDS),
            commit_failures: Family::default(),
            store_writable: KnownGauge::default(),
            store_resets: Counter::default(),
            reload_successful: KnownGauge::default(),
            reload_success_at: KnownGauge::default(),
            scrape_duration: Histogram::new(DURATION_BUCKETS_SECONDS),
            http_connections: Gauge::default(),
            http_rejected: Family::default(),
            web_config_successful: KnownGauge::default(),
            web_certificate_expires_at: KnownGauge::default(),
            watch_active: KnownGauge::default(),
            snmp: snmp::SnmpMetrics::default(),
        };
        // Known causes stand at 0 from the start, so that `increase()` sees the first.
        for cause in CommitFailure::ALL {
            drop(
                metrics
                    .commit_failures
                    .get_or_create(&[("cause", cause.name())]),
            );
        }
        for cause in Rejection::ALL {
            drop(
                metrics
                    .http_rejected
                    .get_or_create(&[("cause", cause.name())]),
            );
        }
        metrics
    }

    fn register_store(&self, registry: &mut Registry) {
        registry.register(
            "ztna_turns",
            "Turns committed to the store",
            self.turns.clone(),
        );
        registry.register_with_unit(
            "ztna_store_commit_duration",
            "How long a turn's transaction took to commit",
            Unit::Seconds,
            self.commit_duration.clone(),
        );
        registry.register(
            "ztna_store_commit_failures",
            "Turns that the store could not commit and that were tried again, by cause",
            self.commit_failures.clone(),
        );
        registry.register(
            "ztna_store_writable",
            "Whether the store committed the last turn (1) or reading waits in the log files until it does (0)",
            self.store_writable.clone(),
        );
        registry.register(
            "ztna_store_resets",
            "Times a damaged store was set aside and a clean one started",
            self.store_resets.clone(),
        );
    }

    fn register_configuration(&self, registry: &mut Registry) {
        registry.register(
            "ztna_config_last_reload_successful",
            "Whether the last attempt to load the configuration was accepted (1) or refused (0)",
            self.reload_successful.clone(),
        );
        registry.register_with_unit(
            "ztna_config_last_reload_success_timestamp",
            "When a configuration was accepted last",
            Unit::Seconds,
            self.reload_success_at.clone(),
        );
        registry.register(
            "ztna_watch_active",
            "Whether the system notifies of file changes (1) or only polling finds them (0)",
            self.watch_active.clone(),
        );
    }

    fn register_http(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "ztna_scrape_duration",
            "How long it took to write the page of metrics",
            Unit::Seconds,
            self.scrape_duration.clone(),
        );
        registry.register(
            "ztna_http_connections",
            "HTTP connections open now",
            self.http_connections.clone(),
        );
        registry.register(
            "ztna_http_rejected",
            "HTTP clients that were turned away or dropped, by cause",
            self.http_rejected.clone(),
        );
        registry.register(
            "ztna_web_config_last_reload_successful",
            "Whether the web configuration was right when it changed last (1) or the one before stays in force (0)",
            self.web_config_successful.clone(),
        );
        registry.register_with_unit(
            "ztna_web_certificate_expires_timestamp",
            "When the certificate of our own HTTP server ends",
            Unit::Seconds,
            self.web_certificate_expires_at.clone(),
        );
    }

    /// A turn was committed; its transaction took `elapsed`.
    pub fn turn_committed(&self, elapsed: Duration) {
        self.turns.inc();
        self.commit_duration.observe(elapsed.as_secs_f64());
    }

    /// A turn could not be committed. `cause` is [`CommitFailure::name`].
    pub fn commit_failed(&self, cause: &'static str) {
        self.commit_failures
            .get_or_create(&[("cause", cause)])
            .inc();
    }

    /// Whether the store takes commits now.
    pub fn store_writable(&self, writable: bool) {
        self.store_writable.set(truth(writable));
    }

    /// A damaged store was set aside.
    pub fn store_reset(&self) {
        self.store_resets.inc();
    }

    /// A configuration was accepted or refused at `at`. The start counts as a reload.
    pub fn reload(&self, accepted: bool, at: Timestamp) {
        self.reload_successful.set(truth(accepted));
        if accepted {
            self.reload_success_at.set(collector::seconds(at));
        }
    }

    /// Whether the system notifies of file changes.
    pub fn watch_active(&self, active: bool) {
        self.watch_active.set(truth(active));
    }

    /// The page of metrics was written in `elapsed`.
    pub fn scrape_rendered(&self, elapsed: Duration) {
        self.scrape_duration.observe(elapsed.as_secs_f64());
    }

    /// A client connected.
    pub fn http_connected(&self) {
        self.http_connections.inc();
    }

    /// A client's connection ended, however.
    pub fn http_disconnected(&self) {
        self.http_connections.dec();
    }

    /// The web configuration was read, and was right or not.
    pub fn web_config(&self, accepted: bool) {
        self.web_config_successful.set(truth(accepted));
    }

    /// The HTTP server shows a certificate that ends then; `None` without TLS.
    pub fn web_certificate(&self, expires_at: Option<Timestamp>) {
        let seconds = expires_at.map_or(f64::NAN, collector::seconds);
        self.web_certificate_expires_at.set(seconds);
    }

    /// A client was turned away or dropped.
    pub fn http_rejected(&self, cause: Rejection) {
        self.http_rejected
            .get_or_create(&[("cause", cause.name())])
            .inc();
    }
}

/// Writes the whole page as OpenMetrics 1.0: the snapshot's families, then those of
/// `registry`, then the end mark.
///
/// # Errors
///
/// Writing to a `String` does not fail; the error is there because the encoder's
/// interface has it.
pub fn render(snapshot: &Arc<Snapshot>, registry: &Registry) -> Result<String, fmt::Error> {
    let mut page = String::with_capacity(32 * 1024);
    let mut of_snapshot = Registry::default();
    of_snapshot.register_collector(Box::new(SnapshotCollector::new(Arc::clone(snapshot))));
    encode_registry(&mut page, &of_snapshot)?;
    encode_registry(&mut page, registry)?;
    encode_eof(&mut page)?;
    Ok(page)
}

/// A truth value as Prometheus writes it.
const fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// A gauge that is absent from the page until it is first set, since 0 would be a
/// claim.
#[derive(Debug, Clone)]
struct KnownGauge {
    /// The value's bits; NaN while unknown.
    bits: Arc<AtomicU64>,
}

impl Default for KnownGauge {
    fn default() -> Self {
        Self {
            bits: Arc::new(AtomicU64::new(f64::NAN.to_bits())),
        }
    }
}

impl KnownGauge {
    fn set(&self, value: f64) {
        self.bits.store(value.to_bits(), Ordering::Relaxed);
    }

    fn get(&self) -> f64 {
        f64::from_bits(self.bits.load(Ordering::Relaxed))
    }
}

impl EncodeMetric for KnownGauge {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.encode_gauge(&self.get())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.get().is_nan()
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
