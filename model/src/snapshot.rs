//! What every reader sees: one immutable picture of the last committed turn.
//!
//! `/metrics`, the page, SNMP and the rules read the same [`Snapshot`], so they
//! cannot disagree. It holds committed values only: what a crash could take back is
//! not in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::alert::{AgentFault, AlertRow, HistoryRow, Severity, Silence};
use crate::connector::{ConnectorKind, ConnectorState, Facts, ProbeFailure, Tool};
use crate::delivery::{Delivery, OutboxMessage};
use crate::event::{Event, EventKey, EventKind};
use crate::histogram::RttHistogram;
use crate::host::HostSample;
use crate::host::threshold::ThresholdFact;
use crate::log::{DateOrderTaken, GenerationCause, LineOutcome, LossCause};
use crate::probe::{ProbeFault, ProbePlan, ProbeRun};
use crate::untrusted::Untrusted;

/// Most events kept for people to look at, over all connectors. Beyond it whoever has most
/// gives up its own oldest.
pub const RECENT_EVENTS_MAX: usize = 200;

/// Most events kept of each connector beside these, however many others there are: what
/// somebody who looks at this one wants to see.
pub const OWN_EVENTS_MAX: usize = 20;

/// Most names of whom [`OWN_EVENTS_MAX`] are kept: 64 connectors, and the host with the
/// probes that belong to none, whose name is empty.
pub const EVENT_NAMES_MAX: usize = 65;

/// The state of everything at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// When it was taken, by the wall clock. `None` before the first turn.
    pub taken_at: Option<Timestamp>,
    /// Whether the bytes that the logs held at start have all been read.
    pub is_caught_up: bool,
    /// The connectors, in the configuration's order.
    pub connectors: Vec<ConnectorSnapshot>,
    /// The host, when it was looked at last. `None` before the first sample, and if
    /// nobody wants to know.
    pub host: Option<Arc<HostSnapshot>>,
    /// The active probes, in the configuration's order.
    pub probes: Vec<ProbeSnapshot>,
    /// The latest events, newest first, at most [`RECENT_EVENTS_MAX`].
    pub recent_events: Arc<[RecentEvent]>,
    /// The latest events of each connector, newest first, at most [`OWN_EVENTS_MAX`].
    pub own_events: Arc<BTreeMap<Arc<str>, Vec<Arc<RecentEvent>>>>,
    /// Alerts, and messages on their way.
    pub alerts: Arc<AlertsSnapshot>,
}

impl Snapshot {
    /// The latest events of one connector, newest first: its share of [`Self::recent_events`],
    /// or its own last ones if these are more. An empty name is the host's, and that of
    /// probes that belong to none.
    pub fn events_of<'a>(&'a self, connector: &str) -> Vec<&'a RecentEvent> {
        let shared = self.recent_events.iter();
        let shared: Vec<_> = shared
            .filter(|event| &*event.connector == connector)
            .collect();
        match self.own_events.get(connector) {
            Some(own) if shared.len() < own.len() => own.iter().map(|event| &**event).collect(),
            Some(_) | None => shared,
        }
    }
}

/// Most decisions kept for people to look at on the page; the store has more.
pub const RECENT_HISTORY_MAX: usize = 100;

/// Most messages kept for people to look at on the page; the store has more.
pub const RECENT_MESSAGES_MAX: usize = 50;

/// A message, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSnapshot {
    /// The message without its body.
    pub message: OutboxMessage,
    /// Its deliveries, each to one recipient.
    pub deliveries: Vec<Delivery>,
}

/// How often each word of a closed list came.
pub type WordCounts = Vec<(&'static str, u64)>;

/// Alerts and their messages at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertsSnapshot {
    /// Rules in force, in their order.
    pub rules: Vec<RuleSnapshot>,
    /// What is pending, firing or just over, the worst first.
    pub rows: Vec<AlertRow>,
    /// The latest decisions, newest first, at most [`RECENT_HISTORY_MAX`].
    pub history: Arc<[HistoryRow]>,
    /// The latest messages with what became of them, newest first, at most
    /// [`RECENT_MESSAGES_MAX`].
    pub messages: Arc<[MessageSnapshot]>,
    /// Silences that are in force or will be.
    pub silences: Vec<Silence>,
    /// The ids of those that the configuration names, in force or not.
    pub configured_silences: Vec<Arc<str>>,
    /// What waits to be delivered.
    pub outbox: OutboxSnapshot,
    /// Receivers in force with their attempts by result, every result present.
    pub deliveries: Vec<(Arc<str>, WordCounts)>,
    /// Events that no rule saw.
    pub events_skipped: u64,
    /// When the profiles' next scheduled updates begin.
    pub scheduled: Vec<(Arc<str>, Option<Timestamp>)>,
    /// How many newer releases than its own there are, of connectors of which it is known.
    pub releases_behind: Vec<(Arc<str>, u32)>,
    /// What is wrong with the agent, every fault present.
    pub faults: Vec<(AgentFault, bool)>,
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSnapshot {
    /// Its id.
    pub id: Arc<str>,
    /// The type of alert.
    pub alert: Arc<str>,
    /// Where its runbook is: an address, or a path. Empty if it has none.
    pub runbook: Arc<str>,
    /// The labels that its alerts can have, `rule`, `alert` and `severity` aside.
    pub labels: Arc<[Arc<str>]>,
    /// How bad its alerts are, or the worst of them if that depends.
    pub severity: Severity,
    /// Notifications by what they say, every word present.
    pub notifications: WordCounts,
    /// Times it could not be evaluated.
    pub failures: u64,
    /// The last such failure, in words for people.
    pub last_failure: Option<Arc<str>>,
}

/// What waits to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxSnapshot {
    /// Deliveries not tried yet.
    pub queued: u64,
    /// Deliveries tried without success, to be tried again.
    pub retrying: u64,
    /// Since when the oldest message of them waits: since it was rendered, or since its
    /// receiver's hourly limit last held it.
    pub oldest_at: Option<Timestamp>,
}

