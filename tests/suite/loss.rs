//! Promise: whatever happens to a log, each line is counted once.
//!
//! One test for each way in which log readers are known to lose or double lines.
//! The glob is `a.log` alone unless a test says otherwise, so a rotated file is out
//! of the glob's sight. Where bytes are gone before anyone could read them, see
//! `rotation.rs` and `store_faults.rs`.
//!
//! After the expected number is reached a sentinel line follows, and the agent is
//! started once more: what was counted twice late would show then.

mod content;
mod down;
mod live;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile, SENTINEL, SENTINEL_EVENT};
use harness::scene::Scene;

/// A scene, its agent, and the log `a.log`.
struct Play {
    scene: Scene,
    agent: Agent,
    log: LogFile,
}

impl Play {
    /// Starts the agent on an empty `a.log`.
    fn new() -> Self {
        Self::following(&["a.log"])
    }

    fn following(globs: &[&'static str]) -> Self {
        let scene = Scene::following(globs).unwrap();
        let log = LogFile::open(scene.log("a.log")).unwrap();
        Self::on(scene, log)
    }

    /// Starts the agent on a scene that is prepared already.
    fn on(scene: Scene, log: LogFile) -> Self {
        let agent = Agent::start(&scene).unwrap();
        Self { scene, agent, log }
    }

    /// Waits until the agent has counted all that was written.
    fn read_up(&self) {
        self.agent
            .wait_for_events(EVENT, self.log.written())
            .unwrap();
    }

    /// Writes `lines` lines and waits until they are counted.
    fn append_and_read_up(&mut self, lines: u64) {
        self.log.append(lines).unwrap();
        self.read_up();
    }

    /// Starts the agent anew on the same store, after it was stopped or killed.
    fn restarted(self, stop: impl FnOnce(Agent), meanwhile: impl FnOnce(&mut LogFile)) -> Self {
        let Self {
            scene,
            agent,
            mut log,
        } = self;
        stop(agent);
        meanwhile(&mut log);
        Self::on(scene, log)
    }

    /// Checks that exactly the written lines are counted, now and after a restart.
    fn check_exact(mut self) {
        self.read_up();
        self.log.reopen().unwrap();
        self.log.raw(SENTINEL.as_bytes()).unwrap();
        let page = self.agent.wait_for_events(SENTINEL_EVENT, 1).unwrap();
        assert_eq!(page.events(EVENT), self.log.written(), "before the restart");
        let again = self.restarted(stop_gently, |_| {});
        again.agent.wait_until_ready().unwrap();
        let late = again.agent.page().unwrap();
        let counted = (late.events(EVENT), late.events(SENTINEL_EVENT));
        assert_eq!(counted, (again.log.written(), 1), "after the restart");
    }
}

fn stop_gently(agent: Agent) {
    let status = agent.terminate().unwrap();
    assert!(status.success(), "{status}");
}

fn stop_hard(agent: Agent) {
    agent.kill().unwrap();
}
