//! Proof of our own MIB: the served objects are those of its text, and hold what is so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::connector::{Aspect, ConnectorKind, Fact, ProbeFailure, Tool};
use model::connector::{ConnectorState, Evidence, Facts};
use model::event::{EventKey, EventKind, Reason};
use model::histogram::RttHistogram;
use model::host::{CpuShares, HostSample, Kernel, Memory, ProcessUse, PublisherCounts, System};
use model::log::{GenerationCause, LineOutcome, LossCause};
use model::snapshot::{ConnectorSnapshot, LogSnapshot, Snapshot, ToolSnapshot};
use model::untrusted::Untrusted;

use super::*;
use crate::alert::Severity;
use crate::counters::Counters;
use crate::mib;
use crate::tree::history::History;
use crate::tree::indexes::Indexes;
use crate::tree::{AgentFacts, Found, Moment, Tree};
use crate::value::Kind;

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

fn tree() -> Tree {
    let snapshot = Snapshot {
        taken_at: Some(at(1_990)),
        is_caught_up: true,
        connectors: vec![
            connector("pub-1", ConnectorKind::NetskopePublisher),
            connector("laptop", ConnectorKind::NetskopeClient),
            connector("cato", ConnectorKind::CatoClient),
        ],
        ..Snapshot::default()
    };
    let host = host();
    let mut indexes = Indexes::default();
    indexes.learn(&host, &snapshot);
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
        host: &host,
        snapshot: &snapshot,
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

/// An object of the text.
#[derive(Debug)]
struct Defined {
    name: String,
    is_readable: bool,
    kind: Option<Kind>,
}

fn kind_of(syntax: &str) -> Option<Kind> {
    let word = syntax.split([' ', '(']).next()?;
    match word {
        "INTEGER" | "Integer32" | "ZtnaState" | "ZtnaSeverity" | "TruthValue" => {
            Some(Kind::Integer)
        }
        "SnmpAdminString" | "DateAndTime" | "BITS" => Some(Kind::Octets),
        "Gauge32" | "Unsigned32" => Some(Kind::Gauge32),
        "Counter64" => Some(Kind::Counter64),
        _ => None,
    }
}

/// The name and the parent's numbers of `::= { parent number }`.
fn parent(line: &str) -> Option<(String, u32)> {
    let inner = line.split("::= {").nth(1)?.split('}').next()?;
    let mut words = inner.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

/// Every object of the text, by its identifier.
fn defined() -> BTreeMap<Oid, Defined> {
    let mut names = BTreeMap::from([("enterprises".to_owned(), Oid::new(&[1, 3, 6, 1, 4, 1]))]);
    let mut objects = BTreeMap::new();
    let (mut name, mut syntax, mut access) = (String::new(), String::new(), String::new());
    // The module's own node stands before the nodes of its base.
    let (head, tail) = mib::TEXT
        .split_once("ztnaExporterMIB MODULE-IDENTITY")
        .unwrap();
    let (identity, rest) = tail.split_once("::= { ztnaBase 1 }\n").unwrap();
    assert!(!head.contains("::= {") && !identity.contains("::= {"));
    let (bases, rest) = rest.split_once("\nztnaNotifications").unwrap();
    let text = format!("{bases}ztnaExporterMIB X ::= {{ ztnaBase 1 }}\nztnaNotifications{rest}");
    for line in text.lines() {
        if let Some((word, _)) = line.split_once(' ').filter(|_| !line.starts_with(' ')) {
            name = word.to_owned();
        }
        for (key, part) in [
            ("    SYNTAX ", &mut syntax),
            ("    MAX-ACCESS ", &mut access),
        ] {
            if let Some(words) = line.strip_prefix(key) {
                *part = words.trim().to_owned();
            }
        }
        let Some((above, number)) = parent(line) else {
            continue;
        };
        let oid = names[&above].join(&[number]);
        names.insert(name.clone(), oid.clone());
        if !access.is_empty() {
            let definition = Defined {
                name: name.clone(),
                is_readable: access == "read-only",
                kind: kind_of(&syntax),
            };
            objects.insert(oid, definition);
        }
        syntax.clear();
        access.clear();
    }
    objects
}

#[test]
fn every_served_object_is_in_the_text_with_its_syntax() {
    let defined = defined();
    let base = Oid::new(DEFAULT_BASE);
    let tree = tree();
    let mut rows = 0;
    for row in tree.rows().iter().filter(|row| row.oid.is_within(&base)) {
        let (oid, definition) = defined.range(..&row.oid).next_back().unwrap();
        assert!(row.oid.is_within(oid), "{} is not in the text", row.oid);
        let counters = Counters::default();
        let moment = Moment {
            uptime: Duration::ZERO,
            engine_boots: 0,
            engine_time: 0,
            counters: &counters,
        };
        let kind = row.value(&moment).kind();
        let is_same = definition.kind == Some(kind);
        assert!(is_same, "{}: {kind:?}, {definition:?}", row.oid);
        assert!(definition.is_readable, "{definition:?}");
        rows += 1;
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn every_readable_object_of_the_text_is_served() {
    let tree = tree();
    let base = Oid::new(DEFAULT_BASE);
    let served: Vec<&Oid> = tree
        .objects()
        .iter()
        .filter(|one| one.is_within(&base))
        .collect();
    let defined = defined();
    let readable = defined.iter().filter(|(_, one)| one.is_readable);
    let mut names = Vec::new();
    for (oid, definition) in readable {
        assert!(served.contains(&oid), "{} is not served", definition.name);
        // And of a host and connectors of which everything is known, each has a value.
        let has_row = tree
            .next(oid.numbers())
            .is_some_and(|row| row.oid.is_within(oid));
        let is_rare = ["ztnaHostUpdateFree"].contains(&definition.name.as_str());
        assert!(has_row || is_rare, "{} has no row", definition.name);
        names.push(oid);
    }
    assert_eq!(served.len(), names.len());
}
