//! What a look at the host does: thresholds, news, and how long it is shown.

use std::sync::Arc;

use model::connector::ConnectorKind;
use model::event::EventKind;
use model::host::threshold::{HostResource, Side, Threshold};
use model::host::{CpuShares, Filesystem, HostSample};
use model::snapshot::RecentEvent;

use super::desk::{Desk, MINUTE, UP};
use super::*;
use crate::pipeline::ledger::{ConnectorPlan, HostLimits, Watched};

const LIMIT: Threshold = Threshold {
    resource: HostResource::Cpu,
    signal: "ztna_host_cpu_used_ratio",
    side: Side::Above,
    value: 0.75,
    clear: 0.5,
    lasting: Duration::from_secs(30),
};

const DISK: Threshold = Threshold {
    resource: HostResource::Disk,
    signal: "ztna_host_filesystem_avail_bytes",
    side: Side::Below,
    value: 1e6,
    clear: 1e6,
    lasting: Duration::ZERO,
};

fn watched(thresholds: &[Threshold]) -> Watched {
    Watched {
        host: Some(HostLimits {
            interval: Duration::from_secs(15),
            thresholds: thresholds.to_vec(),
        }),
        ..Watched::default()
    }
}

fn ledger(thresholds: &[Threshold]) -> Ledger {
    Ledger::open(watched(thresholds), store::Restored::default())
}

fn used(share: f64) -> Arc<HostSample> {
    Arc::new(HostSample {
        cpu_shares: Some(CpuShares {
            user: share,
            idle: 1.0 - share,
            ..CpuShares::default()
        }),
        ..HostSample::default()
    })
}

fn disk(mountpoint: &str, available: u64) -> Filesystem {
    Filesystem {
        mountpoint: Arc::from(mountpoint),
        device: Arc::from("/dev/sda1"),
        fstype: Arc::from("ext4"),
        size: 1_000_000_000,
        free: available,
        available,
        block_size: 4096,
        inodes: 0,
        inodes_free: 0,
        is_read_only: false,
        holds_update: false,
    }
}

fn disks(disks: &[Filesystem]) -> Arc<HostSample> {
    Arc::new(HostSample {
        filesystems: disks.to_vec(),
        ..HostSample::default()
    })
}

fn after(seconds: u64) -> Moment {
    Moment {
        monotonic: Duration::from_secs(seconds),
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000 + seconds),
    }
}

fn draw(ledger: &Ledger) -> Snapshot {
    let now = after(0).timestamp();
    picture::draw(ledger, &|_, _| SourceStatus::default(), true, now)
}

fn told(events: &[RecentEvent]) -> Vec<(EventKind, &str, &str)> {
    events
        .iter()
        .map(|event| {
            (
                event.event.key.kind,
                event.event.key.reason.as_str(),
                &*event.log,
            )
        })
        .collect()
}

fn breached(ledger: &Ledger) -> Option<bool> {
    draw(ledger).host.unwrap().thresholds[0].is_breached
}

#[test]
fn a_threshold_that_is_passed_for_long_enough_is_told_and_so_is_its_end() {
    let mut ledger = ledger(&[LIMIT]);
    for (second, share, expected) in [
        (0, 0.9, false),
        (15, 0.9, false),
        (30, 0.9, true),
        (45, 0.6, true),
        (60, 0.4, false),
    ] {
        ledger.take_host_sample(used(share), after(second));
        assert_eq!(breached(&ledger), Some(expected), "{second}");
    }
    let events = draw(&ledger).recent_events;
    assert_eq!(
        told(&events),
        [
            (EventKind::ThresholdCleared, "cpu", "host:cpu"),
            (EventKind::ThresholdBreached, "cpu", "host:cpu"),
        ]
    );
    assert_eq!(events[1].read_at, after(30).timestamp());
    assert_eq!((&*events[1].connector, &*events[1].file), ("", ""));
}

