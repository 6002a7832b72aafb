//! ztnaHost: what the vendor wants watched on a host and no other MIB has an object for.

use model::host::{HostSample, ProcessUse};

use super::super::ucd::truncated;
use super::super::{Builder, Inputs};
use super::{object, shown};
use crate::value::Value;

/// Number below `ztnaObjects`.
const HOST: u32 = 10;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let host = inputs.host;
    let parts = [
        memory_and_cpu(host),
        kernel(host),
        publisher(host),
        processes(host),
    ];
    for (number, value) in parts.into_iter().flatten() {
        let name = object(inputs.base, &[HOST, number]);
        builder.scalar_if_known(name.numbers(), value);
    }
}

type Scalars = Vec<(u32, Option<Value>)>;

fn percent(share: f64) -> Value {
    Value::latched(truncated((share * 100.0).round()))
}

fn kilobytes(bytes: u64) -> Value {
    Value::gauge(bytes / 1_024)
}

fn memory_and_cpu(host: &HostSample) -> Scalars {
    let memory = host.memory;
    let used = memory.and_then(|one| one.total.checked_sub(one.available));
    let used_ratio = memory.and_then(|one| one.used_ratio());
    let update = host.filesystems.iter().find(|one| one.holds_update);
    vec![
        (1, used.map(kilobytes)),
        (2, used_ratio.map(percent)),
        (3, host.cpu_shares.map(|shares| percent(shares.used()))),
        (4, update.map(|one| kilobytes(one.available))),
        (5, host.system.is_clock_synchronised.map(Value::truth)),
        (6, host.system.is_reboot_pending.map(Value::truth)),
    ]
}

fn kernel(host: &HostSample) -> Scalars {
    let kernel = host.kernel;
    vec![
        (7, kernel.files_open.map(Value::gauge)),
        (8, kernel.files_max.map(Value::gauge)),
        (9, kernel.conntrack.map(Value::gauge)),
        (10, kernel.conntrack_max.map(Value::gauge)),
        (11, kernel.ports.map(Value::gauge)),
        (12, kernel.tcp_sockets.map(Value::gauge)),
        (13, kernel.tcp_time_wait.map(Value::gauge)),
        (14, kernel.udp_sockets.map(Value::gauge)),
    ]
}

fn publisher(host: &HostSample) -> Scalars {
    let counts = host.publisher.unwrap_or_default();
    vec![
        (15, counts.snat_connections.map(Value::gauge)),
        (16, counts.tcp_connections.map(Value::gauge)),
        (17, counts.udp_connections.map(Value::gauge)),
        (18, counts.files_open.map(Value::gauge)),
    ]
}

fn processes(host: &HostSample) -> Scalars {
    let own = host.connector_process.as_ref();
    let other = host.largest_process.as_ref();
    let busiest = host.busiest_process.as_ref();
    let resident = |one: &ProcessUse| kilobytes(one.resident_bytes);
    let busy = |one: &ProcessUse| one.cpu_share.map(percent);
    vec![
        (19, own.map(resident)),
        (20, own.and_then(busy)),
        (21, own.and_then(|one| one.files_open).map(Value::gauge)),
        (22, other.map(|one| shown(&one.name))),
        (23, other.map(resident)),
        (24, other.and_then(busy)),
        (25, busiest.map(|one| shown(&one.name))),
        (26, busiest.and_then(busy)),
    ]
}
