//! `/config`: the configuration in force, without anything that could be secret.

use askama::Template;
use axum::response::Response;

use super::frame::Frame;
use super::{Refusal, page};
use crate::config::{REDACTED, ShownRow};
use crate::http::export::{Table, text};
use crate::http::query::{Form, Pages};
use crate::http::status::Foreign;

#[derive(Template)]
#[template(path = "configuration.html")]
struct ConfigurationPage<'a> {
    frame: &'a Frame<'a>,
    pages: Pages<'a, Row<'a>>,
}

struct Row<'a> {
    key: Foreign<'a>,
    value: Foreign<'a>,
    origin: &'a str,
    is_redacted: bool,
}

pub(super) fn answer(frame: &Frame<'_>) -> Result<Response, Refusal> {
    let rows: Vec<Row<'_>> = frame
        .seen
        .configuration
        .iter()
        .filter(|row| frame.query.finds([row.key.as_str(), row.value.as_str()]))
        .map(shown)
        .collect();
    match frame.query.form() {
        Form::Page => page(&ConfigurationPage {
            frame,
            pages: frame.query.cut(&rows),
        }),
        form => Ok(table(&rows).response(form, frame.taken_at())),
    }
}

fn shown(row: &ShownRow) -> Row<'_> {
    Row {
        key: Foreign::of(&row.key),
        value: Foreign::of(&row.value),
        origin: &row.origin,
        is_redacted: row.value == REDACTED,
    }
}

fn table(rows: &[Row<'_>]) -> Table {
    Table {
        name: "configuration",
        columns: &["key", "value", "origin"],
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    text(row.key.expose()),
                    text(row.value.expose()),
                    text(row.origin),
                ]
            })
            .collect(),
    }
}
