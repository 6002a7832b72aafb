//! Reads one batch of one file, after comparing the file with its position.
//!
//! The order matters: bytes are read first and the evidence before them second.
//! Whatever changed the file before our read then shows in the evidence, and what
//! changes it after cannot hurt the bytes we hold. What to do about a file that is
//! no longer the same is in `succession`; packed files are in `unpack`.

use std::io;
use std::time::Duration;

use model::log::LossCause;
use model::position::{HEAD_BYTES_MAX, MARKER_BYTES_MAX, Packing};

use super::{Access, Batch, FileSystem, Follower, Now, Place, Tailer, Taken};
use crate::discover::words;
use crate::file_system::{FileStatus, OpenFile};
use crate::follower::is_extended_name;
use crate::identity::{self, Verdict};

/// What became of one file's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to read.
    Idle,
    /// Another file must be read to its end first.
    Waiting,
    /// Something was done, at a cost of so many bytes; there may be more.
    Read(u64),
}

/// Bytes read for a batch, with the bytes before them.
pub(super) struct Chunk<'a> {
    /// `lead_bytes` known ones, then the new ones.
    pub(super) bytes: &'a [u8],
    /// How many are known.
    pub(super) lead_bytes: usize,
    /// Nothing will follow.
    pub(super) is_final: bool,
    /// As many as fit: the caller has to take something.
    pub(super) is_full: bool,
}

impl<F: FileSystem> Tailer<F> {
    /// Lets one file read one batch.
    pub(super) fn step(
        &mut self,
        index: usize,
        now: Now,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> Step {
        let Some(follower) = self.followers.get(index) else {
            return Step::Idle;
        };
        if !follower.is_followed() || follower.error.is_some() {
            return Step::Idle;
        }
        if self.is_waiting(follower) {
            return Step::Waiting;
        }
        let packing = follower.position.packing;
        let stepped = match packing {
            Packing::Plain => self.step_plain(index, now, take),
            Packing::Gzip => self.step_gzip(index, now, take),
        };
        stepped.unwrap_or_else(|err| {
            self.note_error(index, &err);
            Step::Idle
        })
    }

    /// Whether the file at an index must wait for another one.
    pub(super) fn is_waiting_at(&self, index: usize) -> bool {
        self.followers
            .get(index)
            .is_some_and(|follower| self.is_waiting(follower))
    }

    fn is_waiting(&self, follower: &Follower<F::File>) -> bool {
        follower
            .after
            .and_then(|id| self.index_of(id))
            .and_then(|index| self.followers.get(index))
            .is_some_and(|predecessor| !predecessor.is_drained())
    }

    fn step_plain(
        &mut self,
        index: usize,
        now: Now,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<Step> {
        if !self.is_open(index, now)? {
            return Ok(Step::Idle);
        }
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(Step::Idle);
        };
        let Access::Plain(file) = &follower.access else {
            return Ok(Step::Idle);
        };
        let status = file.status()?;
        let is_unchanged = follower.is_examined
            && follower
                .seen
                .is_some_and(|seen| is_same_content(seen, status));
        if !is_unchanged {
            let verdict = identity::examine(file, &follower.position, status.size)?;
            if verdict != Verdict::Same {
                self.succeed(index, verdict, status, now);
                return Ok(Step::Read(0));
            }
        }
        self.note_seen(index, status, now);
        if self.has_unoffered(index, status)? {
            return self.read_plain(index, status, take);
        }
        if self.is_ended(index, now) {
            return self.finish_plain(index, status, take);
        }
        Ok(Step::Idle)
    }

    /// Whether there are bytes that were not offered yet.
    fn has_unoffered(&mut self, index: usize, status: FileStatus) -> io::Result<bool> {
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(false);
        };
        follower.learn_head(status.size)?;
        if follower.offered_to < status.size {
            return Ok(true);
        }
        follower.backlog = None;
        Ok(false)
    }

    /// Opens a closed file if it has news. `false`: leave it alone.
    pub(super) fn is_open(&mut self, index: usize, now: Now) -> io::Result<bool> {
        let Some(follower) = self.followers.get(index) else {
            return Ok(false);
        };
        if follower.handle().is_some() {
            return Ok(true);
        }
        let has_news = match (follower.seen, follower.listed) {
            (Some(seen), Some(listed)) => !is_same_content(seen, listed),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let is_rest_due = 0 < follower.unread_bytes() && self.is_ended(index, now);
        if !has_news && !is_rest_due {
            return Ok(false);
        }
        let (path, identity) = (follower.path.clone(), follower.position.identity);
        let file = match self.files.open(&path) {
            Ok(file) => file,
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                self.next_scan = None;
                return Ok(false);
            }
            Err(err) => return Err(err),
        };
        if file.status()?.identity != identity {
            // The name changed hands since the scan.
            self.next_scan = None;
            return Ok(false);
        }
        if let Some(opened) = self.followers.get_mut(index) {
            opened.access = Access::Plain(file);
        }
        Ok(true)
    }

