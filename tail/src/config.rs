//! The limits of tailing: how much at once, how many files, how patiently.
//!
//! Every limit has a default that suits a connector's host. Which files to read is
//! not here but in [`crate::source`]; checking what an operator wrote is the
//! exporter's task, since only it can name the key.

use std::time::Duration;

use model::log::LINE_BYTES_MAX;

/// Bounds of memory, handles and patience of one `Tailer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailLimits {
    /// Most bytes of one batch. Raised to [`BATCH_BYTES_MIN`] if lower, so that a
    /// longest line always fits.
    pub batch_bytes_max: usize,
    /// Most bytes read in one poll, over all files.
    pub turn_bytes_max: u64,
    /// Most idle handles kept open. Files beyond it are followed by reopening them;
    /// a handle that is the only way to a file's bytes is never closed for this.
    pub open_files_max: usize,
    /// Most files followed for one source. When there are more, those written to last
    /// are followed: a newer one displaces the oldest one that was read to its end, and
    /// that one is remembered until it grows. Where all have unread bytes, further ones
    /// wait and are counted. Files whose name is gone count while they have unread bytes.
    pub files_max: usize,
    /// Most directory entries looked at in one directory and scan. A directory with
    /// more is named as unreadable.
    pub entries_max: usize,
    /// Most files remembered, over all sources; the longest unseen goes first. Files
    /// that are still there are remembered beyond it, or they would be read again.
    pub remembered_max: usize,
    /// Time between two looks into the directories.
    pub scan_interval: Duration,
    /// How long a renamed file must be quiet until its last line counts as ended.
    pub rotate_grace: Duration,
    /// The same for a deleted file: shorter, because our handle pins its blocks.
    pub deleted_grace: Duration,
    /// How long a new file that equals a followed one is held back, to see whether
    /// it is the copy that precedes a truncation.
    pub copy_hold: Duration,
    /// How long a file that is seen no more is remembered.
    pub forget_after: Duration,
}

/// Least `batch_bytes_max`: a longest line in UTF-16 with its line end, and room.
pub const BATCH_BYTES_MIN: usize = 2 * LINE_BYTES_MAX + 1024;

impl TailLimits {
    /// The same with a batch that holds a longest line.
    pub(crate) fn with_room_for_a_line(mut self) -> Self {
        self.batch_bytes_max = self.batch_bytes_max.max(BATCH_BYTES_MIN);
        self
    }
}

impl Default for TailLimits {
    fn default() -> Self {
        Self {
            batch_bytes_max: 256 * 1024,
            turn_bytes_max: 4 * 1024 * 1024,
            open_files_max: 256,
            files_max: 1024,
            entries_max: 16 * 1024,
            remembered_max: 10_000,
            scan_interval: Duration::from_secs(1),
            rotate_grace: Duration::from_secs(30),
            deleted_grace: Duration::from_secs(10),
            copy_hold: Duration::from_secs(10),
            forget_after: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}
