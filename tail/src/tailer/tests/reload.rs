//! A configuration that is read again.

use model::log::LossCause;

use super::world::World;
use crate::source::StartAt;

#[test]
fn a_deleted_log_that_is_still_written_is_read_on_after_a_reload() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.hard_link("/log/a.log", "/elsewhere/writer");
    world.disk.append("/elsewhere/writer", "two\n");
    world.disk.remove("/log/a.log");
    world.disk.append("/log/a.log", "new\n");
    world.reload();
    world.poll();
    world.disk.append("/elsewhere/writer", "three\n");
    world.poll();
    world.lines.sort();
    world.expect(&["new", "one", "three", "two"]);
    assert_eq!(world.lost_bytes(), 0);
}

#[test]
fn a_reload_reads_nothing_twice_and_closes_what_is_no_longer_wanted() {
    let mut world = World::following("/log/*.log");
    world.disk.append("/log/a.log", "a\nhalf");
    world.disk.append("/log/b.log", "b\n");
    world.poll();
    world.reload();
    world.poll();
    assert_eq!(world.disk.open_count(), 2);
    world.disk.append("/log/a.log", " done\n");
    world.poll();
    world.expect(&["a", "b", "half done"]);
}

#[test]
fn what_was_read_and_never_committed_comes_again_after_a_reload() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.poll_after(1);
    world.disk.append("/log/a.log", "three\n");
    let (lines, _) = world.poll_uncommitted_after(1);
    assert_eq!(lines, ["three"]);
    world.disk.remove("/log/a.log");
    world.reload();
    world.poll();
    world.expect(&["one", "two", "three"]);
}

#[test]
fn bytes_of_a_deleted_file_that_was_never_committed_are_told_as_lost() {
    let mut world = World::following("/log/a.log");
    world.watch_after(1);
    world.disk.append("/log/a.log", "12345\n");
    world.watch_after(1);
    world.disk.remove("/log/a.log");
    world.reload();
    world.poll();
    world.expect(&[]);
    assert_eq!(world.lost, [(LossCause::Removed, 6)]);
    assert_eq!(world.disk.open_count(), 0);
}

#[test]
fn a_source_that_a_reload_adds_begins_where_it_is_told_to() {
    let mut world = World::following("/log/a.log");
    world.source.start_at = StartAt::End;
    world.disk.append("/log/a.log", "history of a\n");
    world.disk.append("/log/b.log", "history of b\n");
    world.poll();
    world.add_source(0, "/log/b.log");
    world.others[0].is_new = true;
    world.source.patterns.push("/log/c.log".to_owned());
    world
        .disk
        .append("/log/c.log", "appeared for a known source\n");
    world.reload();
    world.poll();
    world.disk.append("/log/b.log", "new\n");
    world.poll();
    world.expect(&["appeared for a known source", "new"]);
}
