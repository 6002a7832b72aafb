//! Promise: `parse` knows whose logs it is given, whatever they are called and packed in.
//!
//! A folder as a support engineer gets it: three products, Windows' wide characters and
//! line ends, packed files, and some that are nobody's log.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use harness::page::Page;
use harness::tools::agent_binary;
use serde_json::Value;
use tempfile::TempDir;

const PUBLISHER: &str = "2021/07/27 20:00:41 UTC Attempt 1 to register publisher.\n\
    2021/07/27 20:00:43 UTC Publisher registered successfully.\n\
    sslhelper.cpp:302:logSslError():0x0 SSL Error 5 error:00000005:lib(0):func(0):DH lib\n";

const NETSKOPE: &str = "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:988 \
    nsTunnel DTLS Tunnel established to gateway: gateway-ord2.goskope.com, pop: US-ORD2\n\
    2024/05/01 07:50:35.981 stAgentSvc p6ff8 t50dc info tunnelMgr.cpp:1288 CTunnelMgr failed to \
    start filter device\n\
    \x20 torn\n";

const CATO: &str = "03/08/26 11:00:29.125 [I] [VPNProc   ] [1634:2BE4] [connect : 12] [:] \
    [p:auscatod1a] [ :] Successfully connected to CATO VPN \"Austin\" via DTLS mode\n\
    03/08/26 11:00:30.125 [D] [Routing] [1474:2788] [getRoutingTable:82] [:] [:] [ :] text\n\
    03/08/26 11:00:31.125 [I] [VPNProc   ] [1634:2BE4] [connect : 12] [:] [:] [ :] Failed to \
    DNS\n";

const FOREIGN: &str = "Nov 22 01:52:39 host kernel: eth0: link up\n\
    127.0.0.1 - - [22/Nov/2026:01:52:39 +0000] \"GET / HTTP/1.1\" 200 12\n";

/// As Windows writes it: two bytes a character, a mark in front, both line ends.
fn windows(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

/// A folder of everything. The names of half of them say nothing.
fn mixed_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, Vec<u8>); 9] = [
        ("agent.txt", PUBLISHER.into()),
        (
            "from-the-branch.txt",
            PUBLISHER.replace('\n', "\r\n").into(),
        ),
        ("nsdebuglog.log", NETSKOPE.into()),
        ("nsdebuglog.1.log.gz", packed(NETSKOPE.as_bytes())),
        ("windows-laptop.txt", windows(NETSKOPE)),
        ("cato_vpn_6.13.0.0_20260803110029.log", windows(CATO)),
        ("alice.bin", packed(&windows(CATO))),
        ("syslog", FOREIGN.into()),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
    ];
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Events with how often they happened.
type Counts = &'static [(&'static str, u64)];

/// What each product's connector must show: its name, files, lines and events.
const TRUTH: [(&str, u64, u64, Counts); 3] = [
    (
        "netskope-publisher",
        2,
        6,
        &[
            ("registration.attempted", 2),
            ("registration.succeeded", 2),
            ("tls.error", 2),
        ],
    ),
    (
        "netskope-client",
        3,
        9,
        &[("tunnel.connected", 3), ("steering.failed", 3)],
    ),
    (
        "cato-client",
        2,
        6,
        &[("tunnel.connected", 2), ("dns.failed", 2)],
    ),
];

