//! Numbers that are given out once, and when the engine ran last.
//!
//! What a number of a host begins has no line of a log to be known by, so it is known by
//! how many such beginnings there were. After a crash the count stands where the store
//! left it, and the same beginning gets the same number again.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EngineTime;
use super::ledger::Ledger;

/// The key of its row.
pub(super) const BOOK_KEY: &str = "clock";

/// How often the row is written if nothing else is: how precisely a later start knows how
/// long nobody looked.
const HEARTBEAT: Duration = Duration::from_secs(5 * 60);

/// Numbers that are given out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    /// The engine's clock when the row was written.
    pub(super) clock: Duration,
    /// When the first engine of this store began: tells its numbers from those of a store
    /// that was lost.
    epoch: Timestamp,
    /// Beginnings so far.
    begun: u64,
    /// The next number for SNMP.
    next_index: u32,
    /// Whether a number was given out since the row was put.
    #[serde(skip)]
    is_changed: bool,
}

impl Default for Book {
    fn default() -> Self {
        Self::new(EngineTime {
            clock: Duration::ZERO,
            wall: Timestamp::UNIX_EPOCH,
        })
    }
}

impl Book {
    /// A book in which nothing stands.
    pub(super) const fn new(now: EngineTime) -> Self {
        Self {
            clock: now.clock,
            epoch: now.wall,
            begun: 0,
            next_index: 1,
            is_changed: false,
        }
    }

    /// The book among the rows of a store, if it can be read.
    pub(super) fn of_rows(rows: &[(std::sync::Arc<str>, Vec<u8>)]) -> Option<Self> {
        let (_, bytes) = rows.iter().find(|(key, _)| &**key == BOOK_KEY)?;
        serde_json::from_slice(bytes).ok()
    }

    /// What a beginning is known by that no event names.
    pub(super) fn begin(&mut self) -> String {
        self.begun = self.begun.saturating_add(1);
        self.is_changed = true;
        format!("{}/{}", self.epoch.as_millisecond(), self.begun)
    }

    /// A number for SNMP.
    pub(super) const fn take_index(&mut self) -> u32 {
        let index = self.next_index;
        self.is_changed = true;
        // 0 is no index there.
        self.next_index = match index.checked_add(1) {
            Some(next) => next,
            None => 1,
        };
        index
    }

    /// Puts its row if another is put, if a number was given out, or if it is old.
    pub(super) fn store(&mut self, clock: Duration, ledger: &mut Ledger) {
        let is_due = HEARTBEAT <= clock.saturating_sub(self.clock);
        if is_due || self.is_changed || !ledger.is_stored() {
            self.clock = clock;
            self.is_changed = false;
            ledger.put_value(BOOK_KEY, self);
        }
    }
}
