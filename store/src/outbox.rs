//! Reads what alerting left in the store, while the program that owns it runs.
//!
//! Bodies of messages stay on the disk until they are sent, and the history is read by
//! commands and the page. No lock is taken and nothing is changed; what is not committed
//! is not seen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use model::alert::HistoryRow;
use model::delivery::{Delivery, OutboxMessage};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::alert_rows::{Look, look_through_history, read_alert_states, read_deliveries};
use crate::kept::{KeptValue, hash};
use crate::schema::Trouble;

/// Longest wait for a lock; the writer holds one only while it opens or closes the store.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

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
    /// What stands there nobody wrote.
    #[error("the store `{}` is damaged: {what}", path.display())]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What of it.
        what: String,
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
    pub fn body(&self, message: &str) -> Result<Option<Vec<u8>>, OutboxError> {
        let found: Option<(Vec<u8>, i64)> = self.read(|connection| {
            let row = connection
                .query_row(
                    "SELECT body, hash FROM message WHERE id = ?1",
                    params![message],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            Ok(row)
        })?;
        match found {
            None => Ok(None),
            Some((body, kept_hash)) if i64::cast_unsigned(kept_hash) == hash(message, &body) => {
                Ok(Some(body))
            }
            Some(_) => Err(OutboxError::Damaged {
                path: self.path.clone(),
                what: format!("the body of message {message:?}"),
            }),
        }
    }

    /// Decisions, newest first.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, OutboxError> {
        let mut wanted = Vec::new();
        if query.limit == 0 {
            return Ok(wanted);
        }
        self.read(|connection| {
            look_through_history(connection, &mut |row| {
                if query.wants(&row) {
                    wanted.push(row);
                }
                if wanted.len() < query.limit {
                    Look::On
                } else {
                    Look::Enough
                }
            })
        })?;
        Ok(wanted)
    }

    /// Deliveries, the newest message first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub fn deliveries(&self, limit: usize) -> Result<Vec<StoredDelivery>, OutboxError> {
        self.read(|connection| read_deliveries(connection, limit))
    }

    /// What alerting remembers, sorted by key.
    ///
    /// # Errors
    ///
    /// [`OutboxError`].
    pub fn alert_states(&self) -> Result<Vec<KeptValue>, OutboxError> {
        self.read(read_alert_states)
    }

    /// Reads with a connection of its own each time: the file may have been replaced. A
    /// store of an earlier format has nothing of what is asked here.
    fn read<T: Default>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, OutboxError> {
        if !self.path.is_file() {
            return Err(OutboxError::Missing {
                path: self.path.clone(),
            });
        }
        let answer = self
            .connect()
            .map_err(Trouble::from)
            .and_then(|connection| {
                let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'message'";
                if connection.prepare(table)?.exists([])? {
                    ask(&connection)
                } else {
                    Ok(T::default())
                }
            });
        answer.map_err(|trouble| self.error_of(trouble))
    }

    fn connect(&self) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    fn error_of(&self, trouble: Trouble) -> OutboxError {
        let path = self.path.clone();
        match trouble {
            Trouble::Database(source) => OutboxError::Database { path, source },
            Trouble::Damage(what) => OutboxError::Damaged { path, what },
            Trouble::Newer(format) => OutboxError::Damaged {
                path,
                what: format!("format {format}"),
            },
        }
    }
}

impl HistoryQuery {
    fn wants(&self, row: &HistoryRow) -> bool {
        self.rule.as_deref().is_none_or(|rule| rule == &*row.rule)
            && self
                .key
                .as_deref()
                .is_none_or(|part| row.key.contains(part))
            && self.since.is_none_or(|since| since <= row.at)
    }
}
