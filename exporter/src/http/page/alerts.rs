//! Alerts on the status page, in words.
//!
//! Text that a log may have written is made printable by the template.

use jiff::Timestamp;
use model::alert::{AlertPhase, Severity};
use model::delivery::DeliveryState;

use super::words;
use crate::http::status::{AlertReport, DeliveryReport};

impl AlertReport<'_> {
    /// As the style sheet knows it.
    pub(in crate::http) const fn tone(&self) -> &'static str {
        match (self.phase, self.severity) {
            (AlertPhase::Firing, Severity::Warning | Severity::Critical) => "bad",
            (AlertPhase::Firing, Severity::Info)
            | (AlertPhase::Pending | AlertPhase::Resolving, _) => "open",
        }
    }

    /// Whether it is so no more, and only its end is not told yet: there is nothing to do.
    pub(in crate::http) const fn is_over(&self) -> bool {
        matches!(self.phase, AlertPhase::Resolving)
    }

    /// Whether it says what to do, and there is something to do.
    pub(in crate::http) const fn has_advice(&self) -> bool {
        !self.action.is_empty() && !self.is_over()
    }

    /// How it stands, with the countdown of one that is pending.
    pub(in crate::http) fn state(&self, now: &Timestamp) -> String {
        let phase = self.phase.name();
        match self.fires_at {
            _ if self.is_over() => format!("{phase}: over, told when it stays quiet"),
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
    pub(in crate::http) const fn tone(&self) -> &'static str {
        match self.state {
            DeliveryState::Sent => "good",
            DeliveryState::Dead => "bad",
            DeliveryState::Queued | DeliveryState::Digested => "open",
        }
    }

    /// What became of it, in a few words.
    pub(in crate::http) fn fate(&self) -> String {
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
