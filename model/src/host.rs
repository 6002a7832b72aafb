//! What a host is like at one moment: processors, memory, file systems, network, processes.
//!
//! Raw facts as the kernel counts them, so that each reader derives its own view: ratios
//! for Prometheus, kilobytes and ticks for SNMP. Nothing here reads anything; a part that
//! could not be read is absent, and [`HostSample::collectors`] says why.
//!
//! What a number is worth is not said here but in [`threshold`].
//!
//! Units: bytes and seconds, except ticks, which are hundredths of a second
//! (`USER_HZ` is 100 on every Linux that we know: proc(5), sysconf(3)).

pub mod threshold;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::log::label_set;

/// Most file systems, interfaces and processors that are kept, each. A host with more is
/// shown in part, and the collector says so.
pub const HOST_ROWS_MAX: usize = 256;

/// What must be free for an update, in bytes: the vendor checks it before one and does not
/// begin with less. A fact of the vendor's and no limit of ours, which may be set.
///
/// Source: vendor help page "Manage a Publisher", read 2026-08-20: 300 MB.
pub const UPDATE_SPACE_MIN_BYTES: u64 = 300_000_000;

label_set! {
    /// A part of a host that is read on its own, so that one that hangs stops no other.
    HostCollector {
        /// Processors: times by what they did.
        Cpu = "cpu",
        /// Load averages.
        Load = "load",
        /// Memory and swap.
        Memory = "memory",
        /// File systems.
        Filesystem = "filesystem",
        /// Network interfaces.
        Network = "network",
        /// Disks' transfers.
        DiskIo = "disk_io",
        /// Open files, connection tracking, ephemeral ports, interrupts.
        Kernel = "kernel",
        /// Processes of the connector and the largest other one.
        Process = "process",
        /// Name, release, uptime, clock, pending reboot.
        System = "system",
        /// The Publisher's own counts.
        Publisher = "publisher",
    }
}

/// The host at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostSample {
    /// When it was read, by the wall clock.
    pub taken_at: Option<Timestamp>,
    /// How each collector fared, every collector that ran present.
    pub collectors: Vec<CollectorRun>,
    /// All processors added up. `None` if it could not be read.
    pub cpu: Option<CpuTimes>,
    /// Each processor, in the kernel's order.
    pub processors: Vec<CpuTimes>,
    /// Shares of time over the window before the sample; `None` until there was one.
    pub cpu_shares: Option<CpuShares>,
    /// The same for each processor, in the kernel's order.
    pub processor_shares: Vec<CpuShares>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Memory.
    pub memory: Option<Memory>,
    /// File systems that hold data, by mount point.
    pub filesystems: Vec<Filesystem>,
    /// Network interfaces, by index.
    pub interfaces: Vec<Interface>,
    /// Disks, by name.
    pub disks: Vec<DiskIo>,
    /// Counts of the kernel.
    pub kernel: Kernel,
    /// The connector's processes together.
    pub connector_process: Option<ProcessUse>,
    /// The process that holds most memory and is not the connector's.
    pub largest_process: Option<ProcessUse>,
    /// The process that took most processor time over the last window and is not the
    /// connector's; `None` until there was a window, and if all others idled.
    pub busiest_process: Option<ProcessUse>,
    /// Who the host is.
    pub system: System,
    /// What the Publisher counts inside, by its own four names.
    pub publisher: Option<PublisherCounts>,
}

impl HostSample {
    /// The scarcest of the file systems that an update of the connector is written to.
    /// `None` if none is known.
    pub fn update_filesystem(&self) -> Option<&Filesystem> {
        let holding = self.filesystems.iter().filter(|disk| disk.holds_update);
        holding.min_by_key(|disk| disk.available)
    }

    /// Bytes free there.
    pub fn update_space(&self) -> Option<u64> {
        self.update_filesystem().map(|disk| disk.available)
    }

    /// Whether the vendor's own check before an update would find space enough.
    pub fn has_update_space(&self) -> Option<bool> {
        self.update_space()
            .map(|available| UPDATE_SPACE_MIN_BYTES <= available)
    }
}

/// How one collector fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorRun {
    /// Which.
    pub collector: HostCollector,
    /// Whether it read everything it should.
    pub is_success: bool,
    /// How long it took. The time limit, if it was given up.
    pub duration: Duration,
    /// Why not, for people.
    pub error: Option<String>,
    /// Its threads that do not come back from the kernel: at most one, and for file
    /// systems one a mount.
    pub hung_threads: u64,
}

/// Times of a processor since boot in ticks, as `/proc/stat` counts them (proc_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CpuTimes {
    /// Programs, guests included.
    pub user: u64,
    /// Programs of low priority, guests included.
    pub nice: u64,
    /// The kernel, without interrupts.
    pub system: u64,
    /// Nothing.
    pub idle: u64,
    /// Nothing, while a disk was waited for.
    pub iowait: u64,
    /// Interrupts.
    pub irq: u64,
    /// Soft interrupts.
    pub softirq: u64,
    /// Taken by the hypervisor for others.
    pub steal: u64,
    /// Guests, contained in `user`.
    pub guest: u64,
    /// Guests of low priority, contained in `nice`.
    pub guest_nice: u64,
}

