//! Proof of the table: each signal is placed, where it says there is an object, and no
//! number of a row is given twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use model::host::{CpuTimes, HostSample, Kernel, Memory};
use model::signal::SIGNALS;
use model::snapshot::Snapshot;

use super::*;
use crate::mib;
use crate::oid::Oid;
use crate::tree::history::History;
use crate::tree::indexes::Indexes;
use crate::tree::ztna::DEFAULT_BASE;
use crate::tree::{AgentFacts, Inputs, Tree};

/// Objects of other modules that show a signal of ours, by the numbers of those modules:
/// RFC 2790, RFC 2863, UCD-SNMP-MIB and UCD-DISKIO-MIB of net-snmp 5.9.3.
const FOREIGN: &[(&str, &str)] = &[
    (
        "HOST-RESOURCES-MIB::hrSystemProcesses",
        "1.3.6.1.2.1.25.1.6",
    ),
    ("IF-MIB::ifHCInMulticastPkts", "1.3.6.1.2.1.31.1.1.1.8"),
    ("IF-MIB::ifHCInOctets", "1.3.6.1.2.1.31.1.1.1.6"),
    ("IF-MIB::ifHCInUcastPkts", "1.3.6.1.2.1.31.1.1.1.7"),
    ("IF-MIB::ifHCOutOctets", "1.3.6.1.2.1.31.1.1.1.10"),
    ("IF-MIB::ifHCOutUcastPkts", "1.3.6.1.2.1.31.1.1.1.11"),
    ("IF-MIB::ifHighSpeed", "1.3.6.1.2.1.31.1.1.1.15"),
    ("IF-MIB::ifInDiscards", "1.3.6.1.2.1.2.2.1.13"),
    ("IF-MIB::ifInErrors", "1.3.6.1.2.1.2.2.1.14"),
    ("IF-MIB::ifOperStatus", "1.3.6.1.2.1.2.2.1.8"),
    ("IF-MIB::ifOutDiscards", "1.3.6.1.2.1.2.2.1.19"),
    ("IF-MIB::ifOutErrors", "1.3.6.1.2.1.2.2.1.20"),
    ("IF-MIB::ifSpeed", "1.3.6.1.2.1.2.2.1.5"),
    (
        "UCD-DISKIO-MIB::diskIONReadX",
        "1.3.6.1.4.1.2021.13.15.1.1.12",
    ),
    (
        "UCD-DISKIO-MIB::diskIONWrittenX",
        "1.3.6.1.4.1.2021.13.15.1.1.13",
    ),
    (
        "UCD-DISKIO-MIB::diskIOReads",
        "1.3.6.1.4.1.2021.13.15.1.1.5",
    ),
    (
        "UCD-DISKIO-MIB::diskIOWrites",
        "1.3.6.1.4.1.2021.13.15.1.1.6",
    ),
    ("UCD-SNMP-MIB::dskAvailHigh", "1.3.6.1.4.1.2021.9.1.14"),
    ("UCD-SNMP-MIB::dskAvailLow", "1.3.6.1.4.1.2021.9.1.13"),
    ("UCD-SNMP-MIB::dskTotalHigh", "1.3.6.1.4.1.2021.9.1.12"),
    ("UCD-SNMP-MIB::dskTotalLow", "1.3.6.1.4.1.2021.9.1.11"),
    ("UCD-SNMP-MIB::dskUsedHigh", "1.3.6.1.4.1.2021.9.1.16"),
    ("UCD-SNMP-MIB::dskUsedLow", "1.3.6.1.4.1.2021.9.1.15"),
    ("UCD-SNMP-MIB::laLoad", "1.3.6.1.4.1.2021.10.1.3"),
    ("UCD-SNMP-MIB::memAvailRealX", "1.3.6.1.4.1.2021.4.21"),
    ("UCD-SNMP-MIB::memAvailSwapX", "1.3.6.1.4.1.2021.4.19"),
    ("UCD-SNMP-MIB::memBufferX", "1.3.6.1.4.1.2021.4.25"),
    ("UCD-SNMP-MIB::memCachedX", "1.3.6.1.4.1.2021.4.26"),
    ("UCD-SNMP-MIB::memSysAvail", "1.3.6.1.4.1.2021.4.27"),
    ("UCD-SNMP-MIB::memTotalRealX", "1.3.6.1.4.1.2021.4.20"),
    ("UCD-SNMP-MIB::memTotalSwapX", "1.3.6.1.4.1.2021.4.18"),
    ("UCD-SNMP-MIB::ssCpuNumCpus", "1.3.6.1.4.1.2021.11.67"),
    ("UCD-SNMP-MIB::ssCpuRawIdle", "1.3.6.1.4.1.2021.11.53"),
    ("UCD-SNMP-MIB::ssCpuRawInterrupt", "1.3.6.1.4.1.2021.11.56"),
    ("UCD-SNMP-MIB::ssCpuRawNice", "1.3.6.1.4.1.2021.11.51"),
    ("UCD-SNMP-MIB::ssCpuRawSoftIRQ", "1.3.6.1.4.1.2021.11.61"),
    ("UCD-SNMP-MIB::ssCpuRawSteal", "1.3.6.1.4.1.2021.11.64"),
    ("UCD-SNMP-MIB::ssCpuRawSystem", "1.3.6.1.4.1.2021.11.52"),
    ("UCD-SNMP-MIB::ssCpuRawUser", "1.3.6.1.4.1.2021.11.50"),
    ("UCD-SNMP-MIB::ssCpuRawWait", "1.3.6.1.4.1.2021.11.54"),
];

