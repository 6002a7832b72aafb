//! What gives way when there are too many: mild messages that nobody has begun to send are
//! told together in one.
//!
//! Two bounds: a receiver's messages in an hour, and all deliveries that wait. A critical
//! message gives way only to a bound of its own, five times as high, and only one of the
//! receiver for which most wait; one that stands for several never does. One alone is not
//! replaced by a message about it.

use std::sync::Arc;

use jiff::Timestamp;
use model::alert::Severity;
use model::delivery::{DeliveryState, OutboxMessage};

use super::lane::Lane;
use super::{
    AGENT_FAULT_RULE, CRITICAL_MAX, DIGEST_RULE, Entry, OUTBOX_MAX, Outbox, Place,
    UNSTORED_CRITICAL_MAX, UNSTORED_MAX,
};

/// A message that may give way, or counts towards the hour's limit.
struct Candidate {
    id: Arc<str>,
    severity: Severity,
    is_digest: bool,
    is_untried: bool,
    heeds_limit: bool,
    waiting: usize,
}

impl Candidate {
    fn is_mild(&self) -> bool {
        self.severity != Severity::Critical && !self.is_digest
    }
}

impl Entry {
    /// Whether it is held when the receiver had its hour's messages: not what is critical,
    /// stands for others, or tells what is wrong with the agent.
    pub(super) fn heeds_limit(&self) -> bool {
        let rule = &*self.message.rule;
        let is_exempt = rule == DIGEST_RULE || rule == AGENT_FAULT_RULE;
        self.message.severity != Severity::Critical && !is_exempt
    }
}

impl Outbox {
    /// Whether since the last call messages gave way because too many waited in all; a
    /// receiver's hourly limit is no such thing.
    pub const fn take_fullness(&mut self) -> bool {
        std::mem::replace(&mut self.was_full, false)
    }

    /// Since when a message waits for its receiver: not while the receiver's limit holds it.
    pub(super) fn waits_since(&self, entry: &Entry) -> Timestamp {
        let created_at = entry.message.created_at;
        if entry.is_begun || !entry.heeds_limit() {
            return created_at;
        }
        let lane = self.lanes.get(&entry.message.receiver);
        let full_at = lane.and_then(|lane| lane.full_at);
        full_at.map_or(created_at, |at| at.max(created_at))
    }

    /// Messages of a receiver that are to be put into one digest instead, if there are too
    /// many or its hourly limit is reached: they are marked as digested with the call, and
    /// the limit holds from then on. The message that stands for them has the rule
    /// [`DIGEST_RULE`].
    pub fn take_surplus(
        &mut self,
        receiver: &str,
        hourly_limit: Option<u32>,
        now: Timestamp,
    ) -> Vec<OutboxMessage> {
        self.notice(now);
        let Some(name) = self
            .lanes
            .get_key_value(receiver)
            .map(|(name, _)| name.clone())
        else {
            return Vec::new();
        };
        let mut chosen = self.over_limit(&name, hourly_limit, now);
        if chosen.is_empty() {
            chosen = self.over_bound(&name);
            self.was_full |= 2 <= chosen.len();
        }
        if chosen.len() < 2 {
            return Vec::new();
        }
        let mut messages = Vec::with_capacity(chosen.len());
        for id in chosen {
            let reply = "there were too many: told in a digest";
            let rows = self.drop_rows(&id, DeliveryState::Digested, reply, now);
            self.count(&name, "digested", rows);
            if let Some(entry) = self.entries.get(&id) {
                let mut message = entry.message.clone();
                message.body = Vec::new();
                messages.push(message);
            }
        }
        messages
    }

    /// What is more than the receiver wants in an hour. Nothing while the hour is full: what
    /// comes then is held, and told together as soon as one more is allowed.
    fn over_limit(
        &mut self,
        receiver: &Arc<str>,
        limit: Option<u32>,
        now: Timestamp,
    ) -> Vec<Arc<str>> {
        let Some(lane) = self.lanes.get_mut(receiver) else {
            return Vec::new();
        };
        let limit = limit.map(|limit| limit.max(1));
        lane.limit = limit;
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else {
            return Vec::new();
        };
        if lane.free_at(now).is_some() {
            return Vec::new();
        }
        let begun = lane.begun(now);
        if begun.saturating_add(lane.waiting()) <= limit {
            return Vec::new();
        }
        let untried = self.candidates(receiver);
        let untried: Vec<Candidate> = untried.into_iter().filter(|one| one.is_untried).collect();
        let exempt = untried.iter().filter(|one| !one.heeds_limit).count();
        let free = limit.saturating_sub(begun).saturating_sub(exempt);
        let mild = untried.into_iter().filter(|one| one.heeds_limit);
        let mild: Vec<Candidate> = mild.collect();
        if mild.len() <= free {
            return Vec::new();
        }
        // One place is the digest's.
        let kept = free.saturating_sub(1);
        mild.into_iter().skip(kept).map(|one| one.id).collect()
    }

