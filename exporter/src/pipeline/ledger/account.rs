//! What is known of one connector: its state, when things happened, its logs and tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::connector::{Aspect, ConnectorState, Fact, SILENCE, ToolRun, TunnelState};
use model::event::{Event, EventKind};
use model::position::FileId;
use model::signal::Signal;
use model::untrusted::Untrusted;
use store::{LastEvent, Turn};

use super::ConnectorPlan;
use super::log_account::LogAccount;
use super::silence::Silence;
use super::support::{Look, Support};
use super::tools::{Answer, ToolAccounts};
use super::tracked::{Mark, Tracked};
use crate::clock::Moment;
use crate::pipeline::counters::{CounterIndex, CounterTable};

/// One connector's knowledge.
#[derive(Debug)]
pub(in crate::pipeline) struct ConnectorAccount {
    pub(in crate::pipeline) plan: ConnectorPlan,
    pub(in crate::pipeline) state: Tracked<ConnectorState>,
    /// First of `catalogue.pairs()`.
    pub(in crate::pipeline) events_at: CounterIndex,
    pub(in crate::pipeline) last_events: BTreeMap<EventKind, LastTime>,
    /// The last word on each aspect; empty after a start.
    last_words: BTreeMap<Aspect, LastWord>,
    /// Whether what the logs held at start is read.
    is_caught_up: bool,
    support: Support,
    pub(in crate::pipeline) logs: Vec<LogAccount>,
    pub(in crate::pipeline) tools: ToolAccounts,
    /// Of its logs and tools together.
    pub(in crate::pipeline) silence: Silence,
    /// Of its logs alone.
    log_silence: Silence,
}

/// When something was told last, and by which line.
#[derive(Debug, Clone, Copy)]
pub(in crate::pipeline) struct LastWord {
    at: Timestamp,
    /// `None` if a tool or an earlier run told it: whatever is read now comes after that.
    line: Option<LinePlace>,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) struct LinePlace {
    /// Index of the log within its connector.
    pub(in crate::pipeline) log: usize,
    /// The file.
    pub(in crate::pipeline) file: FileId,
}

/// How far a clock or a zone may be set back. What is dated before that belongs to a log
/// that turned up late; what is dated within it is believed in the order of reading.
/// The zones of the world are 26 hours apart.
const CLOCK_STEP_MAX: SignedDuration = SignedDuration::from_hours(26);

/// When an event happened last.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct LastTime {
    pub(in crate::pipeline) at: Tracked<Timestamp>,
    /// Which line told it; `None` after a start.
    line: Option<LinePlace>,
}

/// When a line says that its event happened, and how far to believe it.
#[derive(Debug, Clone, Copy)]
pub(in crate::pipeline) struct Told {
    /// The line's time, or the time of reading.
    pub(in crate::pipeline) at: Timestamp,
    /// Whether the line itself had the time.
    pub(in crate::pipeline) is_dated: bool,
    /// Where it stands.
    pub(in crate::pipeline) place: LinePlace,
}

/// Whether an event is later than those of its kind that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) enum Freshness {
    /// The latest of its kind.
    News,
    /// From a log that turned up late.
    OldNews,
}

impl Told {
    /// Whether it is old news, of what was known last.
    ///
    /// Lines are believed in the order in which they are read, since clocks and zones are
    /// set back. Two exceptions: a log that turned up late, and, while the logs' present
    /// content is read, two logs of one connector: they are read one after the other, and
    /// only their dates tell which line came first.
    fn is_stale(self, known: Option<LastWord>, is_caught_up: bool) -> bool {
        let Some(known) = known.filter(|_| self.is_dated) else {
            return false;
        };
        let behind = known.at.duration_since(self.at);
        match known.line {
            Some(line) if line.file == self.place.file => false,
            Some(line) if line.log != self.place.log && !is_caught_up => behind.is_positive(),
            Some(_) | None => CLOCK_STEP_MAX < behind,
        }
    }
}

impl LastTime {
    const fn last_word(&self) -> LastWord {
        LastWord {
            at: self.at.value,
            line: self.line,
        }
    }
}

