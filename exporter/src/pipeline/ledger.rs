//! What the agent knows: state and counters of every connector and log.
//!
//! One thread owns it and nobody locks it. It learns through [`Fold`] while lines
//! are read, says what must be committed, and draws the picture that readers see.
//! It reads no files and no clock.
//!
//! [`Fold`]: super::fold::Fold

mod tools;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use logparse::catalogue::Catalogue;
use model::connector::{Aspect, ConnectorKind, ConnectorState, Tool, ToolRun};
use model::event::{Event, EventKind};
use model::log::{GenerationCause, LineOutcome, LossCause};
use model::position::FileId;
use model::signal::Signal;
use model::snapshot::{RECENT_EVENTS_MAX, RecentEvent};
use model::untrusted::Untrusted;
use store::{LastEvent, LastRead, LogName, NearMissSample, Restored, Turn};

pub use self::tools::tells_uptime;
use super::counters::{CounterIndex, CounterTable};

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
    /// Newest last.
    pub(super) recent: VecDeque<RecentEvent>,
    /// How many of the newest are not committed yet.
    recent_uncommitted: usize,
}

/// One connector's knowledge.
#[derive(Debug)]
pub(super) struct ConnectorAccount {
    pub(super) plan: ConnectorPlan,
    pub(super) state: Tracked<ConnectorState>,
    /// First of `catalogue.pairs()`.
    pub(super) events_at: CounterIndex,
    pub(super) last_events: BTreeMap<EventKind, Tracked<Timestamp>>,
    /// Which file told the time of each event last; empty after a start.
    timed_by: BTreeMap<EventKind, FileId>,
    /// Which file told of each aspect last; empty after a start.
    changed_by: BTreeMap<Aspect, FileId>,
    pub(super) logs: Vec<LogAccount>,
}

/// When a line says that its event happened, and how far to believe it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// The line's time, or the time of reading.
    pub(super) at: Timestamp,
    /// Whether the line itself had the time.
    pub(super) is_dated: bool,
    /// The file it stands in.
    pub(super) file: FileId,
}

impl Told {
    /// Whether it is old news: dated before what is known, and from another file
    /// than that. Within one file the order of lines counts, whatever a clock that
    /// was set back wrote beside them.
    fn is_stale(self, known_at: Option<Timestamp>, known_from: Option<FileId>) -> bool {
        self.is_dated
            && known_at.is_some_and(|known| self.at < known)
            && known_from != Some(self.file)
    }
}

/// One log's knowledge.
#[derive(Debug)]
pub(super) struct LogAccount {
    pub(super) name: Arc<str>,
    pub(super) lines_at: CounterIndex,
    pub(super) bytes_at: CounterIndex,
    pub(super) generations_at: CounterIndex,
    pub(super) lost_at: CounterIndex,
    pub(super) near_misses_at: CounterIndex,
    pub(super) last_read: Option<Tracked<Timestamp>>,
    /// The last near miss of each function of the catalogue.
    pub(super) samples: Vec<Option<Tracked<Untrusted>>>,
}

/// A value that knows whether the store has it.
#[derive(Debug, Clone)]
pub(super) struct Tracked<T> {
    pub(super) value: T,
    is_committed: bool,
}

/// Whether the store has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Committed,
    Uncommitted,
}

impl<T> Tracked<T> {
    fn mark(&mut self, mark: Mark) {
        self.is_committed = mark == Mark::Committed;
    }

    pub(super) const fn changed(value: T) -> Self {
        Self {
            value,
            is_committed: false,
        }
    }

    pub(super) const fn committed(value: T) -> Self {
        Self {
            value,
            is_committed: true,
        }
    }

    /// Gives the value out to be altered; it counts as changed from now on.
    pub(super) fn alter(&mut self) -> &mut T {
        self.is_committed = false;
        &mut self.value
    }
}

