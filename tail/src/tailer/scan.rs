//! Looks into the directories: who is where, who is new, who is gone.
//!
//! A scan learns names and never reads log bytes of known files. New files go to
//! `admit`. A file that no pattern finds any more keeps its handle, or is looked for
//! by identity beside its last path; what is found nowhere is given up after a grace.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use model::log::LossCause;
use model::position::{FileId, FileIdentity, Packing, SourceId};

use super::overlap::Claims;
use super::read::is_same_content;
use super::{Access, FileSystem, Follower, Now, Owner, Place, Tailer};
use crate::discover::{Found, Listing, cut_words, discover, words};
use crate::file_system::{FileKind, OpenFile};

impl<F: FileSystem> Tailer<F> {
    /// Looks for files of all sources.
    pub(super) fn scan(&mut self, now: Now) {
        if !self.has_scanned {
            let restored = |follower: &&mut Follower<F::File>| follower.seen_at == Duration::ZERO;
            for follower in self.followers.iter_mut().filter(restored) {
                follower.seen_at = now.monotonic;
                follower.quiet_since = now.monotonic;
            }
        }
        let mut claims = Claims::default();
        for index in 0..self.sources.len() {
            self.scan_source(SourceId(index), &mut claims, now);
        }
        self.has_scanned = true;
        self.next_scan = Some(now.monotonic.saturating_add(self.limits.scan_interval));
        if !self.is_watching {
            self.forget_surplus();
        }
        self.forget_owners();
    }

    fn scan_source(&mut self, source: SourceId, claims: &mut Claims, now: Now) {
        let Some(configured) = self.sources.get_mut(source.0) else {
            return;
        };
        let mut listing = discover(&self.files, &configured.patterns, self.limits.entries_max);
        configured.unreadable.clone_from(&listing.unreadable);
        configured.files_over_limit = 0;
        claims.take(configured.group, &mut listing.found);
        let chosen = self.choose_names(source, &listing.found);
        self.take_from_group(source, &chosen);
        let unknown = self.recognise(source, &chosen, now);
        let listed: HashSet<FileIdentity> =
            chosen.iter().map(|found| found.status.identity).collect();
        self.note_missing(source, &listed, &listing, now);
        self.admit(source, unknown, &listed, now);
        if !self.is_watching {
            self.give_up_vanished(source, now);
        }
        // Everything is tried again from here on.
        for follower in self
            .followers
            .iter_mut()
            .filter(|known| known.source == source)
        {
            follower.error = None;
        }
    }

    /// One name for each file: hard links and several patterns find it more than
    /// once. The name that it has now stays.
    fn choose_names(&self, source: SourceId, found: &[Found]) -> Vec<Found> {
        let known: HashMap<FileIdentity, &Path> = self
            .followers
            .iter()
            .filter(|follower| follower.source == source)
            .map(|follower| (follower.position.identity, follower.path.as_path()))
            .collect();
        let mut places: HashMap<FileIdentity, usize> = HashMap::new();
        let mut chosen: Vec<Found> = Vec::new();
        for one in found {
            let identity = one.status.identity;
            if let Some(place) = places.get(&identity) {
                let is_present_name = known.get(&identity).is_some_and(|path| *path == one.path);
                if let Some(other) = chosen.get_mut(*place).filter(|_| is_present_name) {
                    *other = one.clone();
                }
                continue;
            }
            places.insert(identity, chosen.len());
            chosen.push(one.clone());
        }
        chosen
    }

    /// Finds the known files among what was found, and returns the others.
    fn recognise(&mut self, source: SourceId, chosen: &[Found], now: Now) -> Vec<Found> {
        let known: HashMap<FileIdentity, usize> = self
            .followers
            .iter()
            .enumerate()
            .filter(|(_, follower)| follower.source == source)
            .filter(|(_, follower)| follower.place != Place::Forgotten)
            .map(|(index, follower)| (follower.position.identity, index))
            .collect();
        let is_first_scan = !self.has_scanned;
        let mut unknown = Vec::new();
        for found in chosen {
            let follower = known
                .get(&found.status.identity)
                .and_then(|index| self.followers.get_mut(*index));
            let Some(follower) = follower else {
                unknown.push(found.clone());
                continue;
            };
            follower.note_listed(found, now);
            if is_first_scan && follower.is_followed() && !follower.is_closed_and_unchanged() {
                follower.backlog = Some(backlog_of(follower.position.packing, found.status.size));
            }
            let owner = Owner {
                id: follower.id,
                confirmed_at: now.wall,
            };
            if let Some(configured) = self.sources.get_mut(source.0) {
                configured.owners.insert(found.path.clone(), owner);
            }
        }
        unknown
    }

