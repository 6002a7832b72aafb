//! What the agent knows: state and counters of every connector and log.
//!
//! One thread owns it and nobody locks it. It learns through [`Fold`] while lines
//! are read, says what must be committed, and draws the picture that readers see.
//! It reads no files and no clock. One connector's part is an `account`.
//!
//! [`Fold`]: super::fold::Fold

mod account;
mod log_account;
mod silence;
mod support;
mod tools;
mod tracked;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use logparse::catalogue::Catalogue;
use model::connector::{ConnectorKind, ConnectorState, Tool, ToolRun};
use model::log::{GenerationCause, LossCause};
use model::signal::Signal;
use model::snapshot::{RECENT_EVENTS_MAX, RecentEvent};
use store::{LastEvent, LastRead, NearMissSample, Restored, Turn};

pub(super) use self::account::{ConnectorAccount, Freshness, LinePlace, Told};
pub(super) use self::log_account::LogAccount;
pub use self::tools::tells_uptime;
use self::tracked::Mark;
pub(super) use self::tracked::Tracked;
use super::counters::CounterTable;
use super::round_trips::RoundTrips;
use crate::clock::Moment;

/// Which log of which connector: indices in the configuration's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// Index of the connector.
    pub connector: usize,
    /// Index of the log within it.
    pub log: usize,
}

/// A configured connector, ready to be followed.
#[derive(Debug, Clone)]
pub struct ConnectorPlan {
    /// Label `connector`.
    pub name: Arc<str>,
    /// The product.
    pub kind: ConnectorKind,
    /// What its lines can mean.
    pub catalogue: Arc<Catalogue>,
    /// Labels `log`, in the configuration's order.
    pub logs: Vec<Arc<str>>,
    /// The tools that are asked; each has its series from the start.
    pub tools: Vec<Tool>,
    /// How long it may be silent before its states are forgotten; `None` for ever.
    pub unknown_after: Option<Duration>,
}

/// All knowledge of one run.
#[derive(Debug)]
pub struct Ledger {
    pub(super) connectors: Vec<ConnectorAccount>,
    pub(super) counters: CounterTable,
    pub(super) round_trips: RoundTrips,
    /// Newest last.
    pub(super) recent: VecDeque<RecentEvent>,
    /// How many of the newest are not committed yet.
    recent_uncommitted: usize,
}

impl Ledger {
    /// Opens the books of the planned connectors where an earlier run closed them.
    pub fn open(plans: Vec<ConnectorPlan>, restored: Restored) -> Self {
        let (round_trips, counts): (HashMap<_, _>, HashMap<_, _>) = restored
            .counters
            .into_iter()
            .partition(|(key, _)| key.signal == Signal::GatewayRtt);
        let names = plans.iter().map(|plan| Arc::clone(&plan.name));
        let round_trips = RoundTrips::open(names, round_trips);
        let mut counters = CounterTable::new(counts);
        let mut states: HashMap<Arc<str>, ConnectorState> = restored.states.into_iter().collect();
        let open = |plan: ConnectorPlan| {
            let state = states.remove(&plan.name).map_or_else(
                || Tracked::changed(ConnectorState::default()),
                Tracked::committed,
            );
            ConnectorAccount::open(plan, state, &mut counters)
        };
        let mut connectors: Vec<ConnectorAccount> = plans.into_iter().map(open).collect();
        restore_times(&mut connectors, restored.last_events, restored.last_read);
        for NearMissSample {
            log,
            function,
            sample,
        } in restored.near_miss_samples
        {
            if let Some(account) = find_connector(&mut connectors, &log.connector) {
                account.restore_sample(&log.log, &function, sample);
            }
        }
        let recent = restored.recent_events.into_iter().take(RECENT_EVENTS_MAX);
        Self {
            connectors,
            counters,
            round_trips,
            recent: recent.rev().collect(),
            recent_uncommitted: 0,
        }
    }

    /// Goes on where `old`, the books before a reload, were: what no store keeps, of the
    /// connectors that are still the same.
    pub fn carry_over(&mut self, mut old: Self) {
        for account in &mut self.connectors {
            let before = find_connector(&mut old.connectors, &account.plan.name);
            if let Some(before) = before.filter(|before| before.plan.kind == account.plan.kind) {
                account.carry_over(before);
            }
        }
    }

