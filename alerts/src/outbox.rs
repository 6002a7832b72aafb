//! What waits to be sent: which delivery is next, when it is tried again, and what gives
//! way when there are too many.
//!
//! Pure: the rows in memory of what the store holds. Bodies of committed messages are not
//! here, the store has them; those that no store has yet are, so that a message about a
//! full disk can leave in spite of it. Settled deliveries leave memory with the commit that
//! stores them.

use std::sync::Arc;

use jiff::Timestamp;
use model::delivery::{Delivery, OutboxMessage};
use model::snapshot::OutboxSnapshot;

/// Most deliveries that wait. Above it mild ones are put together; critical ones never.
pub const OUTBOX_MAX: usize = 10_000;

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

/// The outbox.
#[derive(Debug, Default)]
pub struct Outbox {
    refuses: bool,
}

impl Outbox {
    /// Goes on with what the store holds.
    pub fn open(_messages: Vec<OutboxMessage>, _deliveries: Vec<Delivery>) -> Self {
        Self::default()
    }

    /// Adds a message with its deliveries. One that is there already is not added again.
    pub fn put(&mut self, _message: OutboxMessage, _deliveries: Vec<Delivery>) {}

    /// The next delivery of a receiver, taken: nobody else gets it until it is settled.
    pub fn claim(&mut self, _receiver: &str, _now: Timestamp) -> Next {
        Next::Empty
    }

    /// Says what came of an attempt.
    pub fn settle(&mut self, _message: &str, _recipient: &str, _came: &Attempt, _now: Timestamp) {}

    /// Gives a claimed delivery back untried: whoever had it stops.
    pub fn give_back(&mut self, _message: &str, _recipient: &str) {}

    /// Messages of a receiver that are to be put into one digest instead, if there are too
    /// many or its hourly limit is reached: they are marked as digested with the call.
    pub fn take_surplus(
        &mut self,
        _receiver: &str,
        _hourly_limit: Option<u32>,
        _now: Timestamp,
    ) -> Vec<OutboxMessage> {
        Vec::new()
    }

    /// Whether the store refuses to commit: then critical messages that it does not have
    /// may leave without it.
    pub const fn set_store_refuses(&mut self, refuses: bool) {
        self.refuses = refuses;
    }

    /// New messages and changed deliveries since the last commit.
    pub fn uncommitted(&self) -> (Vec<OutboxMessage>, Vec<Delivery>) {
        (Vec::new(), Vec::new())
    }

    /// The store has what [`Self::uncommitted`] gave.
    pub fn mark_committed(&mut self) {}

    /// No store has any of it.
    pub fn mark_uncommitted(&mut self) {}

    /// What waits, in numbers.
    pub fn snapshot(&self) -> OutboxSnapshot {
        OutboxSnapshot::default()
    }

    /// Attempts at delivery since the last call, by receiver and result: one of
    /// [`RESULTS`].
    pub fn take_results(&mut self) -> Vec<(Arc<str>, &'static str, u64)> {
        Vec::new()
    }
}

/// What may come of an attempt: the values of the label `result`.
pub const RESULTS: &[&str] = &["sent", "retried", "misconfigured", "dead", "digested"];
