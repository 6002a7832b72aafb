//! Numbers for things that have names: the same number for the same name, for ever.
//!
//! Pollers remember a disk or a connector by its row's number. The kernel's order of
//! mounts changes with every boot, so numbers are given once and kept; who keeps them
//! over restarts is the caller. A name that went away keeps its number, so a set gets
//! full in the end on a host whose names never rest; what is full is told, see
//! [`IndexSet::has_refused`].

use std::collections::BTreeMap;

use model::host::HostSample;
use model::snapshot::Snapshot;

/// Most numbers that one set gives. A name beyond has no row.
pub const INDEXES_MAX: usize = 4_096;

/// The mount point that is always number 1: copies of the vendor's list ask for `.1`.
const ROOT: &str = "/";

/// What has a lasting number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indexes {
    /// File systems by mount point: dskIndex.
    pub mounts: IndexSet,
    /// Disks by name: diskIOIndex.
    pub disks: IndexSet,
    /// Connectors by name.
    pub connectors: IndexSet,
    /// Logs, by the names of connector and log, see [`pair`].
    pub logs: IndexSet,
    /// Points of presence, by the names of connector and point, see [`pair`].
    pub pops: IndexSet,
    /// Active probes by name.
    pub probes: IndexSet,
}

/// One name of two, for sets whose rows need both. A unit separator is in no name.
pub fn pair(outer: &str, inner: &str) -> String {
    format!("{outer}\u{1f}{inner}")
}

impl Indexes {
    /// The sets by their names.
    pub const fn sets(&self) -> [(&'static str, &IndexSet); 6] {
        [
            ("mounts", &self.mounts),
            ("disks", &self.disks),
            ("connectors", &self.connectors),
            ("logs", &self.logs),
            ("pops", &self.pops),
            ("probes", &self.probes),
        ]
    }

    /// Gives a number to everything that is new. Returns whether anything was.
    pub fn learn(&mut self, host: &HostSample, snapshot: &Snapshot) -> bool {
        let mut has_learned = self.mounts.reserve_first(ROOT);
        for filesystem in &host.filesystems {
            has_learned |= self.mounts.learn(&filesystem.mountpoint);
        }
        for disk in &host.disks {
            has_learned |= self.disks.learn(&disk.name);
        }
        for connector in &snapshot.connectors {
            has_learned |= self.connectors.learn(&connector.name);
            for log in &connector.logs {
                has_learned |= self.logs.learn(&pair(&connector.name, &log.name));
            }
            for (pop, _) in &connector.round_trips {
                has_learned |= self.pops.learn(&pair(&connector.name, pop));
            }
        }
        for probe in &snapshot.probes {
            has_learned |= self.probes.learn(&probe.plan.name);
        }
        has_learned
    }
}

/// Numbers from 1 on by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexSet {
    by_name: BTreeMap<String, u32>,
    last: u32,
    has_refused: bool,
}

impl IndexSet {
    /// The number of a name.
    pub fn get(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// All names with their numbers, for who keeps them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.by_name
            .iter()
            .map(|(name, index)| (name.as_str(), *index))
    }

    /// How many names have a number.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether no name has a number.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether a name has found no number any more, in this process.
    pub const fn has_refused(&self) -> bool {
        self.has_refused
    }

    /// Gives the next number to a name that has none. Returns whether it did.
    pub fn learn(&mut self, name: &str) -> bool {
        if self.by_name.contains_key(name) {
            return false;
        }
        if self.by_name.len() >= INDEXES_MAX {
            self.has_refused = true;
            return false;
        }
        self.last = self.last.saturating_add(1);
        self.by_name.insert(name.to_owned(), self.last);
        true
    }

    /// Keeps number 1 for a name if no name has a number yet.
    fn reserve_first(&mut self, name: &str) -> bool {
        self.by_name.is_empty() && self.learn(name)
    }
}

impl FromIterator<(String, u32)> for IndexSet {
    /// Takes over kept numbers. Of two names with one number the first in order stays.
    fn from_iter<I: IntoIterator<Item = (String, u32)>>(kept: I) -> Self {
        let mut set = Self::default();
        let mut taken = std::collections::BTreeSet::new();
        for (name, index) in kept {
            let is_number = (1..=u32::MAX >> 1).contains(&index);
            if is_number && set.by_name.len() < INDEXES_MAX && taken.insert(index) {
                set.last = set.last.max(index);
                set.by_name.insert(name, index);
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_over_a_restart() {
        let mut set = IndexSet::default();
        assert!(set.reserve_first("/"));
        assert!(set.learn("/var"));
        assert!(!set.learn("/var"));
        let kept: Vec<(String, u32)> = set.iter().map(|(n, i)| (n.to_owned(), i)).collect();
        let mut again: IndexSet = kept.into_iter().collect();
        assert!(!again.reserve_first("/"));
        assert!(again.learn("/boot"));
        assert_eq!(
            (again.get("/"), again.get("/var"), again.get("/boot")),
            (Some(1), Some(2), Some(3))
        );
    }

    #[test]
    fn numbers_that_cannot_be_are_not_taken_over() {
        let kept = [("a", 7), ("b", 7), ("c", 0), ("d", u32::MAX)];
        let set: IndexSet = kept.into_iter().map(|(n, i)| (n.to_owned(), i)).collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [("a", 7)]);
    }

    #[test]
    fn a_host_without_end_gets_no_numbers_without_end() {
        let mut set = IndexSet::default();
        for number in 0..INDEXES_MAX {
            assert!(set.learn(&number.to_string()));
        }
        assert!(!set.learn("0"));
        assert!(!set.has_refused());
        assert!(!set.learn("one more"));
        assert!(set.has_refused());
        assert_eq!(set.len(), INDEXES_MAX);
    }
}
