//! What events do to rules: they begin alerts, end them, and are waited for.
//!
//! An event that is too old begins nothing, but it may still end something. One that ends
//! an alert is looked for only if it does not begin one: a state that changed for the worse
//! is not also its own end.

use std::sync::Arc;

use jiff::Timestamp;
use model::event::{EventKind, Reason};
use model::snapshot::RecentEvent;

use super::desk::{Desk, Part, Turn, happened_at};
use super::figures::lasting;
use super::journal::Decided;
use super::matter::Awaited;
use super::naming::{identity_of, key_of, labels_of};
use crate::level::Standing;
use crate::rule::{ResolveOn, Trigger};

impl Desk {
    /// Takes an event in, of whatever kind.
    pub(super) fn take_event(&mut self, event: &RecentEvent, turn: &mut Turn<'_>) {
        let rule = Arc::clone(&self.rule);
        match &rule.on {
            Trigger::Event { kinds, reasons } => {
                if is_one_of(event, kinds, reasons) && self.begins(event, turn) {
                    return;
                }
                if let Some(end) = &rule.resolve_on {
                    self.end_by(end, event, turn);
                }
            }
            Trigger::Absence {
                after,
                until,
                within,
            } => {
                if until.contains(&event.event.key.kind) {
                    self.came(event, turn);
                }
                if let Some(end) = &rule.resolve_on {
                    self.end_by(end, event, turn);
                }
                if after.contains(&event.event.key.kind) {
                    self.wait_for(event, *within, turn);
                }
            }
            Trigger::Rate { .. } | Trigger::Sample { .. } | Trigger::Update(_) => {}
        }
    }

    /// Whether an event of the rule's kind begins an alert, or is told.
    fn begins(&mut self, event: &RecentEvent, turn: &mut Turn<'_>) -> bool {
        let rule = Arc::clone(&self.rule);
        let asked = self.ask(rule.when.as_ref(), &event.connector, Some(event), turn);
        if asked == Ok(false) {
            return false;
        }
        let at = happened_at(event, turn.now.wall);
        if self.is_too_old(at, turn) {
            return true;
        }
        // A filter that fails hides nothing: it is told, with what failed.
        let fault = asked.err();
        if matches!(self.part, Part::Notices(_)) {
            self.take_notice(event, fault, turn);
        } else {
            self.fire_by(event, fault, turn);
        }
        true
    }

    fn fire_by(&mut self, event: &RecentEvent, fault: Option<String>, turn: &mut Turn<'_>) {
        let labels = labels_of(event, &self.rule.by);
        let key = key_of(&self.rule.id, &labels);
        let at = happened_at(event, turn.now.wall);
        let Some(matter) = self.open(&key, &labels, turn) else {
            return;
        };
        matter.connector = Arc::clone(&event.connector);
        if matter.standing == Standing::Firing {
            matter.more = matter.more.saturating_add(1);
            matter.is_changed = true;
            return;
        }
        let cause = identity_of(event);
        let cause = cause.unwrap_or_else(|| turn.book.begin());
        self.word(&key, Some(event), turn);
        if let Some(worded) = self.matters.get_mut(&key) {
            worded.cause = Some(Arc::from(cause));
            worded.words.faults.extend(fault);
            worded.turn_to(Standing::Firing, told_by(event), at);
        }
    }

    /// Ends the alerts about the event's connector, if it is an end of them.
    fn end_by(&mut self, end: &ResolveOn, event: &RecentEvent, turn: &mut Turn<'_>) {
        if !is_one_of(event, &end.kinds, &[]) {
            return;
        }
        let is_about_it = self.matters.values().any(|matter| {
            matter.standing == Standing::Firing && matter.connector == event.connector
        });
        // An end that cannot be told from none is none: the alert stays.
        if is_about_it
            && self.ask(end.when.as_ref(), &event.connector, Some(event), turn) == Ok(true)
        {
            self.end_all(event, turn);
        }
    }