/// Shares of a processor's time, 0 to 1, over a window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CpuShares {
    /// Programs, of any priority.
    pub user: f64,
    /// The kernel, interrupts included.
    pub system: f64,
    /// Nothing.
    pub idle: f64,
    /// Waiting for disks.
    pub iowait: f64,
    /// Taken by the hypervisor.
    pub steal: f64,
}

impl CpuShares {
    /// Everything but idling and waiting for disks: what the vendor's threshold is about.
    pub fn used(&self) -> f64 {
        (1.0 - self.idle - self.iowait).clamp(0.0, 1.0)
    }
}

/// Memory in bytes, by the names of `/proc/meminfo` (proc_meminfo(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// MemTotal.
    pub total: u64,
    /// MemFree.
    pub free: u64,
    /// MemAvailable.
    pub available: u64,
    /// Buffers.
    pub buffers: u64,
    /// Cached, without reclaimable slabs.
    pub cached: u64,
    /// SReclaimable.
    pub slab_reclaimable: u64,
    /// Shmem.
    pub shared: u64,
    /// SwapTotal.
    pub swap_total: u64,
    /// SwapFree.
    pub swap_free: u64,
}

impl Memory {
    /// Share of memory that cannot be had without swapping, 0 to 1.
    pub fn used_ratio(&self) -> Option<f64> {
        let used = self.total.checked_sub(self.available)?;
        (self.total != 0).then(|| ratio(used, self.total))
    }
}

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mountpoint: Arc<str>,
    /// What is mounted.
    pub device: Arc<str>,
    /// Its type, for example `ext4`.
    pub fstype: Arc<str>,
    /// Bytes in all.
    pub size: u64,
    /// Bytes free for root.
    pub free: u64,
    /// Bytes free for everybody else.
    pub available: u64,
    /// Size of a block.
    pub block_size: u64,
    /// Inodes in all; 0 if the file system has none.
    pub inodes: u64,
    /// Inodes free.
    pub inodes_free: u64,
    /// Whether nothing can be written.
    pub is_read_only: bool,
    /// Whether an update of the connector is written to it.
    pub holds_update: bool,
}

impl Filesystem {
    /// Whether data is kept on it: it can be written to, lies not in memory, and does not
    /// hold kernels or a boot loader, which fill small disks by design.
    pub fn holds_data(&self) -> bool {
        let is_in_memory = matches!(&*self.fstype, "tmpfs" | "ramfs");
        let is_for_booting = &*self.mountpoint == "/boot" || self.mountpoint.starts_with("/boot/");
        !self.is_read_only && !is_in_memory && !is_for_booting
    }
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interface {
    /// The kernel's index.
    pub index: u32,
    /// Its name.
    pub name: Arc<str>,
    /// Hardware address; empty if it has none.
    pub address: Vec<u8>,
    /// The kernel's type number (ARPHRD, if_arp.h).
    pub hardware_type: u32,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// Bits a second; `None` if unknown.
    pub speed: Option<u64>,
    /// Whether it is meant to be up.
    pub is_admin_up: bool,
    /// Whether it is up.
    pub is_up: bool,
    /// Whether it takes all packets.
    pub is_promiscuous: bool,
    /// Received.
    pub receive: Traffic,
    /// Sent.
    pub transmit: Traffic,
}

/// Counts of one direction of an interface since it came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Packets to many; only counted for receiving.
    pub multicast: u64,
    /// Errors.
    pub errors: u64,
    /// Dropped.
    pub drops: u64,
}

/// Transfers of a disk since boot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiskIo {
    /// The device's name, for example `sda`.
    pub name: Arc<str>,
    /// Reads completed.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Writes completed.
    pub writes: u64,
    /// Bytes written.
    pub written_bytes: u64,
}

/// Counts and limits of the kernel; `None` where it does not have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kernel {
    /// Open files, over all processes.
    pub files_open: Option<u64>,
    /// Most open files.
    pub files_max: Option<u64>,
    /// Tracked connections.
    pub conntrack: Option<u64>,
    /// Most tracked connections.
    pub conntrack_max: Option<u64>,
    /// Ephemeral ports there are.
    pub ports: Option<u64>,
    /// Of those, how many a TCP socket has, each counted once.
    pub tcp_ports_used: Option<u64>,
    /// Of those, how many a UDP socket has, each counted once.
    pub udp_ports_used: Option<u64>,
    /// TCP sockets in use.
    pub tcp_sockets: Option<u64>,
    /// TCP connections that wait to be forgotten.
    pub tcp_time_wait: Option<u64>,
    /// UDP sockets in use.
    pub udp_sockets: Option<u64>,
    /// Interrupts since boot.
    pub interrupts: Option<u64>,
    /// Context switches since boot.
    pub context_switches: Option<u64>,
    /// Kilobytes paged in since boot.
    pub paged_in: Option<u64>,
    /// Kilobytes paged out since boot.
    pub paged_out: Option<u64>,
    /// Pages swapped in since boot.
    pub swapped_in: Option<u64>,
    /// Pages swapped out since boot.
    pub swapped_out: Option<u64>,
    /// Processes there are.
    pub processes: Option<u64>,
}

