//! What is known of one configured log.

use std::sync::Arc;

use jiff::Timestamp;
use logparse::date_order::has_slashed_dates;
use model::log::{DateOrderTaken, GenerationCause, LineOutcome, LossCause};
use model::signal::Signal;
use model::untrusted::Untrusted;
use store::{LastRead, LogName, NearMissSample, Turn};

use super::ConnectorPlan;
use super::tracked::{Mark, Tracked};
use crate::pipeline::counters::{CounterIndex, CounterTable};

/// One log's knowledge.
#[derive(Debug)]
pub(in crate::pipeline) struct LogAccount {
    pub(in crate::pipeline) name: Arc<str>,
    pub(in crate::pipeline) lines_at: CounterIndex,
    pub(in crate::pipeline) bytes_at: CounterIndex,
    pub(in crate::pipeline) generations_at: CounterIndex,
    pub(in crate::pipeline) lost_at: CounterIndex,
    pub(in crate::pipeline) near_misses_at: CounterIndex,
    /// First of [`DateOrderTaken::ALL`]; `None` for a product whose dates tell.
    ambiguous_dates_at: Option<CounterIndex>,
    pub(in crate::pipeline) last_read: Option<Tracked<Timestamp>>,
    /// The last near miss of each function of the catalogue. None of a client's: what
    /// its lines name beside the words cannot be told from them.
    pub(in crate::pipeline) samples: Vec<Option<Tracked<Untrusted>>>,
}

impl LogAccount {
    /// Every series exists from here on.
    pub(super) fn open(plan: &ConnectorPlan, log: &Arc<str>, counters: &mut CounterTable) -> Self {
        let labels = |last: Option<&str>| -> Vec<Arc<str>> {
            [Arc::clone(&plan.name), Arc::clone(log)]
                .into_iter()
                .chain(last.map(Arc::from))
                .collect()
        };
        let functions = plan.catalogue.functions();
        Self {
            name: Arc::clone(log),
            lines_at: counters.open(
                Signal::LogLines,
                LineOutcome::ALL
                    .iter()
                    .map(|outcome| labels(Some(outcome.name()))),
            ),
            bytes_at: counters.open(Signal::LogBytes, [labels(None)]),
            generations_at: counters.open(
                Signal::LogGenerations,
                GenerationCause::ALL
                    .iter()
                    .map(|cause| labels(Some(cause.name()))),
            ),
            lost_at: counters.open(
                Signal::LogLost,
                LossCause::ALL
                    .iter()
                    .map(|cause| labels(Some(cause.name()))),
            ),
            near_misses_at: counters.open(
                Signal::LogNearMiss,
                functions.iter().map(|name| labels(Some(name))),
            ),
            ambiguous_dates_at: has_slashed_dates(plan.kind).then(|| {
                let orders = DateOrderTaken::ALL.iter();
                let sets = orders.map(|order| labels(Some(order.name())));
                counters.open(Signal::LogAmbiguousDates, sets)
            }),
            last_read: None,
            samples: vec![None; functions.len()],
        }
    }

    /// The counter of files whose dates were read in this order without a reason.
    pub(super) fn ambiguous_dates(&self, taken: DateOrderTaken) -> Option<CounterIndex> {
        let step = DateOrderTaken::ALL.iter().position(|one| *one == taken)?;
        Some(self.ambiguous_dates_at?.plus(step))
    }

    /// How many files had ambiguous dates, by the order that was taken. Empty for a
    /// product whose dates tell.
    pub(in crate::pipeline) fn draw_ambiguous_dates(
        &self,
        counters: &CounterTable,
    ) -> Vec<(DateOrderTaken, u64)> {
        let orders = DateOrderTaken::ALL.iter();
        orders
            .filter_map(|taken| Some((*taken, counters.value(self.ambiguous_dates(*taken)?))))
            .collect()
    }

    pub(super) fn add_uncommitted(&self, plan: &ConnectorPlan, turn: &mut Turn) {
        let log = LogName {
            connector: Arc::clone(&plan.name),
            log: Arc::clone(&self.name),
        };
        if let Some(at) = self.last_read.as_ref().and_then(Tracked::uncommitted) {
            turn.last_read.push(LastRead {
                log: log.clone(),
                at: *at,
            });
        }
        for (function, sample) in plan.catalogue.functions().iter().zip(&self.samples) {
            if let Some(sample) = sample.as_ref().and_then(Tracked::uncommitted) {
                turn.near_miss_samples.push(NearMissSample {
                    log: log.clone(),
                    function: Arc::clone(function),
                    sample: sample.clone(),
                });
            }
        }
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        if let Some(at) = &mut self.last_read {
            at.mark(mark);
        }
        for sample in self.samples.iter_mut().flatten() {
            sample.mark(mark);
        }
    }

    /// Takes over the samples of another account of the same log.
    pub(super) fn absorb(&mut self, other: &Self) {
        for (sample, newer) in self.samples.iter_mut().zip(&other.samples) {
            if newer.is_some() {
                sample.clone_from(newer);
            }
        }
    }
}
