//! What is wrong with the agent itself, as far as the writer knows.
//!
//! Some faults hold as long as their cause does; what happens in a moment holds for
//! [`FAULT_LASTS`] after the last time, so that rules and people have a chance to see it.

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

/// Watches for faults.
#[derive(Debug, Default)]
pub(super) struct FaultWatch {
    /// When a fault of a moment came last, on the monotonic clock.
    moments: BTreeMap<AgentFault, Duration>,
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
    /// Something went wrong at `now`.
    pub(super) fn note(&mut self, fault: AgentFault, now: Moment) {
        self.moments.insert(fault, now.monotonic);
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
    pub(super) fn note_result(&mut self, receiver: &Arc<str>, result: &str, now: Moment) {
        match result {
            "misconfigured" => drop(self.misconfigured.insert(Arc::clone(receiver))),
            "sent" => drop(self.misconfigured.remove(receiver)),
            "digested" => self.note(AgentFault::OutboxFull, now),
            _ => {}
        }
    }

    /// Only these receivers are in force.
    pub(super) fn keep_receivers(&mut self, receivers: &[Arc<str>]) {
        self.misconfigured.retain(|name| receivers.contains(name));
    }

    /// Looks at the clocks and the logs.
    pub(super) fn look(&mut self, snapshot: &Snapshot, now: Moment) {
        if let Some(before) = self.looked_at.replace(now)
            && CLOCK_STEP_MAX < drift(before, now)
        {
            self.note(AgentFault::ClockJump, now);
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
        let at = self.moments.get(&fault);
        at.is_some_and(|at| now.monotonic.saturating_sub(*at) < FAULT_LASTS)
    }
}

fn is_old(oldest_at: Option<Timestamp>, now: Timestamp) -> bool {
    oldest_at.is_some_and(|at| OUTBOX_AGE_MAX < now.duration_since(at))
}

/// How far the wall clock went from the steady one.
fn drift(before: Moment, now: Moment) -> Duration {
    let steady = now.monotonic.saturating_sub(before.monotonic);
    match now.wall.duration_since(before.wall) {
        Ok(wall) => wall.abs_diff(steady),
        Err(back) => back.duration().saturating_add(steady),
    }
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
            assert!(there(&watch, &calm, moment(51 + 900, jumped)).is_empty());
        }
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
        watch.note_result(&ops, "misconfigured", now);
        watch.note_result(&hook, "sent", now);
        assert_eq!(there(&watch, &calm, now), [AgentFault::MailConfig]);
        watch.note_result(&ops, "sent", now);
        assert!(there(&watch, &calm, now).is_empty());
        watch.note_result(&ops, "misconfigured", now);
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
