//! What happens to a log while the agent is down.

use super::{Play, stop_gently, stop_hard};

#[test]
fn lines_written_while_the_agent_was_stopped_are_counted() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    let mut play = play.restarted(stop_gently, |log| log.append(100).unwrap());
    play.append_and_read_up(100);
    play.check_exact();
}

#[test]
fn lines_written_after_the_agent_was_killed_are_counted() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    // Some of these may be read and not committed when the agent dies.
    play.log.append(50).unwrap();
    let mut play = play.restarted(stop_hard, |log| log.append(50).unwrap());
    play.append_and_read_up(100);
    play.check_exact();
}

#[test]
fn a_log_rotated_while_the_agent_was_down_is_read_to_its_end() {
    let mut play = Play::following(&["a.log*"]);
    play.append_and_read_up(100);
    play.restarted(stop_gently, rotate_between_lines)
        .check_exact();
}

#[test]
fn a_log_rotated_out_of_the_glob_while_the_agent_was_down_is_read_to_its_end() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    play.restarted(stop_gently, rotate_between_lines)
        .check_exact();
}

fn rotate_between_lines(log: &mut harness::log_file::LogFile) {
    log.append(100).unwrap();
    log.rotate(5).unwrap();
    log.append(100).unwrap();
}

#[test]
fn a_log_cut_and_grown_while_the_agent_was_down_is_read_from_its_new_beginning() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    let cut_and_grow = |log: &mut harness::log_file::LogFile| {
        log.truncate().unwrap();
        log.append(200).unwrap();
    };
    play.restarted(stop_gently, cut_and_grow).check_exact();
}
