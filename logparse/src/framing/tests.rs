//! Laws of framing: cuts do not show, nothing is lost, nothing outgrows the bound.

use proptest::prelude::*;

use super::*;

/// What a stream holds, whatever its cutting: lines with their places, and the
/// bytes that were skipped.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    lines: Vec<(usize, Vec<u8>)>,
    oversize: usize,
    oversize_bytes: usize,
    nul_bytes: usize,
}

/// Frames `stream` as a reader that first has `cuts[0]` bytes, then so many more.
fn frame(stream: &[u8], encoding: Encoding, cuts: &[usize]) -> Seen {
    let mut seen = Seen::default();
    let (mut done, mut end, mut mid_line) = (0, 0, false);
    let ends = cuts.iter().map(|cut| Some(*cut)).chain([None]);
    for more in ends {
        end = more.map_or(stream.len(), |more| (end + more).min(stream.len()));
        let mut framer = Framer::new(&stream[done..end], encoding, mid_line, more.is_none());
        while let Some(frame) = framer.next() {
            match frame {
                Frame::Line { at, raw } => seen.lines.push((done + at, raw.to_vec())),
                Frame::OversizeBegins { bytes } => {
                    seen.oversize += 1;
                    seen.oversize_bytes += bytes;
                }
                Frame::OversizeGoesOn { bytes } => seen.oversize_bytes += bytes,
                Frame::Nuls { bytes } => seen.nul_bytes += bytes,
            }
        }
        done += framer.consumed();
        mid_line = framer.is_mid_line();
    }
    assert_eq!(done, stream.len(), "a final chunk leaves nothing");
    seen
}

fn lines(stream: &[u8], encoding: Encoding) -> Vec<Vec<u8>> {
    let seen = frame(stream, encoding, &[]);
    seen.lines.into_iter().map(|(_, raw)| raw).collect()
}

/// Pieces that make every rule meet every other.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(prop_oneof![Just(b'a'), Just(b'\r'), Just(0xff)], 0..6),
        3 => Just(b"\n".to_vec()),
        1 => (1_usize..40).prop_map(|count| vec![0; count]),
        2 => (NUL_RUN_MIN - 4..NUL_RUN_MIN + 4).prop_map(|count| vec![0; count]),
        1 => (LINE_BYTES_MAX - 3..LINE_BYTES_MAX + 20).prop_map(|count| vec![b'x'; count]),
    ]
}

fn widened(stream: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => stream.to_vec(),
        Encoding::Utf16Le => stream.iter().flat_map(|byte| [*byte, 0]).collect(),
        Encoding::Utf16Be => stream.iter().flat_map(|byte| [0, *byte]).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Where the kernel happens to cut the stream must not matter.
    #[test]
    fn cuts_do_not_show(
        pieces in prop::collection::vec(piece(), 0..8),
        cuts in prop::collection::vec(0_usize..70_000, 0..6),
        encoding in prop_oneof![
            Just(Encoding::Utf8), Just(Encoding::Utf16Le), Just(Encoding::Utf16Be)
        ],
    ) {
        let stream = widened(&pieces.concat(), encoding);
        let in_one = frame(&stream, encoding, &[]);
        prop_assert_eq!(&frame(&stream, encoding, &cuts), &in_one);
        prop_assert!(in_one.lines.iter().all(|(_, raw)| raw.len() <= LINE_BYTES_MAX));
    }

    /// Bytes are in a line, skipped and counted, or a line end.
    #[test]
    fn every_byte_is_accounted_for(pieces in prop::collection::vec(piece(), 0..8)) {
        let stream = pieces.concat();
        let seen = frame(&stream, Encoding::Utf8, &[]);
        let in_lines: usize = seen.lines.iter().map(|(_, raw)| raw.len()).sum();
        let line_ends = stream.iter().filter(|byte| **byte == b'\n').count();
        let sum = in_lines + seen.oversize_bytes + seen.nul_bytes + line_ends;
        prop_assert_eq!(sum, stream.len());
    }
}

