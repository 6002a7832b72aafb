//! How the active probes fared.
//!
//! Counts stand in the counter table and survive, as does when a run succeeded last,
//! under the name of a log that no configured log can have, `probe:…`. The last run lives
//! in memory: the next one comes soon enough. A change of the outcome is news; after a
//! start the latest events tell what the outcome was, so that a restart is none.
//!
//! Known limit: if that event was pushed out of the list meanwhile, a probe that fails on
//! is told once more.

use std::sync::Arc;

use jiff::Timestamp;
use model::event::{EventKey, EventKind, Reason};
use model::probe::{ProbeFault, ProbePlan, ProbeRun};
use model::signal::{ProbeSignal, Signal};
use model::snapshot::{ProbeSnapshot, RecentEvent};
use store::{LastRead, LogName};

use super::recent::Recent;
use super::tracked::{Mark, Tracked};
use crate::clock::Moment;
use crate::pipeline::counters::{CounterIndex, CounterTable};

/// What a probe's name begins with where logs stand: in the store and in the latest events.
const LOG_PREFIX: &str = "probe:";

/// The probes, in the configuration's order.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct ProbeAccounts {
    accounts: Vec<ProbeAccount>,
}

/// One probe.
#[derive(Debug)]
struct ProbeAccount {
    plan: ProbePlan,
    /// The name under which the store and events know it.
    log: Arc<str>,
    runs_at: CounterIndex,
    /// First of the kind's faults.
    failures_at: CounterIndex,
    last: Option<Arc<ProbeRun>>,
    ran_at: Option<Timestamp>,
    succeeded_at: Option<Tracked<Timestamp>>,
    /// How the last run ended, be it of an earlier process; `None` if nobody knows.
    outcome: Option<Result<(), Reason>>,
}

impl ProbeAccounts {
    /// Every series of a planned probe exists from here on. Of two probes of one name the
    /// first counts; the configuration lets no second pass.
    pub(super) fn open(
        plans: Vec<ProbePlan>,
        recent: &Recent,
        counters: &mut CounterTable,
    ) -> Self {
        let open = |plan| ProbeAccount::open(plan, recent, counters);
        Self {
            accounts: plans.into_iter().map(open).collect(),
        }
    }

    /// Takes in one run that ended at `now`, and returns the news if it is some. A probe
    /// that is not planned is passed over.
    pub(super) fn take(
        &mut self,
        run: &ProbeRun,
        now: Moment,
        counters: &mut CounterTable,
    ) -> Option<RecentEvent> {
        let mut accounts = self.accounts.iter_mut();
        let account = accounts.find(|account| account.plan.name == run.probe)?;
        counters.add(account.runs_at, 1);
        if let Err(fault) = run.outcome {
            counters.add(account.place_of(fault), 1);
        } else {
            account.succeeded_at = Some(Tracked::changed(now.timestamp()));
        }
        account.last = Some(Arc::new(run.clone()));
        account.ran_at = Some(now.timestamp());
        account.turn_to(run.outcome, now.timestamp())
    }

    /// Goes on where `old` is, as far as the same probes are planned. Counts come from the
    /// store.
    pub(super) fn carry_over(&mut self, old: &mut Self) {
        for account in &mut self.accounts {
            let mut before = old.accounts.iter_mut();
            if let Some(same) = before.find(|one| one.plan == account.plan) {
                account.last = same.last.take();
                account.ran_at = same.ran_at;
                account.succeeded_at = same.succeeded_at.take();
                account.outcome = same.outcome.take();
            }
        }
    }

    /// Takes back when a probe succeeded last. Returns whether the name is that of a
    /// probe, planned or not.
    pub(super) fn restore(&mut self, name: &LogName, at: Timestamp) -> bool {
        let is_probe = name.log.starts_with(LOG_PREFIX);
        let mut accounts = self.accounts.iter_mut();
        if let Some(account) = accounts.find(|account| account.stored_name() == *name) {
            account.succeeded_at = Some(Tracked::committed(at));
        }
        is_probe
    }

