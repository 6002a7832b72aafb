//! Tools that hang, fail, lie or flood: counted by cause, and nothing else suffers.
//!
//! All are asked by one agent side by side, each by a client of its own whose log says
//! that its tunnel is up.

use std::fs;

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::LogFile;
use harness::scene::Scene;
use harness::stand_in::StandIn;
use harness::wait::{self, PATIENCE};

use super::{NSDIAG, ask_again, with_nsdiag};
use crate::clients::{CONNECTED, DebugLog};

/// A tool's behaviour as lines of a shell, and the cause that it must count as.
const TROUBLES: [(&str, &str, &str); 11] = [
    ("hangs", "timeout", "exec sleep 600"),
    (
        "hangs-after-all-was-said",
        "timeout",
        "echo 'Tunnel status:: NSTUNNEL_DISCONNECTED.'; exec sleep 600",
    ),
    (
        "leaves-children",
        "unintelligible",
        "for each in 1 2 3; do (sh -c 'echo $$ >>\"$0\"; exec sleep 600' \"$ids\") & done; \
         while [ $(wc -l <\"$ids\") -lt 4 ]; do :; done; exit 0",
    ),
    ("fails", "exit_status", "echo 'Gateway:: x.'; exit 3"),
    ("dies", "exit_status", "kill -9 $$"),
    (
        "floods",
        "output_too_long",
        "echo 'Tunnel status:: NSTUNNEL_DISCONNECTED.'; head -c 10000000 /dev/zero | tr '\\0' x",
    ),
    ("garbles", "unintelligible", "head -c 30000 /dev/urandom"),
    (
        "speaks-german",
        "unintelligible",
        "echo 'Tunnelstatus:: GETRENNT.'; echo 'Clientstatus:: deaktiviert.'",
    ),
    ("says-nothing", "unintelligible", "exit 0"),
    (
        "says-a-new-word",
        "unintelligible",
        "echo 'Tunnel status:: NSTUNNEL_DISCONNECTED.'; echo 'Client status:: dormant.'",
    ),
    (
        "says-a-new-state",
        "unintelligible",
        "echo 'Orgname:: x.'; echo 'Tunnel status:: NSTUNNEL_NOT_CONNECTED.'",
    ),
];

/// Most memory, in bytes, of an agent in all these troubles: far more than it needs, and
/// far less than it would with the flood kept many times over.
const MEMORY_MAX: f64 = 200e6;

fn nsdiag_client(scene: &Scene, name: &str, nsdiag: &StandIn) -> Client {
    Client::netskope(name)
        .log("client", &scene.log(&format!("{name}.log")))
        .tool("nsdiag", nsdiag)
}

/// A log that says that the tunnel is up.
fn write_connected(scene: &Scene, name: &str) {
    let record = DebugLog::open(scene).record(CONNECTED);
    let mut log = LogFile::open(scene.log(&format!("{name}.log"))).unwrap();
    log.raw(record.as_bytes()).unwrap();
}

/// Waits until no process is left that any of these ever was or started.
fn check_nobody_is_left(stand_ins: &[StandIn]) {
    wait::until(PATIENCE, "the tools to be gone", || {
        let all_gone = stand_ins.iter().all(|one| one.living().is_empty());
        Ok(all_gone.then_some(()))
    })
    .unwrap();
}

