//! Promise: the commands of alerting do what their help says, beside a running agent and
//! without one.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use harness::agent::Agent;
use harness::log_file::LogFile;
use harness::scene::{Scene, Settings};
use harness::tools::agent_binary;
use harness::wait::until;
use serde_json::Value;
use ztna_exporter::demo::mailbox::Mailbox;

const PATIENCE: Duration = Duration::from_secs(60);

/// An alert that comes with a line, so that nobody has to wait for it.
const RULES: &str = "version: 1
rules:
- id: tls-at-once
  alert: TLS_AT_ONCE
  on: {event: tls.error}
  by: [connector]
  severity: critical
  summary: TLS of {{ connector }} fails
  action: Look at it.
  runbook: docs/runbooks/tls-errors.md
";

const TLS_ERROR: &str =
    "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 error:00000005:lib(0):func(0):DH lib";

/// A scene whose receiver `ops` is this mailbox.
fn scene(mailbox: &Mailbox) -> Scene {
    let more = format!(
        "alerts:\n  agent: test\n  rules: [rules.yaml]\n  receivers:\n  - name: ops\n    email: \
         {{host: {}, port: {}, tls: none, from: z@example.com, to: [ops@example.com]}}\n",
        mailbox.address().ip(),
        mailbox.address().port()
    );
    let scene = Scene::with(Settings {
        more,
        ..Settings::default()
    })
    .unwrap();
    fs::write(scene.path("rules.yaml"), RULES).unwrap();
    scene
}

fn alerts(scene: &Scene, arguments: &[&str]) -> Output {
    let (words, rest) = match arguments {
        ["silence", word, rest @ ..] => (vec!["silence", word], rest),
        [word, rest @ ..] => (vec![*word], rest),
        [] => (Vec::new(), arguments),
    };
    Command::new(agent_binary().unwrap())
        .arg("alerts")
        .args(words)
        .arg("--config")
        .arg(scene.config())
        .args(rest)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn check(scene: &Scene, arguments: &[&str], code: i32) -> String {
    let output = alerts(scene, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    String::from_utf8(output.stdout).unwrap() + &said
}

fn mails(mailbox: &Mailbox) -> usize {
    fs::read_dir(mailbox.folder()).unwrap().count()
}

fn open(folder: &Path) -> Mailbox {
    Mailbox::start(folder, |_, _| {}).unwrap()
}

#[test]
fn a_test_goes_through_the_agents_own_outbox_and_is_told_with_the_servers_words() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = open(folder.path());
    let scene = scene(&mailbox);
    let log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    assert!(log.path().is_file());
    let said = check(&scene, &["send-test", "ops"], 0);
    assert!(said.contains("ops@example.com: sent: 250"), "{said}");
    assert!(!said.contains("no agent"), "{said}");
    let mail = fs::read_to_string(mailbox.folder().join("0001.eml")).unwrap();
    assert!(mail.contains("To: ops@example.com"), "{mail}");
    let all = check(&scene, &["queue", "--all", "--json"], 0);
    let delivery: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(delivery["state"], "sent");
    assert_eq!(delivery["rule"], "test");
    assert_eq!(check(&scene, &["queue", "--json"], 0), "");
    let unknown = check(&scene, &["send-test", "boss"], 2);
    assert!(unknown.contains("there are: ops"), "{unknown}");
    agent.terminate().unwrap();
    mailbox.stop();
}

#[test]
fn without_an_agent_a_test_is_sent_straight_and_a_refusal_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = open(folder.path());
    let scene = scene(&mailbox);
    let said = check(&scene, &["send-test", "ops"], 0);
    assert!(said.contains("ops@example.com: sent: 250"), "{said}");
    assert!(said.contains("no agent took it in"), "{said}");
    assert_eq!(mails(&mailbox), 1);
    mailbox.stop();
    let refused = check(&scene, &["send-test", "ops"], 1);
    assert!(refused.contains("not sent yet"), "{refused}");
}

#[test]
fn what_was_decided_and_told_can_be_read_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = open(folder.path());
    let scene = scene(&mailbox);
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    log.raw(format!("{TLS_ERROR}\n").as_bytes()).unwrap();
    until(PATIENCE, "the mail", || {
        Ok((mails(&mailbox) == 1).then_some(()))
    })
    .unwrap();
    let history = check(&scene, &["history", "--json", "--rule", "tls-at-once"], 0);
    let row: Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    assert_eq!(row["decision"], "notice");
    assert_eq!(row["key"], "tls-at-once{connector=\"pub-fra-1\"}");
    for nothing in [
        ["--rule", "other"],
        ["--key", "pub-2"],
        ["--since", "2100-01-01T00:00:00Z"],
        ["--limit", "0"],
    ] {
        let said = check(&scene, &[&["history", "--json"], &nothing[..]].concat(), 0);
        assert_eq!(said, "", "{nothing:?}");
    }
    let table = check(
        &scene,
        &["history", "--since", "1h", "--key", "pub-fra-1"],
        0,
    );
    assert!(table.contains("TLS of pub-fra-1 fails"), "{table}");
    agent.terminate().unwrap();
    mailbox.stop();
}

