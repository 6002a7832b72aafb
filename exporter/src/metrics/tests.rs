//! Laws of the page of metrics, and the page itself as golden files.

use std::collections::BTreeSet;
use std::time::Duration;

use expect_test::expect_file;
use model::connector::Fact;
use model::histogram::RttHistogram;
use model::host::{Filesystem, HostSample};
use model::probe::ProbeKind;
use model::signal::{SIGNALS, Signal, SignalKind};
use model::snapshot::Snapshot;
use model::untrusted::Untrusted;
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
        .filter(|line| !line.starts_with("process_") && !line.contains(" process_"))
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
    expect_file!["golden/page.openmetrics.txt"].assert_eq(&stable(&page(sample::whole())));
}

#[test]
fn the_whole_page_as_text_004() {
    let text = to_text_004(&page(sample::whole()));
    expect_file!["golden/page.004.txt"].assert_eq(&stable(&text));
}

#[test]
fn every_signal_appears() {
    let text = to_text_004(&page(sample::whole()));
    for row in SIGNALS {
        let ending = if row.kind == SignalKind::Histogram {
            "_bucket"
        } else {
            ""
        };
        let after_name = if row.labels.is_empty() { ' ' } else { '{' };
        assert!(
            text.contains(&format!("\n{}{ending}{after_name}", row.name)),
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
    let present = |start: &str| {
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines.filter(|line| line.ends_with(" 1")).count()
    };
    let mut sets = 0;
    for row in SIGNALS
        .iter()
        .filter(|row| row.kind == SignalKind::StateSet)
    {
        for connector in &sample::snapshot().connectors {
            let start = format!("{}{{connector=\"{}\",", row.name, connector.name);
            let services = text
                .lines()
                .filter(|line| line.starts_with(&start) && line.contains("state=\"unknown\""));
            let expected = if row.signal == Signal::ServiceState {
                services.count()
            } else {
                usize::from(text.contains(&start))
            };
            assert_eq!(present(&start), expected, "{start}");
            sets += expected;
        }
    }
    // Two Publishers with 3 sets; a Netskope Client with 5 and its icon, a Cato Client with 3.
    assert_eq!(sets, 2 * 3 + 6 + 3);
}

#[test]
fn a_part_that_a_product_does_not_have_is_not_shown_for_it() {
    let text = to_text_004(&page(sample::snapshot()));
    for (family, connector) in [
        ("ztna_client_status", "pub-fra-1"),
        ("ztna_client_icon_state", "laptop-tyo-4"),
        ("ztna_registration_state", "laptop-ord-3"),
        ("ztna_degraded", "pub-fra-1"),
        ("ztna_service_state", "pub-fra-1"),
        ("ztna_probe_runs_total", "pub-fra-1"),
        ("ztna_tunnel_reconnects_total", "laptop-ord-3"),
    ] {
        let start = format!("\n{family}{{connector=\"{connector}\"");
        assert!(!text.contains(&start), "{start}");
    }
    assert!(!text.contains("connector=\"laptop-ord-3\",service=\"internet_security\""));
    assert!(!text.contains("connector=\"laptop-tyo-4\",reason=\"steering_failed\""));
}

#[test]
fn a_tunnel_that_is_up_while_nothing_is_steered_is_degraded() {
    let text = to_text_004(&page(sample::snapshot()));
    for line in [
        "ztna_tunnel_up{connector=\"laptop-ord-3\"} 1\n",
        "ztna_degraded{connector=\"laptop-ord-3\",reason=\"steering_failed\"} 1\n",
        "ztna_degraded{connector=\"laptop-ord-3\",reason=\"service_impaired\"} 0\n",
        "ztna_degraded{connector=\"laptop-tyo-4\",reason=\"service_impaired\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn only_what_the_vendors_tool_told_becomes_a_label() {
    let mut snapshot = sample::snapshot();
    let client = &mut snapshot.connectors[2];
    client.tool_facts = [(Fact::Pop, Untrusted::new("A\n\u{1b}[31m\u{202e}"))]
        .into_iter()
        .collect();
    client
        .state
        .facts
        .learn(Fact::Gateway, Untrusted::new("forged.example.com"));
    let page = page(snapshot);
    assert!(!page.contains("forged"));
    assert!(
        page.contains("kind=\"netskope-client\",pop=\"A\\\\u{a}\\\\u{1b}[31m\\\\u{202e}\"} 1\n"),
        "no control character, and nothing for what was not told"
    );
}

#[test]
fn every_label_of_the_info_family_is_a_fact() {
    let labels = Signal::ConnectorInfo.row().labels;
    for label in labels.iter().skip(2) {
        assert!(Fact::from_name(label).is_some(), "{label}");
    }
}

#[test]
fn the_buckets_of_a_histogram_rise_to_its_count() {
    let mut snapshot = sample::snapshot();
    // More than any client measures, as a damaged store might tell.
    snapshot.connectors[2].round_trips[1].1 = RttHistogram {
        counts: vec![u64::MAX; RttHistogram::steps()],
        sum_ms: u64::MAX,
    };
    let text = to_text_004(&page(snapshot));
    let values = |pop: &str, part: &str| -> Vec<f64> {
        let start = format!("ztna_gateway_rtt_seconds_{part}{{");
        let of_pop = format!("connector=\"laptop-ord-3\",pop=\"{pop}\"");
        text.lines()
            .filter(|line| line.starts_with(&start) && line.contains(&of_pop))
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect()
    };
    let buckets = values("US-ORD2", "bucket");
    assert_eq!(
        buckets,
        [0., 1., 3., 3., 4., 4., 4., 4., 4., 4., 4., 4., 4.]
    );
    assert_eq!(values("US-ORD2", "sum"), [0.064]);
    assert_eq!(values("US-ORD2", "count"), [4.]);
    assert!(values("other", "bucket").is_sorted());
}

#[test]
fn a_probe_that_belongs_to_no_connector_has_no_such_label() {
    let text = to_text_004(&page(sample::whole()));
    for line in [
        "ztna_probe_success{probe=\"gateway\"} 1\n",
        "ztna_probe_failures_total{probe=\"gateway\",cause=\"refused\"} 3\n",
        "ztna_probe_tls_intercepted{connector=\"pub-fra-1\",probe=\"management-plane\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}");
    }
    assert!(!text.contains("connector=\"\""));
}

#[test]
fn a_probe_that_has_not_run_yet_shows_its_counts_alone() {
    let mut snapshot = sample::whole();
    for probe in &mut snapshot.probes {
        probe.last = None;
        probe.succeeded_at = None;
    }
    let text = to_text_004(&page(snapshot));
    let of_gateway = text.lines().filter(|line| line.contains("\"gateway\""));
    let counted = of_gateway.filter(|line| {
        line.starts_with("ztna_probe_runs_total") || line.starts_with("ztna_probe_failures_total")
    });
    assert_eq!(counted.count(), 1 + ProbeKind::Tcp.faults().len());
    assert_eq!(
        text.matches("\"gateway\"").count(),
        1 + ProbeKind::Tcp.faults().len()
    );
}

#[test]
fn what_could_not_be_read_of_the_host_is_absent() {
    let mut snapshot = sample::whole();
    let host = snapshot.host.as_mut().unwrap();
    let nothing = HostSample {
        taken_at: Some(sample::at(600)),
        ..HostSample::default()
    };
    Arc::make_mut(host).sample = Arc::new(nothing);
    // One of their families is called after the Publisher, and is none of the host's.
    snapshot.alerts = Arc::default();
    let text = to_text_004(&page(snapshot));
    let shown: BTreeSet<&str> = text
        .lines()
        .filter(|line| line.starts_with("ztna_host_") || line.starts_with("ztna_publisher_"))
        .map(|line| line.split(['{', ' ']).next().unwrap())
        .collect();
    let expected = [
        "ztna_host_sampled_timestamp_seconds",
        "ztna_host_threshold",
        "ztna_host_threshold_breached",
        "ztna_host_threshold_breached_timestamp_seconds",
    ];
    assert_eq!(shown, BTreeSet::from(expected));
}

#[test]
fn no_label_tells_the_name_of_the_host_or_of_a_program() {
    let text = page(sample::whole());
    assert!(!text.contains("pub-fra-1.example.com"));
    assert!(!text.contains("named-by-somebody"));
    assert!(text.contains("kernel=\"5.15.0-119-generic\""));
    assert!(!text.contains("veth"));
}

#[test]
fn two_mount_points_that_look_the_same_are_one_line() {
    let mut snapshot = sample::whole();
    let host = Arc::make_mut(snapshot.host.as_mut().unwrap());
    let disks = &mut Arc::make_mut(&mut host.sample).filesystems;
    let long = "x".repeat(300);
    for name in [
        "/a\n",
        "/a\\u{a}",
        &format!("/{long}1"),
        &format!("/{long}2"),
    ] {
        disks.push(Filesystem {
            mountpoint: Arc::from(name),
            ..disks[0].clone()
        });
    }
    let text = to_text_004(&page(snapshot));
    let start = "ztna_host_filesystem_size_bytes{";
    assert_eq!(
        text.lines().filter(|line| line.starts_with(start)).count(),
        2 + 2
    );
    let mut lines: Vec<&str> = text
        .lines()
        .map(|line| line.split("} ").next().unwrap())
        .collect();
    lines.retain(|line| line.starts_with("ztna_host_"));
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), count);
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
        "ztna_web_",
        "ztna_tunnel",
        "ztna_host",
        "ztna_probe",
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
