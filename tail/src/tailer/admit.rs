//! Takes on files that are not known: new ones, copies of known ones, packed ones.
//!
//! A new inode may be an old acquaintance: moved across devices, restored, replaced
//! by an editor, or packed. Such a file goes on at our place, but only when the one
//! it equals is gone: equal bytes never merge two files that are both alive. Who has
//! a place is decided in `places`, what may be a copy is held back in `twin`.
//!
//! Known limit: a file that is deleted and written again with the very same bytes
//! between two scans looks replaced, and goes on where it was.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use model::log::GenerationCause;
use model::position::{FileId, FileIdentity, HEAD_BYTES_MAX, Packing, SourceId};
use model::snapshot::UnreadableFile;

use super::room::is_ending_added;
use super::scan::{OpenedBy, backlog_of};
use super::{FileSystem, Follower, Now, Owner, Place, Refusal, StartAt, Tailer};
use crate::compressed::{GzipStream, Sniffed, sniff};
use crate::config::BATCH_BYTES_MIN;
use crate::discover::{Found, words};
use crate::file_system::{FileKind, FileStatus, OpenFile};
use crate::identity::{self, Verdict};

/// What a look at an unknown file says.
enum Candidate<H> {
    /// Not for us, and why.
    Refused(Option<String>),
    /// Cannot be told now.
    Unreadable(String),
    /// To be looked at again at the next scan.
    Later,
    /// Worth a closer look.
    Open(Opened<H>),
}

/// An unknown file, opened.
pub(super) struct Opened<H> {
    pub(super) file: H,
    pub(super) status: FileStatus,
    pub(super) packing: Packing,
    /// Its first unpacked bytes, at most a head's length.
    pub(super) first: Vec<u8>,
}

impl<F: FileSystem> Tailer<F> {
    /// Decides about every unknown file, the oldest first.
    pub(super) fn admit(
        &mut self,
        source: SourceId,
        mut unknown: Vec<Found>,
        listed: &HashSet<FileIdentity>,
        now: Now,
    ) {
        unknown.sort_by(|left, right| age_of(left).cmp(&age_of(right)));
        if let Some(configured) = self.sources.get_mut(source.0) {
            configured.retain_listed(listed);
        }
        let is_history = self.is_history(source);
        let shares = self.share_places(source, &unknown, now);
        if let Some(configured) = self.sources.get_mut(source.0) {
            configured.files_over_limit = if is_history { 0 } else { shares.left_out };
        }
        let leavers = if shares.left_out == 0 {
            HashSet::new()
        } else {
            self.leavers(source)
        };
        let mut previous = None;
        for found in unknown {
            let has_place = shares.given.contains(&found.status.identity);
            // What goes on with a known file needs no place of its own, and what
            // could not be read is tried again.
            let is_worth_a_look = shares.tried.contains(&found.status.identity)
                || is_ending_added(&found.path, &leavers);
            if !has_place && !is_history && !is_worth_a_look {
                continue;
            }
            let Some(opened) = self.open_unknown(source, &found) else {
                continue;
            };
            let Some(opened) = self.go_on_with(source, &found, opened, now) else {
                continue;
            };
            let is_held = self.is_held(source, &found, &opened, now);
            let is_left_out = !has_place && !is_history;
            if is_held || is_left_out {
                continue;
            }
            if opened.packing == Packing::Gzip && !self.reads_backlog(source) {
                self.refuse(source, &found, None);
                continue;
            }
            self.adopt_between(source, &found, listed, now);
            let id = self.follow(source, &found, opened, now);
            if has_place {
                self.order_after(id, &mut previous);
            } else {
                self.park_history(id);
            }
        }
    }

    /// Opens an unknown file, or takes note of why it cannot be read.
    fn open_unknown(&mut self, source: SourceId, found: &Found) -> Option<Opened<F::File>> {
        let candidate = self.look_at(source, found);
        let identity = found.status.identity;
        if let Some(configured) = self.sources.get_mut(source.0) {
            match &candidate {
                Candidate::Unreadable(_) => configured.unopened.insert(identity),
                Candidate::Open(_) | Candidate::Refused(_) | Candidate::Later => {
                    configured.unopened.remove(&identity)
                }
            };
        }
        match candidate {
            Candidate::Later => None,
            Candidate::Unreadable(error) => {
                self.note_unreadable(source, &found.path, error);
                None
            }
            Candidate::Refused(reason) => {
                self.refuse(source, found, reason);
                None
            }
            Candidate::Open(opened) => Some(opened),
        }
    }

    /// Whether packed files that go on with nothing we know are read. The rest of a
    /// known file always is.
    fn reads_backlog(&self, source: SourceId) -> bool {
        self.sources
            .get(source.0)
            .is_some_and(|configured| configured.read_compressed)
    }

