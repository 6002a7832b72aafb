//! Rules on samples: the same limit, the same `for`, and `clear` by way of `ALERTS`.

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
    let variants = variants(rule, *signal, only)?;
    Ok(variants
        .into_iter()
        .map(|one| PrometheusRule {
            expression: expression(&one, rule, row, *view, level),
            lasting: level.lasting,
            keep_firing: level.keep_firing,
            severity: one.said.severity.name().to_owned(),
            summary: one.said.summary,
            action: one.said.action,
            proof: Proof::Sample(SampleProof {
                series: example_series(row, &one.only),
                labels: example_labels(rule, row, &one.only),
                view: *view,
                level: *level,
            }),
            alert: one.alert,
        })
        .collect())
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    severity: Severity,
    summary: String,
    action: String,
}

/// A rule as far as it says the same of all its series.
#[derive(Debug)]
struct Variant {
    /// The name of its alert.
    alert: String,
    said: Said,
    only: Only,
}

/// One for the rule, or one for each value of a label whose values are all known, if severity
/// or action depend on it.
fn variants(rule: &Rule, signal: Signal, only: &Only) -> Result<Vec<Variant>, &'static str> {
    let labels: Vec<&str> = rule.by.iter().map(|label| &**label).collect();
    let summary = rule.summary.for_prometheus(&labels);
    let summary = summary.map_err(|_| "its summary cannot be rendered")?;
    let said = |known: &[(&str, &str)]| -> Result<Said, &'static str> {
        let action = rule.action.for_prometheus_where(&labels, known);
        Ok(Said {
            severity: severity(rule, known),
            summary: summary.clone(),
            action: action.map_err(|_| "its action cannot be rendered")?,
        })
    };
    let closed = rule
        .by
        .iter()
        .find_map(|label| Some((label, closed_values(signal, label)?)));
    let mut variants = Vec::new();
    if let Some((label, values)) = closed.filter(|_| only.is_empty()) {
        for value in values {
            variants.push(Variant {
                // Two rules of one name and with the same labels are refused.
                alert: camel(&format!("{}-{}", rule.id, value.replace('_', "-"))),
                said: said(&[(label, value)])?,
                only: vec![(Arc::clone(label), vec![Arc::from(value)])],
            });
        }
    }
    let first = variants.first().map(|one| one.said.clone());
    if variants.iter().any(|one| Some(&one.said) != first.as_ref()) {
        return Ok(variants);
    }
    let of_all = Variant {
        alert: camel(&rule.id),
        said: first.map_or_else(|| said(&[]), Ok)?,
        only: only.clone(),
    };
    Ok(vec![of_all])
}

/// The severity where these labels have these values.
fn severity(rule: &Rule, known: &[(&str, &str)]) -> Severity {
    let wording = match &rule.severity {
        SeverityOf::Is(severity) => return *severity,
        SeverityOf::Told(wording) => wording,
    };
    let labels = known
        .iter()
        .map(|(label, value)| (Arc::from(*label), Arc::from(*value)));
    let labels: Vec<(Arc<str>, Arc<str>)> = labels.collect();
    let scope = WordingScope {
        labels: &labels,
        ..WordingScope::default()
    };
    let word = wording.render(&scope).unwrap_or_default();
    // What cannot be told is critical, here as in the engine.
    match Severity::from_name(&word) {
        Some(severity) if !known.is_empty() => severity,
        _ => Severity::Critical,
    }
}

/// All values of a label, if the list is closed and severities are told by it.
fn closed_values(signal: Signal, label: &str) -> Option<Vec<&'static str>> {
    let is_fault = signal == Signal::Alert(AlertSignal::AgentFault) && label == "fault";
    is_fault.then(|| AgentFault::ALL.iter().map(|fault| fault.name()).collect())
}

fn expression(
    variant: &Variant,
    rule: &Rule,
    row: &SignalRow,
    view: View,
    level: &Level,
) -> String {
    let matchers: Vec<(&str, Vec<&str>)> = variant
        .only
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
        variant.alert
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
