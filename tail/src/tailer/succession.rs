//! What to do when a file is no longer what it was, or its name changed hands.
//!
//! A truncated file may have left a copy (`copytruncate`): the unread lines are read
//! there first. A power loss takes the end and leaves the rest: we go on at the new
//! end and read nothing twice. Between two owners of a name there may have been
//! others that no scan saw: they are found beside it by their birth times.
//!
//! Known limit: what was written and cut between two looks, without a copy, is lost
//! without a number.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use model::log::{GenerationCause, LossCause};
use model::position::{FileIdentity, Packing, SourceId};

use super::scan::{OpenedBy, Siblings};
use super::{FileSystem, Follower, Now, Place, Tailer};
use crate::compressed::{GzipStream, Sniffed, sniff};
use crate::discover::Found;
use crate::file_system::{FileStatus, OpenFile};
use crate::follower::is_extended_name;
use crate::identity::{self, Verdict};

/// A file that holds the bytes of a known one.
struct Copy<H> {
    file: H,
    status: FileStatus,
    packing: Packing,
    path: PathBuf,
}

impl<F: FileSystem> Tailer<F> {
    /// Acts on a file that is not what its position says.
    pub(super) fn succeed(&mut self, index: usize, verdict: Verdict, status: FileStatus, now: Now) {
        let copy = self.find_copy(index, &HashSet::new());
        match verdict {
            Verdict::Same => {}
            Verdict::TailLost if copy.is_none() => self.go_on_at_end(index, status),
            Verdict::TailLost | Verdict::Truncated => {
                self.begin_again(index, copy, GenerationCause::Truncated, now);
            }
            Verdict::Rewritten => {
                self.begin_again(index, copy, GenerationCause::Rewritten, now);
            }
        }
    }

