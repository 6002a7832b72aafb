//! Laws that hold for every stream: cuts do not show, sums are right, nothing panics.

use logparse::framing::Encoding;
use proptest::prelude::*;

use crate::harness::{CATALOGUE, Told, scan};

/// Lines and fragments that make every rule meet every other.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let lines = [
        "2021/07/27 20:00:43 UTC Publisher registered successfully.",
        "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 error:00000005:lib(0):func(0):DH lib",
        "neconfig.cpp:121:setClientId():0x0 changed wording",
        "policy.cpp:410:evaluate():0x1 user u@example.com",
        "Publisher auto-update failed",
    ];
    prop_oneof![
        4 => prop::sample::select(lines.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        4 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        1 => Just("é\u{1f600}".as_bytes().to_vec()),
        1 => (1_usize..40).prop_map(|count| vec![0; count]),
        1 => (508_usize..516).prop_map(|count| vec![0; count]),
        1 => (65_000_usize..140_000).prop_map(|count| vec![b'x'; count]),
    ]
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![
        Just(Encoding::Utf8),
        Just(Encoding::Utf16Le),
        Just(Encoding::Utf16Be)
    ]
}

fn assert_sums(told: &Told) {
    let tally = &told.tally;
    let outcomes = tally.recognised + tally.ignored + tally.oversize + tally.invalid_utf8;
    assert_eq!(tally.lines, outcomes);
    assert_eq!(tally.recognised, u64::try_from(told.events.len()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Where the kernel happens to cut the stream must not matter. Small chunks take
    /// the careful road and large ones the fast one, so this holds both together.
    #[test]
    fn cuts_do_not_show(
        stream in pieces(),
        cuts in prop::collection::vec(0_usize..150_000, 0..6),
        small in prop::collection::vec(1_usize..90, 0..40),
        encoding in encoding(),
    ) {
        let in_one = scan(&stream, encoding, &[]);
        assert_sums(&in_one);
        prop_assert_eq!(&scan(&stream, encoding, &cuts), &in_one);
        prop_assert_eq!(&scan(&stream, encoding, &small), &in_one);
    }

    /// UTF-16 is read as UTF-8 is, line by line.
    #[test]
    fn encodings_agree(stream in pieces()) {
        let text = String::from_utf8_lossy(&stream).into_owned();
        prop_assume!(text.lines().all(|line| line.len() < 30_000));
        let plain = scan(text.as_bytes(), Encoding::Utf8, &[]);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let told = scan(&wide, Encoding::Utf16Be, &[]);
        prop_assert_eq!(told.names(), plain.names());
        prop_assert_eq!(told.lines, plain.lines);
        prop_assert_eq!(told.tally.lines, plain.tally.lines);
    }

    /// A line is explained as it is scanned.
    #[test]
    fn explain_says_what_scan_does(stream in prop::collection::vec(piece(), 0..3)) {
        let mut line = stream.concat();
        line.retain(|byte| !b"\n\r\0".contains(byte));
        prop_assume!(line.len() < 60_000);
        let told = scan(&line, Encoding::Utf8, &[]);
        let explained = CATALOGUE.explain(&line, &jiff::tz::TimeZone::UTC).verdict;
        let is_event = matches!(explained, logparse::explain::Verdict::Recognised { .. });
        prop_assert_eq!(is_event, told.events.len() == 1);
    }
}

#[test]
fn invalid_text_is_counted_unless_a_row_wants_it() {
    let bad =
        b"\xff\xfe one\nSet \xc3\x28\nneconfig.cpp:1:setClientId():0x0 Set clientId \xff\ngood\n";
    let told = scan(bad, Encoding::Utf8, &[]);
    let tally = &told.tally;
    assert_eq!((tally.lines, tally.invalid_utf8), (4, 2));
    assert_eq!((tally.recognised, tally.ignored), (1, 1));
    // A lone surrogate, and a file that ends within a unit.
    let wide = scan(b"\x00\xd8a\0\n\0b", Encoding::Utf16Le, &[]);
    assert_eq!((wide.tally.lines, wide.tally.invalid_utf8), (2, 2));
}

#[test]
fn offsets_are_raw_bytes_from_the_files_start() {
    let text = "noise\nNPACONNECTED\r\n\nNPACONNECTED";
    let told = scan(text.as_bytes(), Encoding::Utf8, &[]);
    assert_eq!(
        told.events.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [6, 21]
    );
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let told_wide = scan(&wide, Encoding::Utf16Le, &[]);
    assert_eq!(
        told_wide
            .events
            .iter()
            .map(|(at, _)| *at)
            .collect::<Vec<_>>(),
        [12, 42]
    );
}

#[test]
fn a_line_after_a_hole_is_an_event() {
    let stream = [&[0; 300_000][..], b"NPACONNECTED\n"].concat();
    let told = scan(&stream, Encoding::Utf8, &[100_000, 100_000]);
    assert_eq!(told.events, [(300_000, "tunnel.connected".to_owned())]);
    assert_eq!((told.tally.nul_bytes, told.tally.lines), (300_000, 1));
}
