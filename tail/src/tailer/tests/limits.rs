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
