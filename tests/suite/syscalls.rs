//! Promise: a crash at any system call that writes leaves nothing lost or doubled.
//!
//! `strace` kills the agent at the Nth such call of a thread, for one N after another
//! until a run is long enough to end by itself; after each crash the agent is started
//! without strace on what is left, and must show exactly the written lines. This is
//! exhaustive where the kill loop is random: once from the agent's first call, where the
//! thread that makes the store comes first to most Ns, and once for the writer's thread
//! alone. With many calls only a part of the Ns is tried, evenly;
//! `ZTNA_CRASH_POINTS=all` tries every one.
//!
//! Known limit: a kill leaves what the kernel has; lost power is another promise.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::Scene;
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};

use crate::store_faults::skip;

/// The calls by which anything reaches a file.
const CALLS: &str = "pwrite64,write,fdatasync,fsync,ftruncate,unlink";

/// Crash points tried of each kind unless all are wanted: about half a minute.
const POINTS_MAX: u64 = 125;

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

/// Which calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Each thread's, from the agent's start on.
    All,
    /// Those of the thread that commits, once the agent stands.
    Writer,
}

/// A running agent whose thread that commits strace has taken hold of. `None` where that
/// is not allowed and skipping is.
fn seized(scene: &Scene, strace_flags: &[&str]) -> Option<(Agent, Tracer)> {
    let mut agent = Agent::start(scene).unwrap();
    agent.wait_until_listening().unwrap();
    let writer = wait::until(PATIENCE, "the thread that commits", || {
        let threads = fs::read_dir(format!("/proc/{}/task", agent.id()))?;
        let mut threads = threads.filter_map(|thread| Some(thread.ok()?.path()));
        // A thread that is gone by now has no name to read.
        Ok(threads.find(|thread| {
            fs::read_to_string(thread.join("comm")).is_ok_and(|name| name.trim() == "writer")
        }))
    })
    .unwrap();
    let mut command = Tool::Strace.command().unwrap();
    let id = writer.file_name().unwrap();
    command
        .args(["-qqq", "-e", "signal=none"])
        .args(strace_flags);
    let mut tracer = Tracer(command.arg("-p").arg(id).spawn().unwrap());
    let is_seized = wait::until(PATIENCE, "strace to take hold of a thread", || {
        // It fails if it may not, and succeeds if the agent is dead already.
        if let Some(status) = tracer.0.try_wait()? {
            return Ok(Some(status.success()));
        }
        // None to read: it died of its first call, which strace's end will tell.
        let status = fs::read_to_string(writer.join("status")).unwrap_or_default();
        let holder = status.lines().find(|line| line.starts_with("TracerPid:"));
        Ok(holder
            .is_some_and(|line| line != "TracerPid:\t0")
            .then_some(true))
    });
    if is_seized.unwrap() {
        return Some((agent, tracer));
    }
    skip("tracing another process takes root");
    None
}

/// A strace, which ends with what it looks at.
struct Tracer(Child);

impl Drop for Tracer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// How one life of the agent ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Killed,
    /// It read everything and stopped when asked.
    Gentle,
    /// It could not be looked at.
    Skipped,
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

fn crash_at(counted: Counted, point: u64) -> End {
    let mut history = History::new();
    let filter = format!("trace={CALLS}");
    let inject = format!("inject={CALLS}:signal=KILL:when={point}");
    let flags = ["-e", &filter, "-e", &inject, "-o", "/dev/null"];
    let end = match counted {
        Counted::All => {
            let agent = traced(&history.scene, &flags);
            live(&mut history, agent)
        }
        Counted::Writer => {
            let Some((agent, _tracer)) = seized(&history.scene, &flags) else {
                return End::Skipped;
            };
            live(&mut history, agent)
        }
    };
    // What the agent did not live to see happens while it is down.
    while history.advance() {}
    let lines = history.log.written();
    let agent = Agent::start(&history.scene).unwrap();
    agent.wait_until_ready().unwrap();
    let page = agent.wait_for_events(EVENT, lines).unwrap();
    assert_eq!(
        page.events(EVENT),
        lines,
        "after a crash at call {point}, {counted:?}"
    );
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
    for counted in [Counted::All, Counted::Writer] {
        let points = (1..=calls).step_by(step);
        let ends: Vec<_> = points.map(|point| crash_at(counted, point)).collect();
        let crashes = ends.iter().filter(|end| **end == End::Killed).count();
        println!("{counted:?}: {crashes} crashes at {calls} calls, every {step}. tried; exact");
        assert!(
            0 < crashes || ends.contains(&End::Skipped),
            "no crash happened: is strace's injection at work?"
        );
    }
    let end = crash_at(Counted::All, 100 * calls);
    assert_eq!(end, End::Gentle, "far beyond the last call");
}
