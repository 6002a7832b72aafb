//! When events happened last, however a log is cut into batches.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Scanner};
use model::position::FileId;

use super::client_lines::{draw, netskope_ledger};
use super::*;
use crate::pipeline::fold::{FileRef, Fold};
use crate::pipeline::ledger::{Ledger, LogPlace};

/// A flow past the tunnel, at a day and time of April.
fn bypassed(time: &str) -> String {
    format!("2024/04/{time}.000 stAgentSvc p1 t1 info b.cpp:6 BypassAppMgr Bypassing flow x\n")
}

/// A flow into the tunnel.
fn tunneled(time: &str) -> String {
    format!(
        "2024/04/{time}.000 stAgentSvc p1 t1 info tunnel.cpp:1 nsTunnel TLS [sessId 1] \
         Tunneling flow from addr: x\n"
    )
}

/// Nothing is led into the tunnel any more.
fn failed(time: &str) -> String {
    format!(
        "2024/04/{time}.000 stAgentSvc p1 t1 info tunnelMgr.cpp:1 CTunnelMgr \
         failed to start filter device\n"
    )
}

fn take(ledger: &mut Ledger, file: u64, batch: &str) {
    let place = LogPlace {
        connector: 0,
        log: 0,
    };
    let file = FileRef {
        id: FileId(file),
        path: Path::new("nsdebuglog.log"),
    };
    let catalogue = Arc::clone(&ledger.connectors[0].plan.catalogue);
    let now: Timestamp = "2024-05-01T00:00:00Z".parse().unwrap();
    let mut fold = Fold::new(ledger, place, file, now);
    let chunk = Chunk {
        bytes: batch.as_bytes(),
        offset: 0,
        encoding: Encoding::Utf8,
        mid_line: false,
        is_final: true,
        date_order: DateOrder::default(),
        is_stamped: false,
    };
    let scanned = Scanner::new(catalogue, TimeZone::UTC).scan(chunk, &mut fold);
    fold.add_up(&scanned.tally, u64::try_from(scanned.consumed).unwrap());
}

/// Reads one file after the other, whole and line by line, and tells each event's last
/// time.
fn check(files: &[String], expected: &[(EventKind, &str)]) {
    let (mut whole, mut cut) = (netskope_ledger(), netskope_ledger());
    for (file, text) in (0..).zip(files) {
        take(&mut whole, file, text);
        for line in text.split_inclusive('\n') {
            take(&mut cut, file, line);
        }
    }
    for ledger in [whole, cut] {
        let known = draw(&ledger).last_events;
        let told: Vec<_> = known
            .iter()
            .map(|(kind, at)| (*kind, at.strftime("%d %H:%M").to_string()))
            .collect();
        let told: Vec<_> = told.iter().map(|(kind, at)| (*kind, &**at)).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn a_batch_with_one_late_line_is_news_to_its_end() {
    let later = bypassed("26 09:00:00") + &bypassed("28 11:00:00") + &bypassed("26 09:30:00");
    let old = bypassed("19 07:00:00") + &bypassed("20 08:00:00");
    check(
        &[bypassed("28 10:00:00"), later, old],
        &[(EventKind::FlowBypassed, "26 09:30")],
    );
}

#[test]
fn a_flow_that_heals_steering_keeps_its_place_among_the_others() {
    let text = tunneled("28 10:00:00")
        + &tunneled("28 10:01:00")
        + &failed("28 10:02:00")
        + &tunneled("28 10:03:00")
        + &bypassed("28 10:04:00");
    check(
        &[text],
        &[
            (EventKind::SteeringFailed, "28 10:02"),
            (EventKind::FlowTunneled, "28 10:03"),
            (EventKind::FlowBypassed, "28 10:04"),
        ],
    );
}
