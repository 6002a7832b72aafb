//! A host and probes for the tests: one of everything, with fixed times.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::event::{Event, EventKind};
use model::host::threshold::{DEFAULT_THRESHOLDS, HostResource, Threshold, ThresholdFact};
use model::host::{
    CollectorRun, CpuShares, CpuTimes, Filesystem, HostCollector, HostSample, Kernel, Memory,
    ProcessUse, PublisherCounts, System,
};
use model::probe::{ProbeFault, ProbeKind, ProbePhase, ProbePlan, ProbeRun, TlsFacts};
use model::snapshot::{HostSnapshot, ProbeSnapshot, RecentEvent, Snapshot};
use model::untrusted::Untrusted;

use crate::metrics::sample::{self, at, key};

const GB: u64 = 1_000_000_000;

/// A host whose root file system is nearly full, and whose network counters are hidden.
fn host() -> HostSnapshot {
    let collectors = HostCollector::ALL.iter().map(|collector| {
        let is_success = *collector != HostCollector::Network;
        CollectorRun {
            collector: *collector,
            is_success,
            duration: Duration::from_millis(3),
            error: (!is_success).then(|| "/proc/net/dev: Permission denied".to_owned()),
            hung_threads: 0,
        }
    });
    HostSnapshot {
        sample: Arc::new(HostSample {
            taken_at: Some(at(595)),
            collectors: collectors.collect(),
            processors: vec![CpuTimes::default(); 4],
            cpu_shares: Some(CpuShares {
                user: 0.5,
                system: 0.25,
                idle: 0.125,
                iowait: 0.0625,
                steal: 0.0625,
            }),
            load: Some([0.52, 1.5, 2.0]),
            memory: Some(memory()),
            filesystems: vec![
                disk("/data", 100 * GB, 40 * GB),
                Filesystem {
                    holds_update: true,
                    ..disk("/", 20 * GB, GB / 2)
                },
            ],
            kernel: kernel(),
            connector_process: Some(process("npa_publisher", 3)),
            largest_process: Some(process("mysqld", 1)),
            system: system(),
            publisher: Some(PublisherCounts {
                snat_connections: Some(31),
                tcp_connections: Some(32),
                udp_connections: None,
                files_open: Some(33),
            }),
            ..HostSample::default()
        }),
        thresholds: vec![
            ThresholdFact {
                is_pending: true,
                ..limit(HostResource::Cpu, Some(false))
            },
            limit(HostResource::Memory, Some(false)),
            ThresholdFact {
                mountpoints: vec![Arc::from("/")],
                ..limit(HostResource::Disk, Some(true))
            },
            limit(HostResource::UpdateSpace, Some(false)),
        ],
    }
}

fn memory() -> Memory {
    Memory {
        total: 8 * GB,
        free: GB,
        available: 2 * GB,
        buffers: GB / 10,
        cached: GB,
        swap_total: 2 * GB,
        swap_free: GB,
        ..Memory::default()
    }
}

fn kernel() -> Kernel {
    Kernel {
        files_open: Some(2_048),
        files_max: Some(1_000_000),
        conntrack: Some(77),
        conntrack_max: Some(262_144),
        ports: Some(28_232),
        tcp_sockets: Some(12),
        tcp_time_wait: Some(3),
        udp_sockets: Some(5),
        processes: Some(140),
        ..Kernel::default()
    }
}

fn system() -> System {
    System {
        hostname: Arc::from("pub-fra-1.example.com"),
        kernel: Arc::from("Linux pub-fra-1 5.15.0-91-generic x86_64"),
        os_id: Arc::from("ubuntu"),
        os_version: Arc::from("22.04"),
        uptime: Some(Duration::from_secs(3 * 86_400)),
        is_clock_synchronised: Some(true),
        is_reboot_pending: Some(false),
        users: Some(1),
    }
}

/// The vendor's row.
fn row_of(resource: HostResource) -> Threshold {
    let mut rows = DEFAULT_THRESHOLDS.into_iter();
    rows.find(|row| row.resource == resource).unwrap()
}

