//! Steps the rules within the writer's turn, and hands what they decide to its commit.
//!
//! The pipeline draws a picture with what is not committed yet and shows it here first:
//! the engine steps on it, what it decides is worded and put into the outbox, and all of
//! it goes into the same transaction as the lines that led to it. A commit that fails takes
//! nothing back: the engine goes on in memory, and the next commit carries it all.
//!
//! What is decided is the engine's, how it is worded the composer's, when it is sent the
//! outbox's. Here is only what the program adds: serials, counters that survive, and what
//! is wrong with the program itself.

mod counts;
mod dead;
mod faults;
mod record;
mod skipped;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alerts::compose::{Composed, Composer};
use alerts::engine::{Engine, EngineTime, SilencesFull};
use alerts::facts::Facts;
use alerts::notification::Notification;
use alerts::outbox::{AGENT_FAULT_RULE, DIGEST_RULE, Outbox};
use jiff::Timestamp;
use model::alert::{AgentFault, HistoryRow, Severity, Silence};
use model::delivery::{Delivery, OutboxMessage};
use model::signal::Signal;
use model::snapshot::{AlertsSnapshot, MessageSnapshot, RecentEvent, Snapshot};
use store::{Restored, Turn};

use self::counts::AlertCounts;
use self::dead::DeadLog;
use self::faults::FaultWatch;
use self::record::Record;
use self::skipped::SkippedLog;
use super::facts::SnapshotFacts;
use super::settings::AlertSettings;
use super::tray::Tray;
use crate::clock::Moment;

pub use self::faults::FAULT_LASTS;

/// Said in a message that may leave before any store has it.
const UNSTORED: &str = "The store refuses to take anything, so this message left before it \
                        was stored. It may come twice.";

/// What alerting begins with.
#[derive(Debug)]
pub struct Opening {
    /// What the configuration says.
    pub settings: AlertSettings,
    /// What the store holds of alerting.
    pub kept: KeptAlerts,
    /// The present.
    pub now: Moment,
}

/// The part of what the store holds that is alerting's.
#[derive(Debug, Default)]
pub struct KeptAlerts {
    states: Vec<(Arc<str>, Vec<u8>)>,
    messages: Vec<OutboxMessage>,
    deliveries: Vec<Delivery>,
    /// Newest first.
    recent_messages: Vec<MessageSnapshot>,
    /// Newest first.
    history: Vec<HistoryRow>,
    last_message_serial: u64,
    counters: HashMap<model::reading::SeriesKey, u64>,
}

impl KeptAlerts {
    /// Takes alerting's part out of what the store holds.
    pub fn take_from(restored: &mut Restored) -> Self {
        let counters = std::mem::take(&mut restored.counters);
        let (own, others): (Vec<_>, Vec<_>) = counters
            .into_iter()
            .partition(|(key, _)| matches!(key.signal, Signal::Alert(_)));
        restored.counters = others;
        Self {
            states: std::mem::take(&mut restored.alert_states),
            messages: std::mem::take(&mut restored.messages),
            deliveries: std::mem::take(&mut restored.deliveries),
            recent_messages: std::mem::take(&mut restored.recent_messages),
            history: std::mem::take(&mut restored.history),
            last_message_serial: restored.last_message_serial,
            counters: own.into_iter().collect(),
        }
    }
}

/// Rules, wording and outbox in the writer's hands.
#[derive(Debug)]
pub struct AlertBook {
    engine: Engine,
    composer: Composer,
    tray: Arc<Tray>,
    counts: AlertCounts,
    faults: FaultWatch,
    dead: DeadLog,
    skipped: SkippedLog,
    record: Record,
    next_message: u64,
    /// The steady clock of alerting when the program's own stood at zero.
    clock_zero: Duration,
    /// The engine's own count of events that no rule saw.
    skipped_by_engine: u64,
    is_store_refusing: bool,
}

