//! Promise: the example for Alertmanager is accepted, sends each alert to whom it should,
//! and names nothing that our rules do not have.

use std::collections::BTreeSet;

use alerts::rule::RuleSet;
use alerts::rule::load::{DEFAULT_RULES, DEFAULT_RULES_NAME, RuleFile, load};
use harness::tools::Tool;

use crate::tree::root;

const EXAMPLE: &str = "dashboards/alertmanager/alertmanager.yml";

fn amtool(arguments: &[&str]) -> String {
    let output = Tool::Amtool
        .command()
        .unwrap()
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Those that are off too: whoever switches one on finds it in the example.
fn default_rules() -> RuleSet {
    let file = RuleFile {
        name: DEFAULT_RULES_NAME.to_owned(),
        text: DEFAULT_RULES.replace("disabled: true", "disabled: false"),
    };
    load(&[file]).unwrap()
}

#[test]
fn amtool_accepts_the_example() {
    assert!(amtool(&["check-config", EXAMPLE]).contains("SUCCESS"));
}

#[test]
fn each_alert_goes_where_it_should() {
    for (labels, wanted) in [
        (["alert=TUNNEL_DOWN", "severity=critical"], "ops"),
        (["alert=HOST_CPU", "severity=warning"], "ops"),
        (["alert=UPGRADE_FAILED", "severity=critical"], "updates"),
        (["alert=UPGRADE_SKIPPED", "severity=info"], "updates"),
        (["alert=CLIENT_DISABLED", "severity=info"], "nobody"),
    ] {
        let [first, second] = labels;
        let file = format!("--config.file={EXAMPLE}");
        let told = amtool(&["config", "routes", "test", &file, first, second]);
        assert_eq!(told.trim(), wanted, "{labels:?}");
    }
}

/// A rule that is renamed would fall out of a group or an inhibition without a sound.
#[test]
fn it_names_alerts_and_rules_that_there_are() {
    let rules = default_rules();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for rule in &rules.rules {
        known.insert(rule.alert.to_string());
        known.insert(rule.id.to_string());
    }
    let text = std::fs::read_to_string(root().join(EXAMPLE)).unwrap();
    let mut found = 0;
    for matcher in text.lines().filter(|line| line.contains("matchers: [")) {
        let inside = matcher.split(['[', ']']).nth(1).unwrap();
        let (label, value) = inside.split_once('=').unwrap();
        if !["alert", "rule"].contains(&label.trim()) {
            continue;
        }
        for name in value.trim_start_matches('~').split('|') {
            let name = name.trim_matches([' ', '"']);
            assert!(known.contains(name), "{name} is in no rule: {matcher}");
            found += 1;
        }
    }
    assert!(20 < found, "{found}");
}

/// What explains what here is what explains it in the rules.
#[test]
fn it_has_the_inhibitions_of_the_rules() {
    let text = std::fs::read_to_string(root().join(EXAMPLE)).unwrap();
    let (_, inhibitions) = text.split_once("inhibit_rules:").unwrap();
    let rules = default_rules();
    let names = |one: &alerts::rule::Rule, inside: &str| {
        let words: BTreeSet<&str> = inside.split([' ', '"', '|', ']', '[', '\n']).collect();
        words.contains(&*one.alert) || words.contains(&*one.id)
    };
    for rule in &rules.rules {
        for inhibition in &rule.inhibited_by {
            let source = rules.find(&inhibition.rule).unwrap();
            let is_there = inhibitions.split("source_matchers:").any(|part| {
                let (of, to) = part.split_once("target_matchers:").unwrap_or((part, ""));
                names(source, of) && names(rule, to)
            });
            assert!(is_there, "{} by {}", rule.id, inhibition.rule);
        }
        if rule.is_explained_by_update && rule.by.iter().any(|label| **label == *"connector") {
            let (_, of_updates) = inhibitions.split_once("UPGRADE_STARTED").unwrap();
            assert!(names(rule, of_updates), "{} by updates", rule.id);
        }
    }
}
