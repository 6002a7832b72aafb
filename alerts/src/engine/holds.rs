//! What holds a message back: silences, maintenance windows, a running update, another
//! alert.
//!
//! Decided anew at each step, so that what outlives its hold is told then. An alert that is
//! pending holds as one that fires does: the cause often takes longer to be sure of than
//! its effects, and they would all be told before it.

use std::sync::Arc;

use jiff::Timestamp;
use model::alert::{Severity, Silence};
use model::untrusted::printable;

use super::figures::moment;
use super::matter::{Held, Holder};
use super::naming::Labels;
use super::{Beginning, EnginePlan, MaintenanceWindow};
use crate::rule::Rule;

/// What holds at one moment.
pub(super) struct Holds<'a> {
    silences: Vec<&'a Silence>,
    windows: Vec<&'a MaintenanceWindow>,
    inhibitors: Vec<Inhibitor>,
    explains: &'a dyn Fn(&str) -> Option<Arc<str>>,
}

/// An alert that may explain others.
pub(super) struct Inhibitor {
    /// Its rule.
    pub(super) rule: Arc<str>,
    /// Its key.
    pub(super) key: Arc<str>,
    /// Its labels.
    pub(super) labels: Labels,
}

/// What may be held.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The rule's id.
    pub(super) rule: &'a str,
    /// The type of alert.
    pub(super) alert: &'a str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// What it is about.
    pub(super) labels: &'a Labels,
}

impl<'a> Holds<'a> {
    /// What holds at `now`. `explains` names the running update of a connector, or of any if
    /// the name is empty: a host is busy with the update of whatever it carries.
    pub(super) fn at(
        plan: &'a EnginePlan,
        silences: impl Iterator<Item = &'a Silence>,
        inhibitors: Vec<Inhibitor>,
        explains: &'a dyn Fn(&str) -> Option<Arc<str>>,
        now: Timestamp,
    ) -> Self {
        let in_force = |silence: &&Silence| silence.from <= now && now < silence.until;
        let windows = plan.maintenance.iter();
        Self {
            silences: silences.filter(in_force).collect(),
            windows: windows.filter(|window| window.is_open(now)).collect(),
            inhibitors,
            explains,
        }
    }

    /// What holds an alert of a rule that is about a connector.
    pub(super) fn find(
        &self,
        rule: &Rule,
        subject: Subject<'_>,
        connector: &str,
        key: &str,
    ) -> Option<Held> {
        self.find_planned(subject)
            .or_else(|| {
                let wanted = rule.is_explained_by_update;
                let run = wanted.then(|| (self.explains)(connector)).flatten()?;
                Some(Held {
                    by: Holder::Update,
                    reason: format!("an update runs that explains it: {run}"),
                    name: run,
                })
            })
            .or_else(|| self.find_inhibitor(rule, subject, key))
    }

    /// What somebody planned: a silence or a maintenance window.
    pub(super) fn find_planned(&self, subject: Subject<'_>) -> Option<Held> {
        self.silence_of(subject)
            .or_else(|| self.window_of(subject, |_| true))
    }

    /// What holds a mail about an update back: a silence, or a maintenance window that
    /// names it. One that holds everything is often there for the update's sake.
    pub(super) fn find_for_update(&self, subject: Subject<'_>) -> Option<Held> {
        self.silence_of(subject)
            .or_else(|| self.window_of(subject, |window| !window.matchers.is_empty()))
    }

    fn silence_of(&self, subject: Subject<'_>) -> Option<Held> {
        let silence = self.silences.iter();
        let silence = silence
            .copied()
            .find(|one| matches(&one.matchers, subject))?;
        Some(Held {
            by: Holder::Silence,
            name: Arc::clone(&silence.id),
            reason: format!(
                "silence {} of {} until {}: {}",
                silence.id,
                printable(&silence.who),
                moment(silence.until),
                printable(&silence.why)
            ),
        })
    }

    fn window_of(
        &self,
        subject: Subject<'_>,
        counts: impl Fn(&MaintenanceWindow) -> bool,
    ) -> Option<Held> {
        let mut windows = self.windows.iter().filter(|window| counts(window));
        let window = windows.find(|one| matches(&one.matchers, subject))?;
        Some(Held {
            by: Holder::Maintenance,
            name: Arc::clone(&window.name),
            reason: format!("maintenance {}", window.name),
        })
    }

    fn find_inhibitor(&self, rule: &Rule, subject: Subject<'_>, key: &str) -> Option<Held> {
        let explains = |one: &&Inhibitor| {
            &*one.key != key
                && rule.inhibited_by.iter().any(|inhibition| {
                    inhibition.rule == one.rule
                        && inhibition.equal.iter().all(|name| {
                            value_of(&one.labels, name) == value_of(subject.labels, name)
                        })
                })
        };
        let found = self.inhibitors.iter().find(explains)?;
        Some(Held {
            by: Holder::Alert,
            name: Arc::clone(&found.key),
            reason: format!("{} explains it", found.key),
        })
    }
}

impl MaintenanceWindow {
    /// Whether alerts are held at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let began = match &self.begins {
            Beginning::At(at) => Some(*at),
            Beginning::By(schedule) => {
                let before = now.saturating_sub(self.lasts).unwrap_or(Timestamp::MIN);
                schedule.next_after(before).map(|start| start.at)
            }
        };
        began.is_some_and(|at| {
            let end = at.saturating_add(self.lasts).unwrap_or(Timestamp::MAX);
            at <= now && now < end
        })
    }
}

/// Whether an alert has all these values. `rule`, `alert` and `severity` are labels here.
fn matches(matchers: &[(Arc<str>, Arc<str>)], subject: Subject<'_>) -> bool {
    matchers.iter().all(|(name, wanted)| {
        let value = match &**name {
            "rule" => Some(subject.rule),
            "alert" => Some(subject.alert),
            "severity" => Some(subject.severity.name()),
            label => value_of(subject.labels, label),
        };
        value.is_some_and(|value| fits(wanted, value))
    })
}

/// Whether a label's value is the one that a matcher of a silence or a window wants, in which
/// a `*` at the end stands for any rest.
pub fn fits(wanted: &str, value: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(head) => value.starts_with(head),
        None => value == wanted,
    }
}

fn value_of<'a>(labels: &'a Labels, name: &str) -> Option<&'a str> {
    let label = labels.iter().find(|(known, _)| &**known == name);
    label.map(|(_, value)| &**value)
}
