//! While the store refuses commits: names are watched, nothing is read.

use model::log::GenerationCause;

use super::world::World;

#[test]
fn logs_rotated_and_deleted_while_nothing_may_be_read_are_read_after_it() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    for (line, name) in [("two\n", "/log/a.log.1"), ("three\n", "/log/a.log.2")] {
        world.disk.append("/log/a.log", line);
        world.watch_after(1);
        world.disk.rename("/log/a.log", name);
        world.watch_after(1);
        world.disk.remove(name);
        // Longer than every patience.
        world.watch_after(100);
    }
    world.disk.append("/log/a.log", "four\n");
    world.watch_after(1);
    world.expect(&["one"]);
    world.poll();
    world.expect(&["one", "two", "three", "four"]);
    assert_eq!(world.lost_bytes(), 0);
    assert_eq!(
        world.generations,
        [
            GenerationCause::Discovered,
            GenerationCause::Rotated,
            GenerationCause::Rotated,
        ]
    );
}

#[test]
fn a_start_while_nothing_may_be_read_already_holds_the_files() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.crash();
    world.disk.append("/log/a.log", "two\n");
    world.watch_after(1);
    world.disk.remove("/log/a.log");
    world.watch_after(100);
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn a_copy_before_a_truncation_is_not_taken_for_a_new_file_meanwhile() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.disk.copy("/log/a.log", "/log/a.log.1");
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", "three\n");
    for _ in 0..5 {
        world.watch_after(20);
    }
    world.poll_after(20);
    world.poll_after(60);
    world.expect(&["one", "two", "three"]);
}

#[test]
fn handles_stay_within_the_limit_while_nothing_may_be_read() {
    let mut world = World::following("/log/*.log");
    world.limits.open_files_max = 3;
    for round in 0..2 {
        for file in 0..20 {
            world.disk.append(&format!("/log/{file}.log"), "line\n");
        }
        world.watch_after(1);
        world.watch_after(1);
        assert_eq!(world.disk.open_count(), 3, "in round {round}");
    }
    world.expect(&[]);
    world.poll();
    assert_eq!(world.lines.len(), 40);
}

#[test]
fn a_file_that_was_nowhere_for_long_meanwhile_is_not_given_up_before_a_poll() {
    let mut world = World::following("/log/a.log");
    world.limits.open_files_max = 0;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.disk.rename("/log/a.log", "/away/a.log");
    world.watch_after(100);
    world.watch_after(100);
    world.disk.rename("/away/a.log", "/log/a.log");
    world.poll();
    world.expect(&["one", "two"]);
}
