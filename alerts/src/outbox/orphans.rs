//! Deliveries whose receiver is not configured: they wait, and nobody may take them.
//!
//! A name that is mistyped in a reload, or a receiver that is called otherwise for a day,
//! must not cost what waits. So it is kept for as long as any message is, and goes on if
//! the name comes back. It does not count towards the bound of the others: nothing is added
//! to it, and no digest could stand for it.
//!
//! Known limit: the age is by the wall clock, so a clock that jumps five days ahead gives
//! up what waits for nobody.

use std::sync::Arc;

use jiff::Timestamp;
use model::delivery::DeliveryState;

use super::lane::Lane;
use super::schedule::{GIVE_UP_AGE, later};
use super::{Cause, Outbox};

impl Outbox {
    /// Only these receivers are in force. What waits for others waits on, and what waited
    /// for one that is back goes on. Says which receivers are missed since the last call,
    /// and how many deliveries wait for each.
    pub fn keep_receivers(&mut self, receivers: &[Arc<str>]) -> Vec<(Arc<str>, usize)> {
        self.in_force = Some(receivers.iter().cloned().collect());
        let mut missed = Vec::new();
        for (name, lane) in &mut self.lanes {
            if receivers.contains(name) {
                lane.orphans_until = None;
            } else if lane.orphans_until.is_none() {
                // When that really is, the first look finds out.
                lane.orphans_until = Some(Timestamp::MIN);
                let waiting = lane.waiting();
                if 0 < waiting {
                    missed.push((name.clone(), waiting));
                }
            }
        }
        missed
    }

    /// Gives up what is as old as a message may become, and waits for nobody. To be called
    /// again and again: it looks only when something may be due.
    pub fn give_up_orphans(&mut self, now: Timestamp) {
        let is_due = |lane: &Lane| lane.orphans_until.is_some_and(|until| until <= now);
        let due = self.lanes.iter().filter(|(_, lane)| is_due(lane));
        let due: Vec<Arc<str>> = due.map(|(name, _)| name.clone()).collect();
        for receiver in due {
            let ids = self.lanes.get(&receiver).map(Lane::ids).unwrap_or_default();
            let mut next = Timestamp::MAX;
            for id in ids {
                let Some(entry) = self.entries.get(&id) else {
                    continue;
                };
                let until = later(entry.message.created_at, GIVE_UP_AGE);
                if now < until {
                    next = next.min(until);
                    continue;
                }
                let message = entry.message.clone();
                let reply = Cause::NotConfigured.words();
                let rows = self.drop_rows(&id, DeliveryState::Dead, &reply, now);
                self.count(&receiver, "dead", rows);
                for _ in 0..rows {
                    self.mourn(&message, Cause::NotConfigured);
                }
            }
            if let Some(lane) = self.lanes.get_mut(&receiver) {
                lane.orphans_until = Some(next);
            }
        }
    }

    /// Whether a receiver is configured, as far as anybody said.
    pub(super) fn is_in_force(&self, receiver: &Arc<str>) -> bool {
        let in_force = self.in_force.as_ref();
        in_force.is_none_or(|names| names.contains(receiver))
    }

