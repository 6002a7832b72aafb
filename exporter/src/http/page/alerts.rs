//! Alerts on the status page, in words.
//!
//! Text that a log may have written is made printable by the template.

use jiff::Timestamp;
use model::alert::{AlertPhase, Severity};
use model::connector::Mood;
use model::delivery::DeliveryState;

use super::words;
use crate::http::status::{
    AlertReport, AlertsReport, DecisionReport, DeliveryReport, MessageReport,
};

/// Most decisions and most messages on the page; the JSON has more, the store most.
const ROWS_MAX: usize = 20;

impl AlertsReport<'_> {
    /// Whether there is anything to show but rules.
    pub(super) const fn is_empty(&self) -> bool {
        self.alerts.is_empty()
            && self.messages.is_empty()
            && self.history.is_empty()
            && self.silences.is_empty()
            && self.faults.is_empty()
            && self.updates.is_empty()
    }

    /// Bad while something fires that is worth a look, and while the agent is not well.
    pub(super) fn mood(&self) -> Mood {
        let is_bad = |alert: &AlertReport<'_>| {
            alert.phase == AlertPhase::Firing && alert.severity != Severity::Info
        };
        if !self.faults.is_empty() || self.alerts.iter().any(is_bad) {
            Mood::Bad
        } else if self.alerts.is_empty() {
            Mood::Good
        } else {
            Mood::Open
        }
    }

    /// All alerts in a few words.
    pub(super) fn summary(&self) -> String {
        let count = |phase| {
            let alerts = self.alerts.iter();
            alerts.filter(|alert| alert.phase == phase).count()
        };
        let held = self.alerts.iter().filter(|alert| alert.held_by.is_some());
        let mut parts = vec![format!("{} firing", count(AlertPhase::Firing))];
        let others = [
            (count(AlertPhase::Pending), "pending"),
            (held.count(), "held back"),
            (self.faults.len(), "faults of the agent"),
        ];
        for (number, word) in others {
            if 0 < number {
                parts.push(format!("{number} {word}"));
            }
        }
        parts.join(", ")
    }

    /// What is wrong with the agent, in words.
    pub(super) fn faults_in_words(&self) -> String {
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|fault| fault.replace('_', " "))
            .collect();
        faults.join(", ")
    }

    pub(super) fn latest_messages(&self) -> &[MessageReport<'_>] {
        self.messages.get(..ROWS_MAX).unwrap_or(&self.messages)
    }

    pub(super) fn latest_decisions(&self) -> &[DecisionReport<'_>] {
        self.history.get(..ROWS_MAX).unwrap_or(&self.history)
    }
}

impl AlertReport<'_> {
    /// As the style sheet knows it.
    pub(super) const fn tone(&self) -> &'static str {
        match (self.phase, self.severity) {
            (AlertPhase::Firing, Severity::Warning | Severity::Critical) => "bad",
            (AlertPhase::Firing, Severity::Info)
            | (AlertPhase::Pending | AlertPhase::Resolving, _) => "open",
        }
    }

    /// How it stands, with the countdown of one that is pending.
    pub(super) fn state(&self, now: &Timestamp) -> String {
        let phase = self.phase.name();
        match self.fires_at {
            Some(at) => {
                let left = at.as_second().saturating_sub(now.as_second()).max(0);
                format!("{phase}, fires in {}", words::span(left))
            }
            None => phase.to_owned(),
        }
    }
}

impl DeliveryReport<'_> {
    /// As the style sheet knows it.
    pub(super) const fn tone(&self) -> &'static str {
        match self.state {
            DeliveryState::Sent => "good",
            DeliveryState::Dead => "bad",
            DeliveryState::Queued | DeliveryState::Digested => "open",
        }
    }

    /// What became of it, in a few words.
    pub(super) fn fate(&self) -> String {
        let attempts = match self.attempts {
            0 => String::new(),
            1 => " after 1 attempt".to_owned(),
            more => format!(" after {more} attempts"),
        };
        match self.state {
            DeliveryState::Sent => "sent".to_owned(),
            DeliveryState::Dead => format!("given up{attempts}"),
            DeliveryState::Queued if self.attempts == 0 => "waits".to_owned(),
            DeliveryState::Queued => format!("tried again{attempts}"),
            DeliveryState::Digested => "in a digest".to_owned(),
        }
    }
}
