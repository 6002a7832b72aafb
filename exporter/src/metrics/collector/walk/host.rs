//! Which lines the host gives to each family of the model's table.
//!
//! One arm a signal, as for connectors. What could not be read gives no line: 0 would be
//! a claim. Names of mount points, interfaces and disks are the host's own text: control
//! characters are spelled out, long ones cut, and of two that look the same then only the
//! first is shown, since a page with a line twice is no page.
//!
//! Not shown are interfaces `veth…`: the ends of containers' cables, with a new name each
//! time a container starts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::host::{
    CollectorRun, CpuShares, CpuTimes, DiskIo, Filesystem, HostSample, Interface, Kernel, Memory,
    ProcessUse, PublisherCounts, System,
};
use model::signal::HostSignal;
use model::snapshot::HostSnapshot;
use model::untrusted::printable;

use super::{Lines, Value};

/// Longest text of the host's own that becomes a label, in bytes, before control
/// characters are spelled out. A path may have 4096, and nobody reads that on a page.
const HOST_TEXT_BYTES_MAX: usize = 256;

/// Adds the host's lines of one family.
#[expect(
    clippy::too_many_lines,
    reason = "one arm a signal, and the compiler asks for each"
)]
pub(in crate::metrics) fn of_host<'a>(
    signal: HostSignal,
    host: &'a HostSnapshot,
    lines: &mut Lines<'a>,
) {
    let sample = &*host.sample;
    match signal {
        HostSignal::Info => info(&sample.system, lines),
        HostSignal::CpuUsed => lines.measured(sample.cpu_shares.map(|shares| shares.used())),
        HostSignal::CpuShare => cpu_shares(sample.cpu_shares.as_ref(), lines),
        HostSignal::CpuSeconds => cpu_seconds(sample.cpu.as_ref(), lines),
        HostSignal::Processors => processors(&sample.processors, lines),
        HostSignal::Load1 => lines.measured(sample.load.map(|[load, _, _]| load)),
        HostSignal::Load5 => lines.measured(sample.load.map(|[_, load, _]| load)),
        HostSignal::Load15 => lines.measured(sample.load.map(|[_, _, load]| load)),
        HostSignal::MemoryUsed => {
            lines.measured(sample.memory.and_then(|memory| memory.used_ratio()));
        }
        HostSignal::MemoryUsedBytes => {
            let used = |memory: &Memory| memory.total.saturating_sub(memory.available);
            memory(sample, lines, used);
        }
        HostSignal::MemorySize => memory(sample, lines, |memory| memory.total),
        HostSignal::MemoryFree => memory(sample, lines, |memory| memory.free),
        HostSignal::MemoryAvailable => memory(sample, lines, |memory| memory.available),
        HostSignal::MemoryBuffers => memory(sample, lines, |memory| memory.buffers),
        HostSignal::MemoryCached => memory(sample, lines, |memory| memory.cached),
        HostSignal::SwapSize => memory(sample, lines, |memory| memory.swap_total),
        HostSignal::SwapFree => memory(sample, lines, |memory| memory.swap_free),
        HostSignal::FilesystemSize => filesystems(sample, lines, |disk| Some(disk.size)),
        HostSignal::FilesystemFree => filesystems(sample, lines, |disk| Some(disk.free)),
        HostSignal::FilesystemAvailable => filesystems(sample, lines, |disk| Some(disk.available)),
        // Some file systems make inodes as they need them, and tell of none.
        HostSignal::FilesystemFiles => filesystems(sample, lines, |disk| {
            (disk.inodes != 0).then_some(disk.inodes)
        }),
        HostSignal::FilesystemFilesFree => filesystems(sample, lines, |disk| {
            (disk.inodes != 0).then_some(disk.inodes_free)
        }),
        HostSignal::FilesystemReadOnly => {
            filesystems(sample, lines, |disk| Some(u64::from(disk.is_read_only)));
        }
        HostSignal::FilesystemHoldsUpdate => {
            filesystems(sample, lines, |disk| Some(u64::from(disk.holds_update)));
        }
        HostSignal::UpdateSpace => lines.known(&[], sample.update_space()),
        HostSignal::UpdateSpaceSufficient => lines.whether(sample.has_update_space()),
        HostSignal::NetworkReceiveBytes => interfaces(sample, lines, |one| Some(one.receive.bytes)),
        HostSignal::NetworkTransmitBytes => {
            interfaces(sample, lines, |one| Some(one.transmit.bytes));
        }
        HostSignal::NetworkReceivePackets => {
            interfaces(sample, lines, |one| Some(one.receive.packets));
        }
        HostSignal::NetworkTransmitPackets => {
            interfaces(sample, lines, |one| Some(one.transmit.packets));
        }
        HostSignal::NetworkReceiveErrors => {
            interfaces(sample, lines, |one| Some(one.receive.errors));
        }
        HostSignal::NetworkTransmitErrors => {
            interfaces(sample, lines, |one| Some(one.transmit.errors));
        }
        HostSignal::NetworkReceiveDrops => interfaces(sample, lines, |one| Some(one.receive.drops)),
        HostSignal::NetworkTransmitDrops => {
            interfaces(sample, lines, |one| Some(one.transmit.drops));
        }
        HostSignal::NetworkUp => interfaces(sample, lines, |one| Some(u64::from(one.is_up))),
        HostSignal::NetworkSpeed => interfaces(sample, lines, |one| one.speed.map(|bits| bits / 8)),
        HostSignal::DiskReadBytes => disks(sample, lines, |disk| disk.read_bytes),
        HostSignal::DiskWrittenBytes => disks(sample, lines, |disk| disk.written_bytes),
        HostSignal::DiskReads => disks(sample, lines, |disk| disk.reads),
        HostSignal::DiskWrites => disks(sample, lines, |disk| disk.writes),
        HostSignal::FilesOpen => lines.known(&[], sample.kernel.files_open),
        HostSignal::FilesMax => lines.known(&[], sample.kernel.files_max),
        HostSignal::Conntrack => lines.known(&[], sample.kernel.conntrack),
        HostSignal::ConntrackMax => lines.known(&[], sample.kernel.conntrack_max),
        HostSignal::EphemeralPorts => lines.known(&[], sample.kernel.ports),
        HostSignal::EphemeralPortsUsed => {
            lines.known(&["tcp"], sample.kernel.tcp_ports_used);
            lines.known(&["udp"], sample.kernel.udp_ports_used);
        }
        HostSignal::Sockets => sockets(&sample.kernel, lines),
        HostSignal::SocketsTimeWait => lines.known(&[], sample.kernel.tcp_time_wait),
        HostSignal::Processes => lines.known(&[], sample.kernel.processes),
        HostSignal::ProcessCount => {
            processes(sample, lines, |found| Some(Value::Count(found.processes)));
        }
        HostSignal::ProcessCpu => {
            processes(sample, lines, |found| found.cpu_share.map(Value::Number));
        }
        HostSignal::ProcessMemory => processes(sample, lines, |found| {
            Some(Value::Count(found.resident_bytes))
        }),
        HostSignal::ProcessFiles => {
            processes(sample, lines, |found| found.files_open.map(Value::Count));
        }
        HostSignal::BootTime => boot_time(sample, lines),
        HostSignal::ClockSynchronised => lines.whether(sample.system.is_clock_synchronised),
        HostSignal::RebootPending => lines.whether(sample.system.is_reboot_pending),
        HostSignal::OsSupported => lines.whether(sample.system.supports_publisher()),
        HostSignal::PublisherSnat => publisher(sample, lines, |counts| counts.snat_connections),
        HostSignal::PublisherTcp => publisher(sample, lines, |counts| counts.tcp_connections),
        HostSignal::PublisherUdp => publisher(sample, lines, |counts| counts.udp_connections),
        HostSignal::PublisherFiles => publisher(sample, lines, |counts| counts.files_open),
        HostSignal::Threshold => {
            for fact in &host.thresholds {
                lines.push(&[fact.row.resource.name()], Value::Number(fact.row.value));
            }
        }
        HostSignal::ThresholdBreached => {
            for fact in &host.thresholds {
                lines.known(&[fact.row.resource.name()], fact.is_breached.map(u64::from));
            }
        }
        HostSignal::ThresholdBreachedAt => {
            for fact in &host.thresholds {
                lines.moment(&[fact.row.resource.name()], fact.breached_at);
            }
        }
        HostSignal::CollectorSuccess => {
            collectors(sample, lines, |run| Value::Count(u64::from(run.is_success)));
        }
        HostSignal::CollectorDuration => collectors(sample, lines, |run| {
            Value::Number(run.duration.as_secs_f64())
        }),
        HostSignal::CollectorHungThreads => {
            collectors(sample, lines, |run| Value::Count(run.hung_threads));
        }
        HostSignal::SampleTime => lines.moment(&[], sample.taken_at),
    }
}

