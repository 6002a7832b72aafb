//! The latest events, for people to look at.
//!
//! Their number is bounded over all connectors, and each has a fair share: whoever has most
//! gives up its own oldest. So one that is noisy does not drive out what the others told,
//! which may be the one line that says why. The store keeps the same ones.
//!
//! To know who has most takes a look at all, so up to as many again lie here until somebody
//! wants to see them.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use model::snapshot::{RECENT_EVENTS_MAX, RecentEvent};

/// The latest events, and which of them no store has.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Newest last; some of them have lost their place.
    events: VecDeque<RecentEvent>,
    /// How many of the newest are not committed yet.
    uncommitted: usize,
}

impl Recent {
    /// Those that a store had.
    pub(super) fn restored(newest_first: Vec<RecentEvent>) -> Self {
        let newest_first = newest_first.into_iter().take(RECENT_EVENTS_MAX);
        Self {
            events: newest_first.rev().collect(),
            uncommitted: 0,
        }
    }

    /// Adds one.
    pub(super) fn add(&mut self, event: RecentEvent) {
        if RECENT_EVENTS_MAX.saturating_mul(2) <= self.events.len() {
            self.trim();
        }
        self.events.push_back(event);
        self.uncommitted = self.uncommitted.saturating_add(1);
    }

    /// All of them.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &RecentEvent> {
        let kept = self.kept().into_iter().rev();
        kept.filter_map(|index| self.events.get(index))
    }

    /// Those that no store has, oldest first.
    pub(super) fn uncommitted(&self) -> Vec<RecentEvent> {
        let first = self.events.len().saturating_sub(self.uncommitted);
        let kept = self.kept().into_iter().filter(|index| first <= *index);
        kept.filter_map(|index| self.events.get(index).cloned())
            .collect()
    }

    /// The store has all.
    pub(super) const fn mark_committed(&mut self) {
        self.uncommitted = 0;
    }

    /// No store has any.
    pub(super) fn mark_uncommitted(&mut self) {
        self.uncommitted = self.events.len();
    }

    fn trim(&mut self) {
        let uncommitted = self.uncommitted();
        let kept: VecDeque<_> = self.newest_first().cloned().collect();
        self.uncommitted = uncommitted.len();
        self.events = kept.into_iter().rev().collect();
    }

    /// Where those are that have a place, oldest first: of each connector its newest, then
    /// the ones before these, until all places are taken.
    fn kept(&self) -> Vec<usize> {
        let mut places: Vec<(usize, Reverse<usize>)> = Vec::with_capacity(self.events.len());
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (index, event) in self.events.iter().enumerate().rev() {
            let newer = counts.entry(&event.connector).or_default();
            places.push((*newer, Reverse(index)));
            *newer = newer.saturating_add(1);
        }
        places.sort_unstable();
        places.truncate(RECENT_EVENTS_MAX);
        let mut kept: Vec<usize> = places.into_iter().map(|(_, index)| index.0).collect();
        kept.sort_unstable();
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::event::{EventKey, EventKind, Reason};

    use super::super::news;
    use super::*;

    fn told(connector: &str, second: usize) -> RecentEvent {
        let key = EventKey {
            kind: EventKind::TlsError,
            reason: Reason::none(),
        };
        let at = jiff::Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
        news(Arc::from(connector), Arc::from("log"), key, at)
    }

    fn of(recent: &Recent, connector: &str) -> Vec<i64> {
        let events = recent.newest_first();
        let own = events.filter(|event| &*event.connector == connector);
        own.map(|event| event.read_at.as_second()).collect()
    }

    #[test]
    fn a_noisy_connector_drives_out_nobodys_events_but_its_own() {
        let mut recent = Recent::default();
        for second in 0..40 {
            recent.add(told("quiet", second));
        }
        recent.mark_committed();
        for second in 40..2_000 {
            recent.add(told("noisy", second));
            assert!(recent.newest_first().count() <= RECENT_EVENTS_MAX);
        }
        assert_eq!(of(&recent, "quiet"), (0..40).rev().collect::<Vec<_>>());
        assert_eq!(
            of(&recent, "noisy"),
            (1_840..2_000).rev().collect::<Vec<_>>()
        );
        assert_eq!(recent.uncommitted().len(), 160);
        // Two who are equal have equal shares.
        for second in 2_000..2_500 {
            recent.add(told("other", second));
        }
        let shares = ["quiet", "noisy", "other"].map(|name| of(&recent, name).len());
        assert_eq!(shares, [40, 80, 80]);
        let restored: Vec<_> = recent.newest_first().cloned().collect();
        let again = Recent::restored(restored.clone());
        assert!(again.newest_first().eq(restored.iter()));
        assert_eq!(again.uncommitted(), []);
    }
}
