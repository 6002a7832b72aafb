//! Scenes in which somebody is told: receivers in the configuration, lines that matter in
//! the log, and what the agent says of its alerts.
//!
//! The rules are the default ones, but for `QUICK_RULES`: a test does not wait two minutes
//! to see whether a tunnel comes back.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;
use ztna_exporter::clock::Clock;

use crate::agent::Agent;
use crate::log_file::LogFile;
use crate::scene::{Scene, Settings};

/// The agent's name in every scene: the right side of each Message-ID.
pub const AGENT: &str = "agent-1.example.com";

/// The default rule of the tunnel, without its two minutes.
const QUICK_RULES: &str = r#"version: 1
rules:
  - id: tunnel-down
    alert: TUNNEL_DOWN
    on: {sample: tunnel_state, by: [connector], only: {state: [disconnected, connecting]}}
    above: 0
    severity: critical
    explained_by_update: true
    summary: "The tunnel of {{ connector }} is down"
    action: "Can the host reach its stitcher?"
"#;

/// Rows for what no public line of the vendor's says.
const OWN_ROWS: &str = r#"version: 1
rows:
  - event: update.started
    record: text
    pattern: 'Publisher update started$'
    source: 'the test'
    meaning: 'An update begins.'
    examples:
      - line: '2024/05/02 02:10:00 UTC Publisher update started'
        time: "2024-05-02T02:10:00Z"
  - event: update.succeeded
    record: text
    pattern: 'Publisher update succeeded$'
    source: 'the test'
    meaning: 'An update ends well.'
    examples:
      - line: '2024/05/02 02:10:00 UTC Publisher update succeeded'
        time: "2024-05-02T02:10:00Z"
"#;

/// A scene with these receivers, the items of their list in YAML, and further keys of the
/// section `alerts`, each with a comma behind it.
///
/// # Errors
///
/// What the system says.
pub fn scene(receivers: &[String], more: &str) -> Result<Scene> {
    scene_with(receivers, more, "")
}

/// The same with more lines of the configuration, at its top level.
///
/// # Errors
///
/// What the system says.
pub fn scene_with(receivers: &[String], more: &str, lines: &str) -> Result<Scene> {
    let mut settings = Settings::default();
    settings.more.push_str(&section(receivers, more));
    settings.more.push_str(lines);
    let scene = Scene::with(settings)?;
    fs::write(scene.path("quick.yaml"), QUICK_RULES)?;
    fs::write(scene.path("rows.yaml"), OWN_ROWS)?;
    scene.write_config(&config(&scene))?;
    Ok(scene)
}

/// The configuration of such a scene.
pub fn config(scene: &Scene) -> String {
    let usual = scene.usual_config();
    usual.replace(
        "    timezone: UTC\n",
        "    timezone: UTC\n    catalogue: [rows.yaml]\n",
    )
}

/// The line of the section `alerts`.
pub fn section(receivers: &[String], more: &str) -> String {
    format!(
        "alerts: {{agent: {AGENT}, {more} rules: [default, quick.yaml], receivers: [{}]}}\n",
        receivers.join(", ")
    )
}

/// The log of the scene's connector, and lines that mean something, said now.
#[derive(Debug)]
pub struct Speaker {
    log: LogFile,
    clock: Clock,
}

impl Speaker {
    /// Opens the log.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(scene: &Scene) -> Result<Self> {
        Ok(Self {
            log: LogFile::open(scene.log("agent.txt"))?,
            clock: Clock::start(),
        })
    }

    /// The tunnel to this stitcher is lost.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn lose_tunnel(&mut self, stitcher: &str) -> Result<String> {
        self.tunnel("NPADISCONNECTED", stitcher)
    }

    /// There is a tunnel to this stitcher.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn have_tunnel(&mut self, stitcher: &str) -> Result<String> {
        self.tunnel("NPACONNECTED", stitcher)
    }

    fn tunnel(&mut self, event: &str, stitcher: &str) -> Result<String> {
        let at = self.clock.now().timestamp();
        let at = at.strftime("%Y-%m-%d %H:%M:%S%.6f +00:00");
        let facts = serde_json::json!({
            "eventId": event,
            "publisherId": "130dbd9d40e4ad35",
            "stitcherIp": stitcher,
            "tenant": "example.goskope.com",
        });
        self.say(format!(
            "[pub:{at}] [info] eventlog.cpp:115:logPublisherTunnelEvent():0x0 {facts}"
        ))
    }

    /// A sentence as the wizard writes it, said now. Its times have whole seconds, so this
    /// one is rounded up: what a first start finds in the log is history.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn wizard(&mut self, sentence: &str) -> Result<String> {
        let begin = self.wizard_begin()?;
        self.say(format!("{begin} {sentence}"))
    }

    /// The same of bytes that may be no text.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn wizard_bytes(&mut self, sentence: &[u8]) -> Result<()> {
        let begin = self.wizard_begin()?;
        let line = [begin.as_bytes(), b" ", sentence, b"\n"].concat();
        self.log.raw(&line)
    }

    /// Several such sentences, in one piece.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn wizard_lines(&mut self, sentences: &[&str]) -> Result<()> {
        let begin = self.wizard_begin()?;
        let lines = sentences.iter().map(|one| format!("{begin} {one}"));
        self.say(lines.collect::<Vec<_>>().join("\n")).map(drop)
    }

    fn wizard_begin(&self) -> Result<String> {
        let now = self.clock.now().timestamp();
        let at = now.saturating_add(std::time::Duration::from_secs(1))?;
        Ok(at.strftime("%Y/%m/%d %H:%M:%S UTC").to_string())
    }

    /// A line as it is. Returns it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn say(&mut self, line: String) -> Result<String> {
        self.log.raw(format!("{line}\n").as_bytes())?;
        Ok(line)
    }
}

/// What the agent says of its alerts in JSON.
///
/// # Errors
///
/// If it says nothing of them.
pub fn report(agent: &Agent) -> Result<Value> {
    let answer = agent.get("/api/v1/status")?;
    let whole: Value = serde_json::from_slice(&answer.body)?;
    let alerts = whole.get("alerts").context("no alerts in the status")?;
    Ok(alerts.clone())
}
