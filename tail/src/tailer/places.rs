//! Shares out a source's places: the files that were written to last are followed.
//!
//! New files and parked ones with news ask for places. Free places go to the newest
//! of them; then a file that was read to its end and has been quiet gives up its
//! place, and then one that is older than who asks. It stays remembered, and asks
//! again when it grows. How parking works is in `room`, taking on new files in
//! `admit`.
//!
//! Known limit: a file with unread bytes keeps its place, so where as many files as
//! are allowed grow between any two looks, new ones wait.

use std::collections::HashSet;

use model::log::LossCause;
use model::position::{FileIdentity, Packing, SourceId};

use super::read::is_same_content;
use super::scan::backlog_of;
use super::{FileSystem, Follower, Now, Place, Source, Tailer};
use crate::discover::Found;
use crate::file_system::OpenFile;
use crate::identity::{self, Verdict};

/// Which unknown files may be looked at, and how many have to wait.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// They may be followed, or are known not to be for us.
    pub(super) given: HashSet<FileIdentity>,
    /// They could not be taken on when last tried, and need no place to be tried.
    pub(super) tried: HashSet<FileIdentity>,
    /// How many files, known and unknown, wait for a place.
    pub(super) left_out: usize,
}

/// Who asks for a place.
#[derive(Debug, Clone, Copy)]
enum Asker {
    /// A file that is not known, by its identity.
    Unknown(FileIdentity),
    /// A parked file with news, by its index.
    Parked(usize),
}

/// A request, with the time when the file was last written to.
#[derive(Debug, Clone, Copy)]
struct Request {
    modified_ns: i64,
    asker: Asker,
}

impl<F: FileSystem> Tailer<F> {
    /// Decides who of the unknown and parked files is followed from now on. `unknown`
    /// is sorted, the oldest first.
    pub(super) fn share_places(&mut self, source: SourceId, unknown: &[Found], now: Now) -> Shares {
        let mut shares = Shares::default();
        let mut requests = self.parked_requests(source);
        for found in unknown {
            let identity = found.status.identity;
            if self.is_refused(source, found) {
                shares.given.insert(identity);
            } else if self.is_unopened(source, found) || self.is_still_held(source, found, now) {
                shares.tried.insert(identity);
            } else {
                requests.push(Request {
                    modified_ns: found.status.modified_ns,
                    asker: Asker::Unknown(identity),
                });
            }
        }
        // Stable: of two that were written to at once, the one that is sorted last.
        requests.sort_by_key(|request| request.modified_ns);
        requests.reverse();
        let places = self.free_places(source, &requests, now);
        for request in requests.iter().take(places) {
            match request.asker {
                Asker::Unknown(identity) => {
                    shares.given.insert(identity);
                }
                Asker::Parked(index) => self.take_in(index),
            }
        }
        // Places that nobody else wants.
        let rest = places.saturating_sub(requests.len());
        let hopeful = unknown
            .iter()
            .rev()
            .map(|found| found.status.identity)
            .filter(|identity| shares.tried.contains(identity));
        shares.given.extend(hopeful.take(rest));
        shares.left_out = requests.len().saturating_sub(places);
        shares
    }

    fn parked_requests(&self, source: SourceId) -> Vec<Request> {
        self.followers
            .iter()
            .enumerate()
            .filter(|(_, follower)| follower.source == source && follower.is_waiting())
            .filter_map(|(index, follower)| {
                Some(Request {
                    modified_ns: follower.listed?.modified_ns,
                    asker: Asker::Parked(index),
                })
            })
            .collect()
    }

    fn is_unopened(&self, source: SourceId, found: &Found) -> bool {
        self.sources
            .get(source.0)
            .is_some_and(|configured| configured.unopened.contains(&found.status.identity))
    }

    /// Parks files as far as that is right, and returns how many of the requests, the
    /// newest of them first, can be met.
    fn free_places(&mut self, source: SourceId, requests: &[Request], now: Now) -> usize {
        let followed = self
            .followers
            .iter()
            .filter(|follower| follower.source == source && follower.takes_place())
            .count();
        let files_max = self.limits.files_max;
        let mut places = files_max.saturating_sub(followed);
        let needed = followed
            .saturating_add(requests.len())
            .saturating_sub(files_max);
        if needed == 0 || self.is_watching {
            return places;
        }
        self.look_at_restored(source);
        let mut idle = self.idle_files(source);
        // After a restart all that is remembered is followed at first.
        let mut surplus = followed.saturating_sub(files_max);
        let mut still_needed = needed;
        for pass in [Giving::Surplus, Giving::Spare, Giving::Older] {
            let mut kept = Vec::with_capacity(idle.len());
            for index in idle {
                let asker = requests.get(places).filter(|_| surplus == 0);
                let is_given_up = 0 < still_needed
                    && self
                        .followers
                        .get(index)
                        .is_some_and(|follower| match pass {
                            Giving::Surplus => 0 < surplus && follower.is_read(),
                            Giving::Spare => self.is_spare(follower, now),
                            Giving::Older => follower.is_read() && follower.is_older_than(asker),
                        });
                if !is_given_up {
                    kept.push(index);
                    continue;
                }
                self.park(index);
                still_needed = still_needed.saturating_sub(1);
                if surplus == 0 {
                    places = places.saturating_add(1);
                }
                surplus = surplus.saturating_sub(1);
            }
            idle = kept;
        }
        places
    }

