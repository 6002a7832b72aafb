//! Promise: a crash at any system call that writes leaves nothing lost or doubled.
//!
//! `strace` kills the agent at its Nth such call, for one N after another until a
//! run is long enough to end by itself; after each crash the agent is started
//! without strace on what is left, and must show exactly the written lines. This is
//! exhaustive where the kill loop is random. With many calls only a part of the Ns
//! is tried, evenly; `ZTNA_CRASH_POINTS=all` tries every one.
//!
//! Known limit: a kill leaves what the kernel has; lost power is another promise.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::Scene;
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};

/// The calls by which anything reaches a file.
const CALLS: &str = "pwrite64,write,fdatasync,fsync,ftruncate,unlink";

/// Crash points tried unless all are wanted: about a minute.
const POINTS_MAX: u64 = 250;

/// What happens to the log in each life: written, renamed, written, cut, written.
const STAGES: [Stage; 5] = [
    Stage::Append,
    Stage::Rename,
    Stage::Append,
    Stage::CopyTruncate,
    Stage::Append,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Append,
    Rename,
    CopyTruncate,
}

impl Stage {
    fn perform(self, log: &mut LogFile) {
        match self {
            Self::Append => log.append(15).unwrap(),
            Self::Rename => log.rotate(5).unwrap(),
            Self::CopyTruncate => log.copy_and_truncate("copy").unwrap(),
        }
    }
}

/// A scene and its log, which has been through the first stages.
struct History {
    scene: Scene,
    log: LogFile,
    stages: std::slice::Iter<'static, Stage>,
}

impl History {
    fn new() -> Self {
        let scene = Scene::new().unwrap();
        let log = LogFile::open(scene.log("agent.txt")).unwrap();
        Self {
            scene,
            log,
            stages: STAGES.iter(),
        }
    }

    /// Goes on by one stage; `false` if all are over.
    fn advance(&mut self) -> bool {
        let stage = self.stages.next();
        if let Some(stage) = stage {
            stage.perform(&mut self.log);
        }
        stage.is_some()
    }
}

/// The agent on `scene` under strace, which stands behind it: the process that we
/// start is the agent itself.
fn traced(scene: &Scene, strace_flags: &[&str]) -> Agent {
    let plain = Agent::command(scene).unwrap();
    let mut command = Tool::Strace.command().unwrap();
    command
        .args(["-D", "-f", "-qqq", "-e", "signal=none"])
        .args(strace_flags);
    command.arg(plain.get_program()).args(plain.get_args());
    Agent::spawn(&mut command).unwrap()
}

/// How one life of the agent ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Killed,
    /// It read everything and stopped when asked.
    Gentle,
}

/// Takes the log through its stages, each when the agent has counted the one before,
/// and then asks the agent to stop; unless it dies on the way.
fn live(history: &mut History, mut agent: Agent) -> End {
    let mut is_asked = false;
    let status = wait::until(PATIENCE, "the traced agent to end", || {
        if let Some(status) = agent.ended()? {
            return Ok(Some(status));
        }
        // It may die between any two of these steps; then the next look tells.
        if has_counted_all(&mut agent, &history.log) && !history.advance() && !is_asked {
            is_asked = agent.signal(rustix::process::Signal::TERM).is_ok();
        }
        Ok(None)
    });
    let status = status.unwrap();
    if status.signal() == Some(9) {
        return End::Killed;
    }
    assert!(status.success(), "{status}: {}", agent.log_tail());
    End::Gentle
}

fn has_counted_all(agent: &mut Agent, log: &LogFile) -> bool {
    let is_listening = |line: &String| line.contains("\"listening\"");
    if !agent.log_lines().iter().any(is_listening) {
        return false;
    }
    let page = agent.wait_until_listening().and_then(|_| agent.page());
    page.is_ok_and(|page| page.events(EVENT) == log.written())
}

/// The most calls that one thread makes in a whole life: strace counts by thread.
fn calls_of_a_life() -> u64 {
    let mut history = History::new();
    let trace = history.scene.path("trace");
    let filter = format!("trace={CALLS}");
    let out = trace.display().to_string();
    let agent = traced(&history.scene, &["-e", &filter, "-o", &out]);
    assert_eq!(live(&mut history, agent), End::Gentle);
    let mut by_thread = BTreeMap::<String, u64>::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let thread = line.split_whitespace().next().unwrap_or_default();
        *by_thread.entry(thread.to_owned()).or_default() += 1;
    }
    by_thread.into_values().max().unwrap()
}

fn crash_at(point: u64) -> End {
    let mut history = History::new();
    let filter = format!("trace={CALLS}");
    let inject = format!("inject={CALLS}:signal=KILL:when={point}");
    let flags = ["-e", &filter, "-e", &inject, "-o", "/dev/null"];
    let traced = traced(&history.scene, &flags);
    let end = live(&mut history, traced);
    // What the agent did not live to see happens while it is down.
    while history.advance() {}
    let lines = history.log.written();
    let agent = Agent::start(&history.scene).unwrap();
    agent.wait_until_ready().unwrap();
    let page = agent.wait_for_events(EVENT, lines).unwrap();
    assert_eq!(page.events(EVENT), lines, "after a crash at call {point}");
    let resets = page.value("ztna_store_resets_total", &[]);
    assert_eq!(resets, Some(0.0), "a crash at call {point} broke the store");
    end
}

#[test]
fn a_crash_at_any_writing_call_leaves_the_counts_exact() {
    let calls = calls_of_a_life();
    let all = std::env::var("ZTNA_CRASH_POINTS").is_ok_and(|wanted| wanted == "all");
    let step = if all { 1 } else { calls.div_ceil(POINTS_MAX) };
    let step = usize::try_from(step.max(1)).unwrap();
    let mut crashes = 0;
    for point in (1..=calls).step_by(step) {
        if crash_at(point) == End::Killed {
            crashes += 1;
        }
    }
    println!("{crashes} crashes at {calls} calls, every {step}. tried; all exact");
    assert!(
        0 < crashes,
        "no crash happened: is strace's injection at work?"
    );
    let end = crash_at(100 * calls);
    assert_eq!(end, End::Gentle, "far beyond the last call");
}
