//! Reads gzip files: past what is known, then batch by batch, then never again.
//!
//! Offsets count unpacked bytes, so a file that was followed and packed later goes
//! on where it was. The way there is unpacked and compared, not handed out. A
//! broken file gives what unpacks; the rest is counted as lost once.

use std::io;

use model::log::{GenerationCause, LossCause};
use model::position::{Packing, SourceId};

use super::read::{Chunk, Step, is_same_content};
use super::scan::OpenedBy;
use super::{Access, Batch, FileSystem, Follower, Now, Tailer, Taken};
use crate::compressed::{GzipStream, StreamEnd};
use crate::file_system::{FileStatus, OpenFile};
use crate::identity;

/// How far a stream is on its way to our place.
enum Way {
    /// Still before it.
    Before,
    /// There, and the bytes before it are the ones we knew.
    Reached,
    /// There, and the bytes are others.
    Other,
    /// The stream ended before it; the head is the one we knew.
    TooShort,
}

impl<F: FileSystem> Tailer<F> {
    pub(super) fn step_gzip(
        &mut self,
        index: usize,
        now: Now,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<Step> {
        if !self.is_gzip_open(index, now)? {
            return Ok(Step::Idle);
        }
        let batch_bytes_max = self.limits.batch_bytes_max;
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(Step::Idle);
        };
        let Access::Gzip(stream) = &mut follower.access else {
            return Ok(Step::Idle);
        };
        stream.fill(batch_bytes_max)?;
        let cost = u64::try_from(stream.bytes().len()).unwrap_or(u64::MAX);
        if follower.is_passed_over {
            let count = stream.bytes().len();
            stream.consume(count);
            follower.position.offset = stream.offset();
            follower.offered_to = stream.offset();
        }
        if follower.is_passed_over && stream.end().is_none() {
            return Ok(Step::Read(cost));
        }
        match follower.way() {
            Way::Before => Ok(Step::Read(cost)),
            Way::Other => {
                self.begin_unpacking_again(index);
                Ok(Step::Read(cost))
            }
            Way::TooShort => {
                self.park(index);
                Ok(Step::Read(cost))
            }
            Way::Reached => self.hand_unpacked(index, now, take),
        }
    }

