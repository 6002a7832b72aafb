//! Follows all files of all sources, a turn at a time.
//!
//! Owns the followed files and decides which of them to read next: round robin, a
//! batch each, until the turn's budget is used up. Files are found and lost in
//! `scan`, shared out among sources in `overlap`, given places in `places`, taken on in
//! `admit` and `twin`, read in `read` and `unpack`, and what a rotation or a truncation
//! means is in `succession`. Limits are in `room`, the handover at a reload in `reload`,
//! waiting for a store in `vigil`. It never decides when to poll; the exporter's loop does.
//!
//! The idea: a scan only learns names; bytes are believed after the evidence in
//! them was compared, before each batch. So a missed scan or event delays and never
//! loses.

mod admit;
mod overlap;
mod places;
mod read;
mod reload;
mod room;
mod scan;
mod succession;
mod twin;
mod unpack;
mod vigil;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use model::log::{GenerationCause, LossCause};
use model::position::{FileId, FileIdentity, Packing, Position, PositionChange, SourceId};
use model::snapshot::{FileSnapshot, UnreadableFile};

use crate::config::TailLimits;
use crate::discover::Pattern;
use crate::error::TailError;
use crate::file_system::FileSystem;
use crate::follower::{Access, Follower, Place};
use crate::source::{SourceConfig, StartAt};
use crate::system_files::SystemFiles;
use crate::turn::{Batch, Now, PollReport, SourceStatus, Taken};

use self::read::Step;

/// What a step counts at least against the bytes of a turn.
const STEP_COST_MIN: u64 = 1024;

/// Finds, follows and reads log files.
pub struct Tailer<F: FileSystem = SystemFiles> {
    files: F,
    sources: Vec<Source>,
    limits: TailLimits,
    followers: Vec<Follower<F::File>>,
    next_file_id: u64,
    /// When to look into the directories next. `None`: now.
    next_scan: Option<Duration>,
    has_scanned: bool,
    /// Nothing may be read: the store does not take what would come of it.
    is_watching: bool,
    is_caught_up: bool,
    /// Where the round robin begins.
    cursor: usize,
    buffer: Vec<u8>,
    report: PollReport,
}

/// From where a tailer starts.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The positions that were committed last: authoritative.
    pub restored: Vec<(FileId, SourceId, Position)>,
    /// The first file id that was never used.
    pub next_file_id: u64,
}

/// One source while running.
struct Source {
    patterns: Vec<Pattern>,
    /// The patterns as configured, to know the source again at a reload.
    pattern_texts: Vec<String>,
    group: usize,
    is_new: bool,
    start_at: StartAt,
    read_compressed: bool,
    unreadable: Vec<UnreadableFile>,
    files_over_limit: usize,
    /// Who was last seen under a path, and when.
    owners: HashMap<PathBuf, Owner>,
    /// New files that may be copies of followed ones.
    held: HashMap<FileIdentity, Held>,
    /// Files that are not for us, so that they are not opened at each scan.
    refused: HashMap<FileIdentity, Refusal>,
    /// New files that could not be opened when last tried.
    unopened: HashSet<FileIdentity>,
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    id: FileId,
    confirmed_at: SystemTime,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    size: u64,
    quiet_since: Duration,
    /// What it may be a copy of has news and could not be read.
    is_twin_unread: bool,
}

#[derive(Debug, Clone)]
struct Refusal {
    size: u64,
    modified_ns: i64,
    /// What to tell people; `None` for files that are passed over as configured.
    reason: Option<String>,
}

