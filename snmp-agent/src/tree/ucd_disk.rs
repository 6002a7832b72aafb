//! UCD-SNMP-MIB dskTable and UCD-DISKIO-MIB diskIOTable.
//!
//! dskTable is on without configuration, as `includeAllDisks 10%` makes it: the vendor's
//! list has seven objects of it. Row numbers are kept per mount point, and `/` is 1,
//! which published copies of the list ask for; snmpd's own change with every boot.
//!
//! Sources: UCD-SNMP-MIB; net-snmp 5.9.3, agent/mibgroup/ucd-snmp/disk_hw.c and
//! hardware/fsys/hw_fsys.c: sizes in kB, percentages of the whole size (not of what users
//! can have, as df does) in single precision, rounded. UCD-DISKIO-MIB; diskio.c. Its load
//! averages (.9 to .11) and busy time are left out: nothing here measures them.

use model::host::{DiskIo, Filesystem};

use super::ucd::{UCD, truncated};
use super::{Builder, Inputs};
use crate::oid::join;
use crate::value::{Value, high_word, low_word};

/// dskMinPercent: what `includeAllDisks 10%` sets.
const FREE_PERCENT_MIN: u64 = 10;

/// diskIOEntry below UCD-SNMP-MIB.
const DISK_IO: &[u32] = &[13, 15, 1, 1];

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let entry = join(UCD, &[9, 1]);
    let columns: Vec<u32> = (1..=16).chain([100, 101]).collect();
    let mut table = builder.table(entry.numbers(), &columns);
    for filesystem in &inputs.host.filesystems {
        let Some(index) = inputs.indexes.mounts.get(&filesystem.mountpoint) else {
            continue;
        };
        table.row(&[index], names(index, filesystem));
        table.row(&[index], sizes(filesystem));
        table.row(&[index], verdict(filesystem));
    }
    let name = join(UCD, DISK_IO);
    let mut disks = builder.table(name.numbers(), &[1, 2, 3, 4, 5, 6, 12, 13]);
    for disk in &inputs.host.disks {
        if let Some(index) = inputs.indexes.disks.get(&disk.name) {
            disks.row(&[index], transfers(index, disk));
        }
    }
}

fn names(index: u32, filesystem: &Filesystem) -> [(u32, Value); 5] {
    [
        (1, Value::latched(u64::from(index))),
        (2, Value::text(&filesystem.mountpoint)),
        (3, Value::text(&filesystem.device)),
        // dskMinimum: not by size but by percent.
        (4, Value::Integer(-1)),
        (5, Value::latched(FREE_PERCENT_MIN)),
    ]
}

fn sizes(filesystem: &Filesystem) -> [(u32, Value); 11] {
    let used = filesystem.size.saturating_sub(filesystem.free);
    let total = filesystem.size / 1_024;
    let available = filesystem.available / 1_024;
    let used_kilobytes = used / 1_024;
    let inodes_used = filesystem.inodes.saturating_sub(filesystem.inodes_free);
    [
        (6, Value::latched(total)),
        (7, Value::latched(available)),
        (8, Value::latched(used_kilobytes)),
        (9, Value::latched(rounded_percent(used, filesystem.size))),
        (
            10,
            Value::latched(rounded_percent(inodes_used, filesystem.inodes)),
        ),
        (11, Value::Gauge32(low_word(total))),
        (12, Value::Gauge32(high_word(total))),
        (13, Value::Gauge32(low_word(available))),
        (14, Value::Gauge32(high_word(available))),
        (15, Value::Gauge32(low_word(used_kilobytes))),
        (16, Value::Gauge32(high_word(used_kilobytes))),
    ]
}

fn verdict(filesystem: &Filesystem) -> [(u32, Value); 2] {
    let free = rounded_percent(filesystem.available, filesystem.size);
    let is_short = free < FREE_PERCENT_MIN;
    let message = if is_short {
        let path = &filesystem.mountpoint;
        format!("{path}: less than {FREE_PERCENT_MIN}% free (= {free}%)")
    } else {
        String::new()
    };
    [
        (100, Value::Integer(i32::from(is_short))),
        (101, Value::text(&message)),
    ]
}

/// `part` of `whole` in percent, in single precision like the original, 0 of nothing.
#[expect(
    clippy::as_conversions,
    reason = "no lossless conversion exists; the original's loss is wanted"
)]
fn rounded_percent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    let share = (part as f32 * 100.0) / whole as f32;
    truncated(f64::from(share + 0.5))
}

fn transfers(index: u32, disk: &DiskIo) -> [(u32, Value); 8] {
    [
        (1, Value::latched(u64::from(index))),
        (2, Value::text(&disk.name)),
        (3, Value::counter(disk.read_bytes)),
        (4, Value::counter(disk.written_bytes)),
        (5, Value::counter(disk.reads)),
        (6, Value::counter(disk.writes)),
        (12, Value::Counter64(disk.read_bytes)),
        (13, Value::Counter64(disk.written_bytes)),
    ]
}
