//! Steps the rules: from events and the present picture to alerts and notifications.
//!
//! One engine for all rules, update runs, silences and maintenance windows. It is pure:
//! time, facts and events are arguments, what it decides is taken with
//! [`Engine::take_output`], and what must outlive the process with
//! [`Engine::uncommitted`]. Deciding twice, since a crash undid the first time, gives the
//! same ids. Every decision leaves a line of history that says why.
//!
//! Not here: what rules look like on paper ([`crate::rule`]), wording for a receiver
//! ([`crate::compose`]), sending ([`crate::deliver`]).

mod book;
mod desk;
mod events;
mod figures;
mod holds;
mod journal;
mod ledger;
mod levels;
mod lines;
mod matter;
mod measured;
mod naming;
mod notices;
mod queue;
mod rates;
mod restoring;
mod rows;
mod samples;
mod silences;
mod telling;
mod updates;
mod words;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::{AlertRow, HistoryRow, Severity, Silence};
use model::signal::Signal;
use model::snapshot::{RecentEvent, RuleSnapshot};

use self::book::Book;
use self::desk::{Desk, Turn};
pub use self::desk::{EVENT_AGE_MAX, INSTANCES_MAX};
use self::holds::Holds;
pub use self::holds::fits;
pub use self::journal::Decided;
use self::journal::Journal;
use self::ledger::Ledger;
pub use self::levels::OUTAGE_MAX;
use self::lines::Lines;
pub use self::notices::{ITEMS_MAX, NOTICES_AT_ONCE_MAX};
pub use self::queue::EVENTS_MAX;
use self::queue::Queue;
pub use self::samples::SERIES_MAX;
use self::silences::Silences;
pub use self::silences::{SILENCES_MAX, SilencesFull};
pub use self::updates::JUDGED;
use self::updates::{Look, UpdateDesk};
use self::world::World;
use crate::facts::Facts;
use crate::notification::Notification;
use crate::profile::Profile;
use crate::rule::RuleSet;
use crate::schedule::Schedule;

/// How long it is a fault of the agent's that a rule failed.
pub const RULE_FAULT_LASTS: Duration = Duration::from_secs(15 * 60);

/// The present, on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineTime {
    /// Runs on whatever happens to the wall clock, and goes on over restarts: for `for`,
    /// waits and windows.
    pub clock: Duration,
    /// The wall clock: for schedules, silences and people.
    pub wall: Timestamp,
}

/// What the engine works with; the configuration's part.
#[derive(Debug, Clone, Default)]
pub struct EnginePlan {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Update profiles.
    pub profiles: Vec<Profile>,
    /// When nobody wants to be told.
    pub maintenance: Vec<MaintenanceWindow>,
    /// Silences that stand in the configuration.
    pub silences: Vec<Silence>,
    /// Releases of the Publisher, the newest first, for the N-2 policy. Empty: unknown.
    pub releases: Vec<Arc<str>>,
    /// The agent's name: part of every id.
    pub agent: Arc<str>,
    /// Nothing that happened before is told: the start of an agent that knows nothing of
    /// what its logs hold. `None` if it has a history.
    pub quiet_before: Option<Timestamp>,
}

/// A time in which alerts are held back.
#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceWindow {
    /// Its name.
    pub name: Arc<str>,
    /// When it begins, again and again; or once.
    pub begins: Beginning,
    /// How long it lasts.
    pub lasts: Duration,
    /// Which alerts it holds: as in [`Silence::matchers`]; empty: all but mails about
    /// updates, which are what such a time is often for.
    pub matchers: Vec<(Arc<str>, Arc<str>)>,
}

/// When a maintenance window begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Beginning {
    /// Once.
    At(Timestamp),
    /// As scheduled.
    By(Schedule),
}

/// What was decided since it was asked last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output {
    /// What people are to be told, in order.
    pub notifications: Vec<Notification>,
    /// The decisions with their reasons, in order. Serials are given by the caller.
    pub history: Vec<HistoryRow>,
    /// Judgements of our own that are also events, such as a timed-out update.
    pub events: Vec<RecentEvent>,
}

/// All rules, stepping.
#[derive(Debug, Default)]
pub struct Engine {
    plan: EnginePlan,
    desks: Vec<Desk>,
    /// The places of desks by the signal that they look at, so that it is read once.
    sampled: BTreeMap<Signal, Vec<usize>>,
    /// Rules whose alerts may explain others.
    explaining: BTreeSet<Arc<str>>,
    silences: Silences,
    updates: UpdateDesk,
    /// Events since the last step.
    queue: Queue,
    book: Book,
    lines: Lines,
    ledger: Ledger,
    journal: Journal,
    /// How long nobody looked before this engine was opened.
    outage: Duration,
    /// Whether no step was taken since the plan was put in force.
    is_replanned: bool,
    /// Whether all that the logs held at the start has been read.
    is_caught_up: bool,
    /// The last moment that was handed over.
    wall: Timestamp,
}

