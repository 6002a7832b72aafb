//! Reads this host for the comparison with snmpd: as little as that needs.
//!
//! The program's own collectors are elsewhere and are better: they have time limits and
//! say what failed. Here what cannot be read is 0.

use std::ffi::CString;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use model::host::{
    CpuTimes, DiskIo, Filesystem, HostSample, Interface, Kernel, Memory, System, Traffic,
};

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or(0)
}

/// The host now.
pub(crate) fn sample() -> HostSample {
    let stat = read("/proc/stat");
    let times = |line: &str| cpu_times(line);
    let processors = stat
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
        .map(times)
        .collect();
    HostSample {
        cpu: stat.lines().next().map(times),
        processors,
        load: load(),
        memory: Some(memory()),
        filesystems: filesystems(),
        interfaces: interfaces(),
        disks: disks(),
        kernel: kernel(&stat),
        system: system(),
        ..HostSample::default()
    }
}

fn cpu_times(line: &str) -> CpuTimes {
    let mut fields = line.split_whitespace().skip(1).map(number);
    let mut next = || fields.next().unwrap_or(0);
    CpuTimes {
        user: next(),
        nice: next(),
        system: next(),
        idle: next(),
        iowait: next(),
        irq: next(),
        softirq: next(),
        steal: next(),
        guest: next(),
        guest_nice: next(),
    }
}

fn load() -> Option<[f64; 3]> {
    let text = read("/proc/loadavg");
    let mut loads = text.split(' ').map(|one| one.parse().unwrap_or(0.0));
    Some([loads.next()?, loads.next()?, loads.next()?])
}

/// A number behind a name in a file of `name number` lines.
fn field(text: &str, name: &str) -> u64 {
    let line = text
        .lines()
        .find(|line| line.split([' ', ':']).next() == Some(name));
    let value = line.and_then(|line| line.split_whitespace().nth(1));
    value.map_or(0, number)
}

fn memory() -> Memory {
    let text = read("/proc/meminfo");
    let bytes = |name| field(&text, name) * 1_024;
    Memory {
        total: bytes("MemTotal"),
        free: bytes("MemFree"),
        available: bytes("MemAvailable"),
        buffers: bytes("Buffers"),
        cached: bytes("Cached"),
        slab_reclaimable: bytes("SReclaimable"),
        shared: bytes("Shmem"),
        swap_total: bytes("SwapTotal"),
        swap_free: bytes("SwapFree"),
    }
}

/// Through `stat -f`: no system call of ours, and the test has time.
fn filesystems() -> Vec<Filesystem> {
    let mounts = read("/proc/mounts");
    let kinds = ["ext4", "xfs", "btrfs", "tmpfs", "vfat"];
    let rows = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, mountpoint, kind) = (words.next()?, words.next()?, words.next()?);
        CString::new(mountpoint).ok()?;
        kinds
            .contains(&kind)
            .then(|| filesystem(device, mountpoint, kind))?
    });
    rows.collect()
}

fn filesystem(device: &str, mountpoint: &str, kind: &str) -> Option<Filesystem> {
    let format = "%S %b %f %a %c %d";
    let output = Command::new("stat")
        .args(["-f", "-c", format, mountpoint])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut fields = text.split_whitespace().map(number);
    let block = fields.next()?;
    let mut blocks = || Some(fields.next()? * block);
    let (size, free, available) = (blocks()?, blocks()?, blocks()?);
    Some(Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from(device),
        fstype: Arc::from(kind),
        size,
        free,
        available,
        block_size: block,
        inodes: fields.next()?,
        inodes_free: fields.next()?,
        is_read_only: false,
        holds_update: false,
    })
}

fn interfaces() -> Vec<Interface> {
    let text = read("/proc/net/dev");
    let mut found: Vec<Interface> = text.lines().skip(2).filter_map(interface).collect();
    found.sort_by_key(|one| one.index);
    found
}

fn interface(line: &str) -> Option<Interface> {
    let (name, counts) = line.split_once(':')?;
    let name = name.trim();
    let counts: Vec<u64> = counts.split_whitespace().map(number).collect();
    let count = |place: usize| counts.get(place).copied().unwrap_or(0);
    let attribute = |what: &str| read(&format!("/sys/class/net/{name}/{what}"));
    let small = |what: &str| u32::try_from(number(&attribute(what))).unwrap_or(0);
    let flags_text = attribute("flags");
    let flags = u32::from_str_radix(flags_text.trim().trim_start_matches("0x"), 16).ok()?;
    let octets = attribute("address");
    let address: Vec<u8> = octets
        .trim()
        .split(':')
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    let speed: Option<u64> = attribute("speed").trim().parse().ok();
    Some(Interface {
        index: small("ifindex"),
        name: Arc::from(name),
        address: if address.iter().all(|octet| *octet == 0) {
            Vec::new()
        } else {
            address
        },
        hardware_type: small("type"),
        mtu: small("mtu"),
        speed: speed.map(|megabits| megabits * 1_000_000),
        is_admin_up: flags & 1 != 0,
        is_up: flags & 1 != 0 && attribute("operstate").trim() != "down",
        is_promiscuous: flags & 0x100 != 0,
        receive: Traffic {
            bytes: count(0),
            packets: count(1),
            errors: count(2),
            drops: count(3),
            multicast: count(7),
        },
        transmit: Traffic {
            bytes: count(8),
            packets: count(9),
            errors: count(10),
            drops: count(11),
            multicast: 0,
        },
    })
}

fn disks() -> Vec<DiskIo> {
    let text = read("/proc/diskstats");
    let rows = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count = |place: usize| words.get(place).map_or(0, |word| number(word));
        Some(DiskIo {
            name: Arc::from(*words.get(2)?),
            reads: count(3),
            read_bytes: count(5) * 512,
            writes: count(7),
            written_bytes: count(9) * 512,
        })
    });
    rows.collect()
}

fn kernel(stat: &str) -> Kernel {
    let vmstat = read("/proc/vmstat");
    let processes = fs::read_dir("/proc").map_or(0, |entries| {
        let names = entries.flatten().map(|entry| entry.file_name());
        names
            .filter(|name| name.to_string_lossy().parse::<u32>().is_ok())
            .count()
    });
    Kernel {
        interrupts: Some(field(stat, "intr")),
        context_switches: Some(field(stat, "ctxt")),
        paged_in: Some(field(&vmstat, "pgpgin")),
        paged_out: Some(field(&vmstat, "pgpgout")),
        swapped_in: Some(field(&vmstat, "pswpin")),
        swapped_out: Some(field(&vmstat, "pswpout")),
        processes: u64::try_from(processes).ok(),
        ..Kernel::default()
    }
}

fn system() -> System {
    let uname = Command::new("uname")
        .args(["-s", "-n", "-r", "-v", "-m"])
        .output();
    let kernel = uname.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    });
    let uptime = read("/proc/uptime");
    let seconds: f64 = uptime
        .split(' ')
        .next()
        .and_then(|one| one.parse().ok())
        .unwrap_or(0.0);
    System {
        hostname: Arc::from(read("/proc/sys/kernel/hostname").trim()),
        kernel: Arc::from(kernel.as_str()),
        uptime: Some(Duration::from_secs_f64(seconds)),
        users: Some(0),
        ..System::default()
    }
}