    /// Decides what became of known files that no pattern found.
    fn note_missing(
        &mut self,
        source: SourceId,
        listed: &HashSet<FileIdentity>,
        listing: &Listing,
        now: Now,
    ) {
        let mut siblings = Siblings::default();
        let mut sought = self.vanished_count(source);
        for index in 0..self.followers.len() {
            let Some(follower) = self.followers.get_mut(index) else {
                continue;
            };
            if follower.source != source || listed.contains(&follower.position.identity) {
                continue;
            }
            if is_unseen(&follower.path, listing) {
                self.look_by_name(index, now);
                continue;
            }
            let was_listed = follower.listed.take().is_some();
            follower.note_missed(self.limits.rotate_grace, now);
            match follower.place {
                Place::Forgotten => {}
                // Nobody has read its end yet. Each search has a price: as many at a
                // time as files may be followed.
                Place::Parked if was_listed && follower.is_owed() => {
                    if sought < self.limits.files_max {
                        sought = sought.saturating_add(1);
                        self.seek(index, &mut siblings, listed, now);
                    } else {
                        self.give_up_parked(index);
                    }
                }
                // It may have been written to and renamed since the last scan.
                Place::Parked if was_listed => self.seek_news(index, &mut siblings, now),
                Place::Parked => {}
                Place::Restored
                | Place::Listed
                | Place::Outside { .. }
                | Place::Vanished { .. } => {
                    if let Some(file) = follower.handle() {
                        let status = file.status().ok();
                        follower.note_outside(now, status.map(|status| status.links));
                    } else {
                        self.seek(index, &mut siblings, listed, now);
                    }
                }
            }
        }
    }

