//! Promise: the page can be read by everybody, runs nothing that a log says, and says when
//! it is stale.
//!
//! Looked at with a real Chromium: by `page/browser.mjs`, where people do something with the
//! page by `page/live.mjs`, and for a mail by `page/mail.mjs`; `./test` installs their
//! packages. What the views hold is tested where they are made.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use harness::agent::Agent;
use harness::log_file::LogFile;
use harness::receivers::{Speaker, scene};
use harness::scene::{CONNECTOR, Scene};
use harness::smtp::MailServer;
use harness::tools::agent_binary;
use serde_json::Value;

/// Every view of the demo.
const VIEWS: &[&str] = &[
    "/",
    "/connectors/demo-netskope-publisher",
    "/connectors/demo-netskope-client",
    "/events?q=tunnel",
    "/alerts",
    "/host",
    "/logs",
    "/runbooks/",
    "/runbooks/agent-fault",
    "/config",
];

/// What a log, a file's name or a configuration may hold.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "</title></style></textarea><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "' autofocus onfocus=alert(1) x='",
    "\u{202e}<b onmouseover=alert(1)>",
    "<meta http-equiv=refresh content='0;url=//evil.example/alert(1)'>",
    "<link rel=stylesheet href=//evil.example/alert(1)>",
];

/// What the hostile rule waits for.
const TLS_ERROR: &str = "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 \
                         error:00000005:lib(0):func(0):DH lib\n";

/// A browser that tells what it sees.
struct Browser {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Browser {
    fn start(task: &str, address: SocketAddr, rest: &[&str]) -> Self {
        Self::run("browser.mjs", task, address, rest)
    }

    /// One in which somebody does something with the page.
    fn live(task: &str, address: SocketAddr) -> Self {
        Self::run("live.mjs", task, address, &[])
    }

    fn run(script: &str, task: &str, address: SocketAddr, rest: &[&str]) -> Self {
        let address = format!("http://{address}");
        let arguments = [&[task, &address], rest].concat();
        Self::with(script, &arguments)
    }

    fn with(script: &str, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/page");
        let mut child = Command::new("node")
            .arg(folder.join(script))
            .args(arguments)
            .env("ZTNA_BROWSER", packages())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is here: apt-get install nodejs chromium");
        let told = BufReader::new(child.stdout.take().unwrap());
        Self { child, told }
    }

    /// The next thing told; `None` at the end.
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    /// The next thing done, of this name.
    fn did(&mut self, what: &str) -> Value {
        let told = self.next().unwrap_or_default();
        assert_eq!(told["did"], what, "{told:#}");
        told
    }

