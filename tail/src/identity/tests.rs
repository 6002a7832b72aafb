//! The table of verdicts, and the spacing of markers.

use model::position::{FileIdentity, MARKERS_MAX, Marker, Packing, Position};

use super::{Evidence, Verdict, add_markers, head_of, is_head_equal, judge, new_position};

fn position(offset: u64, head_bytes: u32) -> Position {
    let identity = FileIdentity {
        device: 1,
        inode: 2,
        birth_ns: None,
    };
    let mut position = new_position(identity, Packing::Plain, "a.log".to_owned());
    position.offset = offset;
    position.head.bytes = head_bytes;
    position
}

fn check(size: u64, head: Option<bool>, markers: &[Option<bool>], expected: Verdict) {
    let evidence = Evidence {
        is_head_equal: head,
        are_markers_equal: markers.to_vec(),
    };
    let verdict = judge(&position(5_000, 1_024), size, &evidence);
    assert_eq!(verdict, expected, "{size} {evidence:?}");
}

#[test]
fn every_observation_has_its_verdict() {
    let (yes, no) = (Some(true), Some(false));
    check(5_000, yes, &[yes], Verdict::Same);
    check(9_000, yes, &[yes], Verdict::Same);
    check(5_000, yes, &[no], Verdict::Rewritten);
    check(5_000, no, &[yes], Verdict::Rewritten);
    check(5_000, yes, &[], Verdict::Same);
    check(4_000, yes, &[None, yes], Verdict::TailLost);
    check(4_000, yes, &[None, no], Verdict::Truncated);
    check(4_000, yes, &[None, yes, no], Verdict::Truncated);
    check(4_000, yes, &[None], Verdict::Truncated);
    check(4_000, no, &[None, yes], Verdict::Truncated);
    check(500, None, &[None, yes], Verdict::Truncated);
    check(0, None, &[None, None], Verdict::Truncated);
}

#[test]
fn a_file_of_which_nothing_was_used_is_told_by_its_head() {
    let unread = position(0, 100);
    let judged = |head, size| {
        let evidence = Evidence {
            is_head_equal: head,
            are_markers_equal: Vec::new(),
        };
        judge(&unread, size, &evidence)
    };
    assert_eq!(judged(Some(true), 100), Verdict::Same);
    assert_eq!(judged(Some(false), 100), Verdict::Rewritten);
    assert_eq!(judged(None, 99), Verdict::Truncated);
}

#[test]
fn a_head_is_compared_by_its_own_length() {
    let short = head_of(b"begin");
    assert!(is_head_equal(short, b"begin and go on"));
    assert!(!is_head_equal(short, b"begi"));
    assert!(!is_head_equal(short, b"other bytes"));
    assert!(!is_head_equal(head_of(b""), b"anything"));
}

#[test]
fn markers_thin_out_with_their_distance_and_never_run_out() {
    let mut markers: Vec<Marker> = Vec::new();
    let line = b"a line of some length, as it were\n".repeat(4);
    let step = u64::try_from(line.len()).unwrap();
    for round in 0..5_000 {
        add_markers(&mut markers, round * step, &line, 0);
        assert!(markers.len() <= MARKERS_MAX);
        assert_eq!(markers[0].offset, (round + 1) * step);
        assert!(markers.is_sorted_by(|newer, older| newer.offset > older.offset));
    }
    let end = markers[0].offset;
    let furthest = end - markers.last().unwrap().offset;
    assert!(
        end / 16 < furthest,
        "the furthest marker is {furthest} bytes back"
    );
}
