//! Rules on events: their counters, and what the vendor says of updates.

use std::time::Duration;

use model::alert::Severity;
use model::event::{EventKind, Reason};

use super::proof::{Proof, StepProof};
use super::{EVENT_LASTS, OWN_LABELS, PrometheusRule, camel, selector};
use crate::rule::catalogue::{self, UpdateFailure};
use crate::rule::wording::Wording;
use crate::rule::{Counted, Rule, SeverityOf, Trigger};
use crate::updates::UpdateAlert;

/// How long the end of an update is an alert.
const UPDATE_LASTS: Duration = Duration::from_secs(3_600);

/// How far ahead a scheduled update is told.
const LEAD_SECONDS: u64 = 86_400;

/// The counter of events.
const COUNTER: &str = "ztna_events_total";

/// The moment of the last event.
const LAST: &str = "ztna_event_last_timestamp_seconds";

/// The rules of Prometheus.
pub(super) fn exported(rule: &Rule) -> Result<Vec<PrometheusRule>, &'static str> {
    match &rule.on {
        Trigger::Event { kinds, reasons } => event(rule, kinds, reasons).map(|one| vec![one]),
        Trigger::Rate {
            of,
            at_least,
            within,
        } => {
            let count = Count::of(rule, of, *within)?;
            count.rule(rule, *at_least).map(|one| vec![one])
        }
        Trigger::Update(alert) => Ok(updates(rule, *alert)),
        Trigger::Sample { .. } | Trigger::Absence { .. } => Ok(Vec::new()),
    }
}

fn event(
    rule: &Rule,
    kinds: &[EventKind],
    reasons: &[Reason],
) -> Result<PrometheusRule, &'static str> {
    if let Some(end) = &rule.resolve_on
        && end.when.is_none()
        && reasons.is_empty()
        && rule.by.iter().map(|label| &**label).eq(["connector"])
    {
        return lasting(rule, kinds, &end.kinds);
    }
    let window = if rule.dedup.is_zero() {
        EVENT_LASTS
    } else {
        rule.dedup
    };
    let events = Counted::Events {
        kinds: kinds.to_vec(),
        reasons: reasons.to_vec(),
    };
    Count::of(rule, &events, window)?.rule(rule, 0)
}

/// An event that lasts until another: whichever happened later says how it is.
fn lasting(
    rule: &Rule,
    kinds: &[EventKind],
    ends: &[EventKind],
) -> Result<PrometheusRule, &'static str> {
    let last = |of: &[EventKind]| {
        let names = of.iter().map(|kind| kind.name()).collect();
        format!(
            "max without (event) ({})",
            selector(LAST, &[("event", names)])
        )
    };
    let (begin, end) = (last(kinds), last(ends));
    let series = |kind: &EventKind| {
        format!(
            "{LAST}{{instance=\"agent-1\",job=\"ztna\",connector=\"one\",event=\"{}\"}}",
            kind.name()
        )
    };
    let series_of = |of: &[EventKind]| of.first().map(series).unwrap_or_default();
    let (summary, action) = texts(rule, &["connector"])?;
    Ok(PrometheusRule {
        alert: camel(&rule.id),
        expression: format!("{begin} > {end} or {begin} unless {end}"),
        lasting: Duration::ZERO,
        keep_firing: Duration::ZERO,
        severity: severity(rule),
        summary,
        action,
        proof: Proof::Steps(StepProof {
            series: vec![
                (series_of(kinds), "_x2 120+0x30".to_owned()),
                (series_of(ends), "_x10 600+0x20".to_owned()),
            ],
            labels: target_labels(&[("connector", "one")]),
            expected: vec![(1, false), (5, true), (9, true), (12, false)],
        }),
    })
}

