//! What must outlive the process: runs, open mails, notices, and who was last seen where.
//!
//! Each run, each mail's key, each profile's notices and each Publisher is a value of its
//! own, so that a turn writes what changed and no more.

use std::sync::Arc;

use super::Updates;
use crate::kept::StoredValue;
use crate::profile::Profile;

const RUN: &str = "update/run/";
const BATCH: &str = "update/batch/";
const NOTICE: &str = "update/notice/";
const MEMBER: &str = "update/member/";

impl Updates {
    /// Begins where another one ended, with what it gave to the store. Values that are
    /// somebody else's, or cannot be read, are passed over.
    pub fn open_stored(profiles: Vec<Profile>, stored: &[(Arc<str>, Vec<u8>)]) -> Self {
        let mut updates = Self::new(profiles);
        for (name, value) in stored {
            updates.restore(name, value);
        }
        updates
    }

    /// Whether a stored value of that name is one of ours.
    pub fn is_own(name: &str) -> bool {
        let own = [RUN, BATCH, NOTICE, MEMBER];
        own.iter().any(|prefix| name.starts_with(prefix))
    }

    /// What changed since the last commit; `None` removes a value.
    pub fn uncommitted(&self) -> Vec<StoredValue> {
        let mut changed = self.runs.uncommitted(RUN);
        changed.extend(self.batches.uncommitted(BATCH));
        changed.extend(self.notices.uncommitted(NOTICE));
        changed.extend(self.present.uncommitted(MEMBER));
        changed
    }

    /// The store has everything that [`Self::uncommitted`] told.
    pub fn mark_committed(&mut self) {
        self.runs.mark_committed();
        self.batches.mark_committed();
        self.notices.mark_committed();
        self.present.mark_committed();
    }

    /// No store has any of it.
    pub fn mark_uncommitted(&mut self) {
        self.runs.mark_uncommitted();
        self.batches.mark_uncommitted();
        self.notices.mark_uncommitted();
        self.present.mark_uncommitted();
    }

    /// Puts one value back. `false` if it is none of ours or cannot be read.
    pub(crate) fn restore(&mut self, name: &str, value: &[u8]) -> bool {
        self.runs.restore(RUN, name, value)
            || self.batches.restore(BATCH, name, value)
            || self.notices.restore(NOTICE, name, value)
            || self.present.restore(MEMBER, name, value)
    }
}