impl ConnectorAccount {
    /// Every series exists from here on, at 0 or where it was, so that
    /// `increase()` sees the first event of each kind.
    pub(super) fn open(
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
            tools: ToolAccounts::open(&connector, &plan.tools, counters),
            silence: Silence::new(plan.unknown_after),
            log_silence: Silence::new(plan.unknown_after),
            support: Support::default(),
            plan,
            state,
            events_at,
            last_events: BTreeMap::new(),
            last_words: BTreeMap::new(),
            is_caught_up: false,
            logs,
        }
    }

    /// Takes note of when an event happened, unless it is old news.
    pub(in crate::pipeline) fn note_time(&mut self, kind: EventKind, told: Told) -> Freshness {
        let latest = LastTime {
            at: Tracked::changed(told.at),
            line: Some(told.place),
        };
        // One search for what most lines of a client do.
        match self.last_events.get_mut(&kind) {
            Some(known) if told.is_stale(Some(known.last_word()), self.is_caught_up) => {
                return Freshness::OldNews;
            }
            Some(known) => *known = latest,
            None => drop(self.last_events.insert(kind, latest)),
        }
        // Not an alteration: the store keeps it as the event's last time.
        self.state.value.sessions.note(kind, told.at);
        Freshness::News
    }

    /// Folds an event into the state, unless it is old news: an old log that turns up
    /// late must not undo what is known since.
    ///
    /// Each part of the state is judged by what is known of it. An event that only
    /// tells who the connector is counts by its own kind.
    pub(in crate::pipeline) fn apply(&mut self, event: &Event, told: Told, freshness: Freshness) {
        let effects = self.state.value.effects(event, self.plan.kind);
        let mut is_fresh = effects.is_empty() && freshness == Freshness::News;
        for effect in effects {
            let aspect = effect.aspect();
            if told.is_stale(self.known_of(aspect), self.is_caught_up) {
                continue;
            }
            is_fresh = true;
            let word = LastWord {
                at: told.at,
                line: Some(told.place),
            };
            self.last_words.insert(aspect, word);
            self.support.by_event(aspect);
            self.state.alter().change(effect, event, told.at);
        }
        if is_fresh {
            self.learn(event);
        }
    }

    /// Takes note of when an event happened that no line told.
    pub(super) fn note_judgement(&mut self, kind: EventKind, at: Timestamp) {
        let latest = LastTime {
            at: Tracked::changed(at),
            line: None,
        };
        self.last_events.insert(kind, latest);
    }

    /// No line has the last word on an aspect, but a judgement as of `at`.
    pub(super) fn change_by_judgement(&mut self, aspect: Aspect, at: Timestamp) {
        self.last_words.insert(aspect, LastWord { at, line: None });
        self.support.by_event(aspect);
    }

    /// The last word on an aspect, even if it only confirmed what was known; after a start
    /// its last change. Since when it is unknown says nothing about what was known before.
    fn known_of(&self, aspect: Aspect) -> Option<LastWord> {
        let view = self.state.value.view(aspect);
        let changed = view.since.filter(|_| view.reason.as_str() != SILENCE);
        let of_earlier_run = changed.map(|at| LastWord { at, line: None });
        self.last_words.get(&aspect).copied().or(of_earlier_run)
    }

    /// Keeps what an event says about who the connector is. Never who is signed in: only
    /// the vendor's tool tells that, and its answer is hashed. Nor what may name a person
    /// where a gateway or a mode should stand.
    fn learn(&mut self, event: &Event) {
        let tells = |fact| fact != Fact::User;
        for field in &event.fields {
            if let Some(fact) = Fact::from_name(&field.name).filter(|fact| tells(*fact))
                && !field.value.expose().contains('@')
            {
                self.learn_fact(fact, field.value.clone());
            }
        }
    }

    /// Keeps a fact about who the connector is.
    pub(super) fn learn_fact(&mut self, fact: Fact, text: Untrusted) {
        if self.state.value.facts.get(fact) != Some(&text) {
            self.state.alter().facts.learn(fact, text);
        }
    }

    /// Takes in one run of a tool that ended at `now`. What it says about the state
    /// waits for [`Self::observe_waiting`]. A tool that is not planned is passed over.
    pub(super) fn take_tool_run(
        &mut self,
        run: &ToolRun,
        now: Moment,
        counters: &mut CounterTable,
    ) {
        if self.tools.take(run, now, counters) {
            self.silence.hear(now.timestamp());
        }
    }

    /// Folds the answers of tools into the state. To be called when all lines that were
    /// there before are read: they are older.
    pub(super) fn observe_waiting(&mut self) {
        self.is_caught_up = true;
        for answer in self.tools.take_waiting() {
            self.observe(&answer);
        }
    }

    fn observe(&mut self, answer: &Answer) {
        let Answer {
            reading,
            at,
            is_new_tunnel,
        } = answer;
        let changes = self.state.value.observe(reading, *at);
        if !changes.is_empty() {
            self.state.mark(Mark::Uncommitted);
        }
        for change in &changes {
            let word = LastWord {
                at: *at,
                line: None,
            };
            self.last_words.insert(change.aspect, word);
        }
        for aspect in self.plan.kind.aspects() {
            let is_change = changes.iter().any(|change| change.aspect == *aspect);
            if is_change || reading.mentions(*aspect) {
                self.support.by_tool(*aspect, is_change);
            }
        }
        let is_up = self.state.value.tunnel.state == TunnelState::Connected;
        let began_at = reading
            .uptime
            .and_then(|uptime| at.checked_sub(uptime).ok());
        // It is as connected as before, and was not in between.
        if *is_new_tunnel && is_up && self.state.value.tunnel.since < began_at {
            self.state.alter().tunnel.since = began_at;
        }
    }

    /// Looks which states nothing vouches for any more; they are unknown from now on, and
    /// so is what a silent tool told. Who it is, its logs have told for good.
    pub(super) fn notice_silence(&mut self, now: Moment) {
        self.silence.falls_silent(now);
        self.log_silence.falls_silent(now);
        let Some(limit) = self.plan.unknown_after else {
            return;
        };
        self.tools.forget_older_than(limit, now);
        let look = Look {
            now: now.monotonic,
            limit,
            is_log_silent: self.log_silence.is_silent(),
            is_silent: self.silence.is_silent(),
        };
        let aspects = self.plan.kind.aspects();
        for aspect in self.support.lapsed(aspects, &self.state.value, look) {
            if self.state.value.forget(aspect, now.timestamp()) {
                self.state.mark(Mark::Uncommitted);
            }
        }
    }

    /// Lines of one of its logs were read at `at`.
    pub(in crate::pipeline) fn hear_lines(&mut self, log: usize, at: Timestamp) {
        self.silence.hear(at);
        self.log_silence.hear(at);
        if let Some(log) = self.logs.get_mut(log) {
            log.last_read = Some(Tracked::changed(at));
        }
    }

    /// Goes on where `old` is, an account of the same connector before a reload. What
    /// the store keeps came from there.
    pub(super) fn carry_over(&mut self, old: &mut Self) {
        self.silence.carry_over(&old.silence);
        self.log_silence.carry_over(&old.log_silence);
        self.support = old.support.clone();
        self.tools.carry_over(&mut old.tools);
    }

    pub(super) fn add_uncommitted(&self, turn: &mut Turn) {
        let name = &self.plan.name;
        if let Some(state) = self.state.uncommitted() {
            turn.states.push((Arc::clone(name), state.clone()));
        }
        for (kind, last) in &self.last_events {
            if let Some(at) = last.at.uncommitted() {
                turn.last_events.push(LastEvent {
                    connector: Arc::clone(name),
                    kind: *kind,
                    at: *at,
                });
            }
        }
        for log in &self.logs {
            log.add_uncommitted(&self.plan, turn);
        }
        turn.last_read.extend(self.tools.uncommitted(name));
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        self.state.mark(mark);
        for last in self.last_events.values_mut() {
            last.at.mark(mark);
        }
        for log in &mut self.logs {
            log.mark(mark);
        }
        self.tools.mark(mark);
    }

    /// Takes over what another account of the same plan learned from other files.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.state.alter().absorb(&other.state.value);
        for (kind, last) in &other.last_events {
            let entry = self.last_events.entry(*kind);
            let known = entry.or_insert_with(|| last.clone());
            if known.at.value < last.at.value {
                *known = last.clone();
            }
        }
        for (log, other_log) in self.logs.iter_mut().zip(&other.logs) {
            log.absorb(other_log);
        }
    }

    /// Takes back when an earlier run read a log, or had an answer of a tool.
    pub(super) fn restore_last_read(&mut self, log: &str, at: Timestamp) {
        match self.find_log(log) {
            Some(log) => {
                log.last_read = Some(Tracked::committed(at));
                self.log_silence.heard_earlier(at);
            }
            None => self.tools.restore(log, at),
        }
        self.silence.heard_earlier(at);
    }

    pub(super) fn restore_last_event(&mut self, kind: EventKind, at: Timestamp) {
        let last = LastTime {
            at: Tracked::committed(at),
            line: None,
        };
        self.last_events.insert(kind, last);
        self.state.value.sessions.note(kind, at);
    }

    pub(super) fn restore_sample(&mut self, log: &str, function: &str, sample: Untrusted) {
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

    fn find_log(&mut self, name: &str) -> Option<&mut LogAccount> {
        self.logs.iter_mut().find(|log| &*log.name == name)
    }
}
