//! Tests of the grammars: what is taken off on each platform, and what never is.

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

/// Style, time in UTC, function and message.
fn told(line: &[u8], order: DateOrder) -> String {
    let Some(opened) = strip(line, order) else {
        return "no record".to_owned();
    };
    let time = opened.stamp.and_then(|stamp| stamp.time(&TimeZone::UTC));
    let time = time.map_or("-".to_owned(), |time| time.to_string());
    let function = opened.context.map_or(&b"-"[..], |context| context.value);
    format!(
        "{} | {time} | {} | {}",
        opened.style,
        String::from_utf8_lossy(function),
        String::from_utf8_lossy(opened.rest)
    )
}

fn check(lines: &[&str], expected: &Expect) {
    let told = |line: &&str| told(line.as_bytes(), DateOrder::default()) + "\n";
    expected.assert_eq(&lines.iter().map(told).collect::<String>());
}

#[test]
fn on_linux_the_groups_follow_each_other_without_spaces() {
    check(
        &[
            "2025-08-04 11:18:00 [I][client  ][log_client_version:1716][:][:][_:]",
            "2025-08-04 11:18:00 [I][client  ][log_client_version:1716][:][:][_:] text",
            "2025-08-04 11:18:00 [E][dns][f:1][1:u][p:x][_:12] [in brackets] text",
            "2025-08-04 11:18:00 [E][dns][f:1] [:] text",
            "2025-08-04 11:18:00 [E][dns] [f:1] text",
            "2025-08-04 11:18:00 [E][dns",
        ],
        &expect![[r#"
            Cato Client on Linux | 2025-08-04T11:18:00Z | log_client_version | 
            Cato Client on Linux | 2025-08-04T11:18:00Z | log_client_version | text
            Cato Client on Linux | 2025-08-04T11:18:00Z | f | [in brackets] text
            Cato Client on Linux | 2025-08-04T11:18:00Z | f | [:] text
            Cato Client on Linux | 2025-08-04T11:18:00Z | - | [f:1] text
            Cato Client on Linux | 2025-08-04T11:18:00Z | - | [dns
        "#]],
    );
}

#[test]
fn on_windows_up_to_three_fields_of_context_are_taken_off() {
    check(
        &[
            "20/01/26 16:30:14.825 [D] [Configurat] [1474:33FC] \
             [getLastActiveSessionCredentials    : 2695] [1234:prelogin] \
             [p:auscatod1a] [U:m] message",
            "09/01/26 18:16:49.013 [D] [Routing] [1474:2788] [getRoutingTable:82] [:] \
             [p:chicatod12a] [ :] getRoutingTable",
            "21/01/26 21:30:19.765 [I] [VPNProc] [1634:2BE4] [getAdditionalProducts : 3264] [:] \
             [:TnlsOfficeMode] [getAdditionalProducts started",
            "09/01/26 18:05:38.395 [E] [Configurat] [20AC:2490] [logError : 407] \
             [:] [:] [ :] openImp: ...",
            "09/01/26 18:17:24.436 [E] [Configurat] [1474:22D4] \
             [getLastActiveSessionAccountManager : 2672] [:] [:] [message in brackets]",
            "09/01/26 18:17:24.436 [E] [Configurat] [1474:22D4] [f : 1] [p:a] [a: b] text",
            "09/01/26 18:17:24.436 [E] [Configurat] [1474:22D4] [f : 1] [message] text",
            "09/01/26 18:17:24.436 [E] [Configurat] [1474:22D4] [no function] text",
            "09/01/26 18:17:24.436 [E] [Confi",
            "09/01/26 18:17:24.436 [",
        ],
        &expect![[r#"
            Cato Client on Windows | 2026-01-20T16:30:14.825Z | getLastActiveSessionCredentials | message
            Cato Client on Windows | 2026-01-09T18:16:49.013Z | getRoutingTable | getRoutingTable
            Cato Client on Windows | 2026-01-21T21:30:19.765Z | getAdditionalProducts | [getAdditionalProducts started
            Cato Client on Windows | 2026-01-09T18:05:38.395Z | logError | openImp: ...
            Cato Client on Windows | 2026-01-09T18:17:24.436Z | getLastActiveSessionAccountManager | [message in brackets]
            Cato Client on Windows | 2026-01-09T18:17:24.436Z | f | [a: b] text
            Cato Client on Windows | 2026-01-09T18:17:24.436Z | f | [message] text
            Cato Client on Windows | 2026-01-09T18:17:24.436Z | - | [no function] text
            Cato Client on Windows | 2026-01-09T18:17:24.436Z | - | [Confi
            Cato Client on Windows | 2026-01-09T18:17:24.436Z | - | [
        "#]],
    );
}

#[test]
fn other_files_on_windows_are_month_first() {
    check(
        &[
            "[01/09/26 18:05:38.395] [Info] [Probe] [1234] [5678] [Probe.cpp:77] [x] text",
            "01/09/26 18:05:38.395 [ ] [          ] [1A2B:3C4D] [f : 1] text",
            "[1234:5678:0803/110029.123:ERROR:file.cc(12)] [x] text",
            "[0803/110029.123456:WARNING:file.cc(12)] text",
        ],
        &expect![[r#"
            Cato experience monitoring | 2026-01-09T18:05:38.395Z | - | [x] text
            Cato Client's window | 2026-01-09T18:05:38.395Z | - | [f : 1] text
            Cato Client's browser | - | - | [x] text
            Cato Client's browser | - | - | text
        "#]],
    );
}

#[test]
fn apples_write_milliseconds_after_a_colon() {
    check(
        &[
            "2026-09-03 10:00:00:123 [Tunnel:77] [0x1f03] [CatoClient] [x] text",
            "2026-09-03 10:00:00:123 [Tunnel:77] [CatoClient] [0x1f03] text",
            "2026-09-03 10:00:00:123 [Tunnel:77] [E] [t:12] [p:345] [x] text",
            "2026-09-03 10:00:00:123 [Tunnel:77] [E] [x] text",
            "2026-09-03 10:00:00:123 [Tunnel:77] text",
        ],
        &expect![[r#"
            Cato Client on macOS | 2026-09-03T10:00:00.123Z | - | [x] text
            Cato Client on macOS | 2026-09-03T10:00:00.123Z | - | text
            Cato Client on macOS | 2026-09-03T10:00:00.123Z | - | [x] text
            Cato Client on macOS | 2026-09-03T10:00:00.123Z | - | [x] text
            Cato Client on macOS | 2026-09-03T10:00:00.123Z | - | text
        "#]],
    );
}

#[test]
fn on_android_months_have_names() {
    check(
        &[
            "[2026-Sep-03 10:00:00.123] [main] [VpnService] - [I] - text",
            "[2026-Sep-03 10:00:00.123] [main] [VpnService] - [I] - [x] - text",
            "[2026-Sept.-03 10:00:00.123] [main] [VpnService] - [I] - text",
            "[2026-M\u{e4}rz-03 10:00:00.123] [main] text",
        ],
        &expect![[r#"
            Cato Client on Android | 2026-09-03T10:00:00.123Z | - | text
            Cato Client on Android | 2026-09-03T10:00:00.123Z | - | [x] - text
            Cato Client on Android | - | - | text
            Cato Client on Android | - | - | text
        "#]],
    );
}

#[test]
fn in_a_container_each_line_is_a_record() {
    check(
        &[
            "2026-08-03T11:00:29.125Z stdout F Successfully connected",
            "2026-08-03T13:00:29.125+02:00 stderr P [x] text",
            "2026-08-03T11:00:29.125Z stdout F 2025-08-04 11:18:00 [I][client][f:1] text",
            "2026-08-03T11:00:29.125Z stdout text",
            "2026-08-03T11:00:29.125Z text",
        ],
        &expect![[r#"
            Kubernetes | 2026-08-03T11:00:29.125Z | - | Successfully connected
            Kubernetes | 2026-08-03T11:00:29.125Z | - | [x] text
            Cato Client on Linux | 2025-08-04T11:18:00Z | f | text
            no record
            no record
        "#]],
    );
}

#[test]
fn what_begins_otherwise_is_no_record() {
    for line in [
        "",
        "[",
        "text",
        "  \"key\": 1,",
        "Successfully connected to CATO VPN",
        " 20/01/26 16:30:14.825 [D] text",
        "20/01/26 16:30:14.825 text",
        "20/01/26 16:30:14.825",
        "20/01/2026 16:30:14.825 [D] text",
        "20/01/26 16:30:14. [D] text",
        "20/01/26 16:30:14.1234567890 [D] text",
        "2025-08-04 11:18:00",
        "2025-08-04 11:18:00 text",
        "2025-08-04T11:18:00 [I] text",
        "[2026-Sep-03 10:00:00.123",
        "[2026--03 10:00:00.123] text",
        "[message in brackets] text",
        "[1234:5678] text",
        "[1234:5678:0803/110029.123] text",
        "[1:2:3:0803/110029.123:ERROR:f] text",
    ] {
        assert_eq!(
            told(line.as_bytes(), DateOrder::default()),
            "no record",
            "{line}"
        );
    }
}

#[test]
fn the_order_of_the_file_wins_over_that_of_the_format() {
    let windows = b"03/08/26 11:00:29.125 [I] [VPNProc] [1:2] [f : 1] [:] [:] [ :] x";
    let monitoring = b"[03/08/26 11:00:29.125] [Info] [Probe] [1] [2] [f:1] x";
    for (line, order, expected) in [
        (
            &windows[..],
            DateOrder::OfFormat,
            "2026-08-03T11:00:29.125Z",
        ),
        (windows, DateOrder::DayFirst, "2026-08-03T11:00:29.125Z"),
        (windows, DateOrder::MonthFirst, "2026-03-08T11:00:29.125Z"),
        (monitoring, DateOrder::OfFormat, "2026-03-08T11:00:29.125Z"),
        (monitoring, DateOrder::DayFirst, "2026-08-03T11:00:29.125Z"),
        (
            monitoring,
            DateOrder::MonthFirst,
            "2026-03-08T11:00:29.125Z",
        ),
    ] {
        let stamp = strip(line, order).unwrap().stamp.unwrap();
        let time = stamp.time(&TimeZone::UTC).unwrap();
        assert_eq!(time.to_string(), expected, "{order:?}");
    }
}

#[test]
fn a_function_is_what_a_record_can_name() {
    for name in ["log_client_version", "CVpn::connect", "~CVpn", "a b"] {
        assert!(is_function(name), "{name}");
    }
    for name in ["", " ", " f", "f ", "f]", "f] [x"] {
        assert!(!is_function(name), "{name}");
    }
}

#[test]
fn an_impossible_date_is_no_time() {
    for line in [
        "01/26/26 11:00:29.125 [I] [VPNProc] [1:2] [f : 1] x",
        "30/02/26 11:00:29.125 [I] [VPNProc] [1:2] [f : 1] x",
        "00/01/26 11:00:29.125 [I] [VPNProc] [1:2] [f : 1] x",
        "[26/01/26 11:00:29.125] [Info] x",
        "2026-02-30 11:00:29 [I][client][f:1] x",
        "2026-09-03 24:00:00:123 [Tunnel:77] x",
    ] {
        let opened = strip(line.as_bytes(), DateOrder::default()).unwrap();
        let time = opened.stamp.and_then(|stamp| stamp.time(&TimeZone::UTC));
        assert_eq!((time, opened.rest), (None, &b"x"[..]), "{line}");
    }
}

/// Pieces of which lines are made that are nearly records.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("20/01/26 16:30:14.825".to_owned()),
        Just("2025-08-04 11:18:00".to_owned()),
        Just("2025-08-04 11:18:00:123".to_owned()),
        Just("[2026-Sep-03 10:00:00.123]".to_owned()),
        Just("2026-08-03T11:00:29.125Z stdout F ".to_owned()),
        Just("[1:2:0803/110029.123:ERROR:f(1)]".to_owned()),
        "\\[[a-zA-Z:. 0-9]{0,6}\\]",
        "[\\[\\]:/ .0-9a-z-]{0,4}",
        Just(" ".to_owned()),
    ]
}

proptest! {
    /// Nothing is made up: what is left is the line's end.
    #[test]
    fn only_the_front_is_taken_off(pieces in prop::collection::vec(piece(), 0..12)) {
        let line = pieces.concat();
        let opened = strip(line.as_bytes(), DateOrder::default());
        if let Some(opened) = opened {
            prop_assert!(line.as_bytes().ends_with(opened.rest));
            prop_assert!(opened.rest.len() < line.len());
        }
    }

    /// Whatever the message, it is left whole, in each form and with all of its groups.
    #[test]
    fn a_message_is_left_as_it_is(message in "[ -~]{0,40}") {
        for prefix in [
            "2025-08-04 11:18:00 [I][client  ][f:1716][:][:][_:] ",
            "20/01/26 16:30:14.825 [D] [Configurat] [1474:33FC] [f    : 2695] [1:u] [p:x] [U:y] ",
            "[01/09/26 18:05:38.395] [Info] [Probe] [1234] [5678] [Probe.cpp:77] ",
            "01/09/26 18:05:38.395 [ ] [          ] [1A2B:3C4D] ",
            "[1234:5678:0803/110029.123:ERROR:file.cc(12)] ",
            "2026-09-03 10:00:00:123 [Tunnel:77] [0x1f03] [CatoClient] ",
            "2026-09-03 10:00:00:123 [Tunnel:77] [E] [t:12] [p:345] ",
            "[2026-Sep-03 10:00:00.123] [main] [VpnService] - [I] - ",
        ] {
            let line = format!("{prefix}{message}");
            let opened = strip(line.as_bytes(), DateOrder::default()).unwrap();
            prop_assert_eq!(opened.rest, message.as_bytes());
        }
    }
}
