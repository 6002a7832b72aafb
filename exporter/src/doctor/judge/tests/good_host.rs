//! A Publisher's host of which nothing is wrong, as the doctor sees it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::{ConnectorKind, Tool};
use model::host::threshold::DEFAULT_THRESHOLDS;
use model::host::{
    CollectorRun, CpuShares, CpuTimes, Filesystem, HostCollector, HostSample, Kernel, Memory,
    ProcessUse, System,
};
use model::probe::{ProbeFault, ProbeKind, ProbeRun};
use model::untrusted::Untrusted;

use super::super::super::facts::*;

pub(super) const GB: u64 = 1_000_000_000;

/// A Publisher's host as it should be, watched by an agent that runs.
pub(super) fn good() -> Facts {
    Facts {
        now: Timestamp::from_second(1_790_000_000).unwrap(),
        user: 990,
        config: ConfigFacts::File {
            path: "/etc/ztna-exporter/config.yml".to_owned(),
            connectors: 1,
        },
        kinds: vec![ConnectorKind::NetskopePublisher],
        host: Ok(HostFacts {
            sample: sample(),
            window: Duration::from_secs(1),
            thresholds: DEFAULT_THRESHOLDS.to_vec(),
        }),
        docker: Ok(DockerFacts::Answers(vec![container(
            "running",
            "Up 3 days",
        )])),
        proxy: Ok(Vec::new()),
        path: Ok(vec![
            asked(Plane::Management, ProbeKind::Tls, "mp.example", Ok(())),
            asked(Plane::Data, ProbeKind::Tls, "dp.example", Ok(())),
            asked(Plane::Configured, ProbeKind::Dns, "dns.example", Ok(())),
            asked(Plane::Configured, ProbeKind::Tcp, "tcp.example", Ok(())),
        ]),
        tools: Ok(vec![ToolFacts {
            connector: "laptop".to_owned(),
            tool: Tool::Nsdiag,
            path: PathBuf::from("/opt/netskope/stagent/nsdiag"),
            problem: None,
        }]),
        logs: Ok(vec![log()]),
        store: Ok(StoreFacts {
            path: PathBuf::from("/var/lib/ztna-exporter/state.db"),
            state: StoreState::Writable,
        }),
        web: Ok(vec![ListenFacts {
            address: "127.0.0.1:10942".to_owned(),
            state: ListenState::Ours,
        }]),
        snmp: Ok(vec![SnmpFacts {
            address: "127.0.0.1:10161".parse().unwrap(),
            answers: vec![SnmpAnswer {
                question: "SNMPv3",
                outcome: Ok("SNMPv3 answers".to_owned()),
            }],
            is_free: false,
        }]),
    }
}

fn sample() -> HostSample {
    HostSample {
        collectors: HostCollector::ALL
            .iter()
            .map(|collector| CollectorRun {
                collector: *collector,
                is_success: true,
                duration: Duration::ZERO,
                error: None,
                hung_threads: 0,
            })
            .collect(),
        processors: vec![CpuTimes::default(); 4],
        cpu_shares: Some(CpuShares {
            user: 0.25,
            idle: 0.75,
            ..CpuShares::default()
        }),
        memory: Some(Memory {
            total: 8 * GB,
            available: 6 * GB,
            ..Memory::default()
        }),
        filesystems: vec![disk("/", 20 * GB, true), disk("/data", 20 * GB, false)],
        kernel: Kernel {
            files_open: Some(1_000),
            files_max: Some(100_000),
            conntrack: Some(1_000),
            conntrack_max: Some(262_144),
            ports: Some(28_232),
            tcp_ports_used: Some(100),
            udp_ports_used: Some(10),
            ..Kernel::default()
        },
        connector_process: Some(process("npa_publisher", 3)),
        largest_process: Some(process("dockerd", 1)),
        busiest_process: Some(process("sshd", 1)),
        system: System {
            hostname: Arc::from("fra-1"),
            os_id: Arc::from("ubuntu"),
            os_version: Arc::from("22.04"),
            is_clock_synchronised: Some(true),
            is_reboot_pending: Some(false),
            ..System::default()
        },
        ..HostSample::default()
    }
}

fn disk(mountpoint: &str, available: u64, holds_update: bool) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/vda1"),
        fstype: Arc::from("ext4"),
        size: 64 * GB,
        free: available,
        available,
        block_size: 4096,
        inodes: 1,
        inodes_free: 1,
        is_read_only: false,
        holds_update,
    }
}

pub(super) fn process(name: &str, processes: u64) -> ProcessUse {
    ProcessUse {
        name: Arc::from(name),
        processes,
        cpu_ticks: 100,
        cpu_share: Some(0.1),
        resident_bytes: GB / 10,
        files_open: None,
    }
}

pub(super) fn container(state: &str, status: &str) -> Container {
    Container {
        image: "new_edge_access:latest".to_owned(),
        state: state.to_owned(),
        status: status.to_owned(),
    }
}

fn asked(plane: Plane, kind: ProbeKind, host: &str, outcome: Result<(), ProbeFault>) -> Asked {
    Asked {
        plane,
        kind,
        target: format!("{host}:443"),
        host: host.to_owned(),
        run: ProbeRun {
            probe: Arc::from(host),
            duration: Duration::ZERO,
            outcome,
            message: Untrusted::default(),
            phases: Vec::new(),
            addresses: Some(1),
            tls: None,
        },
    }
}

fn log() -> LogFacts {
    LogFacts {
        connector: "pub".to_owned(),
        kind: ConnectorKind::NetskopePublisher,
        log: "agent".to_owned(),
        silence_max: None,
        patterns: vec![PatternFacts {
            pattern: "/home/*/logs/agent.txt*".to_owned(),
            files: vec![FileFacts {
                path: PathBuf::from("/home/ubuntu/logs/agent.txt"),
                bytes: 10,
                modified: Some(Timestamp::from_second(1_789_999_990).unwrap()),
                problem: None,
            }],
            ..PatternFacts::default()
        }],
    }
}
