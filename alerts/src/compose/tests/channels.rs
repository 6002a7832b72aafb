//! What programs get: webhook, Alertmanager, syslog, SNMP, a program's standard input.

use std::collections::BTreeSet;

use expect_test::{ExpectFile, expect, expect_file};

use super::*;

fn check(receiver: &str, notification: &Notification, wanted: &ExpectFile) {
    let body = message_for(receiver, notification).body;
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let shown = serde_json::to_string_pretty(&json).unwrap();
    wanted.assert_eq(&format!("{shown}\n"));
}

#[test]
fn a_webhook_gets_members_as_alerts() {
    check(
        "hook",
        &failed(),
        &expect_file!["golden/webhook-failed.json"],
    );
}

#[test]
fn a_webhook_hears_of_an_end() {
    check(
        "hook",
        &incident(Message::Resolved),
        &expect_file!["golden/webhook-resolved.json"],
    );
}

#[test]
fn a_matter_that_begins_has_no_end_for_alertmanager() {
    check(
        "am",
        &incident(Message::Firing),
        &expect_file!["golden/alertmanager-firing.json"],
    );
}

#[test]
fn an_event_is_told_from_the_next_by_its_id() {
    check(
        "am",
        &notice(),
        &expect_file!["golden/alertmanager-notice.json"],
    );
}

/// Alertmanager keeps one alert of equal labels: the second would take the first's place.
#[test]
fn two_failures_of_one_publisher_in_one_message_are_two_alerts() {
    let mut told = failed();
    let again = told.items[0].clone();
    told.items.push(again);
    let body = message_for("am", &told).body;
    let alerts: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
    let all: BTreeSet<String> = alerts.iter().map(|one| one["labels"].to_string()).collect();
    assert_eq!(all.len(), told.items.len(), "{alerts:#?}");
}

#[test]
fn a_refresh_names_the_alert_as_the_message_did() {
    let firing = incident(Message::Firing);
    let row = AlertRow {
        key: Arc::clone(&firing.key),
        index: firing.index,
        rule: Arc::clone(&firing.rule),
        alert: Arc::clone(&firing.alert),
        severity: firing.severity,
        phase: AlertPhase::Firing,
        labels: firing.labels.clone(),
        since: firing.started_at,
        fires_at: None,
        held_by: None,
        is_told: true,
        reason: text("told"),
        summary: firing.summary.clone(),
        action: firing.action.clone(),
    };
    let pending = AlertRow {
        phase: AlertPhase::Pending,
        ..row.clone()
    };
    let held = AlertRow {
        held_by: Some(model::alert::HeldBy::Silence(text("s1"))),
        is_told: false,
        ..row.clone()
    };
    let now = at("2026-12-08T05:10:00Z");
    let composer = composer();
    let of = |name: &str, rows: &[AlertRow]| {
        let receivers = composer.receivers().iter();
        let receiver = receivers.clone().find(|one| &*one.name == name).unwrap();
        composer.refresh(receiver, rows, &RuleSet::default(), now)
    };
    let all = of("am", &[pending.clone(), row, held.clone()]);
    let [refresh] = all.as_slice() else {
        panic!("{all:?}");
    };
    let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let sent = read(&message_for("am", &firing).body);
    let refreshed = read(refresh);
    assert_eq!(sent[0]["labels"], refreshed[0]["labels"]);
    assert_eq!(sent[0]["startsAt"], refreshed[0]["startsAt"]);
    assert_eq!(refreshed[0]["endsAt"], "2026-12-08T05:14:00.000000Z");
    assert_eq!(refreshed.as_array().unwrap().len(), 1);
    assert!(of("am", &[pending, held]).is_empty());
}

#[test]
fn syslog_has_data_for_programs_and_a_sentence_for_people() {
    let body = message_for("siem", &failed()).body;
    // One element of the data a line, and the mark of UTF-8 to be seen.
    let told = String::from_utf8(body)
        .unwrap()
        .replace('\u{feff}', "<mark>");
    expect![[r#"
        <130>1 2026-12-08T05:20:00.000000Z web-1 ztna-exporter - UPGRADE_FAILED [ztna@32473 id="0123456789abcdef"
        status="update"
        severity="critical"
        rule="update-failed"
        agent="web-1.example.com"
        profile="EU weekly"
        stitcher="fra1"
        wave="2"
        url="https://web-1.example.com:10942/"] <mark>2 Publishers on fra1 were not updated (profile EU weekly, wave 2); the run began at 2026-12-08 05:00 UTC: Check that the host reaches hub.docker.com. (pub-fra-2, pub-fra-3)"#]].assert_eq(&told.replace("\" ", "\"\n"));
}

