//! The agent's status as one report: what `/api/v1/status` writes as JSON and the page
//! shows.
//!
//! A view of one snapshot, borrowed from it; field names are documented in
//! `docs/api.md` and only ever added to. Text of foreign authorship is [`Foreign`],
//! which JSON escapes by itself and which has no `Display`, so that the page has to
//! ask for its printable form.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::connector::{RegistrationState, Status, TunnelState, UpdateState};
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
    pub(super) registration: AspectReport<'a>,
    pub(super) tunnel: AspectReport<'a>,
    pub(super) update: AspectReport<'a>,
    pub(super) facts: FactsReport<'a>,
    pub(super) events: Vec<EventReport<'a>>,
    pub(super) logs: Vec<LogReport<'a>>,
}

/// Counts by the words of a closed set, in the set's own order.
type Counts = Vec<(&'static str, u64)>;

/// How good a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    /// On its way, or not known.
    Open,
}

/// One aspect of a connector's state.
#[derive(Debug, Serialize)]
pub(super) struct AspectReport<'a> {
    pub(super) state: &'static str,
    pub(super) since: Option<Timestamp>,
    pub(super) event: Option<&'static str>,
    pub(super) reason: &'a str,
    /// What to do, while the state is bad.
    pub(super) advice: Option<&'static str>,
    #[serde(skip)]
    pub(super) tone: Tone,
}

/// What the logs told about the connector.
#[derive(Debug, Serialize)]
pub(super) struct FactsReport<'a> {
    pub(super) publisher_id: Option<Foreign<'a>>,
    pub(super) tenant: Option<Foreign<'a>>,
    pub(super) stitcher: Option<Foreign<'a>>,
    pub(super) address: Option<Foreign<'a>>,
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
        registration: aspect_report(
            &state.registration,
            RegistrationState::name,
            match state.registration.state {
                RegistrationState::Registered => Tone::Good,
                RegistrationState::Failed => Tone::Bad,
                RegistrationState::Unknown | RegistrationState::Registering => Tone::Open,
            },
        ),
        tunnel: aspect_report(
            &state.tunnel,
            TunnelState::name,
            match state.tunnel.state {
                TunnelState::Connected => Tone::Good,
                TunnelState::Disconnected => Tone::Bad,
                TunnelState::Unknown | TunnelState::Connecting => Tone::Open,
            },
        ),
        update: aspect_report(
            &state.update,
            UpdateState::name,
            match state.update.state {
                UpdateState::Current => Tone::Good,
                UpdateState::Failed | UpdateState::ReconnectFailed => Tone::Bad,
                UpdateState::Unknown | UpdateState::Running => Tone::Open,
            },
        ),
        facts: FactsReport {
            publisher_id: state.facts.publisher_id.as_ref().map(Foreign::from),
            tenant: state.facts.tenant.as_ref().map(Foreign::from),
            stitcher: state.facts.stitcher.as_ref().map(Foreign::from),
            address: state.facts.address.as_ref().map(Foreign::from),
        },
        events: event_reports(connector),
        logs: connector.logs.iter().map(log_report).collect(),
    }
}

fn aspect_report<S: Copy>(
    status: &Status<S>,
    name: fn(S) -> &'static str,
    tone: Tone,
) -> AspectReport<'_> {
    let advice = match tone {
        Tone::Bad => status.event.and_then(|event| advice(event, &status.reason)),
        Tone::Good | Tone::Open => None,
    };
    AspectReport {
        state: name(status.state),
        since: status.since,
        event: status.event.map(EventKind::name),
        reason: status.reason.as_str(),
        advice,
        tone,
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

fn as_object<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().copied())
}
