//! Follows all files of all sources, a turn at a time.
//!
//! Owns the followed files and decides which of them to read next.

use std::path::PathBuf;

use model::position::{FileId, Position, SourceId};

use crate::config::TailLimits;
use crate::error::TailError;
use crate::file_system::FileSystem;
use crate::source::SourceConfig;
use crate::system_files::SystemFiles;
use crate::turn::{Batch, Now, PollReport, SourceStatus, Taken};

/// Finds, follows and reads log files.
pub struct Tailer<F: FileSystem = SystemFiles> {
    files: F,
    restored: Vec<(FileId, SourceId, Position)>,
    next_file_id: u64,
}

impl<F: FileSystem> Tailer<F> {
    /// Builds a tailer that goes on where `restored` stands.
    ///
    /// # Errors
    ///
    /// [`TailError`] names a bad pattern; nothing was opened then.
    pub fn new(
        files: F,
        _sources: Vec<SourceConfig>,
        _limits: TailLimits,
        start: Start,
    ) -> Result<Self, TailError> {
        Ok(Self {
            files,
            restored: start.restored,
            next_file_id: start.next_file_id,
        })
    }

    /// Reads what is new, one bounded batch after the other, and hands each to `take`.
    pub fn poll(&mut self, _now: Now, _take: &mut dyn FnMut(Batch<'_>) -> Taken) -> PollReport {
        let _ = &self.files;
        PollReport::default()
    }

    /// Makes the next poll look into the directories, whatever the interval says.
    pub fn rescan_hint(&mut self) {}

    /// How a source stands, as of the last poll.
    pub fn source_status(&self, _source: SourceId) -> SourceStatus {
        SourceStatus::default()
    }

    /// Every remembered position, to build the next tailer with at a reload.
    pub fn restorable(&self) -> Vec<(FileId, SourceId, Position)> {
        self.restored.clone()
    }

    /// The first file id that was never used.
    pub const fn next_file_id(&self) -> u64 {
        self.next_file_id
    }

    /// The directories in which files may appear: what a watch should watch.
    pub fn directories(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// From where a tailer starts.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The positions that were committed last: authoritative.
    pub restored: Vec<(FileId, SourceId, Position)>,
    /// The first file id that was never used.
    pub next_file_id: u64,
    /// Nothing was ever committed: `start_at` decides about the files that exist.
    pub is_first_start: bool,
}