    /// Goes on at the end that a power loss left. Lines before it were counted; what
    /// was counted beyond it is a loss of the file, not of our counts.
    fn go_on_at_end(&mut self, index: usize, status: FileStatus) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let known = follower.seen.map_or(0, |seen| seen.size);
        let position = &mut follower.position;
        let lost = known.max(position.offset).saturating_sub(status.size);
        position.offset = status.size;
        position.mid_line = false;
        position
            .markers
            .retain(|marker| marker.offset <= status.size);
        if status.size < u64::from(position.head.bytes) {
            position.head = model::position::Head::default();
        }
        follower.offered_to = status.size;
        follower.backlog = None;
        follower.seen = Some(status);
        follower.is_examined = false;
        follower.is_changed = true;
        let source = follower.source;
        self.note_generation(source, GenerationCause::TailLost);
        self.note_lost(source, LossCause::TailLost, lost);
    }

    /// Starts a file's new content at its first byte, after the copy of the old one
    /// if there is one.
    fn begin_again(
        &mut self,
        index: usize,
        copy: Option<Copy<F::File>>,
        cause: GenerationCause,
        now: Now,
    ) {
        let copy_id = self.new_file_id();
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let source = follower.source;
        let unread = follower.unread_bytes();
        let identity = follower.position.identity;
        let path = follower.position.path.clone();
        let fresh = identity::new_position(identity, Packing::Plain, path);
        let old = std::mem::replace(&mut follower.position, fresh);
        follower.offered_to = 0;
        follower.seen = None;
        follower.start.clear();
        follower.is_examined = false;
        follower.is_changed = true;
        follower.after = copy.is_some().then_some(copy_id);
        self.note_generation(source, cause);
        let Some(copy) = copy else {
            self.note_lost(source, LossCause::Truncated, unread);
            return;
        };
        let mut position = old;
        position.identity = copy.status.identity;
        position.packing = copy.packing;
        position.path = copy.path.display().to_string();
        let mut drained = Follower::new(copy_id, source, position);
        drained.access = drained.position.access(copy.file);
        drained.path = copy.path;
        drained.place = Place::Outside {
            since: now.monotonic,
        };
        drained.seen_at = now.monotonic;
        drained.quiet_since = now.monotonic;
        self.followers.push(drained);
        if let Some(configured) = self.sources.get_mut(source.0) {
            configured.held.remove(&copy.status.identity);
        }
    }

    /// Goes on in a copy of a file that is gone, when the copy lies beside it under
    /// a name that no pattern finds.
    pub(super) fn go_on_with_copy(
        &mut self,
        index: usize,
        listed: &HashSet<FileIdentity>,
        now: Now,
    ) {
        let Some(copy) = self.find_copy(index, listed) else {
            return;
        };
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        follower.position.identity = copy.status.identity;
        follower.position.packing = copy.packing;
        follower.set_path(&copy.path);
        follower.access = follower.position.access(copy.file);
        follower.place = Place::Outside {
            since: now.monotonic,
        };
        follower.seen = None;
        follower.waiting_size = None;
        follower.offered_to = follower.position.offset;
        follower.quiet_since = now.monotonic;
        follower.is_examined = false;
        follower.is_changed = true;
    }

    /// Looks beside a file for a copy of what we knew, the newest one, except among
    /// `others`.
    fn find_copy(&self, index: usize, others: &HashSet<FileIdentity>) -> Option<Copy<F::File>> {
        let follower = self.followers.get(index)?;
        let is_plain = follower.position.packing == Packing::Plain;
        if !is_plain || follower.position.head.bytes == 0 {
            return None;
        }
        let mut siblings = Siblings::default();
        let mut candidates: Vec<&Found> = siblings
            .beside(&self.files, &follower.path, self.limits.entries_max)
            .iter()
            .filter(|found| follower.is_extended_by(&found.path))
            .filter(|found| !others.contains(&found.status.identity))
            .filter(|found| !self.is_known(follower.source, found.status.identity))
            .collect();
        candidates.sort_by_key(|found| std::cmp::Reverse(found.status.modified_ns));
        candidates.into_iter().find_map(|found| {
            let file = self.files.open(&found.path).ok()?;
            let status = file.status().ok()?;
            if status.identity != found.status.identity {
                return None;
            }
            let (packing, file) = equal_packing(file, status, follower)?;
            Some(Copy {
                file,
                status,
                packing,
                path: found.path.clone(),
            })
        })
    }

    /// Takes on the files that owned a name between its last known owner and the new
    /// one, when no pattern matches the names they have now.
    pub(super) fn adopt_between(
        &mut self,
        source: SourceId,
        found: &Found,
        listed: &HashSet<FileIdentity>,
        now: Now,
    ) {
        let between = self.find_between(source, found, listed);
        for sibling in between {
            let Ok(file) = self.files.open(&sibling.path) else {
                continue;
            };
            let id = self.new_file_id();
            let path = sibling.path.display().to_string();
            let position = identity::new_position(sibling.status.identity, Packing::Plain, path);
            let mut follower = Follower::new(id, source, position);
            follower.access = follower.position.access(file);
            follower.path = sibling.path;
            follower.place = Place::Outside {
                since: now.monotonic,
            };
            follower.is_renamed = true;
            follower.seen_at = now.monotonic;
            follower.quiet_since = now.monotonic;
            let owner = super::Owner {
                id,
                confirmed_at: now.wall,
            };
            if let Some(configured) = self.sources.get_mut(source.0) {
                let former = configured.owners.insert(found.path.clone(), owner);
                follower.after = former.map(|former| former.id);
            }
            self.followers.push(follower);
            self.note_generation(source, GenerationCause::Rotated);
        }
    }

    fn find_between(
        &self,
        source: SourceId,
        found: &Found,
        listed: &HashSet<FileIdentity>,
    ) -> Vec<Found> {
        let owner = self
            .sources
            .get(source.0)
            .and_then(|configured| configured.owners.get(&found.path));
        let former = owner
            .and_then(|owner| self.index_of(owner.id))
            .and_then(|index| self.followers.get(index));
        let (Some(owner), Some(former)) = (owner, former) else {
            return Vec::new();
        };
        let (Some(former_birth), Some(birth)) = (
            former.position.identity.birth_ns,
            found.status.identity.birth_ns,
        ) else {
            // Without birth times an old copy cannot be told from a missed owner.
            return Vec::new();
        };
        let earliest = former_birth.max(nanoseconds(owner.confirmed_at));
        let is_between = |sibling: &&Found| {
            let identity = sibling.status.identity;
            is_extended_name(&sibling.path, &found.path)
                && !listed.contains(&identity)
                && !self.is_known(source, identity)
                && identity
                    .birth_ns
                    .is_some_and(|born| earliest <= born && born <= birth)
                && self.is_unlike_known(source, sibling)
        };
        let mut siblings = Siblings::default();
        let mut between: Vec<Found> = siblings
            .beside(&self.files, &found.path, self.limits.entries_max)
            .iter()
            .filter(is_between)
            .cloned()
            .collect();
        between.sort_by_key(|sibling| {
            let identity = sibling.status.identity;
            (identity.birth_ns, identity.inode)
        });
        between
    }

    /// Whether a plain file begins as none of the files we know: it is no copy.
    fn is_unlike_known(&self, source: SourceId, sibling: &Found) -> bool {
        let Ok(file) = self.files.open(&sibling.path) else {
            return false;
        };
        let size = sibling.status.size;
        let mut first = [0; 8];
        let count = file.read_at(0, &mut first).unwrap_or(0);
        let is_plain = first
            .get(..count)
            .is_some_and(|bytes| sniff(bytes) == Sniffed::Plain);
        is_plain
            && 0 < size
            && !self.followers.iter().any(|follower| {
                follower.source == source
                    && 0 < follower.position.head.bytes
                    && follower.position.offset <= size
                    && identity::examine(&file, &follower.position, size)
                        .is_ok_and(|verdict| verdict == Verdict::Same)
            })
    }

    fn is_known(&self, source: SourceId, identity: FileIdentity) -> bool {
        self.followers.iter().any(|follower| {
            follower.position.identity == identity
                && follower.place != Place::Forgotten
                && self.is_same_group(follower.source, source)
        })
    }
}

/// How the file is packed if it holds what the follower has read.
fn equal_packing<H: OpenFile>(
    file: H,
    status: FileStatus,
    follower: &Follower<H>,
) -> Option<(Packing, H)> {
    let position = &follower.position;
    let mut first = [0; 8];
    let count = file.read_at(0, &mut first).ok()?;
    match sniff(first.get(..count)?) {
        Sniffed::Foreign(_) => None,
        Sniffed::Plain => {
            let is_equal = position.offset <= status.size
                && identity::examine(&file, position, status.size).ok()? == Verdict::Same;
            is_equal.then_some((Packing::Plain, file))
        }
        Sniffed::Gzip => {
            let mut stream = GzipStream::new(file);
            stream.fill(model::position::HEAD_BYTES_MAX).ok()?;
            identity::is_head_equal(position.head, stream.head())
                .then(|| (Packing::Gzip, stream.into_file()))
        }
    }
}

/// Nanoseconds since the epoch, a little earlier than `time`: the kernel stamps
/// births with a coarser clock than the one we are given.
fn nanoseconds(time: SystemTime) -> i64 {
    const COARSENESS: Duration = Duration::from_millis(20);
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .saturating_sub(COARSENESS)
        .as_nanos()
        .try_into()
        .unwrap_or(i64::MAX)
}
