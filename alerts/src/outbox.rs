//! What waits to be sent: which delivery is next, when it is tried again, and what gives
//! way when there are too many.
//!
//! Pure: the rows in memory of what the store holds. Bodies of committed messages are not
//! here, the store has them; those that no store has yet are, so that a message about a
//! full disk can leave in spite of it. Settled deliveries leave memory with the commit that
//! stores them.
//!
//! A message leaves only after it is committed, and the messages of a thread reach a
//! recipient in their order: only the first of each line is ever offered to a lane. When it
//! is tried again stands in [`schedule`].
//!
//! Known limit: how many messages a receiver had in the last hour is forgotten at a
//! restart.

mod dead;
mod lane;
#[cfg(test)]
mod laws;
mod offers;
mod orphans;
pub mod schedule;
mod surplus;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use model::delivery::{Delivery, DeliveryState, OutboxMessage};
use model::snapshot::OutboxSnapshot;

use lane::{Lane, Line};

pub use dead::{Cause, DEAD_MAX, DeadDelivery};

/// Most deliveries that wait for receivers that are configured. Above it mild ones are put
/// together.
pub const OUTBOX_MAX: usize = 10_000;

/// The same with critical ones: above it they are put together too.
pub const CRITICAL_MAX: usize = 5 * OUTBOX_MAX;

/// Most messages that wait for a store that refuses, with their bodies in memory. Above it
/// mild ones are put together likewise.
pub const UNSTORED_MAX: usize = 1_000;

/// The same with critical ones.
pub const UNSTORED_CRITICAL_MAX: usize = 5 * UNSTORED_MAX;

/// The rule of a message that stands for several: it is never put into another one.
pub const DIGEST_RULE: &str = "digest";

/// The rule of messages that tell of the agent's own faults, refused messages among them.
pub const AGENT_FAULT_RULE: &str = "agent-fault";

/// Longest reply of a receiver that is kept, in characters.
pub const REPLY_CHARS_MAX: usize = 300;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// Taken, with the receiver's words.
    Sent(String),
    /// Not now: tried again by the schedule.
    Retry(String),
    /// Not now, and the receiver says when: after so long at the earliest.
    RetryAfter(std::time::Duration, String),
    /// Our settings are wrong, or the receiver's: kept, and tried hourly.
    Misconfigured(String),
    /// Never.
    Dead(String),
}

/// A delivery that is to be tried now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The message. Its body is empty if the store has it.
    pub message: OutboxMessage,
    /// Its delivery.
    pub delivery: Delivery,
    /// Whether the body must be read from the store.
    pub is_body_stored: bool,
}

/// What a receiver's lane finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This is to be tried now.
    Now(Box<Claimed>),
    /// Nothing before then.
    At(Timestamp),
    /// Nothing at all.
    Empty,
}

/// Where a row stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not offered: another of its line is before it, or no store has it.
    Behind,
    /// A lane may take it, now or at its time.
    Offered,
    /// A lane has it.
    Claimed,
    /// It is sent, dead or digested; it leaves with the commit.
    Settled,
}

/// One delivery.
#[derive(Debug)]
struct Row {
    delivery: Delivery,
    place: Place,
    /// As how bad it was offered last.
    offered_as: model::alert::Severity,
    /// How long it was to wait when that was decided: a clock that is put back must not
    /// make it longer.
    wait: jiff::SignedDuration,
    /// The change that the store does not have, if there is one.
    changed_in: Option<u64>,
}

/// One message with its deliveries.
#[derive(Debug)]
struct Entry {
    message: OutboxMessage,
    /// The change that it came in with; `None` once the store has it.
    came_in: Option<u64>,
    /// Whether a lane has had it: it counts towards the hour's limit once.
    is_begun: bool,
    rows: Vec<Row>,
}

impl Entry {
    fn row_mut(&mut self, recipient: &str) -> Option<&mut Row> {
        let mut rows = self.rows.iter_mut();
        rows.find(|row| &*row.delivery.recipient == recipient)
    }

