//! Laws that hold for every stream: cuts do not show, sums are right, nothing panics.

use logparse::explain::Verdict;
use logparse::framing::Encoding;
use proptest::prelude::*;

use crate::harness::{CATALOGUE, CATO_CLIENT, NETSKOPE_CLIENT, Told, scan, scan_with};

/// Lines and fragments of a Publisher that make every rule meet every other.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    piece_of(&[
        "2021/07/27 20:00:43 UTC Publisher registered successfully.",
        "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 error:00000005:lib(0):func(0):DH lib",
        "neconfig.cpp:121:setClientId():0x0 changed wording",
        "policy.cpp:410:evaluate():0x1 user u@example.com",
        "Publisher auto-update failed",
    ])
}

/// The same of a client, with the rest of records that have several lines.
fn client_piece() -> impl Strategy<Value = Vec<u8>> {
    piece_of(&[
        "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:1074 nsTunnel DTLS \
         [sessId 1] Tunneling flow from addr: 10.0.2.140:60894, process: a to host: b",
        "2024/04/30 16:34:24.470 stAgentSvc p6ff8 ta9d4 info tunnel.cpp:292 nsTunnel DTLS \
         disconnecting nsTunnel, context = NSTUNNEL_DISCONNECTED_BYUSER",
        "2024/04/30 16:34:24.470 stAgentSvc p6ff8 ta9d4 info tunnel.cpp:292 nsTunnel new text",
        "2024/04/30 16:34:24.4",
        "[host:2024-05-01 07:50:34.981002 +02:00] [info] SRP live status is 1",
        "failed to start filter device",
        "  \"hostname\": \"Tunneling flow from addr: \",",
        "20/01/26 16:30:14.825 [I] [VPNProc] [1474:33FC] [f : 1] [:] [:] [:] text",
        "{\"log\":\"Tunneling flow from addr: 1\",\"stream\":\"stdout\",\"time\":\"x\"}",
        "{\"log\":\"Tunneling flow from addr: 2\\n\",\"stream\":\"stdout\",\"time\":\"x\"}",
    ])
}

fn piece_of(lines: &[&'static str]) -> impl Strategy<Value = Vec<u8>> + use<> {
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
    let unread = tally.oversize + tally.invalid_utf8 + tally.continuation;
    assert_eq!(tally.lines, tally.recognised + tally.ignored + unread);
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

    /// The same for clients, whose lines that begin no record are counted, too.
    #[test]
    fn cuts_do_not_show_in_clients_logs(
        pieces in prop::collection::vec(client_piece(), 0..14),
        cuts in prop::collection::vec(0_usize..150_000, 0..6),
        small in prop::collection::vec(1_usize..90, 0..40),
        encoding in encoding(),
    ) {
        let stream = pieces.concat();
        for catalogue in [&*NETSKOPE_CLIENT, &*CATO_CLIENT] {
            let in_one = scan_with(catalogue, &stream, encoding, &[]);
            assert_sums(&in_one);
            prop_assert_eq!(&scan_with(catalogue, &stream, encoding, &cuts), &in_one);
            prop_assert_eq!(&scan_with(catalogue, &stream, encoding, &small), &in_one);
        }
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
        let is_event = matches!(explained, Verdict::Recognised { .. });
        prop_assert_eq!(is_event, told.events.len() == 1);
    }

    /// The same for clients, and a line that begins no record is told as one.
    #[test]
    fn explain_says_what_scan_does_for_clients(
        pieces in prop::collection::vec(client_piece(), 1..3),
    ) {
        let mut line = pieces.concat();
        line.retain(|byte| !b"\n\r\0".contains(byte));
        prop_assume!(line.len() < 60_000 && std::str::from_utf8(&line).is_ok());
        // An empty stream has no line.
        prop_assume!(!line.is_empty());
        for catalogue in [&*NETSKOPE_CLIENT, &*CATO_CLIENT] {
            let tally = scan_with(catalogue, &line, Encoding::Utf8, &[]).tally;
            let outcome = (tally.recognised, tally.ignored, tally.continuation);
            match catalogue.explain(&line, &jiff::tz::TimeZone::UTC).verdict {
                Verdict::Recognised { .. } => prop_assert_eq!(outcome, (1, 0, 0)),
                Verdict::NoRow => prop_assert_eq!(outcome, (0, 1, 0)),
                Verdict::Continuation => prop_assert_eq!(outcome, (0, 0, 1)),
                // A text that is known may stand without its prefix.
                Verdict::Known { .. } => prop_assert_eq!(tally.recognised, 0),
                other => prop_assert!(false, "{:?}", other),
            }
        }
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
