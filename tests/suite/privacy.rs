//! Promise: who uses a connector, where they go and with which program never leaves the log.
//!
//! Logs of all three products and answers of all tools, full of invented people, go in
//! at the default settings. Then every place is searched to which the agent writes:
//! metrics, page, JSON, SNMP, the bytes of the store and of its journal, its own log, and
//! what `parse` prints. Only secrets that were really written are searched for, and a
//! catalogue row that takes too much is found out: the search can fail.

mod secrets;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use harness::agent::Agent;
use harness::client::Client;
use harness::http::request;
use harness::log_file::LogFile;
use harness::scene::Scene;
use harness::snmp::{self, Asker};
use harness::stand_in::StandIn;
use harness::tools::{Tool, agent_binary};
use model::connector::ConnectorKind;
use serde_json::Value;
use ztna_exporter::corpus::{Corpus, CorpusShape, Platform};

use self::secrets::Secrets;

/// Bytes of each log: enough that hundreds of names stand in it.
const LOG_BYTES: u64 = 200_000;

const CORPORA: [(&str, ConnectorKind, Platform); 5] = [
    (
        "netskope-on-windows",
        ConnectorKind::NetskopeClient,
        Platform::Windows,
    ),
    (
        "netskope-on-macos",
        ConnectorKind::NetskopeClient,
        Platform::MacOs,
    ),
    (
        "cato-on-windows",
        ConnectorKind::CatoClient,
        Platform::Windows,
    ),
    ("cato-on-macos", ConnectorKind::CatoClient, Platform::MacOs),
    ("cato-on-linux", ConnectorKind::CatoClient, Platform::Linux),
];

/// Everything that one scene knows of its people.
struct House {
    scene: Scene,
    clients: Vec<Client>,
    secrets: Secrets,
    runs: u64,
}