    fn line(&self, recipient: &Arc<str>) -> Line {
        (self.message.thread.clone(), recipient.clone())
    }
}

/// The outbox.
#[derive(Debug, Default)]
pub struct Outbox {
    is_store_refusing: bool,
    entries: HashMap<Arc<str>, Entry>,
    /// By receiver.
    lanes: BTreeMap<Arc<str>, Lane>,
    /// The receivers in force; `None` until somebody says so: all are.
    in_force: Option<BTreeSet<Arc<str>>>,
    /// Messages that no store has, in their order.
    unstored: BTreeSet<(u64, Arc<str>)>,
    /// Messages with rows that changed since the last commit.
    changed: BTreeSet<(u64, Arc<str>)>,
    /// Counts changes.
    change: u64,
    /// The last change that [`Self::uncommitted`] gave.
    handed: u64,
    /// Deliveries that are not settled.
    waiting: usize,
    results: BTreeMap<(Arc<str>, &'static str), u64>,
    /// A message was refused for good that does not tell of such refusals itself.
    has_refusal: bool,
    /// Messages gave way since too many waited in all.
    was_full: bool,
    /// Given up since somebody asked, at most [`DEAD_MAX`].
    dead: Vec<DeadDelivery>,
    /// Given up besides these.
    dead_unlisted: u64,
    seen_at: Option<Timestamp>,
}

impl Outbox {
    /// Goes on with what the store holds.
    pub fn open(mut messages: Vec<OutboxMessage>, deliveries: Vec<Delivery>) -> Self {
        let mut outbox = Self::default();
        let mut rows: HashMap<Arc<str>, Vec<Delivery>> = HashMap::new();
        for delivery in deliveries {
            if delivery.state == DeliveryState::Queued {
                let of_message = rows.entry(delivery.message.clone()).or_default();
                of_message.push(delivery);
            }
        }
        messages.sort_by_key(|message| message.serial);
        for mut message in messages {
            message.body = Vec::new();
            if let Some(of_message) = rows.remove(&message.id) {
                outbox.insert(message, of_message, None);
            }
        }
        outbox
    }

    /// Adds a message with its deliveries. One that is there already is not added again.
    pub fn put(&mut self, message: OutboxMessage, deliveries: Vec<Delivery>) {
        if self.entries.contains_key(&message.id) {
            return;
        }
        let change = self.next_change();
        let key = (message.serial, message.id.clone());
        self.unstored.insert(key.clone());
        self.changed.insert(key);
        self.insert(message, deliveries, Some(change));
    }

    fn insert(&mut self, message: OutboxMessage, deliveries: Vec<Delivery>, came_in: Option<u64>) {
        let (receiver, severity) = (message.receiver.clone(), message.severity);
        let key = (message.serial, message.id.clone());
        let mut entry = Entry {
            is_begun: deliveries.iter().any(|delivery| delivery.attempts > 0),
            message,
            came_in,
            rows: Vec::with_capacity(deliveries.len()),
        };
        let is_orphaned = !self.is_in_force(&receiver);
        let lane = self.lanes.entry(receiver.clone()).or_default();
        if is_orphaned {
            lane.orphans_until = Some(Timestamp::MIN);
        }
        let mut lines = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let line = entry.line(&delivery.recipient);
            lane.join(&line, key.clone(), severity);
            lines.push(line);
            entry.rows.push(Row {
                place: Place::Behind,
                offered_as: severity,
                wait: schedule::wait(&delivery),
                changed_in: came_in,
                delivery,
            });
            self.waiting += 1;
        }
        self.entries.insert(key.1, entry);
        for line in lines {
            self.offer(&receiver, &line);
        }
    }

