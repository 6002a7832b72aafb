//! A record that a container runtime wrote in parts is one record.
//!
//! Who writes a long URL decides where its parts begin. No part but the first may be
//! an event, wherever the reader's chunks end.

use std::sync::Arc;

use jiff::tz::TimeZone;
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{CHUNK_BYTES_MIN, Chunk, Scanner};
use model::log::LINE_BYTES_MAX;
use proptest::prelude::*;

use crate::harness::{CATALOGUE, Told, scan};

const EVENT: &str =
    "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": \"NPACONNECTED\"}";
const MISS: &str = "eventlog.cpp:115:logPublisherTunnelEvent():0x0 said";
const TEXT: &str = "policy.cpp:1:x():0x0 url=AAAA";

/// Whose form a line has.
#[derive(Debug, Clone, Copy)]
enum Runtime {
    Docker,
    /// Docker's, with spaces and keys in another order.
    DockerLoose,
    Cri,
}

const RUNTIMES: [Runtime; 3] = [Runtime::Docker, Runtime::DockerLoose, Runtime::Cri];

/// A part of a record, as the runtime writes it. The last ends the record.
fn part(runtime: Runtime, stream: &str, text: &str, is_last: bool) -> String {
    let time = "2024-05-02T02:10:00.1Z";
    let log = serde_json::Value::from(if is_last {
        format!("{text}\n")
    } else {
        text.to_owned()
    });
    let flag = if is_last { "F" } else { "P" };
    match runtime {
        Runtime::Docker => {
            format!("{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"{time}\"}}\n")
        }
        Runtime::DockerLoose => {
            format!("{{\"stream\": \"{stream}\", \"log\": {log}, \"time\": \"{time}\"}}\n")
        }
        Runtime::Cri => format!("{time} {stream} {flag} {text}\n"),
    }
}

/// Scans in all ways to cut once, which must agree, and returns what was told.
fn told(stream: &str) -> Told {
    let bytes = stream.as_bytes();
    let in_one = scan(bytes, Encoding::Utf8, &[]);
    let line_ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    for (place, _) in line_ends {
        for cut in [place, place + 1] {
            assert_eq!(scan(bytes, Encoding::Utf8, &[cut]), in_one, "cut at {cut}");
        }
    }
    let bytewise = vec![1; bytes.len().min(2000)];
    assert_eq!(scan(bytes, Encoding::Utf8, &bytewise), in_one);
    in_one
}

#[test]
fn a_later_part_is_never_an_event() {
    for runtime in RUNTIMES {
        let first = part(runtime, "stdout", TEXT, false);
        for inner in [EVENT, MISS] {
            let last = part(runtime, "stdout", inner, true);
            let two = told(&format!("{first}{last}"));
            assert!(
                two.events.is_empty() && two.misses.is_empty(),
                "{runtime:?}"
            );
            assert_eq!((two.tally.lines, two.tally.ignored), (2, 2));
            let middle = part(runtime, "stdout", inner, false);
            let three = told(&format!("{first}{middle}{last}"));
            assert!(three.events.is_empty() && three.misses.is_empty());
        }
    }
}

#[test]
fn a_record_after_a_whole_one_counts_and_so_does_a_first_part() {
    for runtime in RUNTIMES {
        let whole = part(runtime, "stdout", TEXT, true);
        let event = part(runtime, "stdout", EVENT, true);
        let begun = part(runtime, "stdout", EVENT, false);
        assert_eq!(
            told(&format!("{whole}{event}")).names(),
            ["tunnel.connected"]
        );
        let split = told(&format!("{whole}{begun}{event}{event}"));
        assert_eq!(split.names(), ["tunnel.connected", "tunnel.connected"]);
    }
}

#[test]
fn the_other_streams_line_is_a_record_of_its_own() {
    for runtime in RUNTIMES {
        let first = part(runtime, "stdout", TEXT, false);
        let between = part(runtime, "stderr", EVENT, true);
        let last = part(runtime, "stdout", EVENT, true);
        let told = told(&format!("{first}{between}{last}"));
        let place = u64::try_from(first.len()).unwrap();
        assert_eq!(told.events, [(place, "tunnel.connected".to_owned())]);
    }
}