impl Engine {
    /// The engine's clock as a store has it: a new process goes on at this or at the wall
    /// clock's time since its epoch, whichever is later.
    pub fn stored_clock(restored: &[(Arc<str>, Vec<u8>)]) -> Option<Duration> {
        Book::of_rows(restored).map(|book| book.clock)
    }

    /// Begins where `restored`, what [`Self::uncommitted`] gave to an earlier one, ended.
    /// Of alerts of rules that are gone whoever was told hears that they are over; what
    /// cannot be read is dropped.
    pub fn open(plan: EnginePlan, restored: &[(Arc<str>, Vec<u8>)], now: EngineTime) -> Self {
        let book = Book::of_rows(restored);
        let outage = book
            .as_ref()
            .map_or(Duration::ZERO, |book| now.clock.saturating_sub(book.clock));
        let (of_updates, others): (Vec<_>, Vec<_>) = restored
            .iter()
            .cloned()
            .partition(|(key, _)| UpdateDesk::is_own(key));
        let mut engine = Self {
            book: book.unwrap_or_else(|| Book::new(now)),
            ledger: Ledger::of_stored(&others),
            updates: UpdateDesk::open(&plan, &of_updates),
            outage,
            wall: now.wall,
            ..Self::default()
        };
        engine.put_in_force(plan, &others, now);
        engine
    }

    /// Puts another plan in force. Alerts of rules that stay go on; those of rules that are
    /// gone are over, and whoever was told hears so.
    pub fn change(&mut self, plan: EnginePlan, now: EngineTime) {
        self.store(now);
        let rows = self.ledger.rows();
        self.updates.change(&plan);
        self.put_in_force(plan, &rows, now);
    }

    /// Takes in an event, in the order in which lines were read. What it leads to is decided
    /// with the next step.
    pub fn take_event(&mut self, event: &RecentEvent, _now: EngineTime) {
        self.queue.add(event.clone());
    }

    /// Steps every rule on the present picture.
    pub fn step(&mut self, facts: &dyn Facts, now: EngineTime) {
        self.wall = now.wall;
        self.is_caught_up = self.is_caught_up || facts.is_caught_up();
        let world = World::of(facts);
        let events = self.queue.take();
        if std::mem::take(&mut self.is_replanned) {
            let mut configured = BTreeSet::new();
            facts.connectors(&mut |one| {
                configured.insert(one.name.to_owned());
            });
            self.lines.keep(|name| configured.contains(name));
        }
        for event in &events {
            self.lines.hear(event, now.wall);
        }
        let look = Look {
            facts,
            world: &world,
            lines: &self.lines,
            now,
        };
        let mut turn = Turn {
            now,
            agent: &self.plan.agent,
            quiet_before: self.plan.quiet_before,
            world: &world,
            lines: &self.lines,
            book: &mut self.book,
            journal: &mut self.journal,
        };
        for event in &events {
            for desk in &mut self.desks {
                desk.take_event(event, &mut turn);
            }
            self.updates.take_event(event, &look);
        }
        self.updates.step(&look);
        let said = self.updates.take_output();
        look_at_samples(&mut self.desks, &self.sampled, facts, &turn);
        for desk in &mut self.desks {
            desk.step_samples(&mut turn);
            desk.step_rates(facts, &mut turn);
            // What is awaited may stand in the lines that are not read yet.
            if facts.is_caught_up() {
                desk.step_absences(&turn);
            }
        }
        let inhibitors = self.desks.iter();
        let inhibitors = inhibitors
            .filter(|desk| self.explaining.contains(&desk.rule.id))
            .flat_map(Desk::inhibitors)
            .collect();
        let updates = &self.updates;
        let explains = |connector: &str| {
            if !connector.is_empty() {
                return updates.explains(connector, now).map(Arc::from);
            }
            let mut run = None;
            facts.connectors(&mut |one| {
                run = run.take().or_else(|| updates.explains(one.name, now));
            });
            run.map(Arc::from)
        };
        let silences = self.silences.all(&self.plan.silences);
        let holds = Holds::at(&self.plan, silences, inhibitors, &explains, now.wall);
        for desk in &mut self.desks {
            desk.settle(&holds, &mut turn);
            desk.settle_notices(&holds, &mut turn);
            desk.close_step(&mut turn);
        }
        updates::publish(said, &mut self.desks, &holds, &mut turn);
        self.store(now);
    }

    /// Adds, replaces or ends a silence.
    ///
    /// # Errors
    ///
    /// It is a new one, and there are as many as are kept.
    pub fn silence(&mut self, silence: Silence) -> Result<(), SilencesFull> {
        self.silences.put(silence, self.wall, &mut self.ledger)
    }

    /// What was decided since it was asked last.
    pub fn take_output(&mut self) -> Output {
        self.journal.take()
    }

