//! Steps the rules: from events and the present picture to alerts and notifications.
//!
//! One engine for all rules, update runs, silences and maintenance windows. It is pure:
//! time, facts and events are arguments, what it decides is taken with
//! [`Engine::take_output`], and what must outlive the process with
//! [`Engine::uncommitted`]. Deciding twice, since a crash undid the first time, gives the
//! same ids. Every decision leaves a line of history that says why.
//!
//! Not here: what rules look like on paper ([`crate::rule`]), wording for a receiver
//! ([`crate::compose`]), sending ([`crate::deliver`]).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::{AlertRow, HistoryRow, Severity, Silence};
use model::snapshot::{RecentEvent, RuleSnapshot};

use crate::facts::Facts;
use crate::notification::Notification;
use crate::profile::Profile;
use crate::rule::RuleSet;
use crate::schedule::Schedule;

/// The present, on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineTime {
    /// Runs on whatever happens to the wall clock, and goes on over restarts: for `for`,
    /// waits and windows.
    pub clock: Duration,
    /// The wall clock: for schedules, silences and people.
    pub wall: Timestamp,
}

/// What the engine works with; the configuration's part.
#[derive(Debug, Clone, Default)]
pub struct EnginePlan {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Update profiles.
    pub profiles: Vec<Profile>,
    /// When nobody wants to be told.
    pub maintenance: Vec<MaintenanceWindow>,
    /// Silences that stand in the configuration.
    pub silences: Vec<Silence>,
    /// Releases of the Publisher, the newest first, for the N-2 policy. Empty: unknown.
    pub releases: Vec<Arc<str>>,
    /// The agent's name: part of every id.
    pub agent: Arc<str>,
    /// Nothing that happened before is told: the start of an agent that knows nothing of
    /// what its logs hold. `None` if it has a history.
    pub quiet_before: Option<Timestamp>,
}

/// A time in which alerts are held back.
#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceWindow {
    /// Its name.
    pub name: Arc<str>,
    /// When it begins, again and again; or once.
    pub begins: Beginning,
    /// How long it lasts.
    pub lasts: Duration,
    /// Which alerts it holds: as in [`Silence::matchers`]; empty: all.
    pub matchers: Vec<(Arc<str>, Arc<str>)>,
}

/// When a maintenance window begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Beginning {
    /// Once.
    At(Timestamp),
    /// As scheduled.
    By(Schedule),
}

/// What was decided since it was asked last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// What people are to be told, in order.
    pub notifications: Vec<Notification>,
    /// The decisions with their reasons, in order. Serials are given by the caller.
    pub history: Vec<HistoryRow>,
    /// Judgements of our own that are also events, such as a timed-out update.
    pub events: Vec<RecentEvent>,
}

/// All rules, stepping.
#[derive(Debug, Default)]
pub struct Engine {
    plan: EnginePlan,
}

impl Engine {
    /// Begins where `restored`, what [`Self::uncommitted`] gave to an earlier one, ended.
    /// What belongs to rules that are gone is dropped, what cannot be read too.
    pub fn open(plan: EnginePlan, _restored: &[(Arc<str>, Vec<u8>)], _now: EngineTime) -> Self {
        Self { plan }
    }

    /// How far the steady clock had come in what [`Self::uncommitted`] gave to an earlier
    /// one: the next one goes on from there at least.
    pub fn stored_clock(_restored: &[(Arc<str>, Vec<u8>)]) -> Option<Duration> {
        None
    }

    /// Puts another plan in force. Alerts of rules that stay go on; those of rules that are
    /// gone are over, and whoever was told hears so.
    pub fn change(&mut self, plan: EnginePlan, _now: EngineTime) {
        self.plan = plan;
    }

    /// Takes in an event, in the order in which lines were read.
    pub fn take_event(&mut self, _event: &RecentEvent, _now: EngineTime) {}

    /// Steps every rule on the present picture.
    pub fn step(&mut self, _facts: &dyn Facts, _now: EngineTime) {}

    /// Adds, replaces or ends a silence.
    pub fn silence(&mut self, _silence: Silence) {}

    /// What was decided since it was asked last.
    pub fn take_output(&mut self) -> Output {
        Output::default()
    }

    /// Alerts that are pending, firing or just over, the worst first.
    pub fn rows(&self) -> Vec<AlertRow> {
        Vec::new()
    }

    /// The rules with their counts since ever.
    pub fn rules(&self) -> Vec<RuleSnapshot> {
        Vec::new()
    }

    /// Silences that are in force or will be.
    pub fn silences(&self) -> Vec<Silence> {
        self.plan.silences.clone()
    }

    /// When profiles' next scheduled updates begin.
    pub fn scheduled(&self, _now: EngineTime) -> Vec<(Arc<str>, Option<Timestamp>)> {
        Vec::new()
    }

    /// How many newer releases than its own there are, of connectors of which it is known.
    pub fn releases_behind(&self) -> Vec<(Arc<str>, u32)> {
        Vec::new()
    }

    /// What changed since the last commit: to be stored under these keys.
    pub fn uncommitted(&self) -> Vec<(Arc<str>, Option<Vec<u8>>)> {
        Vec::new()
    }

    /// The store has all of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {}

    /// No store has any of it.
    pub fn mark_uncommitted(&mut self) {}
}

/// What a notification of a test says, for whoever wants to see whether messages arrive.
pub fn test_notification(agent: &str, receiver: &str, at: Timestamp, serial: u64) -> Notification {
    let id: Arc<str> = Arc::from(format!("{serial:016x}"));
    Notification {
        thread: Arc::clone(&id),
        id,
        kind: crate::notification::NotificationKind::Test,
        rule: Arc::from("test"),
        alert: Arc::from("TEST"),
        key: Arc::from("test"),
        index: 0,
        severity: Severity::Info,
        receivers: vec![Arc::from(receiver)],
        labels: vec![(Arc::from("agent"), Arc::from(agent))],
        at,
        started_at: at,
        ended_at: None,
        summary: "This is a test: nothing is wrong".to_owned(),
        action: "Nothing: whoever asked for it wants to know that messages arrive".to_owned(),
        runbook: Arc::default(),
        number: 1,
        facts: Vec::new(),
        items: Vec::new(),
        log_lines: Vec::new(),
        faults: Vec::new(),
    }
}