impl<'a> Lines<'a> {
    fn known(&mut self, labels: &[&'a str], value: Option<u64>) {
        if let Some(value) = value {
            self.count(labels, value);
        }
    }

    fn whether(&mut self, holds: Option<bool>) {
        self.known(&[], holds.map(u64::from));
    }

    fn measured(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.push(&[], Value::Number(value));
        }
    }
}

/// Text of the host's own as a label value.
fn shown(text: &str) -> Cow<'_, str> {
    let mut end = text.len().min(HOST_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    printable(text.get(..end).unwrap_or_default())
}

/// Adds a line for each thing that has a value, under its name. One that looks like an
/// earlier one is left out.
fn named<'a, T: 'a>(
    things: impl Iterator<Item = &'a T>,
    lines: &mut Lines<'a>,
    name: impl Fn(&'a T) -> &'a str,
    value: impl Fn(&'a T) -> Option<u64>,
) {
    let mut taken = BTreeSet::new();
    for thing in things {
        let label = shown(name(thing));
        if let Some(value) = value(thing)
            && taken.insert(label.clone())
        {
            lines.push_text(vec![label], Value::Count(value));
        }
    }
}

fn info<'a>(system: &'a System, lines: &mut Lines<'a>) {
    // The second word is the host's name, which is no label.
    let release = system.kernel.split_whitespace().nth(2).unwrap_or_default();
    if !system.os_id.is_empty() || !release.is_empty() {
        let texts = [&*system.os_id, &*system.os_version, release];
        lines.push_text(texts.map(shown).to_vec(), Value::Count(1));
    }
}

fn cpu_shares<'a>(shares: Option<&CpuShares>, lines: &mut Lines<'a>) {
    let Some(shares) = shares else {
        return;
    };
    for (mode, share) in [
        ("user", shares.user),
        ("system", shares.system),
        ("idle", shares.idle),
        ("iowait", shares.iowait),
        ("steal", shares.steal),
    ] {
        lines.push(&[mode], Value::Number(share));
    }
}

