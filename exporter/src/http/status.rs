//! The agent's status as one report: what `/api/v1/status` writes as JSON and the page
//! shows.
//!
//! A view of one snapshot, borrowed from it; field names are documented in
//! `docs/api.md` and only ever added to. Text of foreign authorship is [`Foreign`],
//! which JSON escapes by itself and which has no `Display`, so that the page has to
//! ask for its printable form. Logs are in `log`, what only endpoint clients have in
//! `client`, alerts, the host and the active probes in files of their names.

mod alerts;
mod client;
mod head;
mod host;
mod log;
mod probe;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::{Aspect, ConnectorKind, ConnectorState, Fact, Facts, Mood};
use model::event::EventKind;
use model::snapshot::{ConnectorSnapshot, Snapshot};
use model::standing::mood_of_aspect;
use model::untrusted::{Untrusted, printable};
use serde::{Serialize, Serializer};

pub(super) use self::alerts::{
    AlertReport, AlertsReport, DecisionReport, DeliveryReport, MessageReport, ReceiverReport,
    SilenceReport, alert_report, alerts_report,
};
pub(super) use self::client::{ClientReport, RoundTripReport, ToolReport, icon_meaning};
pub(super) use self::head::{ConnectorHead, head_of};
pub(super) use self::host::{
    CollectorReport, FilesystemReport, HostReport, InterfaceReport, ProcessReport, PublisherReport,
    ThresholdReport,
};
pub(super) use self::log::{FileReport, LogReport, RecentReport, log_report, recent_report};
pub(super) use self::probe::{ProbeReport, TlsReport};
use super::{advice, health};

/// Text that came from a log, a file's name or the configuration. Shown, never trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(super) struct Foreign<'a>(&'a str);

impl<'a> Foreign<'a> {
    /// Text whose author is not us.
    pub(super) const fn of(text: &'a str) -> Self {
        Self(text)
    }

    /// As it came, to be compared or encoded.
    pub(super) const fn expose(self) -> &'a str {
        self.0
    }

    /// For a page, which escapes it again as HTML.
    pub(super) fn printable(self) -> Cow<'a, str> {
        printable(self.0)
    }

    /// Whether there is nothing to show.
    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<&'a Untrusted> for Foreign<'a> {
    fn from(text: &'a Untrusted) -> Self {
        Self(text.expose())
    }
}

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct StatusReport<'a> {
    pub(super) version: &'static str,
    pub(super) taken_at: Option<Timestamp>,
    pub(super) caught_up: bool,
    pub(super) ready: bool,
    /// Why it is not ready.
    pub(super) problems: Vec<String>,
    /// Not part of `problems` alone: the page has a banner for it.
    pub(super) store_problem: Option<Foreign<'a>>,
    pub(super) connectors: Vec<ConnectorReport<'a>>,
    /// `None` before the first look at it, and if nobody wants to know.
    pub(super) host: Option<HostReport<'a>>,
    /// The active probes.
    pub(super) probes: Vec<ProbeReport<'a>>,
    pub(super) alerts: AlertsReport<'a>,
    pub(super) recent_events: Vec<RecentReport<'a>>,
}

/// One connector.
#[derive(Debug, Serialize)]
pub(super) struct ConnectorReport<'a> {
    pub(super) name: Foreign<'a>,
    pub(super) kind: &'static str,
    pub(super) tunnel_up: bool,
    /// When a log line or a tool was heard last.
    pub(super) heard_at: Option<Timestamp>,
    /// It was silent for so long that its states were forgotten.
    pub(super) silent: bool,
    /// Under their own names, as `tunnel` or `registration`.
    #[serde(flatten, serialize_with = "by_name")]
    pub(super) aspects: Vec<AspectReport<'a>>,
    #[serde(serialize_with = "facts_by_name")]
    pub(super) facts: FactReports<'a>,
    /// Of endpoint clients, under names of their own.
    #[serde(flatten)]
    pub(super) client: Option<ClientReport<'a>>,
    /// Of products that serve clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sessions: Option<SessionsReport>,
    pub(super) events: Vec<EventReport<'a>>,
    pub(super) logs: Vec<LogReport<'a>>,
}

/// Counts by the words of a closed set, in the set's own order.
type Counts = Vec<(&'static str, u64)>;

/// One aspect of a connector's state.
#[derive(Debug, Serialize)]
pub(super) struct AspectReport<'a> {
    #[serde(skip)]
    pub(super) aspect: Aspect,
    pub(super) state: &'static str,
    pub(super) since: Option<Timestamp>,
    pub(super) event: Option<&'static str>,
    pub(super) reason: &'a str,
    /// What to do, while the state is bad or a client is off.
    pub(super) advice: Option<&'static str>,
    #[serde(skip)]
    pub(super) mood: Mood,
}

