//! The tables, how they grow from version to version, and how we tell that a file
//! is sound.
//!
//! A file is ours and whole if its header, its two version numbers, the text of its
//! schema and SQLite's own page check all agree. Each of them alone misses some bit
//! that can flip: a version number that grew by a flipped bit would look like a
//! later version's file, so the number stands in two places.
//!
//! Known limit: a flipped bit inside a stored number is a valid other number.
//! SQLite keeps no checksum of its pages, and neither do we.

use std::time::Duration;

use rusqlite::Connection;

/// Marks the file as ours: the letters `ztna`.
pub(crate) const APPLICATION_ID: i64 = 0x7a74_6e61;

/// One step a version. A step that was released is never edited: add the next one.
/// `meta.schema_version` stays in all versions, see [`stored_version`].
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE meta (
        key TEXT PRIMARY KEY, value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES ('schema_version', 1), ('next_file_id', 0), ('turn', 0);
    CREATE TABLE counter (
        signal TEXT NOT NULL, labels TEXT NOT NULL, value INTEGER NOT NULL,
        PRIMARY KEY (signal, labels)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE position (
        file INTEGER PRIMARY KEY, connector TEXT NOT NULL, log TEXT NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, birth_ns INTEGER,
        head_bytes INTEGER NOT NULL, head_hash INTEGER NOT NULL, markers TEXT NOT NULL,
        offset INTEGER NOT NULL, mid_line INTEGER NOT NULL, packing TEXT NOT NULL,
        path TEXT NOT NULL, turn INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX position_by_turn ON position (turn);
    CREATE TABLE connector_state (
        connector TEXT NOT NULL, aspect TEXT NOT NULL, state TEXT NOT NULL,
        since TEXT, event TEXT, reason TEXT NOT NULL,
        PRIMARY KEY (connector, aspect)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE connector_fact (
        connector TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (connector, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE last_event (
        connector TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (connector, event)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE recent_event (
        serial INTEGER PRIMARY KEY, connector TEXT NOT NULL, log TEXT NOT NULL,
        file TEXT NOT NULL, offset INTEGER NOT NULL, read_at TEXT NOT NULL,
        event TEXT NOT NULL, reason TEXT NOT NULL, time TEXT, fields TEXT NOT NULL,
        UNIQUE (connector, log, file, offset, read_at)
    ) STRICT;
    CREATE TABLE near_miss (
        connector TEXT NOT NULL, log TEXT NOT NULL, function TEXT NOT NULL,
        sample TEXT NOT NULL,
        PRIMARY KEY (connector, log, function)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE last_read (
        connector TEXT NOT NULL, log TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (connector, log)
    ) STRICT, WITHOUT ROWID;
",
    // Values of up to 64 KiB are better off in a table with row ids.
    "
    CREATE TABLE kept (
        key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, hash INTEGER NOT NULL
    ) STRICT;
",
    // Bodies are long and read one at a time, so they are the last column of their table,
    // and the index answers what keeping to the bounds asks.
    "
    CREATE TABLE alert_state (
        key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, hash INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE message (
        id TEXT NOT NULL PRIMARY KEY, serial INTEGER NOT NULL, receiver TEXT NOT NULL,
        channel TEXT NOT NULL, thread TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL,
        severity TEXT NOT NULL, subject TEXT NOT NULL, created_at TEXT NOT NULL,
        bytes INTEGER NOT NULL, hash INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX message_by_serial ON message (serial, bytes);
    CREATE TABLE delivery (
        message TEXT NOT NULL, recipient TEXT NOT NULL, state TEXT NOT NULL,
        attempts INTEGER NOT NULL, next_at TEXT NOT NULL, last_reply TEXT NOT NULL,
        settled_at TEXT,
        PRIMARY KEY (message, recipient)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delivery_by_state ON delivery (state);
    CREATE TABLE history (
        serial INTEGER PRIMARY KEY, at TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL,
        decision TEXT NOT NULL, reason TEXT NOT NULL, notification TEXT
    ) STRICT;
    INSERT INTO meta VALUES ('message_serial', 0);
",
];

/// Longest wait for another connection's lock. Readers never block us; a person
/// with the `sqlite3` shell may.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// What a checkpoint leaves of the write-ahead log, in bytes.
const JOURNAL_BYTES_MAX: i64 = 4 * 1024 * 1024;

/// Why a file cannot simply be used.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It makes no sense: in these words.
    Damage(String),
    /// A later version wrote it, with this format.
    Newer(i64),
    /// The file may be sound, but the machine does not let us use it.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    /// Everything that is not plainly the machine's fault is damage: a start must
    /// not fail on a bit that we did not think of.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_READ, SQLITE_IOERR_SHORT_READ};

        let is_unreadable = error.sqlite_error().is_some_and(|failure| {
            [
                SQLITE_IOERR_READ,
                SQLITE_IOERR_SHORT_READ,
                SQLITE_IOERR_CORRUPTFS,
            ]
            .contains(&failure.extended_code)
        });
        match error.sqlite_error_code() {
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory,
            ) if !is_unreadable => Self::Database(error),
            _ => Self::Damage(error.to_string()),
        }
    }
}

/// The newest format that this version reads and writes.
pub(crate) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Sets up a connection: durable commits, and no trust in the file's own schema.
pub(crate) fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    // We checkpoint ourselves: the automatic one swallows the errors of its fsync.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update_and_check(None, "journal_size_limit", JOURNAL_BYTES_MAX, |_| Ok(()))
}

/// Switches to the write-ahead log, which lets people read while we write.
pub(crate) fn use_write_ahead_log(connection: &Connection) -> Result<(), Trouble> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" {
        return Ok(());
    }
    Err(Trouble::Damage(format!(
        "journal mode is `{mode}`, want `wal`"
    )))
}

/// Brings a file of version `from` to the newest one, in one transaction.
pub(crate) fn migrate(connection: &mut Connection, from: i64) -> Result<(), rusqlite::Error> {
    if from == known_version() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in MIGRATIONS
        .iter()
        .skip(usize::try_from(from).unwrap_or(usize::MAX))
    {
        transaction.execute_batch(step)?;
    }
    transaction.execute(
        "UPDATE meta SET value = ?1 WHERE key = 'schema_version'",
        [known_version()],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known_version())?;
    transaction.commit()
}

/// Tells whether the file is ours, whole, and of a version that we know; returns
/// its version.
pub(crate) fn check(connection: &Connection) -> Result<i64, Trouble> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
    if application != APPLICATION_ID {
        return Err(Trouble::Damage(format!(
            "application id is {application:#x}, want {APPLICATION_ID:#x}"
        )));
    }
    let version = stored_version(connection)?;
    if known_version() < version {
        return Err(Trouble::Newer(version));
    }
    check_schema(connection, version)?;
    let finding: String = connection.pragma_query_value(None, "quick_check", |r| r.get(0))?;
    if finding == "ok" {
        return Ok(version);
    }
    Err(Trouble::Damage(finding))
}

/// The format's number, from both places where it stands.
fn stored_version(connection: &Connection) -> Result<i64, Trouble> {
    let in_header: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
    let in_table: i64 = connection.query_row(
        "SELECT value FROM meta WHERE key = 'schema_version'",
        [],
        |row| row.get(0),
    )?;
    if in_header == in_table && 1 <= in_header {
        return Ok(in_header);
    }
    Err(Trouble::Damage(format!(
        "format is {in_header} in the header, {in_table} in the table"
    )))
}

/// Compares the schema's text with what the migrations up to `version` make.
fn check_schema(connection: &Connection, version: i64) -> Result<(), Trouble> {
    let model = Connection::open_in_memory()?;
    for step in MIGRATIONS
        .iter()
        .take(usize::try_from(version).unwrap_or(0))
    {
        model.execute_batch(step)?;
    }
    if schema_text(connection)? == schema_text(&model)? {
        return Ok(());
    }
    Err(Trouble::Damage(format!(
        "the tables are not those of format {version}"
    )))
}

fn schema_text(connection: &Connection) -> Result<Vec<(String, Option<String>)>, rusqlite::Error> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY type, name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0).unwrap();
        connection
    }

    fn damage_after(change: &str) -> String {
        let connection = fresh();
        connection.execute_batch(change).unwrap();
        match check(&connection) {
            Err(Trouble::Damage(why)) => why,
            other => panic!("{change}: {other:?}"),
        }
    }

    #[test]
    fn a_fresh_file_is_sound() {
        assert_eq!(check(&fresh()).unwrap(), known_version());
    }

    #[test]
    fn a_version_that_grew_in_one_place_only_is_damage() {
        let why = damage_after("PRAGMA user_version = 5");
        assert_eq!(why, "format is 5 in the header, 3 in the table");
        damage_after("UPDATE meta SET value = 5 WHERE key = 'schema_version'");
        damage_after("PRAGMA user_version = 0");
    }

    #[test]
    fn a_version_that_grew_in_both_places_is_a_later_version() {
        let connection = fresh();
        connection
            .execute_batch(
                "PRAGMA user_version = 5; UPDATE meta SET value = 5 WHERE key = 'schema_version'",
            )
            .unwrap();
        assert!(matches!(check(&connection), Err(Trouble::Newer(5))));
    }

    #[test]
    fn another_programs_file_and_other_tables_are_damage() {
        damage_after("PRAGMA application_id = 1");
        damage_after("DROP TABLE counter");
        damage_after("CREATE TABLE guest (name TEXT)");
    }
}
