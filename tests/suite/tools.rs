//! Promise: the vendors' own tools are asked, and a tool's trouble is not the client's.
//!
//! Stand-ins print what the vendors' tools are documented to print, or behave as badly
//! as a program can. Each reload asks every tool anew, so no test waits for an interval.

mod trouble;
mod version;

use std::fs;

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::LogFile;
use harness::page::Page;
use harness::scene::{Scene, Settings};
use harness::stand_in::StandIn;
use serde_json::Value;

/// What `nsdiag -f` prints, as public tests of others have it.
const NSDIAG: &str = "Orgname:: CompanyName.\n\
    Tenant URL :: CompanyName.goskope.com.\n\
    AddonHost:: addon-companyname.goskope.com.\n\
    AddonCheckerHost:: achecker-companyname.goskope.com.\n\
    Gateway:: gateway-xyz.goskope.com.\n\
    Gateway IP:: 203.0.113.10.\n\
    Config:: Pop Pinning Client Configuration.\n\
    Steering Config:: Default tenant config.\n\
    Email:: alice@example.com.\n\
    Peruser config:: FALSE.\n\
    Tunnel status:: NSTUNNEL_CONNECTED.\n\
    Client status:: enable.\n\
    Dynamic Steering:: FALSE.\n\
    OnPremDetection:: Not Configured.\n\
    Explicit Proxy:: false.\n\
    Tunnel Protocol:: TLS.\n\
    SNI Enable:: FALSE.\n\
    Traffic Mode:: All Traffic.\n\
    Client version:: 117.1.0.1234.\n";

/// Who is signed in, in [`NSDIAG`].
const USER: &str = "alice@example.com";

/// The page about the client.
const VIEW: &str = "/connectors/laptop";

/// What it tells of how the client is set up: label and value.
const FACTS: [(&str, &str); 10] = [
    ("organisation", "CompanyName"),
    ("gateway", "gateway-xyz.goskope.com"),
    ("gateway_ip", "203.0.113.10"),
    ("client_configuration", "Pop Pinning Client Configuration"),
    ("steering_configuration", "Default tenant config"),
    ("dynamic_steering", "FALSE"),
    ("on_premises_check", "Not Configured"),
    ("tunnel_protocol", "TLS"),
    ("traffic_mode", "All Traffic"),
    ("version", "117.1.0.1234"),
];

/// What `cato-sdp status` prints while the tunnel has been up so long.
fn cato_status(duration: &str) -> String {
    format!(
        "  pop name    = \"Frankfurt\"\n\
         \x20 tunnel ip   = 10.41.0.7\n\
         \x20 tun device  = tun0\n\
         \x20 duration    = {duration}\n"
    )
}

/// A scene whose clients have a log that nobody has written to.
fn scene() -> Scene {
    let scene = Scene::new().unwrap();
    drop(LogFile::open(scene.log("client.log")).unwrap());
    scene
}

/// A Netskope Client on this host, with an `nsdiag` that prints `text`.
fn with_nsdiag(scene: &Scene, text: &str) -> (Client, StandIn) {
    let nsdiag = StandIn::printing(&scene.path("tools"), "nsdiag", text).unwrap();
    let client = Client::netskope("laptop")
        .log("client", &scene.log("client.log"))
        .tool("nsdiag", &nsdiag);
    (client, nsdiag)
}

/// Asks every tool once more, and waits for the samples that follow.
fn ask_again(agent: &Agent, shown: &[&str]) -> Page {
    agent.reload().unwrap();
    agent.wait_until_shown(shown).unwrap()
}

