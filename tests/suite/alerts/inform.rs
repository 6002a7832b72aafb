//! Promise: SNMP's targets are told of an alert as mail is: the same rule, severity and
//! sentence, by informs that are signed and encrypted; and the same fact stands on
//! `/metrics`, in the JSON and in the table of the MIB.

use std::fs;
use std::net::SocketAddr;

use harness::agent::Agent;
use harness::receivers::{Speaker, report, scene_with};
use harness::scene::Scene;
use harness::smtp::MailServer;
use harness::snmp::{
    Asker, COMMUNITY, Daemon, PASSPHRASE, addresses, as_community, engine_of, free_address, users,
};
use harness::tools::Tool;

use super::all_mails;

/// Our table of alerts, and its columns from the rule on.
const TABLE: &str = ".1.3.6.1.4.1.8072.9999.9999.10942.1";

const SUMMARY: &str = "The tunnel of pub-fra-1 is down";

fn scene(server: &MailServer, targets: &str) -> Scene {
    let mail = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let traps = "{name: traps, snmp: {}}".to_owned();
    let scene = scene_with(&[mail, traps], "", &users(targets)).unwrap();
    fs::write(scene.path("community"), COMMUNITY).unwrap();
    fs::write(scene.path("passphrase"), PASSPHRASE).unwrap();
    scene
}

fn told_to(address: SocketAddr) -> String {
    format!("targets: [{{name: noc, address: \"{address}\", user: monitor, inform: true}}],")
}

#[test]
fn a_signed_inform_says_what_the_mail_says() {
    let server = MailServer::start().unwrap();
    let address = free_address().unwrap();
    let scene = scene(&server, &told_to(address));
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    addresses(&agent, 1).unwrap();
    let engine = engine_of(&scene.store()).unwrap();
    let receiver = Daemon::snmptrapd(address, &engine).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    let log = receiver.wait_for(SUMMARY).unwrap();
    let line = log.lines().find(|line| line.contains(SUMMARY)).unwrap();
    for word in [
        "\"tunnel-down\"",
        "\"pub-fra-1\"",
        "Can the host reach its stitcher?",
    ] {
        assert!(line.contains(word), "{word}: {line}");
    }
    server.wait_for(1).unwrap();
    speaker.have_tunnel("203.0.113.7").unwrap();
    server.wait_for(2).unwrap();
    let told = r#"ztna_snmp_notices_total{target="noc",outcome="confirmed"} 3"#;
    agent.wait_until_shown(&[told]).unwrap();
    // The start, the beginning and the end, once each.
    assert_eq!(
        receiver.log().matches(SUMMARY).count(),
        2,
        "{}",
        receiver.log()
    );
    let mails = all_mails(&agent, &server).unwrap();
    assert_eq!(mails.len(), 2);
    assert!(mails[0].header("Subject").ends_with(SUMMARY));
    agent.terminate().unwrap();
}

#[test]
fn one_fact_is_the_same_in_metrics_json_snmp_and_mail() {
    let server = MailServer::start().unwrap();
    let address = free_address().unwrap();
    let scene = scene(&server, &told_to(address));
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let snmp = addresses(&agent, 1).unwrap()[0];
    agent.wait_until_ready().unwrap();
    speaker.lose_tunnel("203.0.113.7").unwrap();
    server.wait_for(1).unwrap();
    agent
        .wait_until_shown(&[r#"ztna_alert_firing{rule="tunnel-down",severity="critical"} 1"#])
        .unwrap();
    let report = report(&agent).unwrap();
    let alerts = report["alerts"].as_array().unwrap();
    let json = alerts
        .iter()
        .find(|one| one["rule"] == "tunnel-down")
        .unwrap();
    assert_eq!(json["severity"], "critical");
    assert_eq!(json["phase"], "firing");
    assert_eq!(json["summary"], SUMMARY);
    let since = json["since"].as_str().unwrap();
    let (day, time) = since.split_once('T').unwrap();
    let time = time.get(..8).unwrap();
    // The mail says the moment to the second.
    let mails = all_mails(&agent, &server).unwrap();
    let text = mails[0].text();
    assert!(text.contains(day) && text.contains(time), "{since}: {text}");
    assert_eq!(mails[0].header("X-ZTNA-Rule"), "tunnel-down");
    assert_eq!(mails[0].header("X-ZTNA-Severity"), "critical");
    let asker = Asker::new().unwrap();
    let who = as_community(COMMUNITY);
    let rows = asker.ask(Tool::Snmpbulkwalk, &who, snmp, &[TABLE]).unwrap();
    for word in ["tunnel-down", SUMMARY, "Can the host reach its stitcher?"] {
        assert!(
            rows.contains(&format!("STRING: \"{word}\"")),
            "{word}: {rows}"
        );
    }
    agent.terminate().unwrap();
}
