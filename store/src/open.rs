//! Finds a sound store, or makes one.
//!
//! A store appears whole or not at all: it is made under another name and renamed
//! into place. So a file that is there and is not a whole store was damaged, even
//! one of zero bytes, and is set aside.
//!
//! A kill between two steps leaves `<name>.new` (removed at the next start), or a
//! store that no turn was committed to.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::ffi::{SQLITE_CANTOPEN, SQLITE_CORRUPT};
use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::quarantine::{beside, has_orphans, remove_with_companions, set_aside};
use crate::read_rows::read_all;
use crate::schema::{self, Trouble};
use crate::turn::Restored;
use crate::writer::Opened;

/// Only our user reads what the logs told.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// What each SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Takes the lock that keeps a second process away, and makes the folder for it.
/// The kernel frees it when the process ends, however it ends.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    make_folder(path)?;
    let lock_path = beside(path, ".lock");
    let access = |source| OpenError::Access {
        path: lock_path.clone(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(FILE_MODE)
        .open(&lock_path)
        .map_err(access)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(access(source)),
    }
}

/// Opens the store at `path`, or makes one there. The caller holds the lock.
pub(crate) fn find_or_make(
    path: &Path,
    now: Timestamp,
) -> Result<(Connection, Restored, Opened), OpenError> {
    if !is_there(path)? {
        let opened = if has_orphans(path) {
            // The new store must not swallow the old one's journal.
            reset(
                path,
                now,
                "its database is gone, its journal is not".to_owned(),
            )?
        } else {
            Opened::Fresh
        };
        return make(path).map(|(connection, restored)| (connection, restored, opened));
    }
    match resume(path) {
        Ok((connection, restored)) => Ok((connection, restored, Opened::Resumed)),
        Err(Trouble::Newer(found)) => {
            let known = schema::known_version();
            Err(OpenError::Newer {
                path: path.to_owned(),
                found,
                known,
            })
        }
        Err(Trouble::Database(source)) => Err(OpenError::Database {
            path: path.to_owned(),
            source,
        }),
        Err(Trouble::Damage(why)) => {
            let opened = reset(path, now, why)?;
            make(path).map(|(connection, restored)| (connection, restored, opened))
        }
    }
}

/// Opens a store that must be there and whole.
pub(crate) fn resume(path: &Path) -> Result<(Connection, Restored), Trouble> {
    check_header(path)?;
    let mut connection = connect(path)?;
    schema::configure(&connection)?;
    schema::use_write_ahead_log(&connection)?;
    let version = schema::check(&connection)?;
    schema::migrate(&mut connection, version)?;
    let restored = read_all(&connection)?;
    Ok((connection, restored))
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => return Ok(()),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)
        .map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })
}

/// Whether a file is there, that we may read and write. SQLite alone would fall back
/// to reading only.
fn is_there(path: &Path) -> Result<bool, OpenError> {
    let access = |source| OpenError::Access {
        path: path.to_owned(),
        source,
    };
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(OpenError::NotAFile {
                path: path.to_owned(),
            });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(access(error)),
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map(|_| true)
        .map_err(access)
}

fn reset(path: &Path, now: Timestamp, why: String) -> Result<Opened, OpenError> {
    let quarantined = set_aside(path, now).map_err(|source| OpenError::SetAside {
        path: path.to_owned(),
        source,
    })?;
    Ok(Opened::Reset { quarantined, why })
}

fn make(path: &Path) -> Result<(Connection, Restored), OpenError> {
    let access = |source| OpenError::Access {
        path: path.to_owned(),
        source,
    };
    let database = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let unfinished = beside(path, ".new");
    remove_with_companions(&unfinished).map_err(access)?;
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(FILE_MODE)
        .open(&unfinished)
        .map_err(access)?;
    fill(&unfinished).map_err(|trouble| into_open_error(path, trouble))?;
    file.sync_all().map_err(access)?;
    fs::rename(&unfinished, path).map_err(access)?;
    sync_folder(path).map_err(access)?;
    let connection = connect(path).map_err(database)?;
    schema::configure(&connection).map_err(database)?;
    let restored = read_all(&connection).map_err(|trouble| into_open_error(path, trouble))?;
    Ok((connection, restored))
}

/// A fresh store that does not make sense is the machine's fault, not the file's.
fn into_open_error(path: &Path, trouble: Trouble) -> OpenError {
    let source = match trouble {
        Trouble::Database(source) => source,
        Trouble::Damage(why) => sqlite_error(SQLITE_CORRUPT, why),
        Trouble::Newer(format) => sqlite_error(SQLITE_CORRUPT, format!("format {format}")),
    };
    OpenError::Database {
        path: path.to_owned(),
        source,
    }
}

fn sqlite_error(code: i32, text: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(text))
}

/// Makes the tables in the empty file at `path` and leaves no journal beside it.
fn fill(path: &Path) -> Result<(), Trouble> {
    let mut connection = connect(path)?;
    schema::configure(&connection)?;
    schema::use_write_ahead_log(&connection)?;
    schema::migrate(&mut connection, 0)?;
    connection
        .close()
        .map_err(|(_, error)| Trouble::from(error))
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    // Not CREATE: a file that vanished must not come back empty.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// A rename is durable when the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Looks at what SQLite itself would take for something else than damage: an empty
/// file is a new database to it, an odd write version a read-only one.
fn check_header(path: &Path) -> Result<(), Trouble> {
    let mut header = [0; 20];
    let mut file = File::open(path)
        .map_err(|error| Trouble::Database(sqlite_error(SQLITE_CANTOPEN, error.to_string())))?;
    file.read_exact(&mut header)
        .map_err(|error| Trouble::Damage(format!("its header cannot be read: {error}")))?;
    let [head @ .., write_version, read_version] = header;
    let is_known = |version: u8| version == 1 || version == 2;
    if !head.starts_with(MAGIC) || !is_known(write_version) || !is_known(read_version) {
        return Err(Trouble::Damage(
            "its header is not that of a database".to_owned(),
        ));
    }
    Ok(())
}
