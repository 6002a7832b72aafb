//! Lines without an end, and lines without an end in sight.

use model::log::LINE_BYTES_MAX;

use super::world::World;

#[test]
fn a_line_written_in_two_halves_is_one_line() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\ntw");
    world.poll();
    world.expect(&["one"]);
    world.disk.append("/log/a.log", "o\n");
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn the_last_line_of_a_rotated_file_counts_once_it_is_quiet() {
    for pattern in ["/log/a.log", "/log/a.log*"] {
        let mut world = World::following(pattern);
        world.disk.append("/log/a.log", "one\nunfinished");
        world.poll();
        world.disk.rename("/log/a.log", "/log/a.log.1");
        world.disk.append("/log/a.log", "two\n");
        world.poll_after(20);
        world.expect(&["one", "two"]);
        world.poll_after(31);
        world.expect(&["one", "two", "unfinished"]);
        world.poll_after(60);
        world.expect(&["one", "two", "unfinished"]);
    }
}

#[test]
fn the_last_line_of_an_old_backlog_file_counts() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log.1", "old\nunfinished");
    world.disk.append("/log/a.log", "new\nhal");
    world.poll();
    world.poll_after(31);
    world.expect(&["old", "new", "unfinished"]);
}

#[test]
fn the_last_line_of_a_quiet_live_file_waits_for_its_end() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "half");
    world.poll();
    world.poll_after(3_600);
    world.expect(&[]);
    world.disk.append("/log/a.log", " a line\n");
    world.poll();
    world.expect(&["half a line"]);
}

#[test]
fn a_line_over_the_bound_is_skipped_and_the_file_goes_on() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    for _ in 0..48 {
        world.disk.append("/log/a.log", "x".repeat(LINE_BYTES_MAX));
        world.poll();
    }
    assert!(world.positions()[0].mid_line);
    world.crash();
    world.disk.append("/log/a.log", "x\ntwo\n");
    world.poll();
    world.expect(&["one", "two"]);
}