    /// The next delivery of a receiver, taken: nobody else gets it until it is settled.
    pub fn claim(&mut self, receiver: &str, now: Timestamp) -> Next {
        self.notice(now);
        let Some(lane) = self.lanes.get_mut(receiver) else {
            return Next::Empty;
        };
        if lane.is_orphaned() {
            return Next::Empty;
        }
        let offer = match lane.take(now) {
            lane::Taken::Offer(offer) => offer,
            lane::Taken::At(at) => return Next::At(at),
            lane::Taken::Nothing => return Next::Empty,
        };
        let Some(entry) = self.entries.get_mut(&offer.id) else {
            return Next::Empty;
        };
        if !entry.is_begun {
            entry.is_begun = true;
            lane.begin(now);
        }
        let is_body_stored = entry.came_in.is_none();
        let message = entry.message.clone();
        let Some(row) = entry.row_mut(&offer.recipient) else {
            return Next::Empty;
        };
        row.place = Place::Claimed;
        Next::Now(Box::new(Claimed {
            message,
            delivery: row.delivery.clone(),
            is_body_stored,
        }))
    }

    /// Says what came of an attempt. Only of a delivery that is claimed.
    pub fn settle(&mut self, message: &str, recipient: &str, came: &Attempt, now: Timestamp) {
        self.notice(now);
        let change = self.next_change();
        let Some(entry) = self.entries.get_mut(message) else {
            return;
        };
        let created_at = entry.message.created_at;
        let Some(row) = entry.row_mut(recipient) else {
            return;
        };
        if row.place != Place::Claimed {
            return;
        }
        let (result, wait) = schedule::after(&mut row.delivery, created_at, came, now);
        row.changed_in = Some(change);
        let line_recipient = row.delivery.recipient.clone();
        if let Some(wait) = wait {
            row.wait = wait;
            row.place = Place::Behind;
        } else {
            row.place = Place::Settled;
        }
        let key = (entry.message.serial, entry.message.id.clone());
        let receiver = entry.message.receiver.clone();
        let line = entry.line(&line_recipient);
        let dead = (result == "dead").then(|| entry.message.clone());
        if let Some(given_up) = dead {
            self.mourn(&given_up, Cause::of(came));
        }
        if wait.is_none() {
            self.leave(&receiver, &line, &key);
        }
        self.changed.insert(key);
        self.count(&receiver, result, 1);
        self.offer(&receiver, &line);
    }

    /// Gives a claimed delivery back untried: whoever had it stops.
    pub fn give_back(&mut self, message: &str, recipient: &str) {
        let Some(entry) = self.entries.get_mut(message) else {
            return;
        };
        let Some(row) = entry.row_mut(recipient) else {
            return;
        };
        if row.place != Place::Claimed {
            return;
        }
        row.place = Place::Behind;
        let line_recipient = row.delivery.recipient.clone();
        let line = entry.line(&line_recipient);
        let receiver = entry.message.receiver.clone();
        self.offer(&receiver, &line);
    }

    /// Whatever waits for a receiver is to be tried now: its settings changed, or the
    /// program has just begun.
    pub fn hasten(&mut self, receiver: &str, now: Timestamp) {
        self.notice(now);
        let Some(lane) = self.lanes.get_mut(receiver) else {
            return;
        };
        for offer in lane.hasten() {
            let entry = self.entries.get_mut(&offer.id);
            if let Some(row) = entry.and_then(|entry| entry.row_mut(&offer.recipient)) {
                row.delivery.next_at = now;
                row.wait = jiff::SignedDuration::ZERO;
            }
        }
    }

    /// Whether the store refuses to commit: then critical messages that it does not have
    /// may leave without it.
    pub fn set_store_refuses(&mut self, refuses: bool) {
        self.is_store_refusing = refuses;
        let unstored: Vec<Arc<str>> = self.unstored.iter().map(|(_, id)| id.clone()).collect();
        for id in unstored {
            self.offer_all(&id);
        }
    }

