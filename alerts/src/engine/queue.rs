//! Events that wait for the next step, in the order in which they came.
//!
//! Not without end. Up to [`EVENTS_MAX`] all wait; beyond that only the latest few of one
//! connector, kind and reason, in [`KEYS_MAX`] such keys. So what floods pushes out itself,
//! and the one failure of another connector in the midst of it is still told. What gave way
//! is counted, and the caller says so; but not what is history, which nobody would have been
//! told of.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use model::event::{EventKind, Reason};
use model::snapshot::RecentEvent;

use crate::age::was_history;

/// Most events from one step to the next of which all are looked at.
pub const EVENTS_MAX: usize = 20_000;

/// Most of one key that wait beyond that.
pub(super) const OF_KEY_MAX: usize = 4;

/// Most keys that do.
const KEYS_MAX: usize = 5_000;

/// What tells events apart in a flood.
type Key = (Arc<str>, EventKind, Reason);

/// What waits for the next step.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: Vec<RecentEvent>,
    /// What came later, the oldest of each key first, with its place in the order.
    beyond: BTreeMap<Key, VecDeque<(u64, RecentEvent)>>,
    next: u64,
    skipped: u64,
    /// Nothing that happened before is told.
    quiet_before: Option<Timestamp>,
}

impl Queue {
    /// From when on what happens is told.
    pub(super) const fn set_quiet_before(&mut self, quiet_before: Option<Timestamp>) {
        self.quiet_before = quiet_before;
    }

    /// Puts an event at the end.
    pub(super) fn add(&mut self, event: RecentEvent) {
        if self.events.len() < EVENTS_MAX {
            self.events.push(event);
            return;
        }
        let key = &event.event.key;
        let key = (Arc::clone(&event.connector), key.kind, key.reason.clone());
        let is_room = self.beyond.len() < KEYS_MAX || self.beyond.contains_key(&key);
        if !is_room {
            self.skip(&event);
            return;
        }
        let waiting = self.beyond.entry(key).or_default();
        // What came last tells how things are.
        let oldest = if OF_KEY_MAX <= waiting.len() {
            waiting.pop_front()
        } else {
            None
        };
        waiting.push_back((self.next, event));
        self.next = self.next.saturating_add(1);
        if let Some((_, gave_way)) = oldest {
            self.skip(&gave_way);
        }
    }

    fn skip(&mut self, event: &RecentEvent) {
        if !was_history(event, self.quiet_before) {
            self.skipped = self.skipped.saturating_add(1);
        }
    }

    /// Hands over what waits.
    pub(super) fn take(&mut self) -> Vec<RecentEvent> {
        let mut events = std::mem::take(&mut self.events);
        let beyond = std::mem::take(&mut self.beyond).into_values().flatten();
        let in_order: BTreeMap<u64, RecentEvent> = beyond.collect();
        events.extend(in_order.into_values());
        events
    }

    /// How many gave way since the start that could have been told.
    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }
}
