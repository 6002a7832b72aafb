//! Any log of a Cato Client, in any cutting: the cuts must not show, explaining a line
//! must say what scanning it does, and the order of dates may change times only.
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
use logparse::scan::{Chunk, Hit, Scanner, Sink};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use model::event::Event;

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    Arc::new(Catalogue::built_in(ConnectorKind::CatoClient).expect("our rows are proven"))
});

/// Names of files: with a start, with a day, with neither.
const NAMES: [Option<&str>; 3] = [
    Some("cato_vpn_6.13.0.0_20260803110029.log"),
    Some("CatoClient.Trace.5.16.5_2025-08-07.log"),
    None,
];

#[derive(Default)]
struct Events(Vec<(u64, Event)>);

impl Sink for Events {
    fn event(&mut self, hit: &Hit<'_>) {
        self.0.push((hit.offset(), hit.event()));
    }
}

/// Scans `log` in two pieces, the first of at most `cut` bytes.
fn scan(log: &[u8], cut: usize, order: DateOrder, zone: &TimeZone) -> Vec<(u64, Event)> {
    let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), zone.clone());
    let mut events = Events::default();
    let (mut done, mut mid_line) = (0, false);
    for end in [cut.min(log.len()), log.len()] {
        let chunk = Chunk {
            bytes: &log[done..end],
            offset: done as u64,
            encoding: Encoding::sniff(log),
            mid_line,
            is_final: end == log.len(),
            date_order: order,
            is_stamped: is_stamped(ConnectorKind::CatoClient, log),
        };
        let scanned = scanner.scan(chunk, &mut events);
        done += scanned.consumed;
        mid_line = scanned.mid_line;
    }
    events.0
}

fuzz_target!(|data: &[u8]| {
    let [zone, cut, log @ ..] = data else {
        return;
    };
    let hours = i8::try_from(zone % 24).unwrap_or(0) - 12;
    let zone = TimeZone::fixed(Offset::constant(hours));
    let cut = usize::from(*cut);
    let whole = scan(log, log.len(), DateOrder::default(), &zone);
    let found = NAMES.map(|name| DateOrder::detect(name, log));
    for order in [DateOrder::DayFirst, DateOrder::MonthFirst]
        .into_iter()
        .chain(found)
    {
        let told = scan(log, cut, order, &zone);
        let same = told
            .iter()
            .map(|(offset, event)| (offset, &event.key, &event.fields));
        assert!(
            same.eq(whole
                .iter()
                .map(|(offset, event)| (offset, &event.key, &event.fields)))
        );
        if order == DateOrder::default() {
            assert_eq!(told, whole);
        }
    }
    // Line ends and NULs are the framing's; a mark at the front is the file's.
    let is_line = !log.iter().any(|byte| b"\n\r\0".contains(byte));
    if is_line && !log.starts_with(b"\xef\xbb\xbf") && Encoding::sniff(log) == Encoding::Utf8 {
        let explained = match CATALOGUE.explain(log, &zone).verdict {
            Verdict::Recognised { event, .. } => vec![(0, event)],
            Verdict::NearMiss { .. }
            | Verdict::UnknownFunction
            | Verdict::ForeignAnchor
            | Verdict::NoRow
            | Verdict::Known { .. }
            | Verdict::Continuation => Vec::new(),
        };
        assert_eq!(explained, whole);
    }
});
