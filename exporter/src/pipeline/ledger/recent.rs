//! The latest events, for people to look at.
//!
//! Their number is bounded over all connectors, and each has a fair share: whoever has most
//! gives up its own oldest. So one that is noisy does not drive out what the others told,
//! which may be the one line that says why. A share of many is small, so the last few of
//! each connector are kept beside them. The store keeps the same ones.
//!
//! To know who has most takes a look at all, so up to as many again lie here until somebody
//! wants to see them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use model::snapshot::{EVENT_NAMES_MAX, OWN_EVENTS_MAX, RECENT_EVENTS_MAX, RecentEvent};

/// The latest events, and which of them no store has.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Newest last; some of them have lost their place.
    shared: VecDeque<Numbered>,
    /// The last ones of each connector, newest last.
    own: HashMap<Arc<str>, VecDeque<Numbered>>,
    /// How many were ever added: the newest one's number.
    added: u64,
    /// Up to which number the store has them.
    committed: u64,
}

/// An event with its place in the order of coming, from 1.
#[derive(Debug, Clone)]
struct Numbered {
    number: u64,
    event: Arc<RecentEvent>,
}

impl Recent {
    /// Those that a store had.
    pub(super) fn restored(newest_first: Vec<RecentEvent>) -> Self {
        let mut recent = Self::default();
        for event in newest_first.into_iter().rev() {
            recent.add(event);
        }
        recent.mark_committed();
        recent
    }

    /// Adds one.
    pub(super) fn add(&mut self, event: RecentEvent) {
        if RECENT_EVENTS_MAX.saturating_mul(2) <= self.shared.len() {
            self.shared = self.with_a_place().cloned().collect();
        }
        self.added = self.added.saturating_add(1);
        let one = Numbered {
            number: self.added,
            event: Arc::new(event),
        };
        self.make_room_for(&one.event.connector);
        let name = Arc::clone(&one.event.connector);
        let own = self.own.entry(name).or_default();
        if OWN_EVENTS_MAX <= own.len() {
            own.pop_front();
        }
        own.push_back(one.clone());
        self.shared.push_back(one);
    }

    /// Those of all connectors that have a place.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &RecentEvent> {
        self.with_a_place().rev().map(|one| &*one.event)
    }

    /// The last ones of one connector, and then its others that have a place.
    pub(super) fn of<'a>(&'a self, connector: &str) -> impl Iterator<Item = &'a RecentEvent> {
        let own = self.own.get(connector).into_iter().flatten().rev();
        let oldest = self.own.get(connector).and_then(VecDeque::front);
        let oldest = oldest.map(|one| one.number);
        let others = self.with_a_place().rev();
        let others = others.filter(move |one| oldest.is_none_or(|oldest| one.number < oldest));
        let all = own.chain(others).map(|one| &*one.event);
        all.filter(move |event| &*event.connector == connector)
    }

    /// The last ones of each connector, newest first.
    pub(super) fn own(&self) -> BTreeMap<Arc<str>, Vec<Arc<RecentEvent>>> {
        let newest_first = |own: &VecDeque<Numbered>| {
            let events = own.iter().rev();
            events.map(|one| Arc::clone(&one.event)).collect()
        };
        let own = self.own.iter();
        own.map(|(name, own)| (Arc::clone(name), newest_first(own)))
            .collect()
    }

    /// Those that no store has, oldest first.
    pub(super) fn uncommitted(&self) -> Vec<RecentEvent> {
        let all = self.own.values().flatten().chain(self.with_a_place());
        let new: BTreeMap<u64, &Numbered> = all
            .filter(|one| self.committed < one.number)
            .map(|one| (one.number, one))
            .collect();
        let events = new.into_values();
        events.map(|one| one.event.as_ref().clone()).collect()
    }

    /// The store has all.
    pub(super) const fn mark_committed(&mut self) {
        self.committed = self.added;
    }

    /// No store has any.
    pub(super) const fn mark_uncommitted(&mut self) {
        self.committed = 0;
    }

    /// Gives up the events of whom nothing was heard for longest, if there are many names.
    /// Beyond the connectors of one configuration these are names of the past, mostly.
    fn make_room_for(&mut self, connector: &str) {
        if self.own.len() < EVENT_NAMES_MAX || self.own.contains_key(connector) {
            return;
        }
        let newest = |own: &VecDeque<Numbered>| own.back().map(|one| one.number);
        let oldest = self.own.iter().min_by_key(|(_, own)| newest(own));
        if let Some(name) = oldest.map(|(name, _)| Arc::clone(name)) {
            self.own.remove(&name);
        }
    }

    /// Those that have a place, oldest first: of each connector its newest, then the ones
    /// before these, until all places are taken.
    fn with_a_place(&self) -> impl DoubleEndedIterator<Item = &Numbered> {
        let mut places: Vec<(usize, Reverse<usize>)> = Vec::with_capacity(self.shared.len());
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (index, one) in self.shared.iter().enumerate().rev() {
            let newer = counts.entry(&one.event.connector).or_default();
            places.push((*newer, Reverse(index)));
            *newer = newer.saturating_add(1);
        }
        places.sort_unstable();
        places.truncate(RECENT_EVENTS_MAX);
        let mut kept: Vec<usize> = places.into_iter().map(|(_, index)| index.0).collect();
        kept.sort_unstable();
        kept.into_iter().filter_map(|index| self.shared.get(index))
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn of_each_of_many_connectors_the_last_ones_are_kept() {
        let mut recent = Recent::default();
        for second in 0..6_400 {
            recent.add(told(&format!("pub-{}", second % 64), second));
            recent.add(told("noisy", second));
        }
        assert_eq!(of(&recent, "pub-7").len(), 3, "a fair share of 200");
        let own = recent.own();
        assert_eq!(own.len(), 65);
        assert!(own.values().all(|events| events.len() == OWN_EVENTS_MAX));
        assert_eq!(recent.of("pub-7").count(), OWN_EVENTS_MAX);
        let last = (0..20_i64).map(|step| 6_343 - step * 64);
        let seconds = own["pub-7"].iter().map(|event| event.read_at.as_second());
        assert!(seconds.eq(last));
        // A store that has them gives back the same.
        let stored = recent.uncommitted();
        assert_eq!(stored.len(), 65 * OWN_EVENTS_MAX);
        let again = Recent::restored(stored.into_iter().rev().collect());
        assert_eq!(again.own(), own);
        assert!(again.newest_first().eq(recent.newest_first()));
        // One more name, and whoever was silent for longest is given up.
        recent.add(told("new", 7_000));
        assert_eq!(recent.own().len(), EVENT_NAMES_MAX);
        assert!(!recent.own().contains_key("pub-0"));
    }

    #[test]
    fn a_connector_that_has_a_larger_share_loses_none_of_it() {
        let mut recent = Recent::default();
        for second in 0..150 {
            recent.add(told("one", second));
        }
        let seconds: Vec<_> = recent.of("one").map(|event| event.read_at).collect();
        assert_eq!(seconds.len(), 150);
        assert!(seconds.is_sorted_by(|newer, older| older < newer));
    }
}