impl AlertBook {
    /// Begins where the store ended.
    pub fn open(opening: Opening) -> Self {
        let Opening {
            settings,
            mut kept,
            now,
        } = opening;
        let faults = FaultWatch::open(&mut kept.states, now);
        let clock_zero = clock_zero(Engine::stored_clock(&kept.states), now);
        let time = EngineTime {
            clock: clock_zero.saturating_add(now.monotonic),
            wall: now.timestamp(),
        };
        let engine = Engine::open(settings.plan.clone(), &kept.states, time);
        let mut book = Self {
            engine,
            composer: composer_of(&settings),
            tray: Tray::new(Outbox::open(kept.messages, kept.deliveries)),
            counts: AlertCounts::open(kept.counters),
            faults,
            dead: DeadLog::default(),
            skipped: SkippedLog::default(),
            record: Record::open(kept.history, kept.recent_messages),
            next_message: kept.last_message_serial.saturating_add(1),
            clock_zero,
            skipped_by_engine: 0,
            is_store_refusing: false,
        };
        let names = names(&book.composer);
        book.tray.keep_receivers(&names);
        book.open_series();
        book
    }

    /// Puts other rules and receivers in force.
    pub fn change(&mut self, settings: &AlertSettings, now: Moment) {
        let time = self.time(now);
        self.engine.change(settings.plan.clone(), time);
        self.composer = composer_of(settings);
        let names = names(&self.composer);
        self.tray.keep_receivers(&names);
        self.faults.forget_logs();
        self.faults.set_reload_refused(false);
        self.faults.keep_receivers(&names);
        self.open_series();
    }

    /// The outbox, for the lanes of delivery.
    pub fn tray(&self) -> Arc<Tray> {
        Arc::clone(&self.tray)
    }

    /// A configuration was refused, and the one before stays in force.
    pub const fn note_refused_reload(&mut self) {
        self.faults.set_reload_refused(true);
    }

    /// Adds, replaces or ends a silence.
    ///
    /// # Errors
    ///
    /// It is a new one, and there are as many as are kept.
    pub fn silence(&mut self, silence: Silence) -> Result<(), SilencesFull> {
        self.engine.silence(silence)
    }

    /// Puts a test for one receiver into the outbox, and returns its messages' ids.
    ///
    /// # Errors
    ///
    /// Nobody is called so; in words for people.
    pub fn test(&mut self, receiver: &str, now: Moment) -> Result<Vec<Arc<str>>, String> {
        let names = names(&self.composer);
        if !names.iter().any(|name| &**name == receiver) {
            return Err(format!(
                "no receiver is called `{}`",
                receiver.escape_default()
            ));
        }
        let agent = Arc::clone(&self.composer.identity().agent);
        let serial = self.next_message;
        let test = alerts::engine::test_notification(&agent, receiver, now.timestamp(), serial);
        Ok(self.post(&test, now))
    }

    /// What rules may ask about alerting itself before they are stepped.
    pub fn before_step(&mut self, snapshot: &Snapshot, now: Moment) -> AlertsSnapshot {
        self.take_results(now);
        self.faults.look(snapshot, now);
        self.draw(snapshot, now)
    }

    /// Shows the rules what happened and how things are. Returns judgements of their own:
    /// what no line said, and is an event all the same.
    pub fn step(
        &mut self,
        events: &[RecentEvent],
        snapshot: &Snapshot,
        now: Moment,
    ) -> Vec<RecentEvent> {
        self.step_on(events, &SnapshotFacts::new(snapshot), now)
    }

    /// The same with whatever answers the rules' questions.
    pub fn step_on(
        &mut self,
        events: &[RecentEvent],
        facts: &dyn Facts,
        now: Moment,
    ) -> Vec<RecentEvent> {
        let time = self.time(now);
        for event in events {
            self.engine.take_event(event, time);
        }
        self.engine.step(facts, time);
        let output = self.engine.take_output();
        let mut unheard = BTreeSet::new();
        for notification in output.notifications {
            self.counts.notified(&notification.rule, &notification.kind);
            if self.post(&notification, now).is_empty() {
                unheard.insert(notification.id);
            }
        }
        for mut row in output.history {
            if row
                .notification
                .as_ref()
                .is_some_and(|id| unheard.contains(id))
            {
                row.reason.push_str(" (no receiver wants to hear of it)");
                row.notification = None;
            }
            self.record.remember(row);
        }
        self.counts.failed(&self.engine.rules());
        self.faults.set_rule_fault(self.engine.has_rule_fault(time));
        let skipped = self.engine.events_skipped();
        let more = skipped.saturating_sub(self.skipped_by_engine);
        self.skipped_by_engine = skipped;
        self.note_skipped(more, now);
        self.put_surplus_together(now);
        output.events
    }