    fn look_at(&self, source: SourceId, found: &Found) -> Candidate<F::File> {
        let Some(configured) = self.sources.get(source.0) else {
            return Candidate::Later;
        };
        if found.status.kind != FileKind::Regular {
            return Candidate::Refused(Some("not a regular file".to_owned()));
        }
        let refusal = configured
            .refused
            .get(&found.status.identity)
            .filter(|refusal| {
                refusal.size == found.status.size && refusal.modified_ns == found.status.modified_ns
            });
        if let Some(refusal) = refusal {
            return Candidate::Refused(refusal.reason.clone());
        }
        let opened = self.files.open(&found.path).and_then(|file| {
            let status = file.status()?;
            let mut first = vec![0; HEAD_BYTES_MAX];
            // The name may have changed hands: a pipe must not be read.
            let count = if status.kind == FileKind::Regular {
                file.read_at(0, &mut first)?
            } else {
                0
            };
            first.truncate(count);
            Ok((file, status, first))
        });
        let (file, status, first) = match opened {
            Ok(opened) => opened,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Candidate::Later,
            Err(err) => return Candidate::Unreadable(words(&err)),
        };
        if status.identity != found.status.identity || status.kind != FileKind::Regular {
            return Candidate::Later;
        }
        match sniff(&first) {
            Sniffed::Plain => Candidate::Open(Opened {
                file,
                status,
                packing: Packing::Plain,
                first,
            }),
            Sniffed::Foreign(name) => Candidate::Refused(Some(format!(
                "packed with {name}, which is not read; only gzip is"
            ))),
            Sniffed::Gzip => unpack_head(file, status),
        }
    }

    fn refuse(&mut self, source: SourceId, found: &Found, reason: Option<String>) {
        if let Some(text) = &reason {
            self.list_unreadable(source, refused_file(&found.path, text.clone()));
        }
        if let Some(configured) = self.sources.get_mut(source.0) {
            let refusal = Refusal {
                size: found.status.size,
                modified_ns: found.status.modified_ns,
                reason,
            };
            configured.refused.insert(found.status.identity, refusal);
        }
    }

    /// Lists a file that cannot be read now.
    pub(super) fn note_unreadable(&mut self, source: SourceId, path: &Path, error: String) {
        let unreadable = UnreadableFile {
            path: path.display().to_string(),
            error,
            is_refused: false,
        };
        self.list_unreadable(source, unreadable);
    }

    fn list_unreadable(&mut self, source: SourceId, unreadable: UnreadableFile) {
        if let Some(configured) = self.sources.get_mut(source.0) {
            configured.unreadable.push(unreadable);
        }
    }

    /// Goes on with a known file whose bytes are now here. Returns the candidate if
    /// it is no such file.
    fn go_on_with(
        &mut self,
        source: SourceId,
        found: &Found,
        opened: Opened<F::File>,
        now: Now,
    ) -> Option<Opened<F::File>> {
        let index = (0..self.followers.len()).rev().find(|index| {
            self.followers.get(*index).is_some_and(|follower| {
                follower.source == source && is_replaced_by(follower, &opened, now)
            })
        });
        let Some(follower) = index.and_then(|index| self.followers.get_mut(index)) else {
            return Some(opened);
        };
        follower.position.identity = opened.status.identity;
        follower.position.packing = opened.packing;
        follower.access = follower.position.access(opened.file);
        follower.place = Place::Listed;
        follower.set_path(&found.path);
        follower.seen = None;
        follower.waiting_size = None;
        follower.listed = Some(opened.status);
        follower.offered_to = follower.position.offset;
        follower.is_examined = false;
        follower.is_changed = true;
        follower.seen_at = now.monotonic;
        follower.quiet_since = now.monotonic;
        let owner = Owner {
            id: follower.id,
            confirmed_at: now.wall,
        };
        if let Some(configured) = self.sources.get_mut(source.0) {
            configured.owners.insert(found.path.clone(), owner);
            configured.held.remove(&found.status.identity);
        }
        None
    }

    /// Starts to follow a new file.
    fn follow(
        &mut self,
        source: SourceId,
        found: &Found,
        opened: Opened<F::File>,
        now: Now,
    ) -> FileId {
        let id = self.new_file_id();
        let path = found.path.display().to_string();
        let mut position = identity::new_position(opened.status.identity, opened.packing, path);
        let is_history = self.is_history(source);
        let mut is_mid_line = false;
        if is_history && opened.packing == Packing::Plain {
            (position.offset, is_mid_line) = last_line_end(&opened.file, opened.status.size);
        }
        position.mid_line = is_mid_line;
        let mut follower = Follower::new(id, source, position);
        follower.path.clone_from(&found.path);
        follower.is_passed_over = is_history && opened.packing == Packing::Gzip;
        follower.access = follower.position.access(opened.file);
        follower.listed = Some(found.status);
        follower.seen_at = now.monotonic;
        follower.quiet_since = now.monotonic;
        if !self.has_scanned {
            follower.backlog = Some(backlog_of(opened.packing, opened.status.size));
        }
        let owner = Owner {
            id,
            confirmed_at: now.wall,
        };
        let mut cause = GenerationCause::Discovered;
        if let Some(configured) = self.sources.get_mut(source.0) {
            configured.held.remove(&found.status.identity);
            if let Some(former) = configured.owners.insert(found.path.clone(), owner) {
                cause = GenerationCause::Rotated;
                follower.after = Some(former.id);
            }
        }
        self.followers.push(follower);
        self.note_generation(source, cause);
        id
    }

