//! The part of the report about the host.
//!
//! A view of the last sample and of how it stands to its limits, borrowed from the
//! snapshot. Numbers stay as the sample has them; what could not be read is `null`, and
//! the collector that should have read it says why. Names of processes, mount points and
//! error texts come from the host and are [`Foreign`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::host::threshold::{HostResource, Side, Threshold, ThresholdFact};
use model::host::{
    CollectorRun, CpuShares, Filesystem, HostCollector, HostSample, Interface, Kernel, Memory,
    ProcessUse, PublisherCounts, UPDATE_SPACE_MIN_BYTES,
};
use model::snapshot::HostSnapshot;
use serde::{Serialize, Serializer};

use super::{Foreign, milliseconds};
use crate::http::advice::{self, Finding};

/// The host at one moment.
#[derive(Debug, Serialize)]
pub(in crate::http) struct HostReport<'a> {
    pub(in crate::http) sampled_at: Option<Timestamp>,
    pub(in crate::http) name: Option<Foreign<'a>>,
    pub(in crate::http) os: Option<Foreign<'a>>,
    pub(in crate::http) os_version: Option<Foreign<'a>>,
    pub(in crate::http) kernel: Option<Foreign<'a>>,
    /// Whether the vendor supports a Publisher on this system.
    pub(in crate::http) publisher_supported: Option<bool>,
    pub(in crate::http) uptime_seconds: Option<u64>,
    pub(in crate::http) clock_synchronised: Option<bool>,
    pub(in crate::http) reboot_pending: Option<bool>,
    pub(in crate::http) processors: Option<usize>,
    /// Over 1, 5 and 15 minutes.
    pub(in crate::http) load: Option<[f64; 3]>,
    pub(in crate::http) cpu: Option<CpuReport>,
    pub(in crate::http) memory: Option<MemoryReport>,
    pub(in crate::http) update_space: Option<UpdateSpaceReport<'a>>,
    /// What wants somebody beside the limits.
    pub(in crate::http) findings: Vec<FindingReport>,
    /// Breached ones first.
    pub(in crate::http) thresholds: Vec<ThresholdReport<'a>>,
    pub(in crate::http) filesystems: Vec<FilesystemReport<'a>>,
    pub(in crate::http) interfaces: Vec<InterfaceReport<'a>>,
    pub(in crate::http) processes: ProcessesReport<'a>,
    pub(in crate::http) limits: LimitsReport,
    pub(in crate::http) publisher: Option<PublisherReport>,
    pub(in crate::http) collectors: Vec<CollectorReport<'a>>,
}

/// Shares of processors' time, 0 to 1.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct CpuReport {
    pub(in crate::http) used_ratio: f64,
    pub(in crate::http) user_ratio: f64,
    pub(in crate::http) system_ratio: f64,
    pub(in crate::http) idle_ratio: f64,
    pub(in crate::http) iowait_ratio: f64,
    pub(in crate::http) steal_ratio: f64,
}

/// Memory in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct MemoryReport {
    pub(in crate::http) used_ratio: Option<f64>,
    pub(in crate::http) size_bytes: u64,
    pub(in crate::http) free_bytes: u64,
    pub(in crate::http) available_bytes: u64,
    pub(in crate::http) buffers_bytes: u64,
    pub(in crate::http) cached_bytes: u64,
    pub(in crate::http) swap_size_bytes: u64,
    pub(in crate::http) swap_free_bytes: u64,
}

/// The vendor's check before an update, as its own fact: it may be stricter or laxer than
/// the configured limit.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct UpdateSpaceReport<'a> {
    /// The fullest of the file systems that an update is written to.
    pub(in crate::http) mountpoint: Foreign<'a>,
    pub(in crate::http) available_bytes: u64,
    pub(in crate::http) needed_bytes: u64,
    pub(in crate::http) enough: bool,
}

/// Something that wants somebody.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct FindingReport {
    pub(in crate::http) finding: &'static str,
    pub(in crate::http) meaning: &'static str,
    pub(in crate::http) advice: &'static str,
}

