//! A damaged store never keeps the agent from starting, and never lies silently
//! about which store it is.
//!
//! Each damage is done to a copy of one real store. Whatever a start makes of it,
//! the store must then take a turn and give it back.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use model::event::EventKind;
use model::position::{FileId, FileIdentity, Head, Marker, Packing, Position};
use model::reading::SeriesKey;
use model::signal::Signal;
use store::{LastEvent, LogName, Opened, PositionUpdate, Restored, Store, StoredPosition, Turn};
use tempfile::TempDir;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn key(connector: &str) -> SeriesKey {
    let label_values = [connector, "tunnel.connected", ""].map(Arc::from).to_vec();
    SeriesKey {
        signal: Signal::Events,
        label_values,
    }
}

fn position(number: u64) -> StoredPosition {
    StoredPosition {
        id: FileId(number),
        log: LogName {
            connector: "pub-fra-1".into(),
            log: "agent".into(),
        },
        position: Position {
            identity: FileIdentity {
                device: 2049,
                inode: number,
                birth_ns: Some(1),
            },
            head: Head {
                bytes: 1024,
                hash: u64::MAX,
            },
            markers: vec![Marker {
                offset: 900,
                bytes: 256,
                hash: 17,
            }],
            offset: 1000,
            mid_line: false,
            packing: Packing::Plain,
            path: format!("/home/ubuntu/logs/agent.txt.{number}"),
        },
    }
}

fn example() -> Turn {
    Turn {
        counters: (0..40)
            .map(|number| (key(&format!("pub-{number}")), number))
            .collect(),
        positions: (0..20).map(position).map(PositionUpdate::Moved).collect(),
        last_events: vec![LastEvent {
            connector: "pub-fra-1".into(),
            kind: EventKind::TunnelConnected,
            at: now(),
        }],
        kept: vec![("snmp.engine".into(), Some(vec![7; 5000]))],
        next_file_id: 20,
        ..Turn::default()
    }
}

/// A folder with one closed store in it, and what a start finds there.
fn sound() -> (TempDir, PathBuf, Restored) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = Store::open(&path, now()).unwrap();
    store.commit(&example()).unwrap();
    store.close();
    let (reopened, restored, _) = Store::open(&path, now()).unwrap();
    reopened.close();
    (folder, path, restored)
}

/// Starts on `bytes`, takes a turn, and starts again; tells how the first start went.
fn survive(path: &Path, bytes: &[u8], what: &str) -> (Opened, Restored) {
    fs::write(path, bytes).unwrap();
    let (mut store, first, opened) =
        Store::open(path, now()).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    if matches!(opened, Opened::Reset { .. }) {
        assert_eq!(first, Restored::default(), "{what}");
    }
    let turn = Turn {
        counters: vec![(key("after"), 7)],
        ..Turn::default()
    };
    store
        .commit(&turn)
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    store.close();
    let (reopened, second, again) = Store::open(path, now()).unwrap();
    assert_eq!(again, Opened::Resumed, "{what}");
    assert!(second.counters.contains(&(key("after"), 7)), "{what}");
    reopened.close();
    (opened, first)
}

#[test]
fn a_store_cut_anywhere_is_whole_or_set_aside() {
    let (_folder, path, restored) = sound();
    let whole = fs::read(&path).unwrap();
    let cuts = (0..whole.len())
        .step_by(1024)
        .chain([1, 15, 16, 99, 100, whole.len() - 1]);
    let mut resets = 0;
    for cut in cuts {
        let (opened, first) = survive(&path, &whole[..cut], &format!("cut at {cut}"));
        resets += usize::from(opened != Opened::Resumed);
        // The last page may be an empty table: nothing of worth was cut off.
        let is_honest = opened != Opened::Resumed || first == restored;
        assert!(is_honest, "cut at {cut}");
    }
    assert!(
        whole.len() / 4096 * 3 < resets,
        "{resets} of {}",
        whole.len()
    );
}

#[test]
fn a_store_of_zeros_or_of_text_is_set_aside_and_kept() {
    let (_folder, path, _) = sound();
    let size = fs::read(&path).unwrap().len();
    for bytes in [vec![0; size], b"registered: yes\n".repeat(600)] {
        let (opened, _) = survive(&path, &bytes, "not a database");
        let Opened::Reset { quarantined, why } = opened else {
            panic!("{opened:?}");
        };
        assert_eq!(fs::read(quarantined).unwrap(), bytes);
        assert!(why.contains("header"), "{why}");
    }
}

#[test]
fn bits_of_the_header_may_flip() {
    let (_folder, path, restored) = sound();
    let whole = fs::read(&path).unwrap();
    // Each byte loses two or three of its bits; the disk's pace forbids more.
    for bit in (0..100 * 8).step_by(3) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let what = format!("bit {bit}");
        let (opened, first) = survive(&path, &bytes, &what);
        // A bit that means nothing may be ignored, but then nothing may be missing.
        if opened == Opened::Resumed {
            assert_eq!(first, restored, "{what}");
        }
    }
}

#[test]
fn bits_may_flip_anywhere() {
    let (_folder, path, _) = sound();
    let whole = fs::read(&path).unwrap();
    let bits = whole.len() * 8;
    let flips: usize = std::env::var("ZTNA_STORE_FLIPS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(200);
    let mut resets = 0;
    for number in 0..flips {
        // A step that is prime to the size visits all places evenly, reproducibly.
        let bit = number * 1_000_003 % bits;
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (opened, _) = survive(&path, &bytes, &format!("bit {bit}"));
        resets += usize::from(opened != Opened::Resumed);
    }
    // Most of the file is unused space; a check that finds nothing finds 0.
    assert!(0 < resets, "{resets} of {flips}");
}

#[test]
fn zeroed_pages_are_found() {
    let (_folder, path, restored) = sound();
    let whole = fs::read(&path).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        let (opened, first) = survive(&path, &bytes, &format!("page {page}"));
        let is_honest = matches!(opened, Opened::Reset { .. }) || first == restored;
        assert!(is_honest, "page {page}");
    }
}

#[test]
fn a_journal_without_its_database_is_not_read_into_a_new_one() {
    let (folder, path, _) = sound();
    let (mut store, _, _) = Store::open(&path, now()).unwrap();
    store.commit(&example()).unwrap();
    let journal = fs::read(folder.path().join("state.db-wal")).unwrap();
    store.close();
    fs::remove_file(&path).unwrap();
    fs::write(folder.path().join("state.db-wal"), journal).unwrap();
    let (_, restored, opened) = Store::open(&path, now()).unwrap();
    assert!(matches!(opened, Opened::Reset { .. }), "{opened:?}");
    assert_eq!(restored, Restored::default());
}

#[test]
fn an_unfinished_creation_is_taken_up_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    fs::write(folder.path().join("state.db.new"), "half").unwrap();
    fs::write(folder.path().join("state.db.new-wal"), "half").unwrap();
    let (_, _, opened) = Store::open(&path, now()).unwrap();
    assert_eq!(opened, Opened::Fresh);
    assert!(!folder.path().join("state.db.new").exists());
    assert!(!folder.path().join("state.db.new-wal").exists());
}