    /// What is more than may wait in all: information first, critical messages last, and the
    /// oldest first of each.
    fn over_bound(&self, receiver: &Arc<str>) -> Vec<Arc<str>> {
        let (waiting, unstored) = (self.waiting_for_somebody(), self.unstored_waiting());
        let wanted = excess(waiting, OUTBOX_MAX).max(excess(unstored, UNSTORED_MAX));
        if wanted == 0 {
            return Vec::new();
        }
        let hard = excess(waiting, CRITICAL_MAX).max(excess(unstored, UNSTORED_CRITICAL_MAX));
        let hard = if self.is_fullest(receiver) { hard } else { 0 };
        let mut candidates = self.candidates(receiver);
        candidates.retain(|one| !one.is_digest);
        candidates.sort_by_key(|one| one.severity);
        let mut chosen = Vec::new();
        let mut taken = 0_usize;
        for one in candidates {
            let enough = if one.is_mild() { wanted } else { hard };
            if enough <= taken {
                break;
            }
            taken = taken.saturating_add(one.waiting);
            chosen.push(one.id);
        }
        chosen
    }

    /// How many messages wait that no store has. What was put into a digest waits no more.
    fn unstored_waiting(&self) -> usize {
        if self.unstored.len() <= UNSTORED_MAX {
            return 0;
        }
        let is_waiting = |entry: &&Entry| entry.rows.iter().any(|row| row.place != Place::Settled);
        let entries = self.unstored.iter();
        let entries = entries.filter_map(|(_, id)| self.entries.get(id));
        entries.filter(is_waiting).count()
    }

    /// Whether for no other receiver more wait.
    fn is_fullest(&self, receiver: &Arc<str>) -> bool {
        let own = self.lanes.get(receiver).map_or(0, Lane::waiting);
        let configured = self.lanes.values().filter(|lane| !lane.is_orphaned());
        configured.map(Lane::waiting).all(|other| other <= own)
    }

    /// The receiver's messages that nobody sends just now, the oldest first.
    fn candidates(&self, receiver: &Arc<str>) -> Vec<Candidate> {
        let ids = self.lanes.get(receiver).map(Lane::ids).unwrap_or_default();
        let entries = ids.iter().filter_map(|id| self.entries.get(id));
        entries
            .filter(|entry| entry.rows.iter().all(|row| row.place != Place::Claimed))
            .map(|entry| {
                let rows = entry.rows.iter();
                Candidate {
                    id: entry.message.id.clone(),
                    severity: entry.message.severity,
                    is_digest: &*entry.message.rule == DIGEST_RULE,
                    is_untried: !entry.is_begun,
                    heeds_limit: entry.heeds_limit(),
                    waiting: rows.filter(|row| row.place != Place::Settled).count(),
                }
            })
            .collect()
    }
}

