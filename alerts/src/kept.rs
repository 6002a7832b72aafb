//! Values that must outlive the process, and which of them the store does not have yet.
//!
//! A map that knows what changed since the last commit, so that a turn writes these and
//! nothing else. A value that was changed to what it was is not written. Each is stored
//! with its key as one JSON text under a short computed name, so that whatever a log put
//! into a key cannot break the store's.
//!
//! Not here: when to commit, and what the values mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fingerprint::fingerprint;

/// What is stored: a name, and the value or, to remove it, nothing.
pub type StoredValue = (Arc<str>, Option<Vec<u8>>);

/// A map whose changes are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<K, V> {
    values: BTreeMap<K, V>,
    /// Keys of which the store has something else than the map.
    changed: BTreeSet<K>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self {
            values: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone, V> Kept<K, V> {
    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    /// Whether the key has a value.
    pub fn contains(&self, key: &K) -> bool {
        self.values.contains_key(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All of them, sorted by key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.values.iter()
    }

    /// Puts a value in.
    pub fn insert(&mut self, key: K, value: V) {
        self.changed.insert(key.clone());
        self.values.insert(key, value);
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let value = self.values.remove(key)?;
        self.changed.insert(key.clone());
        Some(value)
    }

    /// Keeps what `is_wanted` says yes to.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&K, &V) -> bool) {
        let changed = &mut self.changed;
        self.values.retain(|key, value| {
            let is_kept = is_wanted(key, value);
            if !is_kept {
                changed.insert(key.clone());
            }
            is_kept
        });
    }

    /// The store has everything that [`Self::uncommitted`] told.
    pub fn mark_committed(&mut self) {
        self.changed.clear();
    }

    /// No store has any of it.
    pub fn mark_uncommitted(&mut self) {
        self.changed.extend(self.values.keys().cloned());
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Kept<K, V> {
    /// Changes the value of a key, if it has one. It counts as changed only if it is
    /// another one afterwards.
    pub fn change<R>(&mut self, key: &K, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        let value = self.values.get_mut(key)?;
        let before = value.clone();
        let result = change(value);
        if *value != before {
            self.changed.insert(key.clone());
        }
        Some(result)
    }

    /// Changes the value of a key, which is the default one if it had none.
    pub fn change_or_begin<R>(&mut self, key: &K, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: Default,
    {
        let before = self.values.get(key).cloned();
        let value = self.values.entry(key.clone()).or_default();
        let result = change(value);
        if before.as_ref() != Some(value) {
            self.changed.insert(key.clone());
        }
        result
    }
}

impl<K: Ord + Clone + Serialize, V: Serialize> Kept<K, V> {
    /// What the store does not have yet, under names that begin with `prefix`.
    pub fn uncommitted(&self, prefix: &str) -> Vec<StoredValue> {
        let changed = self.changed.iter();
        changed
            .filter_map(|key| {
                let value = match self.values.get(key) {
                    Some(value) => Some(serde_json::to_vec(&(key, value)).ok()?),
                    None => None,
                };
                Some((stored_name(prefix, key)?, value))
            })
            .collect()
    }
}

impl<K: Ord + Clone + Serialize + DeserializeOwned, V: DeserializeOwned> Kept<K, V> {
    /// Puts back in what was stored under `name`. `false` if it cannot be read, or is not
    /// called what we would call it: another version wrote it.
    pub fn restore(&mut self, prefix: &str, name: &str, stored: &[u8]) -> bool {
        let Ok((key, value)) = serde_json::from_slice::<(K, V)>(stored) else {
            return false;
        };
        if stored_name(prefix, &key).as_deref() != Some(name) {
            return false;
        }
        self.values.insert(key, value);
        true
    }
}

fn stored_name<K: Serialize>(prefix: &str, key: &K) -> Option<Arc<str>> {
    let key = serde_json::to_string(key).ok()?;
    Some(Arc::from(format!("{prefix}{}", fingerprint(&[&key]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbers = Kept<String, u32>;

    fn names(kept: &Numbers) -> Vec<bool> {
        let stored = kept.uncommitted("n/");
        stored.iter().map(|(_, value)| value.is_some()).collect()
    }

    #[test]
    fn only_what_changed_is_written() {
        let mut kept = Numbers::default();
        kept.insert("a".to_owned(), 1);
        kept.insert("b".to_owned(), 2);
        assert_eq!(names(&kept), [true, true]);
        kept.mark_committed();
        kept.change(&"a".to_owned(), |value| *value = 1);
        kept.change_or_begin(&"b".to_owned(), |value| *value = 2);
        assert_eq!(names(&kept), [false; 0]);
        kept.change(&"a".to_owned(), |value| *value = 3);
        assert_eq!(names(&kept), [true]);
        kept.mark_committed();
        kept.retain(|_, value| *value == 3);
        assert_eq!(names(&kept), [false], "what is gone is removed");
        kept.mark_committed();
        kept.mark_uncommitted();
        assert_eq!(names(&kept), [true], "a new store gets all there is");
    }

    #[test]
    fn a_value_that_is_begun_and_left_as_it_begins_is_written() {
        let mut kept = Numbers::default();
        kept.change_or_begin(&"a".to_owned(), |_| {});
        assert_eq!(names(&kept), [true]);
    }

    #[test]
    fn what_was_stored_is_found_again_under_its_own_name_only() {
        let mut kept = Numbers::default();
        let hostile = "\u{1b}[31m/../\"".to_owned();
        kept.insert(hostile.clone(), 7);
        let (name, value) = kept.uncommitted("n/").remove(0);
        let value = value.unwrap();
        assert!(name.len() == 18 && name.is_ascii(), "{name}");
        let mut again = Numbers::default();
        assert!(!again.restore("n/", "n/0123456789abcdef", &value));
        assert!(!again.restore("n/", &name, b"{}"));
        assert!(again.restore("n/", &name, &value));
        assert_eq!(again.get(&hostile), Some(&7));
        assert!(again.uncommitted("n/").is_empty(), "the store has it");
    }
}
