//! Asks a rule for its sentences. One that fails is replaced, never left out.

use std::sync::Arc;

use model::alert::Severity;
use model::snapshot::RecentEvent;

use super::figures::moment;
use super::matter::Words;
use super::naming::{Labels, bounded};
use crate::rule::wording::WordingScope;
use crate::rule::{Rule, SeverityOf};

/// Most fields of an event that are told.
const FIELDS_MAX: usize = 12;

/// How bad an alert with these labels is, and what it says.
pub(super) fn of(rule: &Rule, labels: &Labels, event: Option<&RecentEvent>) -> (Severity, Words) {
    let scope = WordingScope {
        labels,
        event,
        ..WordingScope::default()
    };
    let mut faults = Vec::new();
    let severity = match &rule.severity {
        SeverityOf::Is(severity) => *severity,
        SeverityOf::Told(wording) => {
            let word = wording.render(&scope);
            word.and_then(|word| {
                Severity::from_name(word.trim())
                    .ok_or_else(|| format!("`{word}` is none of info, warning, critical"))
            })
            .unwrap_or_else(|error| {
                faults.push(format!("the severity could not be told: {error}"));
                Severity::Critical
            })
        }
    };
    let summary = rule.summary.render(&scope).unwrap_or_else(|error| {
        faults.push(format!("the sentence could not be worded: {error}"));
        plain_summary(rule, labels)
    });
    let action = rule.action.render(&scope).unwrap_or_else(|error| {
        faults.push(format!("the action could not be worded: {error}"));
        String::new()
    });
    let words = Words {
        summary,
        action,
        facts: event.map(facts_of).unwrap_or_default(),
        faults,
    };
    (severity, words)
}

/// What is said in place of a sentence that fails.
fn plain_summary(rule: &Rule, labels: &Labels) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if labels.is_empty() {
        return rule.alert.to_string();
    }
    format!("{}: {}", rule.alert, labels.join(", "))
}

/// What is known of an event, in the order of reading.
fn facts_of(event: &RecentEvent) -> Vec<(Arc<str>, String)> {
    let key = &event.event.key;
    let mut facts: Vec<(Arc<str>, String)> = Vec::new();
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            facts.push((Arc::from(name), bounded(value).into_owned()));
        }
    };
    fact("connector", &event.connector);
    fact("event", key.kind.name());
    fact("reason", key.reason.as_str());
    if let Some(at) = event.event.time {
        fact("time", &moment(at));
    }
    for field in event.event.fields.iter().take(FIELDS_MAX) {
        fact(&field.name, field.value.expose());
    }
    fact("log", &event.log);
    if !event.file.is_empty() {
        fact("line", &format!("{} at byte {}", event.file, event.offset));
    }
    facts
}
