//! `/logs`: each log that is followed, how far it is read, and what was lost or not known.

use askama::Template;
use axum::response::Response;
use model::snapshot::{ConnectorSnapshot, LogSnapshot};
use serde_json::{Value, json};

use super::frame::Frame;
use super::{Refusal, page};
use crate::http::export::{Table, moment, text};
use crate::http::query::{Form, Pages, Parameter};
use crate::http::status::{Foreign, LogReport, log_report};

#[derive(Template)]
#[template(path = "logs.html")]
struct LogsPage<'a> {
    frame: &'a Frame<'a>,
    rows: Vec<Row<'a>>,
    pages: Pages<'a, Place<'a>>,
}

/// A log of a connector.
struct Place<'a> {
    connector: &'a ConnectorSnapshot,
    log: &'a LogSnapshot,
    state: LogState,
}

struct Row<'a> {
    /// Of the row on the page, for its details.
    id: String,
    connector: Foreign<'a>,
    link: String,
    log: LogReport<'a>,
    state: LogState,
}

/// How a log stands; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LogState {
    /// A file that matches cannot be read.
    Unreadable,
    /// No file matches.
    Missing,
    /// Files wait because as many as allowed are followed.
    Waiting,
    /// Not all that was written is read.
    Behind,
    /// Read to its end.
    Read,
}

impl LogState {
    fn of(log: &LogSnapshot) -> Self {
        if log.unreadable.iter().any(|file| !file.is_refused) {
            Self::Unreadable
        } else if log.files.is_empty() {
            Self::Missing
        } else if 0 < log.files_over_limit {
            Self::Waiting
        } else if 0 < log.lag_bytes {
            Self::Behind
        } else {
            Self::Read
        }
    }

    /// The word for `state`.
    const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
            Self::Waiting => "waiting",
            Self::Behind => "behind",
            Self::Read => "read",
        }
    }

    /// For people.
    const fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::Missing => "no file matches",
            Self::Waiting => "files wait",
            Self::Behind => "being read",
            Self::Read => "read to its end",
        }
    }

    const fn tone(self) -> &'static str {
        match self {
            Self::Unreadable => "bad",
            Self::Missing | Self::Waiting | Self::Behind => "open",
            Self::Read => "good",
        }
    }
}

pub(super) fn answer(frame: &Frame<'_>) -> Result<Response, Refusal> {
    let places = wanted(frame);
    let form = frame.query.form();
    if form != Form::Page {
        return Ok(table(&places).response(form, frame.taken_at()));
    }
    let pages = frame.query.cut(&places);
    let rows = pages
        .shown
        .iter()
        .zip(1..)
        .map(|(place, number): (_, usize)| Row {
            id: format!("log-{number}"),
            connector: Foreign::of(&place.connector.name),
            link: frame.connector_link(&Foreign::of(&place.connector.name)),
            log: log_report(place.log),
            state: place.state,
        });
    page(&LogsPage {
        frame,
        rows: rows.collect(),
        pages,
    })
}

/// The logs asked for, those in trouble first.
fn wanted<'a>(frame: &Frame<'a>) -> Vec<Place<'a>> {
    let query = &frame.query;
    let connectors = frame.seen.snapshot.connectors.iter();
    let places = connectors
        .filter(|connector| query.takes(Parameter::Connector, &connector.name))
        .flat_map(|connector| {
            connector.logs.iter().map(move |log| Place {
                connector,
                log,
                state: LogState::of(log),
            })
        });
    let mut wanted: Vec<_> = places
        .filter(|place| query.takes(Parameter::State, place.state.name()) && has_text(frame, place))
        .collect();
    wanted.sort_by_key(|place| place.state);
    wanted
}

fn has_text(frame: &Frame<'_>, place: &Place<'_>) -> bool {
    let (connector, log) = (place.connector, place.log);
    let files = log.files.iter().map(|file| file.path.as_str());
    let unreadable = log.unreadable.iter().map(|file| file.path.as_str());
    let functions = log.near_misses.iter().filter(|miss| 0 < miss.count);
    let functions = functions.map(|miss| &*miss.function);
    let own = [&*connector.name, &*log.name];
    let texts = own.into_iter().chain(files).chain(unreadable);
    frame.query.finds(texts.chain(functions))
}

fn table(places: &[Place<'_>]) -> Table {
    Table {
        name: "logs",
        columns: &[
            "connector",
            "log",
            "state",
            "files",
            "files_over_limit",
            "bytes",
            "lag_bytes",
            "last_read_at",
            "lines",
            "generations",
            "lost_bytes",
            "near_misses",
            "paths",
        ],
        rows: places.iter().map(cells).collect(),
    }
}

fn cells(place: &Place<'_>) -> Vec<Value> {
    let report = log_report(place.log);
    let object = |counts: &[(&'static str, u64)]| -> Value {
        let counts = counts.iter().filter(|(_, count)| 0 < *count);
        Value::Object(
            counts
                .map(|(name, count)| ((*name).to_owned(), json!(count)))
                .collect(),
        )
    };
    let missed = report.near_misses.iter().map(|miss| miss.count);
    let paths: Vec<&str> = report.files.iter().map(|file| file.path.expose()).collect();
    vec![
        text(&*place.connector.name),
        text(report.name.expose()),
        text(place.state.name()),
        json!(report.files.len()),
        json!(report.files_over_limit),
        json!(report.bytes),
        json!(report.lag_bytes),
        moment(report.last_read_at),
        object(&report.lines),
        object(&report.generations),
        object(&report.lost_bytes),
        json!(missed.fold(0_u64, u64::saturating_add)),
        json!(paths),
    ]
}
