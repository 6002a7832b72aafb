//! Notices reach snmptrapd: each start, the test, and what waited over a kill.

use harness::agent::Agent;
use harness::snmp::{Daemon, addresses, command, engine_of, free_address, scene};
use harness::wait::{self, PATIENCE};

/// coldStart, and the test notification, as snmptrapd writes them.
const COLD_START: &str = ".1.3.6.1.6.3.1.1.5.1";
const TEST: &str = ".1.3.6.1.4.1.8072.9999.9999.10942.1.0.3";

#[test]
fn a_notice_that_waited_over_a_kill_is_told_and_then_forgotten() {
    let address = free_address().unwrap();
    // Nobody confirms, so the first notice is being told as long as the agent lives.
    let scene = scene(&format!(
        "targets: [{{name: noc, address: \"{address}\", community_file: community, inform: \
         true, timeout: 30s, retries: 3}}],"
    ))
    .unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent
        .wait_until_shown(&["ztna_snmp_notices_waiting 1"])
        .unwrap();
    agent.kill().unwrap();
    let kept = store::look_up(&scene.store(), "snmp.notice.0000000001").unwrap();
    assert!(kept.is_some(), "the first start is not kept");
    let engine = engine_of(&scene.store()).unwrap();
    let receiver = Daemon::snmptrapd(address, &engine).unwrap();
    let second = Agent::start(&scene).unwrap();
    let told = r#"ztna_snmp_notices_total{target="noc",outcome="confirmed"} 2"#;
    second
        .wait_until_shown(&[told, "ztna_snmp_notices_waiting 0"])
        .unwrap();
    let log = receiver.log();
    assert_eq!(log.matches(COLD_START).count(), 2, "{log}");
    second.terminate().unwrap();
    for number in 1..=2 {
        let key = format!("snmp.notice.{number:010}");
        assert_eq!(store::look_up(&scene.store(), &key).unwrap(), None);
    }
    assert_eq!(
        store::look_up(&scene.store(), "snmp.notice_last").unwrap(),
        Some(b"2".to_vec())
    );
}

#[test]
fn a_target_that_a_reload_brings_is_not_told_of_a_start_long_past() {
    let scene = scene("").unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = free_address().unwrap();
    let with = scene.usual_config().replace(
        "snmp: {",
        &format!(
            "snmp: {{targets: [{{name: late, address: \"{address}\", community_file: community}}], "
        ),
    );
    scene.write_config(&with).unwrap();
    agent.reload().unwrap();
    let told = r#"ztna_snmp_notices_total{target="late",outcome="sent"} 0"#;
    agent
        .wait_until_shown(&[told, "ztna_snmp_notices_waiting 0"])
        .unwrap();
    agent.terminate().unwrap();
    // No number was given: there was no notice.
    assert_eq!(
        store::look_up(&scene.store(), "snmp.notice_last").unwrap(),
        None
    );
}

#[test]
fn the_test_says_how_each_target_fared() {
    let address = free_address().unwrap();
    let dead = free_address().unwrap();
    let target = |name: &str, to, how: &str| format!("{{name: {name}, address: \"{to}\", {how}}}");
    let targets = [
        target("trap", address, "community_file: community"),
        target("signed", address, "user: monitor"),
        target("inform", address, "community_file: community, inform: true"),
        target("signed-inform", address, "user: monitor, inform: true"),
        target(
            "dead",
            dead,
            "community_file: community, inform: true, timeout: 100ms, retries: 1",
        ),
    ];
    let scene = scene(&format!("targets: [{}],", targets.join(", "))).unwrap();
    let listen = free_address().unwrap();
    let config = scene.usual_config().replace(
        "snmp: {listen: [\"127.0.0.1:0\"]",
        &format!("snmp: {{listen: [\"{listen}\"]"),
    );
    scene.write_config(&config).unwrap();
    let agent = Agent::start(&scene).unwrap();
    addresses(&agent, 1).unwrap();
    let engine = engine_of(&scene.store()).unwrap();
    let receiver = Daemon::snmptrapd(address, &engine).unwrap();
    let file = scene.config().display().to_string();
    let output = command(&["send-test", "--config", file.as_str()])
        .unwrap()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for (name, words) in [
        ("trap ", "sent; nobody confirms"),
        ("signed ", "sent; nobody confirms"),
        ("inform ", ": confirmed"),
        ("signed-inform ", ": confirmed"),
        ("dead ", "failed: "),
    ] {
        let line = said.lines().find(|line| line.starts_with(name));
        assert!(
            line.is_some_and(|line| line.contains(words)),
            "{name}: {said}"
        );
    }
    assert_eq!(output.status.code(), Some(1), "one target failed: {said}");
    wait::until(PATIENCE, "four notifications", || {
        Ok((receiver.log().matches(TEST).count() == 4).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", receiver.log()));
    let mut one = command(&["send-test", "--config", file.as_str(), "inform"]).unwrap();
    assert!(one.output().unwrap().status.success());
    // Without the agent nobody knows its clock, and a trap must not be signed by a wrong one.
    agent.terminate().unwrap();
    let mut signed = command(&["send-test", "--config", file.as_str(), "signed"]).unwrap();
    let refused = signed.output().unwrap();
    let words = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(words.contains("was not found at an address"), "{words}");
    assert_eq!(refused.status.code(), Some(1));
}