    /// Alerts that are pending, firing or just over, the worst first.
    pub fn rows(&self) -> Vec<AlertRow> {
        let mut rows: Vec<AlertRow> = self.desks.iter().flat_map(Desk::rows).collect();
        rows::sort(&mut rows);
        rows
    }

    /// The rules with their counts since ever.
    pub fn rules(&self) -> Vec<RuleSnapshot> {
        self.desks.iter().map(Desk::snapshot).collect()
    }

    /// Silences that are in force or will be.
    pub fn silences(&self) -> Vec<Silence> {
        let all = self.silences.all(&self.plan.silences);
        all.filter(|one| self.wall < one.until).cloned().collect()
    }

    /// The ids of silences that the configuration names, over or not, except those in whose
    /// place stands one that somebody made.
    pub fn configured_silences(&self) -> Vec<Arc<str>> {
        let made = self.silences.all(&[]);
        let in_place: BTreeSet<&str> = made
            .filter(|one| self.wall < one.until)
            .map(|one| &*one.id)
            .collect();
        let configured = self.plan.silences.iter();
        configured
            .filter(|one| !in_place.contains(&*one.id))
            .map(|one| Arc::clone(&one.id))
            .collect()
    }

    /// Events since the start that no rule saw, since more of the same came at once than rules look
    /// at.
    pub const fn events_skipped(&self) -> u64 {
        self.queue.skipped()
    }

    /// Whether a rule failed of late: one that could not be evaluated or worded, or that had
    /// more alerts than are looked at.
    pub fn has_rule_fault(&self, now: EngineTime) -> bool {
        let mut failed = self.desks.iter().filter_map(|desk| desk.tally.failed_at());
        failed.any(|at| now.clock.saturating_sub(at) < RULE_FAULT_LASTS)
    }

    /// When profiles' next scheduled updates begin.
    pub fn scheduled(&self, now: EngineTime) -> Vec<(Arc<str>, Option<Timestamp>)> {
        self.updates.scheduled(now)
    }

    /// How many newer releases than its own there are, of connectors of which it is known.
    pub fn releases_behind(&self) -> Vec<(Arc<str>, u32)> {
        self.updates.releases_behind()
    }

    /// What changed since the last commit: to be stored under these keys.
    pub fn uncommitted(&self) -> Vec<(Arc<str>, Option<Vec<u8>>)> {
        let mut changed = self.ledger.uncommitted();
        changed.extend(self.updates.uncommitted());
        changed
    }

    /// The store has all of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {
        self.ledger.mark_committed();
        self.updates.mark_committed();
    }

    /// No store has any of it.
    pub fn mark_uncommitted(&mut self) {
        self.ledger.mark_uncommitted();
        self.updates.mark_uncommitted();
    }

    /// Puts the rows of everything that changed.
    fn store(&mut self, now: EngineTime) {
        for desk in &mut self.desks {
            desk.store(now.clock, &mut self.ledger);
        }
        self.silences
            .forget(&self.plan.silences, now.wall, &mut self.ledger);
        self.lines.store(&mut self.ledger);
        self.book.store(now.clock, &mut self.ledger);
    }
}

/// Hands each series to the rules that look at its signal.
fn look_at_samples(
    desks: &mut [Desk],
    sampled: &BTreeMap<Signal, Vec<usize>>,
    facts: &dyn Facts,
    turn: &Turn<'_>,
) {
    let is_caught_up = facts.is_caught_up();
    for desk in desks.iter_mut() {
        desk.begin_samples(is_caught_up, turn);
    }
    for (signal, places) in sampled {
        facts.readings(*signal, &mut |values, number| {
            for place in places {
                if let Some(desk) = desks.get_mut(*place) {
                    desk.take_sample(values, number);
                }
            }
        });
    }
}

/// What a notification of a test says, for whoever wants to see whether messages arrive.
pub fn test_notification(agent: &str, receiver: &str, at: Timestamp, serial: u64) -> Notification {
    // A store that was lost begins with the first serial again, but not at the same moment.
    let moment = at.as_nanosecond().to_string();
    let id = naming::hash(&["test", agent, receiver, &moment, &serial.to_string()]);
    let id: Arc<str> = Arc::from(id);
    Notification {
        thread: Arc::clone(&id),
        id,
        kind: crate::notification::NotificationKind::Test,
        rule: Arc::from("test"),
        alert: Arc::from("TEST"),
        key: Arc::from("test"),
        index: 0,
        severity: Severity::Info,
        receivers: vec![Arc::from(receiver)],
        labels: vec![(Arc::from("agent"), Arc::from(agent))],
        at,
        dated: at,
        started_at: at,
        ended_at: None,
        summary: "This is a test: nothing is wrong".to_owned(),
        action: "Nothing: whoever asked for it wants to know that messages arrive".to_owned(),
        runbook: Arc::default(),
        number: 1,
        facts: Vec::new(),
        items: Vec::new(),
        log_lines: Vec::new(),
        faults: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