    /// All there is to tell, of a browser that ended well.
    fn all(mut self) -> Vec<Value> {
        let mut told = Vec::new();
        while let Some(what) = self.next() {
            told.push(what);
        }
        assert!(self.child.wait().unwrap().success(), "{told:#?}");
        told
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Gone already if all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where pictures are kept; nowhere unless they are asked for.
fn pictures() -> String {
    std::env::var("ZTNA_PICTURES").unwrap_or_else(|_| "-".to_owned())
}

/// Where the browser's packages stand.
fn packages() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let mut folders = own.ancestors().map(|folder| folder.join("browser"));
    let found = folders.find(|folder| folder.join("node_modules/playwright-core").exists());
    found.expect("the browser's packages are missing: ./test installs them")
}

fn demo() -> Agent {
    let mut command = Command::new(agent_binary().unwrap());
    command
        .args(["demo", "--listen", "127.0.0.1:0"])
        .args(["--snmp-listen", "127.0.0.1:0"])
        .args(["--speed", "4", "--seconds", "600"])
        .args(["--log-format", "json"])
        .stdout(Stdio::null());
    let mut agent = Agent::spawn(&mut command).unwrap();
    agent.wait_until_listening().unwrap();
    agent
}

#[test]
fn every_view_is_valid_fits_a_narrow_screen_and_hides_nothing_from_a_reader() {
    let agent = demo();
    let troubles = |page: &harness::page::Page| 0 < page.count("ztna_events_total", &[]);
    agent.wait_for("the demo's first events", troubles).unwrap();
    let folder = pictures();
    let mut rest = vec![folder.as_str()];
    rest.extend(VIEWS);
    let seen = Browser::start("look", agent.address().unwrap(), &rest).all();
    assert_eq!(seen.len(), 4 * VIEWS.len());
    for look in seen {
        assert_eq!(look["tooWide"], 0, "{look:#}");
        for list in ["found", "errors", "troubles"] {
            assert_eq!(look[list], Value::Array(Vec::new()), "{look:#}");
        }
    }
}

#[test]
fn a_mail_fits_a_narrow_screen_fetches_nothing_and_hides_nothing_from_a_reader() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = scene(&[receiver], "profiles: [{name: eu-weekly}],").unwrap();
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker.have_tunnel("203.0.113.7").unwrap();
    agent.wait_for_events("tunnel.connected", 1).unwrap();
    speaker
        .wizard("Publisher auto-update failed while downloading docker image.")
        .unwrap();
    let mails = server.wait_for(1).unwrap();
    let file = scene.path("mail.html");
    fs::write(&file, mails[0].html()).unwrap();
    let file = file.display().to_string();
    let seen = Browser::with("mail.mjs", &[&file, &pictures()]).all();
    assert_eq!(seen.len(), 4);
    for look in seen {
        assert_eq!(look["tooWide"], 0, "{look:#}");
        for list in ["found", "fetched"] {
            assert_eq!(look[list], Value::Array(Vec::new()), "{look:#}");
        }
    }
}

#[test]
fn a_connectors_longest_name_fits_a_narrow_screen() {
    let scene = Scene::new().unwrap();
    drop(LogFile::open(scene.log("agent.txt")).unwrap());
    let name = "A".repeat(64);
    let config = scene.usual_config().replace(CONNECTOR, &name);
    scene.write_config(&config).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let own = format!("/connectors/{name}");
    let rest = ["-", "/", "/events", "/logs", "/config", &own];
    let seen = Browser::start("look", agent.address().unwrap(), &rest).all();
    assert_eq!(seen.len(), 4 * 5);
    for look in seen {
        assert_eq!(look["tooWide"], 0, "{look:#}");
    }
}

/// A configuration with hostile text wherever it takes text.
fn hostile_config(scene: &Scene) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let rules = scene.path("hostile.rules.yml");
    // What stands in double braces would be a question of the rule's own.
    let words = HOSTILE.iter().filter(|text| !text.contains("{{"));
    let action = quoted(&words.copied().collect::<Vec<_>>().join(" "));
    let rule = format!(
        "version: 1\nrules:\n- id: hostile\n  alert: HOSTILE\n  on: {{event: tls.error}}\n  \
         severity: critical\n  summary: {action}\n  action: {action}\n"
    );
    fs::write(&rules, rule).unwrap();
    let all = scene.usual_config().replace("agent.txt*", "*");
    format!(
        "{all}alerts:\n  site: {site}\n  rules: [default, {rules:?}]\n  receivers: []\n  silences:\n  \
         - {{id: s1, matchers: [rule=other], who: {site}, why: {site}, \
         from: 2026-01-01T00:00:00Z, until: 2099-01-01T00:00:00Z}}\n",
        site = quoted(&HOSTILE[..3].join(" ")),
    )
}

/// Lines whose fields are hostile, and lines that only nearly say something known.
fn write_hostile_logs(scene: &Scene) {
    for (number, text) in HOSTILE.iter().enumerate() {
        // No file's name may hold a slash.
        let name = format!("{number} {}", text.replace('/', "\u{2215}"));
        let mut log = LogFile::open(scene.log(&name)).unwrap();
        for line in [
            format!("sslhelper.cpp:302:logSslError():0x0 {text}\n"),
            format!("tunnel.cpp:9:onConnected():0x0 {text}\n"),
            format!("neconfig.cpp:121:setClientId():0x0 Set clientId {text}\n"),
        ] {
            log.raw(line.as_bytes()).unwrap();
        }
        log.append(1).unwrap();
    }
    let mut log = LogFile::open(scene.log("plain")).unwrap();
    log.raw(TLS_ERROR.as_bytes()).unwrap();
}

#[test]
fn nothing_that_a_log_or_a_configuration_says_runs_in_a_browser() {
    let scene = Scene::new().unwrap();
    write_hostile_logs(&scene);
    scene.write_config(&hostile_config(&scene)).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events("tls.error", 1).unwrap();
    let own = format!("/connectors/{CONNECTOR}");
    let views = [
        "/",
        &own,
        "/events",
        "/alerts",
        "/host",
        "/logs",
        "/config",
        "/runbooks/tunnel-down",
        "/logs?q=%3Cscript%3E",
    ];
    let seen = Browser::start("guard", agent.address().unwrap(), &views).all();
    assert_eq!(seen.len(), views.len());
    let mut hostile = BTreeMap::new();
    for view in seen {
        assert_eq!(view["ran"], Value::Array(Vec::new()), "{view:#}");
        assert_eq!(
            view["replaced"], true,
            "the script keeps it fresh: {view:#}"
        );
        let path = view["view"].as_str().unwrap().to_owned();
        hostile.insert(path, view["hostile"].as_u64().unwrap());
    }
    // They were there to be run.
    for view in ["/logs", "/alerts", "/config", &own] {
        assert!(0 < hostile[view], "{view}: {hostile:?}");
    }
}