    /// Events that no rule will ever see, since more came than rules look at.
    pub fn note_skipped(&mut self, events: u64, now: Moment) {
        if 0 < events {
            self.counts.skipped(events);
            self.faults.note(AgentFault::EventsSkipped, now);
        }
        self.skipped.tell(events, now.monotonic);
    }

    /// Adds what is not committed yet.
    pub fn add_uncommitted(&self, turn: &mut Turn) {
        turn.counters.extend(self.counts.uncommitted());
        turn.alert_states = self.engine.uncommitted();
        turn.alert_states.extend(self.faults.uncommitted());
        // Before the look: what is settled after it is news again.
        self.tray.look_at_settled();
        let (messages, deliveries) = self.tray.lock().uncommitted();
        turn.messages = messages;
        turn.deliveries = deliveries;
        turn.history = self.record.uncommitted();
    }

    /// The store has `turn`, with what [`Self::add_uncommitted`] added to it last.
    pub fn mark_committed(&mut self, turn: Turn) {
        self.record.mark_committed(turn.messages, turn.deliveries);
        self.counts.mark_committed();
        self.engine.mark_committed();
        self.faults.mark_committed();
        {
            let mut outbox = self.tray.lock();
            outbox.mark_committed();
            if self.is_store_refusing {
                outbox.set_store_refuses(false);
            }
        }
        self.is_store_refusing = false;
        self.faults.set_store_refuses(false);
        self.tray.tell_lanes();
    }

    /// The store refused: critical messages leave without it.
    pub fn mark_refused(&mut self) {
        self.is_store_refusing = true;
        self.faults.set_store_refuses(true);
        self.tray.lock().set_store_refuses(true);
        self.tray.tell_lanes();
    }

    /// No store has any of it: everything is to be written again.
    pub fn mark_uncommitted(&mut self) {
        self.counts.mark_uncommitted();
        self.engine.mark_uncommitted();
        self.faults.mark_uncommitted();
        self.tray.lock().mark_uncommitted();
        self.record.mark_uncommitted();
    }

    /// Whether lanes settled something that is not committed.
    pub fn has_settled(&self) -> bool {
        self.tray.is_settled()
    }

    /// How things are now, committed or not.
    pub fn draw(&self, snapshot: &Snapshot, now: Moment) -> AlertsSnapshot {
        let outbox = self.tray.lock().snapshot();
        let rules = self.engine.rules().into_iter();
        let receivers = names(&self.composer).into_iter();
        AlertsSnapshot {
            rules: rules.map(|rule| self.counts.of_rule(rule)).collect(),
            rows: self.engine.rows(),
            history: self.record.history(),
            messages: self.record.messages(),
            silences: self.engine.silences(),
            configured_silences: self.engine.configured_silences(),
            outbox,
            deliveries: receivers
                .map(|name| {
                    let counts = self.counts.of_receiver(&name);
                    (name, counts)
                })
                .collect(),
            events_skipped: self.counts.events_skipped(),
            scheduled: self.engine.scheduled(self.time(now)),
            releases_behind: self.engine.releases_behind(),
            faults: self.faults.all(snapshot, outbox, now),
        }
    }

    /// What may be shown while the store refuses: how things are, and of what counts only
    /// what `shown`, the last committed picture, had.
    pub fn draw_uncommitted(&self, shown: &Snapshot, now: Moment) -> AlertsSnapshot {
        let committed = &shown.alerts;
        let counted = |rule: model::snapshot::RuleSnapshot| {
            let before = committed.rules.iter().find(|other| other.id == rule.id);
            before.cloned().unwrap_or(rule)
        };
        let present = self.draw(shown, now);
        AlertsSnapshot {
            rules: present.rules.into_iter().map(counted).collect(),
            history: Arc::clone(&committed.history),
            deliveries: committed.deliveries.clone(),
            events_skipped: committed.events_skipped,
            ..present
        }
    }

    fn time(&self, now: Moment) -> EngineTime {
        EngineTime {
            clock: self.clock_zero.saturating_add(now.monotonic),
            wall: now.timestamp(),
        }
    }

    fn open_series(&mut self) {
        self.counts.open_rules(&self.engine.rules());
        for name in names(&self.composer) {
            self.counts.open_receiver(&name);
        }
    }

