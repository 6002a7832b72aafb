//! HOST-RESOURCES-MIB: hrSystem, hrStorage and hrProcessorLoad.
//!
//! The numbers of memory rows and the order of their names are net-snmp's; file systems
//! stand at 30 and their dskIndex, where `includeAllDisks` puts them.
//! hrSystemInitialLoadParameters is left out on purpose: a kernel's command line may
//! hold secrets, and no poller asks for it.
//!
//! Sources: RFC 2790; net-snmp 5.9.3, agent/mibgroup/host/hrh_storage.c and
//! hardware/memory/memory_linux.c, compared with a walk of snmpd.

use model::host::{Filesystem, HostSample, Memory};

use super::history::percent;
use super::{Builder, Inputs, Live};
use crate::oid::{Oid, join};
use crate::value::Value;

/// 1.3.6.1.2.1.25
const HOST: &[u32] = &[1, 3, 6, 1, 2, 1, 25];

/// hrStorageEntry.
const STORAGE_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 2, 3, 1];

/// hrProcessorEntry.
const PROCESSOR_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 3, 3, 1];

/// The first processor's hrDeviceIndex in net-snmp: its device type 3, shifted by 16.
const FIRST_PROCESSOR: u32 = 196_608;

/// Added to a file system's dskIndex.
const FILESYSTEMS_FROM: u32 = 30;

/// hrStorageTypes: hrStorageOther 1, Ram 2, VirtualMemory 3, FixedDisk 4.
const STORAGE_TYPES: &[u32] = &[1, 3, 6, 1, 2, 1, 25, 2, 1];

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    add_system(builder, inputs);
    add_storage(builder, inputs);
    add_processors(builder, inputs);
}

fn add_system(builder: &mut Builder, inputs: &Inputs<'_>) {
    let system = &inputs.host.system;
    if let Some(uptime) = system.uptime {
        // It goes on growing between two samples.
        let earlier = uptime.saturating_sub(inputs.uptime);
        builder.live(join(HOST, &[1, 1]).numbers(), Live::HostUptime(earlier));
    }
    builder.scalar(join(HOST, &[1, 2]).numbers(), Value::date(inputs.now));
    let users = system.users.map(Value::gauge);
    builder.scalar_if_known(join(HOST, &[1, 5]).numbers(), users);
    let processes = inputs.host.kernel.processes.map(Value::gauge);
    builder.scalar_if_known(join(HOST, &[1, 6]).numbers(), processes);
    // There is no fixed limit (RFC 2790: zero then).
    builder.scalar(join(HOST, &[1, 7]).numbers(), Value::Integer(0));
}

/// One row of hrStorageTable.
struct Storage {
    index: u32,
    storage_type: u32,
    name: String,
    units: u64,
    size: u64,
    used: u64,
}

fn add_storage(builder: &mut Builder, inputs: &Inputs<'_>) {
    let memory = inputs.host.memory;
    let size = memory.map(|memory| Value::latched(memory.total / 1_024));
    builder.scalar_if_known(join(HOST, &[2, 2]).numbers(), size);
    let of_memory = memory.iter().flat_map(memory_rows);
    let of_disks = inputs.host.filesystems.iter().filter_map(|filesystem| {
        let index = inputs.indexes.mounts.get(&filesystem.mountpoint)?;
        Some(disk_row(index, filesystem))
    });
    let rows: Vec<Storage> = of_memory.chain(of_disks).collect();
    let mut table = builder.table(STORAGE_ENTRY, &[1, 2, 3, 4, 5, 6]);
    for row in rows {
        table.row(
            &[row.index],
            [
                (1, Value::latched(u64::from(row.index))),
                (2, Value::ObjectId(join(STORAGE_TYPES, &[row.storage_type]))),
                (3, Value::text(&row.name)),
                (4, Value::latched(row.units)),
                (5, Value::latched(row.size)),
                (6, Value::latched(row.used)),
            ],
        );
    }
}

fn memory_rows(memory: &Memory) -> Vec<Storage> {
    let row = |index, storage_type, name: &str, size: u64, used: u64| Storage {
        index,
        storage_type,
        name: name.to_owned(),
        units: 1_024,
        size: size / 1_024,
        used: used / 1_024,
    };
    let used = memory.total.saturating_sub(memory.free);
    let swap_used = memory.swap_total.saturating_sub(memory.swap_free);
    // "Cached" takes the reclaimable slabs in, as memCached does.
    let cached = memory.cached.saturating_add(memory.slab_reclaimable);
    let total = memory.total.saturating_add(memory.swap_total);
    vec![
        row(1, 2, "Physical memory", memory.total, used),
        row(
            3,
            3,
            "Virtual memory",
            total,
            used.saturating_add(swap_used),
        ),
        row(6, 1, "Memory buffers", memory.total, memory.buffers),
        row(7, 1, "Cached memory", cached, cached),
        row(8, 1, "Shared memory", memory.shared, memory.shared),
        row(10, 3, "Swap space", memory.swap_total, swap_used),
        // snmpd has no "used" for it.
        row(11, 1, "Available memory", memory.available, 0),
    ]
}

/// The block size is doubled until the size fits a signed 32-bit number.
fn disk_row(index: u32, filesystem: &Filesystem) -> Storage {
    let block = filesystem.block_size.max(1);
    let mut shift = 0_u32;
    while shift < 32 && (filesystem.size / block) >> shift > u64::from(u32::MAX >> 1) {
        shift = shift.saturating_add(1);
    }
    let used = filesystem.size.saturating_sub(filesystem.free);
    Storage {
        index: FILESYSTEMS_FROM.saturating_add(index),
        storage_type: 4,
        name: filesystem.mountpoint.to_string(),
        units: block << shift,
        size: (filesystem.size / block) >> shift,
        used: (used / block) >> shift,
    }
}

fn add_processors(builder: &mut Builder, inputs: &Inputs<'_>) {
    let loads = processor_loads(inputs);
    let mut table = builder.table(PROCESSOR_ENTRY, &[1, 2]);
    for (index, load) in (FIRST_PROCESSOR..).zip(loads) {
        // hrProcessorFrwID: unknown.
        table.cell(1, &[index], Value::ObjectId(Oid::new(&[0, 0])));
        table.cell_if_known(2, &[index], load.map(Value::latched));
    }
}

/// 100 less the idle share of each processor, over the window of ssCpuIdle; absent
/// before there is a window.
fn processor_loads(inputs: &Inputs<'_>) -> Vec<Option<u64>> {
    let host: &HostSample = inputs.host;
    let window = inputs.history.window();
    let load = |number: usize| {
        let (oldest, newest) = window?;
        let before = oldest.processors.get(number)?;
        let after = newest.processors.get(number)?;
        let idle = percent(before, after, |times| times.idle)?;
        Some(100_u64.saturating_sub(idle))
    };
    (0..host.processors.len()).map(load).collect()
}
