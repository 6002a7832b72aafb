//! From how matters stand to what people are told, with the reason for each decision.
//!
//! [`crate::incident`] decides; here its decisions get their hold, their name, their
//! receivers and their line of history.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::{AlertRow, Severity};

use super::desk::{Desk, Tally, Turn};
use super::figures::{figure, is_state, lasting, limit};
use super::holds::{Holds, Inhibitor, Subject};
use super::journal::Decided;
use super::matter::{Held, Matter, ToldTo};
use super::measured;
use super::naming::{hash, told};
use super::world::World;
use crate::incident::{Cadence, Decision, Message, Quiet};
use crate::level::Standing;
use crate::notification::{Notification, NotificationKind};
use crate::rule::wording::Wording;
use crate::rule::{Rule, SeverityOf, Trigger};

impl Desk {
    /// Decides for each matter whether people are told.
    pub(super) fn settle(&mut self, holds: &Holds<'_>, turn: &mut Turn<'_>) {
        let Self {
            rule,
            matters,
            tally,
            ..
        } = self;
        for matter in matters.values_mut() {
            let is_idle = matter.standing != Standing::Firing && matter.is_between_episodes();
            if !is_idle {
                let mut teller = Teller { rule, tally, turn };
                teller.settle(matter, holds);
            }
        }
    }

    /// Its matters that may explain others.
    pub(super) fn inhibitors(&self) -> impl Iterator<Item = Inhibitor> {
        let bad = self.matters.values();
        bad.filter(|matter| matter.standing != Standing::Inactive)
            .map(|matter| Inhibitor {
                rule: Arc::clone(&self.rule.id),
                key: Arc::clone(&matter.key),
                labels: matter.labels.clone(),
            })
    }

    /// Its matters for readers.
    pub(super) fn rows(&self) -> impl Iterator<Item = AlertRow> {
        let shown = self.matters.values().filter(|matter| matter.is_shown());
        shown.map(|matter| super::rows::row_of(&self.rule, matter))
    }
}

/// What is said of what comes and goes.
const COMES_AND_GOES: &str = "; it comes and goes: no more is said until it is quiet";

/// Nothing holds it any more, and nothing is said for that: the reason goes with the hold.
fn let_go(matter: &mut Matter, how_it_stands: &str) {
    if matter.held.take().is_some() {
        matter.reason = Arc::from(format!("{}{how_it_stands}", matter.why));
        matter.is_changed = true;
    }
}

/// Tells whoever was told of a matter that it is over, since its rule is gone. That says
/// nothing about the matter, and the message must not be read as if it did.
pub(super) fn say_farewell(rule_id: &str, mut matter: Matter, turn: &mut Turn<'_>) {
    let Some(told) = matter.told.clone() else {
        return;
    };
    let rule = Arc::new(rule_that_was(rule_id, told));
    let why = "its rule was removed or changed: nobody looks at it any more".to_owned();
    matter.words.summary = format!("{} ({why})", matter.words.summary);
    matter.turn_to(Standing::Inactive, why, turn.now.wall);
    let was_escalated = matter.incident.is_escalated();
    let mut teller = Teller {
        rule: &rule,
        tally: &mut Tally::default(),
        turn,
    };
    teller.say(&mut matter, Message::Resolved, was_escalated);
}

/// As much of a rule that is gone as is wanted to say so.
fn rule_that_was(id: &str, told: ToldTo) -> Rule {
    Rule {
        id: Arc::from(id),
        alert: told.alert,
        on: Trigger::Event {
            kinds: Vec::new(),
            reasons: Vec::new(),
        },
        when: None,
        severity: SeverityOf::Is(Severity::Info),
        by: Vec::new(),
        resolve_on: None,
        dedup: Duration::ZERO,
        batch: None,
        cadence: Cadence {
            repeat: None,
            escalate: None,
        },
        receivers: told.receivers,
        escalate_to: told.escalated,
        inhibited_by: Vec::new(),
        is_explained_by_update: false,
        send_resolved: told.sends_resolved,
        summary: Wording::plain(""),
        action: Wording::plain(""),
        runbook: Arc::default(),
        place: Arc::default(),
    }
}

/// Tells of one rule's matters.
struct Teller<'a, 'b> {
    rule: &'a Arc<Rule>,
    tally: &'a mut Tally,
    turn: &'a mut Turn<'b>,
}

