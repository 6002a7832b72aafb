//! Proof of our own MIB: its objects hold what is so.

mod text;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use model::connector::{Aspect, ConnectorKind, Fact, ProbeFailure, Tool};
use model::connector::{ConnectorState, Evidence, Facts};
use model::event::{EventKey, EventKind, Reason};
use model::histogram::RttHistogram;
use model::host::threshold::{DEFAULT_THRESHOLDS, HostResource, Threshold, ThresholdFact};
use model::host::{
    CollectorRun, CpuShares, Filesystem, HostCollector, HostSample, Kernel, Memory, ProcessUse,
    PublisherCounts, System,
};
use model::log::{DateOrderTaken, GenerationCause, LineOutcome, LossCause};
use model::probe::{ProbeFault, ProbeKind, ProbePhase, ProbePlan, ProbeRun, TlsFacts};
use model::snapshot::{
    ConnectorSnapshot, HostSnapshot, LogSnapshot, ProbeSnapshot, Snapshot, ToolSnapshot,
};
use model::untrusted::Untrusted;

use super::*;
use crate::alert::Severity;
use crate::counters::Counters;
use crate::tree::history::History;
use crate::tree::indexes::Indexes;
use crate::tree::{AgentFacts, Found, Moment, Tree};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn connector(name: &str, kind: ConnectorKind) -> ConnectorSnapshot {
    let mut state = ConnectorState::default();
    for (aspect, word) in [
        (Aspect::Tunnel, "connected"),
        (Aspect::Registration, "failed"),
        (Aspect::Client, "disabled"),
        (Aspect::PrivateAccess, "connected_warning"),
    ] {
        let evidence = Evidence {
            since: Some(at(1_000)),
            event: Some(EventKind::TunnelConnected),
            reason: Reason::new("by_user").unwrap(),
        };
        state.restore(aspect, word, evidence);
    }
    let facts = [
        (Fact::Version, "1.2.3"),
        (Fact::Gateway, "gw\u{1b}[31m"),
        (Fact::Pop, "FRA1"),
    ];
    let tool_facts: Facts = facts
        .into_iter()
        .map(|(fact, text)| (fact, Untrusted::new(text)))
        .collect();
    ConnectorSnapshot {
        name: Arc::from(name),
        kind,
        state,
        events: vec![(
            EventKey {
                kind: EventKind::TunnelConnected,
                reason: Reason::new("ab").unwrap(),
            },
            u64::from(u32::MAX) + 1,
        )],
        last_events: vec![(EventKind::TunnelConnected, at(1_000))],
        logs: vec![LogSnapshot {
            name: Arc::from("agent"),
            lines: LineOutcome::ALL.iter().map(|one| (*one, 3)).collect(),
            lost_bytes: LossCause::ALL.iter().map(|one| (*one, 4)).collect(),
            generations: GenerationCause::ALL.iter().map(|one| (*one, 5)).collect(),
            ambiguous_dates: DateOrderTaken::ALL.iter().map(|one| (*one, 6)).collect(),
            last_read_at: Some(at(1_900)),
            ..LogSnapshot::default()
        }],
        tools: vec![ToolSnapshot {
            tool: Tool::Nsdiag,
            is_success: Some(true),
            duration: Some(Duration::from_millis(1_500)),
            succeeded_at: Some(at(1_950)),
            runs: 9,
            failures: ProbeFailure::ALL.iter().map(|one| (*one, 1)).collect(),
        }],
        tool_facts,
        configured_at: Some(at(900)),
        tunnel_reconnects: 2,
        round_trips: vec![(
            Arc::from("FRA1"),
            RttHistogram {
                counts: vec![1, 2],
                sum_ms: 25,
            },
        )],
        heard_at: Some(at(1_940)),
        is_silent: false,
    }
}

fn collector(collector: HostCollector) -> CollectorRun {
    let is_success = collector != HostCollector::Filesystem;
    CollectorRun {
        collector,
        is_success,
        duration: Duration::from_millis(7),
        error: (!is_success).then(|| "no answer in 2 s".to_owned()),
        hung_threads: u64::from(!is_success),
    }
}

/// Both hold what an update needs.
fn filesystem(mountpoint: &str, available: u64) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/vda"),
        fstype: Arc::from("ext4"),
        size: 4_096_000,
        free: available,
        available,
        block_size: 4_096,
        inodes: 10,
        inodes_free: 4,
        is_read_only: mountpoint == "/var",
        holds_update: true,
    }
}

