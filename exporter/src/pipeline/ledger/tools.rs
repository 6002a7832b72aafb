//! What a connector's tools told, and how they fared.
//!
//! Counts stand in the counter table and survive; of the last answers only their time
//! does, as that of a log of the name `tool:…`, which no configured log can have. Facts
//! are asked for anew soon enough. What an answer does to the state is the account's.
//!
//! Known limit: a tunnel that was built anew while the agent did not run is not counted,
//! since only answers of one run are compared.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::{Aspect, Fact, Facts, ProbeFailure, Tool, ToolReading, ToolRun};
use model::signal::{ProbeSignal, Signal};
use model::snapshot::ToolSnapshot;
use model::untrusted::Untrusted;
use store::{LastRead, LogName};

use super::tracked::{Mark, Tracked};
use crate::clock::Moment;
use crate::pipeline::counters::{CounterIndex, CounterTable};

/// How much younger than expected a tunnel may look and still be the same one: tools
/// tell whole seconds, and an answer waits a moment for the writer.
const UPTIME_DRIFT_MAX: Duration = Duration::from_secs(5);

/// What the name of a tool's last answer begins with in the store's list of logs.
const STORED_PREFIX: &str = "tool:";

/// Whether the tool tells how long the tunnel is up, so that a tunnel built anew can be
/// noticed.
pub const fn tells_uptime(tool: Tool) -> bool {
    match tool {
        Tool::CatoSdp => true,
        Tool::Nsdiag | Tool::StAgentCli => false,
    }
}

/// The tools of one connector.
#[derive(Debug)]
pub(in crate::pipeline) struct ToolAccounts {
    /// In the order of [`Tool::ALL`]: where two tell the same fact, the first is right.
    accounts: Vec<ToolAccount>,
    reconnects_at: CounterIndex,
}

/// One tool.
#[derive(Debug)]
struct ToolAccount {
    tool: Tool,
    runs_at: CounterIndex,
    /// First of [`ProbeFailure::ALL`].
    failures_at: CounterIndex,
    is_success: Option<bool>,
    duration: Option<Duration>,
    succeeded_at: Option<Tracked<Timestamp>>,
    /// When it answered last, on the monotonic clock.
    answered_at: Option<Duration>,
    /// What the last answer told the state of.
    aspects: Vec<Aspect>,
    facts: Facts,
    /// What the last run was told about the program, however it ended.
    version: Option<Untrusted>,
    configured_at: Option<Timestamp>,
    /// The tunnel's age, and when it was told.
    uptime: Option<(Duration, Duration)>,
    /// An answer that waits until older lines of the logs are read.
    waiting: Option<Answer>,
}

/// What a tool said, and when.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reading: ToolReading,
    pub(super) at: Timestamp,
    /// The tunnel is not the one of the answer before.
    pub(super) is_new_tunnel: bool,
}

impl ToolAccounts {
    /// Every series of a planned tool exists from here on.
    pub(super) fn open(
        connector: &Arc<str>,
        planned: &[Tool],
        counters: &mut CounterTable,
    ) -> Self {
        let is_planned = |tool: &&Tool| planned.contains(tool);
        let accounts: Vec<ToolAccount> = Tool::ALL
            .iter()
            .filter(is_planned)
            .map(|tool| ToolAccount::open(*tool, connector, counters))
            .collect();
        let has_uptime = planned.iter().any(|tool| tells_uptime(*tool));
        let reconnects = has_uptime.then(|| vec![Arc::clone(connector)]);
        Self {
            accounts,
            reconnects_at: counters.open(Signal::TunnelReconnects, reconnects),
        }
    }

    /// Takes in one run that ended at `now`. Returns whether it gave a reading of a tool
    /// that is planned.
    pub(super) fn take(&mut self, run: &ToolRun, now: Moment, counters: &mut CounterTable) -> bool {
        let reconnects_at = self.reconnects_at;
        let Some(account) = self.find(run.tool) else {
            return false;
        };
        counters.add(account.runs_at, 1);
        account.duration = Some(run.duration);
        account.is_success = Some(run.outcome.is_ok());
        account.version.clone_from(&run.version);
        match &run.outcome {
            Ok(reading) => {
                let is_new_tunnel = account.shows_younger_tunnel(reading, now);
                counters.add(reconnects_at, u64::from(is_new_tunnel));
                account.take_reading(reading, now);
                account.waiting = Some(Answer {
                    reading: reading.clone(),
                    at: now.timestamp(),
                    is_new_tunnel: is_new_tunnel || account.has_waiting_new_tunnel(),
                });
                true
            }
            Err(failure) => {
                let mut causes = ProbeFailure::ALL.iter();
                if let Some(step) = causes.position(|cause| cause == failure) {
                    counters.add(account.failures_at.plus(step), 1);
                }
                false
            }
        }
    }

    /// The answers that waited. Of an aspect that two tools tell, only the word of the
    /// first counts, as long as its last answer is remembered: two that disagree must not
    /// turn a state back and forth.
    pub(super) fn take_waiting(&mut self) -> Vec<Answer> {
        let mut told: Vec<Aspect> = Vec::new();
        let mut answers = Vec::new();
        for account in &mut self.accounts {
            if let Some(mut answer) = account.waiting.take() {
                for aspect in &told {
                    answer.reading = answer.reading.without(*aspect);
                }
                answers.push(answer);
            }
            told.extend(&account.aspects);
        }
        answers
    }

    /// Forgets what a tool told that has not answered for `limit` or longer.
    pub(super) fn forget_older_than(&mut self, limit: Duration, now: Moment) {
        for account in &mut self.accounts {
            let is_old = |at: Duration| limit <= now.monotonic.saturating_sub(at);
            if account.answered_at.is_some_and(is_old) {
                account.answered_at = None;
                account.aspects = Vec::new();
                account.facts = Facts::default();
                account.configured_at = None;
            }
        }
    }

