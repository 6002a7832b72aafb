//! A rule at work: its matters, its counts, and what it has to remember between steps.
//!
//! What sets a rule off differs by its trigger and stands in files of their own
//! ([`super::events`], [`super::rates`], [`super::samples`], [`super::notices`]); what is
//! the same for all is here: opening a matter within the bound, wording it, keeping what
//! went wrong, and the rows for the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::Severity;
use model::snapshot::{RecentEvent, RuleSnapshot};
use serde::{Deserialize, Serialize};

use super::EngineTime;
use super::book::Book;
use super::figures::moment;
use super::journal::{Decided, Journal};
use super::ledger::Ledger;
use super::lines::Lines;
use super::matter::{Matter, Words};
use super::naming::Labels;
use super::notices::Notices;
use super::rates::Rates;
use super::samples::Samples;
use super::words;
use super::world::World;
pub use crate::age::EVENT_AGE_MAX;
use crate::age::is_history;
use crate::notification::NotificationKind;
use crate::rule::condition::Condition;
use crate::rule::{Rule, SeverityOf, Trigger};

/// Most alerts of one rule that are bad, or remembered, at once. Beyond it a rule tells
/// apart what nobody reads apart.
pub const INSTANCES_MAX: usize = 1_000;

/// How long the same failure of a rule is not written to the history again.
const FAILURE_QUIET: Duration = Duration::from_secs(3_600);

/// What a step works with besides the rule itself.
pub(super) struct Turn<'a> {
    /// The present.
    pub(super) now: EngineTime,
    /// The agent's name.
    pub(super) agent: &'a Arc<str>,
    /// Nothing that happened before is told.
    pub(super) quiet_before: Option<Timestamp>,
    /// The connectors.
    pub(super) world: &'a World<'a>,
    /// The last lines of their logs.
    pub(super) lines: &'a Lines,
    /// Numbers that are given out.
    pub(super) book: &'a mut Book,
    /// What is decided.
    pub(super) journal: &'a mut Journal,
}

/// A rule with its matters.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// The rule.
    pub(super) rule: Arc<Rule>,
    /// The labels that its alerts can have.
    label_names: Arc<[Arc<str>]>,
    /// By their keys.
    pub(super) matters: BTreeMap<Arc<str>, Matter>,
    /// Counts since ever.
    pub(super) tally: Tally,
    /// What its trigger has to remember.
    pub(super) part: Part,
    /// Events since the last step that happened too long ago.
    too_old: Option<(u64, Timestamp)>,
    /// The last failure that was written, and when.
    failed: Option<(Arc<str>, Duration)>,
    /// Whether the bound was reached, which is a failure once.
    is_full: bool,
    /// Whether what was restored has not been looked at yet.
    pub(super) is_restored: bool,
}

/// What a trigger has to remember besides matters.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Nothing: events with an end, absences, updates.
    None,
    /// Events that are told, and over.
    Notices(Notices),
    /// How often of late.
    Rates(Rates),
    /// Series.
    Samples(Samples),
}

/// Counts of a rule since ever.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tally {
    /// Notifications by their word.
    notifications: BTreeMap<String, u64>,
    failures: u64,
    last_failure: Option<Arc<str>>,
    /// When that was, on the engine's clock.
    failed_at: Option<Duration>,
    #[serde(skip)]
    is_changed: bool,
}

impl Tally {
    /// Counts a notification.
    pub(super) fn count(&mut self, kind: &NotificationKind) {
        let count = self
            .notifications
            .entry(kind.word().to_owned())
            .or_default();
        *count = count.saturating_add(1);
        self.is_changed = true;
    }

    /// When the rule failed last, on the engine's clock.
    pub(super) const fn failed_at(&self) -> Option<Duration> {
        self.failed_at
    }
}

impl Desk {
    /// A rule of which nothing is known yet.
    pub(super) fn new(rule: Arc<Rule>) -> Self {
        let part = match &rule.on {
            Trigger::Event { .. } if rule.resolve_on.is_none() => Part::Notices(Notices::default()),
            Trigger::Rate { .. } => Part::Rates(Rates::default()),
            Trigger::Sample { .. } => Part::Samples(Samples::of(&rule)),
            Trigger::Event { .. } | Trigger::Absence { .. } | Trigger::Update(_) => Part::None,
        };
        Self {
            label_names: rule.label_names().into_iter().map(Arc::from).collect(),
            rule,
            matters: BTreeMap::new(),
            tally: Tally::default(),
            part,
            too_old: None,
            failed: None,
            is_full: false,
            is_restored: false,
        }
    }

    /// The matter of this name; a new one if there is none and room for it.
    pub(super) fn open(
        &mut self,
        key: &Arc<str>,
        labels: &Labels,
        turn: &mut Turn<'_>,
    ) -> Option<&mut Matter> {
        let is_known = self.matters.contains_key(key);
        if !is_known && INSTANCES_MAX <= self.matters.len() {
            if !self.is_full {
                self.is_full = true;
                let what = format!(
                    "it has {INSTANCES_MAX} alerts at once: {key} and others are not looked at"
                );
                self.fail(what, turn);
            }
            return None;
        }
        let at = turn.now.wall;
        let book = &mut *turn.book;
        let matter = self
            .matters
            .entry(Arc::clone(key))
            .or_insert_with(|| Matter::new(Arc::clone(key), labels.clone(), book.take_index(), at));
        Some(matter)
    }