    /// New messages and changed deliveries since the last commit, the oldest first.
    pub fn uncommitted(&mut self) -> (Vec<OutboxMessage>, Vec<Delivery>) {
        self.handed = self.change;
        let unstored = self.unstored.iter();
        let messages = unstored
            .filter_map(|(_, id)| self.entries.get(id))
            .map(|entry| entry.message.clone())
            .collect();
        let changed = self.changed.iter();
        let deliveries = changed
            .filter_map(|(_, id)| self.entries.get(id))
            .flat_map(|entry| &entry.rows)
            .filter(|row| row.changed_in.is_some())
            .map(|row| row.delivery.clone())
            .collect();
        (messages, deliveries)
    }

    /// The store has what [`Self::uncommitted`] gave last. What changed since then is
    /// given again.
    pub fn mark_committed(&mut self) {
        let handed = self.handed;
        let is_handed = |change: Option<u64>| change.is_some_and(|change| change <= handed);
        let changed: Vec<_> = self.changed.iter().cloned().collect();
        for key in changed {
            let Some(entry) = self.entries.get_mut(&key.1) else {
                self.changed.remove(&key);
                continue;
            };
            let is_new = is_handed(entry.came_in);
            if is_new {
                entry.came_in = None;
                entry.message.body = Vec::new();
                self.unstored.remove(&key);
            }
            for row in &mut entry.rows {
                if is_handed(row.changed_in) {
                    row.changed_in = None;
                }
            }
            let is_clean = |row: &Row| row.changed_in.is_none();
            entry
                .rows
                .retain(|row| row.place != Place::Settled || !is_clean(row));
            let is_all_clean = entry.came_in.is_none() && entry.rows.iter().all(is_clean);
            let is_over = is_all_clean && entry.rows.is_empty();
            if is_all_clean {
                self.changed.remove(&key);
            }
            if is_over {
                self.entries.remove(&key.1);
            } else if is_new {
                self.offer_all(&key.1);
            }
        }
    }

    /// No store has any of it. Bodies that only the old store had are lost and stay empty;
    /// whoever sends such a message words a plain one from its subject.
    pub fn mark_uncommitted(&mut self) {
        let change = self.next_change();
        for entry in self.entries.values_mut() {
            let key = (entry.message.serial, entry.message.id.clone());
            entry.came_in = Some(change);
            for row in &mut entry.rows {
                row.changed_in = Some(change);
            }
            self.unstored.insert(key.clone());
            self.changed.insert(key);
        }
        let all: Vec<Arc<str>> = self.entries.keys().cloned().collect();
        for id in all {
            self.offer_all(&id);
        }
    }

    /// What waits, in numbers.
    pub fn snapshot(&self) -> OutboxSnapshot {
        let mut snapshot = OutboxSnapshot::default();
        for entry in self.entries.values() {
            let mut is_waiting = false;
            for row in &entry.rows {
                if row.place == Place::Settled {
                    continue;
                }
                is_waiting = true;
                if row.delivery.attempts == 0 {
                    snapshot.queued += 1;
                } else {
                    snapshot.retrying += 1;
                }
            }
            let at = self.waits_since(entry);
            if is_waiting && snapshot.oldest_at.is_none_or(|oldest| at < oldest) {
                snapshot.oldest_at = Some(at);
            }
        }
        snapshot
    }

    /// Attempts at delivery since the last call, by receiver and result: one of
    /// [`RESULTS`].
    pub fn take_results(&mut self) -> Vec<(Arc<str>, &'static str, u64)> {
        let results = std::mem::take(&mut self.results);
        let rows = results.into_iter();
        rows.map(|((receiver, result), count)| (receiver, result, count))
            .collect()
    }

    /// Whether a message was refused for good since the last call. Those that tell of such
    /// refusals do not count: else the refusal of one would be told by the next, for ever.
    pub const fn take_refusal(&mut self) -> bool {
        std::mem::replace(&mut self.has_refusal, false)
    }
}

/// What may come of an attempt: the values of the label `result`.
pub const RESULTS: &[&str] = &["sent", "retried", "misconfigured", "dead", "digested"];
