//! A Netskope Client's logs are understood on every platform, whatever stands in them.

use expect_test::expect_file;
use jiff::tz::TimeZone;
use logparse::catalogue::RowRecord;
use logparse::explain::Verdict;
use logparse::framing::Encoding;
use proptest::prelude::*;

use crate::harness::{NETSKOPE_CLIENT, Told, encoded, scan_with};

/// Every line and text that is public.
const PUBLIC: &str = include_str!("../fixtures/netskope-client.log");

/// What stands before a component in `nsdebuglog.log`, on Windows and on macOS.
const WINDOWS: &str = "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:1074 ";
const MACOS: &str = "2026/01/15 16:17:14.932647 stAgentNE p18280 t31163 info tunnel.cpp:1634 ";

/// What stands before a text in `npadebuglog.log`.
const NPA: &str = "[laptop:2024-05-01 07:50:34.981002 +02:00] [info] tunnel.cpp:12:run(): ";

fn told(stream: &str) -> Told {
    scan_with(&NETSKOPE_CLIENT, stream.as_bytes(), Encoding::Utf8, &[])
}

fn names(stream: &str) -> Vec<String> {
    let told = told(stream);
    told.names().iter().map(|name| (*name).to_owned()).collect()
}

fn verdict(line: &str) -> Verdict {
    NETSKOPE_CLIENT
        .explain(line.as_bytes(), &TimeZone::UTC)
        .verdict
}