fn limit(resource: HostResource, is_breached: Option<bool>) -> ThresholdFact {
    ThresholdFact {
        row: row_of(resource),
        is_breached,
        is_pending: false,
        breached_at: None,
        mountpoints: Vec::new(),
    }
}

fn disk(mountpoint: &str, size: u64, available: u64) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/sda1"),
        fstype: Arc::from("ext4"),
        size,
        free: available + GB,
        available,
        block_size: 4096,
        inodes: 1_000,
        inodes_free: 250,
        is_read_only: false,
        holds_update: false,
    }
}

pub(super) fn process(name: &str, processes: u64) -> ProcessUse {
    ProcessUse {
        name: Arc::from(name),
        processes,
        cpu_ticks: 100,
        cpu_share: Some(0.125),
        resident_bytes: 120_000_000,
        files_open: Some(64),
    }
}

/// A probe whose way is inspected, one that works, and one that has not run.
fn probes() -> Vec<ProbeSnapshot> {
    vec![
        probe(ProbeKind::Dns, "names", Some(Ok(()))),
        probe(
            ProbeKind::Tls,
            "management-plane",
            Some(Err(ProbeFault::Intercepted)),
        ),
        probe(ProbeKind::Tcp, "data-plane", None),
    ]
}

pub(super) fn probe(
    kind: ProbeKind,
    name: &str,
    outcome: Option<Result<(), ProbeFault>>,
) -> ProbeSnapshot {
    let tls = (kind == ProbeKind::Tls).then(|| TlsFacts {
        version: Some("TLSv1.3"),
        cipher: Some("TLS13_AES_256_GCM_SHA384"),
        chain_length: 2,
        expires_at: Some(Timestamp::UNIX_EPOCH),
        subject: Some(Untrusted::new("CN=gateway.example.com")),
        root: Some(Untrusted::new("CN=Corporate Inspection CA")),
        is_intercepted: Some(true),
    });
    let last = outcome.map(|outcome| {
        Arc::new(ProbeRun {
            probe: Arc::from(name),
            duration: Duration::from_millis(1_205),
            outcome,
            message: Untrusted::new("the chain ends in CN=Corporate Inspection CA"),
            phases: vec![
                (ProbePhase::Resolve, Duration::from_millis(5)),
                (ProbePhase::Connect, Duration::from_millis(1_200)),
            ],
            addresses: Some(2),
            tls,
        })
    });
    ProbeSnapshot {
        plan: ProbePlan {
            name: Arc::from(name),
            connector: None,
            kind,
            target: Arc::from("gateway.example.com:443"),
        },
        ran_at: last.as_ref().map(|_| at(590)),
        last,
        succeeded_at: Some(at(300)),
        runs: 40,
        failures: kind.faults().iter().map(|fault| (*fault, 1)).collect(),
    }
}

pub(super) fn news(log: &str, kind: EventKind, reason: &str) -> RecentEvent {
    RecentEvent {
        connector: Arc::from(""),
        log: Arc::from(log),
        file: Arc::from(""),
        offset: 0,
        read_at: at(500),
        event: Event {
            key: key(kind, reason),
            time: Some(at(500)),
            fields: Vec::new(),
        },
        line: None,
    }
}

pub(super) fn snapshot() -> Snapshot {
    Snapshot {
        host: Some(Arc::new(host())),
        probes: probes(),
        alerts: Arc::default(),
        recent_events: Arc::from([
            news("host:disk", EventKind::ThresholdBreached, "disk"),
            news(
                "probe:management-plane",
                EventKind::ProbeFailed,
                "intercepted",
            ),
        ]),
        connectors: vec![sample::healthy("pub-fra-1")],
        ..sample::snapshot()
    }
}

/// The snapshot with a host that was changed.
pub(super) fn with_host(change: impl FnOnce(&mut HostSample)) -> Snapshot {
    let mut changed = host();
    change(Arc::make_mut(&mut changed.sample));
    Snapshot {
        host: Some(Arc::new(changed)),
        ..snapshot()
    }
}
