//! Nobody who writes names, URLs or headers can write events.
//!
//! Every line that is an event is put into every place of every other line where
//! somebody else's text may stand. Only the outer record may count, as it does with
//! a harmless text in that place.

use logparse::framing::Encoding;
use proptest::prelude::*;

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
    // Texts that begin as a prefix does.
    "127 clients seen, last UA was {}",
    "17 bytes from host {}",
    "10.1.2.3 - bob {}",
    "10.1.2.3 {}",
    "[req 17] GET /x User-Agent: Mozilla {}",
    "[req 17] (a b) said {}",
    "<7> said {}",
    "2024-05-02 02:10:00 said {}",
    "2024-05-02T02:10:00Z User-Agent: x[1]: {}",
    "05/02 02:10:00 User-Agent: [info] {}",
    "May 2 users, last was {}",
    "May  2 02:10:00 pub-01 User-Agent: {}",
    "ERROR 5 from {}",
    "0x7f12 user {}",
    "pid 7 said | {}",
    "12 | user said | {}",
];

/// What may stand before a record.
const PREFIXES: &[&str] = &[
    "",
    "[npa-pub-01:2024-03-04 08:42:02.000400 +00:00] [info] ",
    "Nov  2 10:00:00 host npa[12]: ",
    "<14>Nov  2 10:00:00 host npa: ",
    "2024-05-02T02:10:00Z stdout F ",
    "publisher-1  | ",
    "[pod/publisher-0/publisher] ",
];

/// Prefixes that no style describes, in parts.
const OPEN: &[&[&str]] = &[
    &["2024-05-02 02:10:00,123", "INFO", "[12]"],
    &["05/02", "02:10:00.123", "(1234)", "info:"],
    &["<14>May", "2", "02:10:00", "host", "publisher[77]:"],
    &["[2024-05-02T02:10:00Z]", "[info]", "[tid 77]"],
    &["0x7f12", "[warn]"],
    &["[a b]"],
    &["17:03", "pid 7"],
    &["INFO", "[tid 5]"],
    &["pub |", "[tid 5]", "-"],
    &["Thu", "May", "2", "02:10:00", "UTC", "2024"],
    &["02/May/2024:02:10:00", "+0200", "pub-01", "[info]"],
];

/// Which parts of [`OPEN`] complete a time stamp: a host's name may follow them.
const TIMES: &[&str] = &["02:10:00.123", "02:10:00", "UTC", "+0200"];

/// An anchor that is an event, and one that is a near miss.
const ANCHORS: [&str; 2] = [
    "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 x",
    "sslhelper.cpp:302:logSslError():0x0 said",
];

/// What a line makes: kinds of events, or the function of a near miss.
fn kinds(line: &str) -> Vec<String> {
    let told = scan(line.as_bytes(), Encoding::Utf8, &[]);
    let kind = |name: &&str| name.split('|').next().unwrap_or_default().to_owned();
    let misses = told.misses.iter().map(|(_, function)| function.clone());
    told.names().iter().map(kind).chain(misses).collect()
}

/// `line` as Docker's `json-file` driver writes it.
fn in_docker(line: &str) -> String {
    let text = format!("{line}\n");
    format!(
        "{{\"log\":{},\"stream\":\"stdout\",\"time\":\"2024-05-02T02:10:00Z\"}}",
        serde_json::Value::from(text)
    )
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
                let packed = in_docker(&forged);
                assert_eq!(kinds(&packed), harmless, "{packed}");
            }
        }
    }
}

#[test]
fn a_near_miss_within_another_record_never_counts() {
    for outer in OUTER {
        for prefix in PREFIXES {
            let harmless = kinds(&format!("{prefix}{}", outer.replace("{}", "harmless")));
            for anchor in ANCHORS {
                let forged = format!("{prefix}{}", outer.replace("{}", anchor));
                assert_eq!(kinds(&forged), harmless, "{forged}");
                assert_eq!(kinds(&in_docker(&forged)), harmless, "{forged}");
            }
        }
    }
}

#[test]
fn a_message_of_a_known_function_is_read_as_that_functions_only() {
    let examples = CATALOGUE.rows().iter().flat_map(|row| &row.examples);
    for example in examples {
        let forged = format!("sslhelper.cpp:80:verify_callback():0x0 {}", example.line);
        assert_eq!(
            kinds(&forged),
            ["sslhelper.cpp:verify_callback"],
            "{forged}"
        );
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
    let [anchor, _] = ANCHORS;
    let joined = OPEN.iter().map(|parts| format!("{} ", parts.join(" ")));
    let tight = ["[a b]", "pub |", "INFO[0012] "].map(str::to_owned);
    for before in joined.chain(tight) {
        for prefix in PREFIXES {
            let line = format!("{prefix}{before}{anchor}");
            assert_eq!(kinds(&line), ["tls.error"], "{line}");
            assert_eq!(kinds(&in_docker(&line)), ["tls.error"], "{line}");
        }
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

#[test]
fn nuls_that_a_client_sends_do_not_end_a_record() {
    let event = "Publisher registered successfully.";
    for count in [1, 16, 511] {
        let nuls = "\0".repeat(count);
        let forged = format!("policy.cpp:1:x():0x0 url={nuls}{event}");
        assert!(kinds(&forged).is_empty(), "{count}");
        // At the front of a line nobody has written anything yet.
        assert_eq!(kinds(&format!("{nuls}{event}")), ["registration.succeeded"]);
    }
    let torn = format!("policy.cpp:1:x():0x0 url={}{event}", "\0".repeat(512));
    assert_eq!(kinds(&torn), ["registration.succeeded"]);
}

/// Words that prefixes are made of.
fn is_prefix_word(word: &str) -> bool {
    let levels = "trace debug info notice warn warning err error crit critical fatal alert emerg";
    let dates = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun";
    levels
        .split(' ')
        .any(|level| level.eq_ignore_ascii_case(word))
        || dates.split(' ').any(|date| date == word)
        || ["UTC", "GMT", "pid", "tid"].contains(&word)
}

proptest! {
    /// One free word makes a sentence of a prefix, wherever it stands: only a host
    /// may, after a whole time stamp.
    #[test]
    fn a_free_word_anywhere_in_an_unknown_prefix_counts_nothing(
        parts in prop::sample::select(OPEN),
        prefix in prop::sample::select(PREFIXES),
        anchor in prop::sample::select(&ANCHORS[..]),
        word in "[A-Za-z]{1,12}".prop_filter("free", |word| !is_prefix_word(word)),
        place in 0..6_usize,
    ) {
        let (head, tail) = parts.split_at(place.min(parts.len()));
        let is_host = head.last().is_some_and(|part| TIMES.contains(part))
            && tail.first().is_some_and(|part| part.starts_with(['[', '(']));
        prop_assume!(!is_host);
        let words: Vec<_> = head.iter().chain([&word.as_str()]).chain(tail).copied().collect();
        let line = format!("{prefix}{} {anchor}", words.join(" "));
        prop_assert!(kinds(&line).is_empty(), "{line}");
        prop_assert!(kinds(&in_docker(&line)).is_empty(), "{line}");
    }
}