fn status(agent: &Agent) -> Value {
    let answer = agent.get("/api/v1/status").unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

/// The label `user` of the only client.
fn user_label(page: &Page) -> Option<String> {
    let mut infos = page.select("ztna_connector_info", &[]);
    infos.next().unwrap().labels.get("user").cloned()
}

/// Whether this host has the id that people's names are hashed with.
fn has_machine_id() -> bool {
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    id.trim().len() == 32
}

#[test]
fn what_nsdiag_tells_stands_on_metrics_page_and_json() {
    let scene = scene();
    let (client, _nsdiag) = with_nsdiag(&scene, NSDIAG);
    scene.watch(&[client]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let page = agent
        .wait_until_shown(&[
            r#"ztna_probe_success{probe="nsdiag"} 1"#,
            r#"ztna_probe_runs_total{probe="nsdiag"} 1"#,
            "ztna_tunnel_up 1",
            r#"ztna_client_status{status="enabled"} 1"#,
            r#"ztna_client_icon_state{state="enabled"} 1"#,
        ])
        .unwrap();
    assert_eq!(page.select("ztna_connector_info", &FACTS).count(), 1);
    let json = status(&agent);
    let told = &json["connectors"][0]["tool_facts"];
    let html = agent.get(VIEW).unwrap().text();
    for (fact, value) in FACTS {
        assert_eq!(told[fact], value, "{fact} in the JSON");
        assert!(html.contains(value), "{fact} on the page");
    }
    assert_eq!(json["connectors"][0]["tunnel"]["reason"], "tool");
    assert!(json["connectors"][0]["facts"]["gateway"].is_null());
    assert!(html.contains("nsdiag -f"), "the page names the tool");
}

#[test]
fn who_is_signed_in_is_a_hash_unless_the_operator_wants_the_name() {
    let scene = scene();
    let (client, nsdiag) = with_nsdiag(&scene, NSDIAG);
    scene.watch(std::slice::from_ref(&client)).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let page = agent.wait_until_shown(&["ztna_tunnel_up 1"]).unwrap();
    let hash = user_label(&page);
    assert_eq!(hash.is_some(), has_machine_id());
    let is_hash = |text: &String| text.len() == 16 && !text.contains('@');
    assert!(hash.iter().all(is_hash), "{hash:?}");
    for path in ["/metrics", "/", VIEW, "/api/v1/status"] {
        let text = agent.get(path).unwrap().text();
        assert!(!text.to_lowercase().contains("alice"), "{path}: {text}");
    }
    // Somebody else signs in: another hash.
    nsdiag
        .say(&NSDIAG.replace(USER, "bob@example.com"))
        .unwrap();
    let other = ask_again(&agent, &[r#"ztna_probe_runs_total{probe="nsdiag"} 2"#]);
    assert_eq!(user_label(&other) == hash, hash.is_none());
    nsdiag.say(NSDIAG).unwrap();
    let open = scene.config_of(&client.to_yaml()) + "privacy: {user_labels: true}\n";
    scene.write_config(&open).unwrap();
    let shown = format!("ztna_connector_info{{user={USER:?}}} 1");
    ask_again(&agent, &[&shown]);
    assert!(agent.get(VIEW).unwrap().text().contains(USER));
    let json = status(&agent);
    assert_eq!(json["connectors"][0]["tool_facts"]["user"], USER);
}

#[test]
fn states_follow_what_nsdiag_says_next() {
    let scene = scene();
    let (client, nsdiag) = with_nsdiag(&scene, NSDIAG);
    scene.watch(&[client]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_shown(&["ztna_tunnel_up 1"]).unwrap();
    let down = NSDIAG.replace("NSTUNNEL_CONNECTED", "NSTUNNEL_DISCONNECTED");
    for (word, shown) in [
        (
            "disable",
            [
                r#"ztna_client_status{status="disabled"} 1"#,
                r#"ztna_client_icon_state{state="disabled"} 1"#,
            ],
        ),
        (
            "fail close",
            [
                r#"ztna_client_status{status="fail_closed"} 1"#,
                r#"ztna_client_icon_state{state="fail_closed"} 1"#,
            ],
        ),
        (
            "error",
            [
                r#"ztna_client_status{status="disabled_error"} 1"#,
                r#"ztna_client_icon_state{state="disabled_error"} 1"#,
            ],
        ),
    ] {
        let said = format!("Client status:: {word}.");
        nsdiag
            .say(&down.replace("Client status:: enable.", &said))
            .unwrap();
        let page = ask_again(&agent, &shown);
        assert!(page.shows("ztna_tunnel_up 0"), "{word}");
    }
    nsdiag.say(NSDIAG).unwrap();
    let up = [
        "ztna_tunnel_up 1",
        r#"ztna_client_status{status="enabled"} 1"#,
    ];
    ask_again(&agent, &up);
    // The silent trouble for which people run this tool: "enable", and no tunnel.
    nsdiag.say(&down).unwrap();
    let off = [
        "ztna_tunnel_up 0",
        r#"ztna_client_status{status="disabled"} 1"#,
    ];
    ask_again(&agent, &off);
}

#[test]
fn a_tool_is_asked_again_by_itself() {
    let scene = scene();
    let (client, nsdiag) = with_nsdiag(&scene, NSDIAG);
    scene.watch(&[client]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_shown(&["ztna_tunnel_up 1"]).unwrap();
    nsdiag
        .say("Tunnel status:: NSTUNNEL_DISCONNECTED.\n")
        .unwrap();
    agent
        .wait_until_shown(&[
            "ztna_tunnel_up 0",
            r#"ztna_probe_runs_total{probe="nsdiag"} 2"#,
        ])
        .unwrap();
}

#[test]
fn the_status_of_stagentcli_names_the_error() {
    let scene = scene();
    let text = "Internet Security disabled due to error\n";
    let stagentcli = StandIn::printing(&scene.path("tools"), "stAgentCli", text).unwrap();
    let client = Client::netskope("laptop")
        .log("client", &scene.log("client.log"))
        .tool("stagentcli", &stagentcli);
    scene.watch(&[client]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let in_error = [
        r#"ztna_client_status{status="disabled_error"} 1"#,
        r#"ztna_client_icon_state{state="disabled_error"} 1"#,
        r#"ztna_probe_success{probe="stagentcli"} 1"#,
    ];
    agent.wait_until_shown(&in_error).unwrap();
    // Its service turns it away: the tool's failure, and no news of the client.
    stagentcli
        .say("Failed to connect to Netskope Client service\n")
        .unwrap();
    ask_again(
        &agent,
        &[
            r#"ztna_client_status{status="disabled_error"} 1"#,
            r#"ztna_probe_success{probe="stagentcli"} 0"#,
            r#"ztna_probe_failures_total{probe="stagentcli",cause="exit_status"} 1"#,
        ],
    );
}

#[test]
fn a_cato_tunnel_that_is_younger_than_before_was_built_anew() {
    let scene = scene();
    let tool = StandIn::printing(&scene.path("tools"), "cato-sdp", &cato_status("02:10:00"));
    let tool = tool.unwrap();
    let client = Client::cato("laptop")
        .log("client", &scene.log("client.log"))
        .tool("cato-sdp", &tool);
    scene.watch(&[client]).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let connected = [
        "ztna_tunnel_up 1",
        r#"ztna_service_state{service="private_access",state="connected"} 1"#,
        r#"ztna_service_state{service="internet_security",state="connected"} 1"#,
        r#"ztna_connector_info{pop="Frankfurt"} 1"#,
        r"ztna_tunnel_reconnects_total 0",
    ];
    agent.wait_until_shown(&connected).unwrap();
    let json = status(&agent);
    let facts = &json["connectors"][0]["tool_facts"];
    assert_eq!(
        (&facts["tunnel_ip"], &facts["tunnel_device"]),
        (&"10.41.0.7".into(), &"tun0".into())
    );
    assert!(agent.get(VIEW).unwrap().text().contains("10.41.0.7"));
    // Older by a little is the same tunnel.
    tool.say(&cato_status("02:10:04")).unwrap();
    ask_again(
        &agent,
        &[
            r#"ztna_probe_runs_total{probe="cato-sdp"} 2"#,
            "ztna_tunnel_reconnects_total 0",
        ],
    );
    tool.say(&cato_status("00:00:03")).unwrap();
    let younger = ["ztna_tunnel_reconnects_total 1", "ztna_tunnel_up 1"];
    ask_again(&agent, &younger);
    tool.say("Cato client is disconnected\n").unwrap();
    let down = [
        "ztna_tunnel_up 0",
        r#"ztna_service_state{service="private_access",state="disconnected"} 1"#,
        r#"ztna_service_state{service="internet_security",state="disconnected"} 1"#,
    ];
    ask_again(&agent, &down);
    // The count survives its agent.
    agent.terminate().unwrap();
    let again = Agent::start(&scene).unwrap();
    again
        .wait_until_shown(&["ztna_tunnel_reconnects_total 1"])
        .unwrap();
}

#[test]
fn a_tool_that_is_not_named_and_not_installed_is_not_asked() {
    let scene = Scene::with(Settings::default()).unwrap();
    let client = Client::netskope("laptop").log("client", &scene.log("client.log"));
    scene.watch(&[client]).unwrap();
    drop(LogFile::open(scene.log("client.log")).unwrap());
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let page = agent.page().unwrap();
    assert_eq!(page.select("ztna_probe_runs_total", &[]).count(), 0);
}
