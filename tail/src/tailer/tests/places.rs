//! More files than places: those that were written to last are read.

use model::log::LossCause;

use super::world::World;

/// A world with two places and `count` files of one line each, all read.
fn crowded(count: usize) -> World {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 2;
    for file in 0..count {
        world
            .disk
            .append(&format!("/log/{file}.log"), format!("{file}\n"));
        world.poll();
    }
    world
}

fn count_of(world: &World, line: &str) -> usize {
    world.lines.iter().filter(|one| *one == line).count()
}

#[test]
fn a_newer_file_takes_the_place_of_the_longest_unwritten_one() {
    let world = crowded(5);
    world.expect(&["0", "1", "2", "3", "4"]);
}

#[test]
fn a_file_that_lost_its_place_gets_one_again_when_it_grows() {
    let mut world = crowded(4);
    for round in 0..3 {
        for file in 0..4 {
            let line = format!("{file} in {round}");
            world
                .disk
                .append(&format!("/log/{file}.log"), format!("{line}\n"));
            world.poll();
            assert_eq!(count_of(&world, &line), 1, "{line}");
            assert!(world.status().files.len() <= 2);
            assert_eq!(world.status().files_over_limit, 0);
        }
    }
    assert_eq!(world.lines.len(), 16);
}

#[test]
fn files_without_a_place_are_remembered_over_a_restart() {
    let mut world = crowded(6);
    world.crash();
    world.disk.append("/log/new.log", "new\n");
    world.disk.append("/log/0.log", "late\n");
    world.poll();
    world.poll();
    world.expect(&["0", "1", "2", "3", "4", "5", "late", "new"]);
    assert!(world.status().files.len() <= 2);
    assert!(world.disk.open_count() <= 2);
}

#[test]
fn files_that_end_within_a_line_keep_no_place_for_ever() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 2;
    for file in 0..4 {
        world
            .disk
            .append(&format!("/log/{file}.log"), format!("{file}\ntorn"));
    }
    for _ in 0..3 {
        world.poll_after(31);
    }
    world.disk.append("/log/new.log", "new\n");
    world.poll_after(31);
    world.poll();
    assert_eq!(count_of(&world, "new"), 1, "{:?}", world.lines);
    world.crash();
    world.disk.append("/log/newer.log", "newer\n");
    world.poll();
    world.poll_after(31);
    assert_eq!(count_of(&world, "newer"), 1, "{:?}", world.lines);
    world.disk.append("/log/0.log", " is whole\n");
    world.poll();
    world.poll_after(31);
    assert_eq!(count_of(&world, "torn is whole"), 1, "{:?}", world.lines);
    assert_eq!(world.lines.len(), 7, "{:?}", world.lines);
}

#[test]
fn a_file_with_unread_bytes_keeps_its_place() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 1;
    world.limits.turn_bytes_max = 1;
    let long = "long\n".repeat(100_000);
    world.disk.append("/log/a.log", &long);
    world.poll_once();
    assert!(world.last_report.has_more);
    world.disk.append("/log/b.log", "b\n");
    world.poll();
    assert_eq!(count_of(&world, "b"), 0);
    assert_eq!(world.status().files_over_limit, 1);
    world.poll();
    assert_eq!(count_of(&world, "b"), 1);
    assert_eq!(count_of(&world, "long"), 100_000);
}

#[test]
fn a_file_whose_name_is_gone_keeps_its_handle() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 1;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.hard_link("/log/a.log", "/elsewhere/writer");
    world.disk.remove("/log/a.log");
    world.disk.append("/log/b.log", "b\n");
    world.poll();
    world.disk.append("/elsewhere/writer", "two\n");
    world.disk.append("/log/c.log", "c\n");
    world.poll();
    world.poll();
    world.lines.sort();
    world.expect(&["b", "c", "one", "two"]);
}

#[test]
fn files_that_cannot_be_opened_take_no_place_from_others() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 2;
    world.disk.append("/log/real.log", "real\n");
    for file in 0..4 {
        let path = format!("/log/{file}.log");
        world.disk.append(&path, "planted\n");
        world
            .disk
            .set_open_error(&path, Some(std::io::ErrorKind::PermissionDenied));
    }
    for _ in 0..3 {
        world.poll();
    }
    world.expect(&["real"]);
    world.disk.set_open_error("/log/0.log", None);
    world.poll();
    world.poll();
    world.expect(&["real", "planted"]);
}

#[test]
fn empty_files_that_look_like_copies_take_no_place_from_others() {
    let mut world = World::following("/log/*");
    world.limits.files_max = 2;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/b.log", "b\n");
    for copy in 0..4 {
        world.disk.append(&format!("/log/a.log.{copy}"), "");
    }
    world.poll();
    world.poll();
    world.expect(&["one", "b"]);
}

