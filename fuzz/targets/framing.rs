//! Any bytes, cut anywhere, in any encoding: the cuts must not show in the result.
//!
//! The first bytes choose the encoding and the cuts, the rest is the file. Does not
//! judge what the lines mean; `prefix` looks closer at single lines.

#![no_main]

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use logparse::catalogue::{Catalogue, FunctionId};
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Miss, Scanner, Sink, Tally};
use model::connector::ConnectorKind;

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    Arc::new(Catalogue::built_in(ConnectorKind::NetskopePublisher).expect("our rows are proven"))
});

#[derive(Debug, Default, PartialEq)]
struct Told {
    events: Vec<(u64, usize)>,
    misses: Vec<(u64, usize)>,
    sums: [u64; 7],
}

impl Sink for Told {
    fn event(&mut self, hit: &Hit<'_>) {
        self.events.push((hit.offset(), hit.pair().0));
        assert_eq!(hit.event().key, *hit.key());
    }

    fn near_miss(&mut self, function: FunctionId, miss: &Miss<'_>) {
        self.misses.push((miss.offset(), function.0));
    }
}

fn scan(stream: &[u8], encoding: Encoding, cuts: &[usize]) -> Told {
    let mut scanner = Scanner::new(Arc::clone(&CATALOGUE), TimeZone::UTC);
    let mut told = Told::default();
    let (mut done, mut end, mut mid_line) = (0, 0, false);
    for more in cuts.iter().map(|cut| Some(*cut)).chain([None]) {
        end = more.map_or(stream.len(), |more| (end + more).min(stream.len()));
        let chunk = Chunk {
            bytes: &stream[done..end],
            offset: done as u64,
            encoding,
            mid_line,
            is_final: more.is_none(),
            date_order: DateOrder::default(),
            is_stamped: false,
        };
        let scanned = scanner.scan(chunk, &mut told);
        done += scanned.consumed;
        mid_line = scanned.mid_line;
        add(&mut told.sums, scanned.tally);
    }
    assert_eq!(done, stream.len());
    told
}

fn add(sums: &mut [u64; 7], tally: Tally) {
    assert_eq!(
        tally.lines,
        tally.recognised + tally.ignored + tally.oversize + tally.invalid_utf8
    );
    let more = [
        tally.lines,
        tally.recognised,
        tally.ignored,
        tally.oversize,
        tally.invalid_utf8,
        tally.oversize_bytes,
        tally.nul_bytes,
    ];
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[encoding, count, size, fill], stream)) = data.split_first_chunk::<4>() else {
        return;
    };
    let encoding = match encoding % 3 {
        0 => Encoding::Utf8,
        1 => Encoding::Utf16Le,
        _ => Encoding::Utf16Be,
    };
    // A long run in front reaches the bounds that short inputs never do.
    let byte = if fill % 2 == 0 { 0 } else { b'x' };
    let padding = vec![byte; usize::from(fill / 2) * 1024];
    let stream = [padding.as_slice(), stream].concat();
    let cuts = vec![usize::from(size) * 37; usize::from(count)];
    assert_eq!(scan(&stream, encoding, &cuts), scan(&stream, encoding, &[]));
});