#[test]
fn a_silence_is_taken_in_listed_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = open(folder.path());
    let scene = scene(&mailbox);
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let silence = [
        "silence",
        "add",
        "--for",
        "2h",
        "--why",
        "the rack is moved",
        "--who",
        "Ada",
        "--id",
        "rack-4",
        "connector=pub-fra-1",
    ];
    assert_eq!(check(&scene, &silence, 0), "rack-4\n");
    let list = check(&scene, &["silence", "list"], 0);
    let row = list.lines().nth(1).unwrap();
    for part in [
        "rack-4",
        "in force",
        "connector=pub-fra-1",
        "Ada",
        "the rack is moved",
    ] {
        assert!(row.contains(part), "{list}");
    }
    log.raw(format!("{TLS_ERROR}\n").as_bytes()).unwrap();
    until(PATIENCE, "the decision", || {
        let history = check(&scene, &["history"], 0);
        Ok(history.contains("silence rack-4 of Ada").then_some(()))
    })
    .unwrap();
    assert_eq!(check(&scene, &["silence", "expire", "rack-4"], 0), "");
    let after = check(&scene, &["silence", "list"], 0);
    assert_eq!(after.lines().count(), 1, "{after}");
    log.raw(format!("{TLS_ERROR}\n").as_bytes()).unwrap();
    until(PATIENCE, "the mail", || {
        Ok((mails(&mailbox) == 1).then_some(()))
    })
    .unwrap();
    let gone = check(&scene, &["silence", "expire", "rack-4"], 1);
    assert!(gone.contains("there is no silence"), "{gone}");
    agent.terminate().unwrap();
    mailbox.stop();
}

#[test]
fn what_cannot_be_a_silence_is_refused_with_what_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = open(folder.path());
    let scene = scene(&mailbox);
    let usual = [
        "silence", "add", "--for", "2h", "--why", "w", "--who", "Ada",
    ];
    for (more, words) in [
        (&["connector"][..], "want `label=value`"),
        (&["a=b", "a=c"], "stands there twice"),
        (&["a=b", "--id", "../x"], "its id is none"),
        (&["nolabel=x"], "has this label; there are alert, connector"),
        (&["connector=a rule=b"], "is more than one matcher"),
    ] {
        let output = alerts(&scene, &[&usual[..], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_ne!(output.status.code(), Some(0), "{more:?}");
        assert!(said.contains(words), "{more:?}: {said}");
    }
    for (place, wrong, words) in [
        (3, "2", "is no duration"),
        (3, "0s", "is no duration"),
        (5, " ", "--why wants one line"),
        (7, "A\u{1b}[2J", "--who wants one line"),
    ] {
        let mut arguments = usual.to_vec();
        arguments[place] = wrong;
        arguments.push("a=b");
        let said = check(&scene, &arguments, 2);
        assert!(said.contains(words), "{wrong:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    // Without an agent it waits for one, and says so.
    let waits = check(
        &scene,
        &[&usual[..], &["--id", "early", "rule=*"]].concat(),
        0,
    );
    assert!(waits.contains("no agent has taken it in yet"), "{waits}");
    assert_eq!(check(&scene, &["silence", "expire", "early"], 0), "");
    mailbox.stop();
}

#[test]
fn the_rules_are_listed_and_written_for_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = open(folder.path());
    let scene = scene(&mailbox);
    let rules = check(&scene, &["check"], 0);
    let row = rules.lines().nth(1).unwrap();
    for part in ["tls-at-once", "TLS_AT_ONCE", "critical", "tls.error", "ops"] {
        assert!(row.contains(part), "{rules}");
    }
    let written = folder.path().join("prometheus");
    let place = written.display().to_string();
    check(&scene, &["export-prometheus", "--dir", &place], 0);
    assert_eq!(fs::read_dir(&written).unwrap().count(), 2);
    let printed = check(&scene, &["export-prometheus"], 0);
    assert!(printed.contains("TLS_AT_ONCE"), "{printed}");
    let ours = "runbook_url: 'http://{{ $labels.instance }}/runbooks/tls-errors'";
    assert!(printed.contains(ours), "{printed}");
    let base = [
        "export-prometheus",
        "--runbook-base",
        "https://wiki.example.com/r/",
    ];
    let elsewhere = check(&scene, &base, 0);
    let wiki = "runbook_url: 'https://wiki.example.com/r/tls-errors'";
    assert!(elsewhere.contains(wiki), "{elsewhere}");
    let wrong = check(&scene, &["export-prometheus", "--runbook-base", "wiki"], 2);
    assert!(wrong.contains("is no address of runbooks"), "{wrong}");
    mailbox.stop();
}

#[test]
fn a_timeline_that_fails_is_told_and_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("timeline.yaml");
    let text = "connectors: {pub-1: netskope-publisher}\ntests:\n- name: down\n  at: \
                2026-12-01T12:00:00Z\n  when: [{t: 1m, event: tunnel.disconnected}]\n  until: \
                4m\n  expect: {mails: [{at: 3m, alert: TUNNEL_DOWN}]}\n";
    let run = |content: &str| {
        fs::write(&file, content).unwrap();
        let mut command = Command::new(agent_binary().unwrap());
        let output = command.args(["alerts", "test"]).arg(&file).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said + &complained)
    };
    let (code, said) = run(text);
    assert_eq!((code, said.as_str()), (Some(0), "ok   down (1 messages)\n"));
    let (wrong_code, wrong) = run(&text.replace("TUNNEL_DOWN", "TUNNEL_UP"));
    assert_eq!(wrong_code, Some(1));
    assert!(wrong.contains("FAIL down"), "{wrong}");
    assert!(wrong.contains("its alert is `TUNNEL_DOWN`"), "{wrong}");
    let (none_code, none) = run("tests: 1");
    assert_eq!(none_code, Some(78), "{none}");
    assert!(none.contains("timeline.yaml:1:8"), "{none}");
}
