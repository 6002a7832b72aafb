//! A notification as Prometheus people see alerts: labels that say which one it is, and
//! annotations that say what it is.
//!
//! Shared by the webhook and Alertmanager's own interface, so that both name an alert
//! alike. Members of an update, or events told together, are one alert each.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::leads::{self, Runbook};
use super::text::line;
use super::wording::{ACTION_CHARS_MAX, SUMMARY_CHARS_MAX, VALUE_CHARS_MAX};
use crate::fingerprint::fingerprint;
use crate::notification::{Notification, NotificationItem, NotificationKind};
use crate::receiver::Identity;

/// Names and values, sorted by name as receivers do.
pub(super) type Labels = BTreeMap<String, String>;

/// What no end is, to Alertmanager.
pub(super) const NO_END: &str = "0001-01-01T00:00:00Z";

/// What tells an alert apart, of whatever it was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matter<'a> {
    pub(super) alert: &'a str,
    pub(super) rule: &'a str,
    pub(super) severity: &'static str,
    pub(super) labels: &'a [(std::sync::Arc<str>, std::sync::Arc<str>)],
}

impl<'a> Matter<'a> {
    pub(super) fn of(notification: &'a Notification) -> Self {
        Self {
            alert: &notification.alert,
            rule: &notification.rule,
            severity: notification.severity.name(),
            labels: &notification.labels,
        }
    }

    /// Its labels, the agent's name among them. Ours win over a label of the same name.
    ///
    /// `alert` and `instance` are what the exported rules of Prometheus call the type and
    /// the host: so one configuration of Alertmanager groups and inhibits both alike.
    pub(super) fn labels(&self, identity: &Identity) -> Labels {
        let mut labels: Labels = self
            .labels
            .iter()
            .map(|(name, value)| (label_name(name), line(value, VALUE_CHARS_MAX)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let ours = [
            ("alertname", self.alert),
            ("alert", self.alert),
            ("rule", self.rule),
            ("severity", self.severity),
            ("agent", &*identity.agent),
            ("instance", &*identity.agent),
        ];
        for (name, value) in ours {
            labels.insert(name.to_owned(), line(value, VALUE_CHARS_MAX));
        }
        labels
    }
}

/// Labels of one member, of which some are those of the whole. What is no connector is none,
/// and leads to no page of one.
pub(super) fn of_item(whole: &Labels, item: &NotificationItem) -> Labels {
    let mut labels = whole.clone();
    let name = if item.is_connector && !whole.contains_key("connector") {
        "connector"
    } else {
        "member"
    };
    labels.insert(name.to_owned(), line(&item.name, VALUE_CHARS_MAX));
    labels
}

/// What is said of the whole.
pub(super) fn annotations(notification: &Notification, identity: &Identity) -> Labels {
    let mut annotations = Labels::new();
    let facts = notification.facts.iter();
    add_facts(
        &mut annotations,
        facts.map(|(name, value)| (&**name, &**value)),
    );
    let log_lines: Vec<String> = notification
        .log_lines
        .iter()
        .map(|one| line(one, 512))
        .collect();
    let ours = [
        ("summary", line(&notification.summary, SUMMARY_CHARS_MAX)),
        ("description", line(&notification.action, ACTION_CHARS_MAX)),
        ("host_log_lines", log_lines.join("\n")),
        ("status_detail", notification.kind.word().to_owned()),
        ("messages", digested(notification)),
    ];
    for (name, value) in ours {
        if !value.is_empty() {
            annotations.insert(name.to_owned(), value);
        }
    }
    annotations.extend(annotation(Runbook::of(&notification.runbook, identity)));
    annotations
}

/// Where more is to be read: `runbook_url` is an address, `runbook` is anything else.
pub(super) fn annotation(runbook: Runbook) -> Option<(String, String)> {
    match runbook {
        Runbook::Address(address) => Some(("runbook_url".to_owned(), address)),
        Runbook::Command(other) | Runbook::Word(other) => Some(("runbook".to_owned(), other)),
        Runbook::None => None,
    }
}

/// The page of the connector that an alert is about, else the agent's; empty if nobody says
/// how it is reached from outside.
pub(super) fn page_of(labels: &Labels, identity: &Identity) -> String {
    let connector = labels.get("connector");
    let connector = connector.and_then(|name| leads::connector(name, identity));
    connector.unwrap_or_else(|| leads::page(identity))
}

/// Members that are alerts of their own, `members_max` at most. What a digest stands for is
/// told as a list: it was an alert once already.
pub(super) fn members(notification: &Notification, members_max: usize) -> &[NotificationItem] {
    if notification.kind == NotificationKind::Digest {
        return &[];
    }
    let all = notification.items.as_slice();
    all.get(..members_max).unwrap_or(all)
}

/// What is said of one member: the whole's, and its own facts.
pub(super) fn annotations_of_item(whole: &Labels, item: &NotificationItem) -> Labels {
    let mut annotations = whole.clone();
    let facts = item.facts.iter();
    add_facts(
        &mut annotations,
        facts.map(|(name, value)| (&**name, &**value)),
    );
    annotations
}

/// What a digest stands for, one a line.
fn digested(notification: &Notification) -> String {
    if notification.kind != NotificationKind::Digest {
        return String::new();
    }
    let names = notification.items.iter().take(100);
    let names = names.map(|item| line(&item.name, VALUE_CHARS_MAX));
    names.collect::<Vec<_>>().join("\n")
}

fn add_facts<'a>(to: &mut Labels, facts: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in facts.take(40) {
        to.entry(label_name(name))
            .or_insert_with(|| line(value, VALUE_CHARS_MAX));
    }
}

/// A name that Prometheus takes: `Target release` becomes `target_release`.
pub(super) fn label_name(name: &str) -> String {
    let mut out: String = name
        .chars()
        .take(60)
        .map(|one| match one {
            'a'..='z' | '0'..='9' | '_' => one,
            'A'..='Z' => one.to_ascii_lowercase(),
            _ => '_',
        })
        .collect();
    if !out.starts_with(|first: char| first.is_ascii_lowercase() || first == '_') {
        out.insert(0, '_');
    }
    // Two underscores in front are Prometheus' own.
    while out.starts_with("__") {
        out.remove(0);
    }
    out
}

/// 16 hexadecimal digits that stand for labels.
pub(super) fn print_of(labels: &Labels) -> String {
    let parts: Vec<&str> = labels
        .iter()
        .flat_map(|(name, value)| [name.as_str(), value.as_str()])
        .collect();
    fingerprint(&parts).to_string()
}

/// A time as JSON has it.
pub(super) fn moment(at: Timestamp) -> String {
    // Six digits after the second, always: the length says nothing.
    format!("{at:.6}")
}
