//! What is wrong with the agent itself, as far as the writer knows.
//!
//! Some faults hold as long as their cause does; what happens in a moment holds for
//! [`FAULT_LASTS`] after the last time, so that rules and people have a chance to see it;
//! what a restart mends nothing of ([`KEPT`]) also over one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::alert::AgentFault;
use model::log::LossCause;
use model::snapshot::{OutboxSnapshot, Snapshot};

use crate::clock::Moment;

/// How long a fault of a moment is shown.
pub const FAULT_LASTS: Duration = Duration::from_secs(15 * 60);

/// How long a message may wait before that is a fault.
const OUTBOX_AGE_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How far the wall clock may go from the steady one between two looks: time services
/// slew, and a machine under load looks late.
const CLOCK_STEP_MAX: Duration = Duration::from_secs(60);

/// Faults of a moment that a restart mends nothing of: they are shown as long after it as
/// without it.
const KEPT: &[AgentFault] = &[
    AgentFault::OutboxFull,
    AgentFault::DeliveryDead,
    AgentFault::LogLost,
    AgentFault::EventsSkipped,
];

/// How the keys of their rows begin, among the rows of alerts' states.
const PREFIX: &str = "fault/";

/// Watches for faults.
#[derive(Debug, Default)]
pub(super) struct FaultWatch {
    /// Until when a fault of a moment is shown, on the monotonic clock.
    moments: BTreeMap<AgentFault, Duration>,
    /// When those of [`KEPT`] came last.
    kept: BTreeMap<AgentFault, Timestamp>,
    /// Of them, those that no store has.
    uncommitted: BTreeSet<AgentFault>,
    /// Receivers whose settings were refused last, until something reaches them.
    misconfigured: BTreeSet<Arc<str>>,
    is_store_refusing: bool,
    is_reload_refused: bool,
    has_rule_failed: bool,
    looked_at: Option<Moment>,
    /// Bytes that logs had lost at the last look; `None` after a change of logs.
    lost_bytes: Option<u64>,
}

impl FaultWatch {
    /// Takes its rows out of `states`, and goes on showing what is not long ago.
    pub(super) fn open(states: &mut Vec<(Arc<str>, Vec<u8>)>, now: Moment) -> Self {
        let mut watch = Self::default();
        states.retain(|(key, value)| {
            let Some(word) = key.strip_prefix(PREFIX) else {
                return true;
            };
            let fault = KEPT.iter().find(|fault| fault.name() == word);
            let at = std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok());
            if let (Some(fault), Some(at)) = (fault, at) {
                watch.go_on_showing(*fault, at, now);
            }
            false
        });
        watch
    }

    fn go_on_showing(&mut self, fault: AgentFault, at: Timestamp, now: Moment) {
        // A clock that was set back since then makes it no longer than it is for others.
        let age = now.timestamp().duration_since(at).max(SignedDuration::ZERO);
        let rest = FAULT_LASTS.saturating_sub(age.unsigned_abs());
        let until = now.monotonic.saturating_add(rest);
        self.moments.insert(fault, until);
        self.kept.insert(fault, at);
    }

    /// What changed since the last commit, as rows of alerts' states.
    pub(super) fn uncommitted(&self) -> impl Iterator<Item = (Arc<str>, Option<Vec<u8>>)> {
        self.uncommitted.iter().map(|fault| {
            let at = self.kept.get(fault);
            let key = format!("{PREFIX}{}", fault.name());
            (Arc::from(key), at.map(|at| at.to_string().into_bytes()))
        })
    }

    /// The store has all of them.
    pub(super) fn mark_committed(&mut self) {
        self.uncommitted.clear();
    }

    /// No store has any of them.
    pub(super) fn mark_uncommitted(&mut self) {
        self.uncommitted.extend(self.kept.keys());
    }

    /// Something went wrong at `now`.
    pub(super) fn note(&mut self, fault: AgentFault, now: Moment) {
        let until = now.monotonic.saturating_add(FAULT_LASTS);
        self.moments.insert(fault, until);
        if KEPT.contains(&fault) {
            self.kept.insert(fault, now.timestamp());
            self.uncommitted.insert(fault);
        }
    }

    pub(super) const fn set_store_refuses(&mut self, refuses: bool) {
        self.is_store_refusing = refuses;
    }

    pub(super) const fn set_reload_refused(&mut self, refused: bool) {
        self.is_reload_refused = refused;
    }

    pub(super) const fn set_rule_fault(&mut self, has_failed: bool) {
        self.has_rule_failed = has_failed;
    }

    /// Other logs are watched from now on.
    pub(super) const fn forget_logs(&mut self) {
        self.lost_bytes = None;
    }

    /// What came of an attempt at delivery.
    pub(super) fn note_result(&mut self, receiver: &Arc<str>, result: &str) {
        match result {
            "misconfigured" => drop(self.misconfigured.insert(Arc::clone(receiver))),
            "sent" => drop(self.misconfigured.remove(receiver)),
            _ => {}
        }
    }

    /// Only these receivers are in force.
    pub(super) fn keep_receivers(&mut self, receivers: &[Arc<str>]) {
        self.misconfigured.retain(|name| receivers.contains(name));
    }

    /// Looks at the clocks and the logs.
    pub(super) fn look(&mut self, snapshot: &Snapshot, now: Moment) {
        let last = self.looked_at.replace(now);
        if let Some(step) = last.and_then(|last| clock_step(last, now)) {
            self.note(AgentFault::ClockJump, now);
            let seconds = step.as_secs();
            tracing::warn!(seconds, "the wall clock jumped");
        }
        let lost = lost_bytes(snapshot);
        if self.lost_bytes.is_some_and(|before| before < lost) {
            self.note(AgentFault::LogLost, now);
        }
        self.lost_bytes = Some(lost);
    }

    /// All faults, and whether each is there.
    pub(super) fn all(
        &self,
        snapshot: &Snapshot,
        outbox: OutboxSnapshot,
        now: Moment,
    ) -> Vec<(AgentFault, bool)> {
        let is_there = |fault: AgentFault| match fault {
            AgentFault::Store => self.is_store_refusing,
            AgentFault::OutboxAge => is_old(outbox.oldest_at, now.timestamp()),
            AgentFault::MailConfig => !self.misconfigured.is_empty(),
            AgentFault::Reload => self.is_reload_refused,
            AgentFault::Rule => self.has_rule_failed,
            AgentFault::LogUnreadable => is_log_unreadable(snapshot),
            AgentFault::OutboxFull
            | AgentFault::DeliveryDead
            | AgentFault::Template
            | AgentFault::ClockJump
            | AgentFault::LogLost
            | AgentFault::EventsSkipped => self.is_recent(fault, now),
        };
        let faults = AgentFault::ALL.iter();
        faults.map(|fault| (*fault, is_there(*fault))).collect()
    }

    fn is_recent(&self, fault: AgentFault, now: Moment) -> bool {
        let until = self.moments.get(&fault);
        until.is_some_and(|until| now.monotonic < *until)
    }
}

