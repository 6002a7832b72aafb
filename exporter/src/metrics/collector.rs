//! Walks a snapshot and writes every family of the model's table.
//!
//! One row of the table is one family, and `walk` knows the lines of each that a connector,
//! a probe or the host gives.
//! A counter is always there, from 0 on; a gauge nobody has set yet is absent, since 0
//! would be a claim. Nothing about names, kinds and help is decided here: those stand
//! in the table.
//!
//! Label values are configured names and closed sets; a point of presence is one of a
//! bounded list of plain words. The labels of `ztna_connector_info` carry text of others,
//! what the vendor's own tool said, and some of the host's families the names that its
//! administrators gave to mount points, interfaces and disks. Text from logs is never
//! written here.

mod walk;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use model::connector::Fact;
use model::histogram::{RTT_BOUNDS_MS, RttHistogram};
use model::signal::{SIGNALS, Signal, SignalKind, SignalRow, Unit};
use model::snapshot::Snapshot;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry;

/// One snapshot, ready to be written.
#[derive(Debug)]
pub struct SnapshotCollector {
    snapshot: Arc<Snapshot>,
}

/// One line of a family; of a histogram, all lines of one set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    /// Values for the row's labels, in its order. Without control characters.
    pub label_values: Vec<Cow<'a, str>>,
    /// The line's value.
    pub value: Value<'a>,
}

/// A value, exact for counts beyond what a float holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A count, a number of bytes or a truth value.
    Count(u64),
    /// A moment or a measurement.
    Number(f64),
    /// Measurements in buckets.
    RoundTrips(&'a RttHistogram),
}

impl SnapshotCollector {
    /// Writes what `snapshot` holds.
    pub const fn new(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot }
    }
}

impl Collector for SnapshotCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for row in SIGNALS {
            let series = series_of(row.signal, &self.snapshot);
            // A family without lines would announce a number that nobody has.
            if !series.is_empty() {
                write_family(&mut encoder, row, &series)?;
            }
        }
        Ok(())
    }
}

/// The family's name in OpenMetrics: without the ending that its kind adds.
pub fn family_name(row: &SignalRow) -> &'static str {
    let ending = match row.kind {
        SignalKind::Counter => "_total",
        SignalKind::Info => "_info",
        SignalKind::Gauge | SignalKind::StateSet | SignalKind::Histogram => "",
    };
    row.name.strip_suffix(ending).unwrap_or(row.name)
}

/// Every line of one family, in the order of connectors, tools and logs, then probes, then
/// the host.
pub fn series_of(signal: Signal, snapshot: &Snapshot) -> Vec<Series<'_>> {
    let mut lines = walk::Lines {
        first_labels: Vec::new(),
        series: Vec::new(),
    };
    for connector in &snapshot.connectors {
        lines.first_labels = vec![&*connector.name];
        walk::of_connector(signal, connector, &mut lines);
    }
    match signal {
        Signal::Probe(signal) => {
            for probe in &snapshot.probes {
                let connector = probe.plan.connector.as_deref().unwrap_or_default();
                lines.first_labels = vec![connector, &*probe.plan.name];
                walk::of_probe(signal, probe, &mut lines);
            }
        }
        Signal::Host(signal) => {
            lines.first_labels = Vec::new();
            if let Some(host) = &snapshot.host {
                walk::of_host(signal, host, &mut lines);
            }
        }
        Signal::Alert(signal) => {
            lines.first_labels = Vec::new();
            walk::of_alerts(signal, &snapshot.alerts, &mut lines);
        }
        // All others are facts of connectors.
        _ => {}
    }
    lines.series
}

/// A moment in seconds since the epoch, as a gauge shows it.
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn write_family(
    encoder: &mut DescriptorEncoder<'_>,
    row: &SignalRow,
    series: &[Series<'_>],
) -> Result<(), fmt::Error> {
    let unit = match row.unit {
        Unit::None | Unit::Truth => None,
        Unit::Bytes => Some(registry::Unit::Bytes),
        Unit::Seconds => Some(registry::Unit::Seconds),
    };
    let kind = match row.kind {
        SignalKind::Counter => MetricType::Counter,
        SignalKind::Gauge | SignalKind::StateSet => MetricType::Gauge,
        SignalKind::Info => MetricType::Info,
        SignalKind::Histogram => MetricType::Histogram,
    };
    // The encoder appends the unit again; without it our name would carry it twice.
    let family = family_name(row);
    let unit_ending = format!("_{}", row.unit.suffix());
    let stem = family.strip_suffix(&*unit_ending).unwrap_or(family);
    // Only a registry adds the full stop, a collector has to.
    let help = format!("{}.", row.help);
    let mut lines = encoder.encode_descriptor(stem, &help, unit.as_ref(), kind)?;
    let is_probe = matches!(row.signal, Signal::Probe(_));
    for one in series {
        let names = row.labels.iter().copied();
        let labels = names
            .zip(one.label_values.iter().map(|value| &**value))
            // A probe that belongs to no connector has no such label.
            .filter(|label| !is_probe || *label != ("connector", ""));
        if row.kind == SignalKind::Info {
            // To Prometheus an empty label is none, and readers need not see a dozen.
            let is_shown =
                |(name, value): &(&str, &str)| !value.is_empty() || Fact::from_name(name).is_none();
            let told: Vec<(&str, &str)> = labels.filter(is_shown).collect();
            lines.encode_info(&told)?;
        } else {
            let labels: Vec<(&str, &str)> = labels.collect();
            if labels.is_empty() {
                // Braces with nothing between them are allowed, and nobody expects them.
                write_value(&mut lines, row.kind, one.value)?;
                continue;
            }
            write_value(&mut lines.encode_family(&labels)?, row.kind, one.value)?;
        }
    }
    Ok(())
}

fn write_value(
    line: &mut MetricEncoder<'_>,
    kind: SignalKind,
    value: Value<'_>,
) -> Result<(), fmt::Error> {
    let no_exemplar: Option<&Exemplar<[(&str, &str); 0], f64>> = None;
    let is_counter = kind == SignalKind::Counter;
    match value {
        Value::Count(count) if is_counter => line.encode_counter(&count, no_exemplar),
        Value::Number(number) if is_counter => line.encode_counter(&number, no_exemplar),
        Value::Count(count) => line.encode_gauge(&count),
        Value::Number(number) => line.encode_gauge(&number),
        Value::RoundTrips(round_trips) => write_round_trips(line, round_trips),
    }
}

/// Whole milliseconds inside, seconds outside.
fn write_round_trips(
    line: &mut MetricEncoder<'_>,
    round_trips: &RttHistogram,
) -> Result<(), fmt::Error> {
    let bounds = RTT_BOUNDS_MS.iter().map(|bound_ms| as_seconds(*bound_ms));
    let mut room = u64::MAX;
    let buckets: Vec<(f64, u64)> = bounds
        .chain([f64::INFINITY])
        .zip(&round_trips.counts)
        .map(|(bound, count)| {
            // The encoder sums them up, and a sum must not run over.
            let count = room.min(*count);
            room -= count;
            (bound, count)
        })
        .collect();
    line.encode_histogram::<[(&str, &str); 0]>(
        as_seconds(round_trips.sum_ms),
        round_trips.count(),
        &buckets,
        None,
    )
}

/// Seconds, as near as a float comes: whole seconds and a rest added up would be one
/// step of the last digit beside it now and then.
#[expect(
    clippy::as_conversions,
    reason = "exact below 2^53 milliseconds, which are 285,000 years"
)]
const fn as_seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