    /// Whether what exists now is history: a source's first look, from the end on.
    fn is_history(&self, source: SourceId) -> bool {
        !self.has_scanned
            && self
                .sources
                .get(source.0)
                .is_some_and(|configured| configured.is_new && configured.start_at == StartAt::End)
    }

    /// Remembers a file beyond the limit, so that it is no news at the next scan.
    fn park_history(&mut self, id: FileId) {
        let Some(index) = self.index_of(id) else {
            return;
        };
        // A packed one closes itself, once its length is known.
        let plain = self
            .followers
            .get_mut(index)
            .filter(|follower| follower.position.packing == Packing::Plain);
        if let Some(follower) = plain {
            // All of it is history, a last line without an end, too.
            follower.seen = follower.listed;
            self.park(index);
        }
    }

    /// Lets a file of the first scan wait for the older ones: a backlog is read in
    /// the order in which it was written.
    fn order_after(&mut self, id: FileId, previous: &mut Option<FileId>) {
        if self.has_scanned {
            return;
        }
        if let Some(follower) = self
            .index_of(id)
            .and_then(|index| self.followers.get_mut(index))
        {
            follower.after = previous.or(follower.after);
        }
        *previous = Some(id);
    }
}

/// A file that is no log at all.
fn refused_file(path: &Path, reason: String) -> UnreadableFile {
    UnreadableFile {
        path: path.display().to_string(),
        error: reason,
        is_refused: true,
    }
}

/// Oldest first. Rotation keeps a file's last modification, also when it packs it.
fn age_of(found: &Found) -> (i64, Option<i64>, &Path) {
    let status = found.status;
    (status.modified_ns, status.identity.birth_ns, &found.path)
}

fn unpack_head<H: OpenFile>(file: H, status: FileStatus) -> Candidate<H> {
    let mut stream = GzipStream::new(file);
    match stream.fill(HEAD_BYTES_MAX) {
        Err(err) => Candidate::Unreadable(words(&err)),
        Ok(()) => {
            let first = stream.head().to_vec();
            Candidate::Open(Opened {
                file: stream.into_file(),
                status,
                packing: Packing::Gzip,
                first,
            })
        }
    }
}

/// Whether the candidate is what became of a known file that is gone.
fn is_replaced_by<H: OpenFile>(follower: &Follower<H>, opened: &Opened<H>, now: Now) -> bool {
    let is_gone = match follower.place {
        Place::Vanished { .. } => true,
        // Replaced or packed since the last scan. Later it is a new file that only
        // begins in the same way.
        Place::Outside { since } => {
            follower.is_deleted() && (since == now.monotonic || opened.packing == Packing::Gzip)
        }
        // Read to its end under a name that no pattern matches, and packed since; or
        // its name is gone as that of one that is followed.
        Place::Parked => opened.packing == Packing::Gzip || follower.may_have_heir,
        Place::Restored | Place::Listed | Place::Forgotten => false,
    };
    let position = &follower.position;
    if !is_gone || position.packing != Packing::Plain || position.head.bytes == 0 {
        return false;
    }
    match opened.packing {
        Packing::Gzip => identity::is_head_equal(position.head, &opened.first),
        Packing::Plain => {
            position.offset <= opened.status.size
                && 0 < position.offset
                && identity::examine(&opened.file, position, opened.status.size)
                    .is_ok_and(|verdict| verdict == Verdict::Same)
        }
    }
}

/// The place after the last line end, and whether there is none near the end: then
/// the place is the end itself, inside a line.
fn last_line_end(file: &impl OpenFile, size: u64) -> (u64, bool) {
    let length = usize::try_from(size)
        .unwrap_or(usize::MAX)
        .min(BATCH_BYTES_MIN);
    let start = size.saturating_sub(u64::try_from(length).unwrap_or(0));
    let mut bytes = vec![0; length];
    let count = file.read_at(start, &mut bytes).unwrap_or(0);
    let bytes = bytes.get(..count).unwrap_or_default();
    let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        return (size, 0 < start);
    };
    // In UTF-16LE the line feed's second byte follows.
    let is_two_bytes = bytes.get(at.saturating_add(1)) == Some(&0);
    let after = at.saturating_add(if is_two_bytes { 2 } else { 1 });
    let place = start.saturating_add(u64::try_from(after).unwrap_or(0));
    (place.min(size), false)
}