fn cpu_seconds<'a>(times: Option<&CpuTimes>, lines: &mut Lines<'a>) {
    let Some(times) = times else {
        return;
    };
    // Guests are contained in `user` and `nice`.
    for (mode, ticks) in [
        ("user", times.user),
        ("nice", times.nice),
        ("system", times.system),
        ("idle", times.idle),
        ("iowait", times.iowait),
        ("irq", times.irq),
        ("softirq", times.softirq),
        ("steal", times.steal),
    ] {
        lines.push(&[mode], Value::Number(ticks_as_seconds(ticks)));
    }
}

/// Ticks are hundredths of a second.
#[expect(
    clippy::as_conversions,
    reason = "exact below 2^53 ticks, which are 2.8 million years"
)]
const fn ticks_as_seconds(ticks: u64) -> f64 {
    ticks as f64 / 100.0
}

fn processors(processors: &[CpuTimes], lines: &mut Lines<'_>) {
    if !processors.is_empty() {
        lines.count(&[], super::length(processors.len()));
    }
}

fn memory(sample: &HostSample, lines: &mut Lines<'_>, bytes: fn(&Memory) -> u64) {
    lines.known(&[], sample.memory.as_ref().map(bytes));
}

fn filesystems<'a>(
    sample: &'a HostSample,
    lines: &mut Lines<'a>,
    value: fn(&Filesystem) -> Option<u64>,
) {
    let disks = sample.filesystems.iter();
    named(disks, lines, |disk| &disk.mountpoint, value);
}

fn interfaces<'a>(
    sample: &'a HostSample,
    lines: &mut Lines<'a>,
    value: fn(&Interface) -> Option<u64>,
) {
    let is_shown = |interface: &&Interface| !interface.name.starts_with("veth");
    let interfaces = sample.interfaces.iter().filter(is_shown);
    named(interfaces, lines, |interface| &interface.name, value);
}

fn disks<'a>(sample: &'a HostSample, lines: &mut Lines<'a>, value: fn(&DiskIo) -> u64) {
    let disks = sample.disks.iter();
    named(disks, lines, |disk| &disk.name, |disk| Some(value(disk)));
}

fn sockets(kernel: &Kernel, lines: &mut Lines<'_>) {
    lines.known(&["tcp"], kernel.tcp_sockets);
    lines.known(&["udp"], kernel.udp_sockets);
}

/// The values of the label `process`. A process' own name is none of them.
fn processes(
    sample: &HostSample,
    lines: &mut Lines<'_>,
    value: fn(&ProcessUse) -> Option<Value<'static>>,
) {
    for (process, found) in [
        ("connector", &sample.connector_process),
        ("largest", &sample.largest_process),
        ("busiest", &sample.busiest_process),
    ] {
        if let Some(value) = found.as_ref().and_then(value) {
            lines.push(&[process], value);
        }
    }
}

fn boot_time(sample: &HostSample, lines: &mut Lines<'_>) {
    let booted = sample
        .taken_at
        .zip(sample.system.uptime)
        .and_then(|(at, uptime)| at.checked_sub(uptime).ok());
    // The two clocks are read one after the other: a part of a second is noise.
    lines.measured(booted.map(|at| super::seconds(at).round()));
}

fn publisher(
    sample: &HostSample,
    lines: &mut Lines<'_>,
    count: fn(&PublisherCounts) -> Option<u64>,
) {
    lines.known(&[], sample.publisher.as_ref().and_then(count));
}

fn collectors(
    sample: &HostSample,
    lines: &mut Lines<'_>,
    value: fn(&CollectorRun) -> Value<'static>,
) {
    for run in &sample.collectors {
        lines.push(&[run.collector.name()], value(run));
    }
}
