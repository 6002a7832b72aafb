//! Promise: what the real `logrotate` does to a log is followed exactly.
//!
//! The writer is quiet while `logrotate` copies and truncates: between its copy and
//! its cut it loses lines by itself, and no reader can be blamed for those.

use std::fs;
use std::path::Path;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::Scene;
use harness::tools::{Tool, succeed};

/// Rounds of writing and rotating.
const ROTATIONS: u32 = 12;

struct Rotator<'a> {
    scene: &'a Scene,
}

impl Rotator<'_> {
    fn new<'a>(scene: &'a Scene, log: &Path, directives: &str) -> Rotator<'a> {
        let text = format!(
            "{} {{\n rotate 20\n missingok\n{directives}\n}}\n",
            log.display()
        );
        let config = scene.path("logrotate.conf");
        fs::write(&config, text).unwrap();
        // logrotate refuses a file that others could write.
        fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        Rotator { scene }
    }

    fn rotate(&self) {
        let mut command = Tool::Logrotate.command().unwrap();
        command
            .arg("--force")
            .arg("--state")
            .arg(self.scene.path("logrotate.state"));
        succeed(command.arg(self.scene.path("logrotate.conf"))).unwrap();
    }
}

/// What the writer does after a rotation.
enum Writer {
    Reopens,
    KeepsItsFile,
}

fn check(directives: &str, writer: &Writer) {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let rotator = Rotator::new(&scene, log.path(), directives);
    let agent = Agent::start(&scene).unwrap();
    for round in 0..ROTATIONS {
        log.append(200).unwrap();
        // Now and then the agent has read up, mostly it has not.
        if round % 4 == 0 {
            agent.wait_for_events(EVENT, log.written()).unwrap();
        }
        rotator.rotate();
        match writer {
            Writer::Reopens => {
                // Late lines into the renamed file, then the new one.
                log.append(5).unwrap();
                log.reopen().unwrap();
            }
            Writer::KeepsItsFile => {}
        }
    }
    log.append(50).unwrap();
    let page = agent.wait_for_events(EVENT, log.written()).unwrap();
    assert_eq!(page.events(EVENT), log.written());
    agent.terminate().unwrap();
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    assert_eq!(
        again.page().unwrap().events(EVENT),
        log.written(),
        "after a restart"
    );
}

#[test]
fn logrotate_create_is_followed() {
    check(" create", &Writer::Reopens);
}

#[test]
fn logrotate_create_with_delayed_packing_is_followed() {
    check(" create\n compress\n delaycompress", &Writer::Reopens);
}

#[test]
fn logrotate_copytruncate_is_followed() {
    check(" copytruncate", &Writer::KeepsItsFile);
}

#[test]
fn logrotate_copytruncate_with_packing_is_followed() {
    check(
        " copytruncate\n compress\n delaycompress",
        &Writer::KeepsItsFile,
    );
}

#[test]
fn bytes_that_were_cut_unread_are_lost_by_number() {
    let scene = Scene::following(&["agent.txt"]).unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(100).unwrap();
    let size = fs::metadata(log.path()).unwrap().len();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events(EVENT, 100).unwrap();
    // The agent sees these as a half line, so it knows of them and cannot count them.
    let half = b"tcpproxyhandler.cpp:35:TcpProxyHandler():0x1 Creating";
    log.raw(half).unwrap();
    let bytes = u64::try_from(half.len()).unwrap();
    agent
        .wait_for("the half line", |page| {
            page.count("ztna_log_lag_bytes", &[]) == bytes
        })
        .unwrap();
    log.truncate().unwrap();
    log.append(10).unwrap();
    assert!(fs::metadata(log.path()).unwrap().len() < size);
    let page = agent.wait_for_events(EVENT, 110).unwrap();
    assert_eq!(page.events(EVENT), 110);
    let lost = [("cause", "truncated")];
    assert_eq!(page.count("ztna_log_lost_bytes_total", &lost), bytes);
    assert_eq!(page.count("ztna_log_generations_total", &lost), 1);
}