    /// Everything that changed since the last commit, positions excepted.
    pub fn uncommitted(&self) -> Turn {
        let mut turn = Turn {
            counters: self.counters.uncommitted(),
            ..Turn::default()
        };
        turn.counters.extend(self.round_trips.uncommitted());
        for account in &self.connectors {
            account.add_uncommitted(&mut turn);
        }
        let skip = self.recent.len().saturating_sub(self.recent_uncommitted);
        turn.recent_events = self.recent.iter().skip(skip).cloned().collect();
        turn
    }

    /// The store has everything of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {
        self.counters.mark_committed();
        self.round_trips.mark_committed();
        self.recent_uncommitted = 0;
        for account in &mut self.connectors {
            account.mark(Mark::Committed);
        }
    }

    /// No store has any of it: everything is to be written again.
    pub fn mark_uncommitted(&mut self) {
        self.counters.mark_uncommitted();
        self.round_trips.mark_uncommitted();
        self.recent_uncommitted = self.recent.len();
        for account in &mut self.connectors {
            account.mark(Mark::Uncommitted);
        }
    }

    /// Adds what another ledger of the same plans learned from other files: counts
    /// are summed, of states and times the later one stays.
    pub fn absorb(&mut self, other: &Self) {
        self.counters.absorb(&other.counters);
        self.round_trips.absorb(&other.round_trips);
        for (account, learned) in self.connectors.iter_mut().zip(&other.connectors) {
            account.absorb(learned);
        }
    }

    /// Takes in one run of a connector's tool, which ended at `now`. What it says about
    /// states waits for [`Self::catch_up`]. A connector that is not configured any more
    /// is passed over, and so is a tool that it does not ask.
    pub fn take_tool_run(&mut self, connector: &str, run: &ToolRun, now: Moment) {
        if let Some(account) = find_connector(&mut self.connectors, connector) {
            account.take_tool_run(run, now, &mut self.counters);
        }
    }

    /// All that the logs held is read by `now`: what tools said since counts, and who
    /// was not heard for too long is silent.
    pub fn catch_up(&mut self, now: Moment) {
        for account in &mut self.connectors {
            account.observe_waiting();
            account.notice_silence(now);
        }
    }

    /// A file of the log, or its content, began anew.
    pub fn count_generation(&mut self, place: LogPlace, cause: GenerationCause) {
        let Some(step) = GenerationCause::ALL
            .iter()
            .position(|other| *other == cause)
        else {
            return;
        };
        if let Some(first) = self.log(place).map(|log| log.generations_at) {
            self.counters.add(first.plus(step), 1);
        }
    }

    /// Bytes of the log are gone, or were refused.
    pub fn count_lost(&mut self, place: LogPlace, cause: LossCause, bytes: u64) {
        let Some(step) = LossCause::ALL.iter().position(|other| *other == cause) else {
            return;
        };
        if let Some(first) = self.log(place).map(|log| log.lost_at) {
            self.counters.add(first.plus(step), bytes);
        }
    }

    fn log(&self, place: LogPlace) -> Option<&LogAccount> {
        self.connectors.get(place.connector)?.logs.get(place.log)
    }

    /// Remembers an event for people to look at; the oldest makes room.
    pub(super) fn remember(&mut self, event: RecentEvent) {
        if self.recent.len() >= RECENT_EVENTS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(event);
        self.recent_uncommitted = self
            .recent_uncommitted
            .saturating_add(1)
            .min(RECENT_EVENTS_MAX);
    }
}

fn restore_times(
    connectors: &mut [ConnectorAccount],
    last_events: Vec<LastEvent>,
    last_reads: Vec<LastRead>,
) {
    for LastEvent {
        connector,
        kind,
        at,
    } in last_events
    {
        if let Some(account) = find_connector(connectors, &connector) {
            account.restore_last_event(kind, at);
        }
    }
    for LastRead { log, at } in last_reads {
        if let Some(account) = find_connector(connectors, &log.connector) {
            account.restore_last_read(&log.log, at);
        }
    }
}

fn find_connector<'a>(
    connectors: &'a mut [ConnectorAccount],
    name: &str,
) -> Option<&'a mut ConnectorAccount> {
    connectors
        .iter_mut()
        .find(|account| &*account.plan.name == name)
}
