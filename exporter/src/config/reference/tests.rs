//! Holds the table against the types, the parser and the document.
//!
//! The types' keys are asked of the types themselves: each says which keys it knows
//! when it is given one that it does not.

mod alerts;

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
        ("host: {zzz: 1}\n", "host."),
        ("host: {thresholds: {zzz: 1}}\n", "host.thresholds."),
        (
            "host: {thresholds: {cpu_used_ratio: {zzz: 1}}}\n",
            "host.thresholds.cpu_used_ratio.",
        ),
        (
            "host: {thresholds: {disk_free: {zzz: 1}}}\n",
            "host.thresholds.disk_free.",
        ),
        ("connectors: [{zzz: 1}]\n", "connectors[]."),
        ("probes: [{zzz: 1}]\n", "probes[]."),
        ("probes: [{tls: {zzz: 1}}]\n", "probes[].tls."),
        ("probes: [{tcp: {zzz: 1}}]\n", "probes[].tcp."),
        ("probes: [{dns: {zzz: 1}}]\n", "probes[].dns."),
        ("probes: [{proxy: {zzz: 1}}]\n", "probes[].proxy."),
        ("snmp: {zzz: 1}\n", "snmp."),
        ("snmp: {communities: [{zzz: 1}]}\n", "snmp.communities[]."),
        ("snmp: {users: [{zzz: 1}]}\n", "snmp.users[]."),
        ("snmp: {users: [{auth: {zzz: 1}}]}\n", "snmp.users[].auth."),
        ("snmp: {users: [{priv: {zzz: 1}}]}\n", "snmp.users[].priv."),
        ("snmp: {views: {a: {zzz: 1}}}\n", "snmp.views.*."),
        ("snmp: {targets: [{zzz: 1}]}\n", "snmp.targets[]."),
        (
            "connectors: [{tools: {nsdiag: {zzz: 1}}}]\n",
            "connectors[].tools.*.",
        ),
    ] {
        assert_eq!(known_keys(text), table_keys(prefix), "{prefix}");
    }
}

#[test]
fn every_key_of_alerts_is_in_the_table_and_no_other() {
    for (text, prefix) in [
        ("alerts: {zzz: 1}\n", "alerts."),
        ("alerts: {receivers: [{zzz: 1}]}\n", "alerts.receivers[]."),
        (
            "alerts: {receivers: [{email: {zzz: 1}}]}\n",
            "alerts.receivers[].email.",
        ),
        (
            "alerts: {receivers: [{email: {oauth: {zzz: 1}}}]}\n",
            "alerts.receivers[].email.oauth.",
        ),
        (
            "alerts: {receivers: [{email: {templates: {zzz: 1}}}]}\n",
            "alerts.receivers[].email.templates.",
        ),
        (
            "alerts: {receivers: [{webhook: {zzz: 1}}]}\n",
            "alerts.receivers[].webhook.",
        ),
        (
            "alerts: {receivers: [{alertmanager: {zzz: 1}}]}\n",
            "alerts.receivers[].alertmanager.",
        ),
        (
            "alerts: {receivers: [{syslog: {zzz: 1}}]}\n",
            "alerts.receivers[].syslog.",
        ),
        (
            "alerts: {receivers: [{exec: {zzz: 1}}]}\n",
            "alerts.receivers[].exec.",
        ),
        ("alerts: {profiles: [{zzz: 1}]}\n", "alerts.profiles[]."),
        (
            "alerts: {profiles: [{schedule: {zzz: 1}}]}\n",
            "alerts.profiles[].schedule.",
        ),
        (
            "alerts: {profiles: [{schedule: {monthly: {zzz: 1}}}]}\n",
            "alerts.profiles[].schedule.monthly.",
        ),
        (
            "alerts: {maintenance: [{zzz: 1}]}\n",
            "alerts.maintenance[].",
        ),
        (
            "alerts: {maintenance: [{schedule: {zzz: 1}}]}\n",
            "alerts.maintenance[].schedule.",
        ),
        (
            "alerts: {maintenance: [{schedule: {monthly: {zzz: 1}}}]}\n",
            "alerts.maintenance[].schedule.monthly.",
        ),
        ("alerts: {silences: [{zzz: 1}]}\n", "alerts.silences[]."),
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
        Some(("host", rest)) => format!("host: {}\n", nested(rest, value)),
        Some(("snmp", rest)) => format!("snmp: {}\n", snmp_with(rest, value)),
        Some(("alerts", rest)) => format!("alerts: {}\n", alerts::with(rest, value)),
        Some(("probes[]", rest)) => format!("probes: [{}]\n", probe_with(rest, value)),
        _ => String::new(),
    };
    Some(format!("{section}connectors:\n- {connector}\n"))
}