    /// What is waited for came.
    fn came(&mut self, event: &RecentEvent, turn: &mut Turn<'_>) {
        for matter in self.matters.values_mut() {
            if matter.connector == event.connector && matter.awaited.take().is_some() {
                matter.is_changed = true;
            }
        }
        self.end_all(event, turn);
    }

    fn end_all(&mut self, event: &RecentEvent, turn: &mut Turn<'_>) {
        let at = happened_at(event, turn.now.wall);
        let rule = &self.rule.id;
        for matter in self.matters.values_mut() {
            if matter.standing != Standing::Firing || matter.connector != event.connector {
                continue;
            }
            matter.turn_to(Standing::Inactive, told_by(event), at.max(matter.began_at));
            if matter.is_between_episodes() {
                let reason = format!("began and ended between two looks: {}", matter.why);
                let about = (rule, &matter.key);
                turn.journal
                    .note(about, Decided::NeverTold, reason, turn.now.wall);
            }
        }
    }

    fn wait_for(&mut self, event: &RecentEvent, within: std::time::Duration, turn: &mut Turn<'_>) {
        let rule = Arc::clone(&self.rule);
        let asked = self.ask(rule.when.as_ref(), &event.connector, Some(event), turn);
        let at = happened_at(event, turn.now.wall);
        if asked == Ok(false) || self.is_too_old(at, turn) {
            return;
        }
        let by_connector = [Arc::from("connector")];
        let by: &[Arc<str>] = if rule.by.is_empty() {
            &by_connector
        } else {
            &rule.by
        };
        let labels = labels_of(event, by);
        let key = key_of(&rule.id, &labels);
        let until = until_of(at, within, turn);
        let Some(matter) = self.open(&key, &labels, turn) else {
            return;
        };
        matter.connector = Arc::clone(&event.connector);
        // The first of several counts, or who asks again and again would never be told.
        if matter.standing == Standing::Firing || matter.awaited.is_some() {
            return;
        }
        matter.awaited = Some(Awaited { until, since: at });
        matter.is_changed = true;
        let cause = identity_of(event).map(Arc::from);
        self.word(&key, Some(event), turn);
        if let Some(worded) = self.matters.get_mut(&key) {
            worded.cause = cause;
            worded.words.faults.extend(asked.err());
        }
    }

    /// What did not come in time.
    pub(super) fn step_absences(&mut self, turn: &Turn<'_>) {
        let rule = Arc::clone(&self.rule);
        let Trigger::Absence { until, within, .. } = &rule.on else {
            return;
        };
        for matter in self.matters.values_mut() {
            let overdue = matter.awaited.filter(|one| one.until <= turn.now.clock);
            let Some(awaited) = overdue else {
                continue;
            };
            matter.awaited = None;
            let kinds: Vec<&str> = until.iter().map(|kind| kind.name()).collect();
            let why = format!("no {} within {}", kinds.join(" or "), lasting(*within));
            matter.turn_to(Standing::Firing, why, turn.now.wall);
            matter.began_at = awaited.since;
        }
    }
}

fn is_one_of(event: &RecentEvent, kinds: &[EventKind], reasons: &[Reason]) -> bool {
    let key = &event.event.key;
    kinds.contains(&key.kind) && (reasons.is_empty() || reasons.contains(&key.reason))
}

/// The engine's clock at the end of a time that began when an event happened.
fn until_of(at: Timestamp, within: std::time::Duration, turn: &Turn<'_>) -> std::time::Duration {
    let passed = turn.now.wall.duration_since(at);
    let passed = std::time::Duration::try_from(passed).unwrap_or_default();
    let rest = within.saturating_sub(passed);
    turn.now.clock.saturating_add(rest)
}

/// That an event told something, for people.
fn told_by(event: &RecentEvent) -> String {
    let key = &event.event.key;
    let mut why = key.kind.name().to_owned();
    if !key.reason.is_none() {
        why.push_str(" (");
        why.push_str(key.reason.as_str());
        why.push(')');
    }
    if !event.connector.is_empty() {
        why.push_str(" of ");
        why.push_str(&super::naming::bounded(&event.connector));
    }
    why
}
