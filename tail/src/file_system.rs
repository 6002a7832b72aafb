//! What the tailer wants from a file system, so that a test can be one.
//!
//! A few calls, all of them bounded and none of them remembering anything: the
//! tailer passes offsets itself. [`crate::system_files`] is the real one.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use model::position::FileIdentity;

/// Directories and files by name.
pub trait FileSystem {
    /// An open file.
    type File: OpenFile;

    /// The names in a directory, in any order, at most `entries_max` of them.
    ///
    /// # Errors
    ///
    /// What the system says; `NotFound` is an ordinary answer.
    fn list(&self, directory: &Path, entries_max: usize) -> io::Result<Vec<OsString>>;

    /// What the path names now, links followed.
    ///
    /// # Errors
    ///
    /// What the system says; `NotFound` is an ordinary answer.
    fn status(&self, path: &Path) -> io::Result<FileStatus>;

    /// Opens for reading, without ever waiting for a writer or becoming a terminal's
    /// owner. The caller checks that it got a regular file.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
}

/// An open file. It stays the same file whatever happens to its name.
pub trait OpenFile {
    /// What it is now.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn status(&self) -> io::Result<FileStatus>;

    /// Reads at `offset` until the buffer is full or the file ends; returns how much.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The first place at or after `offset` that is not a hole. `offset` itself when
    /// the file system cannot tell; the file's size when only a hole follows.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn next_data(&self, offset: u64) -> io::Result<u64>;
}

/// What a file is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Which file.
    pub identity: FileIdentity,
    /// Its kind. Only regular files are ever read.
    pub kind: FileKind,
    /// Its length in bytes.
    pub size: u64,
    /// Last modification, in nanoseconds since the epoch.
    pub modified_ns: i64,
    /// How many names it has; 0 once deleted.
    pub links: u64,
}

/// What sort of thing a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file with bytes.
    Regular,
    /// A directory.
    Directory,
    /// A pipe, socket or device: reading could wait for ever or never end.
    Special,
}
