//! Who may open a store, and what is said to those who may not.
//!
//! Also rows that sit in a sound file but not in this version's words. Damage of
//! the file itself is in `damage`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;
use store::{OpenError, Opened, Restored, Store, Turn};
use tempfile::TempDir;

fn open(path: &Path) -> Result<(Store, Restored, Opened), OpenError> {
    Store::open(path, Timestamp::UNIX_EPOCH)
}

/// A store with one turn in it, changed by `statements`.
fn changed(statements: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = open(&path).unwrap();
    store.commit(&Turn::default()).unwrap();
    store.close();
    Connection::open(&path)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
    (folder, path)
}

#[test]
fn a_second_opener_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (first, _, _) = open(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    drop(first);
    assert_eq!(open(&path).unwrap().2, Opened::Resumed);
}

#[test]
fn a_later_versions_store_is_refused_and_kept() {
    let (_folder, path) = changed(
        "PRAGMA user_version = 9; UPDATE meta SET value = 9 WHERE key = 'schema_version';
         CREATE TABLE later (words TEXT);",
    );
    let before = fs::read(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 9,
                known: 3,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("run the newer version"));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn missing_folders_are_made_for_our_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/state.db");
    let (mut store, _, _) = open(&path).unwrap();
    store.commit(&Turn::default()).unwrap();
    let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    assert_eq!(mode(&folder.path().join("a/b")), 0o700);
    for file in ["state.db", "state.db-wal", "state.db-shm", "state.db.lock"] {
        assert_eq!(mode(&folder.path().join("a/b").join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_path_that_cannot_be_a_store_is_refused_with_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below_a_file = open(&file.join("state.db")).unwrap_err();
    assert!(
        matches!(below_a_file, OpenError::Folder { .. }),
        "{below_a_file:?}"
    );
    let a_folder = open(folder.path()).unwrap_err();
    assert!(
        matches!(a_folder, OpenError::NotAFile { .. }),
        "{a_folder:?}"
    );
    for error in [below_a_file, a_folder] {
        assert!(
            error.to_string().contains("choose another `store.path`"),
            "{error}"
        );
    }
    assert!(file.exists() && folder.path().is_dir());
}

#[test]
fn words_of_another_version_are_left_out() {
    let (_folder, path) = changed(
        "INSERT INTO counter VALUES ('ztna_moon_phase_total', '[\"a\"]', 1),
                                    ('ztna_log_bytes_total', '[\"a\",\"b\",\"c\",\"d\"]', 2),
                                    ('ztna_log_bytes_total', '[\"a\",\"b\"]', 3);
         INSERT INTO last_event VALUES ('a', 'moon.rose', '2026-01-01T00:00:00Z');
         INSERT INTO connector_state VALUES ('a', 'tunnel', 'dreaming', NULL, NULL, '');
         INSERT INTO connector_fact VALUES ('a', 'shoe_size', '46');",
    );
    let (_store, restored, opened) = open(&path).unwrap();
    assert_eq!(opened, Opened::Resumed);
    assert_eq!(
        restored
            .counters
            .iter()
            .map(|(_, value)| *value)
            .collect::<Vec<u64>>(),
        [3]
    );
    assert!(restored.last_events.is_empty());
    assert_eq!(
        restored.states,
        [("a".into(), model::connector::ConnectorState::default())]
    );
}

#[test]
fn values_that_cannot_be_are_damage() {
    for statements in [
        "INSERT INTO counter VALUES ('ztna_log_bytes_total', 'not a list', 1)",
        "INSERT INTO last_event VALUES ('a', 'tunnel.connected', 'yesterday')",
        "INSERT INTO connector_state VALUES ('a', 'tunnel', 'connected', NULL, NULL, 'A B')",
        "INSERT INTO position VALUES
         (1, 'a', 'b', 1, 1, NULL, 0, 0, '[[9,1,1]]', 8, 0, 'plain', '/x', 1)",
        "INSERT INTO position VALUES
         (1, 'a', 'b', 1, 1, NULL, 9999, 0, '[]', 8, 0, 'plain', '/x', 1)",
        "INSERT INTO position VALUES
         (1, 'a', 'b', 1, 1, NULL, 0, 0, '[]', 8, 0, 'zip', '/x', 1)",
        "DELETE FROM meta WHERE key = 'turn'",
        "DROP INDEX position_by_turn",
    ] {
        let (_folder, path) = changed(statements);
        let (_store, restored, opened) = open(&path).unwrap();
        assert!(
            matches!(opened, Opened::Reset { .. }),
            "{statements}: {opened:?}"
        );
        assert_eq!(restored, Restored::default(), "{statements}");
    }
}

#[test]
fn a_reader_does_not_stop_the_writer() {
    let (_folder, path) = changed("SELECT 1");
    let (mut store, _, _) = open(&path).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM counter;")
        .unwrap();
    for _ in 0..100 {
        store.commit(&Turn::default()).unwrap();
    }
}

#[test]
fn a_kept_value_is_looked_up_while_another_process_has_the_store_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let missing = store::look_up(&path, "snmp.engine");
    assert!(matches!(missing, Err(store::LookUpError::Missing { .. })));
    let (mut open, _, _) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(store::look_up(&path, "snmp.engine").unwrap(), None);
    let turn = Turn {
        kept: vec![("snmp.engine".into(), Some(vec![1, 2, 3]))],
        ..Turn::default()
    };
    open.commit(&turn).unwrap();
    let found = || store::look_up(&path, "snmp.engine").unwrap();
    assert_eq!(found(), Some(vec![1, 2, 3]));
    open.close();
    assert_eq!(found(), Some(vec![1, 2, 3]));
    // What has looked must not be in the way of the next start.
    let (again, restored, _) = Store::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(restored.kept, [("snmp.engine".into(), vec![1, 2, 3])]);
    again.close();
    fs::write(&path, "no store at all").unwrap();
    let foreign = store::look_up(&path, "snmp.engine");
    assert!(matches!(foreign, Err(store::LookUpError::Database { .. })));
}