/// What is counted over a time.
struct Count {
    expression: String,
    /// Labels of the alert, of those that what is counted has.
    kept: Vec<&'static str>,
    counter: &'static str,
    /// All labels of what is counted, with values that the rule is about.
    example: Vec<(&'static str, String)>,
    window: Duration,
}

impl Count {
    fn of(rule: &Rule, of: &Counted, window: Duration) -> Result<Self, &'static str> {
        let (counter, only): (&str, Vec<(&str, Vec<&str>)>) = match of {
            Counted::Events { kinds, reasons } => {
                let mut only = vec![("event", kinds.iter().map(|kind| kind.name()).collect())];
                if !reasons.is_empty() {
                    only.push(("reason", reasons.iter().map(Reason::as_str).collect()));
                }
                (COUNTER, only)
            }
            Counted::Growth { signal, only } => {
                let only = only.iter();
                let named =
                    only.map(|(label, all)| (&**label, all.iter().map(|one| &**one).collect()));
                (signal.row().name, named.collect())
            }
        };
        let labels = of.labels();
        if labels.iter().any(|label| OWN_LABELS.contains(label)) {
            return Err("its metric has labels that alerts have, too");
        }
        let is_kept = |label: &&&str| rule.by.iter().any(|kept| **kept == ***label);
        let kept: Vec<&str> = labels.iter().filter(is_kept).copied().collect();
        let dropped: Vec<&str> = labels.iter().filter(|one| !is_kept(one)).copied().collect();
        let counted = format!(
            "increase({}[{}])",
            selector(counter, &only),
            super::span(window)
        );
        let expression = if dropped.is_empty() {
            counted
        } else {
            format!("sum without ({}) ({counted})", dropped.join(", "))
        };
        let value = |label: &str| {
            let wanted = only.iter().find(|(name, _)| *name == label);
            let first = wanted.and_then(|(_, values)| values.first().copied());
            // Without a wanted reason there is none; of other labels any value will do.
            first.unwrap_or(if label == "reason" { "" } else { "one" })
        };
        Ok(Self {
            expression,
            kept,
            counter,
            example: labels
                .iter()
                .map(|label| (*label, value(label).to_owned()))
                .collect(),
            window,
        })
    }

    /// The rule that fires at so many; at 0, at the first.
    fn rule(self, rule: &Rule, at_least: u64) -> Result<PrometheusRule, &'static str> {
        let limit = match at_least {
            0 => "> 0".to_owned(),
            _ => format!(">= {at_least}"),
        };
        let (summary, action) = texts(rule, &self.kept)?;
        Ok(PrometheusRule {
            alert: camel(&rule.id),
            expression: format!("{} {limit}", self.expression),
            lasting: Duration::ZERO,
            keep_firing: Duration::ZERO,
            severity: severity(rule),
            summary,
            action,
            proof: self.proof(at_least.max(1)),
        })
    }

    /// One connector has as many as it takes, at once and for the first time ever; another
    /// has half of that.
    fn proof(&self, count: u64) -> Proof {
        let minutes = minutes(self.window);
        let series = |connector: &str, events: u64| {
            let labels = self.example.iter().map(|(label, value)| {
                let value = if *label == "connector" {
                    connector
                } else {
                    value
                };
                format!(",{label}={}", super::in_double_quotes(value))
            });
            let labels: String = labels.collect();
            let name = format!(
                "{}{{instance=\"agent-1\",job=\"ztna\"{labels}}}",
                self.counter
            );
            let values = format!("0x4 {events}+0x{}", minutes.saturating_add(10));
            (name, values)
        };
        let is_kept = |(label, _): &&(&str, String)| self.kept.contains(label);
        // A label without text is no label: `target_labels` leaves it out.
        let kept = self.example.iter().filter(is_kept);
        let kept: Vec<(&str, &str)> = kept
            .map(|(label, value)| (*label, value.as_str()))
            .collect();
        let mut all = vec![series("one", count)];
        // Told apart by their connectors, the other one must not fire.
        if self.kept.contains(&"connector") {
            all.push(series("two", count / 2));
        }
        Proof::Steps(StepProof {
            series: all,
            labels: target_labels(&kept),
            expected: vec![
                (4, false),
                (6, true),
                (minutes.saturating_add(3), true),
                (minutes.saturating_add(7), false),
            ],
        })
    }
}