/// One limit and how its resource stands to it.
#[derive(Debug, Clone, Serialize)]
pub(in crate::http) struct ThresholdReport<'a> {
    #[serde(serialize_with = "resource_name")]
    pub(in crate::http) resource: HostResource,
    pub(in crate::http) limit: f64,
    /// The worst number of now.
    pub(in crate::http) value: Option<f64>,
    pub(in crate::http) breached: Option<bool>,
    /// Beyond the limit, but not for long enough to be breached.
    pub(in crate::http) pending: bool,
    /// The file systems that are.
    pub(in crate::http) mountpoints: Vec<Foreign<'a>>,
    /// What to do, while it is breached.
    pub(in crate::http) advice: Option<&'static str>,
}

/// A mounted file system.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct FilesystemReport<'a> {
    pub(in crate::http) mountpoint: Foreign<'a>,
    #[serde(rename = "type")]
    pub(in crate::http) fstype: Foreign<'a>,
    pub(in crate::http) size_bytes: u64,
    pub(in crate::http) free_bytes: u64,
    pub(in crate::http) available_bytes: u64,
    pub(in crate::http) inodes: u64,
    pub(in crate::http) inodes_free: u64,
    pub(in crate::http) read_only: bool,
    pub(in crate::http) holds_update: bool,
    /// The highest limit that watches it; `None` if none does.
    pub(in crate::http) limit_bytes: Option<f64>,
    pub(in crate::http) breached: bool,
}

/// A network interface.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct InterfaceReport<'a> {
    pub(in crate::http) device: Foreign<'a>,
    pub(in crate::http) up: bool,
    pub(in crate::http) speed_bits: Option<u64>,
    pub(in crate::http) receive_bytes: u64,
    pub(in crate::http) transmit_bytes: u64,
    pub(in crate::http) receive_errors: u64,
    pub(in crate::http) transmit_errors: u64,
    pub(in crate::http) receive_drops: u64,
    pub(in crate::http) transmit_drops: u64,
}

/// The processes worth a word.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct ProcessesReport<'a> {
    /// How many there are in all.
    pub(in crate::http) count: Option<u64>,
    pub(in crate::http) connector: Option<ProcessReport<'a>>,
    /// By memory, beside the connector's.
    pub(in crate::http) largest: Option<ProcessReport<'a>>,
    /// By processor time, beside the connector's.
    pub(in crate::http) busiest: Option<ProcessReport<'a>>,
}

/// What a process, or several together, use.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct ProcessReport<'a> {
    pub(in crate::http) name: Foreign<'a>,
    pub(in crate::http) count: u64,
    pub(in crate::http) cpu_ratio: Option<f64>,
    pub(in crate::http) resident_bytes: u64,
    pub(in crate::http) open_files: Option<u64>,
}

/// What the kernel has only so many of.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct LimitsReport {
    pub(in crate::http) open_files: Option<u64>,
    pub(in crate::http) open_files_max: Option<u64>,
    pub(in crate::http) conntrack: Option<u64>,
    pub(in crate::http) conntrack_max: Option<u64>,
    pub(in crate::http) ephemeral_ports: Option<u64>,
    pub(in crate::http) tcp_sockets: Option<u64>,
    pub(in crate::http) tcp_time_wait: Option<u64>,
    pub(in crate::http) udp_sockets: Option<u64>,
}

/// What the Publisher counts itself.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct PublisherReport {
    pub(in crate::http) snat_connections: Option<u64>,
    pub(in crate::http) tcp_connections: Option<u64>,
    pub(in crate::http) udp_connections: Option<u64>,
    pub(in crate::http) open_files: Option<u64>,
}

/// How one part of the host was read.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct CollectorReport<'a> {
    #[serde(serialize_with = "collector_name")]
    pub(in crate::http) collector: HostCollector,
    pub(in crate::http) success: bool,
    pub(in crate::http) duration_ms: u64,
    pub(in crate::http) error: Option<Foreign<'a>>,
    pub(in crate::http) hung_threads: u64,
    /// What to do, if it failed.
    pub(in crate::http) advice: Option<&'static str>,
}

/// Whether a Publisher is among the connectors: not every system may carry one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guests {
    /// One is.
    Publisher,
    /// Only endpoint clients, or nothing.
    NoPublisher,
}