    /// Takes note of what the file is now.
    fn note_seen(&mut self, index: usize, status: FileStatus, now: Now) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let before = follower.seen.replace(status);
        follower.waiting_size = None;
        follower.is_examined = true;
        if before.is_none_or(|before| !is_same_content(before, status)) {
            follower.quiet_since = now.monotonic;
        }
        follower.offered_to = follower.offered_to.min(status.size);
        let cut = before.map_or(0, |before| before.size.saturating_sub(status.size));
        let source = follower.source;
        // What we had used up is still there, so the cut bytes were unread.
        self.note_lost(source, LossCause::Truncated, cut);
    }

    fn read_plain(
        &mut self,
        index: usize,
        status: FileStatus,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<Step> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.read_batch(index, status, &mut buffer, take);
        self.buffer = buffer;
        read
    }

    fn read_batch(
        &mut self,
        index: usize,
        status: FileStatus,
        buffer: &mut Vec<u8>,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<Step> {
        let batch_bytes_max = self.limits.batch_bytes_max;
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(Step::Idle);
        };
        let Access::Plain(file) = &follower.access else {
            return Ok(Step::Idle);
        };
        let offset = follower.position.offset;
        let lead_bytes = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(MARKER_BYTES_MAX);
        let unread = usize::try_from(status.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = lead_bytes.saturating_add(unread.min(batch_bytes_max));
        buffer.resize(length, 0);
        let start = offset.saturating_sub(u64::try_from(lead_bytes).unwrap_or(0));
        let count = file.read_at(start, buffer)?;
        if let Some(marker) = follower.position.markers.first()
            && !identity::is_marker_equal(file, *marker)?
        {
            follower.is_examined = false;
            return Ok(Step::Read(0));
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        let Some(first) = bytes.get(lead_bytes) else {
            // Shorter than it was a moment ago: the next look will tell why.
            follower.is_examined = false;
            follower.offered_to = status.size;
            return Ok(Step::Idle);
        };
        if *first == 0 {
            let data = file.next_data(offset)?;
            if offset < data {
                return Ok(self.skip_hole(index, data, status));
            }
        }
        let chunk = Chunk {
            bytes,
            lead_bytes,
            is_final: false,
            is_full: batch_bytes_max <= count.saturating_sub(lead_bytes),
        };
        Ok(Step::Read(self.hand(index, &chunk, take)))
    }

    /// Steps over a hole, as a writer that does not append leaves it when its file
    /// is truncated under it.
    fn skip_hole(&mut self, index: usize, data: u64, status: FileStatus) -> Step {
        let Some(follower) = self.followers.get_mut(index) else {
            return Step::Idle;
        };
        if status.size <= data {
            // A hole up to the end may be room that the writer is about to fill.
            follower.offered_to = status.size;
            return Step::Idle;
        }
        let skipped = data.saturating_sub(follower.position.offset);
        follower.position.offset = data;
        follower.offered_to = data;
        follower.is_changed = true;
        let source = follower.source;
        self.note_lost(source, LossCause::NulRun, skipped);
        Step::Read(0)
    }

    /// Hands bytes to the caller and moves the position by what it took.
    pub(super) fn hand(
        &mut self,
        index: usize,
        chunk: &Chunk<'_>,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> u64 {
        let Some(follower) = self.followers.get_mut(index) else {
            return 0;
        };
        let bytes = chunk.bytes.get(chunk.lead_bytes..).unwrap_or_default();
        let offset = follower.position.offset;
        let mut taken = take(Batch {
            id: follower.id,
            source: follower.source,
            path: &follower.path,
            start: &follower.start,
            offset,
            mid_line: follower.position.mid_line,
            bytes,
            is_final: chunk.is_final,
        });
        taken.consumed = taken.consumed.min(bytes.len());
        if chunk.is_final {
            taken.consumed = bytes.len();
        } else if chunk.is_full && taken.consumed == 0 {
            // A batch without a line end that is not taken would come for ever.
            taken = Taken {
                consumed: bytes.len(),
                mid_line: true,
                line_end: false,
            };
        }
        follower.take_over(chunk, taken);
        let consumed = u64::try_from(taken.consumed).unwrap_or(u64::MAX);
        self.report.bytes_read = self.report.bytes_read.saturating_add(consumed);
        u64::try_from(bytes.len()).unwrap_or(u64::MAX)
    }

    /// Whether a rest without line end is all that will ever come.
    fn is_ended(&self, index: usize, now: Now) -> bool {
        let Some(follower) = self.followers.get(index) else {
            return false;
        };
        let is_quiet_for =
            |since: Duration, grace: Duration| grace <= now.monotonic.saturating_sub(since);
        match follower.place {
            Place::Outside { since } => {
                let grace = if follower.is_deleted() {
                    self.limits.deleted_grace
                } else {
                    self.limits.rotate_grace
                };
                is_quiet_for(since.max(follower.quiet_since), grace)
            }
            Place::Listed => {
                0 < follower.unread_bytes()
                    && is_quiet_for(follower.quiet_since, self.limits.rotate_grace)
                    && (follower.is_renamed || self.has_rotated_name(follower))
            }
            Place::Restored | Place::Vanished { .. } | Place::Parked | Place::Forgotten => false,
        }
    }

    /// Whether another followed file has this one's name without its ending.
    pub(super) fn has_rotated_name(&self, follower: &Follower<F::File>) -> bool {
        self.followers.iter().any(|other| {
            other.source == follower.source
                && other.place == Place::Listed
                && is_extended_name(&follower.path, &other.path)
        })
    }

    /// Hands out the last rest of a file that has ended, and closes what is gone.
    fn finish_plain(
        &mut self,
        index: usize,
        status: FileStatus,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<Step> {
        let cost = self.hand_rest(index, status, take)?;
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(Step::Idle);
        };
        match follower.place {
            Place::Outside { .. } => {
                follower.place = if status.links == 0 {
                    Place::Forgotten
                } else {
                    Place::Parked
                };
                follower.is_changed = true;
                follower.close();
            }
            Place::Listed
            | Place::Restored
            | Place::Vanished { .. }
            | Place::Parked
            | Place::Forgotten => {}
        }
        Ok(Step::Read(cost))
    }

    fn hand_rest(
        &mut self,
        index: usize,
        status: FileStatus,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<u64> {
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(0);
        };
        let Access::Plain(file) = &follower.access else {
            return Ok(0);
        };
        let offset = follower.position.offset;
        let unread = status.size.saturating_sub(offset);
        // A rest is less than a batch, or it would have been taken as a long line;
        // only a hole up to the end can be longer.
        let length = usize::try_from(unread)
            .unwrap_or(usize::MAX)
            .min(self.limits.batch_bytes_max);
        let mut bytes = vec![0; length];
        let count = file.read_at(offset, &mut bytes)?;
        let is_hole = bytes.first() == Some(&0) && status.size <= file.next_data(offset)?;
        if is_hole {
            follower.position.offset = status.size;
            follower.is_changed = true;
            let source = follower.source;
            self.note_lost(source, LossCause::NulRun, unread);
            return Ok(0);
        }
        if count == 0 {
            return Ok(0);
        }
        let chunk = Chunk {
            bytes: bytes.get(..count).unwrap_or_default(),
            lead_bytes: 0,
            is_final: true,
            is_full: false,
        };
        Ok(self.hand(index, &chunk, take))
    }

    /// Keeps the system's words about a file until the next scan tries it again.
    pub(super) fn note_error(&mut self, index: usize, err: &io::Error) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        follower.error = Some(words(err));
        // A handle that a network file system gave up (ESTALE) never works again.
        // Others are kept: they may be the only way to the bytes.
        if err.kind() == io::ErrorKind::StaleNetworkFileHandle {
            follower.close();
            follower.seen = None;
        }
    }
}

