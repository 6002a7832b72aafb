//! What is told together: one mail for each key, closed when it is complete or old enough.
//!
//! The first item of a key opens a batch. It closes when everybody who is expected has
//! reported, when nothing new came for a while, when it has been open for long, or when
//! its deadline comes; whichever is first, and the closed batch says which. What comes
//! later opens the next one of the same key, which is numbered and holds only the new: no
//! item is told twice.
//!
//! Times are those of arrival, as the wall clock had them, since a batch outlives the
//! process: one that became due while nobody ran is due at once. Whom to expect is the
//! caller's knowledge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// How long a batch waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After the last new item.
    pub quiet: SignedDuration,
    /// After the first item.
    pub longest: SignedDuration,
    /// At the latest at this moment, if there is one.
    pub deadline: Option<Timestamp>,
}

/// Why a batch was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// Everybody expected has reported.
    Complete,
    /// Nothing new came for a while.
    Quiet,
    /// It had been open for long.
    Longest,
    /// Its deadline came.
    Deadline,
}

/// A closed batch: one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<K, I> {
    /// What its items have in common.
    pub key: K,
    /// 1 for the first of its key; a follow-up counts on.
    pub number: u32,
    /// Who, and what about them, in the order of arrival.
    pub items: Vec<(Arc<str>, I)>,
    /// Why now.
    pub closed_by: ClosedBy,
}

/// Open batches, and what of each key was told already.
#[derive(Debug, Clone)]
pub struct Batches<K, I> {
    keys: BTreeMap<K, Entry<I>>,
}

#[derive(Debug, Clone)]
struct Entry<I> {
    open: Option<Open<I>>,
    /// Batches of this key that were closed.
    closed: u32,
    /// Who was told about.
    told: BTreeSet<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Open<I> {
    items: Vec<(Arc<str>, I)>,
    first_at: Timestamp,
    last_at: Timestamp,
    patience: Patience,
    is_complete: bool,
}

impl<I> Open<I> {
    /// When it closes, and why then.
    fn due(&self) -> (Timestamp, ClosedBy) {
        if self.is_complete {
            return (self.last_at, ClosedBy::Complete);
        }
        let later = |at: Timestamp, by| at.saturating_add(by).unwrap_or(Timestamp::MAX);
        let quiet = later(self.last_at, self.patience.quiet);
        let longest = later(self.first_at, self.patience.longest);
        let mut due = if quiet <= longest {
            (quiet, ClosedBy::Quiet)
        } else {
            (longest, ClosedBy::Longest)
        };
        if let Some(deadline) = self.patience.deadline.filter(|at| *at < due.0) {
            due = (deadline, ClosedBy::Deadline);
        }
        due
    }
}

impl<K, I> Default for Batches<K, I> {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, I> Batches<K, I> {
    /// Adds what is to be told of a name and arrived at `now`. `false` if its key has told
    /// or holds one of the same name already: nothing is changed then.
    pub fn add(
        &mut self,
        key: K,
        (name, item): (Arc<str>, I),
        now: Timestamp,
        wait: Patience,
    ) -> bool {
        let entry = self.keys.entry(key).or_insert_with(|| Entry {
            open: None,
            closed: 0,
            told: BTreeSet::new(),
        });
        if !entry.told.insert(Arc::clone(&name)) {
            return false;
        }
        let open = entry.open.get_or_insert_with(|| Open {
            items: Vec::new(),
            first_at: now,
            last_at: now,
            patience: wait,
            is_complete: false,
        });
        open.items.push((name, item));
        // A clock that was put back must not put the end off.
        open.last_at = open.last_at.max(now);
        true
    }

    /// Everybody whom the key waits for has reported: an open batch closes at once.
    pub fn complete(&mut self, key: &K) {
        if let Some(open) = self.keys.get_mut(key).and_then(|entry| entry.open.as_mut()) {
            open.is_complete = true;
        }
    }

    /// The keys that have an open batch.
    pub fn open_keys(&self) -> impl Iterator<Item = &K> {
        let open = self.keys.iter().filter(|(_, entry)| entry.open.is_some());
        open.map(|(key, _)| key)
    }

    /// When the next batch closes; `None` if none is open.
    pub fn next_due(&self) -> Option<Timestamp> {
        let open = self.keys.values().filter_map(|entry| entry.open.as_ref());
        open.map(|open| open.due().0).min()
    }

    /// Closes and returns what is due at `now`, the earliest first.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Batch<K, I>> {
        let mut due = Vec::new();
        for (key, entry) in &mut self.keys {
            let is_due = |open: &mut Open<I>| open.due().0 <= now;
            let Some(open) = entry.open.take_if(is_due) else {
                continue;
            };
            entry.closed = entry.closed.saturating_add(1);
            let (at, closed_by) = open.due();
            due.push((
                at,
                Batch {
                    key: key.clone(),
                    number: entry.closed,
                    items: open.items,
                    closed_by,
                },
            ));
        }
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().map(|(_, batch)| batch).collect()
    }