/// Reports the host.
pub(super) fn host_report(host: &HostSnapshot, guests: Guests) -> HostReport<'_> {
    let sample = &*host.sample;
    let system = &sample.system;
    let processors = sample.processors.len();
    let update_space = update_space_report(sample);
    HostReport {
        sampled_at: sample.taken_at,
        name: known(&system.hostname),
        os: known(&system.os_id),
        os_version: known(&system.os_version),
        kernel: known(&system.kernel),
        publisher_supported: system.supports_publisher(),
        uptime_seconds: system.uptime.map(|uptime| uptime.as_secs()),
        clock_synchronised: system.is_clock_synchronised,
        reboot_pending: system.is_reboot_pending,
        processors: (processors != 0).then_some(processors),
        load: sample.load,
        cpu: sample.cpu_shares.map(cpu_report),
        memory: sample.memory.map(memory_report),
        update_space,
        findings: finding_reports(host, update_space, guests),
        thresholds: threshold_reports(host),
        filesystems: filesystem_reports(host),
        interfaces: sample.interfaces.iter().map(interface_report).collect(),
        processes: ProcessesReport {
            count: sample.kernel.processes,
            connector: sample.connector_process.as_ref().map(process_report),
            largest: sample.largest_process.as_ref().map(process_report),
            busiest: sample.busiest_process.as_ref().map(process_report),
        },
        limits: limits_report(&sample.kernel),
        publisher: sample.publisher.map(publisher_report),
        collectors: sample.collectors.iter().map(collector_report).collect(),
    }
}

/// A text that the host has; empty is none.
fn known(text: &str) -> Option<Foreign<'_>> {
    (!text.is_empty()).then_some(Foreign(text))
}

fn cpu_report(shares: CpuShares) -> CpuReport {
    CpuReport {
        used_ratio: shares.used(),
        user_ratio: shares.user,
        system_ratio: shares.system,
        idle_ratio: shares.idle,
        iowait_ratio: shares.iowait,
        steal_ratio: shares.steal,
    }
}

fn memory_report(memory: Memory) -> MemoryReport {
    MemoryReport {
        used_ratio: memory.used_ratio(),
        size_bytes: memory.total,
        free_bytes: memory.free,
        available_bytes: memory.available,
        buffers_bytes: memory.buffers,
        cached_bytes: memory.cached,
        swap_size_bytes: memory.swap_total,
        swap_free_bytes: memory.swap_free,
    }
}

fn update_space_report(sample: &HostSample) -> Option<UpdateSpaceReport<'_>> {
    let fullest = sample.update_filesystem()?;
    Some(UpdateSpaceReport {
        mountpoint: Foreign(&fullest.mountpoint),
        available_bytes: fullest.available,
        needed_bytes: UPDATE_SPACE_MIN_BYTES,
        enough: sample.has_update_space()?,
    })
}

fn finding_reports(
    host: &HostSnapshot,
    update_space: Option<UpdateSpaceReport<'_>>,
    guests: Guests,
) -> Vec<FindingReport> {
    let system = &host.sample.system;
    let is_unsupported = system.supports_publisher() == Some(false);
    // A limit that is breached has said so already.
    let is_told = host.thresholds.iter().any(|fact| {
        fact.row.resource == HostResource::UpdateSpace && fact.is_breached == Some(true)
    });
    let is_too_small = update_space.is_some_and(|space| !space.enough);
    let found = [
        (
            is_unsupported && guests == Guests::Publisher,
            Finding::SystemNotSupported,
        ),
        (
            system.is_clock_synchronised == Some(false),
            Finding::ClockNotSynchronised,
        ),
        (is_too_small && !is_told, Finding::UpdateSpaceTooSmall),
        (
            system.is_reboot_pending == Some(true),
            Finding::RebootPending,
        ),
    ];
    let found = found.into_iter().filter(|(is_so, _)| *is_so);
    found
        .map(|(_, finding)| FindingReport {
            finding: finding.name(),
            meaning: finding.meaning(),
            advice: finding.advice(),
        })
        .collect()
}

fn threshold_reports(host: &HostSnapshot) -> Vec<ThresholdReport<'_>> {
    let reports = host.thresholds.iter();
    let mut reports: Vec<_> = reports
        .map(|fact| threshold_report(fact, &host.sample))
        .collect();
    reports.sort_by_key(|report| report.breached != Some(true));
    reports
}

fn threshold_report<'a>(fact: &'a ThresholdFact, sample: &HostSample) -> ThresholdReport<'a> {
    let is_breached = fact.is_breached == Some(true);
    let mountpoints = fact.mountpoints.iter();
    let resource = fact.row.resource;
    ThresholdReport {
        resource,
        limit: fact.row.value,
        value: worst(&fact.row, sample),
        breached: fact.is_breached,
        pending: fact.is_pending,
        mountpoints: mountpoints.map(|place| Foreign(place)).collect(),
        advice: is_breached.then(|| advice::of_threshold(resource)),
    }
}

