//! Looks a kept value up from outside, while the program that owns the store may run.
//!
//! For commands that need one value and change nothing: no lock is taken, no table is
//! made, no format is brought up to date. What the owner has not committed yet is not
//! seen. Beside a store that nobody has open, SQLite may leave its empty journal behind.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::kept::hash;

/// Why a value cannot be looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookUpError {
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
    /// The value is not what was written.
    #[error("the value kept as `{key}` is damaged")]
    Damaged {
        /// Its key.
        key: String,
    },
}

/// Reads the value that is kept under a key. `None` if there is none.
///
/// # Errors
///
/// [`LookUpError`]; nothing was changed.
pub fn look_up(path: &Path, key: &str) -> Result<Option<Vec<u8>>, LookUpError> {
    if !path.is_file() {
        return Err(LookUpError::Missing {
            path: path.to_owned(),
        });
    }
    let found = read(path, key).map_err(|source| LookUpError::Database {
        path: path.to_owned(),
        source,
    })?;
    match found {
        None => Ok(None),
        Some((value, kept_hash)) if kept_hash.cast_unsigned() == hash(key, &value) => {
            Ok(Some(value))
        }
        Some(_) => Err(LookUpError::Damaged {
            key: key.to_owned(),
        }),
    }
}

fn read(path: &Path, key: &str) -> Result<Option<(Vec<u8>, i64)>, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kept'";
    // A store of an earlier format keeps nothing.
    if !connection.prepare(table)?.exists([])? {
        return Ok(None);
    }
    connection
        .query_row(
            "SELECT value, hash FROM kept WHERE key = ?1",
            params![key],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
}
