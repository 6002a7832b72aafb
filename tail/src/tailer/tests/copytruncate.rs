//! Files that become shorter, are rewritten, or lose their end.

use model::log::{GenerationCause, LossCause};

use super::world::World;

fn numbered(range: std::ops::Range<u32>) -> String {
    range
        .map(|number| format!("line number {number}\n"))
        .collect()
}

fn expect_numbers(world: &World, count: u32) {
    let expected: Vec<String> = (0..count)
        .map(|number| format!("line number {number}"))
        .collect();
    assert_eq!(world.lines, expected);
}

#[test]
fn a_truncated_file_begins_again() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", numbered(0..50));
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", numbered(50..52));
    world.poll();
    expect_numbers(&world, 52);
    assert_eq!(world.generations.last(), Some(&GenerationCause::Truncated));
    assert_eq!(world.lost, []);
}

#[test]
fn a_file_that_regrew_past_our_place_begins_again() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", numbered(0..10));
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", numbered(10..50));
    world.poll();
    expect_numbers(&world, 50);
    assert_eq!(world.generations.last(), Some(&GenerationCause::Rewritten));
}

#[test]
fn unread_lines_are_read_from_the_copy_inside_the_pattern() {
    copytruncate_with_unread_lines("/log/a.log*");
}

#[test]
fn unread_lines_are_read_from_the_copy_outside_the_pattern() {
    copytruncate_with_unread_lines("/log/a.log");
}

fn copytruncate_with_unread_lines(pattern: &str) {
    let mut world = World::following(pattern);
    world.disk.append("/log/a.log", numbered(0..10));
    world.poll();
    world.disk.append("/log/a.log", numbered(10..20));
    world.disk.copy("/log/a.log", "/log/a.log.1");
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", numbered(20..25));
    world.poll();
    world.poll_after(40);
    // Now also under a name that matches, and seen by a new process.
    world.disk.rename("/log/a.log.1", "/log/a.log.2");
    world.poll();
    world.crash();
    world.poll_after(40);
    world.disk.append("/log/a.log", numbered(25..26));
    world.poll();
    expect_numbers(&world, 26);
    assert_eq!(world.lost, []);
}

#[test]
fn a_copy_that_is_seen_before_the_truncation_is_not_read_as_a_new_file() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log", numbered(0..100));
    world.poll();
    world.disk.append("/log/a.log.1", "");
    world.poll();
    world.disk.append("/log/a.log.1", numbered(0..60));
    world.poll();
    world.disk.append("/log/a.log.1", numbered(60..100));
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", numbered(100..101));
    world.poll();
    world.poll_after(60);
    expect_numbers(&world, 101);
}

#[test]
fn a_copy_that_lives_on_beside_its_original_is_a_file_of_its_own() {
    let mut world = World::following("/log/a.log*");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log.1", "one\n");
    world.poll();
    world.expect(&["one"]);
    world.poll_after(11);
    world.expect(&["one", "one"]);
}

#[test]
fn unread_bytes_that_were_cut_without_a_copy_are_counted() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n0123456789");
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
    assert_eq!(world.lost, [(LossCause::Truncated, 10)]);
}

#[test]
fn a_power_loss_takes_the_end_and_nothing_is_counted_twice() {
    for kept in [1_024, 1_100, 1_200] {
        let mut world = World::following("/log/a.log");
        world.disk.append("/log/a.log", numbered(0..60));
        world.poll();
        world.disk.append("/log/a.log", numbered(60..100));
        world.poll();
        world.crash();
        let size = world.disk.read("/log/a.log").len();
        world.disk.truncate("/log/a.log", kept);
        world.poll();
        world.disk.append("/log/a.log", numbered(100..110));
        world.poll();
        expect_numbers(&world, 110);
        assert_eq!(world.generations.last(), Some(&GenerationCause::TailLost));
        let lost = u64::try_from(size - kept).unwrap();
        assert_eq!(world.lost, [(LossCause::TailLost, lost)]);
    }
}

#[test]
fn a_file_rewritten_between_the_look_and_the_reading_is_noticed() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", numbered(0..100));
    world.poll();
    world.disk.append("/log/a.log", "x".repeat(2_000));
    world
        .disk
        .change_before_next_batch("/log/a.log", numbered(100..500));
    world.poll();
    expect_numbers(&world, 500);
    assert_eq!(world.lost, [(LossCause::Truncated, 2_000)]);
}

#[test]
fn a_file_rewritten_behind_its_banner_begins_again() {
    let banner = "a banner that every file begins with\n".repeat(40);
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", format!("{banner}one\n"));
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world
        .disk
        .append("/log/a.log", format!("{banner}two, and longer\n"));
    world.poll();
    assert_eq!(world.lines.len(), 82);
    assert_eq!(world.generations.last(), Some(&GenerationCause::Rewritten));
}

#[test]
fn an_unfinished_line_that_is_cut_is_counted_and_read_on() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\nunfinished");
    world.poll();
    world.disk.truncate("/log/a.log", 7);
    world.poll();
    assert_eq!(world.lost, [(LossCause::Truncated, 7)]);
}

#[test]
fn a_truncated_file_whose_lines_end_alike_begins_again() {
    let line = format!("{}\n", "x".repeat(320));
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", line.repeat(4));
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", &line);
    world.poll();
    assert_eq!(world.lines.len(), 5);
}

#[test]
fn a_hole_left_by_a_writer_that_does_not_append_is_stepped_over() {
    const HOLE: usize = 8 * 1024 * 1024;
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", numbered(0..20));
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", numbered(20..22));
    world.disk.set_hole("/log/a.log", HOLE);
    world.poll_once();
    world.poll();
    expect_numbers(&world, 22);
    assert_eq!(
        world.lost,
        [(LossCause::NulRun, u64::try_from(HOLE).unwrap())]
    );
}

#[test]
fn a_file_rewritten_in_place_with_the_same_length_is_noticed() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
}
