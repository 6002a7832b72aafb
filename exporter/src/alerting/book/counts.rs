//! How often alerting did what: counters that survive, exact over a kill.
//!
//! In the same table as all other counters, and committed with the decisions that they
//! count. A rule or receiver that is new begins at 0, or where it once was.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alerts::notification::NotificationKind;
use alerts::outbox::RESULTS;
use model::reading::SeriesKey;
use model::signal::{AlertSignal, Signal};
use model::snapshot::{RuleSnapshot, WordCounts};

use crate::pipeline::counters::{CounterIndex, CounterTable};

/// The counters of alerting.
#[derive(Debug)]
pub(super) struct AlertCounts {
    table: CounterTable,
    skipped_at: CounterIndex,
    /// First of [`NotificationKind::WORDS`], by rule.
    notifications: BTreeMap<Arc<str>, CounterIndex>,
    failures: BTreeMap<Arc<str>, CounterIndex>,
    /// First of [`RESULTS`], by receiver.
    deliveries: BTreeMap<Arc<str>, CounterIndex>,
    /// The engine's own count of a rule's failures when it was looked at last.
    failures_seen: BTreeMap<Arc<str>, u64>,
}

impl AlertCounts {
    pub(super) fn open(restored: HashMap<SeriesKey, u64>) -> Self {
        let mut table = CounterTable::new(restored);
        let skipped_at = table.open(Signal::Alert(AlertSignal::EventsSkipped), [Vec::new()]);
        Self {
            table,
            skipped_at,
            notifications: BTreeMap::new(),
            failures: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            failures_seen: BTreeMap::new(),
        }
    }

    /// The rules in force: each has its series from now on. What failed before is counted.
    pub(super) fn open_rules(&mut self, rules: &[RuleSnapshot]) {
        for rule in rules {
            self.notifications_of(&rule.id);
            self.failures_of(&rule.id);
            self.failures_seen
                .insert(Arc::clone(&rule.id), rule.failures);
        }
    }

    /// A receiver in force: it has its series from now on.
    pub(super) fn open_receiver(&mut self, receiver: &Arc<str>) {
        self.deliveries_of(receiver);
    }

    pub(super) fn notified(&mut self, rule: &Arc<str>, kind: &NotificationKind) {
        let mut words = NotificationKind::WORDS.iter();
        if let Some(step) = words.position(|word| *word == kind.word()) {
            let first = self.notifications_of(rule);
            self.table.add(first.plus(step), 1);
        }
    }

    /// Counts the failures of rules since it was asked last.
    pub(super) fn failed(&mut self, rules: &[RuleSnapshot]) {
        for rule in rules {
            let seen = self
                .failures_seen
                .insert(Arc::clone(&rule.id), rule.failures);
            let more = rule.failures.saturating_sub(seen.unwrap_or_default());
            if 0 < more {
                let index = self.failures_of(&rule.id);
                self.table.add(index, more);
            }
        }
    }

    pub(super) fn delivered(&mut self, receiver: &Arc<str>, result: &str, attempts: u64) {
        if let Some(step) = RESULTS.iter().position(|word| *word == result) {
            let first = self.deliveries_of(receiver);
            self.table.add(first.plus(step), attempts);
        }
    }

    pub(super) fn skipped(&mut self, events: u64) {
        self.table.add(self.skipped_at, events);
    }

    pub(super) fn events_skipped(&self) -> u64 {
        self.table.value(self.skipped_at)
    }

    /// A rule as it is shown, with the counts that survive.
    pub(super) fn of_rule(&self, rule: RuleSnapshot) -> RuleSnapshot {
        let first = self.notifications.get(&rule.id);
        let failures = self.failures.get(&rule.id);
        RuleSnapshot {
            notifications: self.counts(NotificationKind::WORDS, first.copied()),
            failures: failures.map_or(0, |index| self.table.value(*index)),
            ..rule
        }
    }

    pub(super) fn of_receiver(&self, receiver: &Arc<str>) -> WordCounts {
        self.counts(RESULTS, self.deliveries.get(receiver).copied())
    }

    pub(super) fn uncommitted(&self) -> Vec<(SeriesKey, u64)> {
        self.table.uncommitted()
    }

    pub(super) fn mark_committed(&mut self) {
        self.table.mark_committed();
    }

    pub(super) fn mark_uncommitted(&mut self) {
        self.table.mark_uncommitted();
    }

    fn counts(&self, words: &[&'static str], first: Option<CounterIndex>) -> WordCounts {
        let value = |step: usize| first.map_or(0, |index| self.table.value(index.plus(step)));
        let steps = words.iter().enumerate();
        steps.map(|(step, word)| (*word, value(step))).collect()
    }

    fn notifications_of(&mut self, rule: &Arc<str>) -> CounterIndex {
        let table = &mut self.table;
        let open = || {
            open_words(
                table,
                AlertSignal::Notifications,
                rule,
                NotificationKind::WORDS,
            )
        };
        *self
            .notifications
            .entry(Arc::clone(rule))
            .or_insert_with(open)
    }

    fn failures_of(&mut self, rule: &Arc<str>) -> CounterIndex {
        let table = &mut self.table;
        let signal = Signal::Alert(AlertSignal::RuleFailures);
        let open = || table.open(signal, [vec![Arc::clone(rule)]]);
        *self.failures.entry(Arc::clone(rule)).or_insert_with(open)
    }

    fn deliveries_of(&mut self, receiver: &Arc<str>) -> CounterIndex {
        let table = &mut self.table;
        let open = || open_words(table, AlertSignal::Deliveries, receiver, RESULTS);
        *self
            .deliveries
            .entry(Arc::clone(receiver))
            .or_insert_with(open)
    }
}

fn open_words(
    table: &mut CounterTable,
    signal: AlertSignal,
    first: &Arc<str>,
    words: &[&str],
) -> CounterIndex {
    let labels = words
        .iter()
        .map(|word| vec![Arc::clone(first), Arc::from(*word)]);
    table.open(Signal::Alert(signal), labels)
}