    /// Forgets the keys for which nothing can come any more. Open batches stay.
    pub fn forget(&mut self, is_over: impl Fn(&K) -> bool) {
        self.keys
            .retain(|key, entry| entry.open.is_some() || !is_over(key));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WAIT: Patience = Patience {
        quiet: SignedDuration::from_mins(2),
        longest: SignedDuration::from_mins(10),
        deadline: None,
    };

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    fn add(batches: &mut Batches<u8, i64>, name: &str, at: i64) -> bool {
        batches.add(1, (Arc::from(name), at), minute(at), WAIT)
    }

    fn names(batch: &Batch<u8, i64>) -> Vec<&str> {
        batch.items.iter().map(|(name, _)| &**name).collect()
    }

    #[test]
    fn quiet_closes_and_what_is_later_follows_up_with_the_new_only() {
        let mut batches = Batches::default();
        assert!(add(&mut batches, "p2", 0));
        assert!(batches.take_due(minute(1)).is_empty());
        assert_eq!(batches.next_due(), Some(minute(2)));
        let first = batches.take_due(minute(2));
        assert_eq!((first[0].number, first[0].closed_by), (1, ClosedBy::Quiet));
        assert!(!add(&mut batches, "p2", 5), "p2 was told");
        assert!(add(&mut batches, "p3", 11));
        let second = batches.take_due(minute(13));
        assert_eq!((second[0].number, names(&second[0])), (2, vec!["p3"]));
    }

    #[test]
    fn each_new_item_prolongs_but_not_for_ever() {
        let mut batches = Batches::default();
        for at in 0..12 {
            add(&mut batches, &format!("p{at}"), at);
            let due = batches.take_due(minute(at));
            if at < 10 {
                assert!(due.is_empty(), "{at}");
            } else if at == 10 {
                assert_eq!(due[0].closed_by, ClosedBy::Longest);
                assert_eq!(due[0].items.len(), 11);
            }
        }
    }

    #[test]
    fn the_complete_batch_and_the_deadline_wait_for_nothing() {
        let mut batches = Batches::default();
        add(&mut batches, "p1", 0);
        batches.complete(&1);
        let closed = batches.take_due(minute(0));
        assert_eq!(closed[0].closed_by, ClosedBy::Complete);
        let until = Patience {
            deadline: Some(minute(1)),
            ..WAIT
        };
        batches.add(2, (Arc::from("p1"), 0), minute(0), until);
        assert_eq!(batches.take_due(minute(1))[0].closed_by, ClosedBy::Deadline);
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_keep_a_batch_open() {
        let mut batches = Batches::default();
        add(&mut batches, "p1", 0);
        add(&mut batches, "p2", -60);
        assert_eq!(batches.next_due(), Some(minute(2)));
    }

    #[test]
    fn what_is_over_is_forgotten_but_never_an_open_batch() {
        let mut batches = Batches::default();
        add(&mut batches, "p1", 0);
        batches.forget(|_| true);
        assert_eq!(batches.take_due(minute(2)).len(), 1);
        batches.forget(|_| true);
        assert!(add(&mut batches, "p1", 3), "nothing is known of the key");
    }

    proptest! {
        #[test]
        fn every_item_is_told_once_and_in_time(
            steps in prop::collection::vec((0..3_u8, 0..8_u8, 0..4_i64), 1..60),
        ) {
            let mut batches: Batches<u8, i64> = Batches::default();
            let mut wanted = BTreeSet::new();
            let mut told = Vec::new();
            let mut now = 0;
            for (key, name, pause) in steps {
                now += pause;
                told.extend(batches.take_due(minute(now)));
                let name: Arc<str> = Arc::from(format!("p{name}"));
                if batches.add(key, (Arc::clone(&name), now), minute(now), WAIT) {
                    prop_assert!(wanted.insert((key, name)));
                }
                prop_assert!(batches.next_due().is_none_or(|due| due <= minute(now + 10)));
            }
            told.extend(batches.take_due(minute(now + 10)));
            let all: Vec<(u8, Arc<str>)> = told
                .iter()
                .flat_map(|batch| batch.items.iter().map(|(name, _)| (batch.key, name.clone())))
                .collect();
            prop_assert_eq!(all.len(), wanted.len());
            prop_assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), wanted);
            for key in 0..3 {
                let of_key = told.iter().filter(|batch| batch.key == key);
                let numbers: Vec<u32> = of_key.map(|batch| batch.number).collect();
                let counted: Vec<u32> = (1..).take(numbers.len()).collect();
                prop_assert_eq!(numbers, counted);
            }
        }
    }
}
