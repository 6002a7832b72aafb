//! Promise: the demo shows a newcomer what becomes of three connectors, and cleans up.
//!
//! A Publisher, a laptop with the Netskope Client and one with the Cato Client: each
//! has its troubles, and each trouble its number on the page.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Command;

use harness::agent::Agent;
use harness::page::Page;
use harness::tools::agent_binary;
use harness::wait::{self, PATIENCE};
use tempfile::TempDir;

/// What the story must come to, in any order; it is told over and over.
const CHAPTERS: &[&str] = &[
    r#"ztna_tunnel_up{kind="netskope-publisher"} 0"#,
    r#"ztna_tunnel_up{kind="netskope-publisher"} 1"#,
    r#"ztna_tunnel_up{kind="netskope-client"} 0"#,
    r#"ztna_tunnel_up{kind="netskope-client"} 1"#,
    r#"ztna_tunnel_up{kind="cato-client"} 0"#,
    r#"ztna_tunnel_up{kind="cato-client"} 1"#,
    r#"ztna_degraded{kind="netskope-client",reason="steering_failed"} 1"#,
    r#"ztna_configuration_state{kind="netskope-client",state="update_failed"} 1"#,
    r#"ztna_configuration_state{kind="netskope-client",state="current"} 1"#,
    r#"ztna_client_status{kind="netskope-client",status="enabled"} 1"#,
    r#"ztna_client_status{kind="netskope-client",status="disabled"} 1"#,
    r#"ztna_service_state{kind="netskope-client",service="private_access",state="connected"} 1"#,
    r#"ztna_service_state{kind="cato-client",service="internet_security",state="connected"} 1"#,
    r#"ztna_service_state{kind="cato-client",service="internet_security",state="error"} 1"#,
    r#"ztna_probe_success{kind="netskope-client",probe="nsdiag"} 1"#,
    r#"ztna_probe_success{kind="cato-client",probe="cato-sdp"} 1"#,
];

/// What only ever grows, and must have happened by the end.
const HAPPENED: &[&str] = &[
    "app.connection_opened",
    "registration.failed",
    "update.failed",
    "update.skipped",
    "flow.tunneled",
    "steering.failed",
    "gateway.measured",
    "authentication.requested",
    "authentication.failed",
    "dns.failed",
    "update.available",
];

/// A running demo, and the folder with all that it leaves behind.
struct Demo {
    folder: TempDir,
    agent: Agent,
}

impl Demo {
    fn start(speed: &str, seconds: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(agent_binary().unwrap());
        command
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(["--speed", speed, "--seconds", seconds])
            .args(["--log-format", "json"])
            .env("TMPDIR", folder.path())
            .stdout(File::create(folder.path().join("told")).unwrap());
        let mut agent = Agent::spawn(&mut command).unwrap();
        agent.wait_until_listening().unwrap();
        Self { folder, agent }
    }

    fn told(&self) -> String {
        fs::read_to_string(self.folder.path().join("told")).unwrap()
    }
}

/// The page with each connector's kind beside its name.
fn with_kinds(page: &Page) -> Page {
    let mut page = page.clone();
    let infos: Vec<_> = page.select("ztna_connector_info", &[]).cloned().collect();
    for sample in &mut page.samples {
        let own = sample.labels.get("connector");
        let info = infos
            .iter()
            .find(|info| info.labels.get("connector") == own);
        if let Some(kind) = info.and_then(|info| info.labels.get("kind")) {
            sample.labels.insert("kind".to_owned(), kind.clone());
        }
    }
    page
}

#[test]
fn the_demo_shows_the_whole_story_and_ends_by_itself() {
    let mut demo = Demo::start("4", "26");
    let mut open: BTreeSet<&str> = CHAPTERS.iter().copied().collect();
    let all_seen = demo.agent.wait_for("all chapters", |page| {
        let page = with_kinds(page);
        open.retain(|chapter| !page.shows(chapter));
        let rotated = page.count("ztna_log_generations_total", &[("cause", "rotated")]);
        open.is_empty() && 0 < rotated && HAPPENED.iter().all(|event| 0 < page.events(event))
    });
    all_seen.unwrap_or_else(|error| panic!("never shown: {open:#?}\n{error:#}"));
    let html = demo.agent.get("/").unwrap().text();
    for words in ["nsdiag -f", "cato-sdp status", "Publisher"] {
        assert!(html.contains(words), "{words} is not on the page");
    }
    let status = wait::until(PATIENCE, "the demo to end", || demo.agent.ended()).unwrap();
    assert!(status.success(), "{status}: {}", demo.agent.log_tail());
    let story = demo.told();
    for words in [
        "http://127.0.0.1:",
        "watch ztna_tunnel_up fall",
        "Netskope Client:",
        "Cato Client:",
        "ztna_degraded",
        "ztna_service_state",
    ] {
        assert!(story.contains(words), "{words} is not in:\n{story}");
    }
    let left: Vec<_> = fs::read_dir(demo.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["told"], "the demo's folder is gone");
}

#[test]
fn an_impatient_end_of_the_demo_leaves_nothing_behind() {
    let demo = Demo::start("1", "60");
    demo.agent
        .wait_for("a tool to be asked", |page| {
            0 < page.count("ztna_probe_runs_total", &[])
        })
        .unwrap();
    let Demo { folder, agent } = demo;
    assert!(agent.terminate().unwrap().success());
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "only what it told is left");
}
