//! Promise: a reload takes a good configuration whole and leaves a bad one alone.

use std::fs;
use std::process::Command;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::{CONNECTOR, Scene};
use rustix::process::Signal;

/// The usual configuration with a second connector.
fn with_second_connector(scene: &Scene) -> String {
    let second = format!(
        "connectors:\n\
         \x20 - name: pub-fra-2\n\
         \x20   kind: netskope-publisher\n\
         \x20   logs: {{agent: [{:?}]}}\n\
         \x20   start_at: beginning\n",
        scene.log("second.txt").display().to_string()
    );
    scene.usual_config().replace("connectors:\n", &second)
}

fn reload(agent: &Agent) {
    agent.signal(Signal::HUP).unwrap();
}

#[test]
fn a_good_file_is_taken_whole() {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(30).unwrap();
    let mut second = LogFile::open(scene.log("second.txt")).unwrap();
    second.append(20).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events(EVENT, 30).unwrap();
    scene.write_config(&with_second_connector(&scene)).unwrap();
    reload(&agent);
    agent.wait_for_events(EVENT, 50).unwrap();
    log.append(5).unwrap();
    let page = agent.wait_for_events(EVENT, 55).unwrap();
    for (connector, count) in [(CONNECTOR, 35), ("pub-fra-2", 20)] {
        let labels = [("connector", connector), ("event", EVENT)];
        assert_eq!(
            page.count("ztna_events_total", &labels),
            count,
            "{connector}"
        );
    }
    let ok = page.value("ztna_config_last_reload_successful", &[]);
    assert_eq!(ok, Some(1.0));
}

#[test]
fn a_bad_file_leaves_the_old_one_at_work() {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(30).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events(EVENT, 30).unwrap();
    let reloaded = |expected: f64| {
        move |page: &harness::page::Page| {
            let value = page.value("ztna_config_last_reload_successful", &[]);
            value == Some(expected)
        }
    };
    scene
        .write_config("connectors: {}\nnonsense: true\n")
        .unwrap();
    reload(&agent);
    agent.wait_for("the reload to fail", reloaded(0.0)).unwrap();
    log.append(10).unwrap();
    assert_eq!(agent.wait_for_events(EVENT, 40).unwrap().events(EVENT), 40);
    scene.write_config(&scene.usual_config()).unwrap();
    reload(&agent);
    agent
        .wait_for("the reload to succeed", reloaded(1.0))
        .unwrap();
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_and_the_next_reload_is_taken() {
    let scene = Scene::new().unwrap();
    let agent = Agent::start(&scene).unwrap();
    let pipe = scene.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reloaded = |expected: f64| {
        move |page: &harness::page::Page| {
            page.value("ztna_config_last_reload_successful", &[]) == Some(expected)
        }
    };
    let usual = scene.usual_config();
    let roots = "probes:\n- {name: p, tls: {address: \"127.0.0.1:1\", ca_file: pipe}}\n";
    let rows = usual.replace("kind: ", "catalogue: [pipe]\n    kind: ");
    assert_ne!(rows, usual);
    for waits in [format!("{usual}{roots}"), rows] {
        scene.write_config(&waits).unwrap();
        reload(&agent);
        agent.wait_for("the reload to fail", reloaded(0.0)).unwrap();
        let said = agent.log_lines().join("\n");
        assert!(said.contains("no plain file"), "{said}");
        scene.write_config(&usual).unwrap();
        reload(&agent);
        agent
            .wait_for("the reload to succeed", reloaded(1.0))
            .unwrap();
    }
    fs::remove_file(scene.config()).unwrap();
    fs::rename(&pipe, scene.config()).unwrap();
    reload(&agent);
    agent.wait_for("the reload to fail", reloaded(0.0)).unwrap();
}

#[test]
fn a_storm_of_reloads_under_load_loses_nothing() {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let mut second = LogFile::open(scene.log("second.txt")).unwrap();
    second.append(10).unwrap();
    let agent = Agent::start(&scene).unwrap();
    for round in 0..40_u64 {
        log.append(100).unwrap();
        let text = if round % 2 == 0 {
            with_second_connector(&scene)
        } else {
            scene.usual_config()
        };
        scene.write_config(&text).unwrap();
        reload(&agent);
        log.append(100).unwrap();
        if round % 5 == 0 {
            log.rotate(20).unwrap();
        }
        let labels = [("connector", CONNECTOR), ("event", EVENT)];
        if round % 8 == 0 {
            let all = log.written();
            let seen = |page: &harness::page::Page| all <= page.count("ztna_events_total", &labels);
            agent.wait_for("the storm's lines", seen).unwrap();
        }
    }
    scene.write_config(&with_second_connector(&scene)).unwrap();
    reload(&agent);
    let page = agent
        .wait_for_events(EVENT, log.written() + second.written())
        .unwrap();
    for (connector, count) in [(CONNECTOR, log.written()), ("pub-fra-2", second.written())] {
        let labels = [("connector", connector), ("event", EVENT)];
        assert_eq!(
            page.count("ztna_events_total", &labels),
            count,
            "{connector}"
        );
    }
}
