//! Promise: a real Alertmanager with our example takes what the agent forwards, groups it
//! as our mails do, and hears when it is over.

use std::collections::BTreeSet;

use harness::agent::Agent;
use harness::alertmanager::{Alertmanager, label};
use harness::receivers::{AGENT, Speaker, scene};
use harness::tools::{Tool, succeed};
use serde_json::{Value, json};

use crate::tree::root;

const EXAMPLE: &str = "dashboards/alertmanager/alertmanager.yml";

fn receiver(alertmanager: &Alertmanager) -> String {
    let address = alertmanager.address();
    format!("{{name: am, alertmanager: {{url: \"http://{address}\"}}}}")
}

/// The receivers and the labels of the group that this alert is in.
fn group_of(alertmanager: &Alertmanager, alert: &Value) -> Value {
    let groups = alertmanager.groups().unwrap();
    let has_it = |group: &&Value| {
        let alerts = group["alerts"].as_array().unwrap();
        alerts
            .iter()
            .any(|one| one["fingerprint"] == alert["fingerprint"])
    };
    groups.iter().find(has_it).unwrap().clone()
}

#[test]
fn a_lost_tunnel_is_one_alert_there_until_it_is_back() {
    let alertmanager = Alertmanager::start(&root().join(EXAMPLE)).unwrap();
    let scene = scene(&[receiver(&alertmanager)], "").unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    let down = alertmanager.wait_for("TUNNEL_DOWN", 1).unwrap();
    for (name, value) in [
        ("connector", "pub-fra-1"),
        ("rule", "tunnel-down"),
        ("severity", "critical"),
        ("event_id", ""),
    ] {
        assert_eq!(label(&down[0], name), value, "{name}: {down:#?}");
    }
    let summary = &down[0]["annotations"]["summary"];
    assert_eq!(summary, "The tunnel of pub-fra-1 is down");
    let group = group_of(&alertmanager, &down[0]);
    assert_eq!(group["receiver"]["name"], "ops");
    assert_eq!(label(&group, "alert"), "TUNNEL_DOWN");
    assert_eq!(label(&group, "connector"), "pub-fra-1");
    assert_eq!(label(&group, "instance"), AGENT);
    // Alertmanager's own tool sees the same.
    let address = format!("--alertmanager.url=http://{}", alertmanager.address());
    let mut amtool = Tool::Amtool.command().unwrap();
    amtool.args(["alert", "query", "-o", "json", "alert=TUNNEL_DOWN"]);
    let listed = succeed(amtool.arg(address)).unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["fingerprint"], down[0]["fingerprint"]);
    // Long before the time that Alertmanager takes silence for an end.
    speaker.have_tunnel("203.0.113.7").unwrap();
    alertmanager.wait_for("TUNNEL_DOWN", 0).unwrap();
    agent.terminate().unwrap();
}

#[test]
fn two_failures_of_one_publisher_within_seconds_are_two_alerts_of_one_group() {
    let alertmanager = Alertmanager::start(&root().join(EXAMPLE)).unwrap();
    let scene = scene(&[receiver(&alertmanager)], "profiles: [{name: eu-weekly}],").unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    // In one piece: what the log says two minutes later is told in a message of its own.
    speaker
        .wizard_lines(&[
            "Publisher auto-update failed while downloading docker image.",
            "Publisher Host OS update failed.",
        ])
        .unwrap();
    let failures = alertmanager.wait_for("UPGRADE_FAILED", 2).unwrap();
    let ids: BTreeSet<&str> = failures.iter().map(|one| label(one, "event_id")).collect();
    assert_eq!(ids.len(), 2, "{failures:#?}");
    assert!(!ids.contains(""), "{failures:#?}");
    let groups: Vec<Value> = failures
        .iter()
        .map(|one| group_of(&alertmanager, one))
        .collect();
    assert_eq!(groups[0]["labels"], groups[1]["labels"]);
    assert_eq!(groups[0]["receiver"], json!({"name": "updates"}));
    assert_eq!(label(&groups[0], "profile"), "eu-weekly");
    let told = serde_json::to_string(&failures).unwrap();
    assert!(
        told.contains("docker_pull") && told.contains("host_os"),
        "{told}"
    );
    agent.terminate().unwrap();
}
