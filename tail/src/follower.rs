//! One followed file: its position, its handle, and where it is now.
//!
//! Plain state with the small rules that concern one file alone. Reading is in
//! `tailer::read`, finding it again in `tailer::scan`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::position::{FileId, Packing, Position, SourceId};

use crate::compressed::GzipStream;
use crate::file_system::{FileStatus, OpenFile};

/// A file that is followed or remembered.
pub(crate) struct Follower<H> {
    pub(crate) id: FileId,
    pub(crate) source: SourceId,
    pub(crate) position: Position,
    /// Its present path, or the last known one.
    pub(crate) path: PathBuf,
    /// The path under which this process met it first.
    pub(crate) first_path: PathBuf,
    pub(crate) access: Access<H>,
    pub(crate) place: Place,
    /// What it was when last looked at. `None` until then.
    pub(crate) seen: Option<FileStatus>,
    /// What the last scan saw under its path; tells a closed file that it has news.
    pub(crate) listed: Option<FileStatus>,
    /// When a scan first missed it, if the last one did.
    pub(crate) missed_at: Option<Duration>,
    /// It was missed a moment ago: a new file may be what became of it.
    pub(crate) may_have_heir: bool,
    /// Parked, with news and no place: how long the last scan saw it to be.
    pub(crate) waiting_size: Option<u64>,
    /// Up to where bytes were offered, used up or not.
    pub(crate) offered_to: u64,
    /// Its size at the first scan, until that much was offered.
    pub(crate) backlog: Option<u64>,
    /// Must be read to its end before this one begins.
    pub(crate) after: Option<FileId>,
    /// When it last showed something new.
    pub(crate) quiet_since: Duration,
    /// When a scan last saw it.
    pub(crate) seen_at: Duration,
    /// Why it cannot be read now. Tried again at the next scan.
    pub(crate) error: Option<String>,
    /// It had another name before: nobody should append to it for long.
    pub(crate) is_renamed: bool,
    /// Its content was compared with the position since it was opened.
    pub(crate) is_examined: bool,
    /// The position must be reported.
    pub(crate) is_changed: bool,
    /// A gzip file whose content is history: unpacked to learn its length only.
    pub(crate) is_passed_over: bool,
    /// A gzip file of which nothing was offered in this process. A fault met before
    /// anything is offered was counted when the position was committed.
    pub(crate) is_resumed: bool,
    /// Its first bytes, as far as its head is known: for encoding and order of dates.
    pub(crate) start: Vec<u8>,
}

/// How its bytes are reached.
pub(crate) enum Access<H> {
    /// Not open.
    Closed,
    /// Open.
    Plain(H),
    /// Open, being unpacked.
    Gzip(Box<GzipStream<H>>),
}

/// Where the file is, as of the last scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Known from the store, not looked for yet.
    Restored,
    /// Under its path, which matches a pattern.
    Listed,
    /// No pattern matches it any more; our handle is the way to it.
    Outside {
        /// When that was noticed.
        since: Duration,
    },
    /// Found nowhere. A copy of it may show up for a while.
    Vanished {
        /// When that was noticed.
        since: Duration,
    },
    /// Closed, with nothing to read when it was; remembered so that it is not read
    /// again. It may have news and wait for a place.
    Parked,
    /// To be dropped and reported as forgotten.
    Forgotten,
}

impl<H: OpenFile> Follower<H> {
    /// Starts to follow a file at a position.
    pub(crate) fn new(id: FileId, source: SourceId, position: Position) -> Self {
        let path = PathBuf::from(&position.path);
        let offered_to = position.offset;
        Self {
            id,
            source,
            position,
            first_path: path.clone(),
            path,
            access: Access::Closed,
            place: Place::Listed,
            seen: None,
            listed: None,
            missed_at: None,
            may_have_heir: false,
            waiting_size: None,
            offered_to,
            backlog: None,
            after: None,
            quiet_since: Duration::ZERO,
            seen_at: Duration::ZERO,
            error: None,
            is_renamed: false,
            is_examined: false,
            is_changed: true,
            is_passed_over: false,
            is_resumed: false,
            start: Vec::new(),
        }
    }