impl House {
    fn new() -> Self {
        Self {
            scene: snmp::scene("").unwrap(),
            clients: Vec::new(),
            secrets: Secrets::default(),
            runs: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.log(&format!("{name}.log"))
    }

    /// A connector whose log the generator writes.
    fn add_corpus(&mut self, name: &str, kind: ConnectorKind, platform: Platform) {
        let shape = CorpusShape {
            kind,
            platform,
            is_clean: false,
            ..CorpusShape::default()
        };
        let mut corpus = Corpus::new(17, shape);
        let mut bytes = Vec::new();
        corpus.write_bytes(&mut bytes, LOG_BYTES).unwrap();
        fs::write(self.path(name), &bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let written = corpus.names().filter(|secret| text.contains(secret));
        let before = self.secrets.len();
        self.secrets.add_all(written);
        assert!(
            300 < self.secrets.len() - before,
            "{name} has hardly any secret"
        );
        let client = Client::new(name, kind.name()).log("client", &self.path(name));
        self.clients.push(client);
    }

    /// A connector whose log has these lines, with a secret for each mark in them.
    fn add_lines(&mut self, name: &str, kind: ConnectorKind, lines: &str) -> Client {
        let text = self.secrets.fill(lines);
        let mut log = LogFile::open(self.path(name)).unwrap();
        log.raw(text.as_bytes()).unwrap();
        Client::new(name, kind.name()).log("client", &self.path(name))
    }

    /// A tool that prints this, with a secret for each mark in it.
    fn tool(&mut self, name: &str, ending: &str, text: &str) -> StandIn {
        let lines = format!("cat \"$answer\"; cat \"$answer\" >&2; exit {ending}");
        let tool = StandIn::running(&self.scene.path("tools"), name, &lines).unwrap();
        tool.say(&self.secrets.fill(text)).unwrap();
        self.runs += 1;
        tool
    }

    /// Lets an agent read everything, ask every tool, and say all that it has to say.
    fn run(&self) -> Agent {
        self.scene.watch(&self.clients).unwrap();
        let mut command = Agent::command(&self.scene).unwrap();
        command.args(["--log-level", "debug"]);
        let mut agent = Agent::spawn(&mut command).unwrap();
        agent.wait_until_listening().unwrap();
        agent.wait_until_ready().unwrap();
        agent
            .wait_for("every tool to be asked", |page| {
                self.runs <= page.count("ztna_probe_runs_total", &[])
            })
            .unwrap();
        agent
    }

    /// All texts that leave the logs, by the place where they arrive.
    fn texts(&self, agent: Agent) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for path in [
            "/metrics",
            "/",
            "/events",
            "/events?format=csv",
            "/alerts",
            "/alerts?list=messages&format=json",
            "/host",
            "/logs",
            "/logs?format=csv",
            "/config",
            "/api/v1/status",
            "/-/ready",
            "/ready/tunnel",
        ] {
            texts.insert(path.to_owned(), agent.get(path).unwrap().text());
        }
        let status = agent.get("/api/v1/status").unwrap();
        let status: Value = serde_json::from_slice(&status.body).unwrap();
        for connector in status["connectors"].as_array().unwrap() {
            let path = format!("/connectors/{}", connector["name"].as_str().unwrap());
            let view = agent.get(&path).unwrap();
            assert_eq!(view.status, 200, "{path}");
            texts.insert(path, view.text());
        }
        let open = [("Accept", "application/openmetrics-text;version=1.0.0")];
        let open = request(agent.address().unwrap(), "GET", "/metrics", &open).unwrap();
        assert!(open.text().ends_with("# EOF\n"));
        texts.insert("/metrics as OpenMetrics".to_owned(), open.text());
        texts.extend(walks(&agent));
        for (name, text) in self.store_files("while it runs") {
            texts.insert(name, text);
        }
        assert!(
            texts.keys().any(|name| name.contains("-wal")),
            "{:?}",
            texts.keys()
        );
        let log = agent.log_lines().join("\n");
        assert!(log.contains("tool"), "no tool in the agent's log: {log}");
        texts.insert("the agent's own log".to_owned(), log);
        agent.terminate().unwrap();
        texts.extend(self.store_files("at its end"));
        for form in ["events", "metrics", "summary"] {
            texts.insert(format!("parse --output {form}"), self.parse(form));
        }
        texts
    }

    /// The bytes of every file beside the store.
    fn store_files(&self, when: &str) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.scene.path("store")).unwrap();
        // The folders of the letterbox hold what people leave, and nothing of ours.
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.is_file())
            .map(|path| {
                let bytes = fs::read(&path).unwrap();
                let name = format!("{} {when}", path.file_name().unwrap().display());
                (name, String::from_utf8_lossy(&bytes).into_owned())
            })
            .collect()
    }

    fn parse(&self, form: &str) -> String {
        let mut command = Command::new(agent_binary().unwrap());
        command.args(["parse", "--timezone", "UTC", "--output", form]);
        command.arg(self.scene.log("*.log"));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let [said, complained] = [output.stdout, output.stderr].map(|bytes| {
            assert!(String::from_utf8(bytes.clone()).is_ok());
            String::from_utf8_lossy(&bytes).into_owned()
        });
        assert!(output.status.success(), "{complained}");
        format!("{said}{complained}")
    }
}

/// All that SNMP tells, by each way of asking.
fn walks(agent: &Agent) -> Vec<(String, String)> {
    let address = snmp::addresses(agent, 1).unwrap()[0];
    let ways = [
        ("SNMP by community", snmp::as_community(snmp::COMMUNITY)),
        ("SNMP by user", snmp::as_user(snmp::USER, snmp::PASSPHRASE)),
    ];
    let asker = Asker::new().unwrap();
    ways.into_iter()
        .map(|(name, mut who)| {
            // Text as text, whatever stands in it: in hexadecimal nothing would be found.
            who.push("-Oa".to_owned());
            let walk = asker.ask(Tool::Snmpbulkwalk, &who, address, &[".1"]);
            (name.to_owned(), walk.unwrap())
        })
        .collect()
}

