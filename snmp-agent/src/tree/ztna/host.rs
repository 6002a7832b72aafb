//! ztnaHost: what the vendor wants watched on a host and no other MIB has an object for.

use model::host::{CpuShares, HostSample, ProcessUse};

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
        system(host),
        shares(host),
        dates(host),
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
    vec![
        (1, used.map(kilobytes)),
        (2, used_ratio.map(percent)),
        (3, host.cpu_shares.map(|shares| percent(shares.used()))),
        (4, host.update_space().map(kilobytes)),
        (5, host.system.is_clock_synchronised.map(Value::truth)),
        (6, host.system.is_reboot_pending.map(Value::truth)),
        (43, host.has_update_space().map(Value::truth)),
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
        (44, kernel.tcp_ports_used.map(Value::gauge)),
        (45, kernel.udp_ports_used.map(Value::gauge)),
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
    let files = |one: &ProcessUse| one.files_open.map(Value::gauge);
    let count = |one: &ProcessUse| Value::gauge(one.processes);
    vec![
        (19, own.map(resident)),
        (20, own.and_then(busy)),
        (21, own.and_then(files)),
        (22, other.map(|one| shown(&one.name))),
        (23, other.map(resident)),
        (24, other.and_then(busy)),
        (25, busiest.map(|one| shown(&one.name))),
        (26, busiest.and_then(busy)),
        (35, own.map(count)),
        (36, other.and_then(files)),
        (37, other.map(count)),
        (38, busiest.map(resident)),
        (39, busiest.and_then(files)),
        (40, busiest.map(count)),
    ]
}

fn system(host: &HostSample) -> Scalars {
    let text = |text: &str| (!text.is_empty()).then(|| shown(text));
    let system = &host.system;
    vec![
        (27, text(&system.os_id)),
        (28, text(&system.os_version)),
        (29, system.supports_publisher().map(Value::truth)),
    ]
}

fn shares(host: &HostSample) -> Scalars {
    let share = |of: fn(&CpuShares) -> f64| host.cpu_shares.map(|shares| percent(of(&shares)));
    vec![
        (30, share(|shares| shares.user)),
        (31, share(|shares| shares.system)),
        (32, share(|shares| shares.idle)),
        (33, share(|shares| shares.iowait)),
        (34, share(|shares| shares.steal)),
    ]
}

fn dates(host: &HostSample) -> Scalars {
    let taken_at = host.taken_at;
    let both = taken_at.zip(host.system.uptime);
    let booted_at = both.and_then(|(at, uptime)| at.checked_sub(uptime).ok());
    vec![
        (41, booted_at.map(Value::date)),
        (42, taken_at.map(Value::date)),
    ]
}
