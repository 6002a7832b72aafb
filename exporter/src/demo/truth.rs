//! What an exact reader must count in all that a scenario has written, by connector.
//!
//! Kept by who writes, from what each record was written for; it never looks at the
//! catalogue that it is compared with.

use std::collections::BTreeMap;

use model::connector::ConnectorKind;

use super::lines::Meaning;
use super::timetable::Record;

/// The truth about all connectors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScenarioTruth(BTreeMap<ConnectorKind, ConnectorTruth>);

/// The truth about one connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectorTruth {
    /// Lines written.
    pub lines: u64,
    /// Bytes written, line ends included.
    pub bytes: u64,
    /// How often each `event` or `event|reason` happened. One that never did is not in it.
    pub counts: BTreeMap<String, u64>,
    /// Lines of known functions in unknown words, by function.
    pub near_misses: BTreeMap<&'static str, u64>,
    /// Lines that begin no record.
    pub continuations: u64,
    /// How often a log was rotated in whatever way, or begun under a new name.
    pub new_files: u64,
}

impl ScenarioTruth {
    /// The truth about one connector; empty before its first line.
    pub fn of(&self, connector: ConnectorKind) -> ConnectorTruth {
        self.0.get(&connector).cloned().unwrap_or_default()
    }

    /// Takes note of a record that became these bytes, its last line end included.
    pub(super) fn note(&mut self, record: &Record, bytes: &[u8]) {
        let truth = self.0.entry(record.log.connector()).or_default();
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        truth.lines = truth.lines.saturating_add(lines);
        truth.bytes = truth
            .bytes
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        truth.continuations = truth.continuations.saturating_add(lines.saturating_sub(1));
        match record.meaning {
            Meaning::Nothing => {}
            Meaning::Event(key) => *truth.counts.entry(key.to_owned()).or_default() += 1,
            Meaning::NearMiss(function) => {
                *truth.near_misses.entry(function).or_default() += 1;
            }
        }
    }

    /// Takes note of a new file.
    pub(super) fn note_new_file(&mut self, connector: ConnectorKind) {
        self.0.entry(connector).or_default().new_files += 1;
    }
}
