//! Hands over from one tailer to the next when the configuration is read again.
//!
//! The next tailer is built from the committed positions alone; a file that was
//! deleted while it is still written to can be reached through its handle only. So
//! handles move, by file id, with what was learned of names and silence. Bytes are
//! compared with the position again before they are believed.
//!
//! Known limit: what was found and never committed is found anew, or not at all.

use std::collections::HashMap;

use model::log::LossCause;
use model::position::{FileId, Packing, SourceId};

use super::scan::OpenedBy;
use super::{Access, FileSystem, Follower, Place, Tailer};
use crate::file_system::OpenFile;

impl<F: FileSystem> Tailer<F> {
    /// Takes over the open files of the tailer that this one replaces. To be called
    /// before the first poll.
    ///
    /// Handles of files that this one does not know are closed; what was unread in
    /// deleted ones is reported as lost by the next poll, if their source still exists.
    pub fn take_over(&mut self, old: Self) {
        let heirs = self.heirs(&old);
        self.next_file_id = self.next_file_id.max(old.next_file_id);
        for (source, cause, bytes) in old.report.lost {
            if let Some(heir) = heirs.get(&source) {
                self.note_lost(*heir, cause, bytes);
            }
        }
        let owners = old.sources.into_iter().flat_map(|source| source.owners);
        for (path, owner) in owners {
            let heir = self
                .index_of(owner.id)
                .and_then(|index| self.followers.get(index));
            if let Some(source) = heir.and_then(|heir| self.sources.get_mut(heir.source.0)) {
                source.owners.insert(path, owner);
            }
        }
        let mut known: HashMap<FileId, usize> = HashMap::new();
        for (index, follower) in self.followers.iter().enumerate() {
            known.insert(follower.id, index);
        }
        for former in old.followers {
            let follower = known
                .get(&former.id)
                .and_then(|index| self.followers.get_mut(*index))
                .filter(|follower| follower.is_same_file(&former));
            match follower {
                Some(follower) => follower.inherit(former),
                None => self.give_up(&former, &heirs),
            }
        }
    }

    /// Which source goes on with what an old one read: the one that has its files,
    /// else the one with the same patterns.
    fn heirs(&self, old: &Self) -> HashMap<SourceId, SourceId> {
        let mut heirs = HashMap::new();
        for (index, former) in old.sources.iter().enumerate() {
            let is_equal = |place: &usize| {
                self.sources
                    .get(*place)
                    .is_some_and(|source| source.pattern_texts == former.pattern_texts)
            };
            // Connectors with the same patterns usually stay in their order.
            let heir = Some(index)
                .filter(is_equal)
                .or_else(|| (0..self.sources.len()).find(is_equal));
            if let Some(heir) = heir {
                heirs.insert(SourceId(index), SourceId(heir));
            }
        }
        let sources: HashMap<FileId, SourceId> = old
            .followers
            .iter()
            .map(|follower| (follower.id, follower.source))
            .collect();
        for follower in &self.followers {
            if let Some(source) = sources.get(&follower.id) {
                heirs.insert(*source, follower.source);
            }
        }
        heirs
    }

    /// Counts what nobody can read once the handle of an unknown file is closed.
    fn give_up(&mut self, former: &Follower<F::File>, heirs: &HashMap<SourceId, SourceId>) {
        let status = former.handle().and_then(|file| file.status().ok());
        let is_plain = former.position.packing == Packing::Plain;
        let deleted = status.filter(|status| status.links == 0 && is_plain);
        if let (Some(gone), Some(heir)) = (deleted, heirs.get(&former.source)) {
            let unread = gone.size.saturating_sub(former.position.offset);
            self.note_lost(*heir, LossCause::Removed, unread);
        }
    }
}

impl<H: OpenFile> Follower<H> {
    fn is_same_file(&self, former: &Self) -> bool {
        self.position.identity == former.position.identity
            && self.position.packing == former.position.packing
            && self.place != Place::Forgotten
    }

    /// Goes on with the handle of a former follower of the same file, at our place.
    fn inherit(&mut self, former: Self) {
        // It may have read what was never committed; then that comes again.
        let is_same_place = self.position.offset == former.position.offset;
        self.set_path(&former.path);
        self.first_path = former.first_path;
        self.after = former.after;
        self.quiet_since = former.quiet_since;
        self.seen_at = former.seen_at;
        self.listed = former.listed;
        self.missed_at = former.missed_at;
        self.may_have_heir = former.may_have_heir;
        self.waiting_size = former.waiting_size;
        self.is_renamed = former.is_renamed;
        self.is_passed_over = former.is_passed_over;
        self.start = former.start;
        let handle = former.access.into_handle();
        let is_open = handle.is_some();
        if is_open || is_same_place {
            self.seen = former.seen;
        }
        if let Some(file) = handle {
            self.access = self.position.access(file);
        } else if is_same_place {
            self.offered_to = former.offered_to;
        }
        self.place = match former.place {
            Place::Outside { .. } if is_open => former.place,
            Place::Parked if is_same_place => Place::Parked,
            Place::Vanished { .. } => former.place,
            // The first scan tells.
            Place::Restored
            | Place::Listed
            | Place::Outside { .. }
            | Place::Parked
            | Place::Forgotten => Place::Restored,
        };
    }
}

impl<H: OpenFile> Access<H> {
    fn into_handle(self) -> Option<H> {
        match self {
            Self::Closed => None,
            Self::Plain(file) => Some(file),
            Self::Gzip(stream) => Some(stream.into_file()),
        }
    }
}
