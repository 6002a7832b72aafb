//! Which lines a connector gives to each family of the model's table.
//!
//! One arm a signal, so a new signal does not compile before somebody says what its
//! lines are. A part that a product does not have gives no line, a moment or a
//! measurement that nobody has yet neither. How lines are written is the parent's.

mod alerts;
mod host;
mod probes;

use std::borrow::Cow;

use jiff::Timestamp;
use model::connector::{
    Aspect, ConnectorKind, DegradedReason, Fact, IconState, ProbeFailure, Service, states_of,
    version_in,
};
use model::log::{DateOrderTaken, GenerationCause, LineOutcome, LossCause};
use model::signal::{ProbeSignal, Signal, SignalRow};
use model::snapshot::{ConnectorSnapshot, LogSnapshot, ToolSnapshot};
use model::untrusted::Untrusted;

pub(super) use self::alerts::of_alerts;
pub(super) use self::host::of_host;
pub(super) use self::probes::of_probe;
use super::{Series, Value, seconds};
use crate::pipeline::ledger::tells_uptime;

/// Collects the lines of one family below fixed first labels.
pub(super) struct Lines<'a> {
    pub(super) first_labels: Vec<&'a str>,
    pub(super) series: Vec<Series<'a>>,
}

/// Adds a connector's lines of one family.
pub(super) fn of_connector<'a>(
    signal: Signal,
    connector: &'a ConnectorSnapshot,
    lines: &mut Lines<'a>,
) {
    match signal {
        Signal::ConnectorInfo => info(connector, signal.row(), lines),
        Signal::Events => events(connector, lines),
        Signal::EventLast => last_events(connector, lines),
        Signal::TunnelUp => lines.truth(&[], connector.state.is_tunnel_up()),
        Signal::TunnelState => lines.state_set(connector, Aspect::Tunnel),
        Signal::RegistrationState => lines.state_set(connector, Aspect::Registration),
        Signal::UpdateState => lines.state_set(connector, Aspect::Update),
        Signal::ClientStatus => lines.state_set(connector, Aspect::Client),
        Signal::ClientIcon => icon(connector, lines),
        Signal::SteeringState => lines.state_set(connector, Aspect::Steering),
        Signal::ConfigurationState => lines.state_set(connector, Aspect::Configuration),
        Signal::ServiceState => services(connector, lines),
        Signal::Degraded => degraded(connector, lines),
        Signal::StateChanged => changes(connector, lines),
        Signal::LastHeard => lines.moment(&[], connector.heard_at),
        Signal::Silent => lines.truth(&[], connector.is_silent),
        Signal::ConfigurationUpdated => lines.moment(&[], connector.configured_at),
        Signal::TunnelReconnects => reconnects(connector, lines),
        Signal::GatewayRtt => round_trips(connector, lines),
        // Those of tools are a connector's; the rest is not walked by connectors.
        Signal::Probe(signal) => of_tools(connector, lines, |tool, lines| {
            of_tool(signal, tool, lines);
        }),
        Signal::Host(_) | Signal::Alert(_) => {}
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
        Signal::LogNearMiss => of_logs(connector, lines, near_misses),
        Signal::LogAmbiguousDates => of_logs(connector, lines, |log, lines| {
            lines.counts(&log.ambiguous_dates, DateOrderTaken::name);
        }),
    }
}

/// A vendor's tool opens no connection of ours, so it has no phases and no chain.
fn of_tool<'a>(signal: ProbeSignal, tool: &'a ToolSnapshot, lines: &mut Lines<'a>) {
    match signal {
        ProbeSignal::Success => tool_success(tool, lines),
        ProbeSignal::Duration => tool_duration(tool, lines),
        ProbeSignal::LastSuccess => lines.moment(&[], tool.succeeded_at),
        ProbeSignal::Runs => lines.count(&[], tool.runs),
        ProbeSignal::Failures => lines.counts(&tool.failures, ProbeFailure::name),
        ProbeSignal::PhaseDuration
        | ProbeSignal::CertificateExpiry
        | ProbeSignal::TlsIntercepted
        | ProbeSignal::TlsInfo
        | ProbeSignal::DnsAddresses => {}
    }
}

/// Why a connector of this product can be degraded.
pub(super) fn degraded_reasons(connector: &ConnectorSnapshot) -> Vec<DegradedReason> {
    let has = |aspect| connector.kind.has(aspect);
    // A Publisher's parts do not work on without each other.
    let can_be = |reason: &DegradedReason| match reason {
        DegradedReason::SteeringFailed => has(Aspect::Steering),
        DegradedReason::ConfigurationUpdateFailed => has(Aspect::Configuration),
        DegradedReason::ServiceImpaired => {
            has(Aspect::PrivateAccess) || has(Aspect::InternetSecurity)
        }
    };
    DegradedReason::ALL.iter().copied().filter(can_be).collect()
}

