//! Watches names and holds handles while nothing may be read.
//!
//! When the store refuses commits, bytes that were read could not be counted. They
//! are left where they are; but logs are rotated and deleted all the same, so new
//! files are opened and renames followed, and the next poll reads what was missed
//! from the handles. Positions and new beginnings wait for that poll's report.
//!
//! Known limit: a file that is deleted while it is not open, because more files have
//! news than handles are allowed, is lost without a number.

use model::position::Packing;

use super::{FileSystem, Now, Place, Tailer};

impl<F: FileSystem> Tailer<F> {
    /// Looks into the directories if that is due, and reads nothing but what tells
    /// one file from another.
    ///
    /// Nothing is parked, given up or forgotten meanwhile, and no unfinished line
    /// counts as ended.
    pub fn watch_only(&mut self, now: Now) {
        // Until the next poll has looked into the directories, too: what files became
        // meanwhile shows only when they are read.
        self.is_watching = true;
        if !self.is_scan_due(now) {
            return;
        }
        self.scan(now);
        self.hold_open(now);
        self.close_surplus();
    }

    /// Opens followed files that have news, as far as handles are allowed.
    fn hold_open(&mut self, now: Now) {
        let open = self
            .followers
            .iter()
            .filter(|follower| follower.handle().is_some())
            .count();
        let mut room = self.limits.open_files_max.saturating_sub(open);
        for index in 0..self.followers.len() {
            let is_closed = self.followers.get(index).is_some_and(|follower| {
                follower.place == Place::Listed
                    && follower.position.packing == Packing::Plain
                    && follower.handle().is_none()
            });
            if room == 0 || !is_closed {
                continue;
            }
            match self.is_open(index, now) {
                Ok(true) => room = room.saturating_sub(1),
                Ok(false) => {}
                Err(err) => self.note_error(index, &err),
            }
        }
    }
}
