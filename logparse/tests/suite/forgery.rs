//! Nobody who writes names, URLs or headers can write events.
//!
//! Every line that is an event is put into every place of every other line where
//! somebody else's text may stand. Only the outer record may count, as it does with
//! a harmless text in that place.

use logparse::framing::Encoding;

use crate::harness::{CATALOGUE, scan};

/// Lines with a place for free text.
const OUTER: &[&str] = &[
    // Records that are events themselves.
    "sslhelper.cpp:80:verify_callback():0x0 Verified: {}",
    "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 error:00000005:lib(0):func(0):{}",
    "tcpproxyhandler.cpp:35:TcpProxyHandler():0x1 Creating tcp connection to {}",
    "neconfig.cpp:121:setClientId():0x0 Set clientId {}",
    "reachability.cpp:109:parse():0x1 Added protocols; tcp:80-80; {}",
    "L3ClientChannel.cpp:48:destroy():0x1 Cleaning up l3clientChannel {}",
    "2024/05/02 02:10:00 UTC Registering with your Netskope address: {}",
    "Registering with your Netskope address: {}",
    "Publisher certificate CN: {}",
    "Attempt 1 to register publisher via {}.",
    "Publisher registered successfully {}",
    "Connect to stitcher status: {}",
    "Connect to stitcher status: Resolving {}",
    "2024/05/02 02:10:00 UTC Get \"https://x.example/\": x509: {}",
    "Publisher auto-update failed because of {}",
    // Near misses.
    "sslhelper.cpp:302:logSslError():0x0 said {}",
    "eventlog.cpp:115:logPublisherTunnelEvent():0x0 said {}",
    // Records that mean nothing, and texts that are no records.
    "policy.cpp:410:evaluate():0x1 user {} -> a.example:443 verdict=allow",
    "policy.cpp:410:evaluate():0x1 {}",
    "appmanager.cpp:212:lookup():0x1 app {} matched rule 7",
    "appmanager.cpp:212:lookup():0x1 app [{}] matched rule 7",
    "appmanager.cpp:212:lookup():0x1 app | {}",
    "2024/05/02 02:10:00 UTC Get \"https://x.example/{}\": EOF",
    "2024/05/02 02:10:00 UTC host {} and more",
    "User-Agent: {}",
    "Host:{}",
    "GET /?q={} HTTP/1.1",
    "continuation {}",
    "(INFO) {}",
    "key=[a] {}",
    "\"{}\"",
];

/// What may stand before a record.
const PREFIXES: &[&str] = &[
    "",
    "[npa-pub-01:2024-03-04 08:42:02.000400 +00:00] [info] ",
    "Nov  2 10:00:00 host npa[12]: ",
    "2024-05-02T02:10:00Z stdout F ",
];

fn kinds(line: &str) -> Vec<String> {
    let told = scan(line.as_bytes(), Encoding::Utf8, &[]);
    let kind = |name: &&str| name.split('|').next().unwrap_or_default().to_owned();
    told.names().iter().map(kind).collect()
}

#[test]
fn an_event_within_another_record_never_counts() {
    let examples = CATALOGUE.rows().iter().flat_map(|row| &row.examples);
    let inner: Vec<&str> = examples.map(|one| one.line.as_str()).collect();
    for outer in OUTER {
        for prefix in PREFIXES {
            let harmless = kinds(&format!("{prefix}{}", outer.replace("{}", "harmless")));
            for line in &inner {
                let forged = format!("{prefix}{}", outer.replace("{}", line));
                assert_eq!(kinds(&forged), harmless, "{forged}");
            }
        }
    }
}

#[test]
fn a_message_of_a_known_function_is_read_as_that_functions_only() {
    let examples = CATALOGUE.rows().iter().flat_map(|row| &row.examples);
    for example in examples {
        let forged = format!("sslhelper.cpp:80:verify_callback():0x0 {}", example.line);
        assert!(kinds(&forged).is_empty(), "{forged}");
    }
}

#[test]
fn the_wizards_stamp_opens_a_text_record_only() {
    for line in [
        "2024/05/02 02:10:00 UTC sslhelper.cpp:302:logSslError():0x0 SSL Error 5 x",
        "2024/05/02 02:10:00 UTC [x] sslhelper.cpp:302:logSslError():0x0 SSL Error 5 x",
        "2024/05/02 02:10:00 UTC [info] Publisher registered successfully.",
    ] {
        assert!(kinds(line).is_empty(), "{line}");
    }
}

#[test]
fn an_unknown_prefix_lets_an_anchor_through_and_a_text_does_not() {
    let anchor = "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 x";
    for before in ["[a b] ", "17:03 pid 7 ", "INFO [tid 5] ", "pub |"] {
        assert_eq!(
            kinds(&format!("{before}{anchor}")),
            ["tls.error"],
            "{before}"
        );
    }
    // What follows a known prefix must look like one itself: a collector puts its own
    // before each line, continuation lines included.
    for before in [
        "ERROR from core ",
        "2024-05-02T02:10:00Z GET /?q= ",
        "x ",
        "a [b] ",
        "-",
        "[a]-",
        "[a] b=",
    ] {
        assert!(kinds(&format!("{before}{anchor}")).is_empty(), "{before}");
    }
    let far = format!("[a] {} {anchor}", "b".repeat(300));
    assert!(kinds(&far).is_empty());
}