impl Teller<'_, '_> {
    fn settle(&mut self, matter: &mut Matter, holds: &Holds<'_>) {
        let subject = Subject {
            rule: &self.rule.id,
            alert: &self.rule.alert,
            severity: matter.severity,
            labels: &matter.labels,
        };
        let held = holds.find(self.rule, subject, &matter.connector, &matter.key);
        if matter.standing == Standing::Firing && matter.is_between_episodes() {
            self.begin_episode(matter);
        }
        let before = matter.incident.clone();
        let decision = matter.incident.step(
            matter.standing,
            held.as_ref().map(Held::hold),
            self.rule.cadence,
            self.turn.now.clock,
        );
        matter.is_changed |= before != matter.incident;
        match decision {
            Decision::Say(message) => self.say(matter, message, before.is_escalated()),
            Decision::Stay(Quiet::Held(_)) => self.hold(matter, held),
            Decision::Stay(Quiet::NeverTold) => self.pass_over(matter),
            Decision::Stay(Quiet::Told) => let_go(matter, "; told already, and held no more"),
            Decision::Stay(Quiet::Flapping) => let_go(matter, COMES_AND_GOES),
            Decision::Stay(Quiet::Pending | Quiet::NoIncident) => let_go(matter, ""),
        }
    }

    fn begin_episode(&mut self, matter: &mut Matter) {
        let cause = matter.cause.take();
        let cause = cause.unwrap_or_else(|| Arc::from(self.turn.book.begin()));
        matter.episode = Arc::from(hash(&[self.turn.agent, &matter.key, &cause]));
        matter.said = 0;
    }

    fn hold(&mut self, matter: &mut Matter, held: Option<Held>) {
        let Some(held) = held.filter(|now| matter.held.as_ref() != Some(now)) else {
            return;
        };
        let before = matter.held.as_ref();
        // A silence that was made longer is still the same.
        let is_news = before.is_none_or(|before| !before.is_same(&held));
        let what = if matter.incident.is_told() {
            "told before, and no more is said"
        } else {
            "not told"
        };
        let reason = format!("{what}: {}", held.reason);
        matter.reason = Arc::from(&*reason);
        matter.held = Some(held);
        matter.is_changed = true;
        if is_news {
            self.note(matter, Decided::Held, reason);
        }
    }

    /// It was over before anybody was told.
    fn pass_over(&mut self, matter: &mut Matter) {
        let held = matter.held.take();
        let why = held.map_or_else(|| "nobody was told".to_owned(), |held| held.reason);
        let reason = format!("over before anybody was told ({why}): {}", matter.why);
        matter.reason = Arc::from(&*reason);
        matter.is_changed = true;
        self.note(matter, Decided::NeverTold, reason);
    }

    fn note(&mut self, matter: &Matter, decided: Decided, reason: String) {
        let about = (&self.rule.id, &matter.key);
        let at = self.turn.now.wall;
        self.turn.journal.note(about, decided, reason, at);
    }

    fn say(&mut self, matter: &mut Matter, message: Message, was_escalated: bool) {
        let (decided, reason) = self.explain(matter, message);
        matter.reason = Arc::from(&*reason);
        matter.is_changed = true;
        if message == Message::Resolved && !self.rule.send_resolved {
            matter.held = None;
            matter.told = None;
            let reason = format!("{reason}; the rule does not tell ends");
            self.note(matter, decided, reason);
            return;
        }
        let first = &self.rule.receivers;
        let second = &self.rule.escalate_to;
        let (first, second) = match message {
            Message::Escalation if !second.is_empty() => (None, Some(second)),
            Message::Reminder | Message::Resolved if was_escalated => (Some(first), Some(second)),
            Message::Firing
            | Message::Flapping
            | Message::Reminder
            | Message::Escalation
            | Message::Resolved => (Some(first), None),
        };
        let second: Option<Vec<Arc<str>>> = second.map(|names| {
            let is_told = |name: &&Arc<str>| first.is_some_and(|told| told.contains(name));
            names
                .iter()
                .filter(|name| !is_told(name))
                .cloned()
                .collect()
        });
        let second = second.filter(|names| !names.is_empty());
        matter.told = (message != Message::Resolved).then(|| ToldTo {
            alert: Arc::clone(&self.rule.alert),
            receivers: self.rule.receivers.clone(),
            escalated: matter
                .told
                .take()
                .map(|told| told.escalated)
                .filter(|names| !names.is_empty())
                .or_else(|| second.clone())
                .unwrap_or_default(),
            sends_resolved: self.rule.send_resolved,
        });
        for receivers in first.cloned().into_iter().chain(second) {
            let said = self.notification(matter, message, receivers);
            self.tally.count(&said.kind);
            self.turn.journal.tell(said, decided, reason.clone());
        }
        matter.held = None;
    }

