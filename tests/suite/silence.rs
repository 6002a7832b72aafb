//! Promise: who says nothing for long enough is unknown, and not before.
//!
//! The shortest silence that a configuration allows is a minute. No test waits for it:
//! the store's own memory of when something was heard last is made older between two
//! runs of the agent, as if it had been away for so long.

use std::time::{Duration, SystemTime};

use harness::agent::Agent;
use harness::client::Client;
use harness::http::get;
use harness::page::Page;
use harness::scene::Scene;
use serde_json::Value;
use store::{Store, Turn};
use ztna_exporter::clock::Clock;

use crate::clients::{CONNECTED, DebugLog};

/// What a client that is up shows.
const KNOWN: [&str; 4] = [
    "ztna_tunnel_up 1",
    r#"ztna_client_status{status="enabled"} 1"#,
    r#"ztna_client_icon_state{state="enabled"} 1"#,
    "ztna_connector_silent 0",
];

/// What is shown of it when it has been silent for too long.
const UNKNOWN: [&str; 5] = [
    "ztna_tunnel_up 0",
    r#"ztna_tunnel_state{state="unknown"} 1"#,
    r#"ztna_client_status{status="unknown"} 1"#,
    r#"ztna_client_icon_state{state="unknown"} 1"#,
    "ztna_connector_silent 1",
];

/// A client whose log said that its tunnel is up, `quiet_for` ago. Nobody runs.
fn after(quiet_for: Duration, unknown_after: Option<&str>) -> (Scene, DebugLog) {
    let scene = Scene::new().unwrap();
    let mut client = Client::netskope("laptop").log("client", &scene.log("nsdebuglog*.log"));
    if let Some(unknown_after) = unknown_after {
        client = client.with("unknown_after", unknown_after);
    }
    scene.watch(&[client]).unwrap();
    let mut log = DebugLog::open(&scene);
    log.say(CONNECTED);
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_shown(&KNOWN).unwrap();
    agent.terminate().unwrap();
    age(&scene, quiet_for);
    (scene, log)
}

/// Makes what the store knows older.
fn age(scene: &Scene, by: Duration) {
    let now = Clock::start().now().timestamp();
    let (mut held, restored, _) = Store::open(&scene.store(), now).unwrap();
    let mut last_read = restored.last_read;
    assert!(
        !last_read.is_empty(),
        "the store knows when it heard something"
    );
    for read in &mut last_read {
        read.at = now.checked_sub(by).unwrap();
    }
    let turn = Turn {
        last_read,
        ..Turn::default()
    };
    held.commit(&turn).unwrap();
    held.close();
}

fn shows_all(page: &Page, samples: &[&str]) -> bool {
    samples.iter().all(|line| page.shows(line))
}

#[test]
fn a_minute_of_silence_makes_states_unknown_and_less_does_not() {
    let (scene, mut log) = after(Duration::from_secs(55), Some("1m"));
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let mut known = 0;
    let page = agent
        .wait_for("the silence", |page| {
            let is_known = shows_all(page, &KNOWN);
            known += u32::from(is_known);
            assert!(
                is_known || shows_all(page, &UNKNOWN),
                "neither one nor the other"
            );
            !is_known
        })
        .unwrap();
    let now = Clock::start().now().wall;
    assert!(0 < known, "it was known before its minute was over");
    let last_heard = page.value("ztna_connector_last_heard_timestamp_seconds", &[]);
    let last_heard = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(last_heard.unwrap());
    let quiet_for = now.duration_since(last_heard).unwrap();
    assert!(Duration::from_secs(60) <= quiet_for, "after {quiet_for:?}");
    let ready = get(agent.address().unwrap(), "/ready/tunnel").unwrap();
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert_eq!(agent.get("/-/ready").unwrap().status, 200);
    let status = agent.get("/api/v1/status").unwrap();
    let json: Value = serde_json::from_slice(&status.body).unwrap();
    assert_eq!(json["connectors"][0]["tunnel"]["reason"], "silence");
    // A word ends the silence, and tells no more than it says.
    log.say("nsUtils.cpp:93 nsUtils Pref src ip 172.1.2.3, iface 21");
    let ended = [
        "ztna_connector_silent 0",
        r#"ztna_tunnel_state{state="unknown"} 1"#,
    ];
    agent.wait_until_shown(&ended).unwrap();
    log.say(CONNECTED);
    agent.wait_until_shown(&KNOWN).unwrap();
}

#[test]
fn an_agent_that_was_away_does_not_believe_what_it_knew_two_hours_ago() {
    // The default of a client is an hour.
    let (scene, _log) = after(Duration::from_secs(2 * 3_600), None);
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let page = agent.wait_until_shown(&UNKNOWN).unwrap();
    // What happened stays counted.
    assert_eq!(page.events("tunnel.connected"), 1);
}

#[test]
fn silence_means_nothing_where_the_operator_says_so() {
    for (quiet_for, unknown_after) in [
        (Duration::from_secs(30 * 60), None),
        (Duration::from_secs(30 * 24 * 3_600), Some("never")),
        (Duration::from_secs(2 * 3_600), Some("1d")),
    ] {
        let (scene, mut log) = after(quiet_for, unknown_after);
        let agent = Agent::start(&scene).unwrap();
        agent.wait_until_ready().unwrap();
        assert!(
            shows_all(&agent.page().unwrap(), &KNOWN),
            "{unknown_after:?}"
        );
        // Many turns later it is still so.
        log.say(
            "nsssl.cpp:7 nsssl DTLS failed to connect to gateway-x.goskope.com:443, err: 10065",
        );
        let page = agent.wait_for_events("tunnel.connect_failed", 1).unwrap();
        assert!(shows_all(&page, &KNOWN), "{unknown_after:?}");
    }
}