/// The host at one moment, and how it stands to its limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostSnapshot {
    /// What was read.
    pub sample: Arc<HostSample>,
    /// Its limits, each resource that has one.
    pub thresholds: Vec<ThresholdFact>,
}

/// An active probe and how it fared.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeSnapshot {
    /// The probe.
    pub plan: ProbePlan,
    /// The last run; `None` before the first of this process.
    pub last: Option<Arc<ProbeRun>>,
    /// When it ended.
    pub ran_at: Option<Timestamp>,
    /// When a run succeeded last, in this process or an earlier one.
    pub succeeded_at: Option<Timestamp>,
    /// Runs, however they ended.
    pub runs: u64,
    /// Runs that failed by cause, every cause of the kind present.
    pub failures: Vec<(ProbeFault, u64)>,
}

/// One connector.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorSnapshot {
    /// The configured name: label `connector`.
    pub name: Arc<str>,
    /// The product.
    pub kind: ConnectorKind,
    /// Its state.
    pub state: ConnectorState,
    /// Every event and reason that its catalogue can tell, with its count, from 0 on.
    pub events: Vec<(EventKey, u64)>,
    /// When each event happened last. An event that never did is not in it.
    pub last_events: Vec<(EventKind, Timestamp)>,
    /// Its logs, in the configuration's order.
    pub logs: Vec<LogSnapshot>,
    /// What its own tools say, in the order of [`Tool::ALL`]; empty without tools.
    pub tools: Vec<ToolSnapshot>,
    /// Facts that its tools told. Unlike those of `state.facts` no log can forge them.
    pub tool_facts: Facts,
    /// When its configuration was updated last, as its tools told.
    pub configured_at: Option<Timestamp>,
    /// How often a tool showed a tunnel younger than before: it was built anew.
    pub tunnel_reconnects: u64,
    /// Round trips by point of presence, sorted by its name.
    pub round_trips: Vec<(Arc<str>, RttHistogram)>,
    /// When a log line or a tool was heard last.
    pub heard_at: Option<Timestamp>,
    /// Whether it was silent for so long that its states were forgotten.
    pub is_silent: bool,
}

/// How a tool of a connector fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSnapshot {
    /// Which.
    pub tool: Tool,
    /// Whether the last run gave a reading; `None` before the first.
    pub is_success: Option<bool>,
    /// How long the last run took.
    pub duration: Option<Duration>,
    /// When a run gave a reading last.
    pub succeeded_at: Option<Timestamp>,
    /// Runs, whatever their end.
    pub runs: u64,
    /// Runs without a reading by cause, every cause present.
    pub failures: Vec<(ProbeFailure, u64)>,
}

/// One configured log of a connector.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogSnapshot {
    /// The configured name: label `log`.
    pub name: Arc<str>,
    /// Lines by outcome, every outcome present.
    pub lines: Vec<(LineOutcome, u64)>,
    /// Bytes read, unpacked.
    pub bytes: u64,
    /// Bytes written and not read yet.
    pub lag_bytes: u64,
    /// When a line was read last.
    pub last_read_at: Option<Timestamp>,
    /// New beginnings by cause, every cause present.
    pub generations: Vec<(GenerationCause, u64)>,
    /// Lost bytes by cause, every cause present.
    pub lost_bytes: Vec<(LossCause, u64)>,
    /// Files with ambiguous dates by the order that was taken. Empty for a log whose
    /// format cannot be read in two ways.
    pub ambiguous_dates: Vec<(DateOrderTaken, u64)>,
    /// Near misses by function, every function of the catalogue present.
    pub near_misses: Vec<NearMiss>,
    /// The files followed now, by path.
    pub files: Vec<FileSnapshot>,
    /// Files that match but cannot be read now, with the system's reason.
    pub unreadable: Vec<UnreadableFile>,
    /// Files that match and wait because as many as allowed are followed.
    pub files_over_limit: u64,
}

/// How often a known function said something unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// `file.cpp:function`, from the catalogue: label `function`.
    pub function: Arc<str>,
    /// How often.
    pub count: u64,
    /// The last such line, redacted.
    pub sample: Option<Untrusted>,
}

/// A followed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSnapshot {
    /// Its present path.
    pub path: String,
    /// The next unread byte.
    pub offset: u64,
    /// Its size when it was last looked at, in unpacked bytes as far as known.
    pub size: u64,
}

/// A file that cannot be read now. It is tried again at each scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// Its path.
    pub path: String,
    /// The system's words, for example "Permission denied".
    pub error: String,
    /// It is no log at all: a folder, a device, a foreign packing. Looking again will
    /// not help, and nothing of the log is missing without it.
    pub is_refused: bool,
}

/// An event with its provenance: a line of a log, or what a probe or a sample of the
/// host told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentEvent {
    /// Which connector. Empty for the host, and for a probe that belongs to none.
    pub connector: Arc<str>,
    /// Which of its logs; or a source that no log can be named like: `probe:NAME`, or
    /// `host:RESOURCE`.
    pub log: Arc<str>,
    /// The file's path when it was read. Empty if it was no line.
    pub file: Arc<str>,
    /// Where the line begins in the file.
    pub offset: u64,
    /// When the line was read, or the news came.
    pub read_at: Timestamp,
    /// The event.
    pub event: Event,
    /// What the line said, redacted and short, on its way to the rules, whose mails quote
    /// it. `None` everywhere else, and for lines that are about people: no store, page or
    /// JSON has it.
    pub line: Option<Untrusted>,
}
