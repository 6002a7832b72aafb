//! Update runs inside the engine: from events and the picture to notifications by the
//! rules on updates.
//!
//! [`crate::updates`] says what is to be told; here it becomes sentences, columns and
//! receivers, as the rules with [`Trigger::Update`] want it. A kind for which there is no
//! rule is history and no mail. What we judge ourselves, since no line said it, is an
//! event too, under a name that no log can have ([`JUDGED`]).
//!
//! Silences are the engine's: [`publish`] asks for them.

mod columns;
mod publish;
mod say;
mod tell;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::connector::ConnectorKind;
use model::event::{Event, EventKey, EventKind};
use model::snapshot::RecentEvent;

pub(super) use self::publish::publish;
use super::lines::Lines;
use super::naming::bounded;
use super::world::World;
use super::{Decided, EnginePlan, EngineTime, Output};
use crate::facts::{ConnectorFacts, Facts};
use crate::kept::StoredValue;
use crate::profile::{Profile, releases_behind};
use crate::rule::{Rule, Trigger};
use crate::run::{Outcome, Report};
use crate::updates::{Reading, RunId, UpdateAlert, Updates};

/// The source of events that are our own judgement: no log can be called so.
pub const JUDGED: &str = "judged:update";

/// What a step works with.
pub(super) struct Look<'a> {
    /// The picture.
    pub(super) facts: &'a dyn Facts,
    /// The same, as conditions ask about it.
    pub(super) world: &'a World<'a>,
    /// The last lines of the logs.
    pub(super) lines: &'a Lines,
    /// The present.
    pub(super) now: EngineTime,
}

/// Update runs, and what is said of them.
#[derive(Debug, Default)]
pub(super) struct UpdateDesk {
    plan: EnginePlan,
    updates: Updates,
    /// What the picture last said of each connector.
    seen: BTreeMap<Arc<str>, Seen>,
    /// Reports that were too old to be told since the last step, by member.
    too_old: BTreeMap<Arc<str>, (u64, Timestamp)>,
    /// Values in the store that nobody can read any more.
    unreadable: BTreeSet<Arc<str>>,
    output: Output,
}

/// A connector as the picture showed it last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    kind: ConnectorKind,
    is_tunnel_up: bool,
    version: Option<Arc<str>>,
    is_silent: bool,
    heard_at: Option<Timestamp>,
}

impl UpdateDesk {
    /// Begins where an earlier one ended, with what it gave to the store. Values of others
    /// are passed over.
    pub(super) fn open(plan: &EnginePlan, restored: &[(Arc<str>, Vec<u8>)]) -> Self {
        let mut updates = Updates::new(plan.profiles.clone());
        let own = restored.iter().filter(|(name, _)| Updates::is_own(name));
        let unreadable = own
            .filter(|(name, value)| !updates.restore(name, value))
            .map(|(name, _)| Arc::clone(name))
            .collect();
        Self {
            plan: plan.clone(),
            updates,
            unreadable,
            ..Self::default()
        }
    }

    /// Whether a value in the store is one of update runs.
    pub(super) fn is_own(key: &str) -> bool {
        Updates::is_own(key)
    }

    /// Puts another plan in force.
    pub(super) fn change(&mut self, plan: &EnginePlan) {
        self.updates.set_profiles(plan.profiles.clone());
        self.plan = plan.clone();
    }

    /// Takes in an event. What concerns neither updates nor tunnels is passed over.
    pub(super) fn take_event(&mut self, event: &RecentEvent, look: &Look<'_>) {
        if &*event.log == JUDGED {
            return;
        }
        let Some(report) = report_of(event) else {
            return;
        };
        let at = event.event.time.unwrap_or(event.read_at);
        let is_before_start = self.plan.quiet_before.is_some_and(|start| at < start);
        let concerns_update = matches!(report, Report::Started | Report::Ended(_));
        if is_before_start && concerns_update {
            self.pass_over(&event.connector, at);
            return;
        }
        if concerns_update {
            self.updates.set_publishers(publishers(look));
        }
        let told = self.updates.take(&event.connector, &report, at, look.now);
        for one in told {
            self.tell(one, look);
        }
    }