/// A probe whose last run was led through a box that opens TLS.
fn probe(name: &str) -> ProbeSnapshot {
    let faults = ProbeKind::Tls.faults().iter();
    ProbeSnapshot {
        plan: ProbePlan {
            name: Arc::from(name),
            connector: Some(Arc::from("pub-1")),
            kind: ProbeKind::Tls,
            target: Arc::from("example.com:443"),
        },
        last: Some(Arc::new(ProbeRun {
            probe: Arc::from(name),
            duration: Duration::from_millis(120),
            outcome: Err(ProbeFault::Intercepted),
            message: Untrusted::new("ends in\u{7} another root"),
            phases: ProbePhase::ALL
                .iter()
                .map(|one| (*one, Duration::from_millis(30)))
                .collect(),
            addresses: Some(2),
            tls: Some(TlsFacts {
                version: Some("TLSv1.3"),
                cipher: Some("TLS_AES_128_GCM_SHA256"),
                chain_length: 2,
                expires_at: Some(at(9_000)),
                subject: None,
                root: None,
                is_intercepted: Some(true),
            }),
        })),
        ran_at: Some(at(1_980)),
        succeeded_at: Some(at(1_000)),
        runs: 12,
        failures: faults
            .map(|one| (*one, u64::from(*one == ProbeFault::Intercepted) * 3))
            .collect(),
    }
}

/// A host of which everything is known.
fn host() -> HostSample {
    let busy = ProcessUse {
        name: Arc::from("scanner"),
        cpu_share: Some(1.5),
        resident_bytes: 2_048,
        files_open: Some(5),
        ..ProcessUse::default()
    };
    HostSample {
        taken_at: Some(at(1_990)),
        collectors: HostCollector::ALL
            .iter()
            .map(|one| collector(*one))
            .collect(),
        filesystems: vec![filesystem("/", 2_048_000), filesystem("/var", 1_024_000)],
        cpu_shares: Some(CpuShares {
            idle: 0.25,
            ..CpuShares::default()
        }),
        memory: Some(Memory {
            total: 4_096,
            available: 1_024,
            ..Memory::default()
        }),
        kernel: Kernel {
            files_open: Some(1),
            files_max: Some(2),
            conntrack: Some(3),
            conntrack_max: Some(4),
            ports: Some(5),
            tcp_ports_used: Some(9),
            udp_ports_used: Some(10),
            tcp_sockets: Some(6),
            tcp_time_wait: Some(7),
            udp_sockets: Some(8),
            ..Kernel::default()
        },
        connector_process: Some(busy.clone()),
        largest_process: Some(busy.clone()),
        busiest_process: Some(busy),
        system: System {
            is_clock_synchronised: Some(true),
            is_reboot_pending: Some(false),
            os_id: Arc::from("ubuntu"),
            os_version: Arc::from("22.04"),
            uptime: Some(Duration::from_secs(990)),
            ..System::default()
        },
        publisher: Some(PublisherCounts {
            snat_connections: Some(1),
            tcp_connections: Some(2),
            udp_connections: Some(3),
            files_open: Some(4),
        }),
        ..HostSample::default()
    }
}

/// A probe that was just configured.
fn never_run(name: &str) -> ProbeSnapshot {
    ProbeSnapshot {
        plan: ProbePlan {
            name: Arc::from(name),
            connector: None,
            kind: ProbeKind::Dns,
            target: Arc::from("example.com"),
        },
        last: None,
        ran_at: None,
        succeeded_at: None,
        runs: 0,
        failures: Vec::new(),
    }
}

/// The vendor's row.
fn row_of(resource: HostResource) -> Threshold {
    let mut rows = DEFAULT_THRESHOLDS.into_iter();
    rows.find(|row| row.resource == resource).unwrap()
}

fn thresholds() -> Vec<ThresholdFact> {
    let fact = |resource, is_breached, mountpoints: &[&str]| ThresholdFact {
        row: row_of(resource),
        is_breached,
        is_pending: false,
        breached_at: None,
        mountpoints: mountpoints.iter().map(|one| Arc::from(*one)).collect(),
    };
    vec![
        fact(HostResource::Cpu, Some(true), &[]),
        fact(HostResource::Memory, None, &[]),
        fact(HostResource::Disk, Some(true), &["/", "/var"]),
        fact(HostResource::UpdateSpace, Some(false), &[]),
    ]
}

