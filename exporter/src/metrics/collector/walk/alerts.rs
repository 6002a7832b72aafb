//! Which lines alerts and their messages give to each family of the model's table.
//!
//! One arm a signal, as for connectors. Every rule, receiver and fault has its lines from
//! the start, at 0, so that the first of each is seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::{AlertPhase, AlertRow, Severity};
use model::signal::AlertSignal;
use model::snapshot::{AlertsSnapshot, RuleSnapshot};

use super::Lines;

/// Adds the lines of one family.
pub(in crate::metrics) fn of_alerts<'a>(
    signal: AlertSignal,
    alerts: &'a AlertsSnapshot,
    lines: &mut Lines<'a>,
) {
    match signal {
        AlertSignal::Firing => {
            by_rule(alerts, lines, |row| row.phase == AlertPhase::Firing);
        }
        AlertSignal::Pending => {
            by_rule(alerts, lines, |row| row.phase == AlertPhase::Pending);
        }
        AlertSignal::Since => since(alerts, lines),
        AlertSignal::Held => by_rule(alerts, lines, |row| {
            row.phase == AlertPhase::Firing && row.held_by.is_some()
        }),
        AlertSignal::Notifications => {
            for rule in &alerts.rules {
                for (message, count) in &rule.notifications {
                    lines.count(&[&rule.id, message], *count);
                }
            }
        }
        AlertSignal::RuleFailures => {
            for rule in &alerts.rules {
                lines.count(&[&rule.id], rule.failures);
            }
        }
        AlertSignal::EventsSkipped => lines.count(&[], alerts.events_skipped),
        AlertSignal::Silences => {
            lines.count(
                &[],
                u64::try_from(alerts.silences.len()).unwrap_or(u64::MAX),
            );
        }
        AlertSignal::OutboxMessages => {
            lines.count(&["queued"], alerts.outbox.queued);
            lines.count(&["retrying"], alerts.outbox.retrying);
        }
        AlertSignal::OutboxOldest => lines.moment(&[], alerts.outbox.oldest_at),
        AlertSignal::Deliveries => {
            for (receiver, results) in &alerts.deliveries {
                for (result, count) in results {
                    lines.count(&[receiver, result], *count);
                }
            }
        }
        AlertSignal::UpdateScheduled => {
            for (profile, at) in &alerts.scheduled {
                lines.moment(&[profile], *at);
            }
        }
        AlertSignal::ReleasesBehind => {
            for (connector, behind) in &alerts.releases_behind {
                lines.count(&[connector], u64::from(*behind));
            }
        }
        AlertSignal::AgentFault => {
            for (fault, is_there) in &alerts.faults {
                lines.truth(&[fault.name()], *is_there);
            }
        }
    }
}

/// How many alerts of each rule are so. A rule whose alerts differ in severity has a line
/// for each severity that is there now, and its usual one always.
fn by_rule<'a>(
    alerts: &'a AlertsSnapshot,
    lines: &mut Lines<'a>,
    is_so: impl Fn(&AlertRow) -> bool,
) {
    let mut counts: BTreeMap<(&Arc<str>, Severity), u64> = BTreeMap::new();
    for row in alerts.rows.iter().filter(|row| is_so(row)) {
        let count = counts.entry((&row.rule, row.severity)).or_default();
        *count = count.saturating_add(1);
    }
    for rule in &alerts.rules {
        for severity in Severity::ALL {
            let count = counts.get(&(&rule.id, *severity)).copied();
            let usual = is_usual(rule, *severity).then_some(0);
            if let Some(count) = count.or(usual) {
                lines.count(&[&rule.id, severity.name()], count);
            }
        }
    }
}

/// Since when the oldest of each rule fires. Nothing of a rule of which none does.
fn since<'a>(alerts: &'a AlertsSnapshot, lines: &mut Lines<'a>) {
    let mut oldest: BTreeMap<(&'a Arc<str>, Severity), Timestamp> = BTreeMap::new();
    let rows = alerts.rows.iter();
    for row in rows.filter(|row| row.phase == AlertPhase::Firing) {
        let at = oldest.entry((&row.rule, row.severity)).or_insert(row.since);
        *at = row.since.min(*at);
    }
    for ((rule, severity), at) in oldest {
        lines.moment(&[rule, severity.name()], Some(at));
    }
}

fn is_usual(rule: &RuleSnapshot, severity: Severity) -> bool {
    rule.severity == severity
}

#[cfg(test)]
mod tests {
    use model::signal::Signal;
    use model::snapshot::Snapshot;

    use super::*;
    use crate::metrics::collector::{Value, series_of};
    use crate::metrics::sample::{at, whole};

    #[test]
    fn since_when_is_told_of_the_oldest_that_fires_and_of_none_that_only_waits() {
        let mut alerts = (*whole().alerts).clone();
        let firing = alerts
            .rows
            .iter()
            .find(|row| row.phase == AlertPhase::Firing);
        let older = AlertRow {
            since: at(100),
            ..firing.unwrap().clone()
        };
        alerts.rows.push(older);
        let snapshot = Snapshot {
            alerts: Arc::new(alerts),
            ..Snapshot::default()
        };
        let signal = Signal::Alert(AlertSignal::Since);
        let told: Vec<(String, String)> = series_of(signal, &snapshot)
            .into_iter()
            .map(|one| match one.value {
                Value::Number(number) => (one.label_values.join(" "), number.to_string()),
                Value::Count(_) | Value::RoundTrips(_) => panic!("{:?}", one.label_values),
            })
            .collect();
        let second = |at: Timestamp| at.as_second().to_string();
        let wanted = [
            ("host-disk critical".to_owned(), second(at(300))),
            ("tunnel-down critical".to_owned(), second(at(100))),
        ];
        assert_eq!(told, wanted);
    }
}