    /// Goes on where `old` is, as far as the same tools are planned. Counts come from
    /// the store.
    pub(super) fn carry_over(&mut self, old: &mut Self) {
        for account in &mut self.accounts {
            if let Some(before) = old.find(account.tool) {
                account.is_success = before.is_success;
                account.duration = before.duration;
                account.succeeded_at = before.succeeded_at.take();
                account.answered_at = before.answered_at;
                account.aspects = std::mem::take(&mut before.aspects);
                account.facts = std::mem::take(&mut before.facts);
                account.version = before.version.take();
                account.configured_at = before.configured_at;
                account.uptime = before.uptime;
                account.waiting = before.waiting.take();
            }
        }
    }

    /// Takes back when a tool answered last, if the stored `name` is that of a planned
    /// tool.
    pub(super) fn restore(&mut self, name: &str, at: Timestamp) {
        let tool = name.strip_prefix(STORED_PREFIX).and_then(Tool::from_name);
        if let Some(account) = tool.and_then(|tool| self.find(tool)) {
            account.succeeded_at = Some(Tracked::committed(at));
        }
    }

    pub(super) fn uncommitted(&self, connector: &Arc<str>) -> Vec<LastRead> {
        let answered = |account: &ToolAccount| {
            let at = account.succeeded_at.as_ref()?.uncommitted()?;
            let log = LogName {
                connector: Arc::clone(connector),
                log: Arc::from(format!("{STORED_PREFIX}{}", account.tool)),
            };
            Some(LastRead { log, at: *at })
        };
        self.accounts.iter().filter_map(answered).collect()
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        for account in &mut self.accounts {
            if let Some(at) = &mut account.succeeded_at {
                at.mark(mark);
            }
        }
    }

    /// How each tool fared.
    pub(in crate::pipeline) fn draw(&self, counters: &CounterTable) -> Vec<ToolSnapshot> {
        let draw = |account: &ToolAccount| ToolSnapshot {
            tool: account.tool,
            is_success: account.is_success,
            duration: account.duration,
            succeeded_at: account.succeeded_at.as_ref().map(|at| at.value),
            runs: counters.value(account.runs_at),
            failures: ProbeFailure::ALL
                .iter()
                .enumerate()
                .map(|(step, cause)| (*cause, counters.value(account.failures_at.plus(step))))
                .collect(),
        };
        self.accounts.iter().map(draw).collect()
    }

    /// What all tools told together.
    pub(in crate::pipeline) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        for account in self.accounts.iter().rev() {
            if let Some(version) = &account.version {
                facts.learn(Fact::Version, version.clone());
            }
            facts.absorb(&account.facts);
        }
        facts
    }

    /// When the client's configuration was updated last.
    pub(in crate::pipeline) fn configured_at(&self) -> Option<Timestamp> {
        self.accounts
            .iter()
            .find_map(|account| account.configured_at)
    }

    /// How often the tunnel was built anew.
    pub(in crate::pipeline) fn reconnects(&self, counters: &CounterTable) -> u64 {
        let has_uptime = |account: &ToolAccount| tells_uptime(account.tool);
        // Without such a tool the place belongs to another counter.
        if self.accounts.iter().any(has_uptime) {
            counters.value(self.reconnects_at)
        } else {
            0
        }
    }

    fn find(&mut self, tool: Tool) -> Option<&mut ToolAccount> {
        self.accounts
            .iter_mut()
            .find(|account| account.tool == tool)
    }
}

impl ToolAccount {
    fn open(tool: Tool, connector: &Arc<str>, counters: &mut CounterTable) -> Self {
        let name: Arc<str> = Arc::from(tool.name());
        let labels = || vec![Arc::clone(connector), Arc::clone(&name)];
        let of_cause = |cause: &ProbeFailure| [labels(), vec![Arc::from(cause.name())]].concat();
        Self {
            tool,
            runs_at: counters.open(Signal::Probe(ProbeSignal::Runs), [labels()]),
            failures_at: counters.open(
                Signal::Probe(ProbeSignal::Failures),
                ProbeFailure::ALL.iter().map(of_cause),
            ),
            is_success: None,
            duration: None,
            succeeded_at: None,
            answered_at: None,
            aspects: Vec::new(),
            facts: Facts::default(),
            version: None,
            configured_at: None,
            uptime: None,
            waiting: None,
        }
    }

    /// Whether the tunnel began later than the one of the answer before: it was lost in
    /// between, even if nobody saw it.
    fn shows_younger_tunnel(&self, reading: &ToolReading, now: Moment) -> bool {
        let (Some((before, told_at)), Some(uptime)) = (self.uptime, reading.uptime) else {
            return false;
        };
        let expected = before.saturating_add(now.monotonic.saturating_sub(told_at));
        tells_uptime(self.tool) && uptime.saturating_add(UPTIME_DRIFT_MAX) < expected
    }

    fn has_waiting_new_tunnel(&self) -> bool {
        self.waiting
            .as_ref()
            .is_some_and(|answer| answer.is_new_tunnel)
    }

    fn take_reading(&mut self, reading: &ToolReading, now: Moment) {
        self.succeeded_at = Some(Tracked::changed(now.timestamp()));
        self.answered_at = Some(now.monotonic);
        let mentioned = Aspect::ALL
            .iter()
            .filter(|aspect| reading.mentions(**aspect));
        self.aspects = mentioned.copied().collect();
        self.facts = reading.facts.clone();
        self.configured_at = reading.configured_at;
        self.uptime = reading
            .uptime
            .map(|uptime| (uptime, now.monotonic))
            .or(self.uptime);
    }
}
