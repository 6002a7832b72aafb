//! `/events`: the latest events, newest first, each with the place of its line.

use askama::Template;
use axum::response::Response;
use model::snapshot::RecentEvent;
use serde_json::{Map, Value, json};

use super::frame::Frame;
use super::{Refusal, page};
use crate::http::export::{Table, moment, text};
use crate::http::query::{Form, Pages, Parameter};
use crate::http::status::{RecentReport, recent_report};

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage<'a> {
    frame: &'a Frame<'a>,
    pages: Pages<'a, RecentReport<'a>>,
}

pub(super) fn answer(frame: &Frame<'_>) -> Result<Response, Refusal> {
    let snapshot = frame.seen.snapshot;
    let events = match frame.query.get(Parameter::Connector) {
        Some(connector) => wanted(frame, snapshot.events_of(connector)),
        None => wanted(frame, snapshot.recent_events.iter()),
    };
    match frame.query.form() {
        Form::Page => page(&EventsPage {
            frame,
            pages: frame.query.cut(&events),
        }),
        form => Ok(table(&events).response(form, frame.taken_at())),
    }
}

/// The events asked for, of these.
pub(super) fn wanted<'a>(
    frame: &Frame<'a>,
    events: impl IntoIterator<Item = &'a RecentEvent>,
) -> Vec<RecentReport<'a>> {
    let query = &frame.query;
    events
        .into_iter()
        .filter(|event| query.takes(Parameter::Event, event.event.key.kind.name()))
        .map(recent_report)
        .filter(|event| {
            let fields = event.fields.iter();
            let fields = fields.flat_map(|(name, value)| [name.expose(), value.expose()]);
            let own = [event.connector, event.log, event.file].map(|text| text.expose());
            let own = own.into_iter().chain([event.event, event.reason]);
            query.finds(own.chain(fields))
        })
        .collect()
}

const COLUMNS: &[&str] = &[
    "time",
    "read_at",
    "connector",
    "event",
    "reason",
    "fields",
    "log",
    "file",
    "offset",
];

/// The events as data.
pub(super) fn table(events: &[RecentReport<'_>]) -> Table {
    Table {
        name: "events",
        columns: COLUMNS,
        rows: events.iter().map(cells).collect(),
    }
}

fn cells(event: &RecentReport<'_>) -> Vec<Value> {
    let fields = event.fields.iter();
    let fields: Map<_, _> = fields
        .map(|(name, value)| (name.expose().to_owned(), text(value.expose())))
        .collect();
    vec![
        moment(event.time),
        moment(Some(event.read_at)),
        text(event.connector.expose()),
        text(event.event),
        text(event.reason),
        Value::Object(fields),
        text(event.log.expose()),
        text(event.file.expose()),
        json!(event.offset),
    ]
}
