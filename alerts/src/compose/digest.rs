//! One notification that stands for many messages: what there was too much of is counted by
//! rule and listed, so that nothing is told by nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::Severity;
use model::delivery::OutboxMessage;

use super::wording::Clock;
use crate::fingerprint::fingerprint;
use crate::notification::{Notification, NotificationItem, NotificationKind};

/// Most rules that are counted one by one.
const RULES_MAX: usize = 20;

/// The notification for messages of one receiver, or `None` of no message.
pub(super) fn notification(
    receiver: &str,
    messages: &[OutboxMessage],
    now: Timestamp,
) -> Option<Notification> {
    let worst = messages.iter().map(|one| one.severity).max()?;
    let first = messages.iter().map(|one| one.created_at).min()?;
    let mut parts: Vec<&str> = vec!["digest", receiver];
    parts.extend(messages.iter().map(|one| &*one.id));
    let id = fingerprint(&parts);
    let clock = Clock::default();
    let items = messages.iter().map(|one| NotificationItem {
        name: Arc::from(one.subject.as_str()),
        is_connector: false,
        facts: vec![(Arc::from("Decided"), clock.minute(one.created_at))],
    });
    let rule: Arc<str> = Arc::from("digest");
    let count = messages.len();
    Some(Notification {
        thread: Arc::clone(&id),
        id,
        kind: NotificationKind::Digest,
        rule: Arc::clone(&rule),
        alert: Arc::from("DIGEST"),
        key: rule,
        index: 0,
        severity: worst,
        receivers: vec![Arc::from(receiver)],
        labels: Vec::new(),
        at: now,
        dated: now,
        started_at: first,
        ended_at: None,
        summary: format!("{count} messages since {} in one", clock.minute(first)),
        action: action(worst).to_owned(),
        runbook: Arc::default(),
        number: 1,
        facts: counts(messages),
        items: items.collect(),
        log_lines: Vec::new(),
        faults: Vec::new(),
    })
}

const fn action(worst: Severity) -> &'static str {
    match worst {
        Severity::Critical | Severity::Warning => {
            "Look at the list: there were more than this receiver takes in an hour, or than wait \
             at a time. Each stands in the history"
        }
        Severity::Info => "Nothing: there were more than this receiver takes in an hour",
    }
}

/// How many there were of each rule, the most first.
fn counts(messages: &[OutboxMessage]) -> Vec<(Arc<str>, String)> {
    let mut by_rule: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    for message in messages {
        let count = by_rule.entry(&message.rule).or_default();
        *count = count.saturating_add(1);
    }
    let mut counts: Vec<(&Arc<str>, usize)> = by_rule.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .into_iter()
        .take(RULES_MAX)
        .map(|(rule, count)| (Arc::clone(rule), count.to_string()))
        .collect()
}
