//! Holds every row to its examples and counterexamples.
//!
//! Each example goes the whole way of a line: the search for literals, prefixes,
//! record, precedence of rows, reason, fields and time. A row that only works alone
//! is thus refused as well. Fields are compared as wholes: an example that leaves
//! one out is wrong.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::error::{CatalogueError, RowProblem};
use super::recognise::{Finding, Reading};
use super::row::{Example, Row};
use super::{Catalogue, PairId, RowId};
use crate::date_order::DateOrder;

/// Proves all rows, or tells which does not hold.
pub(super) fn prove(catalogue: &Catalogue) -> Result<(), CatalogueError> {
    let numbered = (0..).map(RowId).zip(&catalogue.rows);
    for (id, row) in numbered {
        prove_row(catalogue, id, row).map_err(|problem| CatalogueError::Row {
            place: row.place.clone(),
            problem: Box::new(problem),
        })?;
    }
    Ok(())
}

fn prove_row(catalogue: &Catalogue, id: RowId, row: &Row) -> Result<(), RowProblem> {
    for example in &row.examples {
        prove_example(catalogue, id, example)?;
    }
    for line in &row.counterexamples {
        let mut unpacked = String::new();
        let reading = catalogue.read(line.as_bytes(), DateOrder::default(), &mut unpacked);
        if matches!(reading.finding, Finding::Row(found, _) if found == id) {
            return Err(RowProblem::CounterexampleRecognised(line.clone()));
        }
    }
    Ok(())
}

fn prove_example(catalogue: &Catalogue, id: RowId, example: &Example) -> Result<(), RowProblem> {
    let line = &example.line;
    let mut unpacked = String::new();
    let reading = catalogue.read(line.as_bytes(), DateOrder::default(), &mut unpacked);
    let pair = match reading.finding {
        Finding::Row(found, pair) if found == id => pair,
        Finding::Row(found, _) => {
            return Err(match catalogue.rows.get(found.0) {
                Some(other) => RowProblem::Taken {
                    by: other.place.clone(),
                    line: line.clone(),
                },
                None => RowProblem::NotRecognised(line.clone()),
            });
        }
        Finding::NearMiss(_)
        | Finding::UnknownFunction
        | Finding::ForeignAnchor
        | Finding::NoRow
        | Finding::NoRecord => return Err(RowProblem::NotRecognised(line.clone())),
    };
    if catalogue.prefilter.find(line.as_bytes(), 0).is_none() {
        return Err(RowProblem::Unsearched(line.clone()));
    }
    compare(catalogue, &reading, pair, example)
}

fn compare(
    catalogue: &Catalogue,
    reading: &Reading<'_>,
    pair: PairId,
    example: &Example,
) -> Result<(), RowProblem> {
    let differs = |what, found: String, wanted: String| RowProblem::Differs {
        what,
        found,
        wanted,
        line: example.line.clone(),
    };
    let event = catalogue.event(reading, &TimeZone::UTC);
    let Some((key, event)) = catalogue.pairs.get(pair.0).zip(event) else {
        return Err(RowProblem::NotRecognised(example.line.clone()));
    };
    if key.kind != example.event {
        return Err(differs(
            "event",
            key.kind.to_string(),
            example.event.to_string(),
        ));
    }
    if key.reason.as_str() != example.reason {
        let found = format!("`{}`", key.reason);
        return Err(differs("reason", found, format!("`{}`", example.reason)));
    }
    let fields: BTreeMap<String, String> = event
        .fields
        .iter()
        .map(|field| (field.name.to_string(), field.value.expose().to_owned()))
        .collect();
    if fields != example.fields {
        let wanted = format!("{:?}", example.fields);
        return Err(differs("fields", format!("{fields:?}"), wanted));
    }
    match example.time {
        Some(wanted) if event.time != Some(wanted) => {
            let found = event
                .time
                .map_or("none".to_owned(), |time| time.to_string());
            Err(differs("time", found, wanted.to_string()))
        }
        Some(_) | None => Ok(()),
    }
}