impl<F: FileSystem> Tailer<F> {
    /// Builds a tailer that goes on where `start` says.
    ///
    /// # Errors
    ///
    /// [`TailError`] names a bad pattern; nothing was opened then.
    pub fn new(
        files: F,
        sources: Vec<SourceConfig>,
        limits: TailLimits,
        start: Start,
    ) -> Result<Self, TailError> {
        let sources = sources
            .into_iter()
            .map(|config| Source::new(&config))
            .collect::<Result<Vec<_>, _>>()?;
        let mut tailer = Self {
            files,
            sources,
            limits: limits.with_room_for_a_line(),
            followers: Vec::new(),
            next_file_id: start.next_file_id,
            next_scan: None,
            has_scanned: false,
            is_watching: false,
            is_caught_up: false,
            cursor: 0,
            buffer: Vec::new(),
            report: PollReport::default(),
        };
        for (id, source, position) in start.restored {
            tailer.restore(id, source, position);
        }
        tailer.forget_doubles();
        Ok(tailer)
    }

    /// Reads what is new, one bounded batch after the other, and hands each to `take`.
    ///
    /// `take` is only called for bytes whose file was compared with its position.
    /// What went wrong with a file is in [`Self::source_status`].
    pub fn poll(&mut self, now: Now, take: &mut dyn FnMut(Batch<'_>) -> Taken) -> PollReport {
        if self.is_scan_due(now) {
            self.scan(now);
        }
        self.is_watching = false;
        self.read_turn(now, take);
        self.close_surplus();
        self.note_caught_up();
        self.report_positions();
        std::mem::take(&mut self.report)
    }

    /// Makes the next poll look into the directories, whatever the interval says.
    pub fn rescan_hint(&mut self) {
        self.next_scan = None;
    }

    /// How a source stands, as of the last poll.
    pub fn source_status(&self, source: SourceId) -> SourceStatus {
        let mut status = SourceStatus::default();
        let Some(configured) = self.sources.get(source.0) else {
            return status;
        };
        status.unreadable.clone_from(&configured.unreadable);
        status.files_over_limit = configured.files_over_limit;
        for follower in self.followers.iter().filter(|known| known.source == source) {
            if follower.is_waiting() {
                status.lag_bytes = status.lag_bytes.saturating_add(follower.unread_bytes());
            }
            if !follower.is_followed() && follower.error.is_none() {
                continue;
            }
            // Unpacked and packed bytes cannot be compared: a packed file shows no lag.
            let offset = follower.position.offset;
            let size = match follower.position.packing {
                Packing::Plain => follower.present_size().max(offset),
                Packing::Gzip => offset,
            };
            status.lag_bytes = status.lag_bytes.saturating_add(size.saturating_sub(offset));
            status.files.push(FileSnapshot {
                path: follower.path.display().to_string(),
                offset,
                size,
            });
            if let Some(error) = &follower.error {
                status.unreadable.push(UnreadableFile {
                    path: follower.path.display().to_string(),
                    error: error.clone(),
                    is_refused: false,
                });
            }
        }
        status
            .files
            .sort_by(|left, right| left.path.cmp(&right.path));
        status
    }

    /// Every remembered position, to build the next tailer with at a reload.
    pub fn restorable(&self) -> Vec<(FileId, SourceId, Position)> {
        self.followers
            .iter()
            .map(|follower| (follower.id, follower.source, follower.position.clone()))
            .collect()
    }

    /// The first file id that was never used.
    pub const fn next_file_id(&self) -> u64 {
        self.next_file_id
    }

    /// The directories in which files may appear: what a watch should watch.
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut directories: Vec<PathBuf> = self
            .sources
            .iter()
            .flat_map(|source| source.patterns.iter().map(Pattern::directory))
            .chain(
                self.followers
                    .iter()
                    .filter(|follower| follower.is_followed())
                    .filter_map(|follower| follower.path.parent().map(Path::to_path_buf)),
            )
            .map(|directory| {
                // What has no directory part is in the working directory.
                let is_empty = directory.as_os_str().is_empty();
                if is_empty {
                    PathBuf::from(".")
                } else {
                    directory
                }
            })
            .collect();
        directories.sort();
        directories.dedup();
        directories
    }

    fn is_scan_due(&self, now: Now) -> bool {
        self.next_scan.is_none_or(|due| due <= now.monotonic)
    }