fn snapshot(host: &Arc<HostSample>) -> Snapshot {
    Snapshot {
        host: Some(Arc::new(HostSnapshot {
            sample: Arc::clone(host),
            thresholds: thresholds(),
        })),
        probes: vec![probe("management-plane"), never_run("names")],
        taken_at: Some(at(1_990)),
        is_caught_up: true,
        connectors: vec![
            connector("pub-1", ConnectorKind::NetskopePublisher),
            connector("laptop", ConnectorKind::NetskopeClient),
            connector("cato", ConnectorKind::CatoClient),
        ],
        ..Snapshot::default()
    }
}

fn tree() -> Tree {
    let host = Arc::new(host());
    tree_of(&snapshot(&host), &host)
}

fn tree_of(snapshot: &Snapshot, host: &Arc<HostSample>) -> Tree {
    let mut indexes = Indexes::default();
    indexes.learn(host, snapshot);
    let alert = Alert {
        index: 12,
        rule: "tunnel_down".to_owned(),
        severity: Severity::Critical,
        connector: "pub-1".to_owned(),
        since: at(1_500),
        summary: "The tunnel is down.".to_owned(),
        action: "Look at the firewall.".to_owned(),
    };
    Tree::build(&Inputs {
        host,
        snapshot,
        facts: &AgentFacts::default(),
        history: &History::default(),
        indexes: &indexes,
        alerts: &[alert],
        now: at(2_000),
        uptime: Duration::ZERO,
        base: &Oid::new(DEFAULT_BASE),
    })
}

fn value(tree: &Tree, tail: &[u32]) -> Value {
    let counters = Counters::default();
    let moment = Moment {
        uptime: Duration::ZERO,
        engine_boots: 0,
        engine_time: 0,
        counters: &counters,
    };
    match tree.get(object(&Oid::new(DEFAULT_BASE), tail).numbers()) {
        Found::Row(row) => row.value(&moment),
        other => panic!("{tail:?}: {other:?}"),
    }
}

#[test]
fn states_come_to_five_values() {
    let tree = tree();
    for (tail, expected) in [
        // Registration failed, tunnel connected, update unknown; the worst is the error.
        (&[1, 1, 5, 1][..], 4),
        (&[1, 1, 6, 1], 2),
        (&[1, 1, 10, 1], 1),
        (&[1, 1, 24, 1], 4),
        // A client that somebody switched off, and a service with a warning.
        (&[1, 1, 11, 2], 5),
        (&[1, 1, 14, 3], 3),
        (&[1, 1, 3, 1], 2),
        (&[1, 1, 16, 2], 3),
        (&[1, 1, 20, 1], 2),
    ] {
        assert_eq!(value(&tree, tail), Value::Integer(expected), "{tail:?}");
    }
    // A service that is impaired, in the third bit from the left.
    assert_eq!(value(&tree, &[1, 1, 17, 3]), Value::Octets([0x20].into()));
}

#[test]
fn a_part_that_a_product_has_not_is_no_instance() {
    let tree = tree();
    let base = Oid::new(DEFAULT_BASE);
    for tail in [[1, 1, 5, 2], [1, 1, 11, 1], [1, 1, 16, 3]] {
        let found = tree.get(object(&base, &tail).numbers());
        assert_eq!(found, Found::NoSuchInstance, "{tail:?}");
    }
}

#[test]
fn counts_texts_ages_and_dates_are_served() {
    let tree = tree();
    for (tail, expected) in [
        (&[1, 1, 2, 1][..], Value::text("pub-1")),
        (&[1, 1, 4, 1], Value::text("1.2.3")),
        (&[1, 1, 22, 1], Value::text("gw\\u{1b}[31m")),
        (&[1, 1, 19, 1], Value::Gauge32(60)),
        (&[1, 1, 18, 1], Value::date(at(1_940))),
        (&[5, 1, 3, 1, 2], Value::text("connected")),
        (&[5, 1, 6, 1, 2], Value::text("by_user")),
        (&[5, 1, 7, 1, 2], Value::text("tunnel.connected")),
        // Event 8 with the reason "ab", whose length stands first in the name.
        (&[6, 1, 5, 1, 8, 2, 97, 98], Value::Counter64(1 << 32)),
        (&[7, 1, 3, 1, 1], Value::Counter64(3)),
        (&[7, 1, 24, 1, 1], Value::Counter64(4)),
        (&[8, 1, 4, 1, 1], Value::Gauge32(1_500)),
        (&[9, 1, 3, 1, 1], Value::Counter64(3)),
        (&[9, 1, 4, 1, 1], Value::Counter64(25)),
        (&[2, 0], Value::Gauge32(1)),
        (&[4, 1, 3, 12], Value::Integer(3)),
        // 4 kB of which 1 kB can be had.
        (&[10, 1, 0], Value::Gauge32(3)),
        (&[10, 2, 0], Value::Integer(75)),
        (&[10, 3, 0], Value::Integer(75)),
        (&[10, 20, 0], Value::Integer(150)),
    ] {
        assert_eq!(value(&tree, tail), expected, "{tail:?}");
    }
}

