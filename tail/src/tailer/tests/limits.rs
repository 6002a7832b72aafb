//! Everything is bounded, and a bound costs order or time and never lines.

use super::world::World;

#[test]
fn few_handles_are_enough_for_many_files() {
    let mut world = World::following("/log/*.log");
    world.limits.open_files_max = 3;
    for round in 0..4 {
        for file in 0..20 {
            let line = format!("{file} in {round}\n");
            world.disk.append(&format!("/log/{file}.log"), line);
        }
        world.poll();
        assert!(world.disk.open_count() <= 3);
    }
    assert_eq!(world.lines.len(), 80);
}

#[test]
fn a_closed_file_that_is_rotated_is_found_and_drained() {
    let mut world = World::following("/log/a.log");
    world.limits.open_files_max = 0;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "two\n");
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "three\n");
    world.poll();
    world.expect(&["one", "two", "three"]);
}

#[test]
fn a_closed_file_with_an_unfinished_line_does_not_hold_up_its_successor() {
    let mut world = World::following("/log/a.log*");
    world.limits.open_files_max = 0;
    world.disk.append("/log/a.log", "one\nhalf");
    world.poll();
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn a_handle_that_is_the_only_way_to_bytes_is_never_closed_for_the_limit() {
    let mut world = World::following("/log/*.log");
    world.limits.open_files_max = 1;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.append("/log/a.log", "rest");
    world.disk.remove("/log/a.log");
    world.disk.append("/log/b.log", "b\n");
    world.disk.append("/log/c.log", "c\n");
    world.poll();
    world.poll_after(11);
    assert!(
        world.lines.contains(&"rest".to_owned()),
        "{:?}",
        world.lines
    );
}

#[test]
fn a_hot_file_does_not_starve_the_others() {
    let mut world = World::following("/log/*.log");
    world.disk.append("/log/a.log", "hot\n");
    world.disk.append("/log/b.log", "slow\n");
    world.poll();
    world.disk.append("/log/a.log", "hot\n".repeat(8_000_000));
    world.disk.append("/log/b.log", "slow\n");
    world.poll_once();
    assert!(world.last_report.has_more);
    assert_eq!(world.lines.iter().filter(|line| *line == "slow").count(), 2);
}

#[test]
fn a_turn_is_bounded_and_the_lag_is_told() {
    let mut world = World::following("/log/a.log");
    let bytes = 10 * 1024 * 1024;
    world
        .disk
        .append("/log/a.log", "0123456789abcde\n".repeat(bytes / 16));
    world.poll_once();
    let read = usize::try_from(world.last_report.bytes_read).unwrap();
    assert!(
        read <= usize::try_from(world.limits.turn_bytes_max).unwrap()
            + world.limits.batch_bytes_max
    );
    assert_eq!(
        world.status().lag_bytes,
        u64::try_from(bytes - read).unwrap()
    );
}

#[test]
fn files_over_the_limit_wait_and_are_counted() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 2;
    for file in 0..5 {
        world
            .disk
            .append(&format!("/log/{file}.log"), format!("{file}\n"));
    }
    world.poll();
    // The ones written last are the ones that live.
    assert_eq!(world.lines.len(), 2);
    assert!(world.lines.contains(&"4".to_owned()));
    assert_eq!(world.status().files_over_limit, 3);
    world.disk.remove("/log/4.log");
    world.poll();
    world.poll_after(11);
    world.poll();
    assert_eq!(world.lines.len(), 3);
    assert_eq!(world.status().files_over_limit, 2);
}

#[test]
fn drained_rotated_files_make_room_for_the_live_one() {
    let mut world = World::following("/log/a.log*");
    world.limits.files_max = 2;
    let mut expected = Vec::new();
    for round in 0..5 {
        let line = format!("{round}");
        world.disk.append("/log/a.log", format!("{line}\n"));
        expected.push(line);
        world.poll();
        assert_eq!(world.lines, expected);
        assert_eq!(world.status().files_over_limit, 0);
        assert!(world.status().files.len() <= 2);
        for number in (0..round).rev() {
            let from = format!("/log/a.log.{number}");
            world
                .disk
                .rename(&from, &format!("/log/a.log.{}", number + 1));
        }
        world.disk.rename("/log/a.log", "/log/a.log.0");
    }
    // What is parked is remembered: not read again, and followed once it grows.
    world.crash();
    world.poll();
    world.disk.append("/log/a.log.4", "late\n");
    world.poll();
    expected.push("late".to_owned());
    assert_eq!(world.lines, expected);
}

#[test]
fn several_rotations_within_one_look_pass_the_limit_one_after_the_other() {
    let mut world = World::following("/log/a.log*");
    world.limits.files_max = 2;
    world.disk.append("/log/a.log", "0\n");
    world.poll();
    for round in 1..5 {
        world
            .disk
            .rename("/log/a.log", &format!("/log/a.log.{round}"));
        world.disk.append("/log/a.log", format!("{round}\n"));
    }
    for _ in 0..6 {
        world.poll();
    }
    world.lines.sort();
    world.expect(&["0", "1", "2", "3", "4"]);
    assert_eq!(world.status().files_over_limit, 0);
}

#[test]
fn a_file_that_is_packed_while_places_are_short_is_not_read_again() {
    let mut world = World::following("/log/a.log*");
    world.limits.files_max = 2;
    world.disk.append("/log/a.log.1", "one\ntwo\nhalf");
    world.poll();
    let packed = super::compressed::packed(b"one\ntwo\nhalf");
    world.disk.append("/log/a.log.1.gz", packed);
    world.disk.remove("/log/a.log.1");
    world.disk.append("/log/a.log", "three\n");
    for _ in 0..4 {
        world.poll_after(31);
    }
    world.expect(&["one", "two", "half", "three"]);
}

