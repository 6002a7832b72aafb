//! Holds the table against the types, the parser and the document.
//!
//! The types' keys are asked of the types themselves: each says which keys it knows
//! when it is given one that it does not.

use std::collections::BTreeSet;

use expect_test::expect_file;
use model::connector::{ConnectorKind, Tool};

use super::*;
use crate::config::{Config, TailConfig};

fn config(section: &str) -> String {
    let connector = "name: a\n  kind: netskope-publisher\n  logs: {agent: [/x]}";
    if section.starts_with("connectors") {
        return section.to_owned();
    }
    format!("store: {{path: state.db}}\n{section}\nconnectors:\n- {connector}\n")
}

/// The keys that the types know in a section, told by the error for `zzz`.
fn known_keys(text: &str) -> BTreeSet<String> {
    let message = Config::parse("test", text).unwrap_err().message();
    let (_, listed) = message.split_once("; want ").unwrap();
    listed
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn table_keys(prefix: &str) -> BTreeSet<String> {
    rows()
        .filter_map(|row| row.key.strip_prefix(prefix))
        .filter(|rest| !rest.is_empty() && !rest.contains(['.', '[', '*']))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_key_of_the_types_is_in_the_table_and_no_other() {
    for (text, prefix) in [
        ("zzz: 1\n", ""),
        ("store: {zzz: 1}\n", "store."),
        ("web: {zzz: 1}\n", "web."),
        ("tail: {zzz: 1}\n", "tail."),
        ("privacy: {zzz: 1}\n", "privacy."),
        ("connectors: [{zzz: 1}]\n", "connectors[]."),
        (
            "connectors: [{tools: {nsdiag: {zzz: 1}}}]\n",
            "connectors[].tools.*.",
        ),
    ] {
        assert_eq!(known_keys(text), table_keys(prefix), "{prefix}");
    }
}

#[test]
fn every_tool_of_the_model_can_be_configured() {
    let tools = Tool::ALL.iter().map(|tool| tool.name().to_owned());
    assert_eq!(
        known_keys("connectors: [{tools: {zzz: 1}}]\n"),
        tools.collect()
    );
}

#[test]
fn every_kind_of_the_model_is_in_the_table() {
    let kinds: Vec<&str> = ConnectorKind::ALL.iter().map(|kind| kind.name()).collect();
    let row = find("connectors[].kind").unwrap();
    assert!(matches!(row.shape, Shape::Word(words) if words == kinds));
}

/// A configuration in which the key has the value.
fn with(key: &str, value: &str) -> Option<String> {
    let required = "name: a\n  kind: netskope-publisher\n  logs: {agent: [/x]}";
    let mut connector = required.to_owned();
    match key.strip_prefix("connectors[].") {
        Some("name") => connector = connector.replace("name: a", &format!("name: {value}")),
        Some("kind") => {}
        Some("logs.*") => connector = connector.replace("[/x]", value),
        Some("logs.*[]") => connector = connector.replace("/x", value),
        Some(rest) if rest.starts_with("tools.*.") => {
            let of_tool = rest.strip_prefix("tools.*.").unwrap_or_default();
            connector = connector.replace("-publisher", "-client");
            connector = format!("{connector}\n  tools: {{nsdiag: {{{of_tool}: {value}}}}}");
        }
        Some(rest) => connector = format!("{connector}\n  {rest}: {value}"),
        None => {}
    }
    let section = match key.split_once('.') {
        Some((section @ ("store" | "web" | "tail" | "privacy"), rest)) => {
            match rest.strip_suffix("[]") {
                Some(list) => format!("{section}: {{{list}: [{value}]}}\n"),
                None => format!("{section}: {{{rest}: {value}}}\n"),
            }
        }
        _ => String::new(),
    };
    Some(format!("{section}connectors:\n- {connector}\n"))
}

#[test]
fn every_example_is_accepted() {
    for row in rows().filter(|row| !row.example.is_empty()) {
        let text = with(row.key, row.example).unwrap();
        // The default store need not be writable for whoever runs the tests.
        let text = if text.contains("store:") {
            text
        } else {
            format!("store: {{path: state.db}}\n{text}")
        };
        if let Err(error) = Config::parse(row.key, &text) {
            panic!("{}\n{text}", error.render(crate::config::Colour::Never));
        }
    }
}

#[test]
fn defaults_are_what_the_table_says() {
    let tail: String = rows()
        .filter_map(|row| Some((row.key.strip_prefix("tail.")?, row.default)))
        .map(|(key, default)| format!("  {key}: {default}\n"))
        .collect();
    let said = Config::parse("test", &config(&format!("tail:\n{tail}"))).unwrap();
    assert_eq!(said.tail, TailConfig::default());
    let silent = Config::parse("test", &config("")).unwrap();
    assert_eq!(silent.tail, TailConfig::default());
    assert_eq!(
        format!("`{:?}`", silent.web.listen),
        find("web.listen").unwrap().default
    );
}

#[test]
fn bounds_hold_at_their_edges() {
    for row in rows().filter(|row| row.key.starts_with("tail.")) {
        let key = row.key.strip_prefix("tail.").unwrap();
        let (unit, least, most) = match row.shape {
            Shape::Count(least, most) => ("", u64::from(least), u64::from(most)),
            Shape::Duration(least, most) => ("ms", least, most),
            Shape::Size(least, most) => ("B", least, most),
            Shape::Section
            | Shape::List(_)
            | Shape::Text(_)
            | Shape::Word(_)
            | Shape::DurationOrNever(..)
            | Shape::Truth => panic!("{}", row.key),
        };
        for (number, is_accepted) in edges(least, most) {
            let text = config(&format!("tail: {{{key}: {number}{unit}}}"));
            let result = Config::parse("test", &text);
            assert_eq!(result.is_ok(), is_accepted, "{key} {number}{unit}");
            if let Err(error) = result {
                assert_eq!(error.key(), row.key);
            }
        }
    }
}

/// Numbers at and beyond the bounds, and whether they are accepted.
const fn edges(least: u64, most: u64) -> [(u64, bool); 4] {
    [
        (least - 1, false),
        (least, true),
        (most, true),
        (most + 1, false),
    ]
}

#[test]
fn bounds_of_a_connectors_durations_hold_at_their_edges() {
    let key = |row: &Row| row.key.replace("[].", "[0].").replace('*', "nsdiag");
    for row in rows().filter(|row| row.key.starts_with("connectors[]")) {
        let (least, most) = match row.shape {
            Shape::Duration(least, most) | Shape::DurationOrNever(least, most) => (least, most),
            _ => continue,
        };
        for (number, is_accepted) in edges(least, most) {
            let mut text = with(row.key, &format!("{number}ms")).unwrap();
            if row.key.ends_with("timeout") {
                // A time limit must end before the next run.
                text = text.replace("{timeout", "{interval: 30m, timeout");
            }
            if row.key.ends_with("interval") {
                // Any silence must be twice as long.
                text = text.replace("{interval", "{timeout: 1s, interval");
                text.push_str("  unknown_after: never\n");
            }
            let text = format!("store: {{path: state.db}}\n{text}");
            let result = Config::parse("test", &text);
            assert_eq!(result.is_ok(), is_accepted, "{text}");
            if let Err(error) = result {
                assert_eq!(error.key(), key(row));
            }
        }
    }
}

/// What stands between two marks of the manual.
fn block(start: &str) -> String {
    let page = manual();
    let (_, rest) = page.split_once(start).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_manuals_examples_are_true() {
    let example = block("```yaml\n").replace("/var/lib/ztna-exporter/", "");
    Config::parse("example", &example).unwrap();
    let text = config("tail:\n  poll_interval: 5ms");
    let report = Config::parse("agent.yaml", &text).unwrap_err();
    assert_eq!(
        block("```text\n").trim_end(),
        report.render(crate::config::Colour::Never)
    );
}

#[test]
fn the_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    expect_file![path].assert_eq(&manual());
}