/// What is known about the connector, `null` where nothing is.
pub(super) type FactReports<'a> = Vec<(Fact, Option<Foreign<'a>>)>;

/// When clients came and went last.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct SessionsReport {
    pub(super) opened_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
}

/// How often an event happened, and when last.
#[derive(Debug, Serialize)]
pub(super) struct EventReport<'a> {
    pub(super) event: &'static str,
    pub(super) reason: &'a str,
    pub(super) count: u64,
    /// When the event happened last, whatever its reason.
    pub(super) last_at: Option<Timestamp>,
    /// What to do about one that happened and that no state remembers.
    pub(super) advice: Option<&'static str>,
}

/// Reports what `snapshot` holds.
pub(super) fn report<'a>(
    snapshot: &'a Snapshot,
    store_problem: Option<&'a str>,
    version: &'static str,
) -> StatusReport<'a> {
    let problems = health::reasons_not_ready(snapshot, store_problem);
    StatusReport {
        version,
        taken_at: snapshot.taken_at,
        caught_up: snapshot.is_caught_up,
        ready: problems.is_empty(),
        problems,
        store_problem: store_problem.map(Foreign),
        connectors: snapshot.connectors.iter().map(connector_report).collect(),
        host: host_of(snapshot),
        probes: probes_of(snapshot),
        alerts: alerts_report(&snapshot.alerts),
        recent_events: snapshot.recent_events.iter().map(recent_report).collect(),
    }
}

/// The part about the host.
pub(super) fn host_of(snapshot: &Snapshot) -> Option<HostReport<'_>> {
    let host = snapshot.host.as_deref();
    host.map(|host| host::host_report(host, guests(snapshot)))
}

/// The part about the active probes.
pub(super) fn probes_of(snapshot: &Snapshot) -> Vec<ProbeReport<'_>> {
    let probes = snapshot.probes.iter();
    probes
        .map(|probe| {
            let connector = probe.plan.connector.as_deref().unwrap_or_default();
            probe::probe_report(probe, &snapshot.events_of(connector))
        })
        .collect()
}

fn guests(snapshot: &Snapshot) -> host::Guests {
    let is_publisher = |one: &ConnectorSnapshot| one.kind == ConnectorKind::NetskopePublisher;
    if snapshot.connectors.iter().any(is_publisher) {
        host::Guests::Publisher
    } else {
        host::Guests::NoPublisher
    }
}

/// All of one connector.
pub(super) fn connector_report(connector: &ConnectorSnapshot) -> ConnectorReport<'_> {
    let (kind, state) = (connector.kind, &connector.state);
    ConnectorReport {
        name: Foreign(&connector.name),
        kind: kind.name(),
        tunnel_up: state.is_tunnel_up(),
        heard_at: connector.heard_at,
        silent: connector.is_silent,
        aspects: kind
            .aspects()
            .iter()
            .map(|aspect| aspect_report(kind, state, *aspect))
            .collect(),
        client: client::client_report(connector),
        facts: fact_reports(kind, &state.facts),
        sessions: kind.has_sessions().then_some(SessionsReport {
            opened_at: state.sessions.opened_at,
            closed_at: state.sessions.closed_at,
        }),
        events: event_reports(connector),
        logs: connector.logs.iter().map(log_report).collect(),
    }
}

fn aspect_report(kind: ConnectorKind, state: &ConnectorState, aspect: Aspect) -> AspectReport<'_> {
    let mut view = state.view(aspect);
    view.mood = mood_of_aspect(kind, state, aspect);
    AspectReport {
        aspect,
        state: view.state,
        since: view.since,
        event: view.event.map(EventKind::name),
        reason: view.reason.as_str(),
        advice: advice::of_state(kind, aspect, &view),
        mood: view.mood,
    }
}

/// What is known of what this kind can have.
fn fact_reports(kind: ConnectorKind, known: &Facts) -> FactReports<'_> {
    kind.facts()
        .iter()
        .map(|fact| (*fact, known.get(*fact).map(Foreign::from)))
        .collect()
}

fn event_reports(connector: &ConnectorSnapshot) -> Vec<EventReport<'_>> {
    let last: BTreeMap<EventKind, Timestamp> = connector.last_events.iter().copied().collect();
    connector
        .events
        .iter()
        .map(|(key, count)| EventReport {
            event: key.kind.name(),
            reason: key.reason.as_str(),
            count: *count,
            last_at: last.get(&key.kind).copied(),
            advice: advice::of_event(connector.kind, key).filter(|_| 0 < *count),
        })
        .collect()
}

fn by_name<S: Serializer>(aspects: &[AspectReport<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(aspects.iter().map(|report| (report.aspect.name(), report)))
}

fn facts_by_name<S: Serializer>(facts: &FactReports<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter().map(|(fact, text)| (fact.name(), text)))
}

fn as_object<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().copied())
}

/// Whole milliseconds.
fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
