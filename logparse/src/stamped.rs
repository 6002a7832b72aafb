//! Tells by a file's start whether its records begin with their product's time.
//!
//! A client's text without a prefix counts, because samples are published so. In a file
//! of whole records it must not: it is then the rest of a record, and names of processes
//! or a device's answers may hold line ends. Which line counts is `scan`'s; which bytes
//! are a file's first is the caller's.
//!
//! Known limit: a file whose first [`START_BYTES_MAX`] bytes show no beginning of a
//! record, such as one that begins in the middle of a longer record, is taken for a file
//! of cut samples. What a client's command prints does not count in a container's log
//! that the client's records stand in as well.

use model::connector::ConnectorKind;

use crate::date_order::DateOrder;
use crate::framing::text_of_start;
use crate::prefix::{cato, docker, netskope_client};

/// Most bytes of a file's start that are looked at: as many as a follower of the file
/// keeps, so that everyone who reads it counts the same.
pub const START_BYTES_MAX: usize = 1024;

/// Whether the log of a `kind` whose first bytes are `start` (not those of a chunk), in
/// any encoding and perhaps in a container runtime's frame, has stamped records.
///
/// One line with its product's time is enough: a file may begin in the middle of a
/// record. Always false for a Publisher, whose texts may have no time.
pub fn is_stamped(kind: ConnectorKind, start: &[u8]) -> bool {
    let start = start.get(..START_BYTES_MAX).unwrap_or(start);
    let mut decoded = String::new();
    let text = text_of_start(start, &mut decoded);
    // A power loss leaves NULs between a torn record and the next one.
    let mut lines = text.split(|byte| [b'\n', 0].contains(byte));
    lines.any(|line| is_line_stamped(kind, line))
}

fn is_line_stamped(kind: ConnectorKind, line: &[u8]) -> bool {
    let mut unpacked = String::new();
    let text = match docker::unpack(line, &mut unpacked) {
        Some(_) => unpacked.as_bytes(),
        // The start may end within Docker's line. Nothing in a prefix is escaped in JSON.
        None => line.strip_prefix(docker::TEXT_OPENING).unwrap_or(line),
    };
    let opened = match kind {
        ConnectorKind::NetskopePublisher => None,
        ConnectorKind::NetskopeClient => netskope_client::strip(text),
        ConnectorKind::CatoClient => cato::strip(text, DateOrder::default()),
    };
    opened.is_some_and(|opened| opened.is_stamped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETSKOPE: &str = "2024/04/28 11:02:28.409 stAgentSvc p17fc tb44 info tunnel.cpp:1 x";
    const PRIVATE_ACCESS: &str = "[laptop:2024-05-01 07:50:34.981002 +02:00] x";
    const CATO: &str = "03/08/26 11:00:29.125 [I] [VPNProc] [1634:2BE4] [connect : 12] x";
    const BROWSER: &str = "[2210:2225:0120/163014.825:ERROR:gpu_init.cc(440)] failed";

    fn check(kind: ConnectorKind, start: &[u8], expected: bool) {
        let told = is_stamped(kind, start);
        assert_eq!(told, expected, "{:?}", String::from_utf8_lossy(start));
    }

    fn stamped() -> [(ConnectorKind, &'static str); 4] {
        [
            (ConnectorKind::NetskopeClient, NETSKOPE),
            (ConnectorKind::NetskopeClient, PRIVATE_ACCESS),
            (ConnectorKind::CatoClient, CATO),
            (ConnectorKind::CatoClient, BROWSER),
        ]
    }

    #[test]
    fn one_record_with_its_time_is_enough() {
        for (kind, record) in stamped() {
            check(kind, record.as_bytes(), true);
            let torn = format!("st of a record\r\n\n{record}\r\n");
            check(kind, torn.as_bytes(), true);
            let lost = format!("the beginning of a rec{}{record}\n", "\0".repeat(600));
            check(kind, lost.as_bytes(), true);
            let cut = format!("{record}{}", "x".repeat(5000));
            check(kind, cut.as_bytes(), true);
        }
    }

    #[test]
    fn encodings_and_frames_do_not_hide_it() {
        for (kind, record) in stamped() {
            let marked = format!("\u{feff}st\n{record}\n");
            check(kind, marked.as_bytes(), true);
            let low_first: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            check(kind, &low_first, true);
            let high_first: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
            check(kind, &high_first, true);
            let docker = format!("{{\"log\":\"{record}\\n\",\"stream\":\"stdout\"}}\n");
            check(kind, docker.as_bytes(), true);
            let turned = format!("{{\"stream\":\"stdout\",\"log\":\"{record}\\n\"}}\n");
            check(kind, turned.as_bytes(), true);
            let cut = format!("{{\"log\":\"{record}{}", "x".repeat(5000));
            check(kind, cut.as_bytes(), true);
        }
        let kubernetes = format!("2026-01-20T16:30:14.825Z stdout F {CATO}\n");
        check(ConnectorKind::CatoClient, kubernetes.as_bytes(), true);
    }

    #[test]
    fn texts_without_the_products_own_time_are_samples() {
        for start in [
            "",
            "\0\0",
            "{",
            "{\"log\":\"",
            "tunnel.cpp:988            TLS x\n",
            "Successfully connected to CATO VPN\n",
            "2026-01-20T16:30:14.825Z stdout F Cato client is connected\n",
            "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-20T16:30:14.825Z\"}\n",
        ] {
            for kind in ConnectorKind::ALL {
                check(*kind, start.as_bytes(), false);
            }
        }
        check(ConnectorKind::CatoClient, NETSKOPE.as_bytes(), false);
        check(ConnectorKind::NetskopeClient, CATO.as_bytes(), false);
        let late = format!("{}\n{CATO}", "x".repeat(START_BYTES_MAX));
        check(ConnectorKind::CatoClient, late.as_bytes(), false);
    }
}
