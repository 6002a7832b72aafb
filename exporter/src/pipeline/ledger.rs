//! What the agent knows: state and counters of every connector, log and probe, and the host.
//!
//! One thread owns it and nobody locks it. It learns through [`Fold`] while lines
//! are read, says what must be committed, and draws the picture that readers see.
//! It reads no files and no clock. One connector's part is an `account`.
//!
//! [`Fold`]: super::fold::Fold

mod account;
mod host;
mod judge;
mod kept;
mod log_account;
mod probes;
mod recent;
mod silence;
mod support;
mod tools;
mod tracked;
mod unseen;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use logparse::catalogue::Catalogue;
use model::connector::{ConnectorKind, ConnectorState, Fact, Tool, ToolRun};
use model::event::{Event, EventKey};
use model::host::HostSample;
use model::log::{DateOrderTaken, GenerationCause, LossCause};
use model::probe::{ProbePlan, ProbeRun};
use model::signal::Signal;
use model::snapshot::RecentEvent;
use model::untrusted::Untrusted;
use store::{KeptError, LastEvent, LastRead, NearMissSample, Restored, Turn};

pub(super) use self::account::{ConnectorAccount, Freshness, LinePlace, Told};
pub use self::host::HostLimits;
use self::host::{HostAccount, Mounts};
use self::kept::Kept;
pub(super) use self::log_account::LogAccount;
use self::probes::ProbeAccounts;
use self::recent::Recent;
pub use self::tools::tells_uptime;
use self::tracked::Mark;
pub(super) use self::tracked::Tracked;
use self::unseen::Unseen;
use super::counters::CounterTable;
use super::redact::quoted_line;
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

/// All that is watched.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// The connectors.
    pub connectors: Vec<ConnectorPlan>,
    /// The active probes; each has its series from the start.
    pub probes: Vec<ProbePlan>,
    /// How the host is watched, if it is.
    pub host: Option<HostLimits>,
}

impl From<Vec<ConnectorPlan>> for Watched {
    /// Nothing but connectors.
    fn from(connectors: Vec<ConnectorPlan>) -> Self {
        Self {
            connectors,
            ..Self::default()
        }
    }
}

/// All knowledge of one run.
#[derive(Debug)]
pub struct Ledger {
    pub(super) connectors: Vec<ConnectorAccount>,
    pub(super) counters: CounterTable,
    pub(super) round_trips: RoundTrips,
    pub(super) probes: ProbeAccounts,
    pub(super) host: HostAccount,
    kept: Kept,
    recent: Recent,
    unseen: Unseen,
}

impl Ledger {
    /// Opens the books of what is watched where an earlier run closed them.
    pub fn open(watched: impl Into<Watched>, restored: Restored) -> Self {
        let Watched {
            connectors: plans,
            probes,
            host,
        } = watched.into();
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
        let recent = Recent::restored(restored.recent_events);
        let mut probes = ProbeAccounts::open(probes, &recent, &mut counters);
        let of_logs = restored
            .last_read
            .into_iter()
            .filter(|last| !probes.restore(&last.log, last.at));
        restore_times(&mut connectors, restored.last_events, of_logs.collect());
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
        let mounts = mounts_of(&connectors);
        let mut kept = Kept::open(restored.kept);
        Self {
            connectors,
            counters,
            round_trips,
            probes,
            host: HostAccount::open(host, mounts, &mut kept),
            kept,
            recent,
            unseen: Unseen::default(),
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
        self.probes.carry_over(&mut old.probes);
        self.host.carry_over(old.host);
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
        turn.last_read.extend(self.probes.uncommitted());
        turn.kept = self.kept.uncommitted();
        turn.recent_events = self.recent.uncommitted();
        turn
    }

    /// The store has everything of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {
        self.counters.mark_committed();
        self.round_trips.mark_committed();
        self.recent.mark_committed();
        self.mark(Mark::Committed);
    }

    /// No store has any of it: everything is to be written again.
    pub fn mark_uncommitted(&mut self) {
        self.counters.mark_uncommitted();
        self.round_trips.mark_uncommitted();
        self.recent.mark_uncommitted();
        self.mark(Mark::Uncommitted);
    }

