//! Stores of earlier formats are taken up, with all that is in them.
//!
//! A fixture is a file that the version of its format wrote and closed. What follows is
//! an ordinary store of today's format, which takes a turn and gives it back.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use model::event::EventKind;
use rusqlite::Connection;
use store::{Opened, OutboxReader, Store, Turn};

/// One counter, one place, one last event, one last read; no table for kept values.
const FORMAT_1: &[u8] = include_bytes!("fixtures/format1.db");

/// One counter, one last event, one last read, one kept value; no tables for alerts.
const FORMAT_2: &[u8] = include_bytes!("fixtures/format2.db");

fn version(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    version.unwrap()
}

#[test]
fn a_store_of_format_1_is_taken_up_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    fs::write(&path, FORMAT_1).unwrap();
    assert_eq!(version(&path), 1);
    let (mut store, restored, opened) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(opened, Opened::Resumed);
    let values: Vec<u64> = restored.counters.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [4711]);
    assert_eq!(
        restored.positions[0].position.path,
        "/home/ubuntu/logs/agent.txt"
    );
    assert_eq!(restored.last_events[0].kind, EventKind::TunnelConnected);
    assert_eq!(restored.last_read.len(), 1);
    assert_eq!((restored.next_file_id, restored.has_history), (4, true));
    assert!(restored.kept.is_empty());
    let key: Arc<str> = Arc::from("snmp.engine");
    let turn = Turn {
        kept: vec![(Arc::clone(&key), Some(vec![0, 255]))],
        ..Turn::default()
    };
    store.commit(&turn).unwrap();
    store.close();
    assert_eq!(version(&path), 3);
    let (_, again, found) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(found, Opened::Resumed);
    assert_eq!(again.counters, restored.counters);
    assert_eq!(again.kept, [(key, vec![0, 255])]);
}

#[test]
fn a_store_of_format_2_is_taken_up_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    fs::write(&path, FORMAT_2).unwrap();
    assert_eq!(version(&path), 2);
    // Before anybody has taken it up, it has no messages and no history.
    let reader = OutboxReader::new(&path);
    assert_eq!(reader.body("m").unwrap(), None);
    assert!(reader.deliveries(9).unwrap().is_empty());
    let (mut store, restored, opened) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(opened, Opened::Resumed);
    let values: Vec<u64> = restored.counters.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [815]);
    assert_eq!(restored.kept, [("snmp.engine".into(), vec![1, 2, 3])]);
    assert_eq!((restored.next_file_id, restored.has_history), (9, true));
    assert_eq!(restored.last_message_serial, 0);
    let turn = Turn {
        alert_states: vec![("level/host-cpu".into(), Some(vec![0, 255]))],
        ..Turn::default()
    };
    store.commit(&turn).unwrap();
    store.close();
    assert_eq!(version(&path), 3);
    let (_, again, found) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(found, Opened::Resumed);
    assert_eq!(
        (again.counters, again.kept),
        (restored.counters, restored.kept)
    );
    assert_eq!(
        again.alert_states,
        [("level/host-cpu".into(), vec![0, 255])]
    );
}

#[test]
fn a_kept_value_that_another_hand_changed_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    let turn = Turn {
        kept: vec![("snmp.engine".into(), Some(vec![1; 9000]))],
        ..Turn::default()
    };
    store.commit(&turn).unwrap();
    store.close();
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE kept SET value = zeroblob(9000)")
        .unwrap();
    let (_, restored, opened) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert!(matches!(opened, Opened::Reset { .. }), "{opened:?}");
    assert!(restored.kept.is_empty());
}
