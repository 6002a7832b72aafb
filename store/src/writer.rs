//! The one writing connection: commits turns, survives what disks do, closes.
//!
//! A commit is one immediate transaction with `synchronous=FULL`: when it returns,
//! the turn is on the disk. A commit that failed changed nothing that a reader of
//! this process may see. After a failed read or write the connection is thrown away
//! and the file opened anew, checked, and its write-ahead log copied into the main
//! file before the next turn: the kernel marks pages clean whose write failed, so a
//! second `fsync` of the same file would lie.
//!
//! When to try again is the caller's business. How a store is found, made or
//! replaced is in `open`.
//!
//! Known limit: after a failure in the very last step, the file may hold the turn
//! although the commit returned an error. Values are absolute, so committing it
//! again is harmless, and a restart finds places and counts that fit each other.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{CommitError, CommitFailure, OpenError};
use crate::open;
use crate::read_rows::read_all;
use crate::schema::Trouble;
use crate::turn::{Restored, Turn};
use crate::write_rows::write_turn;

/// Most files whose places are kept; the ones that moved least recently go first.
pub const POSITIONS_MAX: usize = 10_000;

/// After so many commits the write-ahead log is copied into the main file. At one
/// turn a second and some hundred changed rows a turn it stays below 8 MB.
const TURNS_PER_CHECKPOINT: u32 = 32;

/// The open store. Exactly one process holds a store at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    health: Health,
    file_key: FileKey,
    turns_since_checkpoint: u32,
    // Held for its lock, which ends when the file is closed.
    _lock: File,
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

/// Whether the next commit can go ahead.
#[derive(Debug)]
enum Health {
    /// It can.
    Sound(Connection),
    /// The file must be opened and checked first.
    Suspect,
    /// It cannot, ever.
    Damaged,
}

/// What tells our file from one that took its name.
type FileKey = (u64, u64);

impl Store {
    /// Opens the store at `path`, makes it if there is none, or sets a damaged one
    /// aside and makes a new one.
    ///
    /// The folder is made if it is missing, for our user alone. `now` names the
    /// damaged file. A store that this process holds already counts as in use.
    ///
    /// # Errors
    ///
    /// Only what needs a person: no access, another process, a later version's
    /// file, no room. The text of [`OpenError`] names the path and the mend.
    pub fn open(path: &Path, now: Timestamp) -> Result<(Self, Restored, Opened), OpenError> {
        let lock = open::lock(path)?;
        let (connection, restored, opened) = open::find_or_make(path, now)?;
        let file_key = file_key(path).map_err(|source| OpenError::Access {
            path: path.to_owned(),
            source,
        })?;
        let store = Self {
            path: path.to_owned(),
            health: Health::Sound(connection),
            file_key,
            turns_since_checkpoint: 0,
            _lock: lock,
        };
        Ok((store, restored, opened))
    }

    /// Makes the turn durable, whole or not at all. Blocks for as long as the disk
    /// takes.
    ///
    /// # Errors
    ///
    /// Nothing of the turn may then be shown to anybody, and the next turn must
    /// carry its values too. See [`CommitFailure`] for what passes by itself and
    /// [`CommitFailure::wants_reopening`] for what does not.
    pub fn commit(&mut self, turn: &Turn) -> Result<CommitReport, CommitError> {
        self.look()?;
        let mut connection = self.take_connection()?;
        match write(&mut connection, turn) {
            Ok(rows) => {
                self.keep_after_success(connection);
                Ok(CommitReport { rows })
            }
            Err(error) => {
                let error = CommitError::from(error);
                self.keep_after_failure(connection, error.failure);
                Err(error)
            }
        }
    }

    /// Looks whether the file is still ours, without reading or writing it: for the
    /// quiet hours, in which nothing has to be committed.
    ///
    /// # Errors
    ///
    /// [`CommitFailure::Vanished`] if it was removed or replaced.
    pub fn look(&self) -> Result<(), CommitError> {
        match file_key(&self.path) {
            Ok(key) if key == self.file_key => Ok(()),
            // A path that cannot be looked at says nothing about our open file.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Ok(()),
            Ok(_) | Err(_) => Err(CommitError {
                failure: CommitFailure::Vanished,
                source: None,
            }),
        }
    }

    /// Reads everything back, as [`Store::open`] would find it now: what a new
    /// configuration begins with.
    ///
    /// # Errors
    ///
    /// Trouble with the file, as at a commit; nothing is changed.
    pub fn restore(&mut self) -> Result<Restored, CommitError> {
        let connection = self.take_connection()?;
        let restored = read_all(&connection);
        self.health = Health::Sound(connection);
        restored.map_err(|trouble| match trouble {
            Trouble::Database(error) => CommitError::from(error),
            Trouble::Damage(_) | Trouble::Newer(_) => CommitError {
                failure: CommitFailure::Damaged,
                source: None,
            },
        })
    }

