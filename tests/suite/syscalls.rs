//! Promise: a crash at any system call that writes leaves nothing lost or doubled.
//!
//! `strace` kills the agent at its Nth such call, for one N after another until a
//! run is long enough to end by itself; after each crash the agent is started
//! without strace on what is left, and must show exactly the written lines. This is
//! exhaustive where the kill loop is random. With many calls only a part of the Ns
//! is tried, evenly; `ZTNA_CRASH_POINTS=all` tries every one.
//!
//! Known limit: a kill leaves what the kernel has; lost power is another promise.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::Scene;
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};

/// The calls by which anything reaches a file.
const CALLS: &str = "pwrite64,write,fdatasync,fsync,ftruncate,unlink";

/// Crash points tried unless all are wanted: about two minutes.
const POINTS_MAX: u64 = 60;

/// Lines before and after the rotation in each scene.
const LINES: u64 = 15;

/// A small history: a log, rotated once.
fn scene() -> Scene {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(LINES).unwrap();
    log.rotate(5).unwrap();
    log.append(LINES).unwrap();
    scene
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

/// Lets the agent read everything and then asks it to stop, unless it dies before.
fn live(mut agent: Agent, lines: u64) -> End {
    let mut is_listening = false;
    let mut is_asked = false;
    let status = wait::until(PATIENCE, "the traced agent to end", || {
        if let Some(status) = agent.ended()? {
            return Ok(Some(status));
        }
        // It may die between any two of these steps; then the next look tells.
        is_listening = is_listening
            || agent
                .log_lines()
                .iter()
                .any(|line| line.contains("\"listening\""));
        if is_listening && !is_asked {
            let seen = agent.wait_until_listening().and_then(|_| agent.page());
            if seen.is_ok_and(|page| page.events(EVENT) == lines) {
                is_asked = agent.signal(rustix::process::Signal::TERM).is_ok();
            }
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

/// The most calls that one thread makes in a whole life: strace counts by thread.
fn calls_of_a_life() -> u64 {
    let scene = scene();
    let trace = scene.path("trace");
    let filter = format!("trace={CALLS}");
    let out = trace.display().to_string();
    let agent = traced(&scene, &["-e", &filter, "-o", &out]);
    assert_eq!(live(agent, 2 * LINES), End::Gentle);
    let mut by_thread = std::collections::BTreeMap::<String, u64>::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let thread = line.split_whitespace().next().unwrap_or_default();
        *by_thread.entry(thread.to_owned()).or_default() += 1;
    }
    by_thread.into_values().max().unwrap()
}

fn crash_at(point: u64) -> End {
    let scene = scene();
    let filter = format!("trace={CALLS}");
    let inject = format!("inject={CALLS}:signal=KILL:when={point}");
    let end = live(
        traced(&scene, &["-e", &filter, "-e", &inject, "-o", "/dev/null"]),
        2 * LINES,
    );
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let page = agent.wait_for_events(EVENT, 2 * LINES).unwrap();
    assert_eq!(
        page.events(EVENT),
        2 * LINES,
        "after a crash at call {point}"
    );
    let refused = page.count("ztna_store_resets_total", &[]);
    assert_eq!(
        refused, 0,
        "the store was damaged by a crash at call {point}"
    );
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
    println!("{crashes} crash points of about {calls} tried, every {step}th; all exact");
    assert!(
        0 < crashes,
        "no crash happened: is strace's injection at work?"
    );
    assert_eq!(
        crash_at(100 * calls),
        End::Gentle,
        "far beyond the last call"
    );
}

#[test]
fn strace_is_there() {
    harness::tools::succeed(Command::new(Tool::Strace.path().unwrap()).arg("-V")).unwrap();
}