/// A probe in which the key has the value, and all is there that it needs.
fn probe_with(key: &str, value: &str) -> String {
    let usual = match key.split_once('.') {
        Some((kind @ ("tls" | "tcp"), rest)) if rest != "address" => {
            return probe_of(kind, "address: \"a:1\"", rest, value);
        }
        Some(("dns", rest)) if rest != "name" => return probe_of("dns", "name: a.b", rest, value),
        Some((kind, rest)) => return probe_of(kind, "", rest, value),
        None if key == "name" => "tcp: {address: \"a:1\"}",
        None if key == "proxy" => "name: b",
        None => "name: b, tcp: {address: \"a:1\"}",
    };
    format!("{{{usual}, {key}: {value}}}")
}

fn probe_of(kind: &str, usual: &str, key: &str, value: &str) -> String {
    let comma = if usual.is_empty() { "" } else { ", " };
    let said = match key.strip_suffix("[]") {
        Some(list) => format!("{list}: [{value}]"),
        None => format!("{key}: {value}"),
    };
    format!("{{name: b, {kind}: {{{usual}{comma}{said}}}}}")
}

/// A section `snmp` in which the key has the value, and all is there that it needs.
fn snmp_with(key: &str, value: &str) -> String {
    let file = "../tests/fixtures/configs/valid/secrets/passphrase";
    let item = |usual: &[(&str, &str)], changed: &str| {
        let others: String = usual
            .iter()
            .filter(|(name, _)| *name != changed)
            .map(|(name, usually)| format!("{name}: {usually}, "))
            .collect();
        format!("{{{others}{changed}: {value}}}")
    };
    let half = format!("{{protocol: sha, passphrase_file: {file}}}");
    let sealing = format!("{{protocol: des, passphrase_file: {file}}}");
    let user = [("name", "a"), ("auth", &half), ("priv", &sealing)];
    let halves = [("protocol", "md5"), ("passphrase_file", file)];
    let target = [
        ("name", "a"),
        ("address", "\"192.0.2.1:162\""),
        ("community_file", file),
    ];
    match key.split_once("[].") {
        Some(("communities", rest)) => {
            format!("{{communities: [{}]}}", item(&[("name_file", file)], rest))
        }
        Some(("users", rest)) => {
            let user = match rest.split_once('.') {
                Some(("auth", rest)) => format!("{{name: a, auth: {}}}", item(&halves, rest)),
                Some(("priv", rest)) => {
                    let seal = item(&[("protocol", "des"), ("passphrase_file", file)], rest);
                    format!("{{name: a, auth: {half}, priv: {seal}}}")
                }
                _ => item(&user, rest),
            };
            format!("{{users: [{user}]}}")
        }
        Some(("targets", rest)) => format!("{{targets: [{}]}}", item(&target, rest)),
        _ => match key.strip_prefix("views.*.") {
            Some(rest) => {
                let (name, value) = match rest.strip_suffix("[]") {
                    Some(name) => (name, format!("[{value}]")),
                    None => (rest, value.to_owned()),
                };
                let include = if name == "exclude" {
                    "include: [1.3], "
                } else {
                    ""
                };
                format!("{{views: {{a: {{{include}{name}: {value}}}}}}}")
            }
            None => {
                let communities = format!("{{communities: [{{name_file: {file}}}], ");
                nested(key, value).replacen('{', &communities, 1)
            }
        },
    }
}

/// `{a: {b: value}}` for the key `a.b`, and `[value]` for one of a list.
fn nested(key: &str, value: &str) -> String {
    match key.split_once('.') {
        Some((outer, rest)) => format!("{{{outer}: {}}}", nested(rest, value)),
        None => match key.strip_suffix("[]") {
            Some(list) => format!("{{{list}: [{value}]}}"),
            None => format!("{{{key}: {value}}}"),
        },
    }
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

#[test]
fn bounds_of_the_hosts_durations_hold_at_their_edges() {
    for row in rows().filter(|row| row.key.starts_with("host.")) {
        let Shape::Duration(least, most) = row.shape else {
            continue;
        };
        for (number, is_accepted) in edges(least.max(1), most) {
            let mut rest = nested(row.key.trim_start_matches("host."), &format!("{number}ms"));
            if row.key.ends_with("time_limit") {
                // It must end before the next look.
                rest = rest.replace("{time", "{interval: 30m, time");
            }
            let result = Config::parse("test", &config(&format!("host: {rest}")));
            let is_accepted = is_accepted || least == 0 && number == 0;
            assert_eq!(result.is_ok(), is_accepted, "{} {number}ms", row.key);
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