#[test]
fn files_with_the_date_in_their_names_do_not_use_up_the_limit() {
    let mut world = World::following("/log/*.log");
    world.limits.files_max = 2;
    for day in 1..6 {
        world
            .disk
            .append(&format!("/log/2026-01-0{day}.log"), format!("{day}\n"));
        world.poll_after(24 * 60 * 60);
    }
    world.expect(&["1", "2", "3", "4", "5"]);
}

#[test]
fn renamed_files_that_only_wait_for_their_grace_take_no_room() {
    let mut world = World::following("/log/a.log");
    world.limits.files_max = 1;
    for round in 0..3 {
        world.disk.append("/log/a.log", format!("{round}\n"));
        world.poll();
        let rotated = format!("/log/a.log.{round}");
        world.disk.rename("/log/a.log", &rotated);
    }
    // The old writer has not noticed yet.
    world.disk.append("/log/a.log.1", "late\n");
    world.poll();
    world.expect(&["0", "1", "2", "late"]);
}

#[test]
fn a_parked_file_that_grows_and_leaves_the_pattern_is_read_to_its_end() {
    let mut world = World::following("/log/a.log*");
    world.source.patterns = vec!["/log/a.log".to_owned(), "/log/a.log.1".to_owned()];
    world.limits.files_max = 1;
    world.disk.append("/log/a.log", "one\n");
    world.poll();
    world.disk.rename("/log/a.log", "/log/a.log.1");
    world.disk.append("/log/a.log", "two\n");
    world.poll();
    world.poll();
    world.disk.append("/log/a.log.1", "late\n");
    world.disk.rename("/log/a.log.1", "/log/a.log.2");
    world.poll();
    world.expect(&["one", "two", "late"]);
}

#[test]
fn history_beyond_the_limit_stays_history() {
    let mut world = World::following("/log/a.log*");
    world.source.start_at = crate::source::StartAt::End;
    world.limits.files_max = 2;
    for name in ["a.log.4", "a.log.3", "a.log.2", "a.log.1", "a.log"] {
        world.disk.append(&format!("/log/{name}"), "history\n");
    }
    world.poll();
    assert_eq!(world.disk.open_count(), 2);
    for _ in 0..4 {
        world.poll_after(60);
    }
    world.disk.append("/log/a.log", "new\n");
    world.poll();
    world.expect(&["new"]);
}

#[test]
fn a_directory_with_too_many_entries_is_named_and_its_files_are_not_gone() {
    let mut world = World::following("/log/*");
    world.limits.open_files_max = 0;
    world.disk.append("/log/m", "one\n");
    world.poll();
    world.limits.entries_max = 2;
    world.crash();
    for name in ["a", "b"] {
        world.disk.append(&format!("/log/{name}"), "");
    }
    world.disk.append("/log/m", "two\n");
    world.poll();
    let unreadable = world.status().unreadable;
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].path, "/log");
    assert_eq!(
        unreadable[0].error,
        "more than 2 entries, not all are looked at"
    );
    assert!(!unreadable[0].is_refused);
    for _ in 0..4 {
        world.poll_after(60);
    }
    world.disk.append("/log/m", "three\n");
    world.poll();
    world.disk.remove("/log/a");
    world.poll();
    world.expect(&["one", "two", "three"]);
    assert_eq!(world.status().unreadable, []);
    assert_eq!(world.lost_bytes(), 0);
}

#[test]
fn a_renamed_file_that_may_be_among_too_many_entries_is_not_given_up() {
    let mut world = World::following("/log/z.log");
    world.limits.open_files_max = 0;
    world.limits.entries_max = 2;
    world.disk.append("/log/z.log", "one\n");
    world.poll();
    world.disk.append("/log/z.log", "two\n");
    world.disk.append("/log/a", "");
    world.disk.append("/log/b", "");
    world.disk.rename("/log/z.log", "/log/z.log.1");
    for _ in 0..4 {
        world.poll_after(60);
    }
    assert_eq!(world.status().unreadable[0].path, "/log");
    assert_eq!(world.lost_bytes(), 0);
    world.disk.remove("/log/a");
    world.poll();
    world.expect(&["one", "two"]);
}

#[test]
fn owners_of_names_are_forgotten_with_their_files() {
    let mut world = World::following("/log/*");
    for file in 0..50 {
        let path = format!("/log/{file}");
        world.disk.append(&path, "line\n");
        world.poll();
        world.disk.remove(&path);
        world.poll_after(11);
        world.poll_after(11);
    }
    world.poll();
    assert_eq!(world.tailer().sources[0].owners.len(), 0);
}

#[test]
fn a_caller_that_takes_nothing_of_a_full_batch_cannot_stop_the_file() {
    let mut world = World::following("/log/a.log");
    world.disk.append("/log/a.log", "x".repeat(3 * 1024 * 1024));
    let mut offsets = Vec::new();
    let now = crate::turn::Now {
        monotonic: std::time::Duration::from_secs(5_000),
        wall: std::time::SystemTime::UNIX_EPOCH,
    };
    let report = world.tailer().poll(now, &mut |batch| {
        offsets.push(batch.offset);
        crate::turn::Taken {
            consumed: 0,
            mid_line: false,
            line_end: false,
        }
    });
    assert_eq!(offsets.len(), 12);
    assert!(!report.has_more);
}