impl<H: OpenFile> Follower<H> {
    /// Lets the head grow with the file, until it has its full length.
    fn learn_head(&mut self, size: u64) -> io::Result<()> {
        let is_full = usize::try_from(self.position.head.bytes).is_ok_and(|n| HEAD_BYTES_MAX <= n);
        let is_known = is_full || size <= u64::from(self.position.head.bytes);
        if is_known && !(self.start.is_empty() && 0 < size) {
            return Ok(());
        }
        let Access::Plain(file) = &self.access else {
            return Ok(());
        };
        let mut first = vec![0; HEAD_BYTES_MAX];
        let count = file.read_at(0, &mut first)?;
        first.truncate(count);
        if !is_known {
            self.position.head = identity::head_of(&first);
            self.is_changed = true;
        }
        self.start = first;
        Ok(())
    }

    fn take_over(&mut self, chunk: &Chunk<'_>, taken: Taken) {
        let new_bytes = chunk.bytes.len().saturating_sub(chunk.lead_bytes);
        let offset = self.position.offset;
        self.offered_to = offset.saturating_add(u64::try_from(new_bytes).unwrap_or(u64::MAX));
        self.is_resumed = false;
        if self
            .backlog
            .is_some_and(|backlog| backlog <= self.offered_to)
        {
            self.backlog = None;
        }
        if taken.consumed == 0 {
            return;
        }
        if taken.line_end {
            let used = chunk.lead_bytes.saturating_add(taken.consumed);
            let start = offset.saturating_sub(u64::try_from(chunk.lead_bytes).unwrap_or(0));
            identity::add_markers(
                &mut self.position.markers,
                start,
                chunk.bytes.get(..used).unwrap_or(chunk.bytes),
                chunk.lead_bytes,
            );
        }
        self.position.offset =
            offset.saturating_add(u64::try_from(taken.consumed).unwrap_or(u64::MAX));
        self.position.mid_line = taken.mid_line;
        self.is_changed = true;
    }
}

/// Whether a file that looked like `before` shows no sign of having changed.
pub(super) fn is_same_content(before: FileStatus, now: FileStatus) -> bool {
    before.size == now.size && before.modified_ns == now.modified_ns
}