    /// Copies what is left in the write-ahead log into the main file and gives the
    /// store free. Dropping the store without it loses nothing.
    pub fn close(self) {
        if let Health::Sound(connection) = self.health {
            // The log stays beside the file if this fails, and the next start reads it.
            let _ = checkpoint(&connection, "TRUNCATE");
            let _ = connection.close();
        }
    }

    fn take_connection(&mut self) -> Result<Connection, CommitError> {
        match std::mem::replace(&mut self.health, Health::Suspect) {
            Health::Sound(connection) => Ok(connection),
            Health::Suspect => self.reopen(),
            Health::Damaged => {
                self.health = Health::Damaged;
                Err(CommitError {
                    failure: CommitFailure::Damaged,
                    source: None,
                })
            }
        }
    }

    fn reopen(&mut self) -> Result<Connection, CommitError> {
        let connection = match open::resume(&self.path) {
            Ok((connection, _)) => connection,
            Err(Trouble::Database(error)) => return Err(CommitError::from(error)),
            Err(Trouble::Damage(_) | Trouble::Newer(_)) => {
                self.health = Health::Damaged;
                return Err(CommitError {
                    failure: CommitFailure::Damaged,
                    source: None,
                });
            }
        };
        // The log's pages may be on the disk or not; copied, they are written anew.
        checkpoint(&connection, "TRUNCATE").inspect_err(|_| self.health = Health::Suspect)?;
        Ok(connection)
    }

    fn keep_after_success(&mut self, connection: Connection) {
        self.turns_since_checkpoint = self.turns_since_checkpoint.saturating_add(1);
        let is_copy_due = TURNS_PER_CHECKPOINT <= self.turns_since_checkpoint;
        let copied = if is_copy_due {
            self.turns_since_checkpoint = 0;
            checkpoint(&connection, "PASSIVE")
        } else {
            Ok(())
        };
        self.health = Health::Sound(connection);
        // The turn itself is durable; a failed copy only makes us look at the file
        // again, and a full disk only makes the log wait.
        if copied.is_err_and(|error| CommitError::from(error).failure == CommitFailure::Io) {
            self.abandon();
        }
    }

    fn keep_after_failure(&mut self, connection: Connection, failure: CommitFailure) {
        let is_rolled_back = connection.is_autocommit();
        self.health = Health::Sound(connection);
        match failure {
            CommitFailure::Damaged => self.health = Health::Damaged,
            CommitFailure::Io => self.abandon(),
            CommitFailure::Full
            | CommitFailure::ReadOnly
            | CommitFailure::Busy
            | CommitFailure::Vanished
            | CommitFailure::Other => {
                if !is_rolled_back {
                    self.abandon();
                }
            }
        }
    }