#[test]
fn of_two_disks_that_fill_up_at_once_both_are_told_and_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = Store::open(&path, after(0).timestamp()).unwrap();
    let mut ledger = ledger(&[DISK]);
    let full = [disk("/", 5), disk("/var", 5), disk("/srv", 900_000_000)];
    ledger.take_host_sample(disks(&full), after(0));
    store.commit(&ledger.uncommitted()).unwrap();
    let restored = store.restore().unwrap();
    let mountpoints: Vec<&str> = restored
        .recent_events
        .iter()
        .map(|event| event.event.fields[0].value.expose())
        .collect();
    assert_eq!(mountpoints, ["/var", "/"]);
    let shown = draw(&ledger).host.unwrap();
    assert_eq!(shown.thresholds[0].mountpoints.len(), 2);
}

#[test]
fn a_reload_changes_limits_and_forgets_no_breach() {
    let mut old = ledger(&[LIMIT]);
    old.take_host_sample(used(0.9), after(0));
    old.take_host_sample(used(0.9), after(30));
    assert_eq!(breached(&old), Some(true));
    let higher = Threshold {
        value: 0.95,
        clear: 0.95,
        ..LIMIT
    };
    let mut new = ledger(&[higher]);
    new.carry_over(old);
    let facts = draw(&new).host.unwrap().thresholds.clone();
    assert_eq!(
        (facts[0].row.value, facts[0].is_breached),
        (0.95, Some(true))
    );
    new.take_host_sample(used(0.9), after(45));
    assert_eq!(breached(&new), Some(false));
    let events = draw(&new).recent_events;
    assert_eq!(
        told(&events),
        [(EventKind::ThresholdCleared, "cpu", "host:cpu")]
    );
}

#[test]
fn a_restart_forgets_no_breach_and_tells_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = Store::open(&path, after(0).timestamp()).unwrap();
    let at = |second: u64, free: u64| {
        let mut sample = HostSample::clone(&disks(&[disk("/var", free)]));
        sample.taken_at = Some(after(second).timestamp());
        Arc::new(sample)
    };
    // The program's clock stands at zero at each start.
    let started_at = |start: u64, second: u64| Moment {
        monotonic: Duration::from_secs(second),
        ..after(start + second)
    };
    let mut first = ledger(&[DISK]);
    first.take_host_sample(at(0, 5), after(0));
    store.commit(&first.uncommitted()).unwrap();
    let mut second = Ledger::open(watched(&[DISK]), store.restore().unwrap());
    second.take_host_sample(at(3_600, 5), started_at(3_600, 0));
    let drawn = draw(&second);
    let fact = &drawn.host.as_ref().unwrap().thresholds[0];
    assert_eq!(fact.breached_at, Some(after(0).timestamp()));
    assert_eq!(told(&drawn.recent_events).len(), 1, "told by the first run");
    second.take_host_sample(at(3_615, 900_000_000), started_at(3_600, 15));
    assert_eq!(breached(&second), Some(false));
    store.commit(&second.uncommitted()).unwrap();
    assert_eq!(
        store.restore().unwrap().kept,
        [],
        "nothing is left to remember"
    );
}

#[test]
fn what_a_restart_or_a_reload_drops_is_gone_from_the_store_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = Store::open(&path, after(0).timestamp()).unwrap();
    let mut begun = ledger(&[LIMIT, DISK]);
    begun.take_host_sample(used(0.9), after(0));
    store.commit(&begun.uncommitted()).unwrap();
    assert_eq!(store.restore().unwrap().kept.len(), 1, "it begins");
    let an_hour_later = Moment {
        monotonic: Duration::ZERO,
        ..after(3_600)
    };
    let mut after_sample = |limits: &[Threshold], sample, before: Option<Ledger>| {
        let mut next = Ledger::open(watched(limits), store.restore().unwrap());
        if let Some(before) = before {
            next.carry_over(before);
        }
        next.take_host_sample(sample, an_hour_later);
        next.uncommitted().kept
    };
    let gone = [(Arc::from("host.limits"), None)];
    let restarted = after_sample(&[LIMIT, DISK], used(0.1), None);
    assert_eq!(restarted, gone, "so long ago that it is over");
    let reloaded = after_sample(&[DISK], used(0.9), Some(begun));
    assert_eq!(reloaded, gone, "a limit that is none any more");
    let unwatched = Ledger::open(Watched::default(), store.restore().unwrap());
    assert_eq!(unwatched.uncommitted().kept, gone, "nobody looks");
}

