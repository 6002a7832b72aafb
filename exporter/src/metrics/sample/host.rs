//! A host and active probes for tests, with everything set that they can have.
//!
//! A small Publisher whose root file system is nearly full; one probe that found TLS
//! inspection on the path, one that works and belongs to no connector.

use std::sync::Arc;
use std::time::Duration;

use model::host::threshold::{DEFAULT_THRESHOLDS, HostResource, Threshold, ThresholdFact};
use model::host::{
    CollectorRun, CpuShares, CpuTimes, DiskIo, Filesystem, HostCollector, HostSample, Interface,
    Kernel, Memory, ProcessUse, PublisherCounts, System, Traffic,
};
use model::probe::{ProbeFault, ProbeKind, ProbePhase, ProbePlan, ProbeRun, TlsFacts};
use model::snapshot::{HostSnapshot, ProbeSnapshot, Snapshot};
use model::untrusted::Untrusted;

use super::{at, snapshot};

/// The sample of connectors with a host, probes and alerts.
pub(crate) fn whole() -> Snapshot {
    Snapshot {
        host: Some(Arc::new(host())),
        probes: probes(),
        alerts: Arc::new(super::alerts::alerts()),
        ..snapshot()
    }
}

/// The host.
pub(crate) fn host() -> HostSnapshot {
    let breached = |resource, mountpoint: Option<&str>| ThresholdFact {
        row: row_of(resource),
        is_pending: false,
        is_breached: Some(mountpoint.is_some()),
        breached_at: mountpoint.map(|_| at(320)),
        mountpoints: mountpoint.into_iter().map(Arc::from).collect(),
    };
    HostSnapshot {
        sample: Arc::new(sample()),
        thresholds: vec![
            breached(HostResource::Cpu, None),
            breached(HostResource::Disk, Some("/")),
            ThresholdFact {
                is_breached: None,
                ..breached(HostResource::UpdateSpace, None)
            },
        ],
    }
}

/// The vendor's row.
fn row_of(resource: HostResource) -> Threshold {
    let mut rows = DEFAULT_THRESHOLDS.into_iter();
    rows.find(|row| row.resource == resource).unwrap()
}

fn sample() -> HostSample {
    let times = CpuTimes {
        user: 120_034,
        nice: 12,
        system: 34_567,
        idle: 9_876_543,
        iowait: 432,
        irq: 0,
        softirq: 21,
        steal: 7,
        ..CpuTimes::default()
    };
    HostSample {
        taken_at: Some(at(595)),
        collectors: collectors(),
        cpu: Some(times),
        processors: vec![times; 2],
        cpu_shares: Some(CpuShares {
            user: 0.125,
            system: 0.0625,
            idle: 0.75,
            iowait: 0.03125,
            steal: 0.03125,
        }),
        load: Some([0.52, 1.5, 2.0]),
        memory: Some(memory()),
        filesystems: filesystems(),
        interfaces: vec![
            interface("eth0", Some(1_000_000_000), 1),
            interface("tun\u{202e}", None, 2),
            interface("veth1a2b3c4", None, 3),
        ],
        disks: vec![DiskIo {
            name: Arc::from("sda"),
            reads: 81_234,
            read_bytes: 4_294_967_296,
            writes: 91_234,
            written_bytes: u64::MAX,
        }],
        kernel: kernel(),
        connector_process: Some(process(2, Some(0.25), Some(321))),
        largest_process: Some(process(1, None, None)),
        busiest_process: Some(process(1, Some(1.5), Some(17))),
        system: system(),
        publisher: Some(PublisherCounts {
            snat_connections: Some(11),
            tcp_connections: Some(12),
            udp_connections: Some(13),
            files_open: Some(14),
        }),
        ..HostSample::default()
    }
}

fn filesystems() -> Vec<Filesystem> {
    vec![
        Filesystem {
            holds_update: true,
            ..filesystem("/", 20_000_000_000, 500_000_000)
        },
        Filesystem {
            inodes: 0,
            inodes_free: 0,
            is_read_only: true,
            ..filesystem("/mnt/a \"b\"\\\n\u{1b}", 1_000_000_000, 1_000_000)
        },
    ]
}

fn system() -> System {
    System {
        hostname: Arc::from("pub-fra-1.example.com"),
        kernel: Arc::from("Linux pub-fra-1.example.com 5.15.0-119-generic #129-Ubuntu SMP x86_64"),
        os_id: Arc::from("ubuntu"),
        os_version: Arc::from("22.04"),
        uptime: Some(Duration::from_millis(864_000_400)),
        is_clock_synchronised: Some(true),
        is_reboot_pending: Some(false),
        users: Some(1),
    }
}

