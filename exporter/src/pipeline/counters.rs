//! Every counter that survives a restart, in one table.
//!
//! A counter is found by its index while lines are read, and by its
//! [`SeriesKey`] in the store. The table remembers what was committed, so a turn
//! writes only what moved, as absolute values: written twice, they are still right.
//! That holds for one counter a key, so of two the second is never written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::reading::SeriesKey;
use model::signal::Signal;
use tracing::error;

/// Place of a counter in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterIndex(usize);

impl CounterIndex {
    /// The counter `steps` places after this one, as [`CounterTable::open`] laid them.
    pub const fn plus(self, steps: usize) -> Self {
        Self(self.0.saturating_add(steps))
    }
}

/// Counters with their names and what of them is committed.
#[derive(Debug, Default)]
pub struct CounterTable {
    rows: Vec<Row>,
    /// The keys of all rows.
    opened: HashSet<SeriesKey>,
    /// Values from the store that wait for their series to be opened.
    restored: HashMap<SeriesKey, u64>,
}

#[derive(Debug)]
struct Row {
    key: SeriesKey,
    value: u64,
    /// `None` until the series stands in the store: also a 0 must be written once,
    /// so that the next start knows the series is not new.
    committed: Option<u64>,
    /// Whether an earlier row has the same key, which is our mistake. Both in the store
    /// would overwrite each other, and the series would step back.
    is_double: bool,
}

impl CounterTable {
    /// A table whose series will begin at the values of an earlier run.
    pub fn new(restored: HashMap<SeriesKey, u64>) -> Self {
        Self {
            rows: Vec::new(),
            opened: HashSet::new(),
            restored,
        }
    }

    /// Opens one series for each set of label values, one after the other, and
    /// returns the place of the first.
    pub fn open(
        &mut self,
        signal: Signal,
        label_sets: impl IntoIterator<Item = Vec<Arc<str>>>,
    ) -> CounterIndex {
        let first = CounterIndex(self.rows.len());
        for label_values in label_sets {
            let key = SeriesKey {
                signal,
                label_values,
            };
            let committed = self.restored.remove(&key);
            let is_double = !self.opened.insert(key.clone());
            if is_double {
                error!(?signal, "two counters of one name: one is not kept");
            }
            self.rows.push(Row {
                key,
                value: committed.unwrap_or(0),
                committed,
                is_double,
            });
        }
        first
    }

    /// Adds to a counter. Saturates: a counter never wraps around.
    pub fn add(&mut self, index: CounterIndex, amount: u64) {
        if let Some(row) = self.rows.get_mut(index.0) {
            row.value = row.value.saturating_add(amount);
        }
    }

    /// The value now, committed or not.
    pub fn value(&self, index: CounterIndex) -> u64 {
        self.rows.get(index.0).map_or(0, |row| row.value)
    }

    /// What moved since the last commit, as absolute values.
    pub fn uncommitted(&self) -> Vec<(SeriesKey, u64)> {
        self.rows
            .iter()
            .filter(|row| !row.is_double && row.committed != Some(row.value))
            .map(|row| (row.key.clone(), row.value))
            .collect()
    }

    /// Adds the values of a table that was opened in the same order.
    pub fn absorb(&mut self, other: &Self) {
        for (row, added) in self.rows.iter_mut().zip(&other.rows) {
            row.value = row.value.saturating_add(added.value);
        }
    }

    /// No store has any of it: everything is to be written again.
    pub fn mark_uncommitted(&mut self) {
        for row in &mut self.rows {
            row.committed = None;
        }
    }

    /// The store has all values of [`Self::uncommitted`] now.
    pub fn mark_committed(&mut self) {
        for row in &mut self.rows {
            row.committed = Some(row.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &str) -> SeriesKey {
        SeriesKey {
            signal: Signal::LogBytes,
            label_values: vec![value.into()],
        }
    }

    #[test]
    fn a_restored_series_goes_on_where_it_was() {
        let mut table = CounterTable::new(HashMap::from([(key("a"), 41)]));
        let first = table.open(Signal::LogBytes, [vec!["a".into()], vec!["b".into()]]);
        table.add(first, 1);
        assert_eq!((table.value(first), table.value(first.plus(1))), (42, 0));
        assert_eq!(table.uncommitted(), vec![(key("a"), 42), (key("b"), 0)]);
        table.mark_committed();
        assert_eq!(table.uncommitted(), vec![]);
    }

    #[test]
    fn of_two_counters_of_one_name_the_first_is_kept_and_never_steps_back() {
        let mut table = CounterTable::new(HashMap::from([(key("a"), 41)]));
        let first = table.open(Signal::LogBytes, [vec!["a".into()]]);
        let second = table.open(Signal::LogBytes, [vec!["a".into()]]);
        table.add(first, 1);
        table.add(second, 1);
        assert_eq!(table.uncommitted(), vec![(key("a"), 42)]);
        table.mark_uncommitted();
        assert_eq!(table.uncommitted(), vec![(key("a"), 42)]);
    }

    #[test]
    fn a_counter_stops_at_its_top() {
        let mut table = CounterTable::new(HashMap::from([(key("a"), u64::MAX)]));
        let first = table.open(Signal::LogBytes, [vec!["a".into()]]);
        table.add(first, 5);
        assert_eq!(table.value(first), u64::MAX);
    }
}
