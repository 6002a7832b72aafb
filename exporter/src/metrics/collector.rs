//! Walks a snapshot and writes every family of the model's table.
//!
//! One row of the table is one family; the walk has one arm a signal, so a new signal
//! does not compile before it is shown. A counter is always there, from 0
//! on; a gauge nobody has set yet is absent, since 0 would be a claim. It decides
//! nothing about names, kinds and help: those stand in the table.
//!
//! Label values are configured names and closed sets only; text from logs is never
//! written here.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use model::connector::{Aspect, states_of};
use model::log::{GenerationCause, LineOutcome, LossCause};
use model::signal::{SIGNALS, Signal, SignalKind, SignalRow, Unit};
use model::snapshot::{ConnectorSnapshot, LogSnapshot, Snapshot};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry;

/// One snapshot, ready to be written.
#[derive(Debug)]
pub struct SnapshotCollector {
    snapshot: Arc<Snapshot>,
}

/// One line of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    /// Values for the row's labels, in its order.
    pub label_values: Vec<&'a str>,
    /// The line's value.
    pub value: Value,
}

/// A value, exact for counts beyond what a float holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A count, a number of bytes or a truth value.
    Count(u64),
    /// A moment or a measurement.
    Number(f64),
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

/// Every line of one family, in the order of connectors and logs.
pub fn series_of(signal: Signal, snapshot: &Snapshot) -> Vec<Series<'_>> {
    let mut lines = Lines {
        first_labels: Vec::new(),
        series: Vec::new(),
    };
    for connector in &snapshot.connectors {
        lines.first_labels = vec![&*connector.name];
        of_connector(signal, connector, &mut lines);
    }
    lines.series
}

/// A moment in seconds since the epoch, as a gauge shows it.
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// Collects the lines of one family below fixed first labels.
struct Lines<'a> {
    first_labels: Vec<&'a str>,
    series: Vec<Series<'a>>,
}

