//! Small values that other parts of the program keep: their keys, their bounds, their rows.
//!
//! For what has no table of its own and changes seldom: an engine's number of boots, a
//! queue of notices. What a value means only its owner knows. Like all of a turn a value
//! is absolute, so a turn that is written twice is still right.
//!
//! A value may lie on pages of its own, of which SQLite checks nothing: each row carries
//! a hash, so that a damaged value is noticed and not handed to its owner.
//!
//! A row that another version may have kept by other rules is left out, and stays in the
//! file.

use std::sync::Arc;

use rusqlite::{Connection, Error, Transaction, params};

use crate::schema::Trouble;
use crate::turn::Turn;

/// Longest key, in bytes.
pub const KEPT_KEY_BYTES_MAX: usize = 100;

/// Longest value, in bytes.
pub const KEPT_VALUE_BYTES_MAX: usize = 64 * 1024;

/// Most values.
pub const KEPT_ENTRIES_MAX: usize = 1024;

/// A key and what stands under it.
pub(crate) type KeptValue = (Arc<str>, Vec<u8>);

/// Why a value cannot be kept. Raised before anything is changed; whoever wants it kept
/// has to ask for less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// The key is none.
    #[error(
        "`{}` is no key to keep a value under: want 1 to {KEPT_KEY_BYTES_MAX} of a-z, 0-9, \
         `.`, `_` and `-`",
        key.escape_default()
    )]
    Key {
        /// What was given.
        key: Arc<str>,
    },
    /// The value is too long.
    #[error("the value of `{key}` has {bytes} bytes, at most {KEPT_VALUE_BYTES_MAX} are kept")]
    TooLong {
        /// Its key.
        key: Arc<str>,
        /// How long it is.
        bytes: usize,
    },
    /// There would be too many.
    #[error("there is no room for `{key}`: at most {KEPT_ENTRIES_MAX} values are kept")]
    TooMany {
        /// The first one that is too much.
        key: Arc<str>,
    },
}

/// Whether a value may stand under a key, as far as one of them alone can tell: how many
/// there are the caller knows.
///
/// # Errors
///
/// [`KeptError::Key`] or [`KeptError::TooLong`].
pub fn check_kept(key: &Arc<str>, value: &[u8]) -> Result<(), KeptError> {
    if !is_key(key) {
        return Err(KeptError::Key {
            key: Arc::clone(key),
        });
    }
    if KEPT_VALUE_BYTES_MAX < value.len() {
        return Err(KeptError::TooLong {
            key: Arc::clone(key),
            bytes: value.len(),
        });
    }
    Ok(())
}

fn is_key(key: &str) -> bool {
    let is_allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
    };
    (1..=KEPT_KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(is_allowed)
}

/// FNV-1a over key, a byte that no key has, and value: enough against disks, not against
/// people, who could as well write another value.
pub(crate) fn hash(key: &str, value: &[u8]) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = key.bytes().chain([0]).chain(value.iter().copied());
    bytes.fold(OFFSET_BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}

/// Writes what the turn changes.
pub(crate) fn write_kept(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut rows = 0;
    for (key, value) in &turn.kept {
        rows += match value {
            Some(value) => transaction
                .prepare_cached("INSERT OR REPLACE INTO kept VALUES (?1, ?2, ?3)")?
                .execute(params![key, value, hash(key, value).cast_signed()])?,
            None => transaction
                .prepare_cached("DELETE FROM kept WHERE key = ?1")?
                .execute(params![key])?,
        };
    }
    Ok(rows)
}

/// Reads all, sorted by key.
pub(crate) fn read_kept(connection: &Connection) -> Result<Vec<KeptValue>, Trouble> {
    let mut statement = connection.prepare("SELECT key, value, hash FROM kept ORDER BY key")?;
    let mut found = statement.query([])?;
    let mut values = Vec::new();
    while let Some(row) = found.next()? {
        let (key, value): (Arc<str>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if row.get::<_, i64>(2)?.cast_unsigned() != hash(&key, &value) {
            return Err(Trouble::Damage(format!("the value kept as {key:?}")));
        }
        if values.len() < KEPT_ENTRIES_MAX && check_kept(&key, &value).is_ok() {
            values.push((key, value));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::migrate;

    fn refusal(key: &str, bytes: usize) -> String {
        let refused = check_kept(&Arc::from(key), &vec![0; bytes]);
        refused
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_key_is_a_dotted_word() {
        for key in ["snmp.engine", "snmp.notice.0000000007", "a-b_c", "x"] {
            assert_eq!(refusal(key, 0), "", "{key}");
        }
        for key in [
            "",
            "Snmp",
            "a b",
            "a\nb",
            "é",
            &"x".repeat(KEPT_KEY_BYTES_MAX + 1),
        ] {
            assert!(refusal(key, 0).contains("is no key"), "{key}");
        }
    }

    fn turn(kept: Vec<(&str, Vec<u8>)>) -> Turn {
        let changes = kept.into_iter();
        Turn {
            kept: changes
                .map(|(key, value)| (Arc::from(key), Some(value)))
                .collect(),
            ..Turn::default()
        }
    }

    #[test]
    fn rows_beyond_the_bounds_are_left_out_and_stay() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0).unwrap();
        let long = vec![0; KEPT_VALUE_BYTES_MAX + 1];
        let transaction = connection.transaction().unwrap();
        let written = turn(vec![
            ("Other Rules", vec![0]),
            ("long", long),
            ("good", vec![7]),
        ]);
        assert_eq!(write_kept(&transaction, &written).unwrap(), 3);
        assert_eq!(read_kept(&transaction).unwrap(), [("good".into(), vec![7])]);
        let many: Vec<String> = (0..KEPT_ENTRIES_MAX).map(|n| format!("n.{n}")).collect();
        let rows = many.iter().map(|key| (key.as_str(), Vec::new())).collect();
        write_kept(&transaction, &turn(rows)).unwrap();
        assert_eq!(read_kept(&transaction).unwrap().len(), KEPT_ENTRIES_MAX);
    }

    #[test]
    fn a_value_is_small() {
        assert_eq!(refusal("a", KEPT_VALUE_BYTES_MAX), "");
        assert_eq!(
            refusal("a", KEPT_VALUE_BYTES_MAX + 1),
            "the value of `a` has 65537 bytes, at most 65536 are kept"
        );
    }
}
