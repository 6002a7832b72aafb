//! Laws of the page of metrics, and the page itself as golden files.

use std::time::Duration;

use expect_test::expect_file;
use model::signal::SIGNALS;
use model::snapshot::Snapshot;
use proptest::prelude::*;

use super::*;
use crate::metrics::sample;
use crate::metrics::text::to_text_004;

fn page(snapshot: Snapshot) -> String {
    let mut registry = Registry::default();
    let metrics = AgentMetrics::register(&mut registry);
    metrics.turn_committed(Duration::from_millis(3));
    metrics.commit_failed(CommitFailure::Full.name());
    metrics.store_writable(true);
    metrics.reload(true, sample::at(0));
    metrics.reload(false, sample::at(300));
    metrics.scrape_rendered(Duration::from_micros(700));
    metrics.http_connected();
    metrics.http_rejected(Rejection::SlowReader);
    render(&Arc::new(snapshot), &registry).unwrap()
}

/// The page without what differs from run to run, and with the lines of a family in
/// order where the registry keeps none.
fn stable(page: &str) -> String {
    let mut lines: Vec<&str> = page
        .lines()
        .filter(|line| !line.contains("process_"))
        .collect();
    let unordered = [
        "ztna_http_rejected_total{cause=",
        "ztna_store_commit_failures_total{cause=",
    ];
    for start in unordered {
        for run in
            lines.chunk_by_mut(|one, other| [one, other].iter().all(|l| l.starts_with(start)))
        {
            run.sort_unstable();
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_whole_page_as_openmetrics() {
    expect_file!["golden/page.openmetrics.txt"].assert_eq(&stable(&page(sample::snapshot())));
}

#[test]
fn the_whole_page_as_text_004() {
    let text = to_text_004(&page(sample::snapshot()));
    expect_file!["golden/page.004.txt"].assert_eq(&stable(&text));
}

#[test]
fn every_signal_appears() {
    let text = to_text_004(&page(sample::snapshot()));
    for row in SIGNALS {
        assert!(
            text.contains(&format!("\n{}{{", row.name)),
            "{} is missing",
            row.name
        );
        assert!(
            text.contains(&format!("# HELP {} {}.\n", row.name, row.help)),
            "{}",
            row.name
        );
    }
}

#[test]
fn a_state_set_has_exactly_one_present_state() {
    let text = to_text_004(&page(sample::snapshot()));
    for family in [
        "ztna_tunnel_state",
        "ztna_registration_state",
        "ztna_update_state",
    ] {
        for connector in ["pub-fra-1", "pub-sjc-2"] {
            let start = format!("{family}{{connector=\"{connector}\",");
            let present = text
                .lines()
                .filter(|line| line.starts_with(&start) && line.ends_with(" 1"));
            assert_eq!(present.count(), 1, "{family} of {connector}");
        }
    }
}

#[test]
fn what_nobody_has_set_is_absent() {
    let mut registry = Registry::default();
    let _metrics = AgentMetrics::register(&mut registry);
    let page = render(&Arc::new(Snapshot::default()), &registry).unwrap();
    for absent in [
        "ztna_config_last_reload",
        "ztna_store_writable",
        "ztna_watch_active",
        "ztna_tunnel",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn an_unknown_moment_is_no_line() {
    let mut snapshot = sample::snapshot();
    snapshot
        .connectors
        .retain(|connector| &*connector.name == "pub-sjc-2");
    let page = page(snapshot);
    assert!(
        !page.contains("ztna_log_last_read_timestamp_seconds"),
        "never read"
    );
}

/// Checks that a connector's name changes no line but where the name stands.
fn check_name(hostile: &str) {
    let mut plain = sample::snapshot();
    plain.connectors.truncate(1);
    let mut named = plain.clone();
    plain.connectors[0].name = Arc::from("plain");
    named.connectors[0].name = Arc::from(hostile);
    let registry = Registry::default();
    let plain = to_text_004(&render(&Arc::new(plain), &registry).unwrap());
    let named = to_text_004(&render(&Arc::new(named), &registry).unwrap());
    let escaped = hostile
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    assert_eq!(plain.split('\n').count(), named.split('\n').count());
    for (line, of_plain) in named.split('\n').zip(plain.split('\n')) {
        match of_plain.split_once("\"plain\"") {
            Some((start, end)) => {
                assert!(
                    line.starts_with(start) && line.ends_with(end),
                    "{line:.200}"
                );
                let shown = line.get(start.len()..line.len() - end.len()).unwrap();
                assert!(shown == format!("\"{escaped}\""), "{shown:.200}");
            }
            None => assert_eq!(line, of_plain),
        }
    }
}

#[test]
fn a_name_of_a_megabyte_stays_on_its_line() {
    check_name(&"\"} 1\nforged_metric 999\n# \\".repeat(36_000));
}

proptest! {
    /// No name, however hostile, may add or break a line.
    #[test]
    fn a_hostile_name_stays_on_its_line(name in "[\"\\\\\n\r{}#, =a\u{0}\u{2028}é]{0,40}") {
        check_name(&name);
    }
}