/// What Prometheus can tell of updates: no groups, and each failure with the vendor's words.
fn updates(rule: &Rule, alert: UpdateAlert) -> Vec<PrometheusRule> {
    let event = match alert {
        UpdateAlert::WillStart => return vec![will_start(rule)],
        UpdateAlert::Started => "update.started",
        UpdateAlert::Succeeded => "update.succeeded",
        UpdateAlert::Failed => "update.failed",
        UpdateAlert::ConnectionFailed => "update.reconnect_failed",
        UpdateAlert::Skipped => "update.skipped",
    };
    let rows: Vec<&UpdateFailure> = catalogue::rows()
        .iter()
        .filter(|row| row.event == event)
        .collect();
    if rows.is_empty() {
        let summary = format!("{event}: {{{{ $labels.connector }}}}");
        let action = "Nothing: it is told for whoever wants to know.".to_owned();
        return vec![of_update(
            rule,
            event,
            "",
            (severity(rule), summary, action),
        )];
    }
    rows.into_iter()
        .map(|row| {
            let summary = format!("{{{{ $labels.connector }}}}: {}", row.text);
            let action = format!("{} Look at: {}.", row.action, row.look_at.join(", "));
            let words = (row.severity.name().to_owned(), summary, action);
            of_update(rule, event, &row.reason, words)
        })
        .collect()
}

/// One event of updates, for one reason, with severity, summary and action.
fn of_update(
    rule: &Rule,
    event: &str,
    reason: &str,
    (severity, summary, action): (String, String, String),
) -> PrometheusRule {
    let only = [("event", vec![event]), ("reason", vec![reason])];
    let only = if reason.is_empty() {
        only.get(..1).unwrap_or_default()
    } else {
        only.as_slice()
    };
    let labels = [("connector", "one"), ("event", event), ("reason", reason)];
    let minutes = minutes(UPDATE_LASTS);
    // Two rules of one name and with the same labels are refused.
    let name = format!("{}-{}", rule.id, reason.replace('_', "-"));
    PrometheusRule {
        alert: camel(name.trim_end_matches('-')),
        expression: format!(
            "increase({}[{}]) > 0",
            selector(COUNTER, only),
            super::span(UPDATE_LASTS)
        ),
        lasting: Duration::ZERO,
        keep_firing: Duration::ZERO,
        severity,
        summary,
        action,
        proof: Proof::Steps(StepProof {
            series: vec![(
                format!(
                    "{COUNTER}{{instance=\"agent-1\",job=\"ztna\",connector=\"one\",event=\"{event}\",reason=\"{reason}\"}}"
                ),
                format!("0x4 1+0x{}", minutes.saturating_add(10)),
            )],
            labels: target_labels(&labels),
            expected: vec![(4, false), (6, true), (minutes.saturating_add(7), false)],
        }),
    }
}

fn will_start(rule: &Rule) -> PrometheusRule {
    let left = "(ztna_update_scheduled_timestamp_seconds - time())";
    PrometheusRule {
        alert: camel(&rule.id),
        expression: format!("{left} <= {LEAD_SECONDS} and {left} > 0"),
        lasting: Duration::ZERO,
        keep_firing: Duration::ZERO,
        severity: severity(rule),
        summary: "Updates of profile {{ $labels.profile }} start within 24 hours".to_owned(),
        action: "See that 300 MB are free where updates are written, and that somebody can look \
                 after it."
            .to_owned(),
        proof: Proof::Steps(StepProof {
            series: vec![(
                "ztna_update_scheduled_timestamp_seconds{instance=\"agent-1\",job=\"ztna\",profile=\"one\"}"
                    .to_owned(),
                "90000+0x1600".to_owned(),
            )],
            labels: target_labels(&[("profile", "one")]),
            expected: vec![(59, false), (60, true), (1_499, true), (1_500, false)],
        }),
    }
}

fn texts(rule: &Rule, labels: &[&str]) -> Result<(String, String), &'static str> {
    let text = |wording: &Wording| wording.for_prometheus(labels);
    let summary = text(&rule.summary).map_err(|_| "its summary cannot be rendered")?;
    let action = text(&rule.action).map_err(|_| "its action cannot be rendered")?;
    Ok((summary, action))
}

/// The severity; critical if it depends on what only the event tells.
fn severity(rule: &Rule) -> String {
    let severity = match &rule.severity {
        SeverityOf::Is(severity) => *severity,
        SeverityOf::Told(_) => Severity::Critical,
    };
    severity.name().to_owned()
}

fn target_labels(own: &[(&str, &str)]) -> Vec<(String, String)> {
    let target = [("instance", "agent-1"), ("job", "ztna")];
    let all = target.into_iter().chain(own.iter().copied());
    all.filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .collect()
}

const fn minutes(span: Duration) -> u64 {
    span.as_secs().div_ceil(60)
}
