//! The story and the catalogue agree, line by line: the proof of both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, FunctionId};
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Hit, Miss, Scanner, Sink};
use logparse::stamped::is_stamped;
use model::connector::ConnectorKind;

use super::logs::Log;
use super::scenario::{Action, Scenario};
use crate::corpus::{Corpus, CorpusShape};

/// Counts what the catalogue recognises, in the form of a truth.
struct Tally {
    catalogue: Arc<Catalogue>,
    counts: BTreeMap<String, u64>,
    near_misses: BTreeMap<String, u64>,
}

impl Sink for Tally {
    fn event(&mut self, hit: &Hit<'_>) {
        let key = hit.key();
        let name = if key.reason.is_none() {
            key.kind.name().to_owned()
        } else {
            format!("{}|{}", key.kind, key.reason)
        };
        *self.counts.entry(name).or_default() += 1;
    }

    fn near_miss(&mut self, function: FunctionId, _miss: &Miss<'_>) {
        let name = &self.catalogue.functions()[function.0];
        *self.near_misses.entry(name.to_string()).or_default() += 1;
    }
}

fn recognise(bytes: &[u8], kind: ConnectorKind) -> (Tally, u64) {
    let catalogue = Arc::new(Catalogue::built_in(kind).unwrap());
    let mut scanner = Scanner::new(Arc::clone(&catalogue), TimeZone::UTC);
    let mut tally = Tally {
        catalogue,
        counts: BTreeMap::new(),
        near_misses: BTreeMap::new(),
    };
    let chunk = Chunk {
        bytes,
        offset: 0,
        encoding: Encoding::Utf8,
        mid_line: false,
        is_final: true,
        date_order: DateOrder::DayFirst,
        is_stamped: is_stamped(kind, bytes),
    };
    let scanned = scanner.scan(chunk, &mut tally);
    assert_eq!(scanned.consumed, bytes.len());
    (tally, scanned.tally.continuation)
}

/// Each log by itself: records of several lines end with their log's own.
fn check(kind: ConnectorKind) {
    let mut scenario = Scenario::new(5);
    let mut logs = BTreeMap::<Log, Vec<u8>>::new();
    for action in scenario.step(Duration::from_secs(600), Timestamp::UNIX_EPOCH) {
        if let Action::Write { log, record } = action
            && log.connector() == kind
        {
            logs.entry(log).or_default().extend(record);
        }
    }
    let mut counts = BTreeMap::new();
    let mut near_misses = BTreeMap::new();
    let mut continuations = 0;
    for log in logs.values() {
        let (tally, continued) = recognise(log, kind);
        for (key, count) in tally.counts {
            *counts.entry(key).or_default() += count;
        }
        for (function, count) in tally.near_misses {
            *near_misses.entry(function).or_default() += count;
        }
        continuations += continued;
    }
    let truth = scenario.truth().of(kind);
    assert_eq!(counts, truth.counts);
    let expected: BTreeMap<String, u64> = truth
        .near_misses
        .iter()
        .map(|(function, count)| ((*function).to_owned(), *count))
        .collect();
    assert_eq!(near_misses, expected);
    assert_eq!(continuations, truth.continuations);
}

#[test]
fn every_line_of_the_publisher_is_recognised_as_what_it_was_written_for() {
    check(ConnectorKind::NetskopePublisher);
}

#[test]
fn every_line_of_the_netskope_client_is_recognised_as_what_it_was_written_for() {
    check(ConnectorKind::NetskopeClient);
}

#[test]
fn every_line_of_the_cato_client_is_recognised_as_what_it_was_written_for() {
    check(ConnectorKind::CatoClient);
}

#[test]
fn every_line_of_a_corpus_is_recognised_as_what_it_was_written_for() {
    for is_clean in [true, false] {
        let shape = CorpusShape {
            is_clean,
            ..CorpusShape::default()
        };
        let mut log = Vec::new();
        let truth = Corpus::new(6, shape)
            .write_bytes(&mut log, 3_000_000)
            .unwrap();
        let (tally, _) = recognise(&log, ConnectorKind::NetskopePublisher);
        assert_eq!(tally.counts, truth.counts);
        assert_eq!(tally.near_misses, BTreeMap::new());
    }
}
