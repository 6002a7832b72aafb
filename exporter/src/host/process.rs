//! Processes: those of the connector together, and of the others the largest and the busiest.
//!
//! The vendor warns of other software on a connector's host, so the two others are named.
//! The list comes from the package `sysinfo` (`list`), which is told to read nothing that
//! may wait for a process: no command line, no memory map. What the list means is judged
//! here, by rows that a test can write.
//!
//! The connector's processes are found by their short names, and by them their container,
//! whose other processes then are the connector's as well. Containers are told by cgroups
//! of version 2; on older hosts the names alone count.
//!
//! Known limits: anybody may give a program the connector's name, and is added to it.
//! A number that is used again within a second of its predecessor's end is told from it
//! only if it has used less time.

mod list;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::host::{HostCollector, ProcessUse};

use self::list::{Process, list};
pub use self::texts::read_cgroup;
use self::texts::{is_container, read_pids};
use super::reader::Reader;
use super::settings::HostSettings;
use super::worker::Collector;

/// Bytes that the kernel keeps of a program's name (TASK_COMM_LEN without its end).
const NAME_BYTES: usize = 15;

/// Ticks of a second in `stat` (`USER_HZ`, see `model::host`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What processes use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Processes {
    /// The connector's together; of none if none runs. `None` if nobody said which they
    /// are, or others' processes are hidden from us.
    pub connector: Option<ProcessUse>,
    /// The other one that holds most memory.
    pub largest: Option<ProcessUse>,
    /// The other one that took most time since the sample before.
    pub busiest: Option<ProcessUse>,
    /// How many there are.
    pub count: u64,
}

/// A process of this sample, and what it did since the one before.
struct Seen {
    process: Process,
    /// Ticks since the sample before. `None` without one.
    ticks: Option<u64>,
}

/// Reads processes.
pub(super) struct ProcessReader {
    proc: PathBuf,
    cgroup: PathBuf,
    names: Vec<Vec<u8>>,
    /// Ticks of each process at the sample before, and when that was.
    before: Option<(Duration, BTreeMap<u32, u64>)>,
}

impl ProcessReader {
    pub(super) fn new(settings: &HostSettings) -> Self {
        let names = settings.connector_processes.iter();
        Self {
            proc: settings.roots.proc.clone(),
            cgroup: settings.roots.sys.join("fs/cgroup"),
            names: names
                .map(|name| name.bytes().take(NAME_BYTES).collect())
                .collect(),
            before: None,
        }
    }

    /// What the list says, against what it said at the sample before.
    fn judge(&mut self, processes: Vec<Process>, reader: &mut Reader) -> Processes {
        let known = processes.iter().map(|process| (process.id, process.ticks));
        let known: BTreeMap<u32, u64> = known.collect();
        let all: Vec<Seen> = processes
            .into_iter()
            .map(|process| Seen {
                ticks: self.ticks_since(&process, reader.now),
                process,
            })
            .collect();
        let ids = self.connector_ids(&all, reader);
        let (ours, others): (Vec<&Seen>, Vec<&Seen>) =
            all.iter().partition(|seen| ids.contains(&seen.process.id));
        // Mounted with `hidepid`, /proc shows us only our own: then that none runs is not known.
        let are_all_seen = known.contains_key(&1);
        let connector = if self.names.is_empty() || (ours.is_empty() && !are_all_seen) {
            None
        } else {
            Some(self.together(&ours, reader))
        };
        // Threads of the kernel hold no memory.
        let programs = || {
            let others = others.iter().copied();
            others.filter(|seen| seen.process.resident_bytes != 0)
        };
        let largest = programs().max_by_key(|seen| seen.process.resident_bytes);
        let busiest = programs()
            .filter(|seen| seen.ticks.is_some_and(|ticks| ticks != 0))
            .max_by_key(|seen| seen.ticks);
        let found = Processes {
            connector,
            largest: largest.map(|seen| self.together(&[seen], reader)),
            busiest: busiest.map(|seen| self.together(&[seen], reader)),
            count: u64::try_from(all.len()).unwrap_or(u64::MAX),
        };
        self.before = Some((reader.now, known));
        found
    }