impl<'a> Lines<'a> {
    fn count(&mut self, labels: &[&'a str], value: u64) {
        self.push(labels, Value::Count(value));
    }

    fn truth(&mut self, labels: &[&'a str], holds: bool) {
        self.count(labels, u64::from(holds));
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
        if connector.kind.has(aspect) {
            self.states(&[], connector, aspect);
        }
    }

    fn states(&mut self, labels: &[&'a str], connector: &ConnectorSnapshot, aspect: Aspect) {
        let present = connector.state.view(aspect).state;
        for state in states_of(aspect) {
            self.truth(&[labels, &[state]].concat(), state == present);
        }
    }

    fn counts<C: Copy>(&mut self, counts: &[(C, u64)], name: fn(C) -> &'static str) {
        for (cause, count) in counts {
            self.count(&[name(*cause)], *count);
        }
    }

    fn push(&mut self, labels: &[&'a str], value: Value<'a>) {
        let labels = labels.iter().map(|label| Cow::Borrowed(*label));
        self.push_text(labels.collect(), value);
    }

    /// Adds a line whose own labels are text without control characters.
    fn push_text(&mut self, labels: Vec<Cow<'a, str>>, value: Value<'a>) {
        let first = self.first_labels.iter().map(|label| Cow::Borrowed(*label));
        self.series.push(Series {
            label_values: first.chain(labels).collect(),
            value,
        });
    }
}

/// The one family that shows text of others: what the vendor's own tool told, which no
/// line of a log can forge. What it did not tell is left empty, but for the version that
/// a Cato Client puts into the names of its files.
fn info<'a>(connector: &'a ConnectorSnapshot, row: &SignalRow, lines: &mut Lines<'a>) {
    let own = [&*connector.name, connector.kind.name()];
    let told = row.labels.iter().skip(own.len()).map(|label| {
        Fact::from_name(label)
            .and_then(|fact| {
                let told = connector.tool_facts.get(fact);
                told.or_else(|| named(connector, fact))
            })
            .map_or(Cow::Borrowed(""), |text| text.printable())
    });
    lines.series.push(Series {
        label_values: own.into_iter().map(Cow::Borrowed).chain(told).collect(),
        value: Value::Count(1),
    });
}

/// What the name of a log's file tells.
fn named(connector: &ConnectorSnapshot, fact: Fact) -> Option<&Untrusted> {
    let is_in_names = connector.kind == ConnectorKind::CatoClient && fact == Fact::Version;
    let text = connector.state.facts.get(fact).filter(|_| is_in_names)?;
    // Digits and dots, so that an operator's own row cannot bring anything else in here.
    (version_in(text.expose()) == Some(text.expose())).then_some(text)
}

fn events<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    for (key, count) in &connector.events {
        lines.count(&[key.kind.name(), key.reason.as_str()], *count);
    }
}

fn last_events<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    for (kind, at) in &connector.last_events {
        lines.moment(&[kind.name()], Some(*at));
    }
}

fn icon<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    if connector.kind.has(Aspect::Client) {
        let present = connector.state.client.state.icon();
        for icon in IconState::ALL {
            lines.truth(&[icon.name()], *icon == present);
        }
    }
}

fn services<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    let has = |service: &&Service| connector.kind.has(service.aspect());
    for service in Service::ALL.iter().filter(has) {
        lines.states(&[service.name()], connector, service.aspect());
    }
}

fn degraded<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    let holding = connector.state.degraded();
    for reason in degraded_reasons(connector) {
        lines.truth(&[reason.name()], holding.contains(&reason));
    }
}

fn changes<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    for aspect in connector.kind.aspects() {
        lines.moment(&[aspect.name()], connector.state.since(*aspect));
    }
}

/// Only where a tool tells how long the tunnel is up: elsewhere 0 would be a claim.
fn reconnects<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    if connector.tools.iter().any(|tool| tells_uptime(tool.tool)) {
        lines.count(&[], connector.tunnel_reconnects);
    }
}

fn round_trips<'a>(connector: &'a ConnectorSnapshot, lines: &mut Lines<'a>) {
    for (pop, round_trips) in &connector.round_trips {
        lines.push(&[&**pop], Value::RoundTrips(round_trips));
    }
}

fn tool_success<'a>(tool: &'a ToolSnapshot, lines: &mut Lines<'a>) {
    if let Some(is_success) = tool.is_success {
        lines.truth(&[], is_success);
    }
}

fn tool_duration<'a>(tool: &'a ToolSnapshot, lines: &mut Lines<'a>) {
    if let Some(duration) = tool.duration {
        lines.push(&[], Value::Number(duration.as_secs_f64()));
    }
}

fn near_misses<'a>(log: &'a LogSnapshot, lines: &mut Lines<'a>) {
    for near_miss in &log.near_misses {
        lines.count(&[&*near_miss.function], near_miss.count);
    }
}

/// Adds a connector's tools one by one, each below its own name.
fn of_tools<'a>(
    connector: &'a ConnectorSnapshot,
    lines: &mut Lines<'a>,
    add: impl Fn(&'a ToolSnapshot, &mut Lines<'a>),
) {
    for tool in &connector.tools {
        lines.first_labels = vec![&*connector.name, tool.tool.name()];
        add(tool, lines);
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
