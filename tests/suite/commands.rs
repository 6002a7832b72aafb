//! Promise: each command does what its help says, with exact counts and exit codes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use harness::page::Page;
use harness::tools::agent_binary;
use serde_json::Value;
use tempfile::TempDir;

const TRUTH: &str = include_str!("../fixtures/publisher-documented.truth.json");

fn documented() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/publisher-documented.log")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(agent_binary().unwrap())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{arguments:?}: {}\n{stderr}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}

fn truth() -> Value {
    serde_json::from_str(TRUTH).unwrap()
}

fn true_counts(truth: &Value) -> BTreeMap<String, u64> {
    let counts = truth["counts"].as_object().unwrap();
    counts
        .iter()
        .map(|(key, count)| (key.clone(), count.as_u64().unwrap()))
        .collect()
}

/// `parse --output metrics` of this file or glob must tell the truth.
fn check_metrics(page: &str, times: u64) {
    let page = Page::parse(page);
    let expected: BTreeMap<String, u64> = true_counts(&truth())
        .into_iter()
        .map(|(key, count)| (key, count * times))
        .collect();
    assert_eq!(page.event_counts(), expected);
    let lines = truth()["lines"].as_u64().unwrap();
    assert_eq!(page.count("ztna_log_lines_total", &[]), lines * times);
    let near_misses = page.count("ztna_log_near_miss_total", &[]);
    assert_eq!(near_misses, times, "one changed wording in each file");
}

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn parse_counts_every_documented_line() {
    let log = documented();
    check_metrics(
        &stdout(&["parse", "--output", "metrics", &log.display().to_string()]),
        1,
    );
}

/// 400 lines of a seeded generator of a busy Publisher's log, which counted what it wrote:
/// noise from the same source files stands between the lines that mean something.
#[test]
fn parse_counts_what_a_busy_publisher_wrote() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let log = fixtures.join("publisher-busy.log").display().to_string();
    let truth = fs::read(fixtures.join("publisher-busy.truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let page = Page::parse(&stdout(&["parse", "--output", "metrics", &log]));
    assert_eq!(page.event_counts(), true_counts(&truth));
    let lines = truth["lines"].as_u64().unwrap();
    assert_eq!(page.count("ztna_log_lines_total", &[]), lines);
}

#[test]
fn parse_counts_the_same_with_cr_lf_and_in_utf_16() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(documented()).unwrap();
    let crlf = file(&folder, "crlf.log", text.replace('\n', "\r\n").as_bytes());
    check_metrics(&stdout(&["parse", "--output", "metrics", &crlf]), 1);
    let units = || text.encode_utf16();
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for (name, mark, wide) in [
        ("le.log", [0xff, 0xfe], little),
        ("be.log", [0xfe, 0xff], big),
    ] {
        let path = file(&folder, name, &[mark.to_vec(), wide].concat());
        check_metrics(&stdout(&["parse", "--output", "metrics", &path]), 1);
    }
}

#[test]
fn parse_unpacks_globs_and_reads_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read(documented()).unwrap();
    file(&folder, "one.log", &text);
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&text).unwrap();
    let packed = file(&folder, "two.log.gz", &packer.finish().unwrap());
    check_metrics(&stdout(&["parse", "--output", "metrics", &packed]), 1);
    let glob = folder.path().join("*.log*").display().to_string();
    check_metrics(&stdout(&["parse", "--output", "metrics", &glob]), 2);
    let mut command = Command::new(agent_binary().unwrap());
    command.args(["parse", "--output", "metrics", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    check_metrics(&String::from_utf8(output.stdout).unwrap(), 1);
}

#[test]
fn parse_prints_one_json_object_an_event() {
    let log = documented();
    let text = stdout(&["parse", "--output", "events", &log.display().to_string()]);
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut counts = BTreeMap::new();
    for event in &events {
        let key = match event["reason"].as_str() {
            None | Some("") => event["event"].as_str().unwrap().to_owned(),
            Some(reason) => format!("{}|{reason}", event["event"].as_str().unwrap()),
        };
        *counts.entry(key).or_insert(0) += 1;
    }
    assert_eq!(counts, true_counts(&truth()));
    let started = &events[0];
    assert_eq!(started["time"], "2021-07-27T20:00:41Z");
    assert_eq!(started["offset"], 0);
    assert_eq!(
        started["fields"]["address"],
        "ns-1234.us-sjc1.npa.goskope.com"
    );
    let without_time = events
        .iter()
        .find(|event| event["event"] == "config.pulled")
        .unwrap();
    assert_eq!(without_time["time"], Value::Null);
}

#[test]
fn parse_prints_a_table_for_people() {
    let log = documented();
    let text = stdout(&["parse", "--output", "summary", &log.display().to_string()]);
    for words in [
        "registration.failed",
        "discovery_call",
        "update.failed",
        "docker_pull",
    ] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
}

#[test]
fn parse_of_a_file_that_is_not_there_is_a_usage_error_that_names_it() {
    let output = run(&["parse", "/nonexistent/agent.txt"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent/agent.txt"));
}

#[test]
fn explain_names_the_event_and_its_reason() {
    let text = stdout(&[
        "explain",
        "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 error:00000005:lib(0):func(0):DH lib",
    ]);
    assert!(
        text.contains("tls.error") && text.contains("syscall"),
        "{text}"
    );
    let near = stdout(&["explain", "sslhelper.cpp:302:logSslError():0x0 TLS failure"]);
    assert!(near.contains("sslhelper.cpp:logSslError"), "{near}");
    let nothing = stdout(&["explain", "metrics.cpp:31:sample():0x0 cpu=12.5% rss=210MB"]);
    assert!(!nothing.contains("tls.error"), "{nothing}");
}

#[test]
fn a_runbook_is_printed_for_its_rule_and_a_near_name_is_guessed() {
    let list = stdout(&["alerts", "runbook"]);
    assert!(list.starts_with("# Runbooks: "), "{list}");
    let own = stdout(&["alerts", "runbook", "tunnel-down"]);
    assert!(own.starts_with("# The tunnel is down\n"), "{own}");
    // Two rules with one page, and a rule that is off.
    let shared = stdout(&["alerts", "runbook", "certificate-expires-soon"]);
    assert!(shared.contains("Rules `certificate-expiring`"), "{shared}");
    let off = stdout(&["alerts", "runbook", "clients-leaving"]);
    assert!(off.contains("Rule `clients-leaving`"), "{off}");
    for (name, words) in [
        (
            "tunel-down",
            "no rule is called `tunel-down`; did you mean `tunnel-down`?",
        ),
        ("xyzzy", "`alerts runbook` lists them"),
    ] {
        let output = run(&["alerts", "runbook", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_usage_error_has_exit_code_2() {
    for arguments in [
        ["run", "--no-such-flag"],
        ["no-such-command", "x"],
        ["parse", "--output"],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_usage_error_repeats_an_argument_without_its_control_characters() {
    for arguments in [&["sn\u{1b}[31m"][..], &["--log-level", "x\u{202e}y"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains(['\u{1b}', '\u{202e}']), "{stderr:?}");
        assert!(stderr.contains("\\u{"), "{stderr:?}");
        assert!(stderr.contains("--help"), "{stderr:?}");
    }
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            stdout(&["completions", shell]).contains("ztna-exporter"),
            "{shell}"
        );
    }
    assert!(stdout(&["man"]).contains(".TH ztna-exporter"));
    assert!(stdout(&["--version"]).starts_with("ztna-exporter "));
}
