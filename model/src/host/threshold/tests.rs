//! Tables of numbers over time, and what the rows make of them.

use std::fmt::Write as _;

use super::*;
use crate::host::{CollectorRun, CpuShares, Memory};

const SECOND: Duration = Duration::from_secs(1);

fn row(side: Side, value: f64, clear: f64, lasting_seconds: u64) -> Threshold {
    Threshold {
        resource: HostResource::Cpu,
        signal: "ztna_host_cpu_used_ratio",
        side,
        value,
        clear,
        lasting: Duration::from_secs(lasting_seconds),
    }
}

/// Each number is seen at its second; the letters are the states after it.
fn check(row: &Threshold, numbers: &[(u64, f64)], expected: &str) {
    let mut state = ThresholdState::Inactive;
    let mut letters = String::new();
    for (second, number) in numbers {
        state = row.step(state, *number, Duration::from_secs(*second));
        letters.push(match state {
            ThresholdState::Inactive => '.',
            ThresholdState::Pending { .. } => 'p',
            ThresholdState::Breached { .. } => 'B',
        });
    }
    assert_eq!(letters, expected, "{numbers:?}");
}

#[test]
fn a_number_must_stay_beyond_the_limit_for_long_enough() {
    let cpu = row(Side::Above, 0.75, 0.70, 30);
    check(&cpu, &[(0, 0.8), (15, 0.8), (30, 0.8)], "ppB");
    check(&cpu, &[(0, 0.8), (29, 0.8), (44, 0.74)], "pp.");
    check(
        &cpu,
        &[(0, 0.8), (15, 0.74), (30, 0.8), (45, 0.8), (60, 0.8)],
        "p.ppB",
    );
    // A sample that came late is as good as one in time.
    check(&cpu, &[(0, 0.8), (100, 0.8)], "pB");
}

#[test]
fn the_limit_itself_is_good() {
    check(
        &row(Side::Above, 0.75, 0.70, 0),
        &[(0, 0.75), (1, 0.750_1)],
        ".B",
    );
    check(
        &row(Side::Below, 1e9, 1.1e9, 0),
        &[(0, 1e9), (1, 999_999_999.0)],
        ".B",
    );
}

#[test]
fn a_number_that_trembles_at_the_limit_is_one_breach() {
    let cpu = row(Side::Above, 0.75, 0.70, 0);
    check(
        &cpu,
        &[(0, 0.76), (1, 0.74), (2, 0.71), (3, 0.76), (4, 0.70)],
        "BBBB.",
    );
    let disk = row(Side::Below, 1e9, 1.1e9, 0);
    check(&disk, &[(0, 0.9e9), (1, 1.05e9), (2, 1.1e9)], "BB.");
}

#[test]
fn what_is_no_number_neither_begins_nor_ends_anything() {
    let cpu = row(Side::Above, 0.75, 0.70, 0);
    check(&cpu, &[(0, f64::NAN), (1, 0.8), (2, f64::NAN)], ".BB");
}

/// A host whose every resource is in order, with `/` and one more file system.
fn healthy() -> HostSample {
    HostSample {
        collectors: vec![filesystems_read(true)],
        cpu_shares: Some(CpuShares {
            idle: 0.5,
            ..CpuShares::default()
        }),
        memory: Some(Memory {
            total: 100,
            available: 50,
            ..Memory::default()
        }),
        filesystems: vec![disk("/", 50_000_000_000), disk("/srv", 50_000_000_000)],
        ..HostSample::default()
    }
}

fn filesystems_read(is_success: bool) -> CollectorRun {
    CollectorRun {
        collector: HostCollector::Filesystem,
        is_success,
        duration: SECOND,
        error: None,
        hung_threads: 0,
    }
}

fn disk(mountpoint: &str, available: u64) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/vda"),
        fstype: Arc::from("ext4"),
        size: 100_000_000_000,
        free: available,
        available,
        block_size: 4096,
        inodes: 10,
        inodes_free: 5,
        is_read_only: false,
        holds_update: mountpoint == "/",
    }
}

fn facts(thresholds: &Thresholds) -> String {
    let mut text = String::new();
    for fact in thresholds.facts() {
        let word = match fact.is_breached {
            None => "unknown",
            Some(true) => "breached",
            Some(false) if fact.is_pending => "pending",
            Some(false) => "fine",
        };
        write!(text, "{}:{word}{:?} ", fact.row.resource, fact.mountpoints).unwrap();
    }
    text.trim_end().to_owned()
}

#[test]
fn the_vendors_limits_find_each_resource() {
    let full = [("/", 200_000_000), ("/srv", 999_999_999)];
    let mut bad = healthy();
    bad.cpu_shares = Some(CpuShares::default());
    bad.memory = Some(Memory {
        total: 100,
        available: 9,
        ..Memory::default()
    });
    bad.filesystems = full.map(|(mountpoint, free)| disk(mountpoint, free)).into();
    let mut thresholds = Thresholds::new(DEFAULT_THRESHOLDS);
    assert_eq!(
        facts(&thresholds),
        "cpu:unknown[] memory:unknown[] disk:unknown[] update_space:unknown[]"
    );
    thresholds.step(&healthy(), Duration::ZERO);
    assert_eq!(
        facts(&thresholds),
        "cpu:fine[] memory:fine[] disk:fine[] update_space:fine[]"
    );
    thresholds.step(&bad, SECOND);
    assert_eq!(
        facts(&thresholds),
        r#"cpu:pending[] memory:pending[] disk:pending[] update_space:breached["/"]"#
    );
    thresholds.step(&bad, SECOND * 61);
    assert_eq!(
        facts(&thresholds),
        r#"cpu:pending[] memory:pending[] disk:breached["/", "/srv"] update_space:breached["/"]"#
    );
    thresholds.step(&bad, SECOND * 301);
    assert_eq!(
        facts(&thresholds),
        r#"cpu:breached[] memory:breached[] disk:breached["/", "/srv"] update_space:breached["/"]"#
    );
}

