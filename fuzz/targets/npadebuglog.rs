//! Any host and any text in a record of a Netskope Client's `npadebuglog.log`: the host
//! changes neither time nor meaning, and the text means what it would without prefix.
//!
//! Host and text are parted by the first line end. Streams and cuts are `nsdebuglog`'s.

#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use logparse::catalogue::Catalogue;
use logparse::explain::{Explanation, Verdict};
use model::connector::ConnectorKind;
use model::event::EventKey;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::built_in(ConnectorKind::NetskopeClient).expect("our rows are proven")
});

/// Longest host that leaves the prefix within what is looked at, in bytes.
const HOST_BYTES_MAX: usize = 100;

fn explain(parts: &[&[u8]]) -> Explanation {
    CATALOGUE.explain(&parts.concat(), &TimeZone::UTC)
}

fn key(explanation: &Explanation) -> Option<&EventKey> {
    match &explanation.verdict {
        Verdict::Recognised { event, .. } => Some(&event.key),
        Verdict::NearMiss { .. }
        | Verdict::UnknownFunction
        | Verdict::ForeignAnchor
        | Verdict::NoRow
        | Verdict::Known { .. }
        | Verdict::Continuation => None,
    }
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (Some(host), Some(text)) = (parts.next(), parts.next()) else {
        return;
    };
    if HOST_BYTES_MAX < host.len() || host.contains(&b']') || text.contains(&b'\n') {
        return;
    }
    let stamp = b":2024-05-01 07:50:34.981002 +02:00] ";
    let time: Timestamp = "2024-05-01T05:50:34.981002Z".parse().expect("a time");
    let known = explain(&[
        b"[",
        host,
        stamp,
        b"[info] policy.cpp:9:poll(): SRP live status is 1",
    ]);
    assert!(key(&known).is_some());
    assert_eq!(known.time, Some(time));
    let told = explain(&[b"[", host, stamp, text]);
    assert_eq!(told.time, Some(time));
    assert!(!matches!(told.verdict, Verdict::Continuation));
    // A text that begins with a prefix of its own is read as a record if it stands alone.
    let has_prefix = text
        .first()
        .is_none_or(|byte| b"[{0123456789".contains(byte));
    if !has_prefix {
        assert_eq!(key(&told), key(&explain(&[text])));
    }
});