    fn ticks_since(&self, process: &Process, now: Duration) -> Option<u64> {
        let (before, known) = self.before.as_ref()?;
        let passed = now.saturating_sub(*before);
        // Ages are whole seconds: one that is as old as the sample before, or a second
        // less, may have been there. A clock that is set changes no age.
        let was_there = passed.as_secs() <= process.age.as_secs().saturating_add(1);
        let same = known
            .get(&process.id)
            .filter(|ticks| was_there && **ticks <= process.ticks);
        // One that was not there before used all its time since.
        Some(process.ticks.saturating_sub(same.copied().unwrap_or(0)))
    }

    fn is_named(&self, process: &Process) -> bool {
        self.names
            .iter()
            .any(|name| name == process.name.as_bytes())
    }

    /// Numbers of the connector's processes: those named so, and their containers'.
    fn connector_ids(&self, seen: &[Seen], reader: &mut Reader) -> BTreeSet<u32> {
        let mut ids = BTreeSet::new();
        let mut containers = BTreeSet::new();
        let processes = seen.iter().map(|seen| &seen.process);
        for process in processes.filter(|process| self.is_named(process)) {
            ids.insert(process.id);
            let path = self.proc.join(process.id.to_string()).join("cgroup");
            let group = reader.optional(&path, |text| Ok(read_cgroup(text)));
            containers.extend(group.flatten().filter(|group| is_container(group)));
        }
        for container in containers {
            let folder = self.cgroup.join(container.trim_start_matches('/'));
            let members = reader.optional(&folder.join("cgroup.procs"), |text| Ok(read_pids(text)));
            ids.extend(members.unwrap_or_default());
        }
        ids
    }

    /// How much of one processor's time the ticks are, since the sample before.
    fn share(&self, ticks: Option<u64>, now: Duration) -> Option<f64> {
        let (before, _) = self.before.as_ref()?;
        let seconds = now
            .checked_sub(*before)
            .filter(|passed| !passed.is_zero())?;
        let ticks = u32::try_from(ticks?).unwrap_or(u32::MAX);
        Some(f64::from(ticks) / TICKS_PER_SECOND / seconds.as_secs_f64())
    }

    /// Several processes as one, under the name of the largest.
    fn together(&self, seen: &[&Seen], reader: &mut Reader) -> ProcessUse {
        let mut all = ProcessUse {
            files_open: Some(0),
            ..ProcessUse::default()
        };
        let mut ticks = None;
        for Seen {
            process,
            ticks: since,
        } in seen
        {
            all.processes = all.processes.saturating_add(1);
            all.cpu_ticks = all.cpu_ticks.saturating_add(process.ticks);
            all.resident_bytes = all.resident_bytes.saturating_add(process.resident_bytes);
            let files = self.files_open(process.id, reader);
            all.files_open = add(all.files_open, files);
            ticks = match (ticks, *since) {
                (Some(sum), Some(more)) => Some(u64::saturating_add(sum, more)),
                (None, more) => more,
                (sum, None) => sum,
            };
        }
        let largest = seen.iter().max_by_key(|one| one.process.resident_bytes);
        if let Some(most) = largest {
            all.name = Arc::from(most.process.name.as_str());
        }
        all.cpu_share = self.share(ticks.or(Some(0)), reader.now);
        all
    }

    /// Files that a process holds. `None` if we may not look, or it is gone.
    fn files_open(&self, id: u32, reader: &mut Reader) -> Option<u64> {
        let folder = self.proc.join(id.to_string()).join("fd");
        reader.asked();
        // The folder's length is the number since Linux 6.2, at no cost. Other file
        // systems give a folder a length of their own.
        let is_counted = self.proc == Path::new("/proc");
        let length = fs::metadata(&folder).ok()?.len();
        if is_counted && length != 0 {
            return Some(length);
        }
        u64::try_from(fs::read_dir(&folder).ok()?.count()).ok()
    }
}

fn add(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}

impl Collector for ProcessReader {
    const KIND: HostCollector = HostCollector::Process;
    type Found = Processes;

    fn collect(&mut self, reader: &mut Reader) -> Option<Processes> {
        let processes = list(reader)?;
        Some(self.judge(processes, reader))
    }
}

#[cfg(test)]
mod tests;
