//! Any line: explaining it must not panic, and must say what scanning it does.
//!
//! The first byte chooses the connector's zone. Streams and cuts are `framing`'s.

#![no_main]

use std::sync::{Arc, LazyLock};

use jiff::tz::{Offset, TimeZone};
use libfuzzer_sys::fuzz_target;
use logparse::catalogue::Catalogue;
use logparse::explain::Verdict;
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Scanner, Sink};
use model::connector::ConnectorKind;
use model::event::Event;

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    Arc::new(Catalogue::built_in(ConnectorKind::NetskopePublisher).expect("our rows are proven"))
});

#[derive(Default)]
struct Events(Vec<Event>);

impl Sink for Events {
    fn event(&mut self, hit: &Hit<'_>) {
        self.0.push(hit.event());
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((zone, line)) = data.split_first() else {
        return;
    };
    // Line ends and NULs are the framing's; a mark at the front is the file's.
    if line.iter().any(|byte| b"\n\r\0".contains(byte)) || line.starts_with(b"\xef\xbb\xbf") {
        return;
    }
    let hours = i8::try_from(zone % 24).unwrap_or(0) - 12;
    let zone = TimeZone::fixed(Offset::constant(hours));
    let explained = match CATALOGUE.explain(line, &zone).verdict {
        Verdict::Recognised { event, .. } => vec![event],
        Verdict::NearMiss { .. }
        | Verdict::UnknownFunction
        | Verdict::ForeignAnchor
        | Verdict::NoRow
        | Verdict::Continuation
        | Verdict::Known { .. } => Vec::new(),
    };
    let mut scanned = Events::default();
    let chunk = Chunk {
        bytes: line,
        offset: 0,
        encoding: Encoding::Utf8,
        mid_line: false,
        is_final: true,
        date_order: DateOrder::default(),
        is_stamped: false,
    };
    Scanner::new(Arc::clone(&CATALOGUE), zone).scan(chunk, &mut scanned);
    assert_eq!(scanned.0, explained);
});