    /// One step on the present picture.
    pub(super) fn step(&mut self, look: &Look<'_>) {
        let mut seen: Vec<(Arc<str>, Option<Arc<str>>, Seen)> = Vec::new();
        look.facts.connectors(&mut |one| seen.push(look_at(one)));
        self.updates.set_publishers(publishers(look));
        for (name, stitcher, one) in seen {
            if let Some(stitcher) = stitcher.filter(|_| one.is_tunnel_up) {
                self.updates.meet(&name, &stitcher);
            }
            self.compare(&name, &one, look);
            self.seen.insert(name, one);
        }
        self.see_who_never_fell(look);
        let reading = if look.facts.is_caught_up() {
            Reading::CaughtUp
        } else {
            Reading::Behind
        };
        for told in self.updates.tick(look.now, reading) {
            self.tell(told, look);
        }
        self.note_passed_over(look.now);
    }

    /// What was decided since it was asked last.
    pub(super) fn take_output(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// What explains that a connector is away or busy, in words for people; `None` if no
    /// update does.
    pub(super) fn explains(&self, connector: &str, now: EngineTime) -> Option<String> {
        let run = self.updates.explains(connector, now)?;
        let moment = words::moment(run.start, self.zone_of(run));
        Some(format!("update of {} from {moment} on", run.profile))
    }

    /// When profiles' next scheduled updates begin; `None` for none.
    pub(super) fn scheduled(&self, now: EngineTime) -> Vec<(Arc<str>, Option<Timestamp>)> {
        let profiles = self.plan.profiles.iter();
        profiles
            .map(|profile| {
                let schedule = profile.schedule.as_ref().filter(|_| profile.is_enabled);
                let next = schedule.and_then(|schedule| schedule.next_after(now.wall));
                (Arc::clone(&profile.name), next.map(|start| start.at))
            })
            .collect()
    }

    /// How many newer releases than its own there are, of Publishers of which it is known.
    pub(super) fn releases_behind(&self) -> Vec<(Arc<str>, u32)> {
        let seen = self.seen.iter();
        seen.filter(|(_, seen)| seen.kind == ConnectorKind::NetskopePublisher)
            .filter_map(|(name, seen)| {
                let behind = releases_behind(&self.plan.releases, seen.version.as_deref()?)?;
                Some((Arc::clone(name), behind))
            })
            .collect()
    }

    /// What changed since the last commit.
    pub(super) fn uncommitted(&self) -> Vec<StoredValue> {
        let gone = self.unreadable.iter().map(|name| (Arc::clone(name), None));
        gone.chain(self.updates.uncommitted()).collect()
    }

    /// The store has everything that [`Self::uncommitted`] told.
    pub(super) fn mark_committed(&mut self) {
        self.unreadable.clear();
        self.updates.mark_committed();
    }

    /// No store has any of it.
    pub(super) fn mark_uncommitted(&mut self) {
        self.updates.mark_uncommitted();
    }

    /// The rules that tell of this kind, in their order.
    fn rules_on(&self, alert: UpdateAlert) -> Vec<Arc<Rule>> {
        let rules = self.plan.rules.rules.iter();
        rules
            .filter(|rule| rule.on == Trigger::Update(alert))
            .cloned()
            .collect()
    }

    fn zone_of(&self, run: &RunId) -> Option<&TimeZone> {
        let schedule = self.profile_of(run)?.schedule.as_ref();
        schedule.map(|schedule| &schedule.zone)
    }

    fn profile_of(&self, run: &RunId) -> Option<&Profile> {
        let mut profiles = self.plan.profiles.iter();
        profiles.find(|profile| profile.name == run.profile)
    }

    /// What is new in the picture since the last step, of what no event tells.
    fn compare(&mut self, name: &Arc<str>, seen: &Seen, look: &Look<'_>) {
        let before = self.seen.get(name);
        let is_other_version = before.is_none_or(|before| before.version != seen.version);
        let is_news_of_silence = seen.is_silent && before.is_none_or(|before| !before.is_silent);
        if let Some(version) = seen.version.clone().filter(|_| is_other_version) {
            self.report(name, &Report::Version(version), look);
        }
        if is_news_of_silence {
            self.report(name, &Report::Silent, look);
        }
    }

    /// Whose tunnel is up though no line told of a connect since the update began.
    fn see_who_never_fell(&mut self, look: &Look<'_>) {
        for (member, started_at) in self.updates.to_be_judged(look.now) {
            let is_up = self.seen.get(&member).is_some_and(|seen| {
                let was_heard = seen.heard_at.is_some_and(|at| started_at < at);
                seen.is_tunnel_up && !seen.is_silent && was_heard
            });
            if is_up {
                self.report(&member, &Report::StillUp, look);
            }
        }
    }

    fn report(&mut self, member: &Arc<str>, report: &Report, look: &Look<'_>) {
        let now = look.now;
        for told in self.updates.take(member, report, now.wall, now) {
            self.tell(told, look);
        }
    }

    fn pass_over(&mut self, member: &Arc<str>, at: Timestamp) {
        let (count, latest) = self.too_old.entry(Arc::clone(member)).or_insert((0, at));
        *count = count.saturating_add(1);
        *latest = at.max(*latest);
    }
}

/// What an event says of an update; `None` if nothing.
fn report_of(event: &RecentEvent) -> Option<Report> {
    let reason = || event.event.key.reason.clone();
    match event.event.key.kind {
        EventKind::UpdateStarted => Some(Report::Started),
        EventKind::UpdateSucceeded => Some(Report::Ended(Outcome::Succeeded)),
        EventKind::UpdateFailed => Some(Report::Ended(Outcome::Failed(reason()))),
        EventKind::UpdateSkipped => Some(Report::Ended(Outcome::Skipped(reason()))),
        EventKind::UpdateReconnectFailed => Some(Report::Ended(Outcome::ReconnectFailed(reason()))),
        EventKind::TunnelConnected => {
            let stitcher = event
                .event
                .field("stitcher")
                .map(|told| name_of(told.expose()));
            Some(Report::Connected(stitcher.filter(|name| !name.is_empty())))
        }
        EventKind::TunnelDisconnected => Some(Report::Disconnected),
        _ => None,
    }
}

/// The event that a judgement is.
fn event_of(member: &Arc<str>, key: EventKey, at: Timestamp, now: Timestamp) -> RecentEvent {
    RecentEvent {
        connector: Arc::clone(member),
        log: Arc::from(JUDGED),
        file: Arc::default(),
        offset: 0,
        read_at: now,
        event: Event {
            key,
            time: Some(at),
            fields: Vec::new(),
        },
        line: None,
    }
}

/// The event that tells of an outcome.
fn key_of(outcome: &Outcome) -> EventKey {
    let (kind, reason) = match outcome {
        Outcome::Succeeded => (EventKind::UpdateSucceeded, None),
        Outcome::Failed(reason) => (EventKind::UpdateFailed, Some(reason)),
        Outcome::Skipped(reason) => (EventKind::UpdateSkipped, Some(reason)),
        Outcome::ReconnectFailed(reason) => (EventKind::UpdateReconnectFailed, Some(reason)),
    };
    EventKey {
        kind,
        reason: reason.cloned().unwrap_or_default(),
    }
}

/// The Publishers in the picture.
fn publishers(look: &Look<'_>) -> BTreeSet<Arc<str>> {
    let mut names = BTreeSet::new();
    look.facts.connectors(&mut |one| {
        if one.kind == ConnectorKind::NetskopePublisher {
            names.insert(Arc::from(one.name));
        }
    });
    names
}

fn look_at(one: ConnectorFacts<'_>) -> (Arc<str>, Option<Arc<str>>, Seen) {
    let seen = Seen {
        kind: one.kind,
        is_tunnel_up: one.is_tunnel_up,
        version: one.version.map(name_of),
        is_silent: one.is_silent,
        heard_at: one.heard_at,
    };
    (Arc::from(one.name), one.stitcher.map(name_of), seen)
}

/// A text from a log as it is kept: printable, and not for ever.
fn name_of(text: &str) -> Arc<str> {
    Arc::from(&*bounded(text))
}

#[cfg(test)]
mod tests;
