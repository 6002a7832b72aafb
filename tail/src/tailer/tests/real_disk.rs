//! What only a kernel can show: handles, holes, pipes, links, and a real `gzip`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use model::log::LossCause;

use super::world::World;
use crate::file_system::{FileSystem, OpenFile};
use crate::source::{SourceConfig, StartAt};
use crate::system_files::SystemFiles;
use crate::tailer::{Start, Tailer};
use crate::turn::Now;
use crate::watch::{WatchStatus, Watcher};

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn world_in(directory: &Path, pattern: &str) -> World<SystemFiles> {
    World::on(SystemFiles, &format!("{}/{pattern}", directory.display()))
}

#[test]
fn rotation_and_copytruncate_on_a_real_disk() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("a.log");
    let mut world = world_in(root.path(), "a.log*");
    append(&log, "one\n");
    world.poll();
    append(&log, "two\n");
    fs::rename(&log, root.path().join("a.log.1")).unwrap();
    append(&log, "three\n");
    world.poll();
    append(&log, "four\n");
    fs::copy(&log, root.path().join("a.log.2")).unwrap();
    File::create(&log).unwrap();
    append(&log, "5\n");
    world.poll();
    world.poll();
    world.crash();
    world.poll_after(60);
    world.expect(&["one", "two", "three", "four", "5"]);
}

#[test]
fn rotations_outside_the_pattern_on_a_real_disk() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("a.log");
    let mut world = world_in(root.path(), "a.log");
    append(&log, "one\n");
    world.poll();
    for (name, line) in [
        ("a.log.3", "two\n"),
        ("a.log.2", "three\n"),
        ("a.log.1", "four\n"),
    ] {
        fs::rename(&log, root.path().join(name)).unwrap();
        append(&log, line);
    }
    world.poll();
    world.poll();
    // Births within one tick of the kernel's clock have no order.
    world.lines.sort();
    world.expect(&["four", "one", "three", "two"]);
}

#[test]
fn a_deleted_file_is_read_on_and_its_blocks_are_let_go() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("a.log");
    let mut world = world_in(root.path(), "a.log");
    append(&log, "one\n");
    world.poll();
    let mut writer = OpenOptions::new().append(true).open(&log).unwrap();
    fs::remove_file(&log).unwrap();
    world.poll();
    writer.write_all(b"late\n").unwrap();
    world.poll();
    world.poll_after(11);
    world.expect(&["one", "late"]);
    assert_eq!(world.positions(), []);
    assert_eq!(world.status().files, []);
}

#[test]
fn inode_numbers_that_are_given_out_again_are_new_files() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("a.log");
    let mut world = world_in(root.path(), "a.log");
    for round in 0..50 {
        append(&log, &format!("the line of round {round}\n"));
        world.poll();
        fs::remove_file(&log).unwrap();
    }
    assert_eq!(world.lines.len(), 50);
}

#[test]
fn a_sparse_start_is_stepped_over_whatever_its_length() {
    const HOLE: u64 = 8 << 30;
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("a.log");
    let file = File::create(&log).unwrap();
    file.write_all_at(b"after the hole\n", HOLE).unwrap();
    let mut world = world_in(root.path(), "a.log");
    world.poll();
    world.expect(&["after the hole"]);
    assert_eq!(world.lost, [(LossCause::NulRun, HOLE)]);
}

#[test]
fn pipes_sockets_devices_and_directories_are_never_read() {
    let root = tempfile::tempdir().unwrap();
    let pipe = root.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    fs::create_dir(root.path().join("directory")).unwrap();
    symlink("/dev/zero", root.path().join("device")).unwrap();
    symlink("/nowhere/at/all", root.path().join("dangling")).unwrap();
    append(&root.path().join("a.log"), "one\n");
    let mut world = world_in(root.path(), "*");
    world.poll();
    world.expect(&["one"]);
    assert_eq!(world.status().unreadable.len(), 4);
    // Opening a pipe without a writer does not wait for one either.
    let opened = SystemFiles.open(&pipe).unwrap();
    assert_eq!(opened.status().unwrap().size, 0);
}

#[test]
fn the_system_tells_identity_size_and_links() {
    let root = tempfile::tempdir().unwrap();
    let (first, second) = (root.path().join("a"), root.path().join("b"));
    append(&first, "12345");
    fs::hard_link(&first, &second).unwrap();
    let status = SystemFiles.status(&first).unwrap();
    assert_eq!((status.size, status.links), (5, 2));
    assert_eq!(status, SystemFiles.status(&second).unwrap());
    let file = SystemFiles.open(&first).unwrap();
    fs::remove_file(&first).unwrap();
    fs::remove_file(&second).unwrap();
    assert_eq!(OpenFile::status(&file).unwrap().links, 0);
    assert_eq!(OpenFile::status(&file).unwrap().identity, status.identity);
    let mut buffer = [0; 8];
    assert_eq!(OpenFile::read_at(&file, 2, &mut buffer).unwrap(), 3);
    assert_eq!(&buffer[..3], b"345");
    assert_eq!(file.next_data(1).unwrap(), 1);
}

#[test]
fn a_directory_that_changes_wakes_the_reader() {
    let root = tempfile::tempdir().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut watcher = Watcher::new(move || sender.send(()).unwrap_or_default());
    watcher.watch(&[root.path().to_path_buf(), root.path().join("missing")]);
    if *watcher.status() != WatchStatus::Watching {
        // A machine out of watches polls; there is nothing to hold here.
        return;
    }
    append(&root.path().join("a.log"), "one\n");
    receiver.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(watcher.take_hint());
}

#[test]
fn links_to_what_is_no_file_are_refused() {
    let root = tempfile::tempdir().unwrap();
    symlink("/dev/zero", root.path().join("a.log")).unwrap();
    symlink(root.path(), root.path().join("b.log")).unwrap();
    append(&root.path().join("c.log"), "one\n");
    let mut world = world_in(root.path(), "*.log");
    world.poll();
    world.poll();
    world.expect(&["one"]);
    let unreadable = world.status().unreadable;
    assert_eq!(unreadable.len(), 2);
    assert!(unreadable.iter().all(|file| file.is_refused));
}

#[test]
fn a_deleted_log_is_read_on_after_a_reload_and_a_pause_of_the_store() {
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("a.log");
    let mut world = world_in(root.path(), "a.log");
    append(&log, "one\n");
    world.poll();
    let mut writer = OpenOptions::new().append(true).open(&log).unwrap();
    fs::remove_file(&log).unwrap();
    writer.write_all(b"two\n").unwrap();
    world.reload();
    world.watch_after(60);
    writer.write_all(b"three\n").unwrap();
    world.watch_after(60);
    world.poll();
    world.expect(&["one", "two", "three"]);
}

#[test]
fn a_relative_pattern_is_meant_from_the_working_directory() {
    let source = SourceConfig {
        group: 0,
        patterns: vec!["Cargo.tom?".to_owned()],
        is_new: true,
        start_at: StartAt::Beginning,
        read_compressed: false,
    };
    let start = Start::default();
    let mut tailer = Tailer::new(SystemFiles, vec![source], Default::default(), start).unwrap();
    let now = Now {
        monotonic: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let mut lines = Vec::new();
    let report = tailer.poll(now, &mut |batch| super::world::frame(&batch, &mut lines));
    assert!(0 < report.bytes_read);
    assert!(lines.iter().any(|line| line.starts_with('[')));
}
