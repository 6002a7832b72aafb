//! The host on the status page: its facts in words.
//!
//! What is not known says so with the error of the collector that should have read it.
//! Text from the host is made printable here; the template escapes it as HTML.

use model::connector::Mood;
use model::host::HostCollector;

use super::words;
use crate::http::status::{
    CollectorReport, FilesystemReport, HostReport, InterfaceReport, ProcessReport, PublisherReport,
    ThresholdReport,
};

/// Most file systems and interfaces on the page, each; the JSON has them all.
const ROWS_MAX: usize = 16;

/// One fact in words.
pub(in crate::http) struct HostFact {
    pub(in crate::http) title: &'static str,
    pub(in crate::http) text: String,
    /// As the style sheet knows it; empty for what is neither good nor bad.
    pub(in crate::http) tone: &'static str,
}

const fn plain(title: &'static str, text: String) -> HostFact {
    HostFact {
        title,
        text,
        tone: "",
    }
}

impl HostReport<'_> {
    /// Bad if a limit is breached; open if something else wants somebody.
    pub(in crate::http) fn mood(&self) -> Mood {
        if self.thresholds.iter().any(ThresholdReport::is_breached) {
            return Mood::Bad;
        }
        let is_whole = self.collectors.iter().all(|run| run.success);
        if self.findings.is_empty() && is_whole {
            Mood::Good
        } else {
            Mood::Open
        }
    }

    /// What wants somebody, or that nothing does.
    pub(in crate::http) fn summary(&self) -> String {
        let breached = self.thresholds.iter().filter(|limit| limit.is_breached());
        let mut parts: Vec<String> = breached
            .map(|limit| {
                let title = limit.title().to_lowercase();
                format!("{title} {}", limit.word())
            })
            .collect();
        parts.extend(self.findings.iter().map(|found| found.meaning.to_owned()));
        parts.extend(
            self.failed_collectors()
                .map(|run| format!("{} not read", run.title().to_lowercase())),
        );
        if parts.is_empty() {
            return "within its limits".to_owned();
        }
        parts.join(", ")
    }

    /// Those that did not read all they should.
    pub(in crate::http) fn failed_collectors(&self) -> impl Iterator<Item = &CollectorReport<'_>> {
        self.collectors.iter().filter(|run| !run.success)
    }

    /// The host's name.
    pub(in crate::http) fn title(&self) -> String {
        let name = self.name.map(|name| name.printable().into_owned());
        name.unwrap_or_default()
    }

    /// Everything that is one value.
    pub(in crate::http) fn facts(&self) -> Vec<HostFact> {
        let mut facts = self.facts_of_system();
        facts.extend(self.facts_of_load());
        facts.extend(self.facts_of_processes());
        facts.extend(self.facts_of_kernel());
        facts.extend(self.publisher.map(|counts| {
            let text = counts.in_words();
            plain("Publisher's own counts", text)
        }));
        facts
    }

    fn facts_of_system(&self) -> Vec<HostFact> {
        let missing = || self.missing(HostCollector::System);
        let (support, tone) = match self.publisher_supported {
            None => ("the vendor says nothing about a Publisher on it", ""),
            Some(true) => ("the vendor supports a Publisher on it", "good"),
            Some(false) => ("the vendor supports no Publisher on it", "bad"),
        };
        let system = self.os.map(|os| {
            let version = self.os_version.map(|version| version.printable());
            let version = version.unwrap_or_default();
            format!("{} {version}: {support}", os.printable())
        });
        let kernel = self.kernel.map(|kernel| kernel.printable().into_owned());
        let uptime = self.uptime_seconds.map(|seconds| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            words::span(seconds)
        });
        vec![
            HostFact {
                title: "System",
                text: system.unwrap_or_else(missing),
                tone,
            },
            plain("Kernel", kernel.unwrap_or_else(missing)),
            plain("Running for", uptime.unwrap_or_else(missing)),
            self.clock(),
            self.restart(),
        ]
    }

    fn clock(&self) -> HostFact {
        let (text, tone) = match self.clock_synchronised {
            None => (self.missing(HostCollector::System), ""),
            Some(true) => ("kept by a time service".to_owned(), "good"),
            Some(false) => ("not kept by a time service".to_owned(), "bad"),
        };
        HostFact {
            title: "Clock",
            text,
            tone,
        }
    }

    fn restart(&self) -> HostFact {
        let (text, tone) = match self.reboot_pending {
            None => (self.missing(HostCollector::System), ""),
            Some(false) => ("not needed".to_owned(), ""),
            Some(true) => ("pending, for an update of the system".to_owned(), "open"),
        };
        HostFact {
            title: "Restart",
            text,
            tone,
        }
    }

    fn facts_of_load(&self) -> Vec<HostFact> {
        let load = self.load.map(|[one, five, fifteen]| {
            let processors = self.processors;
            let on = processors.map(|count| {
                let noun = if count == 1 {
                    "processor"
                } else {
                    "processors"
                };
                format!(" on {count} {noun}")
            });
            let on = on.unwrap_or_default();
            format!("{one:.2}, {five:.2}, {fifteen:.2} over 1, 5, 15 min{on}")
        });
        let cpu = self.cpu.map(|cpu| {
            format!(
                "user {}, system {}, waiting for disks {}, taken by the hypervisor {}",
                words::per_cent(cpu.user_ratio),
                words::per_cent(cpu.system_ratio),
                words::per_cent(cpu.iowait_ratio),
                words::per_cent(cpu.steal_ratio),
            )
        });
        vec![
            plain(
                "Load",
                load.unwrap_or_else(|| self.missing(HostCollector::Load)),
            ),
            plain(
                "Processors' time",
                cpu.unwrap_or_else(|| self.missing(HostCollector::Cpu)),
            ),
            self.memory_fact(),
            self.swap(),
            self.update_space_fact(),
        ]
    }

    fn memory_fact(&self) -> HostFact {
        let text = self.memory.map(|memory| {
            format!(
                "{} of {} can be had; buffers {}, cached {}",
                words::human_bytes(memory.available_bytes),
                words::human_bytes(memory.size_bytes),
                words::human_bytes(memory.buffers_bytes),
                words::human_bytes(memory.cached_bytes),
            )
        });
        let missing = || self.missing(HostCollector::Memory);
        plain("Memory", text.unwrap_or_else(missing))
    }

    fn swap(&self) -> HostFact {
        let text = self.memory.map(|memory| match memory.swap_size_bytes {
            0 => "none".to_owned(),
            size => format!(
                "{} of {} free",
                words::human_bytes(memory.swap_free_bytes),
                words::human_bytes(size),
            ),
        });
        let missing = || self.missing(HostCollector::Memory);
        plain("Swap", text.unwrap_or_else(missing))
    }

    fn update_space_fact(&self) -> HostFact {
        let title = "Space for an update";
        let Some(space) = self.update_space else {
            return plain(title, self.missing(HostCollector::Filesystem));
        };
        let (word, tone) = if space.enough {
            ("enough", "good")
        } else {
            ("too little", "bad")
        };
        let text = format!(
            "{} on {}: {word}, the vendor's check wants {}",
            words::human_bytes(space.available_bytes),
            space.mountpoint.printable(),
            words::human_bytes(space.needed_bytes),
        );
        HostFact { title, text, tone }
    }

    fn facts_of_processes(&self) -> Vec<HostFact> {
        let processes = &self.processes;
        let shown = [
            ("Connector's processes", processes.connector),
            ("Largest other process", processes.largest),
            ("Busiest other process", processes.busiest),
        ];
        let has_failed = self
            .failed_collectors()
            .any(|run| run.collector == HostCollector::Process);
        shown
            .into_iter()
            .map(|(title, process)| {
                let none = || {
                    if has_failed {
                        self.missing(HostCollector::Process)
                    } else {
                        "none runs".to_owned()
                    }
                };
                let running = process.filter(|process| process.count != 0);
                let text = running.map(ProcessReport::in_words);
                plain(title, text.unwrap_or_else(none))
            })
            .collect()
    }

    fn facts_of_kernel(&self) -> Vec<HostFact> {
        let limits = &self.limits;
        let of = |used: Option<u64>, most: Option<u64>| {
            let used = words::grouped(used?);
            let most = most.map(|most| format!(" of {}", words::grouped(most)));
            Some(format!("{used}{}", most.unwrap_or_default()))
        };
        let sockets = limits.tcp_sockets.map(|tcp| {
            let ports = limits.ephemeral_ports;
            let ports = ports.map(|ports| format!("; {} ports to go out", words::grouped(ports)));
            format!(
                "{} TCP, {} waiting to be forgotten{}",
                words::grouped(tcp),
                words::grouped(limits.tcp_time_wait.unwrap_or_default()),
                ports.unwrap_or_default(),
            )
        });
        let missing = || self.missing(HostCollector::Kernel);
        let mut facts = vec![
            plain(
                "Open files",
                of(limits.open_files, limits.open_files_max).unwrap_or_else(missing),
            ),
            plain("Sockets", sockets.unwrap_or_else(missing)),
        ];
        // A kernel that tracks no connections has none to count.
        let tracked = of(limits.conntrack, limits.conntrack_max);
        facts.extend(tracked.map(|text| plain("Tracked connections", text)));
        facts
    }

    /// "not known", and why if the collector said so.
    fn missing(&self, collector: HostCollector) -> String {
        let mut runs = self.collectors.iter();
        let run = runs.find(|run| run.collector == collector);
        match run.and_then(|run| run.error) {
            None => "not known".to_owned(),
            Some(error) => format!("not known: {}", error.printable()),
        }
    }

    /// The file systems worth a row: those in trouble, then those that are watched.
    pub(in crate::http) fn shown_filesystems(&self) -> Vec<&FilesystemReport<'_>> {
        let mut shown: Vec<_> = self.filesystems.iter().collect();
        shown.sort_by_key(|disk| (!disk.breached, disk.limit_bytes.is_none()));
        shown.truncate(ROWS_MAX);
        shown
    }

    /// The interfaces worth a row: those that are up first.
    pub(in crate::http) fn shown_interfaces(&self) -> Vec<&InterfaceReport<'_>> {
        let mut shown: Vec<_> = self.interfaces.iter().collect();
        shown.sort_by_key(|interface| !interface.up);
        shown.truncate(ROWS_MAX);
        shown
    }

    /// How many rows of one kind the page leaves out.
    pub(in crate::http) fn left_out(&self, all: usize) -> usize {
        all.saturating_sub(ROWS_MAX)
    }

    /// Why there is no file system to show.
    pub(in crate::http) fn missing_filesystems(&self) -> String {
        self.missing(HostCollector::Filesystem)
    }

    /// Why there is no interface to show.
    pub(in crate::http) fn missing_interfaces(&self) -> String {
        self.missing(HostCollector::Network)
    }
}