#[test]
fn a_host_that_nobody_wants_watched_any_more_is_not_shown() {
    let mut old = ledger(&[LIMIT]);
    old.take_host_sample(used(0.9), after(0));
    let mut new = Ledger::open(Watched::default(), store::Restored::default());
    new.carry_over(old);
    // One that was under way.
    new.take_host_sample(used(0.9), after(1));
    assert_eq!(draw(&new).host, None);
}

#[test]
fn on_an_end_users_device_no_mount_point_is_named_after_a_person() {
    let plan = ConnectorPlan {
        name: Arc::from("laptop"),
        kind: ConnectorKind::CatoClient,
        catalogue: Arc::new(
            logparse::catalogue::Catalogue::built_in(ConnectorKind::CatoClient).unwrap(),
        ),
        logs: Vec::new(),
        tools: Vec::new(),
        unknown_after: None,
    };
    let of_client = Watched {
        connectors: vec![plan],
        ..watched(&[DISK])
    };
    let sample = disks(&[
        disk("/", 900_000_000),
        disk("/home/bob", 5),
        disk("/home/evelyn", 5),
        Filesystem {
            device: Arc::from("bob@files:/export"),
            ..disk("/media/bob/stick", 900_000_000)
        },
    ]);
    let mut ledger = Ledger::open(of_client, store::Restored::default());
    ledger.take_host_sample(Arc::clone(&sample), after(0));
    let drawn = draw(&ledger);
    let host = drawn.host.unwrap();
    let shown: Vec<&str> = host
        .sample
        .filesystems
        .iter()
        .map(|disk| &*disk.mountpoint)
        .collect();
    let expected = [
        "/",
        "/home/<redacted>",
        "/home/<redacted> 2",
        "/media/<redacted>",
    ];
    assert_eq!(shown, expected);
    let everything = format!("{host:?} {:?}", drawn.recent_events);
    assert!(!everything.contains("bob") && !everything.contains("evelyn"));
    let mut of_server = self::ledger(&[DISK]);
    of_server.take_host_sample(sample, after(0));
    let plain = draw(&of_server).host.unwrap();
    assert_eq!(&*plain.sample.filesystems[1].mountpoint, "/home/bob");
}

#[test]
fn a_look_at_the_host_is_shown_without_a_write() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    desk.pass(1);
    pipeline.take_host_sample(used(0.4), desk.now());
    assert_eq!(pipeline.snapshot().host, None);
    let committed = pipeline.commit_if_due(desk.now(), Duration::from_secs(1));
    assert!(matches!(committed, Committed::Nothing), "{committed:?}");
    assert!(pipeline.snapshot().host.is_some());
}

#[test]
fn a_look_that_no_other_follows_is_not_shown_for_ever() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    pipeline.take_host_sample(used(0.4), desk.now());
    desk.turn(&mut pipeline);
    desk.pass(MINUTE - 1);
    // A wall clock that jumps makes it no older.
    desk.wall += 100_000;
    pipeline.commit(desk.now());
    assert!(pipeline.snapshot().host.is_some());
    desk.pass(1);
    pipeline.commit(desk.now());
    assert_eq!(pipeline.snapshot().host, None);
    pipeline.take_host_sample(used(0.4), desk.now());
    desk.turn(&mut pipeline);
    assert!(pipeline.snapshot().host.is_some());
}

#[test]
fn a_store_that_refuses_holds_up_no_look_at_the_host() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    fs::rename(desk.path("state.db"), desk.path("elsewhere")).unwrap();
    desk.write(UP);
    desk.pass(1);
    pipeline.read(desk.now());
    pipeline.take_host_sample(used(0.4), desk.now());
    let refused = pipeline.commit(desk.now());
    assert!(matches!(refused, Committed::Refused(_)), "{refused:?}");
    assert!(pipeline.snapshot().host.is_some());
    assert!(!pipeline.snapshot().connectors[0].state.is_tunnel_up());
}