fn parse(arguments: &[&str]) -> Output {
    let mut command = Command::new(agent_binary().unwrap());
    command.args(["parse", "--timezone", "UTC"]).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_mixed_folder_becomes_one_connector_a_product() {
    let folder = mixed_folder();
    let everything = folder.path().join("*").display().to_string();
    for kind in [&[][..], &["--kind", "auto"]] {
        let output = parse(&[kind, &["--output", "metrics", &everything]].concat());
        let complaints = text(&output.stderr);
        assert!(output.status.success(), "{complaints}");
        for foreign in ["syslog", "picture.png"] {
            assert!(
                complaints.contains(foreign),
                "{foreign} is told: {complaints}"
            );
        }
        assert_eq!(
            complaints.lines().count(),
            2,
            "nothing else is: {complaints}"
        );
        let page = Page::parse(&text(&output.stdout));
        assert_eq!(page.select("ztna_connector_info", &[]).count(), TRUTH.len());
        for (connector, _, lines, events) in TRUTH {
            let of_connector = [("connector", connector)];
            assert_eq!(page.count("ztna_log_lines_total", &of_connector), lines);
            let all = page.count("ztna_events_total", &of_connector);
            assert_eq!(
                all,
                events.iter().map(|(_, count)| count).sum::<u64>(),
                "{connector}"
            );
            for (event, count) in events {
                let labels = [("connector", connector), ("event", event)];
                let found = page.count("ztna_events_total", &labels);
                assert_eq!(found, *count, "{connector} {event}");
            }
        }
        let torn = [
            ("connector", "netskope-client"),
            ("outcome", "continuation"),
        ];
        assert_eq!(page.count("ztna_log_lines_total", &torn), 3);
    }
}

#[test]
fn the_table_for_people_has_each_product_with_its_files() {
    let folder = mixed_folder();
    let everything = folder.path().join("*").display().to_string();
    let table = text(&parse(&[&everything]).stdout);
    for (connector, files, lines, events) in TRUTH {
        let head = format!("{connector} ({connector}): {files} files, ");
        let line = table.lines().find(|line| line.starts_with(&head));
        let line = line.unwrap_or_else(|| panic!("no {head:?} in:\n{table}"));
        assert!(line.ends_with(&format!(" {lines} lines")), "{line}");
        assert!(events.iter().all(|(event, _)| table.contains(event)));
    }
    assert!(table.contains("steering_failed"), "degraded:\n{table}");
}

#[test]
fn each_event_says_whose_it_is_and_when_it_was() {
    let folder = mixed_folder();
    let everything = folder.path().join("*").display().to_string();
    let output = parse(&["--output", "events", &everything]);
    let events: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected: u64 = TRUTH
        .iter()
        .flat_map(|truth| truth.3)
        .map(|(_, count)| count)
        .sum();
    assert_eq!(u64::try_from(events.len()).unwrap(), expected);
    // The day comes first in what the name of the file says was written in August.
    let cato = events.iter().filter(|event| event["event"] == "dns.failed");
    for event in cato {
        assert_eq!(event["time"], "2026-08-03T11:00:31.125Z", "{event}");
        assert_eq!(event["connector"], "cato-client");
    }
}

#[test]
fn standard_input_is_recognised_in_every_coat() {
    let coats: [fn(&str) -> Vec<u8>; 3] =
        [|text| text.into(), windows, |text| packed(&windows(text))];
    let logs = [
        (PUBLISHER, "netskope-publisher", "tls.error"),
        (NETSKOPE, "netskope-client", "steering.failed"),
        (CATO, "cato-client", "dns.failed"),
    ];
    for (log, connector, event) in logs {
        for coat in coats {
            let mut command = Command::new(agent_binary().unwrap());
            command.args(["parse", "--output", "metrics", "-"]);
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(&coat(log)).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            let page = Page::parse(&text(&output.stdout));
            let labels = [("connector", connector), ("event", event)];
            assert_eq!(page.count("ztna_events_total", &labels), 1, "{connector}");
        }
    }
}

#[test]
fn a_folder_without_any_log_of_ours_is_a_failure_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("syslog"), FOREIGN).unwrap();
    let output = parse(&[&folder.path().join("*").display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let complaints = text(&output.stderr);
    assert!(complaints.contains("--kind"), "{complaints}");
    // Told whose it is, it is read as that.
    let path = folder.path().join("syslog").display().to_string();
    let named = parse(&["--kind", "cato-client", "--output", "metrics", &path]);
    assert!(named.status.success());
    let page = Page::parse(&text(&named.stdout));
    assert_eq!(page.count("ztna_log_lines_total", &[]), 2);
    assert_eq!(page.count("ztna_events_total", &[]), 0);
}