    fn restore(&mut self, id: FileId, source: SourceId, position: Position) {
        let Some(configured) = self.sources.get_mut(source.0) else {
            return;
        };
        let mut follower = Follower::new(id, source, position);
        follower.place = Place::Restored;
        follower.is_changed = false;
        follower.is_resumed = true;
        configured.owners.insert(
            follower.path.clone(),
            Owner {
                id,
                confirmed_at: SystemTime::UNIX_EPOCH,
            },
        );
        self.next_file_id = self.next_file_id.max(id.0.saturating_add(1));
        self.followers.push(follower);
    }

    /// Reads a batch of each file that has news, again and again, until nothing is
    /// left or the turn's budget is used up.
    fn read_turn(&mut self, now: Now, take: &mut dyn FnMut(Batch<'_>) -> Taken) {
        let mut count = self.followers.len();
        let first = self.cursor.min(count);
        let mut order: Vec<usize> = (first..count).chain(0..first).collect();
        let mut spent = 0_u64;
        while !order.is_empty() {
            let mut has_progress = false;
            let mut next_order = Vec::with_capacity(order.len());
            for index in order {
                if self.limits.turn_bytes_max <= spent {
                    // The next turn begins with the file that was not reached.
                    self.cursor = index;
                    self.report.has_more = true;
                    return;
                }
                match self.step(index, now, take) {
                    Step::Idle => {}
                    Step::Waiting => next_order.push(index),
                    Step::Read(bytes) => {
                        // Work without bytes costs something, too: a turn must end.
                        spent = spent.saturating_add(bytes.max(STEP_COST_MIN));
                        has_progress = true;
                        next_order.push(index);
                    }
                }
            }
            // Copies that were found on the way.
            next_order.extend(count..self.followers.len());
            has_progress = has_progress || count < self.followers.len();
            count = self.followers.len();
            // A file may have been waiting for one that was drained just now.
            if !has_progress && next_order.iter().all(|index| self.is_waiting_at(*index)) {
                return;
            }
            order = next_order;
        }
    }

    fn note_caught_up(&mut self) {
        let is_open = |follower: &Follower<F::File>| {
            follower.is_followed() && follower.backlog.is_some() && follower.error.is_none()
        };
        self.is_caught_up = self.is_caught_up || !self.followers.iter().any(is_open);
        self.report.is_caught_up = self.is_caught_up;
    }

    fn report_positions(&mut self) {
        for follower in &mut self.followers {
            if follower.place == Place::Forgotten {
                self.report
                    .changes
                    .push(PositionChange::Forgotten { id: follower.id });
            } else if std::mem::take(&mut follower.is_changed) {
                self.report.changes.push(PositionChange::Moved {
                    id: follower.id,
                    source: follower.source,
                    position: follower.position.clone(),
                });
            }
        }
        self.followers
            .retain(|follower| follower.place != Place::Forgotten);
    }

    fn new_file_id(&mut self) -> FileId {
        let id = FileId(self.next_file_id);
        self.next_file_id = self.next_file_id.saturating_add(1);
        id
    }

    fn index_of(&self, id: FileId) -> Option<usize> {
        self.followers.iter().position(|follower| follower.id == id)
    }

    fn note_generation(&mut self, source: SourceId, cause: GenerationCause) {
        self.report.generations.push((source, cause));
    }

    fn note_lost(&mut self, source: SourceId, cause: LossCause, bytes: u64) {
        if 0 < bytes {
            self.report.lost.push((source, cause, bytes));
        }
    }
}

impl Source {
    fn new(config: &SourceConfig) -> Result<Self, TailError> {
        let patterns = config
            .patterns
            .iter()
            .map(|pattern| Pattern::parse(pattern))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            patterns,
            pattern_texts: config.patterns.clone(),
            group: config.group,
            is_new: config.is_new,
            start_at: config.start_at,
            read_compressed: config.read_compressed,
            unreadable: Vec::new(),
            files_over_limit: 0,
            owners: HashMap::new(),
            held: HashMap::new(),
            refused: HashMap::new(),
            unopened: HashSet::new(),
        })
    }
}

#[cfg(test)]
mod tests;
