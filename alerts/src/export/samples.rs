//! Rules on samples: the same limit, the same `for`, and `clear` by way of `ALERTS`.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::alert::{AgentFault, Severity};
use model::signal::{AlertSignal, Signal, SignalRow};

use super::proof::{Proof, SampleProof};
use super::{OWN_LABELS, PrometheusRule, camel, selector};
use crate::level::{Level, Side};
use crate::rule::wording::WordingScope;
use crate::rule::{Only, Rule, SeverityOf, Trigger, View};

/// The rule of Prometheus; several if the severity depends on a label.
pub(super) fn exported(rule: &Rule) -> Result<Vec<PrometheusRule>, &'static str> {
    let Trigger::Sample {
        signal,
        view,
        only,
        level,
    } = &rule.on
    else {
        return Ok(Vec::new());
    };
    let row = signal.row();
    if row.labels.iter().any(|label| OWN_LABELS.contains(label)) {
        return Err("its metric has labels that alerts have, too");
    }
    let labels: Vec<&str> = rule.by.iter().map(|label| &**label).collect();
    let text = |wording: &crate::rule::wording::Wording| wording.for_prometheus(&labels);
    let summary = text(&rule.summary).map_err(|_| "its summary cannot be rendered")?;
    let action = text(&rule.action).map_err(|_| "its action cannot be rendered")?;
    let by_severity = severities(rule, *signal, only);
    Ok(by_severity
        .into_iter()
        .map(|(severity, series)| PrometheusRule {
            alert: camel(&rule.id),
            expression: expression(rule, row, *view, &series, level),
            lasting: level.lasting,
            keep_firing: level.keep_firing,
            severity: severity.name().to_owned(),
            summary: summary.clone(),
            action: action.clone(),
            proof: Proof::Sample(SampleProof {
                series: example_series(row, &series),
                labels: example_labels(rule, row, &series),
                view: *view,
                level: *level,
            }),
        })
        .collect())
}

/// The severities that the rule can have, each with the series that have it.
fn severities(rule: &Rule, signal: Signal, only: &Only) -> Vec<(Severity, Only)> {
    let wording = match &rule.severity {
        SeverityOf::Is(severity) => return vec![(*severity, only.clone())],
        SeverityOf::Told(wording) => wording,
    };
    let by_value = |label: &Arc<str>| -> Option<BTreeMap<Severity, Vec<Arc<str>>>> {
        let values = closed_values(signal, label)?;
        let mut found: BTreeMap<Severity, Vec<Arc<str>>> = BTreeMap::new();
        for value in values {
            let value: Arc<str> = Arc::from(value);
            let scope = WordingScope {
                labels: &[(Arc::clone(label), Arc::clone(&value))],
                ..WordingScope::default()
            };
            let word = wording.render(&scope).ok()?;
            let severity = Severity::from_name(&word)?;
            found.entry(severity).or_default().push(value);
        }
        Some(found)
    };
    let found = rule
        .by
        .iter()
        .find_map(|label| Some((label, by_value(label)?)));
    match found {
        Some((label, found)) if only.is_empty() => found
            .into_iter()
            .map(|(severity, values)| (severity, vec![(Arc::clone(label), values)]))
            .collect(),
        // What cannot be told is critical, here as in the engine.
        _ => vec![(Severity::Critical, only.clone())],
    }
}

/// All values of a label, if the list is closed and severities are told by it.
fn closed_values(signal: Signal, label: &str) -> Option<Vec<&'static str>> {
    let is_fault = signal == Signal::Alert(AlertSignal::AgentFault) && label == "fault";
    is_fault.then(|| AgentFault::ALL.iter().map(|fault| fault.name()).collect())
}

fn expression(rule: &Rule, row: &SignalRow, view: View, only: &Only, level: &Level) -> String {
    let matchers: Vec<(&str, Vec<&str>)> = only
        .iter()
        .map(|(label, values)| (&**label, values.iter().map(|one| &**one).collect()))
        .collect();
    let mut core = selector(row.name, &matchers);
    let dropped = dropped(rule, row);
    if !dropped.is_empty() {
        // The worst counts. Of a moment that lies back, the earliest is the worst.
        let is_highest =
            match (level.side, view) {
                (Side::Above, View::Value | View::SecondsUntil)
                | (Side::Below, View::SecondsSince) => true,
                (Side::Below, View::Value | View::SecondsUntil)
                | (Side::Above, View::SecondsSince) => false,
            };
        let operator = if is_highest { "max" } else { "min" };
        core = format!("{operator} without ({}) ({core})", dropped.join(", "));
    }
    let core = match view {
        View::Value => core,
        View::SecondsSince => format!("(time() - {core})"),
        View::SecondsUntil => format!("({core} - time())"),
    };
    let sign = match level.side {
        Side::Above => ">",
        Side::Below => "<",
    };
    let beyond = format!("{core} {sign} {}", level.limit);
    let Some(clear) = level.clear.filter(|_| level.clear != Some(level.limit)) else {
        return beyond;
    };
    let firing = format!(
        "ALERTS{{alertname=\"{}\",alertstate=\"firing\"}}",
        camel(&rule.id)
    );
    format!(
        "{beyond} or ({core} {sign} {clear} and ignoring (alertname, alertstate, {}) {firing})",
        OWN_LABELS.join(", ")
    )
}

/// The metric's labels that the rule's alerts do not have.
fn dropped(rule: &Rule, row: &SignalRow) -> Vec<&'static str> {
    let is_kept = |label: &&&str| rule.by.iter().any(|kept| **kept == ***label);
    let labels = row.labels.iter();
    labels.filter(|label| !is_kept(label)).copied().collect()
}

/// A series that the rule looks at.
fn example_series(row: &SignalRow, only: &Only) -> String {
    let labels = row.labels.iter().map(|label| {
        let value = example_value(label, only);
        format!("{label}={}", super::in_double_quotes(value))
    });
    let labels: Vec<String> = labels.collect();
    let mut all = vec!["instance=\"agent-1\"".to_owned(), "job=\"ztna\"".to_owned()];
    all.extend(labels);
    format!("{}{{{}}}", row.name, all.join(","))
}

/// The labels that the series' alert has.
fn example_labels(rule: &Rule, row: &SignalRow, only: &Only) -> Vec<(String, String)> {
    let dropped = dropped(rule, row);
    let kept = row.labels.iter().filter(|label| !dropped.contains(label));
    let own = kept.map(|label| (*label, example_value(label, only)));
    let target = [("instance", "agent-1"), ("job", "ztna")];
    let all = target.into_iter().chain(own);
    all.map(|(label, value)| (label.to_owned(), value.to_owned()))
        .collect()
}

fn example_value<'a>(label: &str, only: &'a Only) -> &'a str {
    let wanted = only.iter().find(|(name, _)| **name == *label);
    wanted
        .and_then(|(_, values)| values.first())
        .map_or("one", |value| value)
}
