//! Hands over what is said of updates: counted with its rule, or held back by a silence.
//!
//! A mail that is held is not told later: it says what happened, and what happened is in
//! the history. Windows of maintenance hold only what they name, see
//! [`Holds::find_for_update`].

use std::sync::Arc;

use model::alert::HistoryRow;

use super::super::desk::{Desk, Turn};
use super::super::holds::{Holds, Subject};
use super::super::{Decided, Output};
use crate::notification::Notification;

/// Counts, holds or tells each of `said`, and writes the history.
pub(in crate::engine) fn publish(
    said: Output,
    desks: &mut [Desk],
    holds: &Holds<'_>,
    turn: &mut Turn<'_>,
) {
    let Output {
        notifications,
        mut history,
        events,
    } = said;
    let mut told = Vec::with_capacity(notifications.len());
    for one in notifications {
        let mut of_rule = desks.iter_mut();
        let desk = of_rule.find(|desk| desk.rule.id == one.rule);
        if let Some(reason) = held(&one, holds) {
            note_held(&mut history, &one, &reason);
            continue;
        }
        if let Some(desk) = desk {
            desk.tally.count(&one.kind);
            for fault in &one.faults {
                desk.fail(fault.clone(), turn);
            }
        }
        told.push(one);
    }
    turn.journal.absorb(Output {
        notifications: told,
        history,
        events,
    });
}

fn held(one: &Notification, holds: &Holds<'_>) -> Option<String> {
    let subject = Subject {
        rule: &one.rule,
        alert: &one.alert,
        severity: one.severity,
        labels: &one.labels,
    };
    holds.find_for_update(subject).map(|held| held.reason)
}

/// The line that says that it is told says now that it is not.
fn note_held(history: &mut [HistoryRow], one: &Notification, reason: &str) {
    let mut rows = history.iter_mut();
    let row = rows.find(|row| row.notification.as_ref() == Some(&one.id) && row.rule == one.rule);
    if let Some(row) = row {
        row.decision = Arc::from(Decided::Held.word());
        row.reason = format!("not told: {reason}");
        row.notification = None;
    }
}