#[test]
fn what_a_file_without_a_place_had_unread_is_told_as_lost_when_it_is_deleted() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 1;
    world.disk.append("/log/a.log", "one\ntorn");
    world.poll();
    world.disk.append("/log/b.log", "b\n");
    world.poll_after(31);
    world.poll();
    world.expect(&["one", "b"]);
    world.disk.remove("/log/a.log");
    world.poll();
    world.poll_after(31);
    assert_eq!(world.lost, [(LossCause::Removed, 4)]);
}

#[test]
fn what_a_file_wrote_while_it_waited_is_told_as_lost_when_it_is_deleted() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 1;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/b.log", "b\n");
    world.poll();
    world.disk.append("/log/a.log", "12345\n");
    world.disk.append("/log/b.log", "more\n");
    world.poll();
    assert_eq!(world.status().files_over_limit, 1);
    assert_eq!(world.status().lag_bytes, 6);
    world.disk.remove("/log/a.log");
    world.poll();
    world.poll_after(31);
    world.expect(&["one", "b", "more"]);
    assert_eq!(world.lost, [(LossCause::Removed, 6)]);
}

#[test]
fn a_copy_of_a_file_that_lost_its_place_is_not_read_as_a_new_one() {
    let mut world = World::following("/log/*");
    world.limits.files_max = 1;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/b.log", "b\n");
    world.poll();
    world.disk.copy("/log/a.log", "/log/a.log.1");
    world.poll();
    world.disk.truncate("/log/a.log", 0);
    world.disk.append("/log/a.log", "two\n");
    for _ in 0..4 {
        world.poll_after(40);
    }
    world.expect(&["one", "b", "two"]);
}

#[test]
fn files_that_are_there_are_not_forgotten_however_many_they_are() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 2;
    world.limits.remembered_max = 3;
    for file in 0..8 {
        world
            .disk
            .append(&format!("/log/{file}.log"), format!("{file}\n"));
    }
    for _ in 0..12 {
        world.poll_after(31);
    }
    world.crash();
    for _ in 0..12 {
        world.poll_after(31);
    }
    world.lines.sort();
    world.expect(&["0", "1", "2", "3", "4", "5", "6", "7"]);
    for file in 0..8 {
        world.disk.remove(&format!("/log/{file}.log"));
    }
    for _ in 0..3 {
        world.poll_after(31);
    }
    assert!(world.positions().len() <= 3);
}

#[test]
fn history_that_ends_within_a_line_stays_history_beyond_the_limit() {
    let mut world = World::following("/log/*.log");
    world.source.start_at = crate::source::StartAt::End;
    world.limits.files_max = 2;
    for file in 0..6 {
        world
            .disk
            .append(&format!("/log/{file}.log"), "history\ntorn");
    }
    world.poll();
    world.poll();
    assert!(world.status().files.len() <= 2);
    world.disk.append("/log/new.log", "new\n");
    world.poll_after(31);
    world.disk.append("/log/0.log", " is whole\n");
    world.poll();
    world.expect(&["new", "torn is whole"]);
}

#[test]
fn the_newest_of_very_many_files_is_read_at_once_before_and_after_a_restart() {
    let mut world = World::following("/log/cato_vpn_*");
    for file in 0..1_100 {
        world
            .disk
            .append(&format!("/log/cato_vpn_{file:04}.log"), "planted\n");
    }
    world.poll();
    assert_eq!(world.status().files_over_limit, 76);
    world.disk.append("/log/cato_vpn_first.log", "first\n");
    world.poll();
    assert_eq!(count_of(&world, "first"), 1);
    world.crash();
    world.disk.append("/log/cato_vpn_second.log", "second\n");
    world.poll();
    assert_eq!(count_of(&world, "second"), 1);
    for _ in 0..3 {
        world.poll_after(31);
    }
    assert_eq!(world.lines.len(), 1_102);
    assert_eq!(world.status().files_over_limit, 0);
}

#[test]
fn a_file_that_was_rewritten_to_its_old_length_meanwhile_keeps_its_place() {
    let mut world = crowded(3);
    world.crash();
    world.disk.truncate("/log/0.log", 0);
    world.disk.append("/log/0.log", "9\n");
    world.disk.append("/log/1.log", "more\n");
    world.disk.append("/log/2.log", "more\n");
    for _ in 0..3 {
        world.poll();
    }
    assert_eq!(count_of(&world, "9"), 1, "{:?}", world.lines);
    assert_eq!(count_of(&world, "more"), 2, "{:?}", world.lines);
}