#[test]
fn syslog_has_an_address_whole_and_each_name_once() {
    let mut notification = incident(Message::Firing);
    let wiki = format!("https://wiki.example/{}", "x".repeat(300));
    notification.runbook = text(&wiki);
    for name in ["url", "runbook_url"] {
        notification.labels.push((text(name), text("of a label")));
    }
    let body = String::from_utf8(message_for("siem", &notification).body).unwrap();
    assert!(body.contains(&format!(" runbook_url=\"{wiki}\"")), "{body}");
    assert_eq!(body.matches("url=").count(), 2, "{body}");
}

#[test]
fn syslog_escapes_what_would_end_a_value_and_is_never_too_long() {
    let mut notification = incident(Message::Resolved);
    notification.alert = text("ODD NAME é");
    notification.labels = (0..50)
        .map(|number| (text(&format!("l{number}")), text(&"é\"]\\".repeat(20))))
        .collect();
    notification.summary = "é".repeat(3000);
    let body = message_for("siem", &notification).body;
    assert_eq!(body.len(), 2048);
    let told = String::from_utf8(body).unwrap();
    assert!(
        told.starts_with(
            "<133>1 2026-12-08T05:34:00.000000Z web-1 ztna-exporter - ODD_NAME__ [ztna@32473 id=\""
        ),
        "{told}"
    );
    assert!(told.contains("l0=\"é\\\"\\]\\\\é"), "{told}");
    let (data, _) = told.split_once("] \u{feff}").unwrap();
    assert!(data.ends_with('"'));
}

#[test]
fn snmp_gets_a_row_that_it_can_read_back() {
    let body = message_for("traps", &incident(Message::Resolved)).body;
    expect![[r#"
        SnmpAlert {
            kind: Resolved,
            index: 7,
            rule: "tunnel-down",
            severity: "critical",
            connector: "pub-fra-1",
            since: 2026-12-08T05:00:00Z,
            summary: "pub-fra-1 has lost its tunnel",
            action: "Check that the host reaches the stitcher. If it does, read the last lines of agent.txt.",
        }
    "#]].assert_debug_eq(&snmp::SnmpAlert::read(&body).unwrap());
    let kind_of = |one: Notification| {
        let message = message_for("traps", &one);
        snmp::SnmpAlert::read(&message.body).unwrap().kind
    };
    assert_eq!(kind_of(failed()), snmp::SnmpKind::Firing);
    assert_eq!(kind_of(test_of("traps")), snmp::SnmpKind::Test);
    assert!(snmp::SnmpAlert::read(b"[]").is_err());
}

fn test_of(receiver: &str) -> Notification {
    Notification {
        receivers: vec![text(receiver)],
        ..test()
    }
}

#[test]
fn a_program_gets_everything_as_one_object() {
    check(
        "script",
        &failed(),
        &expect_file!["golden/exec-failed.json"],
    );
}

#[test]
fn two_members_of_one_name_are_two_alerts_of_a_webhook() {
    let mut twice = failed();
    twice.items[1].name = Arc::clone(&twice.items[0].name);
    let payload: serde_json::Value =
        serde_json::from_slice(&message_for("hook", &twice).body).unwrap();
    let print = |place: usize| payload["alerts"][place]["fingerprint"].as_str().unwrap();
    assert_ne!(print(0), print(1));
    assert_eq!(print(1).len(), 16);
}

#[test]
fn a_member_that_is_no_connector_is_not_taken_for_one() {
    let mut together = failed();
    together.items.truncate(1);
    let item = &mut together.items[0];
    (item.name, item.is_connector) = (text("host-events{probe=\"a\"}"), false);
    let sent = |receiver: &str| -> serde_json::Value {
        serde_json::from_slice(&message_for(receiver, &together).body).unwrap()
    };
    for alert in [&sent("hook")["alerts"][0], &sent("am")[0]] {
        assert_eq!(alert["labels"]["connector"], serde_json::Value::Null);
        assert_eq!(alert["labels"]["member"], "host-events{probe=\"a\"}");
        assert_eq!(alert["generatorURL"], "https://web-1.example.com:10942/");
    }
    assert_eq!(sent("traps")["connector"], "");
}
