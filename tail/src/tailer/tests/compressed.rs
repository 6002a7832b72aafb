//! gzip: the backlog once, and a packed file that was read before never again.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use model::log::LossCause;

use super::world::World;
use crate::source::StartAt;

pub(super) fn packed(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// Packs a file as gzip does: a new file, then the old name goes.
fn gzip(world: &World, path: &str) {
    let bytes = packed(world.disk.read(path));
    world.disk.append(&format!("{path}.gz"), bytes);
    world.disk.remove(path);
}

#[test]
fn a_packed_backlog_is_read_once_before_the_live_file() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log.2.gz", packed("one\ntwo\n"));
    world.disk.append("/log/a.log.1", "three\n");
    world.disk.append("/log/a.log", "four\n");
    world.poll();
    world.expect(&["one", "two", "three", "four"]);
    assert!(world.last_report.is_caught_up);
    world.crash();
    world.disk.rename("/log/a.log.2.gz", "/log/a.log.3.gz");
    world.poll();
    world.poll_after(60);
    assert_eq!(world.lines.len(), 4);
    assert_eq!(world.lost, []);
}

#[test]
fn a_long_packed_backlog_is_read_in_bounded_batches_and_resumed() {
    let mut world = World::following("/log/a.log*");
    let lines: String = (0..1_000_000).map(|number| format!("{number}\n")).collect();
    world.disk.append("/log/a.log.1.gz", packed(&lines));
    world.poll_once();
    assert!(world.last_report.has_more);
    world.crash();
    world.poll();
    let expected: Vec<&str> = lines.lines().collect();
    assert!(world.lines == expected);
}

#[test]
fn a_file_that_is_renamed_and_packed_is_not_read_again() {
    for pattern in ["/log/a.log*", "/log/a.log"] {
        let mut world = World::following(pattern);
        world.disk.append("/log/a.log", "one\n");
        world.poll();
        world.disk.rename("/log/a.log", "/log/a.log.1");
        world.disk.append("/log/a.log", "two\n");
        world.poll();
        gzip(&world, "/log/a.log.1");
        world.poll();
        world.poll_after(60);
        world.disk.append("/log/a.log", "three\n");
        world.poll();
        world.expect(&["one", "two", "three"]);
        assert_eq!(world.lost, []);
    }
}

#[test]
fn a_file_packed_while_down_gives_what_was_unread_even_if_no_backlog_is_wanted() {
    for read_compressed in [true, false] {
        let mut world = World::following("/log/a.log*");
        world.source.read_compressed = read_compressed;
        world.disk.append("/log/a.log", "one\n");
        world.poll();
        world.crash();
        world.disk.append("/log/a.log", "two\n");
        world.disk.rename("/log/a.log", "/log/a.log.1");
        gzip(&world, "/log/a.log.1");
        world.disk.append("/log/a.log", "three\n");
        world.poll();
        world.poll();
        world.expect(&["one", "two", "three"]);
    }
}

#[test]
fn a_file_being_packed_is_waited_for() {
    let mut world = World::following("/log/a.log*");
    let lines: String = (0..10_000).map(|number| format!("{number}\n")).collect();
    world.disk.append("/log/a.log.1", &lines);
    world.poll();
    let bytes = packed(&lines);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    world.disk.append("/log/a.log.1.gz", first);
    world.poll();
    world.disk.append("/log/a.log.1.gz", second);
    world.poll();
    world.disk.remove("/log/a.log.1");
    world.poll();
    world.poll_after(60);
    assert_eq!(world.lines.len(), 10_000);
}

#[test]
fn a_packed_file_that_equals_nothing_known_is_read() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world
        .disk
        .append("/log/a.log.9.gz", packed("other\nunfinished"));
    world.poll();
    world.expect(&["one", "other", "unfinished"]);
}

#[test]
fn packed_files_are_passed_over_unless_they_are_wanted() {
    let mut world = World::following("/log/a.log*");
    world.source.read_compressed = false;
    world.disk.append("/log/a.log.1.gz", packed("old\n"));
    world.disk.append("/log/a.log", "new\n");
    world.poll();
    world.poll();
    world.expect(&["new"]);
    assert_eq!(world.status().unreadable, []);
}

#[test]
fn a_packed_backlog_is_history_when_starting_at_the_end() {
    let mut world = World::following("/log/a.log*");
    world.source.start_at = StartAt::End;
    world.disk.append("/log/a.log.1.gz", packed("old\n"));
    world.poll();
    world.crash();
    world.poll();
    world.expect(&[]);
    assert_eq!(world.positions()[0].offset, 4);
}

#[test]
fn a_broken_packed_file_gives_what_unpacks_and_counts_its_loss_once() {
    let lines: String = (0..50_000).map(|number| format!("{number}\n")).collect();
    let mut cut = packed(&lines);
    cut.truncate(cut.len() / 2);
    let mut broken = packed(&lines);
    let middle = broken.len() / 2;
    broken[middle..middle + 64].fill(0xff);
    for bytes in [cut, broken, vec![0x1f, 0x8b, 9, 9, 9, 9]] {
        let is_garbage = bytes.len() == 6;
        let mut world = World::following("/log/a.log*");
        world.disk.append("/log/a.log.1.gz", bytes);
        world.disk.append("/log/a.log", "live\n");
        world.poll();
        world.poll_after(30);
        assert!(world.lines.contains(&"live".to_owned()));
        assert_eq!(1 < world.lines.len(), !is_garbage);
        assert_eq!(world.lost.len(), 1, "{:?}", world.lost);
        assert_eq!(world.lost[0].0, LossCause::Undecodable);
        let count = world.lines.len();
        world.crash();
        world.poll();
        world.poll_after(30);
        assert_eq!((world.lines.len(), world.lost.len()), (count, 1));
    }
}
