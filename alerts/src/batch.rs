//! What is told together: one mail for each key, closed when it is complete or old enough.
//!
//! The first item of a key opens a batch. It closes when everybody who is expected has
//! reported, when nothing new came for a while, when it has been open for long, or when
//! its deadline comes; whichever is first, and the closed batch says which. What comes
//! later opens the next one of the same key, which is numbered and holds only the new: no
//! item is told twice.
//!
//! Times are those of arrival, on a clock of the caller's that goes on over restarts,
//! since a batch outlives the process: one that became due while nobody ran is due at
//! once. Whom to expect is the caller's knowledge, and so is when to store what
//! [`Batches::uncommitted`] gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::kept::{Kept, StoredValue};

/// How long a batch waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What follows of the same matter is told now, and must not come before it.
    Overtaken,
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
    keys: Kept<K, Entry<I>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry<I> {
    open: Option<Open<I>>,
    /// Batches of this key that were closed.
    closed: u32,
    /// Who was told about, or the marks of what was.
    told: BTreeSet<Arc<str>>,
}

impl<I> Default for Entry<I> {
    fn default() -> Self {
        Self {
            open: None,
            closed: 0,
            told: BTreeSet::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl<I> Entry<I> {
    fn add(&mut self, (name, item): (Arc<str>, I), now: Timestamp, wait: Patience) {
        let open = self.open.get_or_insert_with(|| Open {
            items: Vec::new(),
            first_at: now,
            last_at: now,
            patience: wait,
            is_complete: false,
        });
        open.items.push((name, item));
        // A clock that was put back must not put the end off.
        open.last_at = open.last_at.max(now);
    }

    fn close<K>(&mut self, key: K, closed_by: ClosedBy) -> Option<Batch<K, I>> {
        let open = self.open.take()?;
        self.closed = self.closed.saturating_add(1);
        Some(Batch {
            key,
            number: self.closed,
            items: open.items,
            closed_by,
        })
    }
}

impl<K: Ord, I> Default for Batches<K, I>
where
    K: Clone,
{
    fn default() -> Self {
        Self {
            keys: Kept::default(),
        }
    }
}

impl<K: Ord + Clone, I: Clone + PartialEq> Batches<K, I> {
    /// Adds what is to be told of a name and arrived at `now`. `false` if its key has told
    /// or holds one of the same name already: nothing is changed then.
    pub fn add(&mut self, key: &K, what: (Arc<str>, I), now: Timestamp, wait: Patience) -> bool {
        let mark = Arc::clone(&what.0);
        self.add_once(key, (mark, what), now, wait)
    }

    /// Adds what a mark tells apart from all else that is told of the key, the same name
    /// included. `false` if its key has told or holds one of the same mark already.
    pub fn add_once(
        &mut self,
        key: &K,
        (mark, what): (Arc<str>, (Arc<str>, I)),
        now: Timestamp,
        wait: Patience,
    ) -> bool {
        self.keys.change_or_begin(key, |entry| {
            let is_new = entry.told.insert(mark);
            if is_new {
                entry.add(what, now, wait);
            }
            is_new
        })
    }

    /// Everybody whom the key waits for has reported: an open batch closes at once.
    pub fn complete(&mut self, key: &K) {
        self.keys.change(key, |entry| {
            if let Some(open) = entry.open.as_mut() {
                open.is_complete = true;
            }
        });
    }

    /// The keys that have an open batch.
    pub fn open_keys(&self) -> impl Iterator<Item = &K> {
        let open = self.keys.iter().filter(|(_, entry)| entry.open.is_some());
        open.map(|(key, _)| key)
    }

    /// The names in the open batch of a key, in the order of arrival.
    pub fn open_names(&self, key: &K) -> impl Iterator<Item = &Arc<str>> {
        self.open_items(key).map(|(name, _)| name)
    }

    /// What the open batch of a key holds, in the order of arrival.
    pub fn open_items(&self, key: &K) -> impl Iterator<Item = &(Arc<str>, I)> {
        let open = self.keys.get(key).and_then(|entry| entry.open.as_ref());
        open.into_iter().flat_map(|open| &open.items)
    }

    /// When the next batch closes; `None` if none is open.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.dues().map(|(at, _, _)| at).min()
    }

    /// The keys of batches that are due at `now`, the earliest first.
    pub fn due_keys(&self, now: Timestamp) -> Vec<K> {
        let mut due: Vec<_> = self.dues().filter(|(at, _, _)| *at <= now).collect();
        due.sort_by_key(|(at, _, _)| *at);
        due.into_iter().map(|(_, _, key)| key.clone()).collect()
    }

    /// Closes and returns what is due at `now`, the earliest first.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Batch<K, I>> {
        let keys = self.due_keys(now);
        keys.iter().filter_map(|key| self.take(key)).collect()
    }

    /// Closes the open batch of a key, if it has one, for the reason for which it is due
    /// or would be.
    pub fn take(&mut self, key: &K) -> Option<Batch<K, I>> {
        let (_, closed_by) = self.keys.get(key)?.open.as_ref()?.due();
        self.close_by(key, closed_by)
    }

    /// Closes the open batch of a key, if it has one, before what overtakes it is told.
    pub fn close(&mut self, key: &K) -> Option<Batch<K, I>> {
        self.close_by(key, ClosedBy::Overtaken)
    }

    /// Forgets the keys for which nothing can come any more. Open batches stay.
    pub fn forget(&mut self, is_over: impl Fn(&K) -> bool) {
        self.keys
            .retain(|key, entry| entry.open.is_some() || !is_over(key));
    }

    /// The store has everything that [`Self::uncommitted`] told.
    pub fn mark_committed(&mut self) {
        self.keys.mark_committed();
    }

    /// No store has any of it.
    pub fn mark_uncommitted(&mut self) {
        self.keys.mark_uncommitted();
    }

    fn dues(&self) -> impl Iterator<Item = (Timestamp, ClosedBy, &K)> {
        self.keys.iter().filter_map(|(key, entry)| {
            let (at, closed_by) = entry.open.as_ref()?.due();
            Some((at, closed_by, key))
        })
    }

    fn close_by(&mut self, key: &K, closed_by: ClosedBy) -> Option<Batch<K, I>> {
        let close = |entry: &mut Entry<I>| entry.close(key.clone(), closed_by);
        self.keys.change(key, close).flatten()
    }
}

impl<K, I> Batches<K, I>
where
    K: Ord + Clone + Serialize + DeserializeOwned,
    I: Clone + PartialEq + Serialize + DeserializeOwned,
{
    /// What changed since the last commit, to be stored under names that begin with
    /// `prefix`; `None` removes one.
    pub fn uncommitted(&self, prefix: &str) -> Vec<StoredValue> {
        self.keys.uncommitted(prefix)
    }

    /// Puts back what was stored under `name`. `false` if it cannot be read.
    pub fn restore(&mut self, prefix: &str, name: &str, stored: &[u8]) -> bool {
        self.keys.restore(prefix, name, stored)
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
        batches.add(&1, (Arc::from(name), at), minute(at), WAIT)
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
        batches.add(&2, (Arc::from("p1"), 0), minute(0), until);
        assert_eq!(batches.take_due(minute(1))[0].closed_by, ClosedBy::Deadline);
    }

    #[test]
    fn what_must_not_be_overtaken_closes_at_once() {
        let mut batches = Batches::default();
        assert_eq!(batches.close(&1), None);
        add(&mut batches, "p1", 0);
        let names: Vec<&str> = batches.open_names(&1).map(|name| &**name).collect();
        assert_eq!(names, ["p1"]);
        let closed = batches.close(&1).unwrap();
        assert_eq!((closed.number, closed.closed_by), (1, ClosedBy::Overtaken));
        assert!(batches.take_due(minute(100)).is_empty(), "told once");
    }

    #[test]
    fn a_batch_that_became_due_while_nobody_ran_is_due_at_once() {
        let mut batches = Batches::default();
        add(&mut batches, "p2", 0);
        batches.add(&2, (Arc::from("p1"), 0), minute(0), WAIT);
        batches.take_due(minute(1));
        let mut again: Batches<u8, i64> = Batches::default();
        for (name, stored) in batches.uncommitted("b/") {
            assert!(again.restore("b/", &name, &stored.unwrap()), "{name}");
        }
        batches.mark_committed();
        assert!(batches.uncommitted("b/").is_empty());
        assert!(!add(&mut again, "p2", 30), "it is in the batch already");
        assert_eq!(again.uncommitted("b/"), [], "nothing changed");
        let closed = again.take_due(minute(30));
        assert_eq!((closed.len(), closed[0].number), (2, 1));
        assert_eq!(again.uncommitted("b/").len(), 2);
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
                if batches.add(&key, (Arc::clone(&name), now), minute(now), WAIT) {
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
