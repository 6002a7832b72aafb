//! The first look: what is read from its beginning, and what is history.

use model::log::GenerationCause;

use super::world::World;
use crate::error::TailError;
use crate::source::StartAt;
use crate::tailer::{Start, Tailer};

#[test]
fn a_pattern_may_match_nothing_yet() {
    let mut world = World::following("/log/*/a.log");
    world.poll();
    assert!(world.last_report.is_caught_up);
    world.disk.append("/log/new/a.log", "one\n");
    world.poll();
    world.expect(&["one"]);
}

#[test]
fn at_the_end_only_what_comes_later_is_read() {
    let mut world = World::following("/log/*.log");
    world.source.start_at = StartAt::End;
    world.disk.append("/log/a.log", "history\nbegun");
    world.poll();
    world.disk.append("/log/a.log", " before\nnew\n");
    world.disk.append("/log/b.log", "appeared later\n");
    world.poll();
    world.expect(&["begun before", "new", "appeared later"]);
}

#[test]
fn at_the_end_of_one_unfinished_long_line_its_rest_is_skipped() {
    let mut world = World::following("/log/a.log");
    world.source.start_at = StartAt::End;
    world.disk.append("/log/a.log", "x".repeat(300_000));
    world.poll();
    world.disk.append("/log/a.log", " rest\nnew\n");
    world.poll();
    world.expect(&["new"]);
}

#[test]
fn a_later_start_reads_unknown_files_from_their_beginning() {
    let mut world = World::following("/log/*.log");
    world.source.start_at = StartAt::End;
    world.disk.append("/log/a.log", "history\n");
    world.poll();
    world.crash();
    world.disk.append("/log/b.log", "appeared while down\n");
    world.poll();
    world.expect(&["appeared while down"]);
}

#[test]
fn a_backlog_is_read_oldest_first() {
    let mut world = World::following("/log/a.log*");
    for (path, line) in [
        ("/log/a.log.2", "one"),
        ("/log/a.log.1", "two"),
        ("/log/a.log", "three"),
    ] {
        world.disk.append(path, format!("{line}\n").repeat(100_000));
    }
    world.poll();
    assert_eq!(world.lines.len(), 300_000);
    assert!(
        world
            .lines
            .is_sorted_by_key(|line| ["one", "two", "three"].iter().position(|word| word == line))
    );
}

#[test]
fn it_is_caught_up_once_the_first_backlog_was_offered() {
    let mut world = World::following("/log/a.log");
    world
        .disk
        .append("/log/a.log", "a line\n".repeat(2_000_000));
    world.poll_once();
    assert!(!world.last_report.is_caught_up);
    assert!(world.last_report.has_more);
    world.poll();
    assert!(world.last_report.is_caught_up);
}

#[test]
fn a_bad_pattern_is_refused_by_name() {
    let mut world = World::following("/log/[a");
    let refused = Tailer::new(
        world.disk.clone(),
        vec![world.source.clone()],
        world.limits.clone(),
        Start::default(),
    );
    let Err(TailError::BadPattern { pattern, .. }) = refused else {
        panic!("it was taken");
    };
    assert_eq!(pattern, "/log/[a");
    world.source.patterns = vec![String::new()];
    let empty = Tailer::new(
        world.disk,
        vec![world.source],
        world.limits,
        Start::default(),
    );
    assert!(matches!(empty, Err(TailError::EmptyPattern)));
}

#[test]
fn the_files_first_bytes_are_shown_with_every_batch() {
    let mut world = World::following("/log/a.log");
    world
        .disk
        .append("/log/a.log", [0xff, 0xfe, b'a', 0, b'\n', 0]);
    world.poll();
    world.crash();
    world.disk.append("/log/a.log", [b'b', 0, b'\n', 0]);
    let mut starts = Vec::new();
    let now = crate::turn::Now {
        monotonic: std::time::Duration::from_secs(5_000),
        wall: std::time::SystemTime::UNIX_EPOCH,
    };
    world.tailer().poll(now, &mut |batch| {
        starts.push(batch.start.to_vec());
        crate::turn::Taken {
            consumed: batch.bytes.len(),
            mid_line: false,
            line_end: true,
        }
    });
    assert_eq!(
        starts,
        [vec![0xff, 0xfe, b'a', 0, b'\n', 0, b'b', 0, b'\n', 0]]
    );
    assert_eq!(world.generations, [GenerationCause::Discovered]);
}