#[test]
fn a_record_without_its_end_waits_and_what_came_before_does_not() {
    let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), TimeZone::UTC);
    for runtime in RUNTIMES {
        let whole = part(runtime, "stdout", EVENT, true);
        let first = part(runtime, "stdout", TEXT, false);
        let between = part(runtime, "stderr", TEXT, true);
        let bytes = format!("{whole}{first}{between}");
        let mut told = Told::default();
        let mut chunk = Chunk {
            bytes: bytes.as_bytes(),
            offset: 0,
            encoding: Encoding::Utf8,
            mid_line: false,
            is_final: false,
            date_order: DateOrder::default(),
            is_stamped: false,
        };
        assert_eq!(scanner.scan(chunk, &mut told).consumed, whole.len());
        assert_eq!(told.names(), ["tunnel.connected"]);
        chunk.is_final = true;
        assert_eq!(scanner.scan(chunk, &mut told).consumed, bytes.len());
    }
}

#[test]
fn a_hole_ends_the_record_before_it() {
    for runtime in RUNTIMES {
        let first = part(runtime, "stdout", TEXT, false);
        let event = part(runtime, "stdout", EVENT, true);
        let hole = "\0".repeat(600);
        let told = told(&format!("{first}{hole}{event}"));
        assert_eq!(told.names(), ["tunnel.connected"]);
    }
}

#[test]
fn a_part_over_the_bound_goes_on_in_the_next_line() {
    // Docker writes `&` in six bytes, so a part of 16 KiB can be a line of 96 KiB.
    let long = "&".repeat(16_000);
    for (is_last, expected) in [(false, 0), (true, 1)] {
        let packed = part(Runtime::Docker, "stdout", &format!("{TEXT}{long}"), is_last);
        let first = packed.replace('&', "\\u0026");
        assert!(LINE_BYTES_MAX < first.len());
        let event = part(Runtime::Docker, "stdout", EVENT, true);
        let other = part(Runtime::Docker, "stderr", TEXT, true);
        for between in ["", &other] {
            let told = told(&format!("{first}{between}{event}"));
            assert_eq!((told.events.len(), told.tally.oversize), (expected, 1));
        }
    }
}

#[test]
fn parts_that_fill_a_chunk_are_consumed() {
    let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), TimeZone::UTC);
    let line = part(Runtime::Cri, "stdout", &"A".repeat(16 * 1024), false);
    let bytes = line.repeat(CHUNK_BYTES_MIN / line.len() + 1);
    let chunk = Chunk {
        bytes: bytes.get(..CHUNK_BYTES_MIN).unwrap().as_bytes(),
        offset: 0,
        encoding: Encoding::Utf8,
        mid_line: false,
        is_final: false,
        date_order: DateOrder::default(),
        is_stamped: false,
    };
    let mut told = Told::default();
    let consumed = scanner.scan(chunk, &mut told).consumed;
    assert_eq!(consumed, CHUNK_BYTES_MIN / line.len() * line.len());
    let smaller = Chunk {
        bytes: &chunk.bytes[..CHUNK_BYTES_MIN - 1],
        ..chunk
    };
    assert_eq!(scanner.scan(smaller, &mut told).consumed, 0);
}

/// Lines and fragments of two streams that make every rule meet every other.
fn piece() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![EVENT, MISS, TEXT, "", "noise\\", "a\\n"]);
    let line = (
        prop::sample::select(RUNTIMES.to_vec()),
        prop::sample::select(vec!["stdout", "stderr"]),
        text,
        any::<bool>(),
    )
        .prop_map(|(runtime, stream, text, is_last)| part(runtime, stream, text, is_last));
    prop_oneof![
        20 => line,
        1 => Just(format!("{EVENT}\n")),
        1 => Just("\n".to_owned()),
        1 => Just("{\"log\":\"torn".to_owned()),
        1 => (500_usize..520).prop_map(|count| "\0".repeat(count)),
        1 => (1_usize..4).prop_map(|count| "\0".repeat(count)),
    ]
}