/// A verdict in one line: event, reason and fields, or why there are none.
fn in_words(line: &str) -> String {
    match verdict(line) {
        Verdict::Recognised { event, .. } => {
            let fields = event
                .fields
                .iter()
                .map(|field| format!(" {}={}", field.name, field.value.expose()));
            let reason = event.key.reason.as_str();
            let reason = if reason.is_empty() { "-" } else { reason };
            format!("{} {reason}{}", event.key.kind, fields.collect::<String>())
        }
        Verdict::Known { row } => {
            let row = &NETSKOPE_CLIENT.rows()[row.0];
            format!("nothing: {}", row.meaning)
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn every_public_line_is_named() {
    let words: Vec<String> = PUBLIC
        .lines()
        .map(|line| {
            let time = NETSKOPE_CLIENT
                .explain(line.as_bytes(), &TimeZone::UTC)
                .time
                .map_or("-".to_owned(), |time| time.to_string());
            format!("{line}\n    {time} {}\n", in_words(line))
        })
        .collect();
    expect_file!["../fixtures/netskope-client.explained"].assert_eq(&words.concat());
}

#[test]
fn every_pair_is_shown_by_an_example() {
    let examples = NETSKOPE_CLIENT.rows().iter().flat_map(|row| &row.examples);
    let shown: Vec<_> = examples
        .filter_map(|one| Some((one.event?, one.reason.clone())))
        .collect();
    for pair in NETSKOPE_CLIENT.pairs() {
        let pair = (pair.kind, pair.reason.to_string());
        assert!(shown.contains(&pair), "{pair:?}");
    }
}

/// All texts of a component, with its name; then those that stand in any record.
fn texts() -> Vec<(Option<&'static str>, &'static str, Vec<String>)> {
    let bare = |line: &'static str| {
        let known = verdict(line);
        let Verdict::Recognised { row, .. } = known else {
            return None;
        };
        let explained = NETSKOPE_CLIENT.explain(line.as_bytes(), &TimeZone::UTC);
        let text: &'static str = Box::leak(explained.message.expose().to_owned().into_boxed_str());
        let component = match &NETSKOPE_CLIENT.rows()[row.0].record {
            RowRecord::Component(name) => Some(&**name),
            RowRecord::Text | RowRecord::Function(_) => None,
        };
        let wanted = names(line);
        assert_eq!(wanted.len(), 1, "{line}");
        Some((component, text, wanted))
    };
    let texts: Vec<_> = PUBLIC.lines().filter_map(bare).collect();
    assert!(40 < texts.len());
    texts
}

#[test]
fn every_text_is_named_behind_every_prefix() {
    for (component, text, wanted) in texts() {
        let component = component.unwrap_or("nsSomething");
        for line in [
            format!("{WINDOWS}{component} {text}"),
            format!("{MACOS}{component} {text}"),
            format!("{WINDOWS}{component} DTLS [sessId 12] {text}"),
            format!("{WINDOWS}   {component}   TLS   {text}"),
            format!("{WINDOWS}{text}"),
            format!("{NPA}{text}"),
            format!("[fe80::1:2024-05-01 07:50:34.981 -05:00] {text}"),
            format!("tunnel.cpp:1           {text}"),
            text.to_owned(),
        ] {
            assert_eq!(names(&line), wanted, "{line}");
        }
    }
}

#[test]
fn another_components_text_does_not_count() {
    for (component, text, wanted) in texts() {
        let Some(own) = component else { continue };
        for other in ["BypassAppMgr", "nsTunnel", "nsSomething"] {
            let expected = if other == own {
                wanted.clone()
            } else {
                Vec::new()
            };
            let line = format!("{WINDOWS}{other} {text}");
            assert_eq!(names(&line), expected, "{line}");
        }
    }
}

/// Records and texts with a place for what users, sites or programs write.
const OUTER: &[&str] = &[
    "nsTunnel DTLS [sessId 1] Tunneling flow from addr: 10.0.2.140:6, process: {} to host: {}",
    "BypassAppMgr Found process: {} to be bypassed for managed devices",
    "BypassAppMgr Bypassing connection from process: {}, host: {}",
    "BypassAppMgr bypassing flow to exception host: {}, process: {}",
    "BypassAppMgr Blocking UDP connection from process: {}, dest IP:1.2.3.4:5",
    "Config setting STA user agent: hostname: {}",
    "Config setting STA user agent: hostname: x;{}",
    "nsImpersonate Current user: {}",
    "nsUtils Pref src ip {}, iface 21",
    "DiskEnc Disk Encryption: Volume: {}, status 1",
    "NSCOM2 invalid client connection from {}",
    "Config System proxy configuration Detected , Pac Server Host {}",
    "nsSomething said {}",
    "nsSomething: {}",
    "nsSomething TLSX {}",
    "nsTunnel DTLS TLS {}",
    "[x] {}",
    "process: {}",
    "process: said {}",
];

/// Lines that go on with a record.
const CONTINUATIONS: &[&str] = &[
    "said {}",
    "  {}",
    "\t{}",
    "\"process\": \"{}\"",
    "process: {}",
    "Policy Name: {}",
    "App Name: {}",
    "}, { {}",
];

#[test]
fn nobody_who_is_named_in_a_record_can_write_an_event() {
    for (component, text, _) in texts() {
        let inner = [
            text.to_owned(),
            format!("{} {text}", component.unwrap_or("nsSomething")),
            format!("{WINDOWS}nsTunnel {text}"),
            format!("{NPA}{text}"),
            format!("tunnel.cpp:9 {text}"),
            format!("TLS {text}"),
        ];
        let records = [WINDOWS, MACOS, NPA, ""].into_iter();
        let records = records.flat_map(|prefix| OUTER.iter().map(move |outer| (prefix, outer)));
        let rests = CONTINUATIONS.iter().map(|outer| ("", outer));
        for (prefix, outer) in records.chain(rests) {
            let harmless = names(&format!("{prefix}{}", outer.replace("{}", "x")));
            for forged in &inner {
                let line = format!("{prefix}{}", outer.replace("{}", forged));
                assert_eq!(names(&line), harmless, "{line}");
            }
        }
    }
}

#[test]
fn what_begins_no_record_goes_on_with_one() {
    let json = format!(
        "{WINDOWS}deviceId device info summary (len: 120): {{\n\
         \x20 \"hostname\": \"laptop\",\n\
         \t\"process\": \"Tunnel established to gateway: x, pop: y\",\n\
         \x20 {WINDOWS}nsTunnel TLS received nsssl_closed, tunnel destroyed\n\
         \"{WINDOWS}nsTunnel TLS received nsssl_closed, tunnel destroyed\"\n\
         \n\
         }}\n\
         {WINDOWS}nsTunnel TLS received nsssl_closed, tunnel destroyed\n"
    );
    let told = told(&json);
    assert_eq!(told.names(), ["tunnel.disconnected|closed_by_peer"]);
    let tally = told.tally;
    assert_eq!(
        (
            tally.lines,
            tally.recognised,
            tally.ignored,
            tally.continuation
        ),
        (8, 1, 1, 6)
    );
}

#[test]
fn torn_records_and_unknown_shapes_begin_nothing() {
    for line in [
        "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:10",
        "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc",
        "2024/05/01 07:50:34.981",
        "2024/05/01 07:50",
        "2024/05/01 07:50:34.981 stAgentSvc 6ff8 50dc info tunnel.cpp:10 nsTunnel x",
        "2024/05/01 07:50:34.981 failed to start filter device",
        "2024-05-01 07:50:34.981 failed to start filter device",
        "[laptop:2024-05-01 07:50:34.981002 +02:",
        "[laptop] failed to start filter device",
        "[info] failed to start filter device",
        "stAgentSvc p6ff8 t50dc info tunnel.cpp:10 failed to start filter device",
        "t50dc info tunnel.cpp:10 nsTunnel TLS received nsssl_closed, tunnel destroyed",
        "",
    ] {
        let tally = told(&format!("{line}\n")).tally;
        assert_eq!((tally.lines, tally.continuation), (1, 1), "{line}");
    }
}

#[test]
fn levels_ids_and_places_do_not_matter() {
    for middle in [
        "stAgentSvc p6ff8 tac info tunnel.cpp:1",
        "stAgentNE p18280 t31163 error tunnel.cpp:99999",
        "stAgentSvc p1 t1 WARNING other_file.cpp:7",
        "stAgentSvc  p1  t1  dbg  tunnel.cpp:7  ",
        "stAgentSvc p1 t1 err tunnel.cpp:7:run():",
        "stAgentSvc p1 t1 err tunnel.cpp:7:Tunnel::~run():0x7f",
    ] {
        let line = format!(
            "2024/05/01 07:50:34.981 {middle} nsTunnel TLS received nsssl_closed, tunnel destroyed"
        );
        assert_eq!(
            names(&line),
            ["tunnel.disconnected|closed_by_peer"],
            "{line}"
        );
    }
}

#[test]
fn times_are_the_devices_unless_the_line_says_otherwise() {
    let time = |line: &str, zone: &str| {
        let zone = TimeZone::get(zone).unwrap();
        let time = NETSKOPE_CLIENT.explain(line.as_bytes(), &zone).time;
        time.map(|time| time.to_string()).unwrap_or_default()
    };
    let debug = |stamp: &str| format!("{stamp} stAgentSvc p1 t1 info a.cpp:1 nsTunnel x");
    let npa = |stamp: &str| format!("[laptop:{stamp}] x");
    for (line, zone, expected) in [
        (
            debug("2024/05/01 07:50:34.981"),
            "UTC",
            "2024-05-01T07:50:34.981Z",
        ),
        (
            debug("2024/05/01 07:50:34.981"),
            "Europe/Berlin",
            "2024-05-01T05:50:34.981Z",
        ),
        (
            debug("2024/01/01 07:50:34.932647"),
            "Europe/Berlin",
            "2024-01-01T06:50:34.932647Z",
        ),
        (
            debug("2024/05/01 07:50:34"),
            "Asia/Kolkata",
            "2024-05-01T02:20:34Z",
        ),
        // In the gap and in the fold of a zone with summer time.
        (
            debug("2024/03/10 02:30:00.5"),
            "America/New_York",
            "2024-03-10T07:30:00.5Z",
        ),
        (
            debug("2024/11/03 01:30:00.5"),
            "America/New_York",
            "2024-11-03T05:30:00.5Z",
        ),
        (
            npa("2024-05-01 07:50:34.981002 +02:00"),
            "Asia/Tokyo",
            "2024-05-01T05:50:34.981002Z",
        ),
        (
            npa("2024-05-01 07:50:34.981002 -09:30"),
            "UTC",
            "2024-05-01T17:20:34.981002Z",
        ),
        (debug("2024/13/01 07:50:34.981"), "UTC", ""),
    ] {
        assert_eq!(time(&line, zone), expected, "{line} in {zone}");
    }
}

#[test]
fn line_ends_and_encodings_change_nothing() {
    let stream = PUBLIC.replace('\n', "\r\n");
    let plain = told(PUBLIC);
    for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
        let bytes = encoded(&stream, encoding);
        let told = scan_with(&NETSKOPE_CLIENT, &bytes, encoding, &[]);
        assert_eq!(told.names(), plain.names(), "{encoding:?}");
        assert_eq!(told.tally.continuation, plain.tally.continuation);
    }
}

#[test]
fn docker_may_stand_around_a_line() {
    let text = "nsTunnel TLS received nsssl_closed, tunnel destroyed";
    let rest = r#"\n","stream":"stdout","time":"2024-05-02T02:10:00Z"}"#;
    let line = format!("{{\"log\":\"{WINDOWS}{text}{rest}");
    assert_eq!(names(&line), ["tunnel.disconnected|closed_by_peer"]);
    // Without an end of line it is a part of a record, and the next line its rest.
    let part = line.replacen("\\n", "", 1);
    let told = told(&format!("{part}\n{line}\n"));
    assert_eq!(told.names(), ["tunnel.disconnected|closed_by_peer"]);
    assert_eq!(told.tally.continuation, 1);
}

#[test]
fn no_field_holds_a_person_a_host_a_program_or_a_device() {
    let secrets = [
        "udc.yahoo.com",
        "chrome",
        "curl",
        "slashdot",
        "example.org",
        "zoom",
        "google",
        "spotify",
        "UserFirst",
        "this-pc-name",
        "ID-AB1C2DEF",
        "192.168",
        "10.0.2",
        "10.2.",
        "10.20.",
        "172.1",
        "/nix/store",
        "nscacert",
        "Windows NT",
    ];
    for line in PUBLIC.lines() {
        let Verdict::Recognised { event, row } = verdict(line) else {
            continue;
        };
        let is_flow = event.key.kind.name().starts_with("flow.");
        let row = &NETSKOPE_CLIENT.rows()[row.0];
        assert!(!is_flow || row.fields.is_empty(), "{line}");
        for field in &event.fields {
            let value = field.value.expose();
            assert!(
                !secrets.iter().any(|secret| value.contains(secret)),
                "{line}"
            );
        }
    }
}

proptest! {
    /// Whatever stands behind the fixed words of a flow, it is one flow and nothing else.
    #[test]
    fn a_flow_is_a_flow_whatever_it_names(
        name in "[ -~é]{0,40}",
        host in "[ -~]{0,40}",
    ) {
        let line = format!(
            "{WINDOWS}nsTunnel DTLS [sessId 1] Tunneling flow from addr: 10.0.2.140:6, \
             process: {name} to host: {host}, addr: 1.2.3.4:443 to nsProxy"
        );
        prop_assert_eq!(names(&line), ["flow.tunneled"]);
        let Verdict::Recognised { event, .. } = verdict(&line) else {
            return Err(TestCaseError::fail("a flow was not recognised"));
        };
        prop_assert!(event.fields.is_empty());
    }
}
