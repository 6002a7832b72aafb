//! Files that cannot be read, now or ever.

use std::io;

use super::world::World;
use crate::file_system::FileKind;

#[test]
fn an_unreadable_file_is_named_and_read_once_it_may_be() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world
        .disk
        .set_open_error("/log/a.log", Some(io::ErrorKind::PermissionDenied));
    world.poll();
    let unreadable = world.status().unreadable;
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].path, "/log/a.log");
    assert_eq!(unreadable[0].error, "permission denied");
    assert!(!unreadable[0].is_refused);
    world.disk.set_open_error("/log/a.log", None);
    world.poll();
    world.expect(&["one"]);
    assert_eq!(world.status().unreadable, []);
}

#[test]
fn a_known_file_that_becomes_unreadable_keeps_its_place() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.append("/log/a.log", "two\n");
    world
        .disk
        .set_open_error("/log/a.log", Some(io::ErrorKind::PermissionDenied));
    world.poll();
    world.poll();
    assert_eq!(world.status().unreadable.len(), 1);
    world.disk.set_open_error("/log/a.log", None);
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn a_failing_read_is_tried_again_from_the_same_place() {
    for kind in [io::ErrorKind::Other, io::ErrorKind::StaleNetworkFileHandle] {
        let mut world = World::following("/log/a.log");
        world.disk.append("/log/a.log", "one\n");
        world.poll();
        world.disk.append("/log/a.log", "two\n");
        world.disk.set_read_error("/log/a.log", Some(kind));
        world.poll();
        assert_eq!(world.status().unreadable.len(), 1);
        world.expect(&["one"]);
        world.disk.set_read_error("/log/a.log", None);
        world.poll();
        world.expect(&["one", "two"]);
        assert_eq!(world.status().unreadable, []);
    }
}

#[test]
fn what_is_no_file_is_named_and_never_opened() {
    let mut world = World::following("/log/*");
    world.disk.create_special("/log/pipe", FileKind::Special);
    world
        .disk
        .create_special("/log/directory", FileKind::Directory);
    world.disk.create_special("/dev/some", FileKind::Special);
    world.disk.symbolic_link("/dev/some", "/log/link");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.poll();
    world.expect(&["one"]);
    let unreadable = world.status().unreadable;
    assert_eq!(unreadable.len(), 3);
    assert!(
        unreadable
            .iter()
            .all(|file| file.error == "not a regular file" && file.is_refused)
    );
}

#[test]
fn foreign_packings_are_named_and_never_read_as_text() {
    let mut world = World::following("/log/*");
    world
        .disk
        .append("/log/a.zst", [0x28, 0xb5, 0x2f, 0xfd, b'\n']);
    world.disk.append("/log/a.bz2", b"BZh9\n");
    world.disk.append("/log/a.xz", b"\xfd7zXZ\0\n");
    world.poll();
    world.poll();
    world.expect(&[]);
    assert!(world.status().unreadable.iter().all(|file| file.is_refused));
    let errors: Vec<String> = world
        .status()
        .unreadable
        .into_iter()
        .map(|file| file.error)
        .collect();
    for name in ["zstd", "bzip2", "xz"] {
        assert!(
            errors.iter().any(|error| error.contains(name)),
            "{errors:?}"
        );
    }
    assert_eq!(errors.len(), 3);
}
