//! Keeps what is open and remembered within the limits.
//!
//! A parked file is closed; its row stays, so that it is not read again, and news in
//! it bring it back. A handle is closed only when the file's name leads to it. Which
//! files there are is found out in `scan`, which of them are followed in `places`.
//!
//! Known limit: files that are there are remembered beyond `remembered_max`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use model::position::SourceId;

use super::{FileSystem, Follower, Place, Tailer};
use crate::discover::Found;

impl<F: FileSystem> Tailer<F> {
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

    /// Closes a file for good; its row keeps it from being read again.
    pub(super) fn park(&mut self, index: usize) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        follower.close();
        follower.place = Place::Parked;
        follower.backlog = None;
        follower.waiting_size = None;
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

    /// Forgets the longest unseen files beyond the limit. A file that the last scan
    /// saw is kept: forgotten, it would be a new one at the next scan, and its lines
    /// would count twice. How many those can be is bounded by `entries_max`.
    pub(super) fn forget_surplus(&mut self) {
        let surplus = self
            .followers
            .len()
            .saturating_sub(self.limits.remembered_max);
        if surplus == 0 {
            return;
        }
        let mut unseen: Vec<&mut Follower<F::File>> = self
            .followers
            .iter_mut()
            .filter(|follower| follower.place == Place::Parked && follower.listed.is_none())
            .collect();
        unseen.sort_by_key(|follower| follower.seen_at);
        for follower in unseen.into_iter().take(surplus) {
            follower.place = Place::Forgotten;
        }
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