    /// Looks at a known file of a directory that could not be listed, or not wholly.
    /// What is not under its name may be anywhere and is not taken for gone.
    fn look_by_name(&mut self, index: usize, now: Now) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let path = follower.path.clone();
        let is_gone = match self.files.status(&path) {
            Ok(status) if status.identity == follower.position.identity => {
                follower.note_listed(&Found { path, status }, now);
                return;
            }
            Ok(_) => true,
            Err(err) => err.kind() == io::ErrorKind::NotFound,
        };
        let links = follower
            .handle()
            .map(|file| file.status().ok().map(|status| status.links));
        if let Some(links) = links.filter(|_| is_gone && follower.is_followed()) {
            follower.listed = None;
            follower.note_outside(now, links);
        }
    }

    /// Goes on with a parked file that no pattern finds any more, if it has grown.
    fn seek_news(&mut self, index: usize, siblings: &mut Siblings, now: Now) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let position = &follower.position;
        let grown = siblings
            .beside(&self.files, &follower.path, self.limits.entries_max)
            .iter()
            .find(|found| {
                position.packing == Packing::Plain
                    && found.status.identity == position.identity
                    && position.offset < found.status.size
            });
        let Some(path) = grown.map(|found| found.path.clone()) else {
            return;
        };
        if let Ok(file) = self.files.open(&path) {
            follower.set_path(&path);
            follower.access = follower.position.access(file);
            follower.is_renamed = true;
            follower.place = Place::Outside {
                since: now.monotonic,
            };
        }
    }

    /// Looks for a file that is not open beside its last path: by identity, else for
    /// a copy of it that no pattern finds.
    fn seek(
        &mut self,
        index: usize,
        siblings: &mut Siblings,
        listed: &HashSet<FileIdentity>,
        now: Now,
    ) {
        let since = now.monotonic;
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let identity = follower.position.identity;
        let path = siblings
            .beside(&self.files, &follower.path, self.limits.entries_max)
            .iter()
            .find(|found| found.status.identity == identity)
            .map(|found| found.path.clone());
        if path.is_none() && siblings.is_cut(&follower.path, self.limits.entries_max) {
            // It may be among the entries that were not looked at.
            let source = follower.source;
            let directory = follower.path.parent().map(Path::to_path_buf);
            follower.place = Place::Restored;
            let error = cut_words(self.limits.entries_max);
            self.note_unreadable(source, &directory.unwrap_or_default(), error);
            return;
        }
        let Some(path) = path else {
            if !matches!(follower.place, Place::Vanished { .. }) {
                follower.place = Place::Vanished { since };
            }
            self.go_on_with_copy(index, listed, now);
            return;
        };
        let opened = self.files.open(&path).and_then(|file| {
            let status = file.status()?;
            Ok((file, status))
        });
        match opened {
            Ok((file, status)) if status.identity == identity => {
                follower.set_path(&path);
                follower.access = follower.position.access(file);
                follower.place = Place::Outside { since };
            }
            // Renamed this moment: the next scan finds it.
            Ok(_) => {}
            // It is there and must not be given up; the next scan tries again.
            Err(err) => {
                let source = follower.source;
                follower.place = Place::Restored;
                self.note_unreadable(source, &path, words(&err));
            }
        }
    }

    /// Forgets who owned a name when that file is forgotten, and the oldest owners
    /// when files had more names than are remembered.
    fn forget_owners(&mut self) {
        let ids: HashSet<FileId> = self
            .followers
            .iter()
            .filter(|follower| follower.place != Place::Forgotten)
            .map(|follower| follower.id)
            .collect();
        for configured in &mut self.sources {
            let owners = &mut configured.owners;
            owners.retain(|_, owner| ids.contains(&owner.id));
            if self.limits.remembered_max < owners.len() {
                let mut times: Vec<SystemTime> =
                    owners.values().map(|owner| owner.confirmed_at).collect();
                times.sort_unstable_by(|left, right| right.cmp(left));
                let oldest = times.get(self.limits.remembered_max).copied();
                owners.retain(|_, owner| oldest.is_none_or(|time| time <= owner.confirmed_at));
            }
        }
    }

    /// Gives up files that were found nowhere, also not as a copy, for a while.
    fn give_up_vanished(&mut self, source: SourceId, now: Now) {
        let mut lost = Vec::new();
        for follower in self
            .followers
            .iter_mut()
            .filter(|known| known.source == source)
        {
            let is_forgotten_by_age = !follower.is_followed()
                && self.limits.forget_after <= now.monotonic.saturating_sub(follower.seen_at);
            if is_forgotten_by_age {
                follower.place = Place::Forgotten;
            }
            let Place::Vanished { since } = follower.place else {
                continue;
            };
            if self.limits.rotate_grace <= now.monotonic.saturating_sub(since) {
                lost.push(follower.unread_bytes());
                follower.place = Place::Forgotten;
            }
        }
        for bytes in lost {
            self.note_lost(source, LossCause::Removed, bytes);
        }
    }
}

impl<H: OpenFile> Follower<H> {
    /// Takes note that a pattern finds the file.
    fn note_listed(&mut self, found: &Found, now: Now) {
        self.seen_at = now.monotonic;
        self.listed = Some(found.status);
        self.missed_at = None;
        self.may_have_heir = false;
        self.is_renamed = self.is_renamed || self.path != found.path;
        match self.place {
            // News that were seen stay news, whatever the size is now.
            Place::Parked => {
                let is_waiting = self.waiting_size.is_some() || self.has_news(found);
                self.waiting_size = is_waiting.then_some(found.status.size);
            }
            // What was read to its end is followed at once: it is the first to give
            // up its place.
            Place::Restored if self.handle().is_none() && self.has_news(found) => {
                self.place = Place::Parked;
                self.waiting_size = Some(found.status.size);
            }
            Place::Restored | Place::Listed | Place::Outside { .. } | Place::Vanished { .. } => {
                self.place = Place::Listed;
            }
            Place::Forgotten => {}
        }
        if self.is_waiting() {
            self.set_path_while_waiting(&found.path);
        } else {
            self.set_path(&found.path);
        }
    }

