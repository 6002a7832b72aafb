//! Proof of the tree: finding, walking, and values that were worked out by hand.

use std::sync::Arc;

use jiff::Timestamp;
use model::host::{
    CpuTimes, DiskIo, Filesystem, HostSample, Interface, Kernel, Memory, System, Traffic,
};
use model::snapshot::Snapshot;

use super::*;
use crate::tree::ztna::DEFAULT_BASE;

/// Everything that [`Inputs`] borrows.
#[derive(Default)]
struct World {
    host: HostSample,
    snapshot: Snapshot,
    facts: AgentFacts,
    history: History,
    indexes: Indexes,
}

impl World {
    fn tree(&mut self) -> Tree {
        self.indexes.learn(&self.host, &self.snapshot);
        Tree::build(&Inputs {
            host: &self.host,
            snapshot: &self.snapshot,
            facts: &self.facts,
            history: &self.history,
            indexes: &self.indexes,
            alerts: &[],
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            uptime: Duration::from_secs(100),
            base: &Oid::new(DEFAULT_BASE),
        })
    }
}

fn moment(counters: &Counters) -> Moment<'_> {
    Moment {
        uptime: Duration::from_millis(123_456),
        engine_boots: 7,
        engine_time: 99,
        counters,
    }
}

/// Each object with its value now.
fn check(tree: &Tree, expected: &[(&str, Value)]) {
    let counters = Counters::default();
    for (name, value) in expected {
        let oid = Oid::parse(name).unwrap();
        match tree.get(oid.numbers()) {
            Found::Row(row) => assert_eq!(row.value(&moment(&counters)), *value, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn absent(tree: &Tree, name: &str) -> &'static str {
    match tree.get(Oid::parse(name).unwrap().numbers()) {
        Found::Row(_) => "row",
        Found::NoSuchObject => "no such object",
        Found::NoSuchInstance => "no such instance",
    }
}

const KB: u64 = 1_024;

fn filesystem(mountpoint: &str) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/vda1"),
        fstype: Arc::from("ext4"),
        size: 264_212_084 * KB,
        free: 237_174_628 * KB,
        available: 68_248_432 * KB,
        block_size: 4_096,
        inodes: 1_000,
        inodes_free: 971,
        is_read_only: false,
        holds_update: false,
    }
}

fn host() -> HostSample {
    HostSample {
        memory: Some(Memory {
            total: 24_684_084 * KB,
            free: 17_455_288 * KB,
            available: 23_077_840 * KB,
            buffers: 57_452 * KB,
            cached: 5_000_000 * KB,
            slab_reclaimable: 908_312 * KB,
            shared: 8_872 * KB,
            swap_total: 100_000 * KB,
            swap_free: 16_001 * KB,
        }),
        load: Some([5.0, 2.878_906_25, 12.0]),
        filesystems: vec![filesystem("/boot"), filesystem("/")],
        ..HostSample::default()
    }
}

#[test]
fn memory_is_what_snmpd_makes_of_meminfo() {
    let mut world = World {
        host: host(),
        ..World::default()
    };
    check(
        &world.tree(),
        &[
            ("1.3.6.1.4.1.2021.4.3.0", Value::Integer(100_000)),
            ("1.3.6.1.4.1.2021.4.4.0", Value::Integer(16_001)),
            ("1.3.6.1.4.1.2021.4.5.0", Value::Integer(24_684_084)),
            ("1.3.6.1.4.1.2021.4.6.0", Value::Integer(17_455_288)),
            // Memory and swap: 17 455 288 + 16 001.
            ("1.3.6.1.4.1.2021.4.11.0", Value::Integer(17_471_289)),
            ("1.3.6.1.4.1.2021.4.22.0", Value::Counter64(17_471_289)),
            // Cached and SReclaimable: 5 000 000 + 908 312.
            ("1.3.6.1.4.1.2021.4.15.0", Value::Integer(5_908_312)),
            ("1.3.6.1.4.1.2021.4.27.0", Value::Counter64(23_077_840)),
            ("1.3.6.1.4.1.2021.4.100.0", Value::Integer(0)),
            ("1.3.6.1.4.1.2021.4.101.0", Value::text("")),
            // Used: 24 684 084 - 17 455 288; with swap 83 999 more.
            ("1.3.6.1.2.1.25.2.3.1.6.1", Value::Integer(7_228_796)),
            ("1.3.6.1.2.1.25.2.3.1.5.3", Value::Integer(24_784_084)),
            ("1.3.6.1.2.1.25.2.3.1.6.3", Value::Integer(7_312_795)),
            ("1.3.6.1.2.1.25.2.3.1.5.11", Value::Integer(23_077_840)),
            ("1.3.6.1.2.1.25.2.3.1.6.11", Value::Integer(0)),
            ("1.3.6.1.2.1.25.2.2.0", Value::Integer(24_684_084)),
        ],
    );
}

#[test]
fn swap_runs_out_at_its_minimum_and_not_below_it() {
    let mut world = World {
        host: host(),
        ..World::default()
    };
    world.host.memory.as_mut().unwrap().swap_free = 16_000 * KB;
    check(
        &world.tree(),
        &[
            ("1.3.6.1.4.1.2021.4.100.0", Value::Integer(1)),
            (
                "1.3.6.1.4.1.2021.4.101.0",
                Value::text("Running out of swap space (16000)"),
            ),
        ],
    );
}

#[test]
fn loads_are_cut_off_and_the_limit_counts_as_high() {
    let mut world = World {
        host: host(),
        ..World::default()
    };
    check(
        &world.tree(),
        &[
            ("1.3.6.1.4.1.2021.10.1.2.2", Value::text("Load-5")),
            // 2.87890625 is 2.88 rounded for people, and 287 cut off.
            ("1.3.6.1.4.1.2021.10.1.3.2", Value::text("2.88")),
            ("1.3.6.1.4.1.2021.10.1.5.2", Value::Integer(287)),
            ("1.3.6.1.4.1.2021.10.1.6.2", Value::OpaqueFloat(2.878_906_2)),
            ("1.3.6.1.4.1.2021.10.1.4.2", Value::text("12.00")),
            ("1.3.6.1.4.1.2021.10.1.100.2", Value::Integer(0)),
            ("1.3.6.1.4.1.2021.10.1.100.3", Value::Integer(1)),
            (
                "1.3.6.1.4.1.2021.10.1.101.3",
                Value::text("15 min Load Average too high (= 12.00)"),
            ),
        ],
    );
}

#[test]
fn the_root_is_disk_one_and_percentages_are_of_the_whole() {
    let mut world = World {
        host: host(),
        ..World::default()
    };
    check(
        &world.tree(),
        &[
            ("1.3.6.1.4.1.2021.9.1.2.1", Value::text("/")),
            ("1.3.6.1.4.1.2021.9.1.2.2", Value::text("/boot")),
            ("1.3.6.1.4.1.2021.9.1.6.1", Value::Integer(264_212_084)),
            ("1.3.6.1.4.1.2021.9.1.7.1", Value::Integer(68_248_432)),
            // 264 212 084 - 237 174 628; 10.23 % of the whole, where df would say 28 %.
            ("1.3.6.1.4.1.2021.9.1.8.1", Value::Integer(27_037_456)),
            ("1.3.6.1.4.1.2021.9.1.9.1", Value::Integer(10)),
            // 29 of 1000: 2.9, rounded.
            ("1.3.6.1.4.1.2021.9.1.10.1", Value::Integer(3)),
            ("1.3.6.1.4.1.2021.9.1.4.1", Value::Integer(-1)),
            ("1.3.6.1.4.1.2021.9.1.5.1", Value::Integer(10)),
            ("1.3.6.1.4.1.2021.9.1.100.1", Value::Integer(0)),
            ("1.3.6.1.2.1.25.2.3.1.3.31", Value::text("/")),
            ("1.3.6.1.2.1.25.2.3.1.4.31", Value::Integer(4_096)),
            // 264 212 084 kB in blocks of 4 kB.
            ("1.3.6.1.2.1.25.2.3.1.5.31", Value::Integer(66_053_021)),
            ("1.3.6.1.2.1.25.2.3.1.6.31", Value::Integer(6_759_364)),
        ],
    );
}

#[test]
fn a_disk_of_many_terabytes_latches_splits_and_shifts() {
    let mut large = filesystem("/");
    // 16 TiB and 4 kB: 2^34 + 4 kB, 2^32 + 1 blocks.
    large.size = ((1 << 34) + 4) * KB;
    large.free = 0;
    large.available = 0;
    let mut world = World::default();
    world.host.filesystems = vec![large];
    check(
        &world.tree(),
        &[
            ("1.3.6.1.4.1.2021.9.1.6.1", Value::Integer(i32::MAX)),
            ("1.3.6.1.4.1.2021.9.1.11.1", Value::Gauge32(4)),
            ("1.3.6.1.4.1.2021.9.1.12.1", Value::Gauge32(4)),
            ("1.3.6.1.4.1.2021.9.1.9.1", Value::Integer(100)),
            (
                "1.3.6.1.4.1.2021.9.1.101.1",
                Value::text("/: less than 10% free (= 0%)"),
            ),
            // 2^32 + 1 blocks, halved twice: 2^30 of 16 kB.
            ("1.3.6.1.2.1.25.2.3.1.4.31", Value::Integer(16_384)),
            ("1.3.6.1.2.1.25.2.3.1.5.31", Value::Integer(1 << 30)),
        ],
    );
}

#[test]
fn processor_ticks_wrap_and_shares_are_of_the_last_minute() {
    let times = |user, system, idle| CpuTimes {
        user,
        system,
        idle,
        ..CpuTimes::default()
    };
    let sample = |user, system, idle, interrupts| HostSample {
        cpu: Some(times(user, system, idle)),
        processors: vec![times(0, 0, idle), times(user, system, 0)],
        kernel: Kernel {
            interrupts: Some(interrupts),
            paged_out: Some(interrupts),
            ..Kernel::default()
        },
        ..HostSample::default()
    };
    let mut world = World {
        host: sample((1 << 32) + 300, 399, 301, 9_000),
        ..World::default()
    };
    assert_eq!(
        absent(&world.tree(), "1.3.6.1.4.1.2021.11.11.0"),
        "no such instance"
    );
    let before = sample(1 << 32, 0, 0, 3_000);
    world.history.push(Duration::from_secs(10), &before);
    world
        .history
        .push(Duration::from_secs(70), &world.host.clone());
    check(
        &world.tree(),
        &[
            ("1.3.6.1.4.1.2021.11.50.0", Value::Counter32(300)),
            ("1.3.6.1.4.1.2021.11.57.0", Value::Counter32(18_000)),
            ("1.3.6.1.4.1.2021.11.67.0", Value::Integer(2)),
            // 300, 399 and 301 of 1000, cut off.
            ("1.3.6.1.4.1.2021.11.9.0", Value::Integer(30)),
            ("1.3.6.1.4.1.2021.11.10.0", Value::Integer(39)),
            ("1.3.6.1.4.1.2021.11.11.0", Value::Integer(30)),
            // 6000 in 60 seconds; pages in blocks of half a kB.
            ("1.3.6.1.4.1.2021.11.7.0", Value::Integer(100)),
            ("1.3.6.1.4.1.2021.11.5.0", Value::Integer(200)),
            ("1.3.6.1.2.1.25.3.3.1.2.196608", Value::Integer(0)),
            ("1.3.6.1.2.1.25.3.3.1.2.196609", Value::Integer(100)),
        ],
    );
}

#[test]
fn interfaces_show_low_words_and_whole_counts() {
    let traffic = Traffic {
        bytes: (1 << 32) + 5,
        packets: 100,
        multicast: 30,
        errors: 2,
        drops: 1,
    };
    let ethernet = Interface {
        index: 4,
        name: Arc::from("eth0"),
        address: vec![2, 0xfc, 0, 0, 0, 1],
        hardware_type: 1,
        mtu: 1_400,
        speed: Some(10_000_000_000),
        is_admin_up: true,
        receive: traffic,
        transmit: traffic,
        ..Interface::default()
    };
    let loopback = Interface {
        index: 1,
        name: Arc::from("lo"),
        hardware_type: 772,
        ..Interface::default()
    };
    let mut world = World::default();
    world.host.interfaces = vec![loopback, ethernet];
    check(
        &world.tree(),
        &[
            ("1.3.6.1.2.1.2.1.0", Value::Integer(2)),
            ("1.3.6.1.2.1.2.2.1.3.1", Value::Integer(24)),
            ("1.3.6.1.2.1.2.2.1.3.4", Value::Integer(6)),
            ("1.3.6.1.2.1.2.2.1.5.1", Value::Gauge32(10_000_000)),
            // More than 32 bits hold: the largest number, and the rest in Mbit/s.
            ("1.3.6.1.2.1.2.2.1.5.4", Value::Gauge32(u32::MAX)),
            ("1.3.6.1.2.1.31.1.1.1.15.4", Value::Gauge32(10_000)),
            ("1.3.6.1.2.1.2.2.1.7.4", Value::Integer(1)),
            ("1.3.6.1.2.1.2.2.1.8.4", Value::Integer(2)),
            ("1.3.6.1.2.1.2.2.1.10.4", Value::Counter32(5)),
            ("1.3.6.1.2.1.31.1.1.1.6.4", Value::Counter64((1 << 32) + 5)),
            ("1.3.6.1.2.1.2.2.1.11.4", Value::Counter32(70)),
            ("1.3.6.1.2.1.2.2.1.12.4", Value::Counter32(30)),
            ("1.3.6.1.2.1.2.2.1.13.4", Value::Counter32(1)),
            ("1.3.6.1.2.1.2.2.1.14.4", Value::Counter32(2)),
            ("1.3.6.1.2.1.2.2.1.17.4", Value::Counter32(100)),
            ("1.3.6.1.2.1.31.1.1.1.17.1", Value::Integer(2)),
            ("1.3.6.1.2.1.31.1.1.1.17.4", Value::Integer(1)),
        ],
    );
}

#[test]
fn disks_keep_their_numbers_when_one_goes() {
    let disk = |name: &str| DiskIo {
        name: Arc::from(name),
        reads: 3,
        read_bytes: (1 << 32) + 1,
        writes: 4,
        written_bytes: 512,
    };
    let mut world = World::default();
    world.host.disks = vec![disk("sda"), disk("sdb")];
    world.tree();
    world.host.disks.remove(0);
    let tree = world.tree();
    check(
        &tree,
        &[
            ("1.3.6.1.4.1.2021.13.15.1.1.2.2", Value::text("sdb")),
            ("1.3.6.1.4.1.2021.13.15.1.1.3.2", Value::Counter32(1)),
            (
                "1.3.6.1.4.1.2021.13.15.1.1.12.2",
                Value::Counter64((1 << 32) + 1),
            ),
        ],
    );
    assert_eq!(
        absent(&tree, "1.3.6.1.4.1.2021.13.15.1.1.2.1"),
        "no such instance"
    );
}

#[test]
fn uptimes_go_on_between_two_samples() {
    let mut world = World::default();
    world.host.system = System {
        hostname: Arc::from("pub-1"),
        kernel: Arc::from("Linux pub-1 6.1"),
        uptime: Some(Duration::from_secs(1_000)),
        ..System::default()
    };
    world.facts.engine_id = vec![0x80, 0, 0x1f, 0x88, 5, 1, 2, 3];
    check(
        &world.tree(),
        &[
            ("1.3.6.1.2.1.1.1.0", Value::text("Linux pub-1 6.1")),
            ("1.3.6.1.2.1.1.5.0", Value::text("pub-1")),
            // 123.456 s of the agent; the host was 900 s older when it was sampled.
            ("1.3.6.1.2.1.1.3.0", Value::TimeTicks(12_345)),
            ("1.3.6.1.2.1.25.1.1.0", Value::TimeTicks(102_345)),
            ("1.3.6.1.6.3.10.2.1.2.0", Value::Integer(7)),
            ("1.3.6.1.6.3.10.2.1.3.0", Value::Integer(99)),
            ("1.3.6.1.2.1.11.30.0", Value::Integer(2)),
        ],
    );
}

#[test]
fn an_object_without_this_instance_is_told_from_no_object() {
    let mut world = World::default();
    let tree = world.tree();
    for (name, expected) in [
        ("1.3.6.1.2.1.1.99.0", "no such object"),
        ("1.3.6.1.2.1.1.1.1", "no such instance"),
        ("1.3.6.1.2.1.1.1", "no such instance"),
        ("1.3.6.1.2.1.2.2.1.10.99999", "no such instance"),
        ("1.3.6.1.2.1.2.2.1.23.1", "no such object"),
        ("1.3.6.1.2.1.1", "no such object"),
        ("0.0", "no such object"),
        ("2.999", "no such object"),
    ] {
        assert_eq!(absent(&tree, name), expected, "{name}");
    }
}

#[test]
fn a_walk_meets_every_row_once_and_in_order() {
    let mut world = World {
        host: host(),
        ..World::default()
    };
    let mut twin = Interface {
        index: 1,
        ..Interface::default()
    };
    world.host.interfaces = vec![twin.clone(), twin.clone()];
    twin.index = 0;
    world.host.interfaces.push(twin);
    let tree = world.tree();
    let mut name = Oid::new(&[0, 0]);
    let mut met = 0;
    while let Some(row) = tree.next(name.numbers()) {
        assert!(row.oid > name, "{} after {name}", row.oid);
        assert_eq!(tree.get(row.oid.numbers()), Found::Row(row));
        name = row.oid.clone();
        met += 1;
    }
    assert_eq!(met, tree.rows().len());
    assert!(met > 100, "{met}");
}

#[test]
fn every_binding_is_what_its_value_writes() {
    let mut world = World {
        host: host(),
        ..World::default()
    };
    let tree = world.tree();
    let counters = Counters::default();
    for row in tree.rows() {
        let mut out = Vec::new();
        row.write(&mut out, &moment(&counters));
        assert_eq!(
            out,
            binding(row.oid.numbers(), &row.value(&moment(&counters)))
        );
    }
}