fn collectors() -> Vec<CollectorRun> {
    let run = |collector: &HostCollector| {
        let is_hung = *collector == HostCollector::Filesystem;
        CollectorRun {
            collector: *collector,
            is_success: !is_hung,
            duration: Duration::from_micros(if is_hung { 5_000_000 } else { 250 }),
            error: is_hung.then(|| "`/mnt/nfs` does not answer".to_owned()),
            hung_threads: u64::from(is_hung),
        }
    };
    HostCollector::ALL.iter().map(run).collect()
}

fn memory() -> Memory {
    Memory {
        total: 4_000_000_000,
        free: 500_000_000,
        available: 1_000_000_000,
        buffers: 100_000_000,
        cached: 600_000_000,
        slab_reclaimable: 50_000_000,
        shared: 10_000_000,
        swap_total: 2_000_000_000,
        swap_free: 1_900_000_000,
    }
}

fn filesystem(mountpoint: &str, size: u64, available: u64) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/sda1"),
        fstype: Arc::from("ext4"),
        size,
        free: available + 100_000_000,
        available,
        block_size: 4096,
        inodes: 1_310_720,
        inodes_free: 1_200_000,
        is_read_only: false,
        holds_update: false,
    }
}

fn interface(name: &str, speed: Option<u64>, number: u64) -> Interface {
    let traffic = |factor: u64| Traffic {
        bytes: 1_000_000 * factor,
        packets: 1_000 * factor,
        multicast: 10 * factor,
        errors: factor,
        drops: 2 * factor,
    };
    Interface {
        name: Arc::from(name),
        speed,
        is_admin_up: true,
        is_up: speed.is_some(),
        receive: traffic(number),
        transmit: traffic(number * 3),
        ..Interface::default()
    }
}

fn kernel() -> Kernel {
    Kernel {
        files_open: Some(2_048),
        files_max: Some(1_000_000),
        conntrack: Some(77),
        conntrack_max: Some(262_144),
        ports: Some(28_232),
        tcp_ports_used: Some(41),
        udp_ports_used: Some(2),
        tcp_sockets: Some(12),
        tcp_time_wait: Some(3),
        udp_sockets: Some(5),
        processes: Some(140),
        ..Kernel::default()
    }
}

fn process(processes: u64, cpu_share: Option<f64>, files_open: Option<u64>) -> ProcessUse {
    ProcessUse {
        name: Arc::from("named-by-somebody"),
        processes,
        cpu_ticks: 4_711,
        cpu_share,
        resident_bytes: 64_000_000 * processes,
        files_open,
    }
}

/// The probes.
pub(crate) fn probes() -> Vec<ProbeSnapshot> {
    let name = "management-plane";
    let intercepted = ProbeRun {
        probe: Arc::from(name),
        duration: Duration::from_millis(87),
        outcome: Err(ProbeFault::Intercepted),
        message: Untrusted::new("the chain ends in `Example Inspection Root`"),
        phases: vec![
            (ProbePhase::Resolve, Duration::from_millis(2)),
            (ProbePhase::Connect, Duration::from_millis(20)),
            (ProbePhase::Handshake, Duration::from_millis(65)),
        ],
        addresses: Some(2),
        tls: Some(TlsFacts {
            version: Some("TLSv1.3"),
            cipher: Some("TLS_AES_256_GCM_SHA384"),
            chain_length: 2,
            expires_at: Some(at(86_400 * 30)),
            subject: Some(Untrusted::new("ns-1234.us-sjc1.npa.goskope.com")),
            root: Some(Untrusted::new("Example Inspection Root")),
            is_intercepted: Some(true),
        }),
    };
    let plan = ProbePlan {
        name: Arc::from(name),
        connector: Some(Arc::from("pub-fra-1")),
        kind: ProbeKind::Tls,
        target: Arc::from("ns-1234.us-sjc1.npa.goskope.com:443"),
    };
    let of_none = ProbePlan {
        name: Arc::from("gateway"),
        connector: None,
        kind: ProbeKind::Tcp,
        target: Arc::from("192.0.2.1:443"),
    };
    let connected = ProbeRun {
        probe: Arc::from("gateway"),
        duration: Duration::from_millis(21),
        outcome: Ok(()),
        message: Untrusted::default(),
        phases: vec![(ProbePhase::Connect, Duration::from_millis(21))],
        addresses: None,
        tls: None,
    };
    vec![
        fared(plan, intercepted, Some(at(300)), ProbeFault::Intercepted),
        fared(of_none, connected, Some(at(598)), ProbeFault::Refused),
    ]
}

fn fared(
    plan: ProbePlan,
    last: ProbeRun,
    succeeded_at: Option<jiff::Timestamp>,
    failed_by: ProbeFault,
) -> ProbeSnapshot {
    let faults = plan.kind.faults().iter();
    let failures = faults.map(|fault| (*fault, if *fault == failed_by { 3 } else { 0 }));
    ProbeSnapshot {
        failures: failures.collect(),
        plan,
        last: Some(Arc::new(last)),
        ran_at: Some(at(598)),
        succeeded_at,
        runs: 9,
    }
}
