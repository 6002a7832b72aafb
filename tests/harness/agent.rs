//! The built agent as a process: start, look, signal, kill.
//!
//! Its own log lines are read by a thread, so a full pipe never stops it; the last
//! of them are part of every complaint. Dropping an agent kills it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::{self, Answer};
use crate::page::Page;
use crate::scene::Scene;
use crate::tools;
use crate::wait::{self, PATIENCE};

/// Lines kept of the agent's own log.
const LOG_LINES_MAX: usize = 10_000;

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    address: Option<SocketAddr>,
}

impl Agent {
    /// Starts the agent on `scene` and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it is not built, ends early, or does not listen in time; with its log.
    pub fn start(scene: &Scene) -> Result<Self> {
        let mut agent = Self::spawn(&mut Self::command(scene)?)?;
        agent.wait_until_listening()?;
        Ok(agent)
    }

    /// The command that runs the agent on `scene`.
    ///
    /// # Errors
    ///
    /// If the agent is not built.
    pub fn command(scene: &Scene) -> Result<Command> {
        let mut command = Command::new(tools::agent_binary()?);
        command
            .arg("run")
            .arg("--config")
            .arg(scene.config())
            .args(["--log-format", "json"]);
        Ok(command)
    }

    /// Starts any command that becomes an agent, and does not wait for it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let stderr = child.stderr.take().context("the agent has no stderr")?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        thread::spawn(move || collect(stderr, &lines));
        Ok(Self {
            child,
            log,
            address: None,
        })
    }

    /// Waits for the log line `listening`, and remembers its address.
    ///
    /// # Errors
    ///
    /// If the agent ends before, or does not say it in time.
    pub fn wait_until_listening(&mut self) -> Result<SocketAddr> {
        let log = Arc::clone(&self.log);
        let child = &mut self.child;
        let address = wait::until(PATIENCE, "the agent to listen", || {
            if let Some(address) = address_in(&lines_of(&log)) {
                return Ok(Some(address));
            }
            match child.try_wait()? {
                Some(status) => bail!("the agent ended: {status}\n{}", tail_of(&log)),
                None => Ok(None),
            }
        })?;
        self.address = Some(address);
        Ok(address)
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If it has not been waited for.
    pub fn address(&self) -> Result<SocketAddr> {
        self.address
            .ok_or_else(|| anyhow!("the agent was not waited for"))
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gets `path` from the agent.
    ///
    /// # Errors
    ///
    /// If it does not answer; with its log.
    pub fn get(&self, path: &str) -> Result<Answer> {
        let answer = http::get(self.address()?, path);
        answer.with_context(|| format!("the agent does not answer; its log:\n{}", self.log_tail()))
    }

    /// One scrape in text format.
    ///
    /// # Errors
    ///
    /// If the agent does not answer with 200.
    pub fn page(&self) -> Result<Page> {
        let answer = self.get("/metrics")?;
        if answer.status != 200 {
            bail!("/metrics answered {}: {}", answer.status, answer.text());
        }
        Ok(Page::parse(&answer.text()))
    }

    /// Scrapes until `look` is content, and returns that page.
    ///
    /// # Errors
    ///
    /// If it never is; with the last page's events and the agent's log.
    pub fn wait_for(&self, what: &str, mut look: impl FnMut(&Page) -> bool) -> Result<Page> {
        let mut last = Page::default();
        let found = wait::until(PATIENCE, what, || {
            last = self.page()?;
            Ok(look(&last).then(|| last.clone()))
        });
        let events = last.event_counts();
        found.with_context(|| format!("last seen: {events:?}; log:\n{}", self.log_tail()))
    }

    /// Waits until one page shows all these samples (see [`Page::shows`]), and returns it.
    ///
    /// # Errors
    ///
    /// If none ever does; with the samples that are missing.
    pub fn wait_until_shown(&self, samples: &[&str]) -> Result<Page> {
        let mut missing = Vec::new();
        let found = self.wait_for("some samples", |page| {
            missing = samples
                .iter()
                .filter(|line| !page.shows(line))
                .copied()
                .collect();
            missing.is_empty()
        });
        found.with_context(|| format!("never shown:\n{}", missing.join("\n")))
    }

    /// Waits until `event` was counted `count` times or more, and returns the page.
    ///
    /// # Errors
    ///
    /// As [`Self::wait_for`].
    pub fn wait_for_events(&self, event: &str, count: u64) -> Result<Page> {
        self.wait_for(&format!("{count} times {event}"), |page| {
            count <= page.events(event)
        })
    }

    /// Waits until `/-/ready` answers 200.
    ///
    /// # Errors
    ///
    /// If it never does.
    pub fn wait_until_ready(&self) -> Result<()> {
        let mut last = String::new();
        let ready = wait::until(PATIENCE, "the agent to be ready", || {
            let answer = self.get("/-/ready")?;
            last = answer.text();
            Ok((answer.status == 200).then_some(()))
        });
        ready.with_context(|| format!("last answer: {last}; log:\n{}", self.log_tail()))
    }

    /// The agent's own log lines so far.
    pub fn log_lines(&self) -> Vec<String> {
        lines_of(&self.log)
    }

    /// The end of the agent's log, for complaints.
    pub fn log_tail(&self) -> String {
        tail_of(&self.log)
    }

    /// Has the configuration loaded again, and every tool asked anew.
    ///
    /// # Errors
    ///
    /// If the process is gone.
    pub fn reload(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Sends a signal.
    ///
    /// # Errors
    ///
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.context("a process without an id")?, signal).context("cannot signal")
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks the agent to stop, and waits until it has.
    ///
    /// # Errors
    ///
    /// If it does not stop in time; with its log.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let log = Arc::clone(&self.log);
        let child = &mut self.child;
        let limit = Duration::from_secs(30);
        let ended = wait::until(limit, "the agent to stop", || Ok(child.try_wait()?));
        ended.with_context(|| format!("its log:\n{}", tail_of(&log)))
    }

    /// Kills the agent at once, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("cannot kill the agent")?;
        self.child.wait().context("cannot wait for the agent")?;
        Ok(())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // A failed test must not leave a process behind; that it has ended is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn collect(stderr: ChildStderr, log: &Mutex<Vec<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut lines = log.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LOG_LINES_MAX {
            lines.push(line);
        }
    }
}

fn lines_of(log: &Mutex<Vec<String>>) -> Vec<String> {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn tail_of(log: &Mutex<Vec<String>>) -> String {
    let lines = lines_of(log);
    let first = lines.len().saturating_sub(20);
    lines.get(first..).unwrap_or_default().join("\n")
}

fn address_in(lines: &[String]) -> Option<SocketAddr> {
    lines.iter().find_map(|line| {
        let entry: Value = serde_json::from_str(line).ok()?;
        let field = |name: &str| entry.get(name).or_else(|| entry.get("fields")?.get(name));
        if field("message")?.as_str()? != "listening" {
            return None;
        }
        field("address")?.as_str()?.parse().ok()
    })
}