    /// Compares restored files of the length that was read with their positions, each
    /// opened for that moment only: until then nobody knows that they are as we left
    /// them.
    fn look_at_restored(&mut self, source: SourceId) {
        for follower in &mut self.followers {
            let is_restored = follower.source == source
                && follower.place == Place::Listed
                && follower.seen.is_none()
                && follower.handle().is_none();
            if !is_restored || !follower.is_used_up() || !follower.is_intact() {
                continue;
            }
            // What cannot be told here shows when the file is read.
            let looked = self.files.open(&follower.path).and_then(|file| {
                let status = file.status()?;
                let verdict = identity::examine(&file, &follower.position, status.size)?;
                Ok((status, verdict))
            });
            if let Ok((status, Verdict::Same)) = looked
                && status.identity == follower.position.identity
                && status.size == follower.position.offset
            {
                follower.seen = Some(status);
            }
        }
    }

    /// The listed files without news, the longest unwritten first.
    fn idle_files(&self, source: SourceId) -> Vec<usize> {
        let mut idle: Vec<(i64, usize)> = self
            .followers
            .iter()
            .enumerate()
            .filter(|(_, follower)| follower.source == source && follower.place == Place::Listed)
            .filter(|(_, follower)| follower.is_read() || follower.is_offered())
            .filter_map(|(index, follower)| Some((follower.listed?.modified_ns, index)))
            .collect();
        idle.sort_unstable();
        idle.into_iter().map(|(_, index)| index).collect()
    }

    /// Whether nothing is lost by not following the file, whoever asks: its name is
    /// not the one that is written to, as far as names and silence can tell.
    fn is_spare(&self, follower: &Follower<F::File>, now: Now) -> bool {
        let is_quiet =
            self.limits.rotate_grace <= now.monotonic.saturating_sub(follower.quiet_since);
        let has_left = || follower.is_renamed || self.has_rotated_name(follower);
        if follower.is_read() {
            return is_quiet || has_left();
        }
        // It ends within a line. That of a file that was rotated is about to count.
        is_quiet && !has_left()
    }

    /// How many files are being looked for.
    pub(super) fn vanished_count(&self, source: SourceId) -> usize {
        self.followers
            .iter()
            .filter(|follower| follower.source == source)
            .filter(|follower| matches!(follower.place, Place::Vanished { .. }))
            .count()
    }

    /// Counts what a parked file had unread when it went, and looks for it no more.
    pub(super) fn give_up_parked(&mut self, index: usize) {
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        let (source, unread) = (follower.source, follower.unread_bytes());
        follower.seen = None;
        follower.waiting_size = None;
        self.note_lost(source, LossCause::Removed, unread);
    }

    /// Follows a parked file again.
    fn take_in(&mut self, index: usize) {
        let is_first_scan = !self.has_scanned;
        let Some(follower) = self.followers.get_mut(index) else {
            return;
        };
        follower.place = Place::Listed;
        follower.waiting_size = None;
        follower.confirm_path();
        if is_first_scan {
            follower.backlog = follower
                .listed
                .map(|listed| backlog_of(follower.position.packing, listed.size));
        }
    }
}

/// Who gives up a place, in this order.
#[derive(Debug, Clone, Copy)]
enum Giving {
    /// Files read to their end, as long as more are followed than allowed.
    Surplus,
    /// Files that are no longer written to.
    Spare,
    /// Files read to their end that are older than who asks.
    Older,
}

impl Source {
    /// Drops what is remembered of files that are no longer there.
    pub(super) fn retain_listed(&mut self, listed: &HashSet<FileIdentity>) {
        self.held.retain(|identity, _| listed.contains(identity));
        self.refused.retain(|identity, _| listed.contains(identity));
        self.unopened.retain(|identity| listed.contains(identity));
    }
}

impl<H: OpenFile> Follower<H> {
    /// Whether it has news and no place.
    pub(super) fn is_waiting(&self) -> bool {
        self.place == Place::Parked && self.waiting_size.is_some()
    }

    /// Whether a parked file has something that nobody has read.
    pub(super) fn is_owed(&self) -> bool {
        self.is_waiting() || 0 < self.unread_bytes()
    }

    /// Whether it counts against the most files followed. A file that lost its name
    /// and was read, but for a last line without an end, only waits for its grace.
    fn takes_place(&self) -> bool {
        let is_leaving = matches!(self.place, Place::Outside { .. })
            && self.is_intact()
            && self.is_offered_wholly();
        self.is_followed() && !is_leaving
    }

    /// Whether it was looked at and all bytes that are known of were used up.
    fn is_read(&self) -> bool {
        self.is_used_up() && self.is_intact() && self.is_as_seen()
    }

    fn is_used_up(&self) -> bool {
        self.listed
            .is_some_and(|listed| listed.size == self.position.offset)
    }

    /// Whether all that is left is a last line without an end.
    fn is_offered(&self) -> bool {
        self.is_offered_wholly() && self.is_intact() && self.is_as_seen()
    }

    fn is_offered_wholly(&self) -> bool {
        self.seen.is_some_and(|seen| seen.size <= self.offered_to)
    }

    /// Whether nothing of it is owed and nothing is wrong with it.
    fn is_intact(&self) -> bool {
        self.position.packing == Packing::Plain
            && self.error.is_none()
            && self
                .backlog
                .is_none_or(|backlog| backlog <= self.position.offset)
    }

    fn is_as_seen(&self) -> bool {
        self.seen
            .zip(self.listed)
            .is_some_and(|(seen, listed)| is_same_content(seen, listed))
    }

    fn is_older_than(&self, request: Option<&Request>) -> bool {
        request
            .zip(self.listed)
            .is_some_and(|(request, listed)| listed.modified_ns < request.modified_ns)
    }
}
