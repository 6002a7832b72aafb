//! Keeps what is followed, open and remembered within the limits.
//!
//! When there is no room for a new file, one that was read to its end is parked: its
//! row stays, so that it is not read again, and news in it bring it back. A handle is
//! closed only when the file's name leads to it. Which files there are is found out
//! in `scan`.
//!
//! Known limit: files that all have unread bytes are kept, and new ones wait.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use model::position::{Packing, SourceId};

use super::{FileSystem, Follower, Now, Place, Tailer};
use crate::discover::Found;
use crate::file_system::OpenFile;

impl<F: FileSystem> Tailer<F> {
    /// Parks files that were read to their end until the unknown ones have room.
    /// Returns how many of those still have none.
    pub(super) fn make_room(&mut self, source: SourceId, unknown: &[Found], now: Now) -> usize {
        let wanted = unknown
            .iter()
            .filter(|found| !self.is_refused(source, found))
            .count();
        let followed = self
            .followers
            .iter()
            .filter(|follower| follower.source == source && follower.takes_room())
            .count();
        let needed = followed
            .saturating_add(wanted)
            .saturating_sub(self.limits.files_max);
        let parked = if needed == 0 || self.is_watching {
            0
        } else {
            self.park_read(source, needed, now)
        };
        needed.saturating_sub(parked).min(wanted)
    }

    /// Whether a file was looked at before and is not for us.
    pub(super) fn is_refused(&self, source: SourceId, found: &Found) -> bool {
        self.sources
            .get(source.0)
            .is_some_and(|configured| configured.refused.contains_key(&found.status.identity))
    }

    /// The last names of files that lost them: packed, they have an ending more.
    pub(super) fn leavers(&self, source: SourceId) -> HashSet<PathBuf> {
        self.followers
            .iter()
            .filter(|follower| follower.source == source && follower.place != Place::Listed)
            .map(|follower| follower.path.clone())
            .collect()
    }

    /// Parks up to `count` files that were read to their end, the longest quiet first.
    fn park_read(&mut self, source: SourceId, count: usize, now: Now) -> usize {
        let mut spare: Vec<usize> = (0..self.followers.len())
            .filter(|index| {
                self.followers.get(*index).is_some_and(|follower| {
                    follower.source == source && self.is_spare(follower, now)
                })
            })
            .collect();
        spare.sort_by_key(|index| {
            self.followers
                .get(*index)
                .map(|follower| follower.quiet_since)
        });
        spare.truncate(count);
        for index in &spare {
            self.park(*index);
        }
        spare.len()
    }

    /// Whether nothing is lost by not following the file: it is read, and its name is
    /// not the one that is written to, as far as names and silence can tell.
    fn is_spare(&self, follower: &Follower<F::File>, now: Now) -> bool {
        let is_quiet =
            self.limits.rotate_grace <= now.monotonic.saturating_sub(follower.quiet_since);
        follower.is_read()
            && follower.place == Place::Listed
            && (follower.is_renamed || is_quiet || self.has_rotated_name(follower))
    }

    /// Closes a file for good; its row keeps it from being read again.
    pub(super) fn park(&mut self, index: usize) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        follower.close();
        follower.place = Place::Parked;
        follower.backlog = None;
        follower.is_changed = true;
    }

    /// Closes idle files beyond the limit, the longest idle first. A file that is no
    /// longer listed keeps its handle, since nothing else leads to it.
    pub(super) fn close_surplus(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        let mut count = 0_usize;
        for (index, follower) in self.followers.iter().enumerate() {
            if follower.handle().is_none() {
                continue;
            }
            count = count.saturating_add(1);
            // While nothing may be read, unread files are closed, too: what waits for
            // a store must not use up the process's handles.
            let is_idle = follower.is_drained() || self.is_watching;
            if follower.place == Place::Listed && is_idle {
                open.push(index);
            }
        }
        let surplus = count.saturating_sub(self.limits.open_files_max);
        if surplus == 0 {
            return;
        }
        open.sort_by_key(|index| {
            self.followers
                .get(*index)
                .map(|follower| follower.quiet_since)
        });
        for index in open.into_iter().take(surplus) {
            if let Some(follower) = self.followers.get_mut(index) {
                let offered_to = follower.offered_to;
                follower.close();
                // Its unfinished last line need not be offered again.
                follower.offered_to = offered_to;
                let is_unread = follower.seen.is_some_and(|seen| offered_to < seen.size);
                if is_unread || follower.backlog.is_some() {
                    // Never looked at: it is opened again whatever its size.
                    follower.seen = None;
                }
            }
        }
    }

    /// Forgets the longest unseen files beyond the limit.
    pub(super) fn forget_surplus(&mut self) {
        let surplus = self
            .followers
            .len()
            .saturating_sub(self.limits.remembered_max);
        if surplus == 0 {
            return;
        }
        let mut parked: Vec<&mut Follower<F::File>> = self
            .followers
            .iter_mut()
            .filter(|follower| follower.place == Place::Parked)
            .collect();
        parked.sort_by_key(|follower| follower.seen_at);
        for follower in parked.into_iter().take(surplus) {
            follower.place = Place::Forgotten;
        }
    }
}

impl<H: OpenFile> Follower<H> {
    /// Whether it counts against the most files followed. A file that lost its name
    /// and was read to its end only waits for its grace to pass.
    fn takes_room(&self) -> bool {
        let is_leaving = matches!(self.place, Place::Outside { .. }) && self.is_read_as_seen();
        self.is_followed() && !is_leaving
    }

    /// Whether all bytes that are known of were used up.
    fn is_read(&self) -> bool {
        let is_read_as_listed = self
            .listed
            .is_some_and(|listed| listed.size == self.position.offset);
        self.is_read_as_seen() && is_read_as_listed
    }

    fn is_read_as_seen(&self) -> bool {
        self.position.packing == Packing::Plain
            && self.backlog.is_none()
            && self.error.is_none()
            && self
                .seen
                .is_some_and(|seen| seen.size == self.position.offset)
    }
}

/// Whether a path is one of `paths` with endings added.
pub(super) fn is_ending_added(path: &Path, paths: &HashSet<PathBuf>) -> bool {
    let mut shorter = path.to_path_buf();
    while shorter.extension().is_some() {
        shorter.set_extension("");
        if paths.contains(&shorter) {
            return true;
        }
    }
    false
}