    /// Throws the connection away without the copy and `fsync` of an orderly close.
    fn abandon(&mut self) {
        if let Health::Sound(connection) = std::mem::replace(&mut self.health, Health::Suspect) {
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

fn write(connection: &mut Connection, turn: &Turn) -> Result<usize, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rows = write_turn(&transaction, turn)?;
    transaction.commit()?;
    Ok(rows)
}

/// Copies the write-ahead log into the main file as far as readers allow.
fn checkpoint(connection: &Connection, mode: &str) -> Result<(), rusqlite::Error> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
}

fn file_key(path: &Path) -> std::io::Result<FileKey> {
    fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::reading::SeriesKey;
    use model::signal::Signal;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn what_is_committed_can_be_read_back_without_closing() {
        let (_folder, mut store) = open();
        let key = SeriesKey {
            signal: Signal::LogBytes,
            label_values: vec!["a".into(), "b".into()],
        };
        let turn = Turn {
            counters: vec![(key, 7)],
            next_file_id: 3,
            ..Turn::default()
        };
        store.commit(&turn).unwrap();
        let restored = store.restore().unwrap();
        assert_eq!(
            (restored.counters, restored.next_file_id),
            (turn.counters.clone(), 3)
        );
        store.commit(&turn).unwrap();
    }

    fn open() -> (TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let (store, _, opened) =
            Store::open(&folder.path().join("state.db"), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(opened, Opened::Fresh);
        (folder, store)
    }

    fn key(connector: &str) -> SeriesKey {
        SeriesKey {
            signal: Signal::LogBytes,
            label_values: vec![Arc::from(connector), Arc::from("agent")],
        }
    }

    /// A turn of about `series` hundred bytes.
    fn turn(series: usize, value: u64) -> Turn {
        let counters = (0..series).map(|number| (key(&format!("{number:0>100}")), value));
        Turn {
            counters: counters.collect(),
            ..Turn::default()
        }
    }

    fn counters_after_restart(folder: &TempDir, store: Store) -> Vec<(SeriesKey, u64)> {
        store.close();
        let (_, restored, opened) =
            Store::open(&folder.path().join("state.db"), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(opened, Opened::Resumed);
        restored.counters
    }

    fn run(store: &Store, statement: &str) {
        let Health::Sound(connection) = &store.health else {
            panic!("{:?}", store.health);
        };
        connection.query_row(statement, [], |_| Ok(())).ok();
    }

    fn failure(store: &mut Store, turn: &Turn) -> CommitFailure {
        store.commit(turn).unwrap_err().failure
    }

    #[test]
    fn a_full_disk_takes_nothing_of_a_turn_and_passes_by_itself() {
        let (folder, mut store) = open();
        store.commit(&turn(3, 1)).unwrap();
        // SQLite answers to its own page bound as to a full disk.
        run(&store, "PRAGMA max_page_count = 40");
        assert_eq!(failure(&mut store, &turn(5000, 2)), CommitFailure::Full);
        assert_eq!(failure(&mut store, &turn(5000, 2)), CommitFailure::Full);
        run(&store, "PRAGMA max_page_count = 100000");
        store.commit(&turn(1, 3)).unwrap();
        let values: Vec<u64> = counters_after_restart(&folder, store)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(values, [3, 1, 1]);
    }

    #[test]
    fn a_read_only_file_takes_nothing_and_passes_by_itself() {
        let (folder, mut store) = open();
        run(&store, "PRAGMA query_only = 1");
        assert_eq!(failure(&mut store, &turn(1, 1)), CommitFailure::ReadOnly);
        run(&store, "PRAGMA query_only = 0");
        store.commit(&turn(1, 2)).unwrap();
        assert_eq!(counters_after_restart(&folder, store), turn(1, 2).counters);
    }

    #[test]
    fn a_suspect_file_is_opened_anew_and_loses_nothing() {
        let (folder, mut store) = open();
        store.commit(&turn(2, 1)).unwrap();
        store.abandon();
        assert!(matches!(store.health, Health::Suspect));
        store.commit(&turn(1, 2)).unwrap();
        assert!(matches!(store.health, Health::Sound(_)));
        let values: Vec<u64> = counters_after_restart(&folder, store)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(values, [2, 1]);
    }

    #[test]
    fn a_suspect_file_that_is_damaged_never_takes_a_turn_again() {
        let (folder, mut store) = open();
        store.commit(&turn(2, 1)).unwrap();
        store.abandon();
        fs::write(folder.path().join("state.db"), "x".repeat(8192)).unwrap();
        for _ in 0..2 {
            let failure = failure(&mut store, &turn(1, 2));
            assert_eq!(failure, CommitFailure::Damaged);
            assert!(failure.wants_reopening());
        }
    }

    #[test]
    fn a_store_that_is_removed_or_replaced_is_noticed() {
        let (folder, mut store) = open();
        let path = folder.path().join("state.db");
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        assert_eq!(failure(&mut store, &turn(1, 1)), CommitFailure::Vanished);
        fs::write(&path, "").unwrap();
        assert_eq!(failure(&mut store, &turn(1, 1)), CommitFailure::Vanished);
    }

    #[test]
    fn a_failed_write_makes_the_file_suspect_and_a_full_disk_does_not() {
        for (failure, is_suspect) in [
            (CommitFailure::Io, true),
            (CommitFailure::Full, false),
            (CommitFailure::Busy, false),
        ] {
            let (_folder, mut store) = open();
            let connection = store.take_connection().unwrap();
            store.keep_after_failure(connection, failure);
            assert_eq!(
                matches!(store.health, Health::Suspect),
                is_suspect,
                "{failure:?}"
            );
            store.commit(&turn(1, 1)).unwrap();
        }
    }

    #[test]
    fn the_write_ahead_log_stays_bounded() {
        let (folder, mut store) = open();
        let log = folder.path().join("state.db-wal");
        let mut sizes = Vec::new();
        for value in 0..(4 * u64::from(TURNS_PER_CHECKPOINT)) {
            store.commit(&turn(200, value)).unwrap();
            sizes.push(fs::metadata(&log).unwrap().len());
        }
        // Copied after the first quarter, the log is written over from its start.
        let (first, rest) = sizes.split_at(sizes.len() / 4 + 1);
        assert_eq!(first.iter().max(), rest.iter().max());
        store.close();
        assert!(!log.exists());
    }
}