#[test]
fn a_page_says_that_its_agent_is_gone_and_recovers_with_it() {
    let scene = Scene::new().unwrap();
    drop(LogFile::open(scene.log("agent.txt")).unwrap());
    scene.write_config(&scene.usual_config()).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let address = agent.address().unwrap();
    let fixed = scene
        .usual_config()
        .replace("127.0.0.1:0", &address.to_string());
    scene.write_config(&fixed).unwrap();
    let mut browser = Browser::start("watch", address, &[]);
    let fresh = browser.next().unwrap();
    assert_eq!(fresh["words"], "");
    agent.kill().unwrap();
    let stale = browser.next().unwrap();
    let words = stale["words"].as_str().unwrap();
    assert!(words.starts_with("Stale since "), "{words}");
    let again = Agent::start(&scene).unwrap();
    let back = browser.next().unwrap();
    assert_eq!(
        (&back["state"], &back["words"]),
        (&"fresh".into(), &"".into())
    );
    assert_eq!(back["focus"], "SUMMARY", "who was there is still there");
    assert!(browser.all().is_empty());
    assert!(again.terminate().unwrap().success());
}

/// A browser has six connections for one server, and a stream holds one for good.
#[test]
fn nine_tabs_share_one_stream_and_all_stay_fresh() {
    let agent = demo();
    let seen = Browser::live("crowd", agent.address().unwrap()).all();
    let expected = serde_json::json!({"tabs": 9, "first": 1, "next": "/api/v1/stream"});
    assert_eq!(seen, [expected]);
}

#[test]
fn nothing_is_renewed_under_a_hand_and_a_note_says_what_stands_still_and_why() {
    let agent = demo();
    let mut browser = Browser::live("hands", agent.address().unwrap());
    assert_eq!(browser.did("press")["isThere"], true);
    // In the lists, and above them.
    for _part in ["the list", "the headline"] {
        let marked = browser.did("mark");
        assert_eq!(marked["isKept"], true);
        assert_eq!(marked["isOfOneMoment"], true);
    }
    browser.did("hold");
    let said = browser.did("refuse")["said"].clone();
    // Once, however often the agent was asked and its stream spoke.
    assert_eq!(said.as_array().unwrap().len(), 1, "{said}");
    let words = said[0].as_str().unwrap();
    assert!(
        words.ends_with("the agent has no such page any more. Trying again."),
        "{words}"
    );
    browser.did("marked");
    agent.kill().unwrap();
    let stale = browser.did("stale");
    assert_eq!(stale["isHeld"], true);
    let seconds = |name: &str| {
        let parts = stale[name].as_str().unwrap().split(':');
        parts.fold(0, |sum, part| sum * 60 + part.parse::<i32>().unwrap())
    };
    // Across midnight too.
    let ahead = (seconds("since") - seconds("noticed")).rem_euclid(86_400);
    assert!(ahead == 0 || 43_200 < ahead, "{stale:#}");
    assert!(browser.all().is_empty());
}

/// Of `sesame`, as `htpasswd -nBC 10` made it.
const USERS: &str = "basic_auth_users:\n  alice: \
    $2y$10$BUiUjlIbLBvUxVNWQXw9GebeLnm.vusVbcB.sGOhMsHd.wB1DHk3C\n";

#[test]
fn who_ends_a_silence_ends_that_one_and_a_form_outlives_the_agents_restart() {
    let scene = Scene::new().unwrap();
    drop(LogFile::open(scene.log("agent.txt")).unwrap());
    fs::write(scene.path("web.yml"), USERS).unwrap();
    let start = || {
        let mut command = Agent::command(&scene).unwrap();
        command.arg("--web.config.file").arg(scene.path("web.yml"));
        let mut agent = Agent::spawn(&mut command).unwrap();
        let address = agent.wait_until_listening().unwrap();
        (agent, address)
    };
    let (agent, address) = start();
    let fixed = scene
        .usual_config()
        .replace("127.0.0.1:0", &address.to_string());
    scene.write_config(&fixed).unwrap();
    let mut browser = Browser::live("silencer", address);
    let focus = browser.did("focus");
    assert_eq!(
        (&focus["isKept"], &focus["gone"]),
        (&true.into(), &"none".into())
    );
    browser.did("typed");
    agent.kill().unwrap();
    browser.did("stale");
    let (again, _) = start();
    assert_eq!(browser.did("sent")["status"], 303);
    let words = browser.did("refused")["words"].to_string();
    assert!(words.contains("this form is too old"), "{words}");
    assert!(browser.all().is_empty());
    assert!(again.terminate().unwrap().success());
}