/// The tree of a host of which processors, load and memory are known.
fn tree() -> Tree {
    let host = HostSample {
        cpu: Some(CpuTimes::default()),
        load: Some([0.0; 3]),
        memory: Some(Memory::default()),
        kernel: Kernel::default(),
        ..HostSample::default()
    };
    Tree::build(&Inputs {
        host: &host,
        snapshot: &Snapshot::default(),
        facts: &AgentFacts::default(),
        history: &History::default(),
        indexes: &Indexes::default(),
        alerts: &[],
        now: Timestamp::UNIX_EPOCH,
        uptime: Duration::ZERO,
        base: &Oid::new(DEFAULT_BASE),
    })
}

#[test]
fn every_signal_is_placed_at_objects_that_exist_or_has_a_reason() {
    let tree = tree();
    let mut foreign: BTreeMap<&str, &str> = FOREIGN.iter().copied().collect();
    let mut used = BTreeSet::new();
    for row in SIGNALS {
        match placement(row.signal) {
            Placement::Objects(names) => {
                assert!(!names.is_empty(), "{}", row.name);
                for name in names {
                    let definition = format!("\n{name} OBJECT-TYPE\n");
                    assert!(mib::TEXT.contains(&definition), "{} wants {name}", row.name);
                }
            }
            Placement::Elsewhere(names) => {
                assert!(!names.is_empty(), "{}", row.name);
                for name in names {
                    let number = foreign.get(name);
                    let number = number.unwrap_or_else(|| panic!("{}: {name}", row.name));
                    let object = Oid::parse(number).unwrap();
                    assert!(tree.objects().contains(&object), "{name} is not served");
                    used.insert(*name);
                }
            }
            Placement::Absent(reason) => assert!(reason.len() > 10, "{}", row.name),
        }
    }
    foreign.retain(|name, _| !used.contains(name));
    assert!(foreign.is_empty(), "no signal wants {foreign:?}");
}

#[test]
fn no_number_is_given_twice() {
    let events: BTreeSet<u32> = EventKind::ALL
        .iter()
        .map(|one| event_number(*one))
        .collect();
    assert_eq!(events.len(), EventKind::ALL.len());
    let aspects: BTreeSet<u32> = Aspect::ALL.iter().map(|one| aspect_number(*one)).collect();
    assert_eq!(aspects.len(), Aspect::ALL.len());
    assert!(!events.contains(&0) && !aspects.contains(&0));
}