/// How many are to give way: a tenth more than needed, so that the next one finds room.
const fn excess(count: usize, most: usize) -> usize {
    if count <= most {
        return 0;
    }
    count.saturating_sub(most / 10 * 9)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{START, after_seconds, commit, delivery, message, put, serials};
    use super::super::{Attempt, Next};
    use super::*;

    #[test]
    fn more_than_an_hours_limit_is_told_in_one_digest() {
        let mut outbox = Outbox::default();
        for serial in 1..=8 {
            let thread = format!("t{serial}");
            put(
                &mut outbox,
                serial,
                Severity::Info,
                &thread,
                &["a@example.com"],
            );
        }
        put(&mut outbox, 9, Severity::Critical, "t9", &["a@example.com"]);
        let surplus = outbox.take_surplus("ops", Some(4), START);
        let told: Vec<u64> = surplus.iter().map(|one| one.serial).collect();
        assert_eq!(
            told,
            [3, 4, 5, 6, 7, 8],
            "1 and 2, the critical one and the digest: four"
        );
        let mut digest = message(10, Severity::Info, "digest");
        digest.rule = DIGEST_RULE.into();
        let row = delivery(&digest, "a@example.com");
        outbox.put(digest, vec![row]);
        assert_eq!(outbox.take_surplus("ops", Some(4), START), []);
        commit(&mut outbox);
        assert_eq!(serials(&mut outbox, START), [9, 1, 2, 10]);
        // The hour is full: mild ones wait, a critical one does not.
        let later = after_seconds(600);
        for serial in 11..=13 {
            let thread = format!("t{serial}");
            put(
                &mut outbox,
                serial,
                Severity::Warning,
                &thread,
                &["a@example.com"],
            );
        }
        put(
            &mut outbox,
            14,
            Severity::Critical,
            "t14",
            &["a@example.com"],
        );
        assert_eq!(outbox.take_surplus("ops", Some(4), later), []);
        commit(&mut outbox);
        assert_eq!(serials(&mut outbox, later), [14]);
        let Next::At(at) = outbox.claim("ops", later) else {
            panic!("they wait for the hour's end");
        };
        assert_eq!(at, after_seconds(3600));
        assert_eq!(outbox.take_surplus("ops", Some(4), at), []);
        assert_eq!(
            serials(&mut outbox, at),
            [11, 12, 13],
            "four began an hour ago, one since"
        );
    }

    #[test]
    fn above_the_bound_information_gives_way_and_critical_messages_do_not() {
        let mut outbox = Outbox::default();
        let count = u64::try_from(OUTBOX_MAX).unwrap() + 1;
        for serial in 1..=count {
            let severity = match serial % 4 {
                0 => Severity::Critical,
                1 => Severity::Warning,
                _ => Severity::Info,
            };
            put(
                &mut outbox,
                serial,
                severity,
                &format!("t{serial}"),
                &["a@example.com"],
            );
        }
        commit(&mut outbox);
        let surplus = outbox.take_surplus("ops", None, START);
        assert_eq!(surplus.len(), OUTBOX_MAX / 10 + 1);
        assert!(surplus.iter().all(|one| one.severity == Severity::Info));
        assert_eq!(surplus[0].serial, 2, "the oldest");
        assert_eq!(outbox.waiting, OUTBOX_MAX / 10 * 9);
        assert_eq!(outbox.take_surplus("ops", None, START), []);
        let rows = commit(&mut outbox);
        assert!(rows.iter().all(|row| row.state == DeliveryState::Digested));
        assert_eq!(outbox.entries.len(), outbox.waiting, "they left memory");
    }

    #[test]
    fn above_a_bound_of_their_own_critical_messages_of_the_fullest_receiver_give_way() {
        let mut outbox = Outbox::default();
        let count = u64::try_from(CRITICAL_MAX).unwrap() + 1;
        for serial in count + 1..=count + 2 {
            let mut of_others = message(serial, Severity::Critical, "other");
            of_others.receiver = "others".into();
            let row = delivery(&of_others, "a@example.com");
            outbox.put(of_others, vec![row]);
        }
        let put_critical = |into: &mut Outbox, serial: u64| {
            let thread = format!("t{serial}");
            let to = ["a@example.com"];
            put(into, serial, Severity::Critical, &thread, &to);
        };
        for serial in 1..count {
            put_critical(&mut outbox, serial);
        }
        commit(&mut outbox);
        outbox.keep_receivers(&["ops".into()]);
        let as_many_as_may = outbox.take_surplus("ops", None, START);
        assert_eq!(as_many_as_may.len(), 0);
        put_critical(&mut outbox, count);
        commit(&mut outbox);
        outbox.keep_receivers(&["ops".into(), "others".into()]);
        assert_eq!(outbox.take_surplus("others", None, START).len(), 0);
        let surplus = outbox.take_surplus("ops", None, START);
        assert_eq!(surplus.len(), CRITICAL_MAX / 10 + 3);
        assert_eq!(surplus[0].serial, 1, "the oldest");
        assert_eq!(outbox.waiting, CRITICAL_MAX / 10 * 9);
        assert_eq!(outbox.take_surplus("ops", None, START).len(), 0);
        let digested = u64::try_from(surplus.len()).unwrap();
        let counted = ("ops".into(), "digested", digested);
        assert_eq!(
            outbox.take_results(),
            [counted],
            "none without being counted"
        );
        let mut digest = message(count + 3, Severity::Critical, "digest");
        digest.rule = DIGEST_RULE.into();
        let row = delivery(&digest, "a@example.com");
        outbox.put(digest, vec![row]);
        commit(&mut outbox);
        assert!(serials(&mut outbox, START).contains(&(count + 3)));
    }

    #[test]
    fn a_refusing_store_does_not_fill_the_memory() {
        let mut outbox = Outbox::default();
        outbox.set_store_refuses(true);
        let count = u64::try_from(UNSTORED_MAX).unwrap() + 1;
        for serial in 1..=count {
            put(
                &mut outbox,
                serial,
                Severity::Warning,
                &format!("t{serial}"),
                &["a@example.com"],
            );
        }
        let surplus = outbox.take_surplus("ops", None, START);
        assert_eq!(surplus.len(), UNSTORED_MAX / 10 + 1);
        let bodies = outbox
            .entries
            .values()
            .filter(|entry| !entry.message.body.is_empty());
        assert_eq!(bodies.count(), UNSTORED_MAX / 10 * 9);
        assert_eq!(outbox.uncommitted().0.len(), UNSTORED_MAX + 1);
        let more = 2 * count;
        put(
            &mut outbox,
            more,
            Severity::Warning,
            "more",
            &["a@example.com"],
        );
        put(
            &mut outbox,
            more + 1,
            Severity::Warning,
            "yet more",
            &["a@example.com"],
        );
        let yet_more = outbox.take_surplus("ops", None, START);
        assert_eq!(yet_more, [], "what is digested has no body that takes room");
    }

    #[test]
    fn what_an_hourly_limit_holds_is_neither_old_nor_an_outbox_that_is_full() {
        let to = ["a@example.com"];
        let mut outbox = Outbox::default();
        put(&mut outbox, 1, Severity::Info, "t1", &to);
        commit(&mut outbox);
        assert_eq!(outbox.take_surplus("ops", Some(1), START), []);
        assert_eq!(serials(&mut outbox, START), [1]);
        let sent = Attempt::Sent("250 ok".to_owned());
        outbox.settle("m1@agent", "a@example.com", &sent, START);
        for serial in 2..=3 {
            put(
                &mut outbox,
                serial,
                Severity::Info,
                &format!("t{serial}"),
                &to,
            );
        }
        let mut fault = message(4, Severity::Warning, "fault");
        fault.rule = AGENT_FAULT_RULE.into();
        let row = delivery(&fault, "a@example.com");
        outbox.put(fault, vec![row]);
        commit(&mut outbox);
        let late = after_seconds(3_599);
        assert_eq!(outbox.take_surplus("ops", Some(1), late), []);
        assert_eq!(serials(&mut outbox, late), [4], "of the agent itself");
        outbox.settle("m4@agent", "a@example.com", &sent, late);
        assert_eq!(outbox.snapshot().oldest_at, Some(late));
        let free = after_seconds(3_599 + 3_600);
        assert_eq!(outbox.take_surplus("ops", Some(1), free).len(), 2);
        assert!(!outbox.take_fullness(), "the limit's digest");
        outbox.set_store_refuses(true);
        for serial in 1_000..=1_000 + u64::try_from(UNSTORED_MAX).unwrap() {
            put(
                &mut outbox,
                serial,
                Severity::Info,
                &format!("t{serial}"),
                &to,
            );
        }
        assert_ne!(outbox.take_surplus("ops", None, free), []);
        assert!(outbox.take_fullness());
        assert!(!outbox.take_fullness(), "told once");
    }

    #[test]
    fn many_messages_of_one_thread_are_too_many_likewise() {
        let mut outbox = Outbox::default();
        for serial in 1..=8 {
            put(&mut outbox, serial, Severity::Info, "t", &["a@example.com"]);
        }
        let surplus = outbox.take_surplus("ops", Some(3), START);
        let told: Vec<u64> = surplus.iter().map(|one| one.serial).collect();
        assert_eq!(told, [3, 4, 5, 6, 7, 8]);
    }
}