#[test]
fn an_unfinished_line_is_left() {
    let mut framer = Framer::new(b"one\ntwo", Encoding::Utf8, false, false);
    assert_eq!(framer.next(), Some(Frame::Line { at: 0, raw: b"one" }));
    assert_eq!(framer.next(), None);
    assert_eq!((framer.consumed(), framer.is_mid_line()), (4, false));
}

#[test]
fn a_chunk_of_one_endless_line_is_consumed_and_skipped() {
    let chunk = vec![b'x'; LINE_BYTES_MAX + 1];
    let mut framer = Framer::new(&chunk, Encoding::Utf8, false, false);
    let bytes = chunk.len();
    assert_eq!(framer.next(), Some(Frame::OversizeBegins { bytes }));
    assert_eq!((framer.consumed(), framer.is_mid_line()), (bytes, true));
    let mut rest = Framer::new(b"xx\ny\n", Encoding::Utf8, true, false);
    assert_eq!(rest.next(), Some(Frame::OversizeGoesOn { bytes: 2 }));
    assert_eq!(rest.next(), Some(Frame::Line { at: 3, raw: b"y" }));
}

#[test]
fn a_line_of_the_greatest_length_is_kept() {
    let stream = [vec![b'x'; LINE_BYTES_MAX], b"\n".to_vec()].concat();
    assert_eq!(lines(&stream, Encoding::Utf8), [vec![b'x'; LINE_BYTES_MAX]]);
    let unfinished = &stream[..LINE_BYTES_MAX];
    assert_eq!(
        Framer::new(unfinished, Encoding::Utf8, false, false).next(),
        None
    );
    let longer = [b"x".to_vec(), stream].concat();
    let seen = frame(&longer, Encoding::Utf8, &[]);
    assert_eq!(
        (seen.oversize, seen.oversize_bytes),
        (1, LINE_BYTES_MAX + 1)
    );
    assert!(seen.lines.is_empty());
}

#[test]
fn a_torn_line_a_hole_and_the_next_line_are_two_lines() {
    let hole = vec![0; 3 * LINE_BYTES_MAX];
    let stream = [b"torn".to_vec(), hole, b"next\n".to_vec()].concat();
    assert_eq!(lines(&stream, Encoding::Utf8), [&b"torn"[..], b"next"]);
    let seen = frame(&stream, Encoding::Utf8, &[]);
    assert_eq!((seen.nul_bytes, seen.oversize), (3 * LINE_BYTES_MAX, 0));
}

#[test]
fn nuls_at_the_front_are_skipped_and_few_inside_are_text() {
    assert_eq!(
        lines(b"\0\0one\0two\n\0\n", Encoding::Utf8),
        [&b"one\0two"[..], b""]
    );
}

#[test]
fn fewer_nuls_than_a_sector_inside_a_line_are_text() {
    for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
        for (count, expected) in [(16, 1), (NUL_RUN_MIN - 1, 1), (NUL_RUN_MIN, 2)] {
            let nuls = widened(&vec![0; count], encoding);
            let stream = [widened(b"a", encoding), nuls, widened(b"b\n", encoding)].concat();
            let seen = frame(&stream, encoding, &[]);
            assert_eq!(seen.lines.len(), expected, "{encoding:?} {count}");
            assert_eq!(seen.nul_bytes != 0, expected == 2);
        }
    }
}

#[test]
fn a_line_end_in_utf16_stands_at_an_even_place() {
    // U+0A00 and U+6100: the bytes of a line end, at an odd place.
    let stream = [0x00, 0x0a, 0x00, 0x61, b'\n', 0, b'a', 0];
    let expected = [vec![0x00, 0x0a, 0x00, 0x61], vec![b'a', 0]];
    assert_eq!(lines(&stream, Encoding::Utf16Le), expected);
    let mut framer = Framer::new(b"a\0\n", Encoding::Utf16Le, false, false);
    assert_eq!(framer.next(), None, "half a line end is none");
}
