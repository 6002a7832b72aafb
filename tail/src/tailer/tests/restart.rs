//! What happens while nobody looks: crashes, reboots, rotations without us.

use model::log::GenerationCause;

use super::world::World;

#[test]
fn a_crash_before_the_commit_reads_the_same_bytes_again() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    let (lines, _) = world.poll_uncommitted();
    assert_eq!(lines, ["two"]);
    world.crash();
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn lines_written_while_down_are_read_once() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn a_rotation_while_down_is_drained_inside_and_outside_the_pattern() {
    for pattern in ["/log/a.log", "/log/a.log*"] {
        let mut world = World::following(pattern);
        world.disk.append("/log/a.log", "one\n");
        world.poll();
        world.crash();
        world.disk.append("/log/a.log", "two\n");
        world.disk.rename("/log/a.log", "/log/a.log.2");
        world.disk.append("/log/a.log", "three\n");
        world.disk.rename("/log/a.log", "/log/a.log.1");
        world.disk.append("/log/a.log", "four\n");
        world.poll();
        world.poll();
        world.expect(&["one", "two", "three", "four"]);
    }
}

#[test]
fn a_truncation_while_down_begins_again() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one, a line\n");
    world.poll();
    world.crash();
    world.disk.truncate("/log/a.log", 0);
    world
        .disk
        .append("/log/a.log", "two, longer than the first line was\n");
    world.poll();
    world.expect(&["one, a line", "two, longer than the first line was"]);
}

#[test]
fn an_inode_number_reused_while_down_is_a_new_file() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.recreate_with_same_inode("/log/a.log");
    world.disk.append("/log/a.log", "two\nthree\n");
    world.poll();
    world.expect(&["one", "two", "three"]);
}

#[test]
fn a_device_number_changed_by_a_reboot_changes_nothing() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.set_device(7);
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
    assert_eq!(world.generations, [GenerationCause::Discovered]);
}

#[test]
fn a_file_restored_from_a_backup_goes_on_where_it_was() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.copy("/log/a.log", "/log/.copy");
    world.disk.remove("/log/a.log");
    world.disk.rename("/log/.copy", "/log/a.log");
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn a_drained_file_that_was_removed_while_down_is_forgotten_in_the_end() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.remove("/log/a.log");
    world.poll();
    assert_eq!(world.positions().len(), 1);
    world.poll_after(31);
    assert_eq!(world.positions(), []);
}

#[test]
fn what_was_rotated_away_is_remembered_for_its_time() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.poll();
    world.poll_after(31);
    assert_eq!(world.positions().len(), 1);
    assert_eq!(world.disk.open_count(), 0);
    world.poll_after(8 * 24 * 60 * 60);
    assert_eq!(world.positions(), []);
    world.expect(&["one"]);
}

#[test]
fn a_reload_takes_the_positions_along() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    let restorable = world.tailer().restorable();
    assert_eq!(restorable.len(), 1);
    assert_eq!(restorable[0].2, world.positions()[0]);
    assert_eq!(world.tailer().next_file_id(), restorable[0].0.0 + 1);
}
