//! The clients' corpora and catalogues agree, line by line: the proof of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use logparse::catalogue::Catalogue;
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Scanner, Sink, Tally};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;
use model::event::Event;

use super::{Corpus, CorpusShape, Platform, Truth};

/// Enough for every meaning to happen.
const LOG_BYTES: u64 = 1_500_000;

/// What the catalogue made of a corpus.
#[derive(Default)]
struct Told {
    counts: BTreeMap<String, u64>,
    events: Vec<Event>,
}

impl Sink for Told {
    fn event(&mut self, hit: &Hit<'_>) {
        let key = hit.key();
        let name = if key.reason.is_none() {
            key.kind.name().to_owned()
        } else {
            format!("{}|{}", key.kind, key.reason)
        };
        *self.counts.entry(name).or_default() += 1;
        self.events.push(hit.event());
    }
}

fn read(log: &[u8], kind: ConnectorKind) -> (Told, Tally) {
    let catalogue = Arc::new(Catalogue::built_in(kind).unwrap());
    let mut told = Told::default();
    let chunk = Chunk {
        bytes: log,
        offset: 0,
        encoding: Encoding::Utf8,
        mid_line: false,
        is_final: true,
        date_order: DateOrder::default(),
        is_stamped: is_stamped(kind, log),
    };
    let scanned = Scanner::new(catalogue, TimeZone::UTC).scan(chunk, &mut told);
    assert_eq!(scanned.consumed, log.len());
    (told, scanned.tally)
}

/// Every shape of a client's corpus.
fn shapes() -> impl Iterator<Item = CorpusShape> {
    let kinds = [ConnectorKind::NetskopeClient, ConnectorKind::CatoClient];
    kinds.into_iter().flat_map(|kind| {
        let platforms = [Platform::Windows, Platform::MacOs, Platform::Linux];
        platforms.into_iter().flat_map(move |platform| {
            [true, false].map(|is_clean| CorpusShape {
                kind,
                platform,
                is_clean,
                ..CorpusShape::default()
            })
        })
    })
}

fn written(shape: CorpusShape) -> (Corpus, Vec<u8>, Truth) {
    let mut log = Vec::new();
    let mut corpus = Corpus::new(8, shape);
    let truth = corpus.write_bytes(&mut log, LOG_BYTES).unwrap();
    (corpus, log, truth)
}

#[test]
fn every_line_is_recognised_as_what_it_was_written_for() {
    for shape in shapes() {
        let (_, log, truth) = written(shape);
        let (told, tally) = read(&log, shape.kind);
        assert_eq!(told.counts, truth.counts, "{shape:?}");
        assert_eq!(
            (tally.lines, tally.continuation),
            (truth.lines, truth.continuations),
            "{shape:?}"
        );
        assert!(truth.continuations > 0, "{shape:?}");
    }
}

#[test]
fn no_field_of_an_event_holds_anybodys_name() {
    for shape in shapes().filter(|shape| shape.is_clean) {
        let (corpus, log, _) = written(shape);
        let beginning = String::from_utf8_lossy(&log[..200_000]);
        let (told, _) = read(&log, shape.kind);
        let fields = told.events.iter().flat_map(|event| &event.fields);
        let texts: BTreeSet<&str> = fields.map(|field| field.value.expose()).collect();
        let mut written = 0;
        for name in corpus.names() {
            written += usize::from(beginning.contains(name));
            assert!(!texts.iter().any(|text| text.contains(name)), "{name}");
        }
        assert!(written > 300, "only {written} names were written");
    }
}
