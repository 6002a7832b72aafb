//! A Cato Client's logs are understood on every platform, whatever stands in them.

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, RowRecord};
use logparse::date_order::DateOrder;
use logparse::explain::Verdict;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Scanner, Sink, Tally};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use proptest::prelude::*;

use crate::harness::encoded;

static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::built_in(ConnectorKind::CatoClient).unwrap()));

/// The one text of a log that changes the tunnel's state for the better.
const CONNECTED: &str = r#"Successfully connected to CATO VPN "Austin" via DTLS mode"#;

/// All that is public, and what must come of it: an event, or the component or the
/// beginning of the row that knows it and counts nothing.
const SAMPLES: &[(&str, &str)] = &[
    (
        "2025-08-04 11:18:00 [I][client  ][log_client_version:1716][:][:][_:]",
        "client.identified",
    ),
    (
        "20/01/26 16:30:14.825 [D] [Configurat] [1474:33FC] \
         [getLastActiveSessionCredentials    : 2695] [1234:prelogin] [p:auscatod1a] [U:1] message",
        "none of getLastActiveSessionCredentials",
    ),
    (
        "09/01/26 18:16:49.013 [D] [Routing] [1474:2788] [getRoutingTable:82] [:] \
         [p:chicatod12a] [ :] getRoutingTable",
        "none of getRoutingTable",
    ),
    (
        "21/01/26 21:30:19.765 [I] [VPNProc] [1634:2BE4] [getAdditionalProducts : 3264] [:] \
         [:TnlsOfficeMode] [getAdditionalProducts started",
        "none of getAdditionalProducts",
    ),
    (
        "09/01/26 18:05:38.395 [E] [Configurat] [20AC:2490] [logError : 407] [:] [:] [ :] \
         openImp: ...",
        "none of logError",
    ),
    (
        "09/01/26 18:17:24.436 [E] [Configurat] [1474:22D4] \
         [getLastActiveSessionAccountManager : 2672] [:] [:] [message in brackets]",
        "none of getLastActiveSessionAccountManager",
    ),
    (CONNECTED, "tunnel.connected"),
    ("  pop name    = \"<pop>\"", "none"),
    ("  tunnel ip   = 10.x.x.x", "none"),
    ("  tun device  = tun0", "none"),
    ("  duration    = 00:00:NN", "none"),
    ("Cato client is disconnected", "none"),
    ("STATE_AUTHENTICATED", "none"),
    ("New client version is available", "update.available"),
    ("Failed to DNS", "dns.failed"),
    (
        "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0",
        "authentication.failed",
    ),
];

/// Prefixes of every platform, with nothing left out.
const PREFIXES: &[&str] = &[
    "2025-08-04 11:18:00 [I][client  ][f:1716][:][:][_:] ",
    "20/01/26 16:30:14.825 [I] [VPNProc   ] [1474:33FC] [f    : 2695] [1:u] [p:x] [U:y] ",
    "01/20/26 16:30:14.825 [ ] [          ] [1474:33FC] ",
    "[01/20/26 16:30:14.825] [Info] [Probe] [1234] [5678] [Probe.cpp:77] ",
    "[1234:5678:0120/163014.825:INFO:file.cc(12)] ",
    "2026-01-20 16:30:14:825 [Tunnel:77] [0x1f03] [CatoClient] ",
    "2026-01-20 16:30:14:825 [Tunnel:77] [I] [t:12] [p:345] ",
    "[2026-Jan-20 16:30:14.825] [main] [VpnService] - [I] - ",
    CONTAINER,
];

/// What a container's engine writes before each line: any record stands whole behind it.
const CONTAINER: &str = "2026-01-20T16:30:14.825Z stdout F ";

#[derive(Debug, Default, PartialEq)]
struct Told {
    /// Event, time and point of presence.
    events: Vec<String>,
    tally: Tally,
}

impl Sink for Told {
    fn event(&mut self, hit: &Hit<'_>) {
        let event = hit.event();
        let time = event.time.map_or("-".to_owned(), |time| time.to_string());
        let pop = event.field("pop").map_or("-", |pop| pop.expose());
        self.events.push(format!("{} {time} {pop}", event.key.kind));
    }
}

fn scan_as(bytes: &[u8], date_order: DateOrder, zone: &str) -> Told {
    let mut told = Told::default();
    let zone = TimeZone::get(zone).unwrap();
    let chunk = Chunk {
        bytes,
        offset: 0,
        encoding: Encoding::sniff(bytes),
        mid_line: false,
        is_final: true,
        date_order,
        is_stamped: is_stamped(ConnectorKind::CatoClient, bytes),
    };
    let scanned = Scanner::new(Arc::clone(&CATALOGUE), zone).scan(chunk, &mut told);
    told.tally = scanned.tally;
    told
}

