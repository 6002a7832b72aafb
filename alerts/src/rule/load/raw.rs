//! A file of rules as it is written, before anything is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::scalar::{Amount, Span, Words};
use crate::rule::nearest::near;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) version: Option<u64>,
    pub(super) rules: Option<Vec<RawRule>>,
}

/// A rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    pub(super) disabled: Option<bool>,
    pub(super) alert: Option<String>,
    pub(super) on: Option<RawTrigger>,
    pub(super) when: Option<String>,
    pub(super) above: Option<Amount>,
    pub(super) below: Option<Amount>,
    pub(super) clear: Option<Amount>,
    #[serde(rename = "for")]
    pub(super) lasting: Option<Span>,
    pub(super) keep_firing_for: Option<Span>,
    pub(super) severity: Option<String>,
    pub(super) by: Option<Words>,
    pub(super) resolve_on: Option<RawResolve>,
    pub(super) dedup: Option<Span>,
    pub(super) batch: Option<RawBatch>,
    pub(super) repeat: Option<Span>,
    pub(super) escalate: Option<RawEscalation>,
    pub(super) receivers: Option<Words>,
    pub(super) inhibited_by: Option<Vec<RawInhibition>>,
    pub(super) explained_by_update: Option<bool>,
    pub(super) send_resolved: Option<bool>,
    pub(super) summary: Option<String>,
    pub(super) action: Option<String>,
    pub(super) runbook: Option<String>,
}

impl RawRule {
    /// Whether it only switches another one on or off.
    pub(super) const fn is_switch(&self) -> bool {
        self.disabled.is_some()
            && self.on.is_none()
            && self.alert.is_none()
            && self.severity.is_none()
            && self.summary.is_none()
            && self.action.is_none()
    }
}

/// What sets a rule off.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrigger {
    pub(super) event: Option<Words>,
    pub(super) reason: Option<Words>,
    pub(super) at_least: Option<u64>,
    pub(super) within: Option<Span>,
    pub(super) sample: Option<String>,
    pub(super) by: Option<Words>,
    pub(super) only: Option<BTreeMap<String, Words>>,
    #[serde(rename = "as")]
    pub(super) view: Option<String>,
    pub(super) absence: Option<RawAbsence>,
    pub(super) schedule: Option<String>,
    pub(super) lead: Option<Span>,
}

/// What did not follow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAbsence {
    pub(super) after: Words,
    pub(super) until: Words,
    pub(super) within: Span,
}

/// What ends an alert of events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResolve {
    pub(super) event: Words,
    pub(super) reason: Option<Words>,
    pub(super) when: Option<String>,
}

/// How notices are put together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBatch {
    pub(super) by: Words,
    pub(super) wait: Option<Span>,
    pub(super) max_wait: Option<Span>,
}

/// Who is told if it lasts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEscalation {
    pub(super) after: Span,
    pub(super) to: Words,
}

/// What explains an alert.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInhibition {
    pub(super) rule: String,
    pub(super) equal: Option<Words>,
}

/// What the reader says, with the nearest known word for an unknown one and without the
/// place at the end: we have a better one.
pub(super) fn in_words(message: &str) -> String {
    let mut message = message.split(" at line ").next().unwrap_or(message);
    // The path in front is told already, in our own way.
    while let Some((before, after)) = message.split_once(": ")
        && !before.contains(' ')
    {
        message = after;
    }
    // The reader says: unknown field `x`, expected one of `a`, `b`.
    let Some(list) = message.split_once("unknown field `") else {
        return message
            .replace("invalid type: ", "is of the wrong kind: ")
            .replace("missing field ", "is of the wrong kind: missing field ")
            .replace(", expected ", ", want ");
    };
    let mut quoted = list.1.split('`');
    let wrong = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.skip(1).step_by(2).collect();
    format!(
        "is no key here{}; there are {}",
        near(wrong, known.iter().copied()),
        known.join(", ")
    )
}