    fn mark(&mut self, mark: Mark) {
        for account in &mut self.connectors {
            account.mark(mark);
        }
        self.probes.mark(mark);
        self.kept.mark(mark);
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

    /// Takes in one run of a probe, which ended at `now`. A probe that is not configured
    /// any more is passed over.
    pub fn take_probe_run(&mut self, run: &ProbeRun, now: Moment) {
        if let Some(news) = self.probes.take(run, now, &mut self.counters) {
            self.remember(news);
        }
    }

    /// Takes in a look at the host, which ended at `now`.
    pub fn take_host_sample(&mut self, sample: Arc<HostSample>, now: Moment) {
        for news in self.host.take(sample, now, &mut self.kept) {
            self.remember(news);
        }
    }

    /// Drops a look at the host that is too old by `now` to be shown.
    pub(super) fn forget_old_host(&mut self, now: Moment) {
        self.host.forget_old(now);
    }

    /// Takes in small values of other parts, all changes or none.
    ///
    /// # Errors
    ///
    /// What is beyond the store's bounds.
    pub fn keep(&mut self, changes: Vec<(Arc<str>, Option<Vec<u8>>)>) -> Result<(), KeptError> {
        self.kept.change(changes)
    }

    /// The small values of other parts, as they are now.
    pub fn kept(&self) -> BTreeMap<Arc<str>, Vec<u8>> {
        self.kept.values()
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

    /// A file of the log has dates that can be read both ways and were read so.
    pub fn count_ambiguous_dates(&mut self, place: LogPlace, taken: DateOrderTaken) {
        let counter = self.log(place).and_then(|log| log.ambiguous_dates(taken));
        if let Some(counter) = counter {
            self.counters.add(counter, 1);
        }
    }

    /// The name of a file that a connector writes tells its version.
    pub fn learn_version(&mut self, connector: usize, version: &str) {
        if let Some(account) = self.connectors.get_mut(connector) {
            account.learn_fact(Fact::Version, Untrusted::new(version));
        }
    }

    fn log(&self, place: LogPlace) -> Option<&LogAccount> {
        self.connectors.get(place.connector)?.logs.get(place.log)
    }

    /// From when on what happens is told: what happened before is history, and missed by
    /// nobody.
    pub(crate) const fn set_quiet_before(&mut self, quiet_before: Option<Timestamp>) {
        self.unseen.set_quiet_before(quiet_before);
    }

    /// Events since the last call, for the rules, and how many more could have been told. From
    /// here on their lines name nobody.
    pub(crate) fn take_unseen(&mut self) -> (Vec<RecentEvent>, u64) {
        let (mut events, more) = self.unseen.take();
        for told in &mut events {
            let line = told.line.take();
            told.line = line.map(|line| quoted_line(line.expose().as_bytes(), &told.event));
        }
        (events, more)
    }

    /// Remembers an event for rules and people to look at. Only the rules get its line.
    pub(super) fn remember(&mut self, event: RecentEvent) {
        let shown = RecentEvent {
            line: None,
            ..event.clone()
        };
        self.unseen.add(event);
        self.recent.add(shown);
    }

    /// The latest events, newest first.
    pub(super) fn recent_events(&self) -> Arc<[RecentEvent]> {
        self.recent.newest_first().cloned().collect()
    }

    /// The latest events of each connector, newest first.
    pub(super) fn own_events(&self) -> Arc<BTreeMap<Arc<str>, Vec<Arc<RecentEvent>>>> {
        Arc::new(self.recent.own())
    }
}

/// An event that no line of a log told.
fn news(connector: Arc<str>, log: Arc<str>, key: EventKey, at: Timestamp) -> RecentEvent {
    RecentEvent {
        connector,
        log,
        file: Arc::default(),
        offset: 0,
        read_at: at,
        event: Event {
            key,
            time: Some(at),
            fields: Vec::new(),
        },
        line: None,
    }
}

/// Whose host it is, by what is watched on it.
fn mounts_of(connectors: &[ConnectorAccount]) -> Mounts {
    let is_client = |account: &ConnectorAccount| match account.plan.kind {
        ConnectorKind::NetskopePublisher => false,
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => true,
    };
    if connectors.iter().any(is_client) {
        Mounts::NamePeople
    } else {
        Mounts::Plain
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
