//! What goes in and out of one poll: the time, batches, and the report.
//!
//! Plain data and no behaviour. The caller commits a [`PollReport`]'s changes and
//! the counts that the batches led to in one transaction; if it dies before, the
//! older positions make the same bytes come again.

use std::path::Path;
use std::time::{Duration, SystemTime};

use model::log::{GenerationCause, LossCause};
use model::position::{FileId, PositionChange, SourceId};
use model::snapshot::{FileSnapshot, UnreadableFile};

/// The present, as the caller's clock tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since an arbitrary start; never goes back. Intervals are measured with it.
    pub monotonic: Duration,
    /// The wall clock. Only compared with birth times of files.
    pub wall: SystemTime,
}

/// Consecutive bytes of one file, beginning with the first one not taken yet.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The file.
    pub id: FileId,
    /// The log it belongs to.
    pub source: SourceId,
    /// The name it was last seen under.
    pub path: &'a Path,
    /// The file's first bytes, unpacked, as far as its head is known: at most
    /// [`model::position::HEAD_BYTES_MAX`]. They tell encoding and order of dates.
    pub start: &'a [u8],
    /// Where `bytes` begin, in unpacked bytes from the start of the file.
    pub offset: u64,
    /// `bytes` begin inside a line that is too long and is being skipped.
    pub mid_line: bool,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Nothing will follow: a rest without line end counts as a line. The caller
    /// must take everything; what it leaves is not offered again.
    pub is_final: bool,
}

/// How much of a batch the caller has used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Bytes used, at most the batch's length: up to a line end, or all of them when
    /// a line is too long. A rest is offered again once more bytes are there.
    pub consumed: usize,
    /// The place after them is inside a line that is being skipped.
    pub mid_line: bool,
    /// The place after them is the end of a line.
    pub line_end: bool,
}

/// What one poll did. To be committed together with the counts of its batches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollReport {
    /// Positions that changed, at most one a file.
    pub changes: Vec<PositionChange>,
    /// New beginnings, one entry each.
    pub generations: Vec<(SourceId, GenerationCause)>,
    /// Bytes given up, by cause; never zero.
    pub lost: Vec<(SourceId, LossCause, u64)>,
    /// Bytes that the caller took, unpacked.
    pub bytes_read: u64,
    /// There is more to read right now: poll again without waiting.
    pub has_more: bool,
    /// Everything that existed at the first scan has been offered.
    pub is_caught_up: bool,
}

/// How one source stands, as of the last poll.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceStatus {
    /// Bytes written and not taken yet, over the plain files.
    pub lag_bytes: u64,
    /// The files followed now, by path.
    pub files: Vec<FileSnapshot>,
    /// Files that match but cannot be read, with the system's words. Tried again at
    /// each scan.
    pub unreadable: Vec<UnreadableFile>,
    /// Files that match and wait because there are too many.
    pub files_over_limit: usize,
}
