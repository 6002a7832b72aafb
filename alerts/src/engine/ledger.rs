//! What must outlive the process, as rows for the store: which changed, and which are gone.
//!
//! Whoever decides puts the row of what it decided on; a row that says the same as before
//! changes nothing. So what is written follows from what changed, and not from how often
//! anybody looked.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A row: its key, and its content or nothing if it is gone.
pub(super) type Row = (Arc<str>, Option<Vec<u8>>);

/// All rows, with what the store has not got yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    rows: BTreeMap<Arc<str>, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// `None` once it is gone, until the store has forgotten it.
    bytes: Option<Vec<u8>>,
    is_stored: bool,
}

impl Ledger {
    /// The rows that the store has.
    pub(super) fn of_stored(rows: &[(Arc<str>, Vec<u8>)]) -> Self {
        let entry = |bytes: &Vec<u8>| Entry {
            bytes: Some(bytes.clone()),
            is_stored: true,
        };
        let rows = rows.iter();
        Self {
            rows: rows
                .map(|(key, bytes)| (Arc::clone(key), entry(bytes)))
                .collect(),
        }
    }

    /// Puts a row, in place of the one with the same key.
    pub(super) fn put(&mut self, key: &str, bytes: Vec<u8>) {
        match self.rows.get_mut(key) {
            Some(entry) if entry.bytes.as_ref() == Some(&bytes) => {}
            Some(entry) => {
                entry.bytes = Some(bytes);
                entry.is_stored = false;
            }
            None => {
                let entry = Entry {
                    bytes: Some(bytes),
                    is_stored: false,
                };
                self.rows.insert(Arc::from(key), entry);
            }
        }
    }

    /// Puts a value as a row. One that cannot be written, which no value of ours is, is left
    /// as it was.
    pub(super) fn put_value(&mut self, key: &str, value: &impl serde::Serialize) {
        if let Ok(bytes) = serde_json::to_vec(value) {
            self.put(key, bytes);
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, key: &str) {
        if let Some(entry) = self.rows.get_mut(key).filter(|entry| entry.bytes.is_some()) {
            entry.bytes = None;
            entry.is_stored = false;
        }
    }

    /// The rows as they are now.
    pub(super) fn rows(&self) -> Vec<(Arc<str>, Vec<u8>)> {
        let rows = self.rows.iter();
        rows.filter_map(|(key, entry)| Some((Arc::clone(key), entry.bytes.clone()?)))
            .collect()
    }

    /// Whether the store has everything.
    pub(super) fn is_stored(&self) -> bool {
        self.rows.values().all(|entry| entry.is_stored)
    }

    /// What the store has not got yet.
    pub(super) fn uncommitted(&self) -> Vec<Row> {
        let rows = self.rows.iter().filter(|(_, entry)| !entry.is_stored);
        rows.map(|(key, entry)| (Arc::clone(key), entry.bytes.clone()))
            .collect()
    }

    /// The store has it all now.
    pub(super) fn mark_committed(&mut self) {
        self.rows.retain(|_, entry| entry.bytes.is_some());
        for entry in self.rows.values_mut() {
            entry.is_stored = true;
        }
    }

    /// No store has any of it.
    pub(super) fn mark_uncommitted(&mut self) {
        for entry in self.rows.values_mut() {
            entry.is_stored = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ledger: &Ledger) -> Vec<(String, bool)> {
        let rows = ledger.uncommitted().into_iter();
        rows.map(|(key, bytes)| (key.to_string(), bytes.is_some()))
            .collect()
    }

    #[test]
    fn only_what_changed_is_to_be_stored() {
        let mut ledger = Ledger::of_stored(&[(Arc::from("a"), vec![1]), (Arc::from("b"), vec![2])]);
        ledger.put("a", vec![1]);
        assert!(ledger.is_stored());
        ledger.put("a", vec![3]);
        ledger.remove("b");
        ledger.remove("never there");
        assert_eq!(keys(&ledger), [("a".into(), true), ("b".into(), false)]);
        ledger.mark_committed();
        assert_eq!(keys(&ledger), []);
        ledger.mark_uncommitted();
        assert_eq!(keys(&ledger), [("a".into(), true)]);
    }
}
