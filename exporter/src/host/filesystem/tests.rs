//! Mounts of a table that the test writes, on folders of the test's own.

use std::fs;
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::host::Roots;

const LIMIT: Duration = Duration::from_secs(6);

/// A host whose table is `table` and whose folders exist.
fn host(table: &str, folders: &[&str]) -> (TempDir, HostSettings) {
    let folder = tempfile::tempdir().unwrap();
    let path = |part: &str| folder.path().join(part);
    fs::create_dir_all(path("proc/self")).unwrap();
    fs::write(path("proc/self/mountinfo"), table).unwrap();
    for name in folders {
        fs::create_dir_all(path("root").join(name)).unwrap();
    }
    let settings = HostSettings {
        roots: Roots {
            proc: path("proc"),
            sys: path("sys"),
            host: path("root"),
        },
        time_limit: LIMIT,
        update_folders: vec![PathBuf::from("/"), PathBuf::from("/var/lib/docker")],
        ..HostSettings::of_kinds(&[])
    };
    (folder, settings)
}

fn collect(filesystems: &mut Filesystems) -> (Vec<Filesystem>, Option<String>, u64) {
    let mut reader = Reader::default();
    let found = filesystems.collect(&mut reader).unwrap();
    (found, reader.settle().1, reader.hung_threads)
}

fn mountpoints(found: &[Filesystem]) -> Vec<&str> {
    found.iter().map(|one| &*one.mountpoint).collect()
}

fn update_mountpoints(found: &[Filesystem]) -> Vec<&str> {
    let holding = found.iter().filter(|one| one.holds_update);
    holding.map(|one| &*one.mountpoint).collect()
}

const TABLE: &str = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
                     2 1 8:2 / /data rw - xfs /dev/sdb ro\n\
                     3 1 0:9 / /srv/share rw - nfs4 filer:/x rw\n";

#[test]
fn space_is_counted_in_bytes_and_flags_are_kept() {
    let (_folder, settings) = host(TABLE, &["data", "srv/share"]);
    let mut filesystems = Filesystems::new(&settings, Clock::start());
    let (found, problems, _) = collect(&mut filesystems);
    assert_eq!(problems, None);
    assert_eq!(mountpoints(&found), ["/", "/data", "/srv/share"]);
    assert_eq!(
        (found[0].is_read_only, found[1].is_read_only),
        (false, true)
    );
    let disk = &found[0];
    assert!(
        disk.available <= disk.free && disk.free < disk.size,
        "{disk:?}"
    );
    assert!(disk.block_size.is_power_of_two() && disk.size.is_multiple_of(disk.block_size));
    assert_eq!(update_mountpoints(&found), ["/"]);
}

#[test]
fn below_a_folder_the_first_processs_table_counts() {
    let (folder, settings) = host("1 0 9:1 / /ours rw - ext4 x rw\n", &["data", "srv/share"]);
    let first = folder.path().join("proc/1");
    fs::create_dir(&first).unwrap();
    fs::write(first.join("mountinfo"), TABLE).unwrap();
    let (found, _, _) = collect(&mut Filesystems::new(&settings, Clock::start()));
    assert_eq!(mountpoints(&found), ["/", "/data", "/srv/share"]);
}

#[test]
fn an_update_is_written_where_the_folder_really_is() {
    let table = format!("{TABLE}4 1 8:3 / /var/lib/docker rw - ext4 /dev/sdc rw\n");
    let (_folder, mut settings) = host(&table, &["data", "srv/share", "var/lib/docker"]);
    // The engine's own mounts are left out, the disk it lies on is not: by default, too.
    for ignored in ["/var/lib/docker/overlay2", "/var/lib/docker", "/var/lib"] {
        settings.ignored_mountpoints = vec![ignored.to_owned()];
        let (found, _, _) = collect(&mut Filesystems::new(&settings, Clock::start()));
        assert_eq!(
            update_mountpoints(&found),
            ["/", "/var/lib/docker"],
            "{ignored}"
        );
    }
}

#[test]
fn an_update_is_written_where_a_link_leads_to() {
    let (folder, settings) = host(TABLE, &["data/docker", "srv/share", "var/lib"]);
    let root = folder.path().join("root");
    std::os::unix::fs::symlink(root.join("data/docker"), root.join("var/lib/docker")).unwrap();
    let (found, _, _) = collect(&mut Filesystems::new(&settings, Clock::start()));
    assert_eq!(update_mountpoints(&found), ["/", "/data"]);
}

#[test]
fn a_mount_that_cannot_be_asked_is_named_and_left_out() {
    let (_folder, settings) = host(TABLE, &["data"]);
    let (found, problems, _) = collect(&mut Filesystems::new(&settings, Clock::start()));
    assert_eq!(mountpoints(&found), ["/", "/data"]);
    assert!(
        problems
            .unwrap()
            .starts_with("`/srv/share` does not tell its space: No such file")
    );
}

#[test]
fn a_dead_server_takes_one_thread_and_no_other_mount() {
    let (folder, settings) = host(TABLE, &["data", "srv/share"]);
    let share = folder.path().join("root/srv/share");
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let (began, begun) = channel();
    let crew = {
        let gate = Arc::clone(&gate);
        Crew::new(Clock::start(), move |question| {
            if *question == Question::Space(share.clone()) {
                began.send(()).unwrap();
                let is_open = gate.0.lock().unwrap();
                drop(gate.1.wait_while(is_open, |is_open| !*is_open).unwrap());
            }
            answer(question)
        })
    };
    let mut filesystems = Filesystems { settings, crew };
    for _ in 0..3 {
        let (found, problems, hung_threads) = collect(&mut filesystems);
        assert_eq!(mountpoints(&found), ["/", "/data"]);
        assert!(problems.unwrap().ends_with("/srv/share"));
        assert_eq!(hung_threads, 1);
    }
    assert_eq!(begun.try_iter().count(), 1);
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    loop {
        let (found, problems, _) = collect(&mut filesystems);
        if problems.is_none() {
            assert_eq!(mountpoints(&found), ["/", "/data", "/srv/share"]);
            break;
        }
    }
}

#[test]
fn more_mounts_than_rows_are_shown_in_part() {
    let lines = (0..300).map(|number| format!("1 0 9:{number} / /m{number} rw - ext4 x rw\n"));
    let (_folder, mut settings) = host(&lines.collect::<String>(), &[]);
    settings.update_folders = vec![PathBuf::from("/m99/images")];
    let mut reader = Reader::default();
    let filesystems = Filesystems::new(&settings, Clock::start());
    let kept = filesystems.mounts(&mut reader).unwrap();
    assert_eq!(kept.len(), HOST_ROWS_MAX);
    // The last one by name; but an update is written to it.
    assert!(kept.iter().any(|mount| mount.mountpoint == "/m99"));
    assert_eq!(reader.settle().1.unwrap(), "44 of 300 mounts are left out");
}
