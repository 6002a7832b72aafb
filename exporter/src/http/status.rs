//! The agent's status as one report: what `/api/v1/status` writes as JSON and the page
//! shows.
//!
//! A view of one snapshot, borrowed from it; field names are documented in
//! `docs/api.md` and only ever added to. Text of foreign authorship is [`Foreign`],
//! which JSON escapes by itself and which has no `Display`, so that the page has to
//! ask for its printable form.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::connector::{Aspect, ConnectorState, Fact, Mood};
use model::event::{EventKind, Field};
use model::snapshot::{ConnectorSnapshot, LogSnapshot, RecentEvent, Snapshot};
use model::untrusted::{Untrusted, printable};
use serde::{Serialize, Serializer};

use super::advice::advice;
use super::health;

/// Text that came from a log, a file's name or the configuration. Shown, never trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(super) struct Foreign<'a>(&'a str);

impl Foreign<'_> {
    /// For a page, which escapes it again as HTML.
    pub(super) fn printable(&self) -> std::borrow::Cow<'_, str> {
        printable(self.0)
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
    pub(super) recent_events: Vec<RecentReport<'a>>,
}

/// One connector.
#[derive(Debug, Serialize)]
pub(super) struct ConnectorReport<'a> {
    pub(super) name: Foreign<'a>,
    pub(super) kind: &'static str,
    pub(super) tunnel_up: bool,
    /// Under their own names, as `tunnel` or `registration`.
    #[serde(flatten, serialize_with = "by_name")]
    pub(super) aspects: Vec<AspectReport<'a>>,
    #[serde(serialize_with = "facts_by_name")]
    pub(super) facts: FactReports<'a>,
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
    /// What to do, while the state is bad.
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
}

/// One log of a connector.
#[derive(Debug, Serialize)]
pub(super) struct LogReport<'a> {
    pub(super) name: Foreign<'a>,
    pub(super) bytes: u64,
    pub(super) lag_bytes: u64,
    pub(super) last_read_at: Option<Timestamp>,
    #[serde(serialize_with = "as_object")]
    pub(super) lines: Counts,
    #[serde(serialize_with = "as_object")]
    pub(super) generations: Counts,
    #[serde(serialize_with = "as_object")]
    pub(super) lost_bytes: Counts,
    pub(super) near_misses: Vec<NearMissReport<'a>>,
    pub(super) files: Vec<FileReport<'a>>,
    pub(super) unreadable: Vec<UnreadableReport<'a>>,
    pub(super) files_over_limit: u64,
}

/// A known function that said something unknown.
#[derive(Debug, Serialize)]
pub(super) struct NearMissReport<'a> {
    pub(super) function: Foreign<'a>,
    pub(super) count: u64,
    pub(super) sample: Option<Foreign<'a>>,
}

/// A followed file.
#[derive(Debug, Serialize)]
pub(super) struct FileReport<'a> {
    pub(super) path: Foreign<'a>,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// A file that cannot be read now.
#[derive(Debug, Serialize)]
pub(super) struct UnreadableReport<'a> {
    pub(super) path: Foreign<'a>,
    pub(super) error: Foreign<'a>,
    /// It is no log, so it does not make the agent not ready.
    pub(super) refused: bool,
}

/// One of the latest events.
#[derive(Debug, Serialize)]
pub(super) struct RecentReport<'a> {
    /// By the line's own words; `None` if it carries no time.
    pub(super) time: Option<Timestamp>,
    pub(super) read_at: Timestamp,
    pub(super) connector: Foreign<'a>,
    pub(super) log: Foreign<'a>,
    pub(super) file: Foreign<'a>,
    pub(super) offset: u64,
    pub(super) event: &'static str,
    pub(super) reason: &'a str,
    pub(super) fields: BTreeMap<Foreign<'a>, Foreign<'a>>,
}

impl StatusReport<'_> {
    /// How many connectors have their tunnel up.
    pub(super) fn tunnels_up(&self) -> usize {
        self.connectors
            .iter()
            .filter(|connector| connector.tunnel_up)
            .count()
    }
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
        recent_events: snapshot.recent_events.iter().map(recent_report).collect(),
    }
}

fn connector_report(connector: &ConnectorSnapshot) -> ConnectorReport<'_> {
    let state = &connector.state;

    ConnectorReport {
        name: Foreign(&connector.name),
        kind: connector.kind.name(),
        tunnel_up: state.is_tunnel_up(),
        aspects: connector
            .kind
            .aspects()
            .iter()
            .map(|aspect| aspect_report(state, *aspect))
            .collect(),
        facts: connector
            .kind
            .facts()
            .iter()
            .map(|fact| (*fact, state.facts.get(*fact).map(Foreign::from)))
            .collect(),
        sessions: connector.kind.has_sessions().then_some(SessionsReport {
            opened_at: state.sessions.opened_at,
            closed_at: state.sessions.closed_at,
        }),
        events: event_reports(connector),
        logs: connector.logs.iter().map(log_report).collect(),
    }
}

fn aspect_report(state: &ConnectorState, aspect: Aspect) -> AspectReport<'_> {
    let view = state.view(aspect);
    let advice = match view.mood {
        Mood::Bad => view.event.and_then(|event| advice(event, view.reason)),
        Mood::Good | Mood::Open => None,
    };
    AspectReport {
        aspect,
        state: view.state,
        since: view.since,
        event: view.event.map(EventKind::name),
        reason: view.reason.as_str(),
        advice,
        mood: view.mood,
    }
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
        })
        .collect()
}

fn log_report(log: &LogSnapshot) -> LogReport<'_> {
    LogReport {
        name: Foreign(&log.name),
        bytes: log.bytes,
        lag_bytes: log.lag_bytes,
        last_read_at: log.last_read_at,
        lines: log
            .lines
            .iter()
            .map(|(outcome, count)| (outcome.name(), *count))
            .collect(),
        generations: log
            .generations
            .iter()
            .map(|(cause, count)| (cause.name(), *count))
            .collect(),
        lost_bytes: log
            .lost_bytes
            .iter()
            .map(|(cause, bytes)| (cause.name(), *bytes))
            .collect(),
        near_misses: log
            .near_misses
            .iter()
            .map(|near_miss| NearMissReport {
                function: Foreign(&near_miss.function),
                count: near_miss.count,
                sample: near_miss.sample.as_ref().map(Foreign::from),
            })
            .collect(),
        files: log
            .files
            .iter()
            .map(|file| FileReport {
                path: Foreign(&file.path),
                offset: file.offset,
                size: file.size,
            })
            .collect(),
        unreadable: log
            .unreadable
            .iter()
            .map(|file| UnreadableReport {
                path: Foreign(&file.path),
                error: Foreign(&file.error),
                refused: file.is_refused,
            })
            .collect(),
        files_over_limit: log.files_over_limit,
    }
}

fn recent_report(recent: &RecentEvent) -> RecentReport<'_> {
    RecentReport {
        time: recent.event.time,
        read_at: recent.read_at,
        connector: Foreign(&recent.connector),
        log: Foreign(&recent.log),
        file: Foreign(&recent.file),
        offset: recent.offset,
        event: recent.event.key.kind.name(),
        reason: recent.event.key.reason.as_str(),
        fields: recent.event.fields.iter().map(named).collect(),
    }
}

fn named(field: &Field) -> (Foreign<'_>, Foreign<'_>) {
    (Foreign(&field.name), Foreign::from(&field.value))
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
