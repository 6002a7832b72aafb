//! What a log may hold besides plain lines.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use harness::log_file::{EVENT, LogFile};
use harness::scene::Scene;

use super::Play;

/// Replaces `path` by `path.gz`, as `gzip` does.
pub(super) fn pack(path: &Path) {
    let packed = format!("{}.gz", path.display());
    let mut out = GzEncoder::new(File::create(packed).unwrap(), Compression::default());
    io::copy(&mut File::open(path).unwrap(), &mut out).unwrap();
    out.finish().unwrap();
    fs::remove_file(path).unwrap();
}

#[test]
fn a_line_written_in_two_halves_is_one_line() {
    let mut play = Play::new();
    for _ in 0..30 {
        let text = play.log.lines(1);
        let (first, second) = text.split_at(text.len() / 2);
        let half = u64::try_from(first.len()).unwrap();
        play.log.raw(first.as_bytes()).unwrap();
        // The half is known of, and not counted.
        let lag = [("log", "agent")];
        let seen = |page: &harness::page::Page| page.count("ztna_log_lag_bytes", &lag) == half;
        play.agent
            .wait_for("the half line to be seen", seen)
            .unwrap();
        play.log.raw(second.as_bytes()).unwrap();
        play.read_up();
    }
    play.check_exact();
}

#[test]
fn the_last_line_of_a_rotated_file_counts_without_its_line_end() {
    let mut play = Play::new();
    play.append_and_read_up(50);
    for _ in 0..3 {
        play.log.append(30).unwrap();
        let text = play.log.lines(1);
        play.log.raw(text.trim_end().as_bytes()).unwrap();
        play.log.rotate(5).unwrap();
    }
    play.check_exact();
}

#[test]
fn a_line_that_is_no_utf_8_does_not_blind_the_reader() {
    check_between(
        b"dnsresolver.cpp:91:resolve():0x0 answer \xff\xfe\xc3\x28\n",
        "invalid_utf8",
    );
}

#[test]
fn a_run_of_nul_bytes_is_skipped() {
    let mut play = Play::new();
    play.append_and_read_up(100);
    play.log.raw(&[0; 5_000]).unwrap();
    play.append_and_read_up(50);
    let page = play.agent.page().unwrap();
    let lost = page.count("ztna_log_lost_bytes_total", &[("cause", "nul_run")]);
    assert_eq!(lost, 5_000);
    play.check_exact();
}

#[test]
fn a_line_of_three_megabytes_is_skipped_and_the_file_goes_on() {
    let mut line = vec![b'x'; 3_000_000];
    line.push(b'\n');
    check_between(&line, "oversize");
}

/// 100 lines, one odd line, 50 lines; the odd one has this outcome.
fn check_between(odd: &[u8], outcome: &str) {
    let mut play = Play::new();
    play.append_and_read_up(100);
    play.log.raw(odd).unwrap();
    play.append_and_read_up(50);
    let page = play.agent.page().unwrap();
    assert_eq!(
        page.count("ztna_log_lines_total", &[("outcome", outcome)]),
        1
    );
    play.check_exact();
}

#[test]
fn lines_that_end_in_cr_lf_are_lines() {
    let mut play = Play::new();
    let text = play.log.lines(50).replace('\n', "\r\n");
    play.log.raw(text.as_bytes()).unwrap();
    play.check_exact();
}

#[test]
fn a_log_in_utf_16_is_read_in_pieces() {
    let mut play = Play::following(&["a.log", "b.log"]);
    let mut wide = LogFile::open(play.scene.log("b.log")).unwrap();
    let mut start = vec![0xff, 0xfe];
    start.extend(little_endian(&play.log.lines(30)));
    wide.raw(&start).unwrap();
    play.read_up();
    let rest = little_endian(&play.log.lines(30));
    // The cut stands inside a character.
    let (first, second) = rest.split_at(101);
    wide.raw(first).unwrap();
    wide.raw(second).unwrap();
    play.check_exact();
}

fn little_endian(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_packed_file_that_is_there_at_the_start_is_read_once() {
    let scene = Scene::following(&["a.log*"]).unwrap();
    let mut log = LogFile::open(scene.log("a.log")).unwrap();
    log.append(100).unwrap();
    let rotated = log.rename("1").unwrap();
    log.reopen().unwrap();
    pack(&rotated);
    log.append(50).unwrap();
    let play = Play::on(scene, log);
    let page = play.agent.wait_for_events(EVENT, 150).unwrap();
    assert_eq!(page.events(EVENT), 150);
    play.check_exact();
}
