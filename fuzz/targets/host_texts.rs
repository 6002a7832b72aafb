//! Any bytes as each of the texts that the host is read from: facts or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ztna_exporter::host::mountinfo::{Ignored, mountpoint_of, read_mountinfo, with_data};
use ztna_exporter::host::{
    cpu, disk_io, kernel, memory, network, ports, process, publisher, system,
};

fuzz_target!(|bytes: &[u8]| {
    // The first byte picks the text, so that each gets its share.
    let Some((pick, rest)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    match pick % 16 {
        0 => drop(cpu::read_stat(&text)),
        1 => drop(disk_io::read_diskstats(&text)),
        2 => drop(kernel::read_file_nr(&text)),
        3 => {
            if let Ok(range) = kernel::read_port_range(&text) {
                assert!(!range.is_empty());
            }
        }
        4 => drop(kernel::read_number(&text)),
        5 => drop(kernel::read_sockstat(&text)),
        6 => drop(kernel::read_vmstat(&text)),
        7 => drop(memory::read_meminfo(&text).map(|memory| memory.used_ratio())),
        8 => drop(network::read_net_dev(&text)),
        9 => drop(network::read_hardware_address(&text)),
        10 => drop(network::read_flags(&text)),
        11 => drop(ports::read_local_port(&text)),
        12 => mounts(&text),
        13 => {
            if let Some(group) = process::read_cgroup(&text) {
                assert!(!group.split('/').any(|part| part == ".."));
            }
        }
        14 => drop(publisher::read_counts(&text)),
        _ => {
            drop(system::read_os_release(&text));
            let _ = system::read_uptime(&text);
            drop(system::read_logins(rest));
        }
    }
});

fn mounts(text: &str) {
    let Ok(mounts) = read_mountinfo(text) else {
        return;
    };
    let ignored = Ignored {
        types: &["proc".to_owned()],
        mountpoints: &["/run/docker".to_owned()],
        but_for: &[],
    };
    let count = mounts.len();
    let kept = with_data(mounts, ignored);
    assert!(kept.len() <= count);
    let points = kept.iter().map(|mount| mount.mountpoint.as_str());
    let _ = mountpoint_of("/var/lib/docker", points);
}
