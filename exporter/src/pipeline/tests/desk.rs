//! A desk with an endpoint client: its log, its tool, a store and two clocks.

use model::connector::{Fact, ProbeFailure, Tool, ToolReading, ToolRun, TunnelState};
use model::snapshot::{ConnectorSnapshot, ToolSnapshot};
use model::untrusted::Untrusted;

use super::*;

/// Undated, as in a container: its place in the file is all that tells when.
pub(super) const UP: &str = "Successfully connected to CATO VPN \"Frankfurt\" via DTLS mode\n";
pub(super) const DOWN: &str = "own tunnel lost\n";
pub(super) const NOTHING: &str = "nothing of note\n";

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 60 * MINUTE;

/// An operator's row, so that these tests lean on no vendor's wording.
pub(super) const OWN_ROWS: &str = "version: 1
rows:
  - event: gateway.measured
    record: {component: measureGateway}
    pattern: 'own pop (?<pop>\\S+) rtt (?<rtt_ms>\\S+)$'
    source: test
    examples:
      - line: '2025-08-04 11:18:00 [I][client  ][measureGateway:1][:][:][_:] own pop A rtt 5'
        fields: {pop: A, rtt_ms: \"5\"}
  - event: tunnel.disconnected
    record: text
    pattern: 'own tunnel lost$'
    source: test
    examples:
      - line: 'own tunnel lost'
  - event: location.checked
    record: text
    pattern: 'own place (?<pop>\\S+) of (?<user>\\S+)$'
    source: test
    examples:
      - line: 'own place A of bob'
        fields: {pop: A, user: bob}
";

/// A folder with a client's log and a store, and two clocks.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    pub(super) monotonic: u64,
    pub(super) wall: u64,
    pub(super) unknown_after: &'static str,
}

impl Desk {
    pub(super) fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            monotonic: 0,
            wall: 1_795_000_000,
            unknown_after: "1h",
        };
        fs::write(desk.path("rows.yaml"), OWN_ROWS).unwrap();
        desk
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, text: &str) {
        self.write_to("client.log", text);
    }

    pub(super) fn write_to(&self, name: &str, text: &str) {
        let mut options = OpenOptions::new();
        let log = options.create(true).append(true).open(self.path(name));
        log.unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub(super) fn config(&self) -> Config {
        let text = format!(
            "store: {{path: {}}}\nconnectors:\n- name: laptop\n  kind: cato-client\n  \
             logs: {{client: [{}]}}\n  timezone: UTC\n  unknown_after: {}\n  \
             catalogue: [{}]\n  tools: {{cato-sdp: {{path: /bin/false}}}}\n",
            self.path("state.db").display(),
            self.path("*.log").display(),
            self.unknown_after,
            self.path("rows.yaml").display(),
        );
        Config::parse("test", &text).unwrap()
    }

    pub(super) fn start(&self) -> Pipeline {
        let config = self.config();
        let (store, restored, _) = Store::open(&config.store.path, self.now().timestamp()).unwrap();
        let plan = Plan::from_config(&config).unwrap();
        Pipeline::new(
            plan.open(restored, self.now()).unwrap(),
            store,
            config.store.path,
        )
    }

    /// The agent is started anew, as after a kill; its monotonic clock begins again.
    pub(super) fn restart(&mut self, pipeline: Pipeline) -> Pipeline {
        drop(pipeline);
        self.monotonic = 0;
        self.start()
    }

    pub(super) fn now(&self) -> Moment {
        Moment {
            monotonic: Duration::from_secs(self.monotonic),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(self.wall),
        }
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.monotonic += seconds;
        self.wall += seconds;
    }

    /// Reads, commits, and shows the client.
    pub(super) fn turn(&mut self, pipeline: &mut Pipeline) -> ConnectorSnapshot {
        self.pass(1);
        pipeline.read(self.now());
        let committed = pipeline.commit(self.now());
        assert!(!matches!(committed, Committed::Refused(_)), "{committed:?}");
        pipeline.snapshot().connectors[0].clone()
    }

    /// The tool was run and said so.
    pub(super) fn answer(&self, pipeline: &mut Pipeline, reading: ToolReading) {
        self.run(pipeline, Ok(reading));
    }

    pub(super) fn run(&self, pipeline: &mut Pipeline, outcome: Result<ToolReading, ProbeFailure>) {
        let run = ToolRun {
            tool: Tool::CatoSdp,
            duration: Duration::from_millis(40),
            outcome,
            version: None,
        };
        pipeline.take_tool_run("laptop", &run, self.now());
    }
}

/// A tunnel that is up for so many seconds.
pub(super) fn up_for(seconds: u64) -> ToolReading {
    ToolReading {
        tunnel: Some(TunnelState::Connected),
        uptime: Some(Duration::from_secs(seconds)),
        ..ToolReading::default()
    }
}

pub(super) fn down() -> ToolReading {
    ToolReading {
        tunnel: Some(TunnelState::Disconnected),
        ..ToolReading::default()
    }
}

pub(super) fn tool(client: &ConnectorSnapshot) -> &ToolSnapshot {
    &client.tools[0]
}

pub(super) fn fact(text: &str) -> ToolReading {
    ToolReading {
        facts: [(Fact::Pop, Untrusted::new(text))].into_iter().collect(),
        ..up_for(0)
    }
}

/// A line of a Linux client's log of that day.
pub(super) fn at(clock: &str, text: &str) -> String {
    format!("2026-11-18 {clock} [I][client  ][f:1][:][:][_:] {text}")
}

/// The same two days before: farther back than any clock is set.
pub(super) fn days_before(clock: &str, text: &str) -> String {
    format!("2026-11-16 {clock} [I][client  ][f:1][:][:][_:] {text}")
}