/// What a process, or several together, use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProcessUse {
    /// The program's short name. From the host: shown, never a label.
    pub name: Arc<str>,
    /// How many processes it is.
    pub processes: u64,
    /// Processor time since they started, in ticks.
    pub cpu_ticks: u64,
    /// Share of one processor over the last window; `None` until there was one.
    pub cpu_share: Option<f64>,
    /// Memory that they hold, in bytes.
    pub resident_bytes: u64,
    /// Files that they hold open; `None` if we may not look.
    pub files_open: Option<u64>,
}

/// Who the host is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// Its name.
    pub hostname: Arc<str>,
    /// The kernel as uname(1) prints it: system, host, release, version and machine.
    pub kernel: Arc<str>,
    /// `ID` of os-release(5), for example `ubuntu`.
    pub os_id: Arc<str>,
    /// `VERSION_ID` of os-release(5), for example `22.04`.
    pub os_version: Arc<str>,
    /// Since it was started.
    pub uptime: Option<Duration>,
    /// Whether its clock is kept by a time service.
    pub is_clock_synchronised: Option<bool>,
    /// Whether an update waits for a restart.
    pub is_reboot_pending: Option<bool>,
    /// People who are logged in.
    pub users: Option<u64>,
}

impl System {
    /// Whether the vendor supports a Publisher on this system: on Ubuntu, and no longer on
    /// CentOS. `None` where the vendor says nothing, as of other systems.
    ///
    /// Source: vendor help page "Manage a Publisher", read 2026-08-20; support for CentOS
    /// ended with release 105.
    pub fn supports_publisher(&self) -> Option<bool> {
        match &*self.os_id {
            "ubuntu" => Some(true),
            "centos" => Some(false),
            _ => None,
        }
    }
}

/// What a Publisher counts inside. Names by a user's public monitoring script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublisherCounts {
    /// `num_snat_conns`.
    pub snat_connections: Option<u64>,
    /// `num_tcp_conns`.
    pub tcp_connections: Option<u64>,
    /// `num_udp_conns`.
    pub udp_connections: Option<u64>,
    /// `num_opened_fds`.
    pub files_open: Option<u64>,
}

/// A share as a floating point number.
fn ratio(part: u64, whole: u64) -> f64 {
    approximate(part) / approximate(whole)
}

/// A number as a floating point number. Exact enough for a page and a threshold.
#[expect(
    clippy::as_conversions,
    reason = "no lossless conversion exists; the loss is below one in 2^52"
)]
const fn approximate(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_memory_is_what_cannot_be_had() {
        let memory = Memory {
            total: 1_000,
            available: 250,
            ..Memory::default()
        };
        assert_eq!(memory.used_ratio(), Some(0.75));
        assert_eq!(Memory::default().used_ratio(), None);
    }

    #[test]
    fn an_update_needs_space_on_each_of_its_file_systems() {
        let disk = |available, holds_update| Filesystem {
            mountpoint: Arc::from("/"),
            device: Arc::from("/dev/sda1"),
            fstype: Arc::from("ext4"),
            size: 20_000_000_000,
            free: available,
            available,
            block_size: 4096,
            inodes: 0,
            inodes_free: 0,
            is_read_only: false,
            holds_update,
        };
        let sample = |filesystems| HostSample {
            filesystems,
            ..HostSample::default()
        };
        let enough = sample(vec![
            disk(1, false),
            disk(300_000_000, true),
            disk(u64::MAX, true),
        ]);
        assert_eq!(enough.update_space(), Some(300_000_000));
        assert_eq!(enough.has_update_space(), Some(true));
        let scarce = sample(vec![disk(299_999_999, true), disk(u64::MAX, true)]);
        assert_eq!(scarce.has_update_space(), Some(false));
        assert_eq!(sample(vec![disk(1, false)]).has_update_space(), None);
    }

    #[test]
    fn a_publisher_belongs_on_ubuntu() {
        let on = |os_id: &str| System {
            os_id: Arc::from(os_id),
            ..System::default()
        };
        assert_eq!(on("ubuntu").supports_publisher(), Some(true));
        assert_eq!(on("centos").supports_publisher(), Some(false));
        assert_eq!(on("debian").supports_publisher(), None);
    }

    #[test]
    fn a_processor_that_waits_for_disks_is_not_used() {
        let shares = CpuShares {
            idle: 0.5,
            iowait: 0.25,
            ..CpuShares::default()
        };
        assert_eq!(shares.used(), 0.25);
    }
}
