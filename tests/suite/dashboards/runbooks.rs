//! Promise: what a dashboard calls wrong is a rule of ours, and leads to that rule's runbook.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{Page, items, pages};
use crate::tree::root;

/// The default rules, and that of Prometheus alone: each one's id, and its runbook.
fn rules_with_runbooks() -> BTreeMap<String, String> {
    let yaml = |file: &str| -> Value {
        serde_yaml::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
    };
    let word = |rule: &Value, at: &str| rule.pointer(at).unwrap().as_str().unwrap().to_owned();
    let ours = yaml("alerts/rules/default.yaml");
    let ours = items(&ours, "/rules").iter();
    let ours = ours.map(|rule| (word(rule, "/id"), word(rule, "/runbook")));
    let away = yaml("dashboards/prometheus/ztna-away.rules.yml");
    let away = items(&away, "/groups/0/rules").iter();
    let away = away.map(|rule| {
        (
            word(rule, "/labels/rule"),
            word(rule, "/annotations/runbook"),
        )
    });
    ours.chain(away).collect()
}

/// The texts in quotes that stand behind each `before`.
fn quoted_after<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    let places = text.split(before).skip(1);
    places
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect()
}

/// The runbook to which a table leads from a rule: the last replacement that fits.
fn page_of(rule: &str, query: &str) -> String {
    let mut page = String::new();
    for replacement in query.split("\"page\", \"").skip(1) {
        let mut words = replacement.split('"');
        let name = words.next().unwrap_or_default();
        match words.nth(3).unwrap_or_default() {
            "(.+)" => rule.clone_into(&mut page),
            id if id == rule => name.clone_into(&mut page),
            _ => {}
        }
    }
    format!("docs/runbooks/{page}.md")
}

#[test]
fn what_is_wrong_leads_to_the_runbook_of_a_rule_of_ours() {
    let rules = rules_with_runbooks();
    let mut tables = 0;
    for query in pages().iter().flat_map(Page::queries) {
        let named: Vec<&str> = quoted_after(&query.text, "\"rule\", \"")
            .into_iter()
            .filter(|id| *id != "(.+)")
            .collect();
        for id in &named {
            let is_rule = rules.contains_key(*id);
            assert!(is_rule, "{}: there is no rule `{id}`", query.name());
        }
        if !query.text.contains("\"page\"") {
            continue;
        }
        tables += 1;
        let names_some = query.text.contains(", \"rule\", \"tunnel-down\"");
        let led = rules
            .iter()
            .filter(|(id, _)| !names_some || named.contains(&id.as_str()));
        for (id, runbook) in led {
            assert_eq!(&page_of(id, &query.text), runbook, "{}: {id}", query.name());
            assert!(root().join(runbook).is_file(), "{runbook} is missing");
        }
    }
    assert_eq!(tables, 2, "tables that lead to runbooks");
    for page in pages() {
        let text = page.json.to_string();
        let fixed = text
            .split("${__data.fields.instance}/runbooks/")
            .skip(1)
            .filter(|rest| !rest.starts_with('$'));
        for name in fixed.filter_map(|rest| Some(rest.split_once('"')?.0)) {
            let runbook = format!("docs/runbooks/{name}.md");
            assert!(
                root().join(&runbook).is_file(),
                "{}: {runbook} is missing",
                page.file
            );
        }
    }
}
