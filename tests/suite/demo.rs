//! Promise: the demo shows a newcomer what becomes of three connectors, and cleans up.
//!
//! A Publisher, a laptop with the Netskope Client and one with the Cato Client: each
//! has its troubles, and each trouble its number on the page; the same by SNMP.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, SystemTime};

use harness::agent::Agent;
use harness::page::Page;
use harness::tools::agent_binary;
use harness::wait::{self, PATIENCE};
use rustix::process::Signal;
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
    r#"ztna_probe_success{probe="management-plane"} 1"#,
    r#"ztna_probe_success{probe="management-plane"} 0"#,
    r#"ztna_probe_tls_intercepted{probe="management-plane"} 1"#,
    r#"ztna_probe_tls_intercepted{probe="management-plane"} 0"#,
    r#"ztna_probe_success{probe="data-plane"} 1"#,
    r#"ztna_host_collector_success{collector="publisher"} 1"#,
    r#"ztna_alert_silences 1"#,
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
        Self::serving_snmp_on("127.0.0.1:0", speed, seconds)
    }

    fn serving_snmp_on(snmp: &str, speed: &str, seconds: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(agent_binary().unwrap());
        command
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(["--snmp-listen", snmp])
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

    /// What stands in the folder for temporary files.
    fn left(&self) -> Vec<OsString> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    /// The greeting's commands for SNMP, as they can be pasted.
    fn snmp_commands(&self) -> Vec<Vec<String>> {
        let told = wait::until(PATIENCE, "the greeting", || {
            let told = self.told();
            Ok(told.contains("Their story").then_some(told))
        });
        let told = told.unwrap();
        let lines = told.lines().map(str::trim);
        lines
            .filter(|line| line.starts_with("snmpwalk "))
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect()
    }
}

/// What a program of net-snmp's prints, names as numbers.
fn asked(program: &str, arguments: &[String]) -> String {
    let mut command = Command::new(program);
    command.args(["-On", "-Oe", "-r1", "-t2"]).args(arguments);
    let output = command.env("MIBS", "").output();
    let output = output.expect("net-snmp's programs are here: apt-get install snmp");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
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
        let sent = page.count("ztna_snmp_notices_total", &[("outcome", "sent")]);
        open.is_empty()
            && 0 < rotated
            && 0 < sent
            && HAPPENED.iter().all(|event| 0 < page.events(event))
    });
    all_seen.unwrap_or_else(|error| panic!("never shown: {open:#?}\n{error:#}"));
    for (view, words) in [
        ("/", "demo-netskope-publisher"),
        ("/connectors/demo-netskope-client", "nsdiag -f"),
        ("/connectors/demo-cato-client", "cato-sdp status"),
        ("/host", "id=\"host\""),
        ("/host", "management-plane"),
        ("/logs", "nsdebuglog.log"),
        ("/alerts", "Updates of eu-weekly"),
        ("/alerts", "the demo makes them"),
        ("/alerts", "UPGRADE_WILL_START"),
        ("/config", "connectors[0].name"),
    ] {
        let html = demo.agent.get(view).unwrap().text();
        assert!(html.contains(words), "{words} is not on {view}");
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
    assert_eq!(demo.left(), ["told"], "the demo's folder is gone");
}

#[test]
fn a_closed_terminal_ends_the_demo_and_leaves_nothing_behind() {
    let mut demo = Demo::start("1", "600");
    let ended = wait::until(PATIENCE, "the demo to end", || {
        // Said again: the first may come a moment before it listens to it.
        drop(demo.agent.signal(Signal::HUP));
        demo.agent.ended()
    });
    let status = ended.unwrap();
    assert!(status.success(), "{status}: {}", demo.agent.log_tail());
    assert_eq!(demo.left(), ["told"]);
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

/// Below our own objects: `ztnaConnName` and `ztnaConnTunnelUp`.
const CONNECTOR_NAME: &str = ".1.1.1.1.2";
const TUNNEL_UP: &str = ".1.1.1.1.7";

/// How long a fact may take from its line in a log to SNMP.
const LAG_MAX: Duration = Duration::from_secs(2);

/// Since when the page says that the Publisher's tunnel is as it is: the time that stands
/// in the log's line, which the demo writes then.
fn changed_at(page: &Page) -> SystemTime {
    let of_tunnel = [("kind", "netskope-publisher"), ("aspect", "tunnel")];
    let seconds = with_kinds(page).value("ztna_state_changed_timestamp_seconds", &of_tunnel);
    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds.unwrap())
}

#[test]
fn a_tunnel_that_goes_down_in_the_demo_is_seen_by_snmp_as_soon_as_by_metrics() {
    let demo = Demo::start("2", "60");
    let commands = demo.snmp_commands();
    // The last two words are the agent's address and our own objects.
    let [version_2, .., version_3, _] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    let of = |command: &[String], column: &str| -> Vec<String> {
        let mut arguments = command[1..].to_vec();
        arguments.last_mut().unwrap().push_str(column);
        arguments
    };
    let names = asked("snmpwalk", &of(version_2, CONNECTOR_NAME));
    let publisher = names
        .lines()
        .find(|line| line.contains("demo-netskope-publisher"));
    let (name, _) = publisher.unwrap().split_once(" = ").unwrap();
    let row = name.rsplit('.').next().unwrap();
    for (page_says, snmp_says) in [(1, "INTEGER: 1"), (0, "INTEGER: 2"), (1, "INTEGER: 1")] {
        let sample = format!("ztna_tunnel_up{{kind=\"netskope-publisher\"}} {page_says}");
        let was_so = with_kinds(&demo.agent.page().unwrap()).shows(&sample);
        let seen = demo
            .agent
            .wait_for(&sample, |page| with_kinds(page).shows(&sample));
        let changed_at = changed_at(&seen.unwrap());
        for command in [version_2, version_3] {
            let arguments = of(command, &format!("{TUNNEL_UP}.{row}"));
            let same = wait::until(LAG_MAX, "SNMP to tell the same", || {
                let told = asked("snmpget", &arguments);
                Ok(told.trim_end().ends_with(snmp_says).then_some(()))
            });
            same.unwrap_or_else(|error| panic!("{sample}: {error:#}"));
        }
        let lag = changed_at.elapsed().unwrap();
        assert!(was_so || lag < LAG_MAX, "{sample}: {lag:?} after the line");
    }
    assert!(demo.agent.terminate().unwrap().success());
}

#[test]
fn the_demos_commands_for_snmp_can_be_pasted_wherever_it_found_a_port() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let wanted = taken.local_addr().unwrap().to_string();
    let demo = Demo::serving_snmp_on(&wanted, "1", "60");
    let commands = demo.snmp_commands();
    assert_eq!(commands.len(), 5, "{commands:?}");
    assert!(
        demo.told()
            .contains(&format!("(somebody else has {wanted})"))
    );
    demo.agent
        .wait_for("the host to be looked at", |page| {
            page.shows(r#"ztna_host_collector_success{collector="memory"} 1"#)
        })
        .unwrap();
    for command in &commands {
        let told = asked(&command[0], &command[1..]);
        assert!(5 < told.lines().count(), "{command:?}: {told}");
        assert!(!told.contains("No Such"), "{command:?}: {told}");
    }
    assert!(demo.agent.terminate().unwrap().success());
}
