//! A Cato Client's version: told by its tool's own command, or by its log file's name.
//!
//! One of the two commands may fail or hang; what the other tells is shown all the same.

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::LogFile;
use harness::scene::Scene;
use harness::stand_in::StandIn;

use super::{ask_again, cato_status, scene, status};

const VERSION: &str = "5.5.0.2120";

/// What `cato-sdp version` prints in these tests, as lines of a shell.
const TELLS: &str = "echo 'Cato Client version 5.5.0.2120'";

/// Prints what the test last said.
const STATUS: &str = "cat \"$answer\"";

/// A `cato-sdp` with two commands.
fn two_commands(scene: &Scene, version: &str, status: &str) -> StandIn {
    let lines = format!("case $1 in\nversion) {version} ;;\nstatus) {status} ;;\nesac");
    let tool = StandIn::running(&scene.path("tools"), "cato-sdp", &lines).unwrap();
    tool.say(&cato_status("00:10:00")).unwrap();
    tool
}

fn watch(scene: &Scene, tool: &StandIn) {
    let client = Client::cato("laptop")
        .log("client", &scene.log("client.log"))
        .tool("cato-sdp", tool);
    scene.watch(&[client]).unwrap();
}

#[test]
fn what_cato_sdp_version_tells_stands_on_metrics_page_and_json() {
    let scene = scene();
    let tool = two_commands(&scene, TELLS, STATUS);
    watch(&scene, &tool);
    let agent = Agent::start(&scene).unwrap();
    agent
        .wait_until_shown(&[
            r#"ztna_connector_info{version="5.5.0.2120",pop="Frankfurt"} 1"#,
            r#"ztna_probe_success{probe="cato-sdp"} 1"#,
            r#"ztna_probe_runs_total{probe="cato-sdp"} 1"#,
            "ztna_tunnel_up 1",
        ])
        .unwrap();
    let facts = &status(&agent)["connectors"][0]["tool_facts"];
    assert_eq!(facts["version"], VERSION);
    assert!(
        agent
            .get("/connectors/laptop")
            .unwrap()
            .text()
            .contains(VERSION)
    );
    // A second program was started, and it counts as no run.
    assert_eq!(tool.started(), 2);
}

#[test]
fn a_version_that_cannot_be_had_takes_nothing_from_the_status() {
    for trouble in [
        "exit 3",
        "kill -9 $$",
        "exec sleep 600",
        "head -c 10000000 /dev/zero",
    ] {
        let scene = scene();
        let tool = two_commands(&scene, trouble, STATUS);
        watch(&scene, &tool);
        let agent = Agent::start(&scene).unwrap();
        let page = agent
            .wait_until_shown(&[
                r#"ztna_probe_success{probe="cato-sdp"} 1"#,
                r#"ztna_connector_info{pop="Frankfurt"} 1"#,
                "ztna_tunnel_up 1",
            ])
            .unwrap();
        let failures = page.count("ztna_probe_failures_total", &[]);
        assert_eq!(failures, 0, "{trouble}");
        assert_eq!(tool.living(), Vec::<String>::new(), "{trouble}");
    }
}

#[test]
fn a_status_that_cannot_be_had_takes_nothing_from_the_version() {
    let scene = scene();
    let tool = two_commands(&scene, TELLS, "exit 3");
    watch(&scene, &tool);
    let agent = Agent::start(&scene).unwrap();
    agent
        .wait_until_shown(&[
            r#"ztna_connector_info{version="5.5.0.2120"} 1"#,
            r#"ztna_probe_success{probe="cato-sdp"} 0"#,
            r#"ztna_probe_failures_total{probe="cato-sdp",cause="exit_status"} 1"#,
            r#"ztna_tunnel_state{state="unknown"} 1"#,
        ])
        .unwrap();
    // An update of the client: another program, another version.
    let newer = TELLS.replace(VERSION, "5.6.0.1");
    two_commands(&scene, &newer, STATUS);
    ask_again(
        &agent,
        &[
            r#"ztna_connector_info{version="5.6.0.1",pop="Frankfurt"} 1"#,
            "ztna_tunnel_up 1",
        ],
    );
}

#[test]
fn without_its_tool_the_newest_file_that_gives_lines_tells_the_version() {
    let scene = Scene::new().unwrap();
    let client = Client::cato("laptop").log("client", &scene.log("cato_vpn_*.log"));
    scene.watch(&[client]).unwrap();
    let open = |name: &str| LogFile::open(scene.log(name)).unwrap();
    let mut old = open("cato_vpn_6.12.0.0_20250703110029.log");
    let mut new = open("cato_vpn_6.13.0.0_20250803110029.log");
    let line = b"03/08/25 11:00:29.125 [I] [VPNProc] [1634:2BE4] [f : 1] [:] [:] [ :] x\r\n";
    old.raw(line).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let is_old = r#"ztna_connector_info{version="6.12.0.0"} 1"#;
    agent.wait_until_shown(&[is_old]).unwrap();
    new.raw(line).unwrap();
    let is_new = r#"ztna_connector_info{version="6.13.0.0"} 1"#;
    agent.wait_until_shown(&[is_new]).unwrap();
    let facts = &status(&agent)["connectors"][0]["facts"];
    assert_eq!(facts["version"], "6.13.0.0");
    assert!(
        agent
            .get("/connectors/laptop")
            .unwrap()
            .text()
            .contains("6.13.0.0")
    );
    // The old file's last words come late, and after a kill.
    agent.kill().unwrap();
    old.raw(line).unwrap();
    let again = Agent::start(&scene).unwrap();
    let read = r#"ztna_log_lines_total{outcome="ignored"} 3"#;
    again.wait_until_shown(&[read, is_new]).unwrap();
}
