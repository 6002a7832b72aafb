//! Events that the rules have not seen yet, in the order in which they came.
//!
//! More than people are shown, and still not without end: of one kind, reason and connector
//! so many a turn as [`UNSEEN_MAX`]; reasons are apart, so that a flood of one failure does
//! not hide another. Beyond that the oldest give way, since what came last
//! tells how things are; how many is counted, but for those that are history, of which
//! nobody would have been told. What is daily business never comes here: it
//! is counted, and rules on how often something happens look at the counts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use alerts::age::was_history;
use jiff::Timestamp;
use model::event::EventKey;
use model::snapshot::RecentEvent;

/// Most events of one kind, reason and connector that wait for the rules.
pub(in crate::pipeline) const UNSEEN_MAX: usize = 256;

/// What waits for the rules.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    next: u64,
    events: BTreeMap<u64, RecentEvent>,
    /// The places of those of one kind, reason and connector, the oldest first.
    places: HashMap<(Arc<str>, EventKey), VecDeque<u64>>,
    /// Of those that gave way, how many could have been told.
    skipped: u64,
    /// Nothing that happened before is told.
    quiet_before: Option<Timestamp>,
}

impl Unseen {
    pub(super) const fn set_quiet_before(&mut self, quiet_before: Option<Timestamp>) {
        self.quiet_before = quiet_before;
    }

    pub(super) fn add(&mut self, event: RecentEvent) {
        let key = (Arc::clone(&event.connector), event.event.key.clone());
        let places = self.places.entry(key).or_default();
        if UNSEEN_MAX <= places.len()
            && let Some(oldest) = places.pop_front()
        {
            let gave_way = self.events.remove(&oldest);
            let is_missed = |old: &RecentEvent| !was_history(old, self.quiet_before);
            if gave_way.as_ref().is_some_and(is_missed) {
                self.skipped = self.skipped.saturating_add(1);
            }
        }
        places.push_back(self.next);
        self.events.insert(self.next, event);
        self.next = self.next.saturating_add(1);
    }

    /// Hands over what waits, and how many gave way that could have been told.
    pub(super) fn take(&mut self) -> (Vec<RecentEvent>, u64) {
        let next = Self {
            quiet_before: self.quiet_before,
            ..Self::default()
        };
        let taken = std::mem::replace(self, next);
        (taken.events.into_values().collect(), taken.skipped)
    }
}

#[cfg(test)]
mod tests {
    use model::event::EventKind;

    use super::*;
    use crate::metrics::sample::recent;

    fn offsets(unseen: &mut Unseen) -> (Vec<u64>, u64) {
        let (events, skipped) = unseen.take();
        (events.iter().map(|event| event.offset).collect(), skipped)
    }

    fn add(unseen: &mut Unseen, kind: EventKind, offset: u64) {
        add_with_reason(unseen, kind, "", offset);
    }

    fn add_with_reason(unseen: &mut Unseen, kind: EventKind, reason: &str, offset: u64) {
        let event = RecentEvent {
            offset,
            ..recent("pub", kind, reason, 0)
        };
        unseen.add(event);
    }

    #[test]
    fn events_are_handed_over_once_and_in_their_order() {
        let mut unseen = Unseen::default();
        add(&mut unseen, EventKind::TunnelConnected, 5);
        add(&mut unseen, EventKind::UpdateFailed, 3);
        add(&mut unseen, EventKind::TunnelConnected, 4);
        assert_eq!(offsets(&mut unseen), (vec![5, 3, 4], 0));
        assert_eq!(offsets(&mut unseen), (Vec::new(), 0));
    }

    #[test]
    fn a_flood_of_one_kind_loses_its_oldest_and_nothing_of_another() {
        let mut unseen = Unseen::default();
        add(&mut unseen, EventKind::UpdateFailed, 7_000);
        let most = u64::try_from(UNSEEN_MAX).unwrap();
        for offset in 0..most + 3 {
            add(&mut unseen, EventKind::TlsError, offset);
        }
        let (kept, skipped) = offsets(&mut unseen);
        let newest: Vec<u64> = [7_000].into_iter().chain(3..most + 3).collect();
        assert_eq!((kept, skipped), (newest, 3));
    }

    #[test]
    fn a_flood_of_one_failure_leaves_another_of_its_kind_to_be_told() {
        let mut unseen = Unseen::default();
        add_with_reason(&mut unseen, EventKind::TlsError, "expired", 7_000);
        let most = u64::try_from(UNSEEN_MAX).unwrap();
        for offset in 0..most {
            add_with_reason(&mut unseen, EventKind::TlsError, "unknown_ca", offset);
        }
        let (kept, skipped) = offsets(&mut unseen);
        assert_eq!((kept.first(), skipped), (Some(&7_000), 0));
    }
}
