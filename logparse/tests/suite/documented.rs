//! Every line that is publicly documented is recognised, in every form it may have.

use std::collections::BTreeMap;

use expect_test::expect;
use logparse::framing::Encoding;

use crate::harness::{CATALOGUE, Told, encoded, scan};

const DOCUMENTED: &str = include_str!("../fixtures/documented.log");

fn counts(told: &Told) -> String {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for name in told.names() {
        *counts.entry(name).or_default() += 1;
    }
    let lines = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}\n"));
    lines.chain([format!("{:#?}\n", told.tally)]).collect()
}

#[test]
fn every_documented_line_is_counted() {
    let told = scan(DOCUMENTED.as_bytes(), Encoding::Utf8, &[]);
    expect![[r#"
        app.connection_opened 1
        certificate.identified 1
        certificate.verified 1
        client.connected 1
        client.disconnected 1
        config.pulled 1
        dataplane.checking 1
        dataplane.verified 1
        reachability.protocols_added 1
        registration.attempted 3
        registration.failed|discovery_call 1
        registration.started 2
        registration.succeeded 1
        stitcher.status|connected_resolved_by_gslb 1
        stitcher.status|resolving 1
        tls.error|syscall 1
        tls.error|unknown_authority 2
        tunnel.connected 2
        tunnel.unknown_event 1
        update.failed|container_stop 1
        update.failed|disk_host_os 1
        update.failed|disk_software 1
        update.failed|docker_engine 1
        update.failed|docker_pull 1
        update.failed|generic 1
        update.failed|host_os 1
        update.failed|trigger_file 1
        update.failed|ui_launch 1
        update.failed|ui_package 1
        update.failed|unknown 1
        update.failed|update_timeout 1
        update.reconnect_failed|reconnect_timeout 1
        update.skipped|same_version 1
        Tally {
            lines: 43,
            recognised: 38,
            ignored: 5,
            oversize: 0,
            invalid_utf8: 0,
            continuation: 0,
            oversize_bytes: 0,
            nul_bytes: 0,
        }
    "#]]
    .assert_eq(&counts(&told));
    let misses: Vec<_> = told.misses.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(misses, ["eventlog.cpp:logPublisherTunnelEvent"]);
}

#[test]
fn line_ends_and_encodings_change_nothing() {
    let plain = scan(DOCUMENTED.as_bytes(), Encoding::Utf8, &[]);
    let crlf = DOCUMENTED.replace('\n', "\r\n");
    for text in [DOCUMENTED, &crlf] {
        for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
            let bytes = encoded(text, encoding);
            assert_eq!(Encoding::sniff(&bytes), encoding);
            let told = scan(&bytes, encoding, &[]);
            assert_eq!(told.names(), plain.names(), "{encoding:?}");
            assert_eq!(told.lines, plain.lines, "{encoding:?}");
            assert_eq!(told.tally, plain.tally, "{encoding:?}");
        }
    }
}

#[test]
fn every_prefix_changes_nothing() {
    let plain = scan(DOCUMENTED.as_bytes(), Encoding::Utf8, &[]);
    for prefix in [
        "[npa-pub-01:2024-03-04 08:42:02.000400 +00:00] [info] ",
        "[pod/publisher-0/publisher] ",
        "Nov  2 10:00:00 host npa_publisher[12]: ",
        "<13>Nov 12 10:00:00 host npa_publisher: ",
        "<13>1 2024-05-02T02:10:00Z host npa 12 - - ",
        "2024-05-02T02:10:00.123456789Z stdout F ",
        "2024-05-02T04:10:00+02:00 host npa[12]: ",
        "2024-05-02 02:10:00 ",
        "publisher-1  | 2024-05-02T02:10:00Z ",
    ] {
        let lines = DOCUMENTED.lines().map(|line| format!("{prefix}{line}\n"));
        let told = scan(lines.collect::<String>().as_bytes(), Encoding::Utf8, &[]);
        assert_eq!(told.names(), plain.names(), "{prefix}");
        assert_eq!(told.misses.len(), plain.misses.len(), "{prefix}");
    }
    let packed = |line: &str| {
        let text = line
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('&', "\\u0026");
        let rest = r#""stream":"stdout","time":"2024-05-02T02:10:00Z""#;
        format!("{{\"log\":\"{text}\\n\",{rest}}}\n")
    };
    let docker: String = DOCUMENTED.lines().map(packed).collect();
    let told = scan(docker.as_bytes(), Encoding::Utf8, &[]);
    assert_eq!(told.names(), plain.names());
}

#[test]
fn every_pair_but_the_unknown_wordings_is_shown_by_an_example() {
    let examples = CATALOGUE.rows().iter().flat_map(|row| &row.examples);
    let shown: Vec<_> = examples
        .map(|one| (one.event, one.reason.clone()))
        .collect();
    // OpenSSL can return these; no line with them is public.
    let unshown = [
        "want_read",
        "want_write",
        "want_x509_lookup",
        "want_connect",
        "want_accept",
    ];
    for pair in CATALOGUE.pairs() {
        let reason = pair.reason.as_str();
        assert!(
            unshown.contains(&reason) || shown.contains(&(Some(pair.kind), reason.to_owned())),
            "{pair:?}"
        );
    }
}

#[test]
fn a_time_comes_from_the_innermost_prefix_that_has_one() {
    let line = "publisher-1  | 2024-05-02T02:10:00Z 2021/07/27 20:00:43 UTC \
                Publisher registered successfully.";
    let zone = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
    let time = |text: &str| {
        CATALOGUE
            .explain(text.as_bytes(), &zone)
            .time
            .map(|t| t.to_string())
    };
    assert_eq!(time(line).as_deref(), Some("2021-07-27T20:00:43Z"));
    assert_eq!(
        time("2024-05-02 02:10:00 x").as_deref(),
        Some("2024-05-01T17:10:00Z")
    );
    let bracket = "[pub:2024-03-04 08:42:02 +00:00] x";
    let inner = Some("2024-03-04T08:42:02Z");
    assert_eq!(
        time(&format!("2024-05-02T02:10:00Z stdout F {bracket}")).as_deref(),
        inner
    );
    let docker =
        |text: &str| format!("{{\"log\":\"{text}\\n\",\"time\":\"2024-05-02T02:10:00Z\"}}");
    assert_eq!(time(&docker(bracket)).as_deref(), inner);
    assert_eq!(time(&docker("x")).as_deref(), Some("2024-05-02T02:10:00Z"));
    assert_eq!(time("Nov  2 10:00:00 host npa[1]: x"), None);
    assert_eq!(time("2024-13-02 02:10:00 x"), None);
}
