//! Promise: what Prometheus works out beforehand means what it says, and knows our names.
//!
//! The recording rules are written by hand. `promtool` checks them and runs the unit tests
//! beside them; here their names are held to Prometheus' form, and what they ask for to
//! [`families`]. That a fresh Prometheus takes them together with the alerting rules is said
//! by the configurations that load both.

use std::collections::BTreeSet;
use std::fs;

use harness::tools::{Tool, succeed};
use serde_json::Value;

use super::asked::{read, selector, walk};
use super::items;
use super::rules::families;
use crate::tree::{assert_none, root};

const FOLDER: &str = "dashboards/prometheus";

const RULES: &str = "ztna-recording.rules.yml";

/// What is recorded: names and expressions.
pub(super) fn recorded() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join(FOLDER).join(RULES)).unwrap();
    let file: Value = serde_yaml::from_str(&text).unwrap();
    let rules = items(&file, "/groups")
        .iter()
        .flat_map(|group| items(group, "/rules"));
    let word = |rule: &Value, key: &str| rule[key].as_str().unwrap_or_default().to_owned();
    rules
        .map(|rule| (word(rule, "record"), word(rule, "expr")))
        .collect()
}

#[test]
fn promtool_takes_the_recording_rules_and_their_tests_pass() {
    for arguments in [
        ["check", "rules", RULES],
        ["test", "rules", "ztna-recording.test.yml"],
        ["check", "rules", "ztna-away.rules.yml"],
        ["test", "rules", "ztna-away.test.yml"],
    ] {
        let mut promtool = Tool::Promtool.command().unwrap();
        promtool.args(arguments).current_dir(root().join(FOLDER));
        succeed(&mut promtool).unwrap();
    }
}

#[test]
fn recorded_names_have_a_level_and_an_operation_and_ask_for_what_there_is() {
    let recorded = recorded();
    assert!(20 < recorded.len(), "{} were found", recorded.len());
    let names: BTreeSet<&str> = recorded.iter().map(|(name, _)| name.as_str()).collect();
    let families = families();
    let mut findings = Vec::new();
    for (name, expression) in &recorded {
        let parts: Vec<&str> = name.split(':').collect();
        let is_form = matches!(parts.as_slice(), [level, metric, operation]
            if !level.is_empty() && metric.starts_with("ztna_") && !operation.is_empty());
        if !is_form {
            findings.push(format!("{name} is not LEVEL:METRIC:OPERATION"));
        }
        let expression = read(expression).unwrap_or_else(|error| panic!("{name}: {error}"));
        walk(&expression, &mut Vec::new(), &mut |one, _| {
            let Some(asked) = selector(one).and_then(|selector| selector.name.as_deref()) else {
                return;
            };
            if !families.contains(asked) && !names.contains(asked) {
                findings.push(format!("{name}: there is no `{asked}`"));
            }
        });
    }
    assert_none(&findings);
}

/// Who reads the README finds each number, with what it means, and none that is not there.
#[test]
fn the_reference_of_dashboards_names_each_recorded_number() {
    let readme = fs::read_to_string(root().join("dashboards/README.md")).unwrap();
    let told: BTreeSet<String> = readme.lines().flat_map(told_by).collect();
    let recorded: BTreeSet<String> = recorded().into_iter().map(|(name, _)| name).collect();
    let either = told.symmetric_difference(&recorded).cloned();
    assert_none(&either.collect::<Vec<String>>());
}

/// The names of a row of the table. Those of one number over several times share a row, and
/// all but the first are written as operations alone: `job:ztna_x:ratio1h`, `ratio1d`.
fn told_by(line: &str) -> Vec<String> {
    let first_cell = line
        .strip_prefix("| `")
        .and_then(|row| row.split(" | ").next());
    let mut names = first_cell.unwrap_or_default().split('`').step_by(2);
    let Some((stem, first_operation)) = names.next().and_then(|name| name.rsplit_once(':')) else {
        return Vec::new();
    };
    let operations = [first_operation].into_iter().chain(names);
    operations
        .filter(|operation| !operation.is_empty())
        .map(|operation| format!("{stem}:{operation}"))
        .collect()
}
