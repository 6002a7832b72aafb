//! Reads what the host is like: processors, memory, disks, network, processes, clock.
//!
//! [`Sampler`] asks one collector a file of this folder, each on a thread of its own, and
//! makes one [`model::host::HostSample`] of the answers. Limits are
//! [`model::host::threshold`]'s, publishing is not done here.
//!
//! Every fact has one source: `/proc`, `/sys`, statvfs(2), sysinfo(2) and uname(2), and for
//! the list of processes the package `sysinfo` (ADR 0014). A package that knows many
//! systems gives shares where SNMP wants counts since boot, and asks all mounts on the
//! caller's thread, where one dead server stops everything (ADR 0013). Files and calls
//! only: no program is run, no right is needed.
//!
//! # What is published
//!
//! Rows for `model::signal`; names, where there is one to share, are node_exporter's with
//! another prefix. All are gauges but those that end in `_total`. No label `connector`:
//! it is the host's. `device` and `mountpoint` are bounded by
//! [`model::host::HOST_ROWS_MAX`].
//!
//! - `ztna_host_cpu_used_ratio`, from `cpu_shares.used()`: Share of processors' time that
//!   was used over the last minute, without waiting for disks
//! - `ztna_host_cpu_share_ratio`, label `mode` (user, system, idle, iowait, steal), from
//!   `cpu_shares`: Share of processors' time over the last minute, by what they did
//! - `ztna_host_cpu_seconds_total`, label `mode` (the eight of `CpuTimes` without guests),
//!   from `cpu`, ticks / 100: Processors' time since boot, by what they did
//! - `ztna_host_processors`, from `processors.len()`: Processors that are on
//! - `ztna_host_load1`, `_load5`, `_load15`, from `load`: Load average over 1, 5, 15
//!   minutes
//! - `ztna_host_memory_used_ratio`, from `memory.used_ratio()`: Share of memory that cannot
//!   be had without swapping
//! - `ztna_host_memory_used_bytes`, from `total` less `available`: Memory that cannot be
//!   had without swapping
//! - `ztna_host_memory_size_bytes`, from `memory.total`: Memory in all
//! - `ztna_host_memory_free_bytes`, from `memory.free`: Memory that nobody uses
//! - `ztna_host_memory_available_bytes`, from `memory.available`: Memory that can be had
//!   without swapping
//! - `ztna_host_memory_buffers_bytes`, from `memory.buffers`: Memory for blocks of disks
//! - `ztna_host_memory_cached_bytes`, from `memory.cached`: Memory for contents of files
//! - `ztna_host_swap_size_bytes`, `ztna_host_swap_free_bytes`, from `memory.swap_*`: Swap
//!   in all; that is free
//! - `ztna_host_filesystem_size_bytes`, label `mountpoint`, from `size`: Size of the file
//!   system
//! - `ztna_host_filesystem_free_bytes`, label `mountpoint`, from `free`: Free space, that
//!   for root included
//! - `ztna_host_filesystem_avail_bytes`, label `mountpoint`, from `available`: Free space
//!   for everybody
//! - `ztna_host_filesystem_files`, `ztna_host_filesystem_files_free`, label `mountpoint`,
//!   from `inodes*`: Inodes in all; that are free
//! - `ztna_host_filesystem_readonly`, label `mountpoint`, from `is_read_only`: Whether
//!   nothing can be written (1)
//! - `ztna_host_filesystem_holds_update`, label `mountpoint`, from `holds_update`: Whether
//!   an update of the connector is written there (1)
//! - `ztna_host_update_space_sufficient`, from `HostSample::has_update_space`: Whether the
//!   300 MB are free that the vendor checks before an update (1)
//! - `ztna_host_update_space_bytes`, from least `available` of those that `holds_update`:
//!   Free space where an update of the connector is written
//! - `ztna_host_network_receive_bytes_total`, `_transmit_bytes_total`, label `device`, from
//!   `receive.bytes`, …: Bytes received; sent
//! - `ztna_host_network_receive_packets_total`, `_transmit_packets_total`, label `device`,
//!   from `.packets`: Packets received; sent
//! - `ztna_host_network_receive_errs_total`, `_transmit_errs_total`, label `device`,
//!   from `.errors`: Errors at receiving; sending
//! - `ztna_host_network_receive_drop_total`, `_transmit_drop_total`, label `device`, from
//!   `.drops`: Packets dropped at receiving; sending
//! - `ztna_host_network_up`, label `device`, from `is_up`: Whether the interface is up (1)
//! - `ztna_host_network_speed_bytes`, label `device`, from `speed` / 8, absent if unknown:
//!   Bytes a second that the interface can carry
//! - `ztna_host_disk_read_bytes_total`, `_written_bytes_total`, label `device`, from
//!   `read_bytes`, …: Bytes read from the disk; written
//! - `ztna_host_disk_reads_completed_total`, `_writes_completed_total`, label `device`,
//!   from `reads`, `writes`: Reads completed; writes
//! - `ztna_host_filefd_allocated`, `ztna_host_filefd_maximum`, from `kernel.files_*`: Open files of
//!   all processes; most there may be
//! - `ztna_host_conntrack_entries`, `_conntrack_entries_limit`, from `kernel.conntrack*`:
//!   Tracked connections; most there may be
//! - `ztna_host_ephemeral_ports`, from `kernel.ports`: Ports for connections that go out
//! - `ztna_host_ephemeral_ports_used`, label `protocol` (tcp, udp), from
//!   `kernel.*_ports_used`: Of these, how many a socket has
//! - `ztna_host_sockets`, label `protocol` (tcp, udp), from `kernel.*_sockets`: Sockets in
//!   use
//! - `ztna_host_sockets_time_wait`, from `kernel.tcp_time_wait`: TCP connections that wait
//!   to be forgotten
//! - `ztna_host_processes`, from `kernel.processes`: Processes there are
//! - `ztna_host_process_instances`, label `process` (connector, largest, busiest), from
//!   `ProcessUse::processes`: Processes that it is
//! - `ztna_host_process_cpu_ratio`, label `process`, from `cpu_share`: Share of one
//!   processor over the last interval
//! - `ztna_host_process_resident_memory_bytes`, label `process`, from `resident_bytes`:
//!   Memory that it holds
//! - `ztna_host_process_open_fds`, label `process`, from `files_open`: Files that it holds
//!   open
//! - `ztna_host_boot_time_seconds`, from `taken_at - uptime`, rounded: When the host
//!   was started
//! - `ztna_host_clock_synchronised`, from `is_clock_synchronised`, absent if unknown:
//!   Whether a time service keeps the clock (1)
//! - `ztna_host_reboot_pending`, from `is_reboot_pending`, absent if unknown: Whether an
//!   update waits for a restart (1)
//! - `ztna_host_os_supported`, from `System::supports_publisher`, absent if unknown:
//!   Whether the vendor supports a Publisher on this system (1)
//! - `ztna_host_info` (Info), label `os`, `version`, `kernel` (release), from `system`:
//!   Which system the host has
//! - `ztna_publisher_snat_connections`, `_tcp_connections`, `_udp_connections`,
//!   `_open_fds`, from `publisher`: What the Publisher counts inside
//! - `ztna_host_threshold`, label `resource`, from `ThresholdFact::limit`: Where the
//!   resource begins to be in a bad way
//! - `ztna_host_threshold_breached`, label `resource`, from `is_breached`, absent if
//!   unknown: Whether it was so for long enough (1)
//! - `ztna_host_collector_success`, label `collector`, from `is_success`: Whether the
//!   collector read everything it should (1)
//! - `ztna_host_collector_duration_seconds`, label `collector`, from `duration`: How long
//!   it took
//! - `ztna_host_collector_hung_threads`, label `collector`, from `hung_threads`: Its
//!   threads that do not come back from the kernel
//!
//! Names of processes are shown on the page, never in a label. A `device` of a
//! container's end (`veth…`) has a new name each time, and is better left out there.

pub mod cpu;
mod crew;
pub mod disk_io;
mod filesystem;
pub mod kernel;
pub mod load;
pub mod memory;
pub mod network;
pub mod ports;
pub mod process;
pub mod publisher;
mod reader;
pub mod sampler;
pub mod settings;
pub mod system;
pub mod watch;
mod worker;

pub use self::filesystem::mountinfo;
pub use self::reader::{Cost, TextError};
pub use self::sampler::Sampler;
pub use self::settings::{HostSettings, Roots};

/// A part of a whole, 0 to 1. `None` if the whole is nothing.
#[expect(
    clippy::as_conversions,
    reason = "no lossless conversion exists; the loss is below one in 2^52"
)]
pub(crate) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