    pub(super) fn uncommitted(&self) -> Vec<LastRead> {
        let succeeded = |account: &ProbeAccount| {
            let at = account.succeeded_at.as_ref()?.uncommitted()?;
            Some(LastRead {
                log: account.stored_name(),
                at: *at,
            })
        };
        self.accounts.iter().filter_map(succeeded).collect()
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        for account in &mut self.accounts {
            if let Some(at) = &mut account.succeeded_at {
                at.mark(mark);
            }
        }
    }

    /// How each probe fared.
    pub(in crate::pipeline) fn draw(&self, counters: &CounterTable) -> Vec<ProbeSnapshot> {
        let draw = |account: &ProbeAccount| ProbeSnapshot {
            plan: account.plan.clone(),
            last: account.last.clone(),
            ran_at: account.ran_at,
            succeeded_at: account.succeeded_at.as_ref().map(|at| at.value),
            runs: counters.value(account.runs_at),
            failures: account
                .plan
                .kind
                .faults()
                .iter()
                .enumerate()
                .map(|(step, fault)| (*fault, counters.value(account.failures_at.plus(step))))
                .collect(),
        };
        self.accounts.iter().map(draw).collect()
    }
}

impl ProbeAccount {
    fn open(plan: ProbePlan, recent: &Recent, counters: &mut CounterTable) -> Self {
        let labels = || vec![connector_of(&plan), Arc::clone(&plan.name)];
        let of_cause = |fault: &ProbeFault| [labels(), vec![Arc::from(fault.name())]].concat();
        let log: Arc<str> = Arc::from(format!("{LOG_PREFIX}{}", plan.name));
        let connector = connector_of(&plan);
        let told = recent.of(&connector).find(|event| event.log == log);
        Self {
            runs_at: counters.open(Signal::Probe(ProbeSignal::Runs), [labels()]),
            failures_at: counters.open(
                Signal::Probe(ProbeSignal::Failures),
                plan.kind.faults().iter().map(of_cause),
            ),
            last: None,
            ran_at: None,
            succeeded_at: None,
            outcome: told.map(outcome_told),
            log,
            plan,
        }
    }

    fn stored_name(&self) -> LogName {
        LogName {
            connector: connector_of(&self.plan),
            log: Arc::clone(&self.log),
        }
    }

    /// Where a fault is counted; one that this kind of probe cannot have is our system's.
    fn place_of(&self, fault: ProbeFault) -> CounterIndex {
        let faults = self.plan.kind.faults();
        let place = |wanted| faults.iter().position(|one| *one == wanted);
        let step = place(fault).or_else(|| place(ProbeFault::System));
        self.failures_at.plus(step.unwrap_or_default())
    }

    /// Notes how a run ended. News is a failure of another kind than before, and the first
    /// success after a failure.
    fn turn_to(&mut self, outcome: Result<(), ProbeFault>, at: Timestamp) -> Option<RecentEvent> {
        let outcome = outcome.map_err(|fault| Reason::new(fault.name()).unwrap_or_default());
        let before = self.outcome.replace(outcome.clone());
        let key = match (before, outcome) {
            (Some(Err(known)), Err(reason)) if known == reason => return None,
            (_, Err(reason)) => EventKey {
                kind: EventKind::ProbeFailed,
                reason,
            },
            (Some(Err(_)), Ok(())) => EventKey {
                kind: EventKind::ProbeRecovered,
                reason: Reason::none(),
            },
            (Some(Ok(())) | None, Ok(())) => return None,
        };
        Some(super::news(
            connector_of(&self.plan),
            Arc::clone(&self.log),
            key,
            at,
        ))
    }
}

/// The label `connector`: empty for a probe that belongs to none.
fn connector_of(plan: &ProbePlan) -> Arc<str> {
    plan.connector.clone().unwrap_or_default()
}

fn outcome_told(event: &RecentEvent) -> Result<(), Reason> {
    match event.event.key.kind {
        EventKind::ProbeFailed => Err(event.event.key.reason.clone()),
        // A probe has no other events than these two.
        _ => Ok(()),
    }
}
