//! What can go wrong with the store, in the terms in which a caller can act.
//!
//! A damaged store is not in here: it is set aside and replaced, see
//! [`crate::Opened::Reset`]. What remains when opening needs a person; what remains
//! when committing passes by itself or asks for a new start of the store.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store could not be opened. Raised at start only; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the store is missing and cannot be made, or is no folder.
    #[error(
        "cannot make the store's folder `{}`: make it yourself, or choose another `store.path`",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file, or its lock file, cannot be opened for reading and writing.
    #[error(
        "cannot read and write `{}`: give it to the user that runs this program, \
         or choose another `store.path`",
        path.display()
    )]
    Access {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The path names a folder, a device or a pipe.
    #[error("`{}` is not a regular file: choose another `store.path`", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Another process holds the store.
    #[error(
        "the store `{}` is in use by another process: stop that one, \
         or choose another `store.path`",
        path.display()
    )]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// A later version of this program wrote the store. It is kept as it is.
    #[error(
        "the store `{}` has format {found}, this version knows formats up to {known}: \
         run the newer version, or move the file away to start from zero",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The newest format we know.
        known: i64,
    },
    /// A damaged store could not be set aside.
    #[error("cannot rename the damaged store `{}`: move it away yourself", path.display())]
    SetAside {
        /// The damaged file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A fresh store could not be written, or a sound one not be used: the disk is
    /// full, for example.
    #[error("cannot use the store `{}`: is there room on its disk?", path.display())]
    Database {
        /// The store.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
}

/// Why a turn is not durable. Published values must stay as they were; the next
/// turn must carry this turn's values too.
#[derive(Debug, thiserror::Error)]
#[error("the turn was not stored: {failure}")]
pub struct CommitError {
    /// What kind of trouble, and so what to do.
    pub failure: CommitFailure,
    /// SQLite's words, if it said any.
    #[source]
    pub source: Option<rusqlite::Error>,
}

/// The kinds of trouble at a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommitFailure {
    /// No room on the disk. Passes by itself when there is room again.
    Full,
    /// The file or its file system became read-only. Passes by itself.
    ReadOnly,
    /// Reading or writing failed. The next commit opens the file anew and checks it.
    Io,
    /// A reader stood in the way for too long. Passes by itself.
    Busy,
    /// The file no longer makes sense. Never passes: drop the store and open it anew,
    /// which sets the file aside.
    Damaged,
    /// The file was removed or replaced under us. Never passes: drop the store and
    /// open it anew.
    Vanished,
    /// Anything else that SQLite objects to.
    Other,
}

impl CommitFailure {
    /// Every kind, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Full,
        Self::ReadOnly,
        Self::Io,
        Self::Busy,
        Self::Damaged,
        Self::Vanished,
        Self::Other,
    ];

    /// The kind as a label value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Io => "io",
            Self::Busy => "busy",
            Self::Damaged => "damaged",
            Self::Vanished => "vanished",
            Self::Other => "other",
        }
    }

    /// Whether this store can never commit again and must be opened anew.
    ///
    /// A caller that holds all values in memory then commits them as one whole turn,
    /// and no counter steps back or restarts.
    pub const fn wants_reopening(self) -> bool {
        match self {
            Self::Damaged | Self::Vanished => true,
            Self::Full | Self::ReadOnly | Self::Io | Self::Busy | Self::Other => false,
        }
    }
}

impl fmt::Display for CommitFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full => "no room on the disk",
            Self::ReadOnly => "the file is read-only",
            Self::Io => "reading or writing failed",
            Self::Busy => "the file is locked by a reader",
            Self::Damaged => "the file is damaged",
            Self::Vanished => "the file was removed or replaced",
            Self::Other => "the database refused",
        })
    }
}

impl From<rusqlite::Error> for CommitError {
    fn from(source: rusqlite::Error) -> Self {
        Self {
            failure: failure_of(&source),
            source: Some(source),
        }
    }
}

fn failure_of(error: &rusqlite::Error) -> CommitFailure {
    // SQLite's list of codes is open, ours is closed: hence the last arm.
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => CommitFailure::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => CommitFailure::ReadOnly,
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => CommitFailure::Io,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => CommitFailure::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => CommitFailure::Damaged,
        _ => CommitFailure::Other,
    }
}