/// The number that is nearest to the limit, or farthest beyond it.
fn worst(row: &Threshold, sample: &HostSample) -> Option<f64> {
    let seen = row.observe(sample).into_iter().map(|seen| seen.value);
    match row.side {
        Side::Above => seen.reduce(f64::max),
        Side::Below => seen.reduce(f64::min),
    }
}

fn filesystem_reports(host: &HostSnapshot) -> Vec<FilesystemReport<'_>> {
    let mut limits: BTreeMap<&str, f64> = BTreeMap::new();
    let mut observed = Vec::new();
    for fact in &host.thresholds {
        let seen = fact.row.observe(&host.sample).into_iter();
        let places = seen.filter_map(|seen| seen.mountpoint);
        observed.extend(places.map(|place| (place, fact.row.value)));
    }
    for (place, limit) in &observed {
        let highest = limits.entry(place).or_insert(*limit);
        *highest = highest.max(*limit);
    }
    let disks = host.sample.filesystems.iter();
    disks
        .map(|disk| FilesystemReport {
            limit_bytes: limits.get(&*disk.mountpoint).copied(),
            breached: is_breached(disk, &host.thresholds),
            ..filesystem_report(disk)
        })
        .collect()
}

fn is_breached(disk: &Filesystem, thresholds: &[ThresholdFact]) -> bool {
    let mut mountpoints = thresholds.iter().flat_map(|fact| &fact.mountpoints);
    mountpoints.any(|mountpoint| *mountpoint == disk.mountpoint)
}

fn filesystem_report(disk: &Filesystem) -> FilesystemReport<'_> {
    FilesystemReport {
        mountpoint: Foreign(&disk.mountpoint),
        fstype: Foreign(&disk.fstype),
        size_bytes: disk.size,
        free_bytes: disk.free,
        available_bytes: disk.available,
        inodes: disk.inodes,
        inodes_free: disk.inodes_free,
        read_only: disk.is_read_only,
        holds_update: disk.holds_update,
        limit_bytes: None,
        breached: false,
    }
}

fn interface_report(interface: &Interface) -> InterfaceReport<'_> {
    InterfaceReport {
        device: Foreign(&interface.name),
        up: interface.is_up,
        speed_bits: interface.speed,
        receive_bytes: interface.receive.bytes,
        transmit_bytes: interface.transmit.bytes,
        receive_errors: interface.receive.errors,
        transmit_errors: interface.transmit.errors,
        receive_drops: interface.receive.drops,
        transmit_drops: interface.transmit.drops,
    }
}

fn process_report(process: &ProcessUse) -> ProcessReport<'_> {
    ProcessReport {
        name: Foreign(&process.name),
        count: process.processes,
        cpu_ratio: process.cpu_share,
        resident_bytes: process.resident_bytes,
        open_files: process.files_open,
    }
}

const fn limits_report(kernel: &Kernel) -> LimitsReport {
    LimitsReport {
        open_files: kernel.files_open,
        open_files_max: kernel.files_max,
        conntrack: kernel.conntrack,
        conntrack_max: kernel.conntrack_max,
        ephemeral_ports: kernel.ports,
        tcp_sockets: kernel.tcp_sockets,
        tcp_time_wait: kernel.tcp_time_wait,
        udp_sockets: kernel.udp_sockets,
    }
}

const fn publisher_report(counts: PublisherCounts) -> PublisherReport {
    PublisherReport {
        snat_connections: counts.snat_connections,
        tcp_connections: counts.tcp_connections,
        udp_connections: counts.udp_connections,
        open_files: counts.files_open,
    }
}

fn collector_report(run: &CollectorRun) -> CollectorReport<'_> {
    CollectorReport {
        collector: run.collector,
        success: run.is_success,
        duration_ms: milliseconds(run.duration),
        error: run.error.as_deref().map(Foreign),
        hung_threads: run.hung_threads,
        advice: (!run.is_success).then(|| advice::of_collector(run)),
    }
}

fn resource_name<S: Serializer>(resource: &HostResource, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(resource.name())
}

fn collector_name<S: Serializer>(
    collector: &HostCollector,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(collector.name())
}
