//! What happens to a log while the agent runs: rotations, cuts, deletions.

use std::fs;
use std::os::unix::fs::symlink;

use harness::log_file::LogFile;
use harness::scene::Scene;

use super::Play;

#[test]
fn a_rotation_with_a_prompt_reopen_loses_nothing() {
    let mut play = Play::new();
    for _ in 0..3 {
        play.append_and_read_up(140);
        play.log.append(10).unwrap();
        play.log.rotate(5).unwrap();
    }
    play.check_exact();
}

#[test]
fn a_writer_that_keeps_the_renamed_file_is_followed() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    play.log.rename("1").unwrap();
    play.append_and_read_up(90);
    // Somebody else begins the new file while the old one is still written to.
    let mut fresh = LogFile::open(play.log.path()).unwrap();
    fresh.add_written(play.log.written());
    fresh.append(90).unwrap();
    play.log.append(90).unwrap();
    play.log.add_written(90);
    play.check_exact();
}

#[test]
fn three_rotations_at_once_do_not_lose_the_middle_files() {
    let mut play = Play::new();
    play.append_and_read_up(50);
    rotate_three_times(&mut play);
    play.check_exact();
}

#[test]
fn rotated_files_inside_the_glob_are_not_counted_twice() {
    let mut play = Play::following(&["a.log*"]);
    play.append_and_read_up(50);
    rotate_three_times(&mut play);
    play.check_exact();
}

fn rotate_three_times(play: &mut Play) {
    for _ in 0..3 {
        play.log.append(30).unwrap();
        play.log.rotate(5).unwrap();
        play.log.append(30).unwrap();
    }
}

#[test]
fn copytruncate_of_a_log_that_was_read_loses_nothing() {
    let mut play = Play::new();
    play.append_and_read_up(540);
    play.log.copy_and_truncate("1").unwrap();
    play.append_and_read_up(400);
    play.check_exact();
}

#[test]
fn copytruncate_of_a_log_that_was_not_read_up_is_caught_up_from_the_copy() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    play.log.append(5_000).unwrap();
    play.log.copy_and_truncate("1").unwrap();
    play.log.append(40).unwrap();
    play.check_exact();
}

#[test]
fn a_log_cut_and_grown_past_its_old_size_is_read_from_its_new_beginning() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    play.log.truncate().unwrap();
    play.log.append(220).unwrap();
    play.check_exact();
}

#[test]
fn a_new_file_is_read_from_its_beginning() {
    let mut play = Play::following(&["*.log"]);
    play.append_and_read_up(70);
    let more = play.log.lines(100);
    fs::write(play.scene.log("b.log"), more).unwrap();
    play.check_exact();
}

#[test]
fn files_with_the_same_beginning_are_different_files() {
    let mut play = Play::following(&["*.log"]);
    let banner = format!("banner {}\n", "=".repeat(1_200));
    for name in ["b.log", "c.log", "d.log", "e.log"] {
        let lines = play.log.lines(60);
        fs::write(play.scene.log(name), format!("{banner}{lines}")).unwrap();
    }
    play.check_exact();
}

#[test]
fn a_deleted_log_is_followed_into_its_successor() {
    let mut play = Play::new();
    for _ in 0..4 {
        play.append_and_read_up(100);
        fs::remove_file(play.log.path()).unwrap();
        play.log.reopen().unwrap();
    }
    play.check_exact();
}

#[test]
fn a_log_renamed_and_packed_is_not_read_again() {
    let mut play = Play::following(&["a.log*"]);
    play.append_and_read_up(140);
    let rotated = play.log.rename("1").unwrap();
    play.log.reopen().unwrap();
    super::content::pack(&rotated);
    play.append_and_read_up(40);
    play.check_exact();
}

#[test]
fn a_symlink_that_is_swapped_leads_to_the_new_file_and_leaves_the_old_one_read() {
    let scene = Scene::following(&["current.log"]).unwrap();
    let log = LogFile::open(scene.log("first.txt")).unwrap();
    symlink(log.path(), scene.log("current.log")).unwrap();
    let mut play = Play::on(scene, log);
    play.append_and_read_up(100);
    // Not read yet when the link moves on.
    play.log.append(30).unwrap();
    let mut second = LogFile::open(play.scene.log("second.txt")).unwrap();
    second.add_written(play.log.written());
    symlink(second.path(), play.scene.log("draft")).unwrap();
    fs::rename(play.scene.log("draft"), play.scene.log("current.log")).unwrap();
    second.append(100).unwrap();
    play.log = second;
    play.check_exact();
}