#[test]
fn the_host_s_limits_and_how_it_was_read_are_served() {
    let tree = tree();
    for (tail, expected) in [
        // Less room in /var, so that an update would have.
        (&[10, 4, 0][..], Value::Gauge32(1_000)),
        (&[10, 43, 0], Value::Integer(2)),
        (&[10, 44, 0], Value::Gauge32(9)),
        (&[10, 45, 0], Value::Gauge32(10)),
        (&[10, 27, 0], Value::text("ubuntu")),
        (&[10, 29, 0], Value::Integer(1)),
        (&[10, 32, 0], Value::Integer(25)),
        (&[10, 41, 0], Value::date(at(1_000))),
        (&[12, 1, 2, 4], Value::text("update_space")),
        (&[12, 1, 3, 1], Value::Gauge32(75)),
        (&[12, 1, 4, 1], Value::Integer(1)),
        (&[12, 1, 5, 1], Value::Integer(1)),
        (&[12, 1, 3, 3], Value::Gauge32(976_562)),
        (&[12, 1, 4, 3], Value::Integer(2)),
        (&[12, 1, 6, 3], Value::text("/ /var")),
        (&[12, 1, 5, 4], Value::Integer(2)),
        (&[15, 1, 2, 4], Value::text("filesystem")),
        (&[15, 1, 3, 4], Value::Integer(2)),
        (&[15, 1, 5, 4], Value::Gauge32(1)),
        (&[15, 1, 6, 4], Value::text("no answer in 2 s")),
        (&[15, 1, 4, 10], Value::Gauge32(7)),
        (&[16, 1, 2, 2], Value::text("/var")),
        (&[16, 1, 3, 2], Value::Integer(1)),
        (&[16, 1, 6, 1], Value::Gauge32(4)),
        (&[7, 1, 26, 1, 1], Value::Counter64(6)),
    ] {
        assert_eq!(value(&tree, tail), expected, "{tail:?}");
    }
    let base = Oid::new(DEFAULT_BASE);
    let not_judged = tree.get(object(&base, &[12, 1, 5, 2]).numbers());
    assert_eq!(not_judged, Found::NoSuchInstance);
}

#[test]
fn probes_are_served_with_what_their_last_run_found() {
    let tree = tree();
    for (tail, expected) in [
        (&[13, 1, 2, 1][..], Value::text("management-plane")),
        (&[13, 1, 3, 1], Value::Integer(1)),
        (&[13, 1, 5, 1], Value::text("pub-1")),
        (&[13, 1, 6, 1], Value::Integer(2)),
        (&[13, 1, 7, 1], Value::Gauge32(120)),
        (&[13, 1, 9, 1], Value::date(at(1_000))),
        (&[13, 1, 10, 1], Value::Counter64(12)),
        (&[13, 1, 11, 1], Value::Counter64(3)),
        (&[13, 1, 12, 1], Value::text("intercepted")),
        (&[13, 1, 13, 1], Value::text("ends in\\u{7} another root")),
        (&[13, 1, 14, 1], Value::date(at(9_000))),
        (&[13, 1, 15, 1], Value::Integer(1)),
        (&[13, 1, 16, 1], Value::text("TLSv1.3")),
        (&[13, 1, 22, 1], Value::Gauge32(30)),
        (&[14, 1, 2, 1, 15], Value::text("intercepted")),
        (&[14, 1, 3, 1, 15], Value::Counter64(3)),
        (&[14, 1, 3, 1, 1], Value::Counter64(0)),
        // One that never ran has its row, and nothing that a run would tell.
        (&[13, 1, 2, 2], Value::text("names")),
        (&[13, 1, 10, 2], Value::Counter64(0)),
    ] {
        assert_eq!(value(&tree, tail), expected, "{tail:?}");
    }
    let base = Oid::new(DEFAULT_BASE);
    for column in [6, 7, 8, 9, 12, 13] {
        let found = tree.get(object(&base, &[13, 1, column, 2]).numbers());
        assert_eq!(found, Found::NoSuchInstance, "{column}");
    }
}