    /// Takes note of the file's present name.
    pub(crate) fn set_path(&mut self, path: &Path) {
        if self.path == path {
            return;
        }
        self.path = path.to_path_buf();
        self.confirm_path();
    }

    /// Takes note of the present name of a file that waits to be read. Its position has
    /// the first name: a copy that was made before a truncation is known by that one,
    /// after a restart, too.
    pub(crate) fn set_path_while_waiting(&mut self, path: &Path) {
        self.path = path.to_path_buf();
        let first = self.first_path.display().to_string();
        if self.position.path != first {
            self.position.path = first;
            self.is_changed = true;
        }
    }

    /// Lets the position have the file's present name.
    pub(crate) fn confirm_path(&mut self) {
        self.position.path = self.path.display().to_string();
        self.is_changed = true;
    }

    /// The open file, packed or not.
    pub(crate) fn handle(&self) -> Option<&H> {
        match &self.access {
            Access::Closed => None,
            Access::Plain(file) => Some(file),
            Access::Gzip(stream) => Some(stream.file()),
        }
    }

    /// Closes the file; it is compared again when it is reopened.
    pub(crate) fn close(&mut self) {
        self.access = Access::Closed;
        self.is_examined = false;
        self.offered_to = self.position.offset;
    }

    /// Whether a path looks like that of a copy of this file, or of its successor.
    pub(crate) fn is_extended_by(&self, path: &Path) -> bool {
        is_extended_name(path, &self.path) || is_extended_name(path, &self.first_path)
    }

    /// Its length now if it is open, else when it was last looked at; packed bytes
    /// of a gzip file.
    pub(crate) fn present_size(&self) -> u64 {
        let now = self.handle().and_then(|file| file.status().ok());
        now.or(self.seen).map_or(0, |status| status.size)
    }

    /// Bytes that are known to be there and were not used up, of a plain file.
    pub(crate) fn unread_bytes(&self) -> u64 {
        let seen_size = self.seen.map_or(0, |seen| seen.size);
        let size = seen_size.max(self.waiting_size.unwrap_or(0));
        size.saturating_sub(self.position.offset)
    }

    /// Whether the file that follows it in time may be read. A file that still has
    /// its name may grow for ever: there only what the first scan saw counts.
    pub(crate) fn is_drained(&self) -> bool {
        // What cannot be read now must not hold up others.
        if self.error.is_some() || !self.is_followed() {
            return true;
        }
        let Some(seen) = self.seen.filter(|_| self.backlog.is_none()) else {
            return false;
        };
        match (self.position.packing, self.place) {
            (Packing::Gzip, _) => false,
            (Packing::Plain, Place::Listed) if !self.is_renamed => true,
            (Packing::Plain, _) => seen.size <= self.offered_to,
        }
    }

    /// Whether it is one of the files that are followed now.
    pub(crate) fn is_followed(&self) -> bool {
        match self.place {
            Place::Listed | Place::Outside { .. } => true,
            Place::Restored | Place::Vanished { .. } | Place::Parked | Place::Forgotten => false,
        }
    }

    /// Whether all its names are gone and only our handle keeps it.
    pub(crate) fn is_deleted(&self) -> bool {
        matches!(self.place, Place::Outside { .. }) && self.seen.is_some_and(|seen| seen.links == 0)
    }
}

/// Whether `longer` is `shorter` with something appended, in the same directory: the
/// way in which rotated files and copies are named.
pub(crate) fn is_extended_name(longer: &Path, shorter: &Path) -> bool {
    let (Some(long), Some(short)) = (longer.file_name(), shorter.file_name()) else {
        return false;
    };
    let (long, short) = (long.as_encoded_bytes(), short.as_encoded_bytes());
    longer.parent() == shorter.parent() && short.len() < long.len() && long.starts_with(short)
}
