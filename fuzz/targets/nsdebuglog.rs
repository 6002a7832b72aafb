//! Any log of a Netskope Client, in any cutting: the cuts must not show, explaining a
//! line must say what scanning it does, and a name in a record must write no event.
//!
//! The first byte chooses the connector's zone, the second where the log is cut.

#![no_main]

use std::sync::{Arc, LazyLock};

use jiff::tz::{Offset, TimeZone};
use libfuzzer_sys::fuzz_target;
use logparse::catalogue::Catalogue;
use logparse::date_order::DateOrder;
use logparse::explain::Verdict;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Scanner, Sink, Tally};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use model::event::{Event, EventKind};

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    Arc::new(Catalogue::built_in(ConnectorKind::NetskopeClient).expect("our rows are proven"))
});

/// What stands before and after the name of a process.
const FLOW: [&[u8]; 2] = [
    b"2024/04/28 11:02:28.409 stAgentSvc p17fc tb44 info tunnel.cpp:878 nsTunnel DTLS \
      [sessId 1] Tunneling flow from addr: 10.0.2.140:60894, process: ",
    b" to host: x.example, addr: 192.0.2.1:443 to nsProxy",
];

#[derive(Default)]
struct Events(Vec<(u64, Event)>);

impl Sink for Events {
    fn event(&mut self, hit: &Hit<'_>) {
        let event = hit.event();
        assert_eq!(event.time, hit.time());
        self.0.push((hit.offset(), event));
    }
}

/// Scans `log` in two pieces, the first of at most `cut` bytes.
fn scan(log: &[u8], cut: usize, zone: &TimeZone) -> (Vec<(u64, Event)>, [u64; 5]) {
    let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), zone.clone());
    let mut events = Events::default();
    let (mut done, mut mid_line) = (0, false);
    let mut sums = [0; 5];
    for end in [cut.min(log.len()), log.len()] {
        let chunk = Chunk {
            bytes: &log[done..end],
            offset: done as u64,
            encoding: Encoding::sniff(log),
            mid_line,
            is_final: end == log.len(),
            date_order: DateOrder::default(),
            is_stamped: is_stamped(ConnectorKind::NetskopeClient, log),
        };
        let scanned = scanner.scan(chunk, &mut events);
        done += scanned.consumed;
        mid_line = scanned.mid_line;
        for (sum, count) in sums.iter_mut().zip(counts(&scanned.tally)) {
            *sum += count;
        }
    }
    (events.0, sums)
}

fn counts(tally: &Tally) -> [u64; 5] {
    let outcomes = [
        tally.recognised,
        tally.ignored,
        tally.oversize,
        tally.invalid_utf8,
        tally.continuation,
    ];
    assert_eq!(tally.lines, outcomes.iter().sum::<u64>());
    outcomes
}

fuzz_target!(|data: &[u8]| {
    let [zone, cut, log @ ..] = data else {
        return;
    };
    let hours = i8::try_from(zone % 24).unwrap_or(0) - 12;
    let zone = TimeZone::fixed(Offset::constant(hours));
    let whole = scan(log, log.len(), &zone);
    assert_eq!(scan(log, usize::from(*cut), &zone), whole);
    // Line ends and NULs are the framing's; a mark at the front is the file's.
    let is_line = !log.iter().any(|byte| b"\n\r\0".contains(byte));
    if !is_line || log.starts_with(b"\xef\xbb\xbf") || Encoding::sniff(log) != Encoding::Utf8 {
        return;
    }
    let explained = match CATALOGUE.explain(log, &zone).verdict {
        Verdict::Recognised { event, .. } => vec![(0, event)],
        Verdict::NearMiss { .. }
        | Verdict::UnknownFunction
        | Verdict::ForeignAnchor
        | Verdict::NoRow
        | Verdict::Known { .. }
        | Verdict::Continuation => Vec::new(),
    };
    assert_eq!(explained, whole.0);
    let [before, after] = FLOW;
    let flow = [before, log, after].concat();
    let (events, _) = scan(&flow, flow.len(), &zone);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1.key.kind, EventKind::FlowTunneled);
    assert!(events[0].1.fields.is_empty());
});