    /// Says what a matter is to tell people, unless they have read of it already.
    pub(super) fn word(&mut self, key: &str, event: Option<&RecentEvent>, turn: &mut Turn<'_>) {
        let Some(matter) = self.matters.get_mut(key) else {
            return;
        };
        if !matter.is_between_episodes() {
            return;
        }
        let (severity, worded) = words::of(&self.rule, &matter.labels, event);
        matter.severity = severity;
        let faults = worded.faults.clone();
        matter.words = worded;
        matter.is_changed = true;
        for fault in faults {
            self.fail(fault, turn);
        }
    }

    /// What an event that is over with being told says.
    pub(super) fn words_of(
        &mut self,
        labels: &Labels,
        event: &RecentEvent,
        turn: &mut Turn<'_>,
    ) -> (Severity, Words) {
        let (severity, worded) = words::of(&self.rule, labels, Some(event));
        for fault in &worded.faults {
            self.fail(fault.clone(), turn);
        }
        (severity, worded)
    }

    /// Whether a condition holds. One that cannot be evaluated is a failure of the rule,
    /// and its words.
    pub(super) fn ask(
        &mut self,
        condition: Option<&Condition>,
        connector: &str,
        event: Option<&RecentEvent>,
        turn: &mut Turn<'_>,
    ) -> Result<bool, String> {
        let Some(condition) = condition else {
            return Ok(true);
        };
        let world = turn.world;
        let asked = world.ask(connector, event, |scope| condition.evaluate(scope));
        asked.map_err(|error| {
            let what = format!("the condition `{}` failed: {error}", condition.text());
            self.fail(what.clone(), turn);
            what
        })
    }

    /// Whether an event is too old to be told. It is counted then.
    pub(super) fn is_too_old(&mut self, at: Timestamp, turn: &Turn<'_>) -> bool {
        let is_history = is_history(at, turn.quiet_before, turn.now.wall);
        if is_history {
            let count = self.too_old.map_or(0, |(count, _)| count);
            self.too_old = Some((count.saturating_add(1), at));
        }
        is_history
    }

    /// Writes to the history what the step left out. At the end of each step.
    pub(super) fn close_step(&mut self, turn: &mut Turn<'_>) {
        self.is_full = self.is_full && INSTANCES_MAX <= self.matters.len();
        let Some((count, last)) = self.too_old.take() else {
            return;
        };
        let last = moment(last);
        let reason = match turn.quiet_before {
            Some(_) => format!("{count} before the first start are not told, the last of {last}"),
            None => format!("{count} of more than a day ago are not told, the last of {last}"),
        };
        let about = (&self.rule.id, &self.rule.id);
        turn.journal
            .note(about, Decided::TooOld, reason, turn.now.wall);
    }

    /// Keeps that the rule could not be followed.
    pub(super) fn fail(&mut self, what: String, turn: &mut Turn<'_>) {
        let clock = turn.now.clock;
        self.tally.failures = self.tally.failures.saturating_add(1);
        self.tally.failed_at = Some(turn.now.clock);
        self.tally.is_changed = true;
        let is_written = self
            .failed
            .as_ref()
            .is_some_and(|(text, at)| **text == *what && clock.saturating_sub(*at) < FAILURE_QUIET);
        if is_written {
            return;
        }
        let text: Arc<str> = Arc::from(&*what);
        self.failed = Some((Arc::clone(&text), clock));
        self.tally.last_failure = Some(text);
        let about = (&self.rule.id, &self.rule.id);
        turn.journal
            .note(about, Decided::Fault, what, turn.now.wall);
    }

    /// The rule with its counts, for readers.
    pub(super) fn snapshot(&self) -> RuleSnapshot {
        let count = |word: &&'static str| {
            let told = self.tally.notifications.get(*word).copied();
            (*word, told.unwrap_or_default())
        };
        RuleSnapshot {
            id: Arc::clone(&self.rule.id),
            alert: Arc::clone(&self.rule.alert),
            runbook: Arc::clone(&self.rule.runbook),
            labels: Arc::clone(&self.label_names),
            severity: match &self.rule.severity {
                SeverityOf::Is(severity) => *severity,
                SeverityOf::Told(_) => Severity::Critical,
            },
            notifications: NotificationKind::WORDS.iter().map(count).collect(),
            failures: self.tally.failures,
            last_failure: self.tally.last_failure.clone(),
        }
    }

    /// Forgets matters of which nothing is worth remembering, and puts the rows of those
    /// that changed.
    pub(super) fn store(&mut self, clock: Duration, ledger: &mut Ledger) {
        let rule = &self.rule.id;
        let is_over = |matter: &Matter| matter.is_forgettable(clock);
        self.matters.retain(|key, matter| {
            if is_over(matter) {
                ledger.remove(&row_key(rule, key));
                return false;
            }
            if std::mem::take(&mut matter.is_changed) {
                ledger.put_value(&row_key(rule, key), matter);
            }
            true
        });
        if std::mem::take(&mut self.tally.is_changed) {
            ledger.put_value(&tally_key(rule), &self.tally);
        }
        match &mut self.part {
            Part::Notices(notices) => notices.store(rule, ledger),
            Part::Rates(rates) => rates.store(rule, ledger),
            Part::None | Part::Samples(_) => {}
        }
    }
}

/// The key of a matter's row.
pub(super) fn row_key(rule: &str, key: &str) -> String {
    format!("rule/{rule}/{key}")
}

/// The key of the row of a rule's counts.
pub(super) fn tally_key(rule: &str) -> String {
    format!("told/{rule}")
}

/// When an event happened, as far as it is believed: no later than now.
pub(super) fn happened_at(event: &RecentEvent, now: Timestamp) -> Timestamp {
    event.event.time.unwrap_or(event.read_at).min(now)
}
