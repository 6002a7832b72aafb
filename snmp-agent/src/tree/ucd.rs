//! UCD-SNMP-MIB: memory, load averages and systemStats, as net-snmp's agent serves them.
//!
//! Names that mislead stay as pollers know them. memAvailReal (.6), which copies of the
//! vendor's list call "used", is MemFree; memTotalFree (.11), which they call "free RAM",
//! is memory and swap together. The right "used" is memTotalReal - memSysAvail (.27), and
//! stands ready in our own MIB.
//!
//! Sources: UCD-SNMP-MIB; net-snmp 5.9.3, agent/mibgroup/ucd-snmp/{memory,loadave,vmstat}.c
//! and hardware/memory/memory_linux.c; compared object by object with a walk of snmpd.

use model::host::{CpuTimes, Memory};

use super::history::{Counts, percent};
use super::{Builder, Inputs};
use crate::oid::join;
use crate::value::Value;

/// 1.3.6.1.4.1.2021
pub(super) const UCD: &[u32] = &[1, 3, 6, 1, 4, 1, 2021];

/// memMinimumSwap in kB: net-snmp's default, below which swap counts as running out.
const SWAP_MINIMUM: u64 = 16_000;

/// laConfig without configuration.
const LOAD_LIMIT: f64 = 12.0;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    if let Some(memory) = &inputs.host.memory {
        add_memory(builder, memory);
    }
    if let Some(load) = inputs.host.load {
        add_load(builder, load);
    }
    if let Some(cpu) = &inputs.host.cpu {
        add_stats(builder, inputs, cpu);
    }
}

fn add_memory(builder: &mut Builder, memory: &Memory) {
    let kilobytes = |bytes: u64| bytes / 1_024;
    let swap_free = kilobytes(memory.swap_free);
    let real_free = kilobytes(memory.free);
    let total_free = real_free.saturating_add(swap_free);
    let cached = memory.cached.saturating_add(memory.slab_reclaimable);
    // Each number with its 32-bit object and its 64-bit copy (CounterBasedGauge64, which
    // is a Counter64 on the wire).
    let numbers = [
        (3, 18, kilobytes(memory.swap_total)),
        (4, 19, swap_free),
        (5, 20, kilobytes(memory.total)),
        (6, 21, real_free),
        (11, 22, total_free),
        (12, 23, SWAP_MINIMUM),
        (13, 24, kilobytes(memory.shared)),
        (14, 25, kilobytes(memory.buffers)),
        (15, 26, kilobytes(cached)),
    ];
    let name = |number| join(UCD, &[4, number]);
    builder.scalar(name(1).numbers(), Value::Integer(0));
    builder.scalar(name(2).numbers(), Value::text("swap"));
    for (narrow, wide, number) in numbers {
        builder.scalar(name(narrow).numbers(), Value::latched(number));
        builder.scalar(name(wide).numbers(), Value::Counter64(number));
    }
    let available = Value::Counter64(kilobytes(memory.available));
    builder.scalar(name(27).numbers(), available);
    // A host without swap is always out of it.
    let is_short = swap_free <= SWAP_MINIMUM;
    let message = if is_short {
        format!("Running out of swap space ({swap_free})")
    } else {
        String::new()
    };
    let flag = Value::Integer(i32::from(is_short));
    builder.scalar(name(100).numbers(), flag);
    builder.scalar(name(101).numbers(), Value::text(&message));
}

fn add_load(builder: &mut Builder, loads: [f64; 3]) {
    let entry = join(UCD, &[10, 1]);
    let mut table = builder.table(entry.numbers(), &[1, 2, 3, 4, 5, 6, 100, 101]);
    for ((index, minutes), load) in [(1, 1), (2, 5), (3, 15)].into_iter().zip(loads) {
        let is_high = load >= LOAD_LIMIT;
        let message = if is_high {
            format!("{minutes} min Load Average too high (= {load:.2})")
        } else {
            String::new()
        };
        table.row(
            &[index],
            [
                (1, Value::latched(u64::from(index))),
                (2, Value::text(&format!("Load-{minutes}"))),
                (3, Value::text(&format!("{load:.2}"))),
                (4, Value::text(&format!("{LOAD_LIMIT:.2}"))),
                (5, Value::latched(truncated(load * 100.0))),
                (6, Value::OpaqueFloat(single(load))),
                (100, Value::Integer(i32::from(is_high))),
                (101, Value::text(&message)),
            ],
        );
    }
}