/// Scans a file as a reader does who knows its name.
fn scan_file(name: &str, text: &str) -> Told {
    let order = DateOrder::detect(Some(name), text.as_bytes());
    scan_as(text.as_bytes(), order, "UTC")
}

fn kinds(line: &str) -> Vec<String> {
    let told = scan_as(line.as_bytes(), DateOrder::default(), "UTC");
    let kind = |event: &String| event.split(' ').next().unwrap_or_default().to_owned();
    told.events.iter().map(kind).collect()
}

/// The event that `explain` names, or the row that counts as nothing.
fn named(line: &str) -> String {
    match CATALOGUE.explain(line.as_bytes(), &TimeZone::UTC).verdict {
        Verdict::Recognised { event, .. } => event.key.kind.to_string(),
        Verdict::Known { row } => match &CATALOGUE.rows()[row.0].record {
            RowRecord::Component(name) => format!("none of {name}"),
            RowRecord::Text | RowRecord::Function(_) => "none".to_owned(),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn every_public_line_is_named() {
    for (line, expected) in SAMPLES {
        assert_eq!(named(line), *expected, "{line}");
        let is_event = !expected.starts_with("none");
        assert_eq!(kinds(line).len(), usize::from(is_event), "{line}");
    }
}

#[test]
fn every_text_is_named_behind_every_prefix() {
    for prefix in PREFIXES {
        let texts = SAMPLES.iter().filter(|(line, _)| !line.contains('['));
        for (text, expected) in texts {
            assert_eq!(
                named(&format!("{prefix}{text}")),
                *expected,
                "{prefix}{text}"
            );
        }
    }
}

#[test]
fn a_text_of_another_function_is_not_taken_for_this_ones() {
    let line = "09/01/26 18:05:38.395 [E] [x] [20AC:2490] [logErrors : 407] [:] [:] [ :] text";
    assert_eq!(named(line), "NoRow");
    let as_text = "2025-08-04 11:18:00 [I][client  ][version:1716][:][:][_:] log_client_version";
    assert_eq!(named(as_text), "NoRow");
}

#[test]
fn times_are_those_of_the_devices_zone() {
    let check = |prefix: &str, zone: &str, expected: &str| {
        let line = format!("{prefix}{CONNECTED}");
        let told = scan_as(line.as_bytes(), DateOrder::default(), zone);
        let wanted = format!("tunnel.connected {expected} Austin");
        assert_eq!(told.events, [wanted], "{line}");
    };
    for prefix in PREFIXES.iter().skip(1) {
        let has_year = !prefix.contains("0120/");
        let expected = if has_year {
            "2026-01-20T16:30:14.825Z"
        } else {
            "-"
        };
        check(prefix, "UTC", expected);
    }
    let windows = |clock: &str| format!("{clock}.500 [I] [m] [1:2] [f : 1] [:] [:] [ :] ");
    check(
        &windows("20/01/26 16:30:14"),
        "Asia/Tokyo",
        "2026-01-20T07:30:14.5Z",
    );
    // Summer time begins and ends: the offset before the gap, the first of two.
    check(
        &windows("29/03/26 02:30:00"),
        "Europe/Berlin",
        "2026-03-29T01:30:00.5Z",
    );
    check(
        &windows("25/10/26 02:30:00"),
        "Europe/Berlin",
        "2026-10-25T00:30:00.5Z",
    );
    // A container's runtime writes its zone.
    check(
        "2026-01-20T16:30:14+01:00 stderr F ",
        "Asia/Tokyo",
        "2026-01-20T15:30:14Z",
    );
}

#[test]
fn a_file_that_may_be_read_two_ways_is_read_as_its_name_says() {
    let record = |date: &str| {
        format!("{date} 11:00:29.125 [I] [VPNProc] [1:2] [f : 1] [:] [:] [ :] {CONNECTED}\r\n")
    };
    let check = |name: &str, date: &str, expected: &str| {
        let wanted = format!("tunnel.connected {expected}T11:00:29.125Z Austin");
        assert_eq!(
            scan_file(name, &record(date)).events,
            [wanted],
            "{name} {date}"
        );
    };
    let name = "cato_vpn_6.13.0.0_20260803110029.log";
    check(name, "03/08/26", "2026-08-03");
    check(name, "08/03/26", "2026-08-03");
    let unnamed = "cato_vpn.log";
    check(unnamed, "03/08/26", "2026-08-03");
    check(unnamed, "08/13/26", "2026-08-13");
    check(unnamed, "13/08/26", "2026-08-13");
    // What the first dates prove holds for the ambiguous ones of the same file.
    let text = record("08/03/26") + &record("08/13/26");
    let times = [
        "tunnel.connected 2026-08-03T11:00:29.125Z Austin",
        "tunnel.connected 2026-08-13T11:00:29.125Z Austin",
    ];
    assert_eq!(scan_file(unnamed, &text).events, times);
}

#[test]
fn an_impossible_date_is_no_time() {
    let line = "08/13/26 11:00:29.125 [I] [VPNProc] [1:2] [f : 1] [:] [:] [ :] Failed to DNS";
    let told = scan_as(line.as_bytes(), DateOrder::DayFirst, "UTC");
    assert_eq!(told.events, ["dns.failed - -"]);
}

#[test]
fn what_begins_no_record_goes_on_with_one() {
    let text = format!(
        "{windows}first line of a text\r\n\
         second line\r\n\
         \r\n\
         {{\"key\": \"{CONNECTED}\"}}\r\n\
         \t{CONNECTED}\r\n\
         20/01/26 16:30:14.825 [I] [VPNPr\r\n\
         20/01/26 16:3\r\n\
         {windows}{CONNECTED}",
        windows = PREFIXES[1],
    );
    let told = scan_file("cato_vpn_1.log", &text);
    assert_eq!(
        told.events,
        ["tunnel.connected 2026-01-20T16:30:14.825Z Austin"]
    );
    let Tally {
        lines,
        recognised,
        ignored,
        continuation,
        ..
    } = told.tally;
    assert_eq!((lines, recognised, ignored, continuation), (8, 1, 2, 5));
}

#[test]
fn line_ends_and_encodings_change_nothing() {
    let is_record = |line: &&str| line.starts_with(|first: char| first.is_ascii_digit());
    let samples = SAMPLES.iter().map(|(line, _)| *line);
    let (records, texts): (Vec<_>, Vec<_>) = samples.partition(is_record);
    // Among records no text would count.
    for (lines, events) in [(records, 1), (texts, 4)] {
        let text = format!("{}\n", lines.join("\n"));
        let plain = scan_file("cato_vpn_1.log", &text);
        assert_eq!(plain.events.len(), events);
        for with_ends in [text.clone(), text.replace('\n', "\r\n")] {
            for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
                let bytes = encoded(&with_ends, encoding);
                let order = DateOrder::detect(None, &bytes);
                assert_eq!(order, DateOrder::detect(None, text.as_bytes()));
                assert_eq!(scan_as(&bytes, order, "UTC"), plain, "{encoding:?}");
            }
        }
    }
}

#[test]
fn a_record_within_a_message_never_counts() {
    let inner: Vec<&str> = SAMPLES.iter().map(|(line, _)| *line).collect();
    for prefix in PREFIXES {
        for line in &inner {
            for forged in [
                format!("{prefix}host {line}"),
                format!("{prefix}[{line}"),
                format!("{prefix}\"{line}\""),
                format!("{prefix}x {prefix}{line}"),
            ] {
                assert_eq!(kinds(&forged), Vec::<String>::new(), "{forged}");
            }
        }
    }
}

#[test]
fn a_users_name_cannot_open_a_message() {
    let events = SAMPLES
        .iter()
        .filter(|(_, expected)| !expected.starts_with("none"));
    for (text, _) in events.filter(|(line, _)| !line.contains('[')) {
        for forged in [
            format!("20/01/26 16:30:14.825 [I] [m] [1:2] [f : 1] [1:x] {text}] [p:a] [U:b] text"),
            format!("20/01/26 16:30:14.825 [I] [m] [1:2] [f : 1] [1:x] [p:a] [U:x] {text}] text"),
            format!("2025-08-04 11:18:00 [I][client  ][f:1716][1:x] {text}][:][_:] text"),
        ] {
            assert_eq!(kinds(&forged), Vec::<String>::new(), "{forged}");
        }
    }
}

#[test]
fn no_capture_holds_a_user_an_account_or_a_host() {
    let mut fields: Vec<_> = CATALOGUE
        .rows()
        .iter()
        .flat_map(|row| &row.fields)
        .collect();
    fields.sort();
    fields.dedup();
    let names: Vec<&str> = fields.iter().map(|name| &***name).collect();
    assert_eq!(names, ["pop", "tunnel_protocol"]);
}

proptest! {
    /// Whatever stands before a sample in a record's message, it is an event only without it:
    /// a bare text opens any message, a whole record only what a container's engine wrote.
    #[test]
    fn only_the_front_of_a_message_counts(
        place in 0..PREFIXES.len(),
        before in "[ -~]{0,20}",
        sample in 0..SAMPLES.len(),
    ) {
        let (text, _) = SAMPLES[sample];
        let prefix = PREFIXES[place];
        let line = format!("{prefix}{before}{text}");
        let opens = before.is_empty() && (prefix == CONTAINER || !text.contains('['));
        if !opens && !before.ends_with("  ") {
            prop_assert_eq!(kinds(&line), Vec::<String>::new(), "{}", line);
        }
    }
}