#[test]
fn each_trouble_is_the_tools_own() {
    let scene = Scene::new().unwrap();
    let folder = scene.path("tools");
    let mut stand_ins = Vec::new();
    let mut clients = Vec::new();
    for (name, _, lines) in TROUBLES {
        let stand_in = StandIn::running(&folder, name, lines).unwrap();
        clients.push(nsdiag_client(&scene, name, &stand_in));
        stand_ins.push(stand_in);
    }
    let mut expected: Vec<(&str, &str)> = TROUBLES.map(|(name, cause, _)| (name, cause)).into();
    // Three that never run: one is not there, one is no program, one is everybody's.
    let open = "echo 'Tunnel status:: NSTUNNEL_DISCONNECTED.'";
    let open = StandIn::running(&folder, "is-everybodys", open).unwrap();
    let everybodys = std::os::unix::fs::PermissionsExt::from_mode(0o757);
    fs::set_permissions(open.program(), everybodys).unwrap();
    clients.push(nsdiag_client(&scene, "is-everybodys", &open));
    expected.push(("is-everybodys", "unsafe"));
    let denied = StandIn::running(&folder, "is-no-program", "").unwrap();
    let plain = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(denied.program(), plain).unwrap();
    clients.push(nsdiag_client(&scene, "is-no-program", &denied));
    expected.push(("is-no-program", "denied"));
    let missing = StandIn::running(&folder, "is-missing", "").unwrap();
    fs::remove_file(missing.program()).unwrap();
    clients.push(nsdiag_client(&scene, "is-missing", &missing));
    expected.push(("is-missing", "not_found"));
    for (name, _) in &expected {
        write_connected(&scene, name);
    }
    scene.watch(&clients).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let mut shown = Vec::new();
    for (name, cause) in &expected {
        shown.push(format!(
            r#"ztna_probe_failures_total{{connector="{name}",cause="{cause}"}} 1"#
        ));
        shown.push(format!(r#"ztna_probe_success{{connector="{name}"}} 0"#));
        shown.push(format!(r#"ztna_tunnel_up{{connector="{name}"}} 1"#));
        shown.push(format!(
            r#"ztna_client_status{{connector="{name}",status="enabled"}} 1"#
        ));
    }
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let page = agent.wait_until_shown(&shown).unwrap();
    for (name, cause) in &expected {
        let failures = page.count("ztna_probe_failures_total", &[("connector", name)]);
        let runs = page.count("ztna_probe_runs_total", &[("connector", name)]);
        assert_eq!(failures, runs, "{name}: only {cause}");
    }
    assert_eq!(agent.get("/-/healthy").unwrap().status, 200);
    assert_eq!(agent.get("/-/ready").unwrap().status, 200);
    let memory = page.value("process_resident_memory_bytes", &[]).unwrap();
    assert!(memory < MEMORY_MAX, "{memory} bytes");
    assert_eq!(stand_ins[2].started(), 4, "its children did start");
    check_nobody_is_left(&stand_ins);
    // What a tool printed is nobody's business but ours.
    let log = agent.log_lines().join("\n");
    assert!(log.contains("tool gave no reading"), "{log}");
    assert!(!log.contains("GETRENNT") && !log.contains("xxxx"), "{log}");
    assert_eq!(open.started(), 0, "what everybody may change is not run");
    let place = format!("\"place\":{:?}", open.program());
    assert!(log.contains(&place), "{log}");
}

#[test]
fn an_answer_counts_though_a_child_still_holds_the_output() {
    let scene = Scene::new().unwrap();
    write_connected(&scene, "laptop");
    // The child is ready when it has written its id, so it does hold the output.
    let lines = "sh -c 'echo $$ >>\"$0\"; exec sleep 600' \"$ids\" &\n\
         while [ $(wc -l <\"$ids\") -lt 2 ]; do :; done\n\
         echo 'Tunnel status:: NSTUNNEL_DISCONNECTED.'";
    let tool = StandIn::running(&scene.path("tools"), "nsdiag", lines).unwrap();
    scene
        .watch(&[nsdiag_client(&scene, "laptop", &tool)])
        .unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent
        .wait_until_shown(&["ztna_probe_success 1", "ztna_tunnel_up 0"])
        .unwrap();
    check_nobody_is_left(&[tool]);
}

#[test]
fn an_agent_that_ends_takes_a_hanging_tool_with_it() {
    let scene = Scene::new().unwrap();
    write_connected(&scene, "laptop");
    let lines = "sh -c 'echo $$ >>\"$0\"; exec sleep 600' \"$ids\" & exec sleep 600";
    let tool = StandIn::running(&scene.path("tools"), "nsdiag", lines).unwrap();
    scene
        .watch(&[nsdiag_client(&scene, "laptop", &tool)])
        .unwrap();
    let agent = Agent::start(&scene).unwrap();
    wait::until(PATIENCE, "the tool and its child to run", || {
        Ok((2 <= tool.living().len()).then_some(()))
    })
    .unwrap();
    assert!(agent.terminate().unwrap().success());
    check_nobody_is_left(&[tool]);
}

#[test]
fn what_was_known_stays_while_the_tool_is_in_trouble() {
    let scene = Scene::new().unwrap();
    drop(LogFile::open(scene.log("client.log")).unwrap());
    let (client, nsdiag) = with_nsdiag(&scene, NSDIAG);
    scene.watch(&[client]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let before = agent
        .wait_until_shown(&["ztna_tunnel_up 1", "ztna_probe_success 1"])
        .unwrap();
    let last_success =
        |page: &harness::page::Page| page.value("ztna_probe_last_success_timestamp_seconds", &[]);
    for garbage in ["", "Zugriff verweigert\n", "<html>502 Bad Gateway</html>\n"] {
        nsdiag.say(garbage).unwrap();
        let runs = agent.page().unwrap().count("ztna_probe_runs_total", &[]) + 1;
        let page = ask_again(
            &agent,
            &[
                &format!("ztna_probe_runs_total {runs}"),
                "ztna_probe_success 0",
                "ztna_tunnel_up 1",
                r#"ztna_client_status{status="enabled"} 1"#,
                r#"ztna_connector_info{gateway="gateway-xyz.goskope.com"} 1"#,
            ],
        );
        assert_eq!(last_success(&page), last_success(&before), "{garbage:?}");
    }
    let html = agent.get("/connectors/laptop").unwrap().text();
    assert!(html.contains("unintelligible 3"), "the page says so");
    // It comes back.
    nsdiag.say(NSDIAG).unwrap();
    ask_again(&agent, &["ztna_probe_success 1"]);
}
