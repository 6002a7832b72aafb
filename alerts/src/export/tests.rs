//! What the exported files look like. Whether Prometheus agrees is the suite's to ask.

use model::alert::AgentFault;

use super::*;
use crate::rule::load::{DEFAULT_RULES, DEFAULT_RULES_NAME, RuleFile, load};

fn default_rules() -> RuleSet {
    let file = RuleFile {
        name: DEFAULT_RULES_NAME.to_owned(),
        text: DEFAULT_RULES.to_owned(),
    };
    load(&[file]).unwrap()
}

fn exported_defaults() -> Exported {
    export(&default_rules(), &RunbookBase::default())
}

fn of(rule: &str) -> Exported {
    let text = format!(
        "rules:\n  - {{id: my-rule, alert: A, severity: info, summary: \"S {{{{ labels | length }}}}\", action: a, {rule}}}\n"
    );
    let file = RuleFile {
        name: "x.yaml".to_owned(),
        text,
    };
    let rules = load(&[file]).unwrap_or_else(|error| panic!("{error}"));
    export(&rules, &RunbookBase::default())
}

fn expression(rule: &str) -> String {
    let exported = of(rule);
    let line = exported
        .rules_yaml
        .lines()
        .find(|line| line.contains("expr: "));
    let line = line.unwrap_or_else(|| panic!("{exported:?}"));
    line.trim().trim_start_matches("expr: ").to_owned()
}

/// The committed files are what the default rules come to; `UPDATE_EXPECT=1` writes them.
#[test]
fn the_committed_files_are_current() {
    let exported = exported_defaults();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/prometheus");
    for (name, text) in [
        (RULES_FILE, &exported.rules_yaml),
        (TESTS_FILE, &exported.tests_yaml),
    ] {
        let path = format!("{folder}/{name}");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == *text,
            "{path} is not current: UPDATE_EXPECT=1 writes it"
        );
    }
}

#[test]
fn every_default_rule_is_exported() {
    assert_eq!(exported_defaults().left_out, []);
}

#[test]
fn a_sample_keeps_its_limit_its_labels_and_its_clearing_limit() {
    assert_eq!(
        expression("on: {sample: host_cpu_used_ratio}, above: 75%, clear: 0.65"),
        "'ztna_host_cpu_used_ratio > 0.75 or (ztna_host_cpu_used_ratio > 0.65 and ignoring \
         (alertname, alertstate, alert, rule, severity) \
         ALERTS{alertname=\"MyRule\",alertstate=\"firing\"})'"
    );
    assert_eq!(
        expression(
            "on: {sample: tunnel_state, by: [connector], only: {state: [a.b, c]}}, above: 0"
        ),
        "'max without (state) (ztna_tunnel_state{state=~\"a\\\\.b|c\"}) > 0'"
    );
    let since = "on: {sample: log_last_read_timestamp_seconds, as: seconds_since, by: [connector]}";
    assert_eq!(
        expression(&format!("{since}, above: 1h")),
        "'(time() - min without (log) (ztna_log_last_read_timestamp_seconds)) > 3600'"
    );
}

#[test]
fn an_event_becomes_its_counter_and_its_end_the_later_of_two() {
    assert_eq!(
        expression("on: {event: tls.error, reason: [ssl, syscall]}, by: [connector, reason]"),
        "'sum without (event) (increase(ztna_events_total{event=\"tls.error\",reason=~\"ssl|syscall\"}[900s])) > 0'"
    );
    assert_eq!(
        expression("on: {event: client.disconnected, at_least: 20, within: 5m}"),
        "'sum without (event, reason) (increase(ztna_events_total{event=\"client.disconnected\"}[300s])) >= 20'"
    );
    let lasting =
        expression("on: {event: registration.failed}, resolve_on: {event: registration.succeeded}");
    assert!(lasting.contains(" > max without (event) ("), "{lasting}");
    assert!(lasting.contains(" unless "), "{lasting}");
}

#[test]
fn what_prometheus_has_no_words_for_is_named() {
    for (rule, why) in [
        (
            "on: {event: tls.error}, when: 'event.log == \"x\"'",
            "its condition looks at single events",
        ),
        (
            "on: {absence: {after: update.started, until: update.succeeded, within: 2h}}",
            "it waits for single events",
        ),
        (
            "on: {sample: alert_firing}, above: 0",
            "its metric has labels that alerts have, too",
        ),
    ] {
        let exported = of(rule);
        assert_eq!(exported.left_out, [(Arc::from("my-rule"), why)], "{rule}");
        assert!(exported.rules_yaml.contains(&format!("# my-rule: {why}")));
        assert!(exported.rules_yaml.ends_with("rules: []\n"));
    }
}

/// Each fault has its own severity and its own words, and none has those for what is not
/// known.
#[test]
fn what_depends_on_a_closed_label_is_a_rule_for_each_value() {
    let exported = exported_defaults();
    let rules: Vec<&str> = exported.rules_yaml.split("- alert: ").collect();
    let rules: Vec<&&str> = rules
        .iter()
        .filter(|rule| rule.starts_with("AgentFault"))
        .collect();
    assert_eq!(rules.len(), AgentFault::ALL.len());
    for fault in AgentFault::ALL {
        let of_fault = format!("expr: 'ztna_agent_fault{{fault=\"{}\"}} > 0'", fault.name());
        let rule = rules.iter().find(|rule| rule.contains(&of_fault));
        let rule = rule.unwrap_or_else(|| panic!("{of_fault}"));
        assert!(!rule.contains("What it is stands"), "{rule}");
    }
    let store = rules
        .iter()
        .find(|rule| rule.starts_with("AgentFaultStore\n"));
    let store = store.unwrap();
    assert!(store.contains("severity: 'critical'"), "{store}");
    let plain = expression("on: {sample: agent_fault, by: [fault]}, above: 0");
    assert_eq!(plain, "'ztna_agent_fault > 0'");
}

#[test]
fn quotes_and_patterns_cannot_break_out() {
    let rule = "on: {sample: tunnel_up, only: {connector: [\"a'b\\\"c\\\\d\", \"e|f\"]}}, below: 1";
    assert_eq!(
        expression(rule),
        "'ztna_tunnel_up{connector=~\"a''b\\\"c\\\\\\\\d|e\\\\|f\"} < 1'"
    );
}