#[test]
fn nobody_in_a_log_or_in_a_tools_answer_gets_out() {
    let mut house = House::new();
    for (name, corpus_kind, platform) in CORPORA {
        house.add_corpus(name, corpus_kind, platform);
    }
    let kind = ConnectorKind::NetskopeClient;
    let netskope = house.add_lines("netskope", kind, secrets::NETSKOPE);
    let nsdiag = house.tool("nsdiag", "0", secrets::NSDIAG);
    let stagentcli = house.tool("stAgentCli", "0", secrets::STAGENTCLI);
    // One that fails says names, too.
    let unlucky = house.add_lines("netskope-2", kind, "\n");
    let failing = house.tool("nsdiag-fails", "4", secrets::NSDIAG);
    let cato = house.add_lines("cato", ConnectorKind::CatoClient, secrets::CATO);
    let publisher = ConnectorKind::NetskopePublisher;
    let publisher = house.add_lines("publisher", publisher, secrets::PUBLISHER);
    let cato_sdp = house.tool("cato-sdp", "0", secrets::CATO_SDP);
    house.clients.extend([
        publisher,
        netskope
            .tool("nsdiag", &nsdiag)
            .tool("stagentcli", &stagentcli),
        unlucky.tool("nsdiag", &failing),
        cato.tool("cato-sdp", &cato_sdp),
    ]);
    let agent = house.run();
    let page = agent.page().unwrap();
    // All of it was read, and much of it understood.
    for event in [
        "flow.tunneled",
        "flow.bypassed",
        "flow.blocked",
        "app.connection_opened",
    ] {
        assert!(0 < page.events(event), "{event}");
    }
    assert!(4 <= page.count("ztna_log_near_miss_total", &[("connector", "publisher")]));
    assert!(page.shows(r#"ztna_probe_success{connector="netskope",probe="nsdiag"} 1"#));
    assert!(page.shows(r#"ztna_probe_success{connector="cato"} 1"#));
    assert!(page.shows(r#"ztna_connector_info{organisation="CompanyName"} 1"#));
    let texts = house.texts(agent);
    for way in ["SNMP by community", "SNMP by user"] {
        let walk = &texts[way];
        for told in ["publisher", "netskope", "cato-on-linux", "tunnel.connected"] {
            let line = format!("STRING: \"{told}\"");
            assert!(walk.contains(&line), "no {told} by {way}: {walk:.2000}");
        }
    }
    assert!(
        1_500 < house.secrets.len(),
        "{} secrets",
        house.secrets.len()
    );
    for (place, text) in &texts {
        let found = house.secrets.found_in(text);
        assert!(found.is_empty(), "in {place}: {found:?}");
    }
}

/// An operator's row that takes a visited host for the client's gateway.
const GREEDY_ROW: &str = "version: 1\n\
    rows:\n\
    - event: client.identified\n\
    \x20 record: text\n\
    \x20 pattern: 'Visited (?<gateway>\\S+)'\n\
    \x20 source: 'made up'\n\
    \x20 meaning: 'Takes what it should not.'\n\
    \x20 examples:\n\
    \x20   - line: 'Visited www.example.org'\n\
    \x20     fields: {gateway: \"www.example.org\"}\n";

#[test]
fn a_row_that_takes_a_host_is_found_out() {
    let mut house = House::new();
    let path = house.scene.path("greedy.yaml");
    fs::write(&path, GREEDY_ROW).unwrap();
    let line = "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info a.cpp:1 Visited <host>\n";
    let client = house.add_lines("laptop", ConnectorKind::NetskopeClient, line);
    let rows = format!("[{:?}]", path.display().to_string());
    house.clients.push(client.with("catalogue", &rows));
    house.scene.watch(&house.clients).unwrap();
    let agent = Agent::start(&house.scene).unwrap();
    agent.wait_for_events("client.identified", 1).unwrap();
    let json = agent.get("/api/v1/status").unwrap().text();
    assert_eq!(house.secrets.found_in(&json).len(), 1);
    agent.terminate().unwrap();
    let stored = house.store_files("at its end");
    assert!(
        stored
            .iter()
            .any(|(_, text)| house.secrets.found_in(text).len() == 1)
    );
}
