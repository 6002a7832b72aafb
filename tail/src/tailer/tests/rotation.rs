//! Renames: lines are read once, in order, whatever the files are called.

use model::log::{GenerationCause, LossCause};

use super::world::World;

#[test]
fn a_rotated_file_is_read_to_its_end_before_the_new_one() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "three\n");
    world.poll();
    world.expect(&["one", "two", "three"]);
    assert_eq!(
        world.generations,
        [GenerationCause::Discovered, GenerationCause::Rotated]
    );
}

#[test]
fn a_writer_that_keeps_the_old_file_loses_nothing() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "new\n");
    world.poll_after(10);
    world.disk.append("/log/a.log.1", "late\n");
    world.poll_after(10);
    world.expect(&["one", "new", "late"]);
}

#[test]
fn a_renamed_file_that_still_matches_is_followed_on_and_never_read_twice() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log.1", "two\n");
    world.disk.append("/log/a.log", "three\n");
    world.poll();
    world.disk.append("/log/a.log.1", "four\n");
    world.poll();
    world.expect(&["one", "two", "three", "four"]);
    assert_eq!(world.status().files.len(), 2);
}

#[test]
fn several_rotations_between_two_polls_miss_no_file_of_the_pattern() {
    let mut world = World::following("/log/a.log*");
    rotate_twice_unseen(&mut world);
    world.expect(&["one", "two", "three"]);
}

#[test]
fn several_rotations_between_two_polls_miss_no_file_outside_the_pattern() {
    let mut world = World::following("/log/a.log");
    rotate_twice_unseen(&mut world);
    world.expect(&["one", "two", "three"]);
}

fn rotate_twice_unseen(world: &mut World) {
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.rename("/log/a.log", "/log/a.log.2");
    world.disk.append("/log/a.log", "two\n");
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "three\n");
    world.poll();
    world.poll();
}

#[test]
fn an_old_copy_beside_the_log_is_not_taken_for_a_missed_rotation() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.copy("/log/a.log", "/log/a.log.bak");
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn files_that_begin_with_the_same_banner_are_different_files() {
    let banner = "a banner that every file begins with\n".repeat(40);
    let mut world = World::following("/log/*.log");
    for index in 0..10 {
        let path = format!("/log/{index}.log");
        world.disk.append(&path, &banner);
        world.disk.append(&path, format!("own {index}\n"));
    }
    world.poll();
    world.disk.append("/log/late.log", &banner);
    world.disk.append("/log/late.log", "own late\n");
    world.poll();
    assert_eq!(world.lines.len(), 11 * 41);
}

#[test]
fn a_rotated_log_with_the_same_banner_is_a_new_file() {
    let banner = "a banner that every file begins with\n".repeat(40);
    for pattern in ["/log/a.log*", "/log/a.log"] {
        let mut world = World::following(pattern);
        world.disk.append("/log/a.log", &banner);
        world.poll();
        world.disk.rename("/log/a.log", "/log/a.log.1");
        world.disk.append("/log/a.log", &banner);
        world.poll();
        assert_eq!(world.lines.len(), 80);
    }
}

#[test]
fn a_new_file_waits_until_a_large_old_one_is_read() {
    for pattern in ["/log/a.log*", "/log/a.log"] {
        let mut world = World::following(pattern);
        world.disk.append("/log/a.log", "old\n");
        world.poll();
        world.disk.append("/log/a.log", "old\n".repeat(2_000_000));
        world.disk.rename("/log/a.log", "/log/a.log.1");
        world.disk.append("/log/a.log", "new\n");
        world.poll();
        assert_eq!(world.lines.len(), 2_000_002);
        assert_eq!(world.lines.last().map(String::as_str), Some("new"));
    }
}

#[test]
fn a_small_file_is_read_from_its_first_byte() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "twelve bytes");
    world.poll();
    world.disk.append("/log/a.log", "\n");
    world.poll();
    world.expect(&["twelve bytes"]);
}

#[test]
fn hard_links_and_renames_into_the_pattern_are_counted_once() {
    let mut world = World::following("/log/*.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.hard_link("/log/a.log", "/log/0.log");
    world.poll();
    world.disk.rename("/log/a.log", "/log/z.log");
    world.poll();
    world.expect(&["one"]);
}

#[test]
fn a_swapped_link_drains_the_old_target_and_reads_the_new_one() {
    let mut world = World::following("/log/current");
    world.disk.append("/data/1", "one\n");
    world.disk.symbolic_link("/data/1", "/log/current");
    world.poll();
    world.disk.append("/data/1", "two\n");
    world.disk.append("/data/2", "three\n");
    world.disk.symbolic_link("/data/2", "/log/current");
    world.poll();
    world.disk.append("/data/1", "late\n");
    world.poll();
    world.expect(&["one", "two", "three", "late"]);
}

#[test]
fn a_reused_inode_number_is_a_new_file() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.disk.recreate_with_same_inode("/log/a.log");
    world
        .disk
        .append("/log/a.log", "three, longer than before\n");
    world.poll();
    world.expect(&["one", "two", "three, longer than before"]);
}

#[test]
fn an_atomically_replaced_file_goes_on_where_it_was() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\ntwo\n");
    world.poll();
    world.disk.append("/log/a.log", "three\n");
    world.disk.copy("/log/a.log", "/log/.draft");
    world.disk.rename("/log/.draft", "/log/a.log");
    world.poll();
    world.disk.append("/log/a.log", "four\n");
    world.poll();
    world.expect(&["one", "two", "three", "four"]);
}

#[test]
fn a_deleted_file_is_read_to_its_end_and_then_let_go() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\nthe rest");
    world.disk.remove("/log/a.log");
    world.poll();
    world.expect(&["one", "two"]);
    world.poll_after(11);
    world.expect(&["one", "two", "the rest"]);
    assert_eq!(world.disk.open_count(), 0);
    assert_eq!(world.positions(), []);
    assert_eq!(world.lost_bytes(), 0);
}

#[test]
fn a_deleted_and_recreated_file_is_read_from_its_start() {
    let mut world = World::following("/log/a.log");
    for round in 0..4 {
        world
            .disk
            .append("/log/a.log", format!("line of round {round}\n"));
        world.poll();
        world.disk.remove("/log/a.log");
    }
    assert_eq!(world.lines.len(), 4);
}

#[test]
fn unread_bytes_of_a_file_that_is_gone_are_counted() {
    let mut world = World::following("/log/*");
    world.limits.open_files_max = 0;
    world.disk.append("/log/a.log", "one\nunfinished");
    world.poll();
    world.disk.remove("/log/a.log");
    world.poll();
    world.poll_after(31);
    assert_eq!(world.lost, [(LossCause::Removed, 10)]);
    assert_eq!(world.positions(), []);
}