/// The whole part: laLoadInt is cut off, not rounded.
#[expect(
    clippy::as_conversions,
    reason = "no checked conversion exists; `as` saturates, and that is wanted"
)]
pub(super) const fn truncated(number: f64) -> u64 {
    number as u64
}

#[expect(
    clippy::as_conversions,
    reason = "no checked conversion exists; the object has single precision"
)]
const fn single(number: f64) -> f32 {
    number as f32
}

fn add_stats(builder: &mut Builder, inputs: &Inputs<'_>, cpu: &CpuTimes) {
    let name = |number| join(UCD, &[11, number]);
    builder.scalar(name(1).numbers(), Value::Integer(1));
    builder.scalar(name(2).numbers(), Value::text("systemStats"));
    for (number, ticks) in [
        (50, cpu.user),
        (51, cpu.nice),
        (52, cpu.system),
        (53, cpu.idle),
        (54, cpu.iowait),
        // ssCpuRawKernel: net-snmp never fills it on Linux.
        (55, 0),
        (56, cpu.irq),
        (61, cpu.softirq),
        (64, cpu.steal),
        (65, cpu.guest),
        (66, cpu.guest_nice),
    ] {
        builder.scalar(name(number).numbers(), Value::counter(ticks));
    }
    let kernel = &inputs.host.kernel;
    for (number, count) in [
        (57, kernel.paged_out.map(blocks)),
        (58, kernel.paged_in.map(blocks)),
        (59, kernel.interrupts),
        (60, kernel.context_switches),
        (62, kernel.swapped_in),
        (63, kernel.swapped_out),
    ] {
        builder.scalar_if_known(name(number).numbers(), count.map(Value::counter));
    }
    let processors = u64::try_from(inputs.host.processors.len()).unwrap_or(0);
    builder.scalar(name(67).numbers(), Value::latched(processors));
    let window = inputs.history.window();
    for (number, share) in shares(window) {
        builder.scalar_if_known(name(number).numbers(), share.map(Value::latched));
    }
    for (number, rate) in rates(window) {
        builder.scalar_if_known(name(number).numbers(), rate.map(Value::latched));
    }
}

/// Kilobytes in blocks of 512 bytes, as ssIORawSent counts.
const fn blocks(kilobytes: u64) -> u64 {
    kilobytes.saturating_mul(2)
}

/// ssCpuUser, ssCpuSystem, ssCpuIdle in percent. Absent before there is a window.
fn shares(window: Option<(&Counts, &Counts)>) -> [(u32, Option<u64>); 3] {
    let share = |field: fn(&CpuTimes) -> u64| {
        let (oldest, newest) = window?;
        percent(oldest.cpu.as_ref()?, newest.cpu.as_ref()?, field)
    };
    [
        (9, share(|times| times.user)),
        // The kernel alone: no interrupts, no waiting.
        (10, share(|times| times.system)),
        (11, share(|times| times.idle)),
    ]
}

/// ssSwapIn to ssSysContext, per second. snmpd divides by 60 whatever its window is; we
/// divide by the window.
fn rates(window: Option<(&Counts, &Counts)>) -> [(u32, Option<u64>); 6] {
    let rate = |count: fn(&Counts) -> Option<u64>| {
        let (oldest, newest) = window?;
        let more = count(newest)?.saturating_sub(count(oldest)?);
        let elapsed = newest.at.checked_sub(oldest.at)?;
        more.checked_div(elapsed.as_secs())
    };
    [
        (3, rate(|counts| counts.kernel.swapped_in)),
        (4, rate(|counts| counts.kernel.swapped_out)),
        (5, rate(|counts| counts.kernel.paged_out.map(blocks))),
        (6, rate(|counts| counts.kernel.paged_in.map(blocks))),
        (7, rate(|counts| counts.kernel.interrupts)),
        (8, rate(|counts| counts.kernel.context_switches)),
    ]
}