impl<'a> Lines<'a> {
    fn count(&mut self, labels: &[&'a str], value: u64) {
        self.push(labels, Value::Count(value));
    }

    /// Adds nothing while the moment is unknown.
    fn moment(&mut self, labels: &[&'a str], at: Option<Timestamp>) {
        if let Some(at) = at {
            self.push(labels, Value::Number(seconds(at)));
        }
    }

    /// Adds a state set: one line a state, exactly one of them 1. Nothing for a product
    /// without the aspect.
    fn state_set(&mut self, connector: &ConnectorSnapshot, aspect: Aspect) {
        if !connector.kind.has(aspect) {
            return;
        }
        let present = connector.state.view(aspect).state;
        for state in states_of(aspect) {
            self.count(&[state], u64::from(state == present));
        }
    }

    fn counts<C: Copy>(&mut self, counts: &[(C, u64)], name: fn(C) -> &'static str) {
        for (cause, count) in counts {
            self.count(&[name(*cause)], *count);
        }
    }

    fn push(&mut self, labels: &[&'a str], value: Value) {
        let mut label_values = self.first_labels.clone();
        label_values.extend_from_slice(labels);
        self.series.push(Series {
            label_values,
            value,
        });
    }
}

fn of_connector<'a>(signal: Signal, connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    let state = &connector.state;
    match signal {
        Signal::ConnectorInfo => lines.count(
            &[
                connector.kind.name(),
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                "",
            ],
            1,
        ),
        Signal::Events => {
            for (key, count) in &connector.events {
                lines.count(&[key.kind.name(), key.reason.as_str()], *count);
            }
        }
        Signal::EventLast => {
            for (kind, at) in &connector.last_events {
                lines.moment(&[kind.name()], Some(*at));
            }
        }
        Signal::TunnelUp => lines.count(&[], u64::from(state.is_tunnel_up())),
        Signal::TunnelState => lines.state_set(connector, Aspect::Tunnel),
        Signal::RegistrationState => lines.state_set(connector, Aspect::Registration),
        Signal::UpdateState => lines.state_set(connector, Aspect::Update),
        Signal::ClientStatus => lines.state_set(connector, Aspect::Client),
        Signal::SteeringState => lines.state_set(connector, Aspect::Steering),
        Signal::ConfigurationState => lines.state_set(connector, Aspect::Configuration),
        Signal::ClientIcon
        | Signal::ServiceState
        | Signal::Degraded
        | Signal::LastHeard
        | Signal::Silent
        | Signal::ConfigurationUpdated
        | Signal::TunnelReconnects
        | Signal::GatewayRtt
        | Signal::ProbeSuccess
        | Signal::ProbeDuration
        | Signal::ProbeLastSuccess
        | Signal::ProbeRuns
        | Signal::ProbeFailures => {}
        Signal::StateChanged => changes(connector, lines),
        Signal::LogLines => of_logs(connector, lines, |log, lines| {
            lines.counts(&log.lines, LineOutcome::name);
        }),
        Signal::LogBytes => of_logs(connector, lines, |log, lines| lines.count(&[], log.bytes)),
        Signal::LogLag => of_logs(connector, lines, |log, lines| {
            lines.count(&[], log.lag_bytes);
        }),
        Signal::LogFiles => of_logs(connector, lines, |log, lines| {
            lines.count(&[], length(log.files.len()));
        }),
        Signal::LogFilesUnreadable => of_logs(connector, lines, |log, lines| {
            lines.count(&[], length(log.unreadable.len()));
        }),
        Signal::LogFilesOverLimit => of_logs(connector, lines, |log, lines| {
            lines.count(&[], log.files_over_limit);
        }),
        Signal::LogLastRead => of_logs(connector, lines, |log, lines| {
            lines.moment(&[], log.last_read_at);
        }),
        Signal::LogGenerations => of_logs(connector, lines, |log, lines| {
            lines.counts(&log.generations, GenerationCause::name);
        }),
        Signal::LogLost => of_logs(connector, lines, |log, lines| {
            lines.counts(&log.lost_bytes, LossCause::name);
        }),
        Signal::LogNearMiss => of_logs(connector, lines, |log, lines| {
            for near_miss in &log.near_misses {
                lines.count(&[&*near_miss.function], near_miss.count);
            }
        }),
    }
}

fn changes<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    for aspect in connector.kind.aspects() {
        lines.moment(&[aspect.name()], connector.state.since(*aspect));
    }
}

/// Adds a connector's logs one by one, each below its own name.
fn of_logs<'a>(
    connector: &'a ConnectorSnapshot,
    lines: &mut Lines<'a>,
    add: impl Fn(&'a LogSnapshot, &mut Lines<'a>),
) {
    for log in &connector.logs {
        lines.first_labels = vec![&*connector.name, &*log.name];
        add(log, lines);
    }
}

fn length(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}

fn write_family(
    encoder: &mut DescriptorEncoder<'_>,
    row: &SignalRow,
    series: &[Series<'_>],
) -> Result<(), fmt::Error> {
    let unit = match row.unit {
        Unit::None => None,
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
    for one in series {
        let labels: Vec<(&str, &str)> = row
            .labels
            .iter()
            .copied()
            .zip(one.label_values.iter().copied())
            .collect();
        match row.kind {
            SignalKind::Info => lines.encode_info(&labels)?,
            SignalKind::Counter => {
                let no_exemplar: Option<&Exemplar<[(&str, &str); 0], f64>> = None;
                let mut line = lines.encode_family(&labels)?;
                match one.value {
                    Value::Count(count) => line.encode_counter(&count, no_exemplar)?,
                    Value::Number(number) => line.encode_counter(&number, no_exemplar)?,
                }
            }
            SignalKind::Gauge | SignalKind::StateSet | SignalKind::Histogram => {
                let mut line = lines.encode_family(&labels)?;
                match one.value {
                    Value::Count(count) => line.encode_gauge(&count)?,
                    Value::Number(number) => line.encode_gauge(&number)?,
                }
            }
        }
    }
    Ok(())
}
