//! Promise: the demo shows a newcomer a tunnel that falls and rises, and cleans up.

use std::fs::{self, File};
use std::process::Command;

use harness::agent::Agent;
use harness::page::Page;
use harness::tools::agent_binary;
use harness::wait::{self, PATIENCE};

fn tunnel(page: &Page) -> Option<f64> {
    page.value("ztna_tunnel_up", &[])
}

#[test]
fn the_demo_shows_the_whole_story_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let mut command = Command::new(agent_binary().unwrap());
    command
        .args([
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--speed",
            "10",
            "--seconds",
            "20",
        ])
        .args(["--log-format", "json"])
        .env("TMPDIR", folder.path())
        .stdout(File::create(&told).unwrap());
    let mut agent = Agent::spawn(&mut command).unwrap();
    agent.wait_until_listening().unwrap();
    agent
        .wait_for("the tunnel to come up", |page| tunnel(page) == Some(1.0))
        .unwrap();
    agent
        .wait_for("the tunnel to fall", |page| tunnel(page) == Some(0.0))
        .unwrap();
    let page = agent
        .wait_for("the tunnel to rise again", |seen| tunnel(seen) == Some(1.0))
        .unwrap();
    assert!(0 < page.events("app.connection_opened"));
    assert!(0 < page.events("registration.failed"));
    let later = agent
        .wait_for("the update and a rotation", |seen| {
            let rotated = [("cause", "rotated")];
            0 < seen.events("update.skipped")
                && 0 < seen.count("ztna_log_generations_total", &rotated)
        })
        .unwrap();
    assert!(0 < later.events("update.failed"));
    let status = wait::until(PATIENCE, "the demo to end", || agent.ended()).unwrap();
    assert!(status.success(), "{status}: {}", agent.log_tail());
    let story = fs::read_to_string(&told).unwrap();
    assert!(
        story.contains("http://127.0.0.1:"),
        "no address to open in:\n{story}"
    );
    assert!(
        story.contains("watch ztna_tunnel_up fall"),
        "no story in:\n{story}"
    );
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(left, [told], "the demo's folder is gone");
}