impl ProcessReport<'_> {
    fn in_words(self) -> String {
        let count = match self.count {
            ..=1 => String::new(),
            count => format!(" ({} processes)", words::grouped(count)),
        };
        let mut text = format!(
            "{}{count}: {}",
            self.name.printable(),
            words::human_bytes(self.resident_bytes)
        );
        if let Some(share) = self.cpu_ratio {
            text.push_str(&format!(", {} of a processor", words::per_cent(share)));
        }
        if let Some(files) = self.open_files {
            text.push_str(&format!(", {} files open", words::grouped(files)));
        }
        text
    }
}

impl PublisherReport {
    fn in_words(self) -> String {
        let counts = [
            ("SNAT connections", self.snat_connections),
            ("TCP connections", self.tcp_connections),
            ("UDP connections", self.udp_connections),
            ("open files", self.open_files),
        ];
        let known = counts.iter().filter_map(|(noun, count)| {
            let count = words::grouped((*count)?);
            Some(format!("{count} {noun}"))
        });
        known.collect::<Vec<_>>().join(", ")
    }
}

impl CollectorReport<'_> {
    pub(in crate::http) const fn title(&self) -> &'static str {
        match self.collector {
            HostCollector::Cpu => "Processors",
            HostCollector::Load => "Load",
            HostCollector::Memory => "Memory",
            HostCollector::Filesystem => "File systems",
            HostCollector::Network => "Network",
            HostCollector::DiskIo => "Disks",
            HostCollector::Kernel => "Kernel's counts",
            HostCollector::Process => "Processes",
            HostCollector::System => "System",
            HostCollector::Publisher => "Publisher's own counts",
        }
    }
}