/// A part that Docker's escapes make longer than the bound, or less than that. NULs
/// that no runtime writes may stand near its end.
fn long_line() -> impl Strategy<Value = String> {
    let nuls = prop::option::of((1_usize..4, 1_usize..700));
    (10_000_usize..15_000, any::<bool>(), any::<bool>(), nuls).prop_map(
        |(count, is_out, is_last, nuls)| {
            let stream = if is_out { "stdout" } else { "stderr" };
            let packed = part(Runtime::Docker, stream, &"&".repeat(count), is_last);
            let mut line = packed.replace('&', "\\u0026");
            if let Some((nul_count, from_end)) = nuls {
                line.insert_str(line.len() - from_end, &"\0".repeat(nul_count));
            }
            line
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Where a chunk ends must not matter, whatever is unfinished there.
    #[test]
    fn cuts_do_not_show_in_parts(
        mut pieces in prop::collection::vec(piece(), 0..24),
        long in prop::option::weighted(0.4, (long_line(), 0_usize..24)),
        cuts in prop::collection::vec(1_usize..800, 0..220),
        far_cuts in prop::collection::vec(1_usize..70_000, 0..4),
    ) {
        if let Some((line, place)) = long {
            pieces.insert(place.min(pieces.len()), line);
        }
        let stream = pieces.concat();
        let bytes = stream.as_bytes();
        let in_one = scan(bytes, Encoding::Utf8, &[]);
        prop_assert_eq!(&scan(bytes, Encoding::Utf8, &cuts), &in_one);
        let all: Vec<usize> = far_cuts.iter().chain(&cuts).copied().collect();
        prop_assert_eq!(&scan(bytes, Encoding::Utf8, &all), &in_one);
    }

    /// A reader whose buffer is full can always go on.
    #[test]
    fn a_full_chunk_is_never_refused(
        kinds in prop::collection::vec(0_usize..5, 1..6),
        lengths in prop::collection::vec(1_usize..70_000, 6),
        mid_line in any::<bool>(),
        encoding in prop_oneof![
            Just(Encoding::Utf8), Just(Encoding::Utf16Le), Just(Encoding::Utf16Be)
        ],
    ) {
        let mut bytes = Vec::new();
        for (kind, length) in kinds.iter().cycle().zip(lengths.iter().cycle()) {
            match kind {
                0 => bytes.extend(std::iter::repeat_n(0, *length)),
                1 => bytes.extend(std::iter::repeat_n(0, length % 512)),
                2 => bytes.extend(std::iter::repeat_n(b'x', *length)),
                3 => bytes.extend(part(Runtime::Cri, "stdout", TEXT, false).as_bytes()),
                _ => bytes.extend(part(Runtime::Docker, "stderr", TEXT, false).as_bytes()),
            }
            if CHUNK_BYTES_MIN <= bytes.len() {
                break;
            }
        }
        let chunk = Chunk {
            bytes: &bytes[..CHUNK_BYTES_MIN],
            offset: 0,
            encoding,
            mid_line,
            is_final: false,
            date_order: DateOrder::default(),
            is_stamped: false,
        };
        let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), TimeZone::UTC);
        let scanned = scanner.scan(chunk, &mut Told::default());
        prop_assert!(0 < scanned.consumed);
    }
}

#[test]
fn the_longest_rest_that_waits_is_less_than_a_chunk() {
    for (encoding, trailing) in [
        (Encoding::Utf8, 511),
        (Encoding::Utf8, 1024),
        (Encoding::Utf16Le, 1023),
        (Encoding::Utf16Be, 1023),
    ] {
        let nuls = vec![0; LINE_BYTES_MAX];
        let text = vec![b'x'; LINE_BYTES_MAX];
        let mut bytes = [nuls, text, vec![0; trailing]].concat();
        bytes.resize(CHUNK_BYTES_MIN, b'x');
        let chunk = Chunk {
            bytes: &bytes,
            offset: 0,
            encoding,
            mid_line: false,
            is_final: false,
            date_order: DateOrder::default(),
            is_stamped: false,
        };
        let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), TimeZone::UTC);
        let consumed = scanner.scan(chunk, &mut Told::default()).consumed;
        assert!(0 < consumed, "{encoding:?} {trailing}");
    }
}