    /// The word and the reason of what is said.
    fn explain(&self, matter: &Matter, message: Message) -> (Decided, String) {
        let why = &matter.why;
        match message {
            Message::Firing => match &matter.held {
                Some(held) => (
                    Decided::Firing,
                    format!("{why}; held until now: {}", held.reason),
                ),
                None => (Decided::Firing, why.clone()),
            },
            Message::Flapping => (Decided::Flapping, format!("{why}{COMES_AND_GOES}")),
            Message::Reminder => (Decided::Reminder, format!("it lasts: {why}")),
            Message::Escalation => (Decided::Escalation, format!("nobody mended it: {why}")),
            Message::Resolved => (Decided::Resolved, why.clone()),
        }
    }

    fn notification(
        &self,
        matter: &mut Matter,
        message: Message,
        receivers: Vec<Arc<str>>,
    ) -> Notification {
        let kind = NotificationKind::Incident(message);
        matter.said = matter.said.saturating_add(1);
        let said = matter.said.to_string();
        let id = hash(&[
            self.turn.agent,
            &matter.key,
            &matter.episode,
            kind.word(),
            &said,
        ]);
        let now = self.turn.now.wall;
        let is_over = matter.standing == Standing::Inactive;
        Notification {
            id: Arc::from(id),
            thread: Arc::clone(&matter.episode),
            kind,
            rule: Arc::clone(&self.rule.id),
            alert: Arc::clone(&self.rule.alert),
            key: Arc::clone(&matter.key),
            index: matter.index,
            severity: matter.severity,
            receivers,
            labels: told(&matter.labels),
            at: now,
            dated: dated(self.rule, matter, message, now),
            started_at: matter.began_at,
            ended_at: is_over.then_some(matter.since),
            summary: matter.words.summary.clone(),
            action: matter.words.action.clone(),
            runbook: Arc::clone(&self.rule.runbook),
            number: 1,
            facts: facts_of(self.rule, matter, self.turn.world),
            items: Vec::new(),
            log_lines: self.turn.lines.last(&matter.connector),
            faults: matter.words.faults.clone(),
        }
    }
}

/// When it was to be said: it is not what is held back, or said again, that has to be the
/// same after a crash.
fn dated(rule: &Rule, matter: &Matter, message: Message, now: Timestamp) -> Timestamp {
    let due = match message {
        Message::Firing if matter.held.is_none() => {
            let lasting = match &rule.on {
                Trigger::Sample { level, .. } => level.lasting,
                Trigger::Event { .. }
                | Trigger::Rate { .. }
                | Trigger::Absence { .. }
                | Trigger::Update(_) => Duration::ZERO,
            };
            matter.began_at.saturating_add(lasting).unwrap_or(now)
        }
        Message::Resolved => matter.since,
        Message::Firing | Message::Flapping | Message::Reminder | Message::Escalation => now,
    };
    due.min(now)
}

/// The last number of it; once it is over, the one that ended it: what came later is no news.
fn number_of(matter: &Matter) -> Option<f64> {
    let is_bad = matter.standing != Standing::Inactive;
    let last = matter.level.filter(|_| is_bad);
    let last = last.and_then(|state| state.last());
    last.map(|(_, number)| number).or(matter.number)
}

/// What the reader wants to know of it, in the order of reading.
fn facts_of(rule: &Rule, matter: &Matter, world: &World<'_>) -> Vec<(Arc<str>, String)> {
    let mut facts: Vec<(Arc<str>, String)> = match &rule.on {
        Trigger::Sample { signal, .. } => measured::facts(*signal, &matter.labels, world),
        Trigger::Event { .. }
        | Trigger::Rate { .. }
        | Trigger::Absence { .. }
        | Trigger::Update(_) => Vec::new(),
    };
    let mut fact = |name: &str, value: String| facts.push((Arc::from(name), value));
    match &rule.on {
        Trigger::Sample {
            signal,
            view,
            level,
            ..
        } => {
            // That a state holds is said already.
            if !is_state(*signal) {
                if let Some(number) = number_of(matter) {
                    fact("value", figure(*signal, *view, number));
                }
                fact("limit", limit(*signal, *view, level));
            }
            if !level.lasting.is_zero() {
                fact("for", lasting(level.lasting));
            }
        }
        Trigger::Absence { until, within, .. } => {
            let kinds: Vec<&str> = until.iter().map(|kind| kind.name()).collect();
            fact("awaited", kinds.join(", "));
            fact("within", lasting(*within));
        }
        Trigger::Event { .. } | Trigger::Rate { .. } | Trigger::Update(_) => {}
    }
    if matter.standing == Standing::Inactive {
        fact("over", matter.why.clone());
    }
    if 0 < matter.more {
        fact("more like it", matter.more.to_string());
    }
    if let Some(held) = &matter.held {
        fact("held until now", held.reason.clone());
    }
    facts.extend(matter.words.facts.iter().cloned());
    facts
}
