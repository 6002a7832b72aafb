//! Holds every row to its examples and counterexamples.
//!
//! Each example goes the whole way of a line: the search for literals, prefixes,
//! record, precedence of rows, reason, fields and time. A row that only works alone
//! is thus refused as well. Fields are compared as wholes: an example that leaves
//! one out is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use model::event::EventKind;

use super::error::{CatalogueError, RowProblem};
use super::recognise::{Finding, Reading};
use super::row::{Example, Row};
use super::{Catalogue, RowId};

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
        let reading = catalogue.read_for_people(line.as_bytes(), &mut unpacked);
        if row_of(reading.finding) == Some(id) {
            return Err(RowProblem::CounterexampleRecognised(line.clone()));
        }
    }
    let is_shown = |name: &Arc<str>| {
        let mut examples = row.examples.iter();
        examples.any(|example| example.fields.contains_key(&**name))
    };
    match row.context.iter().find(|name| !is_shown(name)) {
        Some(name) => Err(RowProblem::Context(name.to_string())),
        None => Ok(()),
    }
}

const fn row_of(finding: Finding) -> Option<RowId> {
    match finding {
        Finding::Row(row, _) | Finding::Known(row) => Some(row),
        Finding::NearMiss(_)
        | Finding::UnknownFunction
        | Finding::ForeignAnchor
        | Finding::NoRow
        | Finding::NoRecord => None,
    }
}

fn prove_example(catalogue: &Catalogue, id: RowId, example: &Example) -> Result<(), RowProblem> {
    let line = &example.line;
    let mut unpacked = String::new();
    let reading = catalogue.read_for_people(line.as_bytes(), &mut unpacked);
    match row_of(reading.finding) {
        Some(found) if found == id => {}
        Some(found) => {
            return Err(match catalogue.rows.get(found.0) {
                Some(other) => RowProblem::Taken {
                    by: other.place.clone(),
                    line: line.clone(),
                },
                None => RowProblem::NotRecognised(line.clone()),
            });
        }
        None => return Err(RowProblem::NotRecognised(line.clone())),
    }
    let is_searched = example.event.is_some() && !catalogue.reads_every_line();
    if is_searched && catalogue.prefilter.find(line.as_bytes(), 0).is_none() {
        return Err(RowProblem::Unsearched(line.clone()));
    }
    compare(catalogue, &reading, example)
}

fn compare(
    catalogue: &Catalogue,
    reading: &Reading<'_>,
    example: &Example,
) -> Result<(), RowProblem> {
    let differs = |what, found: String, wanted: String| RowProblem::Differs {
        what,
        found,
        wanted,
        line: example.line.clone(),
    };
    let event = catalogue.event(reading, &TimeZone::UTC);
    let kind = event.as_ref().map(|event| event.key.kind);
    if kind != example.event {
        let name = |one: Option<EventKind>| one.map_or("none", EventKind::name).to_owned();
        return Err(differs("event", name(kind), name(example.event)));
    }
    let reason = event.as_ref().map(|event| event.key.reason.as_str());
    let reason = reason.unwrap_or_default();
    if reason != example.reason {
        let found = format!("`{reason}`");
        return Err(differs("reason", found, format!("`{}`", example.reason)));
    }
    let fields: BTreeMap<String, String> = event
        .iter()
        .flat_map(|event| &event.fields)
        .map(|field| (field.name.to_string(), field.value.expose().to_owned()))
        .collect();
    if fields != example.fields {
        let wanted = format!("{:?}", example.fields);
        return Err(differs("fields", format!("{fields:?}"), wanted));
    }
    let time = reading.stamp.and_then(|stamp| stamp.time(&TimeZone::UTC));
    match example.time {
        Some(wanted) if time != Some(wanted) => {
            let found = time.map_or("none".to_owned(), |time| time.to_string());
            Err(differs("time", found, wanted.to_string()))
        }
        Some(_) | None => Ok(()),
    }
}
