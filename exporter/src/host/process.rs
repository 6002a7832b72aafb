//! Processes: those of the connector together, and of the others the largest and the busiest.
//!
//! The vendor warns of other software on a connector's host, so the two others are named.
//! Everything of a process comes from its `stat`, which the kernel gives without waiting
//! for the process; its command line and memory map may hang, and are never read.
//!
//! The connector's processes are found by their short names, and by them their container,
//! whose other processes then are the connector's as well. Containers are told by cgroups
//! of version 2; on older hosts the names alone count.
//!
//! Known limit: anybody may give a program the connector's name, and is added to it.

mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::host::{HostCollector, ProcessUse};

pub use self::texts::{ProcessStat, read_cgroup, read_process_stat};
use self::texts::{is_container, read_pids};
use super::reader::{Reader, number};
use super::settings::HostSettings;
use super::worker::Collector;

/// Most processes that are looked at.
const PROCESSES_MAX: usize = 65_536;

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

/// A process of this sample.
struct Process {
    id: u32,
    stat: ProcessStat,
    /// Ticks since the sample before. `None` without one.
    ticks: Option<u64>,
}

/// What is remembered of a process until the next sample.
#[derive(Clone, Copy)]
struct Known {
    /// Tells it from a later one with the same number.
    started: u64,
    ticks: u64,
}

/// Reads processes.
pub(super) struct ProcessReader {
    proc: PathBuf,
    cgroup: PathBuf,
    names: Vec<Vec<u8>>,
    before: Option<(Duration, BTreeMap<u32, Known>)>,
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

    fn processes(&self, reader: &mut Reader) -> Option<Vec<Process>> {
        reader.asked();
        let entries = match fs::read_dir(&self.proc) {
            Ok(entries) => entries,
            Err(error) => {
                reader.note(anyhow::Error::new(error).context("processes are not listed"));
                return None;
            }
        };
        let ids = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name();
            u32::try_from(number(name.to_str()?)?).ok()
        });
        let mut found = Vec::new();
        for id in ids {
            if found.len() == PROCESSES_MAX {
                reader.note_words(format!("more than {PROCESSES_MAX} processes"));
                break;
            }
            let path = self.proc.join(id.to_string()).join("stat");
            // One that ended meanwhile is absent, and no problem.
            let Some(stat) = reader.optional(&path, read_process_stat) else {
                continue;
            };
            found.push(Process {
                id,
                ticks: self.ticks_since(id, &stat),
                stat,
            });
        }
        Some(found)
    }

    fn ticks_since(&self, id: u32, stat: &ProcessStat) -> Option<u64> {
        let (_, known) = self.before.as_ref()?;
        let same = known
            .get(&id)
            .filter(|known_before| known_before.started == stat.started);
        // One that was not there before used all its time since.
        Some(stat.ticks.saturating_sub(same.map_or(0, |same| same.ticks)))
    }

    fn is_named(&self, stat: &ProcessStat) -> bool {
        self.names.iter().any(|name| name == stat.name.as_bytes())
    }

    /// Numbers of the connector's processes: those named so, and their containers'.
    fn connector_ids(&self, processes: &[Process], reader: &mut Reader) -> BTreeSet<u32> {
        let mut ids = BTreeSet::new();
        let mut containers = BTreeSet::new();
        for process in processes
            .iter()
            .filter(|process| self.is_named(&process.stat))
        {
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
    fn together(&self, processes: &[&Process], reader: &mut Reader) -> ProcessUse {
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let mut all = ProcessUse {
            files_open: Some(0),
            ..ProcessUse::default()
        };
        let mut ticks = None;
        for process in processes {
            all.processes = all.processes.saturating_add(1);
            all.cpu_ticks = all.cpu_ticks.saturating_add(process.stat.ticks);
            let bytes = process.stat.resident_pages.saturating_mul(page);
            all.resident_bytes = all.resident_bytes.saturating_add(bytes);
            let files = self.files_open(process.id, reader);
            all.files_open = add(all.files_open, files);
            ticks = match (ticks, process.ticks) {
                (Some(sum), Some(more)) => Some(u64::saturating_add(sum, more)),
                (None, more) => more,
                (sum, None) => sum,
            };
        }
        let largest = processes
            .iter()
            .max_by_key(|process| process.stat.resident_pages);
        if let Some(process) = largest {
            all.name = Arc::from(process.stat.name.as_str());
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
        let processes = self.processes(reader)?;
        let ids = self.connector_ids(&processes, reader);
        let (ours, others): (Vec<&Process>, Vec<&Process>) = processes
            .iter()
            .partition(|process| ids.contains(&process.id));
        // Mounted with `hidepid`, /proc shows us only our own: then that none runs is not known.
        let are_all_seen = processes.iter().any(|process| process.id == 1);
        let connector = if self.names.is_empty() || (ours.is_empty() && !are_all_seen) {
            None
        } else {
            Some(self.together(&ours, reader))
        };
        // Threads of the kernel hold no memory.
        let programs = || {
            others
                .iter()
                .copied()
                .filter(|process| process.stat.resident_pages != 0)
        };
        let largest = programs().max_by_key(|process| process.stat.resident_pages);
        let busiest = programs()
            .filter(|process| process.ticks.is_some_and(|ticks| ticks != 0))
            .max_by_key(|process| process.ticks);
        let found = Processes {
            connector,
            largest: largest.map(|process| self.together(&[process], reader)),
            busiest: busiest.map(|process| self.together(&[process], reader)),
            count: u64::try_from(processes.len()).unwrap_or(u64::MAX),
        };
        let known = processes.iter().map(|process| {
            let known = Known {
                started: process.stat.started,
                ticks: process.stat.ticks,
            };
            (process.id, known)
        });
        self.before = Some((reader.now, known.collect()));
        Some(found)
    }
}

#[cfg(test)]
mod tests;