impl Ledger {
    /// Opens the books of the planned connectors where an earlier run closed them.
    pub fn open(plans: Vec<ConnectorPlan>, restored: Restored) -> Self {
        let mut counters = CounterTable::new(restored.counters.into_iter().collect());
        let mut states: HashMap<Arc<str>, ConnectorState> = restored.states.into_iter().collect();
        let mut connectors: Vec<ConnectorAccount> = plans
            .into_iter()
            .map(|plan| {
                let state = states.remove(&plan.name).map_or_else(
                    || Tracked::changed(ConnectorState::default()),
                    Tracked::committed,
                );
                ConnectorAccount::open(plan, state, &mut counters)
            })
            .collect();
        for LastEvent {
            connector,
            kind,
            at,
        } in restored.last_events
        {
            if let Some(account) = find_connector(&mut connectors, &connector) {
                account.last_events.insert(kind, Tracked::committed(at));
                account.state.value.sessions.note(kind, at);
            }
        }
        for LastRead { log, at } in restored.last_read {
            let account = find_connector(&mut connectors, &log.connector);
            if let Some(account) = account.and_then(|account| account.find_log(&log.log)) {
                account.last_read = Some(Tracked::committed(at));
            }
        }
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
        let recent = restored
            .recent_events
            .into_iter()
            .take(RECENT_EVENTS_MAX)
            .rev()
            .collect();
        Self {
            connectors,
            counters,
            recent,
            recent_uncommitted: 0,
        }
    }

    /// Everything that changed since the last commit, positions excepted.
    pub fn uncommitted(&self) -> Turn {
        let mut turn = Turn {
            counters: self.counters.uncommitted(),
            ..Turn::default()
        };
        for account in &self.connectors {
            let name = &account.plan.name;
            if !account.state.is_committed {
                turn.states
                    .push((Arc::clone(name), account.state.value.clone()));
            }
            let last_events = account
                .last_events
                .iter()
                .filter(|(_, at)| !at.is_committed);
            turn.last_events
                .extend(last_events.map(|(kind, at)| LastEvent {
                    connector: Arc::clone(name),
                    kind: *kind,
                    at: at.value,
                }));
            for log in &account.logs {
                log.add_uncommitted(account, &mut turn);
            }
        }
        let skip = self.recent.len().saturating_sub(self.recent_uncommitted);
        turn.recent_events = self.recent.iter().skip(skip).cloned().collect();
        turn
    }

