//! What is shown of a line, a field, a path and a mount, and what is not.

use std::sync::Arc;

use logparse::catalogue::Catalogue;
use model::event::{EventKey, EventKind, Field, Reason};

use super::*;

fn check(line: &str, expected: &str) {
    assert_eq!(redact_line(line.as_bytes()).expose(), expected);
}

#[test]
fn a_clients_path_does_not_name_whose_home_it_is() {
    let shown = |kind| shown_path(kind, "/Users/alice/Library/AppLogs/x 1.log");
    assert_eq!(
        shown(ConnectorKind::CatoClient),
        "/Users/<redacted>/Library/AppLogs/x 1.log"
    );
    assert_eq!(
        shown(ConnectorKind::NetskopePublisher),
        "/Users/alice/Library/AppLogs/x 1.log"
    );
    assert_eq!(
        shown_path(ConnectorKind::NetskopeClient, "/opt/home"),
        "/opt/home"
    );
}

#[test]
fn the_words_stay_and_the_names_go() {
    check(
        "neconfig.cpp:121:setClientId():0x0 Client l0ThzLYeZnqA9 set for bob@example.com from 10.1.2.3:99",
        "neconfig.cpp:121:setClientId():0x0 Client <redacted> set for <redacted> from <redacted>:99",
    );
    check(
        "logged in user bob, device: atlas",
        "logged in user <redacted>, device: <redacted>",
    );
    check(
        "user:bob email=carol name=(dave) via|erin",
        "user:<redacted> email=<redacted> name=(<redacted>) via|<redacted>",
    );
    check(
        "user=C:\\Users\\bob host=[2001:db8::1]",
        "user=<redacted>:<redacted> <redacted>",
    );
}

#[test]
fn the_vendors_words_that_prove_it_stay_behind_by_and_to() {
    for line in [
        "x509: certificate signed by unknown authority",
        "Connect to stitcher status: Resolving",
    ] {
        check(line, line);
    }
}

#[test]
fn every_field_of_a_clients_built_in_rows_may_be_shown() {
    for kind in [ConnectorKind::NetskopeClient, ConnectorKind::CatoClient] {
        let catalogue = Catalogue::built_in(kind).unwrap();
        for row in catalogue.rows() {
            for field in row.fields.iter().filter(|name| !row.context.contains(name)) {
                let shown = shown_field(field, &Untrusted::new("text"));
                assert_eq!(shown, "text", "`{field}` of {}", row.place);
            }
        }
    }
}

#[test]
fn what_tells_of_a_person_is_not_shown_as_it_is() {
    for name in ["user", "host", "process", "email", "file", "anything_else"] {
        let shown = shown_field(name, &Untrusted::new("bob"));
        assert_eq!(shown, "<redacted>", "{name}");
    }
    assert!(!may_keep_samples(ConnectorKind::NetskopeClient));
    assert!(!may_keep_samples(ConnectorKind::CatoClient));
}

fn quoted(line: &str, fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| Field {
        name: Arc::from(*name),
        value: Untrusted::new(value),
    };
    let event = Event {
        key: EventKey {
            kind: EventKind::TunnelConnected,
            reason: Reason::none(),
        },
        time: None,
        fields: fields.iter().map(field).collect(),
    };
    quoted_line(line.as_bytes(), &event).expose().to_owned()
}

#[test]
fn a_quoted_line_keeps_its_date_and_what_its_event_shows_anyway() {
    let line = "[pub:2024-03-04 08:42:02.000400 +00:00] [info] \
                eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": \
                \"NPACONNECTED\", \"stitcherIp\": \"203.0.113.7\", \"user\": \"bob\"}";
    let fields = [("stitcher", "203.0.113.7"), ("user", "bob")];
    assert_eq!(quoted(line, &fields), line.replace("bob", "<redacted>"));
    let wizard = "2024/05/02 02:10:06 UTC Publisher auto-update failed while downloading \
                docker image.";
    assert_eq!(quoted(wizard, &[]), wizard);
    let long = "é".repeat(QUOTED_CHARS_MAX);
    let cut = quoted(&long, &[]);
    assert!(cut.chars().count() <= QUOTED_CHARS_MAX && 100 < cut.chars().count());
}

#[test]
fn only_an_events_name_of_the_vendors_is_shown() {
    let long = format!("NPA{}", "A".repeat(38));
    for (key, value) in [
        ("user", "NPACONNECTED"),
        ("eventId", "bob"),
        ("eventId", "NPA"),
        ("eventId", "NPA_BOB"),
        ("eventId", &long),
    ] {
        let expected = format!("{{\"{key}\": \"<redacted>\"}}");
        check(&format!("{{\"{key}\": \"{value}\"}}"), &expected);
    }
}

#[test]
fn the_vendors_own_sentences_stay_whole() {
    for line in [
        "2024/05/02 02:10:01 UTC Publisher auto-update failed due to timeout.",
        "2021/08/19 13:21:06 UTC Attempt 1651 to register publisher.",
    ] {
        check(line, line);
    }
    check("connected to bob", "connected to <redacted>");
}

#[test]
fn of_a_tls_errors_class_only_openssls_words_are_shown() {
    let shown = |words: &str| shown_field("class", &Untrusted::new(words));
    let class = "sslv3 alert certificate unknown";
    assert_eq!(shown(class), class);
    assert_eq!(
        shown("verify failed for bob"),
        "verify failed for <redacted>"
    );
    assert_eq!(
        shown("one two three four five alice"),
        "one two three four five"
    );
}

#[test]
fn json_keeps_its_keys_and_hides_its_texts() {
    check(
        "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": 5, \"user\": \"bob\", \"hostname\": \"fileserver\"}",
        "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": 5, \"user\": \"<redacted>\", \"hostname\": \"<redacted>\"}",
    );
    check("{\"user\": bob}", "{\"user\": <redacted>}");
}

#[test]
fn an_address_is_no_anchor_because_it_looks_a_bit_like_one() {
    check(
        "sslhelper.cpp:1:logSslError():0x0 to https://x/a.cpp:1:f():0x0?u=bob",
        "sslhelper.cpp:1:logSslError():0x0 to <redacted>",
    );
}

#[test]
fn a_torn_character_is_no_trouble() {
    let line = "é".repeat(SAMPLE_BYTES_MAX);
    let shown = redact_line(&line.as_bytes()[..SAMPLE_BYTES_MAX + 1]);
    assert!(shown.expose().starts_with('é'));
}

#[test]
fn what_people_mount_is_not_named_after_them() {
    for (path, shown) in [
        ("/", "/"),
        ("/home", "/home"),
        ("/home/bob", "/home/<redacted>"),
        ("/run/media/bob/BOBS STICK", "/run/media/<redacted>"),
        ("/media/bob", "/media/<redacted>"),
        ("/var/lib", "/var/lib"),
    ] {
        assert_eq!(shown_mountpoint(path), shown, "{path}");
    }
    for (device, shown) in [
        ("/dev/sda1", "/dev/sda1"),
        ("tmpfs", "tmpfs"),
        ("bob@files:/home/bob", "<redacted>"),
        ("//files/bob", "<redacted>"),
    ] {
        assert_eq!(shown_device(device), shown, "{device}");
    }
}
