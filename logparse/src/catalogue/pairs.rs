//! The closed list of `(event, reason)` that a catalogue can tell.
//!
//! It is known before the first line is read, so each counter can exist at 0.

use std::collections::BTreeSet;

use model::event::{EventKey, EventKind, Reason};

use super::PairId;
use super::error::RowProblem;
use super::file::{ReasonText, RowText};

/// Most reasons of one row: they become values of a label.
const REASONS_MAX: usize = 64;

/// The pairs in their order.
#[derive(Debug)]
pub(super) struct Pairs(Vec<EventKey>);

impl Pairs {
    /// Collects what all rows can tell.
    pub(super) fn new(keys: impl IntoIterator<Item = EventKey>) -> Self {
        let sorted: BTreeSet<EventKey> = keys.into_iter().collect();
        Self(sorted.into_iter().collect())
    }

    /// The index of a pair. Every key that was collected has one.
    pub(super) fn id(&self, kind: EventKind, word: &str) -> Result<PairId, RowProblem> {
        self.0
            .iter()
            .position(|key| key.kind == kind && key.reason.as_str() == word)
            .map(PairId)
            .ok_or_else(|| RowProblem::Reason(word.to_owned()))
    }

    /// The list.
    pub(super) fn into_keys(self) -> Vec<EventKey> {
        self.0
    }
}

/// Whether an event happens somewhere else than in a log: a row of it would forge it.
pub(super) const fn is_no_line(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::ProbeFailed
            | EventKind::ProbeRecovered
            | EventKind::ThresholdBreached
            | EventKind::ThresholdCleared
    )
}

/// The events that a row names.
fn events(row: &RowText) -> impl Iterator<Item = EventKind> {
    let of_json = row.json.iter().flat_map(|json| json.events.values());
    row.event.into_iter().chain(of_json.copied())
}

/// Every reason that a row can give, in the order in which it is written.
pub(super) fn reasons(row: &RowText) -> Result<Vec<Reason>, RowProblem> {
    if let Some(kind) = events(row).find(|kind| is_no_line(*kind)) {
        return Err(RowProblem::NoLine(kind));
    }
    let words: Vec<&str> = match &row.reason {
        None => Vec::new(),
        Some(ReasonText::Word(word)) => vec![word],
        Some(ReasonText::Rule(rule)) => {
            let words = rule
                .words
                .values()
                .chain(rule.patterns.iter().map(|one| &one.word));
            words.chain([&rule.otherwise]).map(String::as_str).collect()
        }
    };
    if REASONS_MAX < words.len() {
        return Err(RowProblem::TooManyReasons(words.len(), REASONS_MAX));
    }
    let mut reasons: Vec<Reason> = Vec::new();
    for word in words {
        let reason = Reason::new(word).ok_or_else(|| RowProblem::Reason(word.to_owned()))?;
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Ok(reasons)
}

/// Every pair that a row with these reasons can tell.
pub(super) fn keys(row: &RowText, reasons: &[Reason]) -> Vec<EventKey> {
    let Some(event) = row.event else {
        return Vec::new();
    };
    let plain = |kind| EventKey {
        kind,
        reason: Reason::none(),
    };
    if let Some(json) = &row.json {
        let named = json.events.values().copied();
        return named.chain([event]).map(plain).collect();
    }
    if reasons.is_empty() {
        return vec![plain(event)];
    }
    let with_reason = |reason: &Reason| EventKey {
        kind: event,
        reason: reason.clone(),
    };
    reasons.iter().map(with_reason).collect()
}