    /// The store has everything of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {
        self.counters.mark_committed();
        self.recent_uncommitted = 0;
        self.mark_accounts(Mark::Committed);
    }

    /// No store has any of it: everything is to be written again.
    pub fn mark_uncommitted(&mut self) {
        self.counters.mark_uncommitted();
        self.recent_uncommitted = self.recent.len();
        self.mark_accounts(Mark::Uncommitted);
    }

    fn mark_accounts(&mut self, mark: Mark) {
        for account in &mut self.connectors {
            account.state.mark(mark);
            for at in account.last_events.values_mut() {
                at.mark(mark);
            }
            for log in &mut account.logs {
                if let Some(at) = &mut log.last_read {
                    at.mark(mark);
                }
                for sample in log.samples.iter_mut().flatten() {
                    sample.mark(mark);
                }
            }
        }
    }

    /// Adds what another ledger of the same plans learned from other files: counts
    /// are summed, of states and times the later one stays.
    pub fn absorb(&mut self, other: &Self) {
        self.counters.absorb(&other.counters);
        for (account, learned) in self.connectors.iter_mut().zip(&other.connectors) {
            account.state.alter().absorb(&learned.state.value);
            for (kind, at) in &learned.last_events {
                let known = account
                    .last_events
                    .entry(*kind)
                    .or_insert_with(|| at.clone());
                if known.value < at.value {
                    *known = at.clone();
                }
            }
            for (log, other_log) in account.logs.iter_mut().zip(&learned.logs) {
                for (sample, newer) in log.samples.iter_mut().zip(&other_log.samples) {
                    if newer.is_some() {
                        sample.clone_from(newer);
                    }
                }
            }
        }
    }

    /// Takes in one run of a connector's tool, which ended at `now`. A connector that is
    /// not configured any more is passed over.
    pub fn take_tool_run(&mut self, connector: &str, run: &ToolRun, now: Timestamp) {
        if let (Some(account), Ok(reading)) = (
            find_connector(&mut self.connectors, connector),
            &run.outcome,
        ) {
            account.state.alter().observe(reading, now);
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

impl ConnectorAccount {
    /// Every series exists from here on, at 0 or where it was, so that
    /// `increase()` sees the first event of each kind.
    fn open(
        plan: ConnectorPlan,
        state: Tracked<ConnectorState>,
        counters: &mut CounterTable,
    ) -> Self {
        let connector = Arc::clone(&plan.name);
        let events_at = counters.open(
            Signal::Events,
            plan.catalogue.pairs().iter().map(|key| {
                vec![
                    Arc::clone(&connector),
                    Arc::from(key.kind.name()),
                    Arc::from(key.reason.as_str()),
                ]
            }),
        );
        let logs = plan
            .logs
            .iter()
            .map(|log| LogAccount::open(&plan, log, counters))
            .collect();
        Self {
            plan,
            state,
            events_at,
            last_events: BTreeMap::new(),
            timed_by: BTreeMap::new(),
            changed_by: BTreeMap::new(),
            logs,
        }
    }

    /// Takes note of when an event happened, unless it is old news.
    pub(super) fn note_time(&mut self, kind: EventKind, told: Told) {
        let known_at = self.last_events.get(&kind).map(|at| at.value);
        if told.is_stale(known_at, self.timed_by.get(&kind).copied()) {
            return;
        }
        self.last_events.insert(kind, Tracked::changed(told.at));
        // Not an alteration: the store keeps it as the event's last time.
        self.state.value.sessions.note(kind, told.at);
        self.timed_by.insert(kind, told.file);
    }

    /// Folds an event into the state, unless it is old news: an old log that turns up
    /// late must not undo what is known since.
    pub(super) fn apply(&mut self, event: &Event, told: Told) {
        let effects = self.state.value.effects(event, self.plan.kind);
        let is_effective = !effects.is_empty();
        let state = self.state.alter();
        let mut is_fresh = !is_effective;
        for effect in effects {
            let aspect = effect.aspect();
            let known_from = self.changed_by.get(&aspect).copied();
            if told.is_stale(state.since(aspect), known_from) {
                continue;
            }
            is_fresh = true;
            self.changed_by.insert(aspect, told.file);
            state.change(effect, event, told.at);
        }
        if is_fresh {
            state.learn(event);
        }
    }

    fn find_log(&mut self, name: &str) -> Option<&mut LogAccount> {
        self.logs.iter_mut().find(|log| &*log.name == name)
    }

    fn restore_sample(&mut self, log: &str, function: &str, sample: Untrusted) {
        let mut functions = self.plan.catalogue.functions().iter();
        let Some(place) = functions.position(|name| &**name == function) else {
            return;
        };
        let slot = self
            .find_log(log)
            .and_then(|log| log.samples.get_mut(place));
        if let Some(slot) = slot {
            *slot = Some(Tracked::committed(sample));
        }
    }
}

impl LogAccount {
    fn open(plan: &ConnectorPlan, log: &Arc<str>, counters: &mut CounterTable) -> Self {
        let labels = |last: Option<&str>| -> Vec<Arc<str>> {
            [Arc::clone(&plan.name), Arc::clone(log)]
                .into_iter()
                .chain(last.map(Arc::from))
                .collect()
        };
        let functions = plan.catalogue.functions();
        Self {
            name: Arc::clone(log),
            lines_at: counters.open(
                Signal::LogLines,
                LineOutcome::ALL
                    .iter()
                    .map(|outcome| labels(Some(outcome.name()))),
            ),
            bytes_at: counters.open(Signal::LogBytes, [labels(None)]),
            generations_at: counters.open(
                Signal::LogGenerations,
                GenerationCause::ALL
                    .iter()
                    .map(|cause| labels(Some(cause.name()))),
            ),
            lost_at: counters.open(
                Signal::LogLost,
                LossCause::ALL
                    .iter()
                    .map(|cause| labels(Some(cause.name()))),
            ),
            near_misses_at: counters.open(
                Signal::LogNearMiss,
                functions.iter().map(|name| labels(Some(name))),
            ),
            last_read: None,
            samples: vec![None; functions.len()],
        }
    }

    fn add_uncommitted(&self, account: &ConnectorAccount, turn: &mut Turn) {
        let log = LogName {
            connector: Arc::clone(&account.plan.name),
            log: Arc::clone(&self.name),
        };
        if let Some(at) = self.last_read.as_ref().filter(|at| !at.is_committed) {
            turn.last_read.push(LastRead {
                log: log.clone(),
                at: at.value,
            });
        }
        for (function, sample) in account.plan.catalogue.functions().iter().zip(&self.samples) {
            if let Some(sample) = sample.as_ref().filter(|sample| !sample.is_committed) {
                turn.near_miss_samples.push(NearMissSample {
                    log: log.clone(),
                    function: Arc::clone(function),
                    sample: sample.value.clone(),
                });
            }
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
