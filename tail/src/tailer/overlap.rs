//! Shares out files among the sources of one group: each file belongs to one source.
//!
//! Patterns of a connector's logs may overlap, and one file may come to match another
//! pattern by a rename or a new configuration. The first source that lists a file
//! has it; one that followed it before hands it over with its place, so no line is
//! counted twice and none is left out. Sources of different groups are independent.
//!
//! Known limit: while a source cannot list a directory, a later one that can takes
//! the files over, and gives them back after that.

use std::collections::{HashMap, HashSet};

use model::position::{FileIdentity, SourceId};

use super::{FileSystem, Follower, Place, Tailer};
use crate::discover::Found;
use crate::file_system::OpenFile;

/// Which files were listed in this scan, by group.
#[derive(Debug, Default)]
pub(super) struct Claims {
    taken: HashSet<(usize, FileIdentity)>,
}

impl Claims {
    /// Drops what an earlier source of the group has listed, and claims the rest.
    pub(super) fn take(&mut self, group: usize, found: &mut Vec<Found>) {
        found.retain(|one| !self.taken.contains(&(group, one.status.identity)));
        self.taken
            .extend(found.iter().map(|one| (group, one.status.identity)));
    }
}

impl<F: FileSystem> Tailer<F> {
    /// Whether two sources share their files.
    pub(super) fn is_same_group(&self, left: SourceId, right: SourceId) -> bool {
        let group = |source: SourceId| self.sources.get(source.0).map(|one| one.group);
        left == right || group(left) == group(right)
    }

    /// Takes over the listed files that another source of the group knows.
    pub(super) fn take_from_group(&mut self, source: SourceId, chosen: &[Found]) {
        let listed: HashSet<FileIdentity> =
            chosen.iter().map(|found| found.status.identity).collect();
        let mut own: HashSet<FileIdentity> = self
            .followers
            .iter()
            .filter(|follower| follower.source == source && follower.place != Place::Forgotten)
            .map(|follower| follower.position.identity)
            .collect();
        for index in 0..self.followers.len() {
            let is_other = self.followers.get(index).is_some_and(|follower| {
                follower.source != source
                    && listed.contains(&follower.position.identity)
                    && follower.is_surely_that_file()
                    && self.is_same_group(follower.source, source)
            });
            let Some(follower) = self.followers.get_mut(index).filter(|_| is_other) else {
                continue;
            };
            if own.insert(follower.position.identity) {
                follower.source = source;
                follower.is_changed = true;
            } else {
                follower.close();
                follower.place = Place::Forgotten;
            }
        }
    }

    /// Forgets restored positions of a file that an earlier source of the group has,
    /// too: the first goes on, or lines would be counted twice.
    pub(super) fn forget_doubles(&mut self) {
        let mut first: HashMap<(usize, FileIdentity), SourceId> = HashMap::new();
        let key = |follower: &Follower<F::File>, sources: &[super::Source]| {
            let group = sources.get(follower.source.0).map(|source| source.group)?;
            Some((group, follower.position.identity))
        };
        for follower in &self.followers {
            if let Some(key) = key(follower, &self.sources) {
                let owner = first.entry(key).or_insert(follower.source);
                *owner = follower.source.min(*owner);
            }
        }
        for follower in &mut self.followers {
            let owner = key(follower, &self.sources).and_then(|key| first.get(&key));
            if owner.is_some_and(|owner| *owner < follower.source) {
                follower.place = Place::Forgotten;
            }
        }
    }
}

impl<H: OpenFile> Follower<H> {
    /// Whether a file with the same identity must be this one. Without a birth time,
    /// the number of a file long read may have been given out again.
    fn is_surely_that_file(&self) -> bool {
        match self.place {
            Place::Forgotten => false,
            Place::Parked | Place::Vanished { .. } => self.position.identity.birth_ns.is_some(),
            Place::Restored | Place::Listed | Place::Outside { .. } => true,
        }
    }
}
