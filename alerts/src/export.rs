//! Rules as a Prometheus rule file, with unit tests for `promtool` beside it.
//!
//! Rules on samples mean the same there ([`crate::level`] says why), rules on events become
//! rules on their counters, which exist at 0 before the first event. What Prometheus has no
//! words for (absences, conditions, batches of updates) is left out, and named in the file.
//! A mail's grouping and who explains whom are Alertmanager's there.
//!
//! Known limits: `increase()` extrapolates, so a count may be reached one event early; an
//! event without an end fires there for [`EVENT_LASTS`].

mod events;
mod proof;
mod runbook;
mod samples;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use self::proof::Proof;
pub use self::runbook::RunbookBase;
use crate::rule::{Rule, RuleSet, Trigger};

/// The name under which the unit tests look for the rules.
pub const RULES_FILE: &str = "ztna-alerts.rules.yml";

/// The name of the file of unit tests.
pub const TESTS_FILE: &str = "ztna-alerts.test.yml";

/// How long an event without an end is an alert, if its rule does not say.
pub const EVENT_LASTS: Duration = Duration::from_secs(15 * 60);

/// Labels that our rules add: no series of an exported rule may have them.
const OWN_LABELS: &[&str] = &["alert", "rule", "severity"];

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The rule file.
    pub rules_yaml: String,
    /// Unit tests for it, for `promtool test rules`.
    pub tests_yaml: String,
    /// Rules that are not in it, and why.
    pub left_out: Vec<(Arc<str>, &'static str)>,
}

/// One rule of Prometheus, and how it is tested.
#[derive(Debug)]
struct PrometheusRule {
    alert: String,
    expression: String,
    lasting: Duration,
    keep_firing: Duration,
    /// Besides `alert` and `rule`.
    severity: String,
    summary: String,
    action: String,
    proof: Proof,
}

/// Writes the rules as a rule file and its unit tests.
pub fn export(rules: &RuleSet, runbooks: &RunbookBase) -> Exported {
    let mut rules_yaml = String::from(
        "# Written by `ztna-exporter alerts export-prometheus`: change the rules, not this file.\n",
    );
    let mut tests_yaml = rules_yaml.clone();
    let _ = write!(
        tests_yaml,
        "rule_files: [{RULES_FILE}]\nevaluation_interval: 1m\ntests:\n"
    );
    let mut body = String::new();
    let mut left_out = Vec::new();
    for rule in &rules.rules {
        match exported(rule) {
            Ok(list) => {
                for one in list {
                    let annotations = annotations(rule, &one, runbooks);
                    write_rule(&mut body, rule, &one, &annotations);
                    proof::write(&mut tests_yaml, rule, &one, &annotations);
                }
            }
            Err(why) => left_out.push((Arc::clone(&rule.id), why)),
        }
    }
    if !left_out.is_empty() {
        rules_yaml.push_str("#\n# Left out:\n");
    }
    for (id, why) in &left_out {
        let _ = writeln!(rules_yaml, "# {id}: {why}");
    }
    rules_yaml.push_str("groups:\n  - name: ztna-alerts\n    interval: 30s\n");
    if body.is_empty() {
        // A list without an item would be read as nothing.
        rules_yaml.push_str("    rules: []\n");
        tests_yaml = tests_yaml.replace("tests:\n", "tests: []\n");
    } else {
        rules_yaml.push_str("    rules:\n");
        rules_yaml.push_str(&body);
    }
    Exported {
        rules_yaml,
        tests_yaml,
        left_out,
    }
}

fn exported(rule: &Rule) -> Result<Vec<PrometheusRule>, &'static str> {
    if rule.when.is_some() {
        return Err("its condition looks at single events");
    }
    match &rule.on {
        Trigger::Sample { .. } => samples::exported(rule),
        Trigger::Event { .. } | Trigger::Rate { .. } | Trigger::Update(_) => events::exported(rule),
        Trigger::Absence { .. } => Err("it waits for single events"),
    }
}

/// What an alert says, by the annotations' names.
type Annotations = Vec<(&'static str, String)>;

fn write_rule(to: &mut String, rule: &Rule, one: &PrometheusRule, annotations: &Annotations) {
    let _ = writeln!(to, "      - alert: {}", one.alert);
    let _ = writeln!(to, "        expr: {}", quoted(&one.expression));
    if !one.lasting.is_zero() {
        let _ = writeln!(to, "        for: {}", span(one.lasting));
    }
    if !one.keep_firing.is_zero() {
        let _ = writeln!(to, "        keep_firing_for: {}", span(one.keep_firing));
    }
    to.push_str("        labels:\n");
    for (name, value) in own_labels(rule, one) {
        let _ = writeln!(to, "          {name}: {}", quoted(value));
    }
    to.push_str("        annotations:\n");
    for (name, text) in annotations {
        let _ = writeln!(to, "          {name}: {}", quoted(text));
    }
}

/// The labels that the rule adds.
fn own_labels<'a>(rule: &'a Rule, one: &'a PrometheusRule) -> [(&'static str, &'a str); 3] {
    [
        ("alert", &rule.alert),
        ("rule", &rule.id),
        ("severity", &one.severity),
    ]
}

fn annotations(rule: &Rule, one: &PrometheusRule, runbooks: &RunbookBase) -> Annotations {
    let mut all = vec![
        ("summary", one.summary.clone()),
        ("description", one.action.clone()),
    ];
    all.extend(runbooks.annotation(&rule.runbook));
    all.retain(|(_, text)| !text.is_empty());
    all
}

/// The rule's id as Prometheus names alerts: `tunnel-down` is `TunnelDown`.
fn camel(id: &str) -> String {
    let mut name = String::new();
    for word in id.split('-') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// A series selector: one value as it is, several as a pattern.
fn selector(name: &str, only: &[(&str, Vec<&str>)]) -> String {
    let matchers = only.iter().map(|(label, values)| match values.as_slice() {
        [value] => format!("{label}={}", in_double_quotes(value)),
        _ => {
            let escaped: Vec<String> = values.iter().map(|value| escaped(value)).collect();
            format!("{label}=~{}", in_double_quotes(&escaped.join("|")))
        }
    });
    let matchers: Vec<String> = matchers.collect();
    if matchers.is_empty() {
        return name.to_owned();
    }
    format!("{name}{{{}}}", matchers.join(","))
}

/// A text as a pattern for itself.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for one in text.chars() {
        if "\\.+*?()|[]{}^$".contains(one) {
            pattern.push('\\');
        }
        pattern.push(one);
    }
    pattern
}

/// A text in the double quotes of PromQL.
fn in_double_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text in the single quotes of YAML.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A time as Prometheus writes it, in seconds: `90s`.
fn span(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{}ms", time.as_millis())
    }
}

#[cfg(test)]
mod tests;
