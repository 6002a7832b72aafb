//! Small values that other parts of the program want kept.
//!
//! All of them stand here too, so that a store that is replaced under us gets them back.
//! What they mean only their owners know; see [`crate::agent::keeper`]. Bounds are the
//! store's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use store::{KEPT_ENTRIES_MAX, KeptError, check_kept};

use super::tracked::{Mark, Tracked};

/// Values by key, and what of them the store does not have yet.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// `None` for a value that was removed, until the store knows.
    values: BTreeMap<Arc<str>, Tracked<Option<Vec<u8>>>>,
}

impl Kept {
    /// What the store held.
    pub(super) fn open(restored: Vec<(Arc<str>, Vec<u8>)>) -> Self {
        let found = restored.into_iter();
        Self {
            values: found
                .map(|(key, value)| (key, Tracked::committed(Some(value))))
                .collect(),
        }
    }

    /// Takes in all changes, or none of them.
    ///
    /// # Errors
    ///
    /// What is beyond the store's bounds.
    pub(super) fn change(
        &mut self,
        changes: Vec<(Arc<str>, Option<Vec<u8>>)>,
    ) -> Result<(), KeptError> {
        self.check(&changes)?;
        for (key, value) in changes {
            self.values.insert(key, Tracked::changed(value));
        }
        Ok(())
    }

    fn check(&self, changes: &[(Arc<str>, Option<Vec<u8>>)]) -> Result<(), KeptError> {
        let is_present = |(key, value): (&Arc<str>, &Tracked<Option<Vec<u8>>>)| {
            value.value.is_some().then(|| Arc::clone(key))
        };
        let mut present: BTreeSet<Arc<str>> = self.values.iter().filter_map(is_present).collect();
        let mut known: BTreeSet<&str> = self.values.keys().map(|key| &**key).collect();
        for (key, value) in changes {
            check_kept(key, value.as_deref().unwrap_or_default())?;
            known.insert(key);
            match value {
                Some(_) => present.insert(Arc::clone(key)),
                None => present.remove(key),
            };
            // What is removed takes room too, as long as a store that refuses to commit
            // does not know of it.
            if KEPT_ENTRIES_MAX < present.len() || 2 * KEPT_ENTRIES_MAX < known.len() {
                return Err(KeptError::TooMany {
                    key: Arc::clone(key),
                });
            }
        }
        Ok(())
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&[u8]> {
        self.values.get(key)?.value.as_deref()
    }

    /// All values there are.
    pub(super) fn values(&self) -> BTreeMap<Arc<str>, Vec<u8>> {
        let values = self.values.iter();
        values
            .filter_map(|(key, value)| Some((Arc::clone(key), value.value.clone()?)))
            .collect()
    }

    pub(super) fn uncommitted(&self) -> Vec<(Arc<str>, Option<Vec<u8>>)> {
        let values = self.values.iter();
        values
            .filter_map(|(key, value)| Some((Arc::clone(key), value.uncommitted()?.clone())))
            .collect()
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        if mark == Mark::Committed {
            self.values.retain(|_, value| value.value.is_some());
        }
        for value in self.values.values_mut() {
            value.mark(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: Option<&str>) -> (Arc<str>, Option<Vec<u8>>) {
        (Arc::from(key), value.map(|text| text.as_bytes().to_vec()))
    }

    #[test]
    fn changes_are_taken_whole_or_not_at_all() {
        let mut kept = Kept::open(vec![(Arc::from("a"), b"1".to_vec())]);
        assert!(kept.uncommitted().is_empty());
        let refused = kept.change(vec![change("a", Some("2")), change("B", Some("3"))]);
        assert!(matches!(refused, Err(KeptError::Key { .. })), "{refused:?}");
        assert!(kept.uncommitted().is_empty());
        kept.change(vec![change("a", None), change("b", Some("3"))])
            .unwrap();
        assert_eq!(
            kept.uncommitted(),
            [change("a", None), change("b", Some("3"))]
        );
        kept.mark(Mark::Committed);
        assert!(kept.uncommitted().is_empty());
        assert_eq!(kept.values().len(), 1);
    }

    #[test]
    fn a_store_that_was_replaced_gets_all_values_again() {
        let mut kept = Kept::open(vec![(Arc::from("a"), b"1".to_vec())]);
        kept.mark(Mark::Uncommitted);
        assert_eq!(kept.uncommitted(), [change("a", Some("1"))]);
    }

    #[test]
    fn one_value_too_many_is_refused_and_room_can_be_made() {
        let full = (0..KEPT_ENTRIES_MAX).map(|number| (Arc::from(format!("n.{number}")), vec![]));
        let mut kept = Kept::open(full.collect());
        let refused = kept.change(vec![change("one-more", Some(""))]);
        assert!(
            matches!(refused, Err(KeptError::TooMany { .. })),
            "{refused:?}"
        );
        kept.change(vec![change("n.0", Some("again"))]).unwrap();
        kept.change(vec![change("n.0", None), change("one-more", Some(""))])
            .unwrap();
        assert_eq!(kept.values().len(), KEPT_ENTRIES_MAX);
    }

    #[test]
    fn what_is_removed_while_the_store_refuses_is_bounded_too() {
        let mut kept = Kept::default();
        let mut add_and_remove = |number: usize| {
            let key = format!("n.{number}");
            kept.change(vec![change(&key, Some("")), change(&key, None)])
        };
        for number in 0..2 * KEPT_ENTRIES_MAX {
            add_and_remove(number).unwrap();
        }
        assert!(add_and_remove(2 * KEPT_ENTRIES_MAX).is_err());
    }
}