#[test]
fn a_disk_that_hangs_stays_full_and_one_that_is_gone_is_forgotten() {
    let mut thresholds = Thresholds::new(DEFAULT_THRESHOLDS);
    let mut sample = healthy();
    sample.filesystems = vec![disk("/srv", 1)];
    thresholds.step(&sample, Duration::ZERO);
    let changes = thresholds.step(&sample, SECOND * 60);
    assert_eq!(changes.len(), 1);

    sample.filesystems.clear();
    sample.collectors = vec![filesystems_read(false)];
    assert_eq!(thresholds.step(&sample, SECOND * 61), []);
    assert!(facts(&thresholds).contains(r#"disk:breached["/srv"]"#));

    sample.collectors = vec![filesystems_read(true)];
    let gone = thresholds.step(&sample, SECOND * 62);
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].value, None);
    assert!(facts(&thresholds).contains("disk:unknown[]"));
}

#[test]
fn file_systems_without_data_are_never_too_full() {
    let in_memory = Filesystem {
        fstype: Arc::from("tmpfs"),
        ..disk("/run", 0)
    };
    let read_only = Filesystem {
        is_read_only: true,
        ..disk("/media", 0)
    };
    let small = Filesystem {
        size: 500_000_000,
        ..disk("/small", 0)
    };
    let mut sample = healthy();
    sample.filesystems = vec![
        in_memory,
        read_only,
        small,
        disk("/boot", 0),
        disk("/boot/efi", 0),
    ];
    let mut thresholds = Thresholds::new(DEFAULT_THRESHOLDS);
    assert_eq!(thresholds.step(&sample, Duration::ZERO), []);
    assert!(facts(&thresholds).contains("disk:unknown[]"));
}

#[test]
fn a_later_row_replaces_an_earlier_one() {
    let mine = row(Side::Above, 0.4, 0.4, 0);
    let mut thresholds = Thresholds::new(DEFAULT_THRESHOLDS.into_iter().chain([mine]));
    thresholds.step(&healthy(), Duration::ZERO);
    assert!(facts(&thresholds).starts_with("cpu:breached[]"));
    assert_eq!(thresholds.facts()[0].row.value, 0.4);
}

#[test]
fn the_default_rows_clear_on_the_good_side_and_name_their_signal() {
    for row in DEFAULT_THRESHOLDS {
        assert!(!row.is_beyond(row.clear), "{row:?}");
        assert!(row.is_clear(row.clear), "{row:?}");
        assert!(row.signal.starts_with("ztna_host_"), "{row:?}");
    }
    assert_eq!(
        DEFAULT_THRESHOLDS.map(|row| row.resource),
        HostResource::ALL
    );
}

#[test]
fn a_breach_says_since_when_and_a_second_disk_makes_it_no_younger() {
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
    let sample = |second: i64, free: [u64; 2]| {
        let mut sample = healthy();
        sample.taken_at = Some(at(second));
        let [root, srv] = free;
        sample.filesystems = vec![disk("/", root), disk("/srv", srv)];
        sample
    };
    let mut thresholds = Thresholds::new(DEFAULT_THRESHOLDS);
    let mut told = |second: u16, free| {
        let now = Duration::from_secs(second.into());
        thresholds.step(&sample(i64::from(second), free), now);
        let facts = thresholds.facts();
        let of_disk = facts
            .iter()
            .find(|fact| fact.row.resource == HostResource::Disk);
        of_disk.unwrap().breached_at
    };
    let (much, little) = (5_000_000_000, 900_000_000);
    assert_eq!(told(0, [little, much]), None, "not for long enough");
    assert_eq!(told(60, [little, little]), Some(at(60)));
    assert_eq!(
        told(120, [much, little]),
        Some(at(60)),
        "the other one goes on"
    );
    assert_eq!(told(180, [much, much]), None);
    assert_eq!(told(240, [much, little]), None);
    assert_eq!(told(300, [much, little]), Some(at(300)));
}

#[test]
fn a_start_goes_on_with_breaches_and_with_what_is_pending_since_a_short_time() {
    let cpu = row(Side::Above, 0.75, 0.70, 300);
    let busy = HostSample {
        cpu_shares: Some(CpuShares::default()),
        taken_at: Some(Timestamp::from_second(1_800_000_000).unwrap()),
        ..HostSample::default()
    };
    let restarted = |old: &Thresholds, second: u64| {
        let mut new = Thresholds::new([cpu]);
        new.restore(old.standing(), SECOND * u32::try_from(second).unwrap());
        new
    };
    let mut old = Thresholds::new([cpu]);
    old.step(&busy, SECOND * 1_000);
    assert_eq!(facts(&restarted(&old, 1_240)), "cpu:pending[]");
    let mut new = restarted(&old, 1_240);
    assert_eq!(new.step(&busy, SECOND * 1_300).len(), 1, "its time went on");
    let breached_at = new.facts()[0].breached_at;
    assert!(breached_at.is_some());
    let mut later = restarted(&new, 90_000);
    assert_eq!(facts(&later), "cpu:breached[]");
    assert_eq!(later.facts()[0].breached_at, breached_at);
    assert_eq!(
        later.step(&busy, SECOND * 90_015),
        [],
        "nothing is told twice"
    );
    assert_eq!(facts(&restarted(&old, 2_000)), "cpu:unknown[]", "long ago");
    // The clock was set back.
    let mut back = restarted(&old, 10);
    back.step(&busy, SECOND * 310);
    assert_eq!(facts(&back), "cpu:breached[]");
}