impl FilesystemReport<'_> {
    /// What nobody but root could still write counts as used.
    pub(in crate::http) const fn used_bytes(&self) -> u64 {
        self.size_bytes.saturating_sub(self.available_bytes)
    }

    pub(in crate::http) fn used_share(&self) -> String {
        words::share(self.used_bytes(), self.size_bytes)
    }

    /// What is wanted of it.
    pub(in crate::http) fn limit(&self) -> String {
        let what = match (self.read_only, self.holds_update) {
            (true, _) => "read only".to_owned(),
            (false, true) => "updates are written here".to_owned(),
            (false, false) => String::new(),
        };
        let limit = self.limit_bytes.map(words::human_amount);
        match (limit, what.is_empty()) {
            (None, true) => "–".to_owned(),
            (None, false) => what,
            (Some(limit), true) => limit,
            (Some(limit), false) => format!("{limit}, {what}"),
        }
    }

    /// Inodes that are free, in per cent; empty for a file system without.
    pub(in crate::http) fn inodes_share(&self) -> String {
        match self.inodes {
            0 => "–".to_owned(),
            inodes => words::share(self.inodes_free, inodes),
        }
    }
}

impl InterfaceReport<'_> {
    /// Errors and drops of both directions.
    pub(in crate::http) fn troubles(&self) -> String {
        let errors = self.receive_errors.saturating_add(self.transmit_errors);
        let drops = self.receive_drops.saturating_add(self.transmit_drops);
        format!("{} / {}", words::grouped(errors), words::grouped(drops))
    }
}
