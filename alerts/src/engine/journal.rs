//! What was decided, until somebody takes it: notifications, and a line of history for each
//! decision.
//!
//! Only changes of mind are written, never "still the same". Should more be decided between
//! two looks than anybody reads, the rest is counted and the count written.

use std::sync::Arc;

use jiff::Timestamp;
use model::alert::HistoryRow;

use super::Output;
use crate::notification::Notification;

/// Most lines of history from one [`Journal::take`] to the next.
pub(super) const HISTORY_MAX: usize = 2_000;

/// What was decided: the closed list of [`HistoryRow::decision`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decided {
    /// It began to be bad, not for long enough yet.
    Pending,
    /// It was bad, not for long enough, and is good.
    Passed,
    /// It is told.
    Firing,
    /// It is told that it comes and goes.
    Flapping,
    /// It is told again.
    Reminder,
    /// A second receiver is told.
    Escalation,
    /// It is told that it is over, or over without anybody being told since the rule says so.
    Resolved,
    /// It is not told, since something holds it back.
    Held,
    /// It was over before anybody was told.
    NeverTold,
    /// Something that happened is told.
    Notice,
    /// It happened again too soon to be told: the next notice counts it.
    Duplicate,
    /// It waits to be told together with others.
    Batched,
    /// It happened too long ago to be told.
    TooOld,
    /// Something of an update run.
    Update,
    /// A rule could not be evaluated, or has too many alerts.
    Fault,
    /// Decisions that are not listed.
    LeftOut,
}

impl Decided {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Pending,
        Self::Passed,
        Self::Firing,
        Self::Flapping,
        Self::Reminder,
        Self::Escalation,
        Self::Resolved,
        Self::Held,
        Self::NeverTold,
        Self::Notice,
        Self::Duplicate,
        Self::Batched,
        Self::TooOld,
        Self::Update,
        Self::Fault,
        Self::LeftOut,
    ];

    /// The word in the history.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Firing => "firing",
            Self::Flapping => "flapping",
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Resolved => "resolved",
            Self::Held => "held",
            Self::NeverTold => "never_told",
            Self::Notice => "notice",
            Self::Duplicate => "duplicate",
            Self::Batched => "batched",
            Self::TooOld => "too_old",
            Self::Update => "update",
            Self::Fault => "fault",
            Self::LeftOut => "left_out",
        }
    }
}

/// What was decided since it was taken last.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    output: Output,
    left_out: u64,
    /// The time of the last decision.
    at: Timestamp,
}

impl Journal {
    /// A decision that tells nobody. `about` is the rule and the key.
    pub(super) fn note(
        &mut self,
        about: (&Arc<str>, &Arc<str>),
        decided: Decided,
        reason: String,
        at: Timestamp,
    ) {
        self.write(HistoryRow {
            serial: 0,
            at,
            rule: Arc::clone(about.0),
            key: Arc::clone(about.1),
            decision: Arc::from(decided.word()),
            reason,
            notification: None,
        });
    }

    /// A decision with what people are told.
    pub(super) fn tell(&mut self, said: Notification, decided: Decided, reason: String) {
        self.write(HistoryRow {
            serial: 0,
            at: said.at,
            rule: Arc::clone(&said.rule),
            key: Arc::clone(&said.key),
            decision: Arc::from(decided.word()),
            reason,
            notification: Some(Arc::clone(&said.id)),
        });
        self.output.notifications.push(said);
    }

    /// What others decided.
    pub(super) fn absorb(&mut self, other: Output) {
        for row in other.history {
            self.write(row);
        }
        self.output.notifications.extend(other.notifications);
        self.output.events.extend(other.events);
    }

    /// Everything, and how much of the history is missing in it.
    pub(super) fn take(&mut self) -> Output {
        let mut output = std::mem::take(&mut self.output);
        let left_out = std::mem::take(&mut self.left_out);
        if 0 < left_out {
            output.history.push(HistoryRow {
                serial: 0,
                at: self.at,
                rule: Arc::default(),
                key: Arc::default(),
                decision: Arc::from(Decided::LeftOut.word()),
                reason: format!("{left_out} more decisions at once are not listed"),
                notification: None,
            });
        }
        output
    }

    fn write(&mut self, row: HistoryRow) {
        self.at = row.at;
        // Whatever led to a message is always listed.
        if self.output.history.len() < HISTORY_MAX || row.notification.is_some() {
            self.output.history.push(row);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_decisions_is_counted_and_not_listed() {
        let mut journal = Journal::default();
        let name: Arc<str> = Arc::from("r");
        for _ in 0..HISTORY_MAX + 7 {
            journal.note(
                (&name, &name),
                Decided::Pending,
                String::new(),
                Timestamp::UNIX_EPOCH,
            );
        }
        let output = journal.take();
        assert_eq!(output.history.len(), HISTORY_MAX + 1);
        let last = &output.history[HISTORY_MAX];
        assert_eq!(&*last.decision, "left_out");
        assert!(last.reason.starts_with("7 more"), "{}", last.reason);
        assert_eq!(journal.take(), Output::default());
    }

    #[test]
    fn every_decision_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            Decided::ALL.iter().map(|one| one.word()).collect();
        assert_eq!(words.len(), Decided::ALL.len());
    }
}