fn is_old(oldest_at: Option<Timestamp>, now: Timestamp) -> bool {
    oldest_at.is_some_and(|at| OUTBOX_AGE_MAX < now.duration_since(at))
}

/// How far the wall clock went from the steady one, back if negative; `None` for what a
/// time service or a loaded machine may do.
fn clock_step(before: Moment, now: Moment) -> Option<SignedDuration> {
    let steady = now.monotonic.saturating_sub(before.monotonic);
    let steady = SignedDuration::try_from(steady).unwrap_or(SignedDuration::MAX);
    let wall = now.timestamp().duration_since(before.timestamp());
    let step = wall.saturating_sub(steady);
    (CLOCK_STEP_MAX < step.unsigned_abs()).then_some(step)
}

/// A file that is no log at all is none that cannot be read.
fn is_log_unreadable(snapshot: &Snapshot) -> bool {
    let mut logs = snapshot.connectors.iter().flat_map(|one| &one.logs);
    logs.any(|log| log.unreadable.iter().any(|file| !file.is_refused))
}

/// Of what was there and could not be read; what a log should not hold is no loss.
fn lost_bytes(snapshot: &Snapshot) -> u64 {
    let is_loss = |cause: LossCause| match cause {
        LossCause::Truncated
        | LossCause::Removed
        | LossCause::TailLost
        | LossCause::Undecodable => true,
        LossCause::Oversize | LossCause::NulRun => false,
    };
    let logs = snapshot.connectors.iter().flat_map(|one| &one.logs);
    logs.flat_map(|log| &log.lost_bytes)
        .filter(|(cause, _)| is_loss(*cause))
        .fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::metrics::sample::{healthy, snapshot, troubled};

    fn moment(monotonic: u64, wall: u64) -> Moment {
        Moment {
            monotonic: Duration::from_secs(monotonic),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000 + wall),
        }
    }

    fn there(watch: &FaultWatch, snapshot: &Snapshot, now: Moment) -> Vec<AgentFault> {
        let all = watch.all(snapshot, OutboxSnapshot::default(), now);
        assert_eq!(all.len(), AgentFault::ALL.len());
        let there = all.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(fault, _)| fault).collect()
    }

    #[test]
    fn a_clock_that_is_put_forward_or_back_is_a_fault_for_a_while() {
        let calm = Snapshot::default();
        for wall in [4_000, -4_000_i64] {
            let mut watch = FaultWatch::default();
            watch.look(&calm, moment(0, 5_000));
            watch.look(&calm, moment(50, 5_099));
            assert!(there(&watch, &calm, moment(50, 5_099)).is_empty());
            let jumped = 5_099_u64.checked_add_signed(wall).unwrap();
            watch.look(&calm, moment(51, jumped));
            let faults = there(&watch, &calm, moment(52, jumped));
            assert_eq!(faults, [AgentFault::ClockJump]);
            let step = clock_step(moment(50, 5_099), moment(51, jumped)).unwrap();
            assert_eq!(step.as_secs(), wall - 1);
            assert!(there(&watch, &calm, moment(51 + 900, jumped)).is_empty());
        }
    }

    #[test]
    fn a_dead_delivery_is_a_fault_for_a_quarter_of_an_hour_also_over_a_restart() {
        let calm = Snapshot::default();
        let mut first = FaultWatch::default();
        first.note(AgentFault::DeliveryDead, moment(5_000, 0));
        first.note(AgentFault::Template, moment(5_000, 0));
        let mut states: Vec<(Arc<str>, Vec<u8>)> = first
            .uncommitted()
            .map(|(key, value)| (key, value.unwrap()))
            .collect();
        first.mark_committed();
        assert_eq!(first.uncommitted().count(), 0);
        states.push((Arc::from("clock"), Vec::new()));
        let next = FaultWatch::open(&mut states, moment(1, 600));
        assert_eq!(states.len(), 1, "the engine's rows stay");
        let faults = there(&next, &calm, moment(299, 898));
        assert_eq!(faults, [AgentFault::DeliveryDead]);
        assert!(there(&next, &calm, moment(301, 900)).is_empty());
        first.mark_uncommitted();
        assert_eq!(first.uncommitted().count(), 1, "a new store gets it");
    }

    #[test]
    fn bytes_that_are_lost_while_we_look_are_a_fault_and_what_was_lost_before_is_none() {
        let before = Snapshot {
            connectors: vec![healthy("a")],
            ..Snapshot::default()
        };
        let mut after = Snapshot {
            connectors: vec![troubled("a")],
            ..Snapshot::default()
        };
        for log in after.connectors.iter_mut().flat_map(|one| &mut one.logs) {
            log.unreadable.clear();
        }
        let mut watch = FaultWatch::default();
        watch.look(&after, moment(0, 0));
        assert!(there(&watch, &after, moment(0, 0)).is_empty());
        watch.look(&before, moment(1, 1));
        watch.look(&after, moment(2, 2));
        assert_eq!(there(&watch, &after, moment(2, 2)), [AgentFault::LogLost]);
        let mut reloaded = FaultWatch::default();
        reloaded.look(&before, moment(1, 1));
        reloaded.forget_logs();
        reloaded.look(&after, moment(2, 2));
        assert!(there(&reloaded, &after, moment(2, 2)).is_empty());
    }

    #[test]
    fn a_log_that_cannot_be_read_is_a_fault_and_a_folder_among_logs_is_none() {
        let mut picture = snapshot();
        let watch = FaultWatch::default();
        let now = moment(0, 0);
        assert_eq!(there(&watch, &picture, now), [AgentFault::LogUnreadable]);
        for log in picture.connectors.iter_mut().flat_map(|one| &mut one.logs) {
            for file in &mut log.unreadable {
                file.is_refused = true;
            }
        }
        assert!(there(&watch, &picture, now).is_empty());
    }

    #[test]
    fn wrong_settings_of_a_receiver_are_a_fault_until_something_reaches_it() {
        let mut watch = FaultWatch::default();
        let (calm, now) = (Snapshot::default(), moment(0, 0));
        let [ops, hook]: [Arc<str>; 2] = ["ops", "hook"].map(Arc::from);
        watch.note_result(&ops, "misconfigured");
        watch.note_result(&hook, "sent");
        assert_eq!(there(&watch, &calm, now), [AgentFault::MailConfig]);
        watch.note_result(&ops, "sent");
        assert!(there(&watch, &calm, now).is_empty());
        watch.note_result(&ops, "misconfigured");
        watch.keep_receivers(&[hook]);
        assert!(there(&watch, &calm, now).is_empty());
    }

    #[test]
    fn a_message_that_waits_for_a_quarter_of_an_hour_is_a_fault() {
        let watch = FaultWatch::default();
        let (calm, now) = (Snapshot::default(), moment(0, 2_000));
        let since = |seconds: i64| OutboxSnapshot {
            oldest_at: now
                .timestamp()
                .checked_sub(SignedDuration::from_secs(seconds))
                .ok(),
            ..OutboxSnapshot::default()
        };
        let is_fault = |outbox| {
            let all = watch.all(&calm, outbox, now);
            all.contains(&(AgentFault::OutboxAge, true))
        };
        assert!(!is_fault(OutboxSnapshot::default()));
        assert!(!is_fault(since(900)));
        assert!(is_fault(since(901)));
    }
}
