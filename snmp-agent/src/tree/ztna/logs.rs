//! ztnaLogTable: what was read of each log, and what could not be.

use model::log::{DateOrderTaken, GenerationCause, LineOutcome, LossCause};
use model::snapshot::LogSnapshot;

use super::super::indexes::pair;
use super::super::{Builder, Inputs};
use super::{entry, shown};
use crate::value::Value;

/// Number below `ztnaObjects`.
const LOGS: u32 = 7;

const NEAR_MISSES: u32 = 25;

/// The last column.
const MONTH_FIRST: u32 = 27;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let columns: Vec<u32> = (2..=MONTH_FIRST).collect();
    let mut table = builder.table(entry(inputs, LOGS).numbers(), &columns);
    for connector in &inputs.snapshot.connectors {
        let Some(connector_index) = inputs.indexes.connectors.get(&connector.name) else {
            continue;
        };
        for log in &connector.logs {
            let key = pair(&connector.name, &log.name);
            let Some(log_index) = inputs.indexes.logs.get(&key) else {
                continue;
            };
            let index = &[connector_index, log_index];
            table.row(index, amounts(log));
            table.row(index, causes(log));
            table.cell_if_known(13, index, log.last_read_at.map(Value::date));
        }
    }
}

const fn outcome_column(outcome: LineOutcome) -> u32 {
    match outcome {
        LineOutcome::Recognised => 3,
        LineOutcome::Ignored => 4,
        LineOutcome::Oversize => 5,
        LineOutcome::InvalidUtf8 => 6,
        LineOutcome::Continuation => 7,
    }
}

const fn generation_column(cause: GenerationCause) -> u32 {
    match cause {
        GenerationCause::Discovered => 14,
        GenerationCause::Rotated => 15,
        GenerationCause::Truncated => 16,
        GenerationCause::Rewritten => 17,
        GenerationCause::TailLost => 18,
    }
}

const fn loss_column(cause: LossCause) -> u32 {
    match cause {
        LossCause::Truncated => 19,
        LossCause::Removed => 20,
        LossCause::TailLost => 21,
        LossCause::Oversize => 22,
        LossCause::NulRun => 23,
        LossCause::Undecodable => 24,
    }
}

const fn order_column(order: DateOrderTaken) -> u32 {
    match order {
        DateOrderTaken::DayFirst => 26,
        DateOrderTaken::MonthFirst => MONTH_FIRST,
    }
}

fn amounts(log: &LogSnapshot) -> [(u32, Value); 7] {
    let count = |number: usize| Value::gauge(u64::try_from(number).unwrap_or(u64::MAX));
    let near_misses = log.near_misses.iter().map(|miss| miss.count);
    // A file that is no log at all is missed by nobody.
    let unreadable = log.unreadable.iter().filter(|file| !file.is_refused);
    [
        (2, shown(&log.name)),
        (8, Value::Counter64(log.bytes)),
        (9, Value::gauge(log.lag_bytes)),
        (10, count(log.files.len())),
        (11, count(unreadable.count())),
        (12, Value::gauge(log.files_over_limit)),
        (
            NEAR_MISSES,
            Value::Counter64(near_misses.fold(0, u64::saturating_add)),
        ),
    ]
}

fn causes(log: &LogSnapshot) -> Vec<(u32, Value)> {
    let lines = log.lines.iter().map(|(one, n)| (outcome_column(*one), *n));
    let generations = log
        .generations
        .iter()
        .map(|(one, n)| (generation_column(*one), *n));
    let lost = log
        .lost_bytes
        .iter()
        .map(|(one, n)| (loss_column(*one), *n));
    let dates = log.ambiguous_dates.iter();
    let dates = dates.map(|(one, n)| (order_column(*one), *n));
    let all = lines.chain(generations).chain(lost).chain(dates);
    all.map(|(column, number)| (column, Value::Counter64(number)))
        .collect()
}