    /// How many deliveries wait for receivers that are configured.
    pub(super) fn waiting_for_somebody(&self) -> usize {
        let orphaned = self.lanes.values().filter(|lane| lane.is_orphaned());
        let orphans: usize = orphaned.map(Lane::waiting).sum();
        self.waiting.saturating_sub(orphans)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use model::alert::Severity;

    use super::super::tests::{START, after_seconds, commit, put, serials};
    use super::super::{DeadDelivery, OUTBOX_MAX};
    use super::*;

    const A: &[&str] = &["a@example.com"];

    fn ops() -> [Arc<str>; 1] {
        ["ops".into()]
    }

    /// An outbox with two committed messages for `ops`, which is not configured any more.
    fn orphaned() -> Outbox {
        let mut outbox = Outbox::default();
        put(&mut outbox, 1, Severity::Warning, "t", A);
        put(&mut outbox, 2, Severity::Critical, "u", A);
        commit(&mut outbox);
        assert_eq!(outbox.keep_receivers(&ops()), []);
        let missed = outbox.keep_receivers(&["others".into()]);
        assert_eq!(missed, [("ops".into(), 2)]);
        assert_eq!(outbox.keep_receivers(&["others".into()]), [], "told once");
        outbox
    }

    #[test]
    fn what_waits_for_a_receiver_that_is_gone_goes_on_when_it_is_back() {
        let mut outbox = orphaned();
        assert_eq!(serials(&mut outbox, START), [0_u64; 0], "nobody takes it");
        let just_before = later(START, GIVE_UP_AGE - SignedDuration::from_secs(1));
        outbox.give_up_orphans(just_before);
        assert_eq!(outbox.snapshot().queued, 2, "it is queued still");
        assert_eq!(commit(&mut outbox), []);
        assert_eq!(outbox.keep_receivers(&ops()), []);
        outbox.give_up_orphans(later(START, GIVE_UP_AGE));
        assert_eq!(serials(&mut outbox, just_before), [2, 1]);
    }

    #[test]
    fn after_a_restart_it_waits_likewise() {
        let mut before = Outbox::default();
        put(&mut before, 1, Severity::Warning, "t", A);
        let (messages, deliveries) = before.uncommitted();
        let mut outbox = Outbox::open(messages, deliveries);
        assert_eq!(outbox.keep_receivers(&[]), [("ops".into(), 1)]);
        outbox.give_up_orphans(after_seconds(60));
        assert_eq!(serials(&mut outbox, after_seconds(60)), [0_u64; 0]);
        outbox.keep_receivers(&ops());
        assert_eq!(serials(&mut outbox, after_seconds(60)), [1]);
    }

    #[test]
    fn what_nobody_comes_back_for_is_given_up_with_its_reason() {
        let mut outbox = orphaned();
        let old = later(START, GIVE_UP_AGE);
        outbox.give_up_orphans(old);
        assert_eq!(outbox.snapshot().queued, 0);
        let rows = commit(&mut outbox);
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!(row.state, DeliveryState::Dead);
            assert_eq!(row.settled_at, Some(old));
            let reply = "no receiver of this name was configured for five days";
            assert_eq!(row.last_reply, reply);
        }
        assert_eq!(outbox.take_results(), [("ops".into(), "dead", 2)]);
        assert!(outbox.take_refusal(), "the others hear of it");
        let (dead, more) = outbox.take_dead();
        assert_eq!((dead.len(), more), (2, 0));
        let wanted = DeadDelivery {
            message: "m1@agent".into(),
            receiver: "ops".into(),
            rule: "host-cpu".into(),
            cause: Cause::NotConfigured,
        };
        assert_eq!(dead[0], wanted);
    }

    #[test]
    fn orphans_take_no_room_from_others() {
        let mut outbox = Outbox::default();
        let count = u64::try_from(OUTBOX_MAX).unwrap();
        for serial in 1..=count {
            put(
                &mut outbox,
                serial,
                Severity::Info,
                &format!("t{serial}"),
                A,
            );
        }
        commit(&mut outbox);
        outbox.keep_receivers(&["others".into()]);
        let mut more = super::super::tests::message(count + 1, Severity::Info, "t");
        more.receiver = "others".into();
        let row = super::super::tests::delivery(&more, "a@example.com");
        outbox.put(more, vec![row]);
        commit(&mut outbox);
        assert_eq!(outbox.take_surplus("others", None, START), []);
        assert_eq!(outbox.take_surplus("ops", None, START), []);
        outbox.keep_receivers(&["ops".into(), "others".into()]);
        assert_ne!(outbox.take_surplus("ops", None, START), []);
    }
}
