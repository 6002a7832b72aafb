//! ztnaThresholdTable, ztnaCollectorTable and ztnaFsTable: the host's limits, how it was
//! read, and what dskTable has no object for.
//!
//! Limits and whether they are breached are the facts of `/metrics`, taken from the same
//! snapshot; nothing is compared anew here.

use model::host::threshold::{HostResource, ThresholdFact};
use model::host::{CollectorRun, Filesystem, HostCollector};

use super::super::ucd::truncated;
use super::super::{Builder, Inputs};
use super::{entry, shown};
use crate::value::Value;

/// Numbers below `ztnaObjects`.
const THRESHOLDS: u32 = 12;
const COLLECTORS: u32 = 15;
const FILESYSTEMS: u32 = 16;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let facts = inputs.snapshot.host.iter().flat_map(|one| &one.thresholds);
    let mut limits = builder.table(entry(inputs, THRESHOLDS).numbers(), &[2, 3, 4, 5, 6]);
    for fact in facts {
        let index = &[resource_number(fact.row.resource)];
        for (column, value) in threshold(fact) {
            limits.cell_if_known(column, index, value);
        }
    }
    let mut collectors = builder.table(entry(inputs, COLLECTORS).numbers(), &[2, 3, 4, 5, 6]);
    for run in &inputs.host.collectors {
        collectors.row(&[collector_number(run.collector)], collector(run));
    }
    let mut filesystems = builder.table(entry(inputs, FILESYSTEMS).numbers(), &[2, 3, 4, 5, 6]);
    for one in &inputs.host.filesystems {
        if let Some(index) = inputs.indexes.mounts.get(&one.mountpoint) {
            filesystems.row(&[index], filesystem(one));
        }
    }
}

/// The number of a resource in row indexes, the same in every version.
const fn resource_number(resource: HostResource) -> u32 {
    match resource {
        HostResource::Cpu => 1,
        HostResource::Memory => 2,
        HostResource::Disk => 3,
        HostResource::UpdateSpace => 4,
    }
}

/// The number of a collector in row indexes, the same in every version.
const fn collector_number(collector: HostCollector) -> u32 {
    match collector {
        HostCollector::Cpu => 1,
        HostCollector::Load => 2,
        HostCollector::Memory => 3,
        HostCollector::Filesystem => 4,
        HostCollector::Network => 5,
        HostCollector::DiskIo => 6,
        HostCollector::Kernel => 7,
        HostCollector::Process => 8,
        HostCollector::System => 9,
        HostCollector::Publisher => 10,
    }
}

/// A limit in whole percent or kilobytes, and the number of that unit.
fn limit(fact: &ThresholdFact) -> (u64, i32) {
    let row = &fact.row;
    match row.resource {
        HostResource::Cpu | HostResource::Memory => (truncated((row.value * 100.0).round()), 1),
        HostResource::Disk | HostResource::UpdateSpace => (truncated(row.value / 1_024.0), 2),
    }
}

fn threshold(fact: &ThresholdFact) -> [(u32, Option<Value>); 5] {
    let (number, unit) = limit(fact);
    [
        (2, Some(Value::text(fact.row.resource.name()))),
        (3, Some(Value::gauge(number))),
        (4, Some(Value::Integer(unit))),
        (5, fact.is_breached.map(Value::truth)),
        (6, Some(shown(&fact.mountpoints.join(" ")))),
    ]
}

fn collector(run: &CollectorRun) -> [(u32, Value); 5] {
    let milliseconds = u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX);
    [
        (2, Value::text(run.collector.name())),
        (3, Value::truth(run.is_success)),
        (4, Value::gauge(milliseconds)),
        (5, Value::gauge(run.hung_threads)),
        (6, shown(run.error.as_deref().unwrap_or(""))),
    ]
}

fn filesystem(filesystem: &Filesystem) -> [(u32, Value); 5] {
    [
        (2, shown(&filesystem.mountpoint)),
        (3, Value::truth(filesystem.is_read_only)),
        (4, Value::truth(filesystem.holds_update)),
        (5, Value::gauge(filesystem.inodes)),
        (6, Value::gauge(filesystem.inodes_free)),
    ]
}