    /// Whether there is anything to open a closed plain file for. What a packed one
    /// holds does not change.
    fn has_news(&self, found: &Found) -> bool {
        let is_changed = match self.seen {
            Some(seen) => !is_same_content(seen, found.status),
            None => found.status.size != self.position.offset,
        };
        self.position.packing == Packing::Plain && is_changed
    }

    /// Whether it was read and closed, before a reload, and has no news since.
    fn is_closed_and_unchanged(&self) -> bool {
        let is_unchanged = self
            .seen
            .zip(self.listed)
            .is_some_and(|(seen, listed)| is_same_content(seen, listed));
        self.handle().is_none() && is_unchanged
    }

    /// Takes note that no pattern finds the file, for as long as what became of it may
    /// show up.
    fn note_missed(&mut self, rotate_grace: Duration, now: Now) {
        let since = *self.missed_at.get_or_insert(now.monotonic);
        self.may_have_heir = now.monotonic.saturating_sub(since) < rotate_grace;
    }

    fn note_outside(&mut self, now: Now, links: Option<u64>) {
        if let (Some(seen), Some(links)) = (self.seen.as_mut(), links) {
            seen.links = links;
        }
        if !matches!(self.place, Place::Outside { .. }) {
            self.place = Place::Outside {
                since: now.monotonic,
            };
        }
    }
}

/// The files beside known ones, listed once a scan and directory.
#[derive(Default)]
pub(super) struct Siblings {
    directories: HashMap<PathBuf, Vec<Found>>,
    /// How many entries the directories have, at most one more than are looked at.
    counts: HashMap<PathBuf, usize>,
}

impl Siblings {
    /// The regular files in `path`'s directory. Empty if it cannot be listed.
    pub(super) fn beside(
        &mut self,
        files: &impl FileSystem,
        path: &Path,
        entries_max: usize,
    ) -> &[Found] {
        let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let counts = &mut self.counts;
        self.directories
            .entry(directory)
            .or_insert_with_key(|directory| {
                // One more than allowed tells that there are more.
                let names = files
                    .list(directory, entries_max.saturating_add(1))
                    .unwrap_or_default();
                counts.insert(directory.clone(), names.len());
                names
                    .into_iter()
                    .take(entries_max)
                    .filter_map(|name| {
                        let sibling = directory.join(name);
                        let status = files.status(&sibling).ok()?;
                        let found = Found {
                            path: sibling,
                            status,
                        };
                        (status.kind == FileKind::Regular).then_some(found)
                    })
                    .collect()
            })
    }
}

impl Siblings {
    /// Whether `path`'s directory was listed and has more entries than are looked at.
    fn is_cut(&self, path: &Path, entries_max: usize) -> bool {
        let count = path.parent().and_then(|parent| self.counts.get(parent));
        count.is_some_and(|count| entries_max < *count)
    }
}

/// How far a file must be offered until it counts as caught up.
pub(super) fn backlog_of(packing: Packing, size: u64) -> u64 {
    match packing {
        Packing::Plain => size,
        // How much a packed file holds is known at its end only.
        Packing::Gzip => u64::MAX,
    }
}

/// Whether the path, or a directory above it, could not be looked at.
fn is_unseen(path: &Path, listing: &Listing) -> bool {
    listing
        .unreadable
        .iter()
        .any(|unreadable| path.starts_with(&unreadable.path))
}

/// How to read a file from a position.
pub(super) trait OpenedBy {
    /// Wraps an open file as the position's packing wants it.
    fn access<H: OpenFile>(&self, file: H) -> Access<H>;
}

impl OpenedBy for model::position::Position {
    fn access<H: OpenFile>(&self, file: H) -> Access<H> {
        match self.packing {
            Packing::Plain => Access::Plain(file),
            Packing::Gzip => Access::Gzip(Box::new(crate::compressed::GzipStream::new(file))),
        }
    }
}
