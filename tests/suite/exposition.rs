//! Promise: `/metrics` is correct in both formats, packed or not.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use harness::agent::Agent;
use harness::client::Client;
use harness::http::{Answer, request};
use harness::log_file::LogFile;
use harness::page::Page;
use harness::scene::Scene;
use harness::stand_in::StandIn;
use harness::tools::Tool;

use crate::clients::{CONNECTED, DebugLog};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1";

/// An agent that has counted something.
fn agent() -> (Scene, Agent) {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(20).unwrap();
    log.raw(b"sslhelper.cpp:311:logSslError():0x0 TLS failure (5): \"quoted\" \\ and so on\n")
        .unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events(harness::log_file::EVENT, 20).unwrap();
    (scene, agent)
}

fn scrape(agent: &Agent, headers: &[(&str, &str)]) -> Answer {
    let answer = request(agent.address().unwrap(), "GET", "/metrics", headers).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// An agent that watches a client of each product, and everything that a client can show.
fn agent_of_clients() -> (Scene, Agent) {
    let scene = Scene::new().unwrap();
    let mut log = DebugLog::open(&scene);
    log.say(CONNECTED);
    for (pop, rtt_ms) in [("US-STL1", 12), ("DE-FRA1", 250), ("a \"b\" c", 7)] {
        log.say(&format!(
            "gslb.cpp:120 post client rtt pop:{pop} ip:203.0.113.36 rtt:{rtt_ms}"
        ));
    }
    let tools = scene.path("tools");
    // Names with all that an exposition must escape.
    let hostile = "Orgname:: \"Quoted\" \\ Corp {a=\"b\"}.\nConfig:: d\u{e9}faut.\n\
                   Client status:: enable.\nTunnel status:: NSTUNNEL_CONNECTED.\n";
    let nsdiag = StandIn::printing(&tools, "nsdiag", hostile).unwrap();
    let broken = StandIn::running(&tools, "cato-sdp", "exit 7").unwrap();
    let laptop = Client::netskope("laptop-1")
        .log("client", &scene.log("nsdebuglog*.log"))
        .tool("nsdiag", &nsdiag);
    let other = Client::cato("laptop-2")
        .log("client", &scene.log("cato-client.log"))
        .tool("cato-sdp", &broken);
    scene.watch(&[laptop, other]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent
        .wait_until_shown(&[
            r#"ztna_probe_success{connector="laptop-1"} 1"#,
            r#"ztna_probe_success{connector="laptop-2"} 0"#,
            r#"ztna_gateway_rtt_seconds_count{pop="DE-FRA1"} 1"#,
        ])
        .unwrap();
    (scene, agent)
}

#[test]
fn promtool_has_nothing_to_say() {
    let (_scene, agent) = agent();
    check_with_promtool(&agent);
}

#[test]
fn promtool_has_nothing_to_say_about_clients() {
    let (_scene, agent) = agent_of_clients();
    check_with_promtool(&agent);
    let page = agent.page().unwrap();
    let infos: Vec<_> = page.select("ztna_connector_info", &[]).collect();
    assert_eq!(infos.len(), 2);
    assert_eq!(
        infos[0].labels["organisation"],
        "\"Quoted\" \\ Corp {a=\"b\"}"
    );
    assert_eq!(infos[0].labels["client_configuration"], "d\u{e9}faut");
    let open = Page::parse(&scrape(&agent, &[("Accept", OPEN_METRICS)]).text());
    for info in infos {
        let labels: Vec<(&str, &str)> = info
            .labels
            .iter()
            .map(|(label, value)| (label.as_str(), value.as_str()))
            .collect();
        assert_eq!(open.value("ztna_connector_info", &labels), Some(1.0));
    }
}

fn check_with_promtool(agent: &Agent) {
    let with_host = r#"ztna_host_collector_success{collector="memory"} 1"#;
    agent.wait_until_shown(&[with_host]).unwrap();
    let text = scrape(agent, &[]).body;
    let mut promtool = Command::new(Tool::Promtool.path().unwrap());
    promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    let mut child = promtool
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert!(output.status.success(), "{}", output.status);
}

#[test]
fn each_format_is_named_as_its_standard_names_it() {
    let (_scene, agent) = agent();
    let text = scrape(&agent, &[]);
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!text.text().contains("# EOF"));
    let open = scrape(&agent, &[("Accept", OPEN_METRICS)]);
    let open_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.header("content-type"), Some(open_type));
    assert!(open.text().ends_with("# EOF\n"));
}

#[test]
fn both_formats_tell_the_same_numbers() {
    let (_scene, agent) = agent();
    let text = Page::parse(&scrape(&agent, &[]).text());
    let open = Page::parse(&scrape(&agent, &[("Accept", OPEN_METRICS)]).text());
    assert_eq!(text.event_counts(), open.event_counts());
    assert_eq!(text.events(harness::log_file::EVENT), 20);
}

#[test]
fn a_scraper_that_takes_gzip_gets_gzip() {
    let (_scene, agent) = agent();
    let packed = scrape(&agent, &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(packed.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(Page::parse(&text).events(harness::log_file::EVENT), 20);
    let refused = scrape(&agent, &[("Accept-Encoding", "gzip;q=0")]);
    assert_eq!(refused.header("content-encoding"), None);
}

#[test]
fn every_event_stands_at_zero_before_it_happens() {
    let (_scene, agent) = agent();
    let page = agent.page().unwrap();
    for (event, reason) in [
        ("registration.failed", "discovery_call"),
        ("registration.failed", "other"),
        ("tunnel.disconnected", ""),
        ("update.failed", "docker_pull"),
        ("update.skipped", "same_version"),
        ("tls.error", "syscall"),
    ] {
        let labels = [("event", event), ("reason", reason)];
        let value = page.value("ztna_events_total", &labels);
        assert_eq!(value, Some(0.0), "{event} {reason}");
    }
}