    /// Counts what came of attempts at delivery.
    fn take_results(&mut self, now: Moment) {
        let (results, has_refusal, was_full, dead) = {
            let mut outbox = self.tray.lock();
            outbox.give_up_orphans(now.timestamp());
            let results = outbox.take_results();
            let (has_refusal, was_full) = (outbox.take_refusal(), outbox.take_fullness());
            (results, has_refusal, was_full, outbox.take_dead())
        };
        self.dead.tell(&dead, now.monotonic);
        if has_refusal {
            self.faults.note(AgentFault::DeliveryDead, now);
        }
        if was_full {
            self.faults.note(AgentFault::OutboxFull, now);
        }
        for (receiver, result, attempts) in results {
            self.counts.delivered(&receiver, result, attempts);
            self.faults.note_result(&receiver, result);
        }
    }

    /// Words a notification for everybody who is to hear of it, and puts it into the outbox.
    /// Returns the messages' ids.
    fn post(&mut self, notification: &Notification, now: Moment) -> Vec<Arc<str>> {
        let leaves_unstored = self.is_store_refusing && notification.severity == Severity::Critical;
        let composed = if leaves_unstored {
            let mut told = notification.clone();
            told.faults.push(UNSTORED.to_owned());
            self.composer.compose(&told, now.timestamp())
        } else {
            self.composer.compose(notification, now.timestamp())
        };
        self.put(composed, &notification.rule, now)
    }

    /// Puts messages into the outbox. A fault of a template is told, but not by what is told
    /// with it: that would never end.
    fn put(&mut self, composed: Composed, rule: &str, now: Moment) -> Vec<Arc<str>> {
        if !composed.faults.is_empty() && rule != AGENT_FAULT_RULE {
            self.faults.note(AgentFault::Template, now);
        }
        for fault in &composed.faults {
            tracing::warn!(fault, "a message's template could not be used");
        }
        let mut ids = Vec::with_capacity(composed.messages.len());
        for (mut message, deliveries) in composed.messages {
            message.serial = self.next_message;
            self.next_message = self.next_message.saturating_add(1);
            ids.push(Arc::clone(&message.id));
            self.tray.lock().put(message, deliveries);
        }
        ids
    }

    /// Puts together what is too much for a receiver.
    fn put_surplus_together(&mut self, now: Moment) {
        let limits: Vec<(Arc<str>, Option<u32>)> = self
            .composer
            .receivers()
            .iter()
            .map(|receiver| (Arc::clone(&receiver.name), receiver.hourly_limit))
            .collect();
        for (name, hourly_limit) in limits {
            let surplus = self
                .tray
                .lock()
                .take_surplus(&name, hourly_limit, now.timestamp());
            if !surplus.is_empty() {
                let digest = self.composer.digest(&name, &surplus, now.timestamp());
                self.put(digest, DIGEST_RULE, now);
            }
        }
    }
}

/// Since when nothing that happened before is told: stands below this key among the small
/// values that the writer keeps.
pub const QUIET_KEY: &str = "alerts.quiet_before";

/// From when on what happens is told. An agent without a history knows nothing of what its
/// logs hold, and remembers when it began.
pub fn quiet_before(restored: &Restored, now: Moment) -> Option<Timestamp> {
    if !restored.has_history {
        return Some(now.timestamp());
    }
    let kept = restored.kept.iter().find(|(key, _)| &**key == QUIET_KEY);
    kept.and_then(|(_, text)| std::str::from_utf8(text).ok()?.parse().ok())
}

/// The steady clock goes on over restarts: with the wall clock, and never back.
fn clock_zero(stored: Option<Duration>, now: Moment) -> Duration {
    let since_epoch = now
        .wall
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let present = since_epoch.max(stored.unwrap_or_default());
    present.saturating_sub(now.monotonic)
}

fn composer_of(settings: &AlertSettings) -> Composer {
    Composer::new(
        settings.identity.clone(),
        settings.receivers.clone(),
        settings.default_receivers.clone(),
    )
}

fn names(composer: &Composer) -> Vec<Arc<str>> {
    let receivers = composer.receivers().iter();
    receivers
        .map(|receiver| Arc::clone(&receiver.name))
        .collect()
}