    /// Opens a packed file that is not open. `false`: leave it alone for now.
    fn is_gzip_open(&mut self, index: usize, now: Now) -> io::Result<bool> {
        let copy_hold = self.limits.copy_hold;
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(false);
        };
        let Some(listed) = follower.listed.filter(|_| follower.handle().is_none()) else {
            return Ok(follower.handle().is_some());
        };
        // It was cut off when last tried: wait until it changes or is left alone.
        let is_same = follower
            .seen
            .is_some_and(|seen| is_same_content(seen, listed));
        let quiet_for = now.monotonic.saturating_sub(follower.quiet_since);
        if is_same && quiet_for < copy_hold {
            return Ok(false);
        }
        if !is_same {
            follower.quiet_since = now.monotonic;
        }
        let (path, identity) = (follower.path.clone(), follower.position.identity);
        let file = self.files.open(&path)?;
        if file.status()?.identity != identity {
            self.next_scan = None;
            return Ok(false);
        }
        follower.access = follower.position.access(file);
        Ok(true)
    }

    fn hand_unpacked(
        &mut self,
        index: usize,
        now: Now,
        take: &mut dyn FnMut(Batch<'_>) -> Taken,
    ) -> io::Result<Step> {
        let copy_hold = self.limits.copy_hold;
        let batch_bytes_max = self.limits.batch_bytes_max;
        let Some(follower) = self.followers.get_mut(index) else {
            return Ok(Step::Idle);
        };
        let Access::Gzip(stream) = &follower.access else {
            return Ok(Step::Idle);
        };
        let end = stream.end();
        let status = stream.file().status()?;
        let is_young = now.monotonic.saturating_sub(follower.quiet_since) < copy_hold;
        // Cut off, and perhaps only because it is being written this moment.
        let is_growing = end == Some(StreamEnd::Cut) && is_young;
        let lead_bytes = stream.before().len();
        let mut bytes = stream.before().to_vec();
        bytes.extend_from_slice(stream.bytes());
        let new_bytes = stream.bytes().len();
        let mut cost = 0;
        if 0 < new_bytes {
            let chunk = Chunk {
                bytes: &bytes,
                lead_bytes,
                is_final: end.is_some() && !is_growing,
                is_full: batch_bytes_max <= new_bytes,
            };
            let before = follower.position.offset;
            cost = self.hand(index, &chunk, take);
            self.consume_unpacked(index, before);
        }
        match end {
            None => Ok(Step::Read(cost)),
            Some(_) if is_growing => {
                self.close_until_changed(index, status);
                Ok(Step::Idle)
            }
            Some(end) => {
                self.park_at_end(index, end);
                Ok(Step::Read(cost))
            }
        }
    }

    fn close_until_changed(&mut self, index: usize, status: FileStatus) {
        if let Some(follower) = self.followers.get_mut(index) {
            follower.close();
            follower.seen = Some(status);
        }
    }

    fn park_at_end(&mut self, index: usize, end: StreamEnd) {
        let Some(follower) = self.followers.get(index) else {
            return;
        };
        let (source, was_counted) = (follower.source, follower.is_resumed);
        self.park(index);
        if !was_counted {
            self.note_broken(source, end);
        }
    }

    fn consume_unpacked(&mut self, index: usize, before: u64) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let moved = follower.position.offset.saturating_sub(before);
        if let Access::Gzip(stream) = &mut follower.access {
            stream.consume(usize::try_from(moved).unwrap_or(usize::MAX));
        }
    }

    fn note_broken(&mut self, source: SourceId, end: StreamEnd) {
        let bytes = match end {
            StreamEnd::Complete => return,
            // How much is missing nobody knows; it is not nothing.
            StreamEnd::Cut => 1,
            StreamEnd::Broken(bytes) => bytes.max(1),
        };
        self.note_lost(source, LossCause::Undecodable, bytes);
    }

    /// The bytes are not the ones that the position knows: another file's.
    fn begin_unpacking_again(&mut self, index: usize) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let identity = follower.position.identity;
        let path = follower.position.path.clone();
        follower.position = identity::new_position(identity, Packing::Gzip, path);
        follower.close();
        follower.seen = None;
        follower.start.clear();
        follower.is_changed = true;
        follower.is_resumed = false;
        let source = follower.source;
        self.note_generation(source, GenerationCause::Rewritten);
    }
}

impl<H: OpenFile> Follower<H> {
    /// Moves the stream on towards our place, as far as it is unpacked.
    fn way(&mut self) -> Way {
        let Access::Gzip(stream) = &mut self.access else {
            return Way::Before;
        };
        let ahead = self.position.offset.saturating_sub(stream.offset());
        if 0 < ahead {
            let count = usize::try_from(ahead)
                .unwrap_or(usize::MAX)
                .min(stream.bytes().len());
            stream.consume(count);
        }
        if stream.offset() < self.position.offset {
            return match stream.end() {
                None => Way::Before,
                Some(_) if is_head_known(&self.position, stream) => Way::TooShort,
                Some(_) => Way::Other,
            };
        }
        if !self.is_examined && !is_known(&self.position, stream) {
            return Way::Other;
        }
        self.is_examined = true;
        self.start = stream.head().to_vec();
        self.position.head = identity::head_of(stream.head());
        if self.is_passed_over && stream.end().is_some() {
            let marker = identity::marker_at(stream.offset(), stream.before());
            self.position.markers = vec![marker];
        }
        Way::Reached
    }
}

fn is_known<H: OpenFile>(position: &model::position::Position, stream: &GzipStream<H>) -> bool {
    let marker = position.markers.first();
    let is_marker_equal = marker
        .filter(|marker| marker.offset == stream.offset())
        .is_none_or(|marker| {
            let length = usize::try_from(marker.bytes).unwrap_or(usize::MAX);
            let start = stream.before().len().saturating_sub(length);
            let bytes = stream.before().get(start..).unwrap_or_default();
            identity::marker_at(marker.offset, bytes) == *marker
        });
    is_marker_equal && is_head_known(position, stream)
}

fn is_head_known<H: OpenFile>(
    position: &model::position::Position,
    stream: &GzipStream<H>,
) -> bool {
    position.head.bytes == 0 || identity::is_head_equal(position.head, stream.head())
}
