//! Alerts as readers see them.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::{AlertPhase, AlertRow};

use super::matter::{Held, Matter};
use super::naming::told;
use crate::level::Standing;
use crate::rule::{Rule, Trigger};

/// A matter as a row.
pub(super) fn row_of(rule: &Rule, matter: &Matter) -> AlertRow {
    let phase = match matter.standing {
        Standing::Pending => AlertPhase::Pending,
        Standing::Firing => AlertPhase::Firing,
        Standing::Inactive => AlertPhase::Resolving,
    };
    let reason = match phase {
        AlertPhase::Pending => Arc::from(&*matter.why),
        AlertPhase::Firing | AlertPhase::Resolving => Arc::clone(&matter.reason),
    };
    AlertRow {
        key: Arc::clone(&matter.key),
        index: matter.index,
        rule: Arc::clone(&rule.id),
        alert: Arc::clone(&rule.alert),
        severity: matter.severity,
        phase,
        labels: told(&matter.labels),
        since: matter.since,
        fires_at: fires_at(rule, matter),
        held_by: matter.held.as_ref().map(Held::public),
        is_told: matter.incident.is_told(),
        reason,
        summary: matter.words.summary.clone(),
        action: matter.words.action.clone(),
    }
}

fn fires_at(rule: &Rule, matter: &Matter) -> Option<Timestamp> {
    match (&rule.on, matter.standing) {
        (Trigger::Sample { level, .. }, Standing::Pending) => Some(
            matter
                .since
                .saturating_add(level.lasting)
                .unwrap_or(Timestamp::MAX),
        ),
        _ => None,
    }
}

/// Puts the worst first: by severity, then what fires, then by age.
pub(super) fn sort(rows: &mut [AlertRow]) {
    rows.sort_by(|one, other| {
        let rank = |row: &AlertRow| {
            let phase = match row.phase {
                AlertPhase::Firing => 0,
                AlertPhase::Resolving => 1,
                AlertPhase::Pending => 2,
            };
            (Reverse(row.severity), phase, row.since)
        };
        rank(one)
            .cmp(&rank(other))
            .then_with(|| one.key.cmp(&other.key))
    });
}
