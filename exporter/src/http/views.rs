//! The views: which rows of the snapshot an address asks for, as a page or as data.
//!
//! A file for each view; what all share is in `frame`. A view judges all rows, since
//! what is in trouble comes first, and finds words only for those that it shows. Words
//! are `page`'s matter, parameters `query`'s, and the markup stands in the templates.

mod alerts;
mod configuration;
mod connector;
mod connectors;
mod events;
mod frame;
mod host;
mod logs;
mod runbooks;

use std::time::Duration;

use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use model::snapshot::{ConnectorSnapshot, Snapshot};
use model::untrusted::printable;

use self::frame::Frame;
use super::query::{BadQuery, Parameter, Query, View};
use super::trend::Trends;
use crate::config::ShownRow;

/// How many names an error about a name tells.
const NAMES_TOLD_MAX: usize = 20;

/// What a view is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) store_problem: Option<&'a str>,
    pub(super) version: &'static str,
    /// What "5 min ago" counts from.
    pub(super) now: Timestamp,
    pub(super) trends: &'a Trends,
    pub(super) configuration: &'a [ShownRow],
    /// Goes into forms that change something; `None` if nobody who asks is known.
    pub(super) form_token: Option<&'a str>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) view: View,
    /// The connector, of a view of one; of a runbook its name or its rule.
    pub(super) name: &'a str,
    /// What stands behind the `?`.
    pub(super) query: Option<&'a str>,
}

/// Why there is no view.
#[derive(Debug)]
pub(super) enum Refusal {
    BadQuery(BadQuery),
    /// No connector has the name.
    NoConnector,
    /// No runbook and no rule has the name: a text for people, without it.
    NoRunbook(String),
    NotMade(askama::Error),
}

impl From<BadQuery> for Refusal {
    fn from(bad: BadQuery) -> Self {
        Self::BadQuery(bad)
    }
}

impl From<askama::Error> for Refusal {
    fn from(failure: askama::Error) -> Self {
        Self::NotMade(failure)
    }
}

/// Makes a view.
pub(super) fn answer(seen: Seen<'_>, asked: Asked<'_>) -> Result<Response, Refusal> {
    let query = Query::parse(asked.view, asked.query)?;
    if let Some(name) = query.get(Parameter::Connector) {
        find(seen.snapshot, name).ok_or_else(|| unknown_connector(seen.snapshot))?;
    }
    let frame = Frame::new(seen, asked.view, query);
    match asked.view {
        View::Connectors => connectors::answer(&frame),
        View::Connector => {
            let connector = find(seen.snapshot, asked.name).ok_or(Refusal::NoConnector)?;
            connector::answer(&frame, connector)
        }
        View::Events => events::answer(&frame),
        View::Alerts => alerts::answer(&frame),
        View::Host => host::answer(&frame),
        View::Logs => logs::answer(&frame),
        View::Runbooks => runbooks::list(&frame),
        View::Runbook => runbooks::answer(&frame, asked.name),
        View::Configuration => configuration::answer(&frame),
    }
}

fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a ConnectorSnapshot> {
    let mut connectors = snapshot.connectors.iter();
    connectors.find(|connector| &*connector.name == name)
}

fn unknown_connector(snapshot: &Snapshot) -> BadQuery {
    let connectors = &snapshot.connectors;
    let names = connectors
        .iter()
        .map(|connector| printable(&connector.name));
    let told: Vec<_> = names.take(NAMES_TOLD_MAX).collect();
    let more = match connectors.len().saturating_sub(told.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!("`connector` takes one of: {}{more}\n", told.join(" "));
    BadQuery(text)
}

/// A page as an answer.
fn page(template: &impl Template) -> Result<Response, Refusal> {
    let html = template.render()?;
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((kind, html).into_response())
}

/// Keeps the trends: looks at each snapshot that is published, until none will be.
pub(super) async fn watch(
    trends: std::sync::Arc<Trends>,
    mut snapshots: tokio::sync::watch::Receiver<std::sync::Arc<Snapshot>>,
    now: impl Fn() -> Duration,
) {
    loop {
        let snapshot = std::sync::Arc::clone(&snapshots.borrow_and_update());
        // Before the first turn nothing is known of anybody.
        if snapshot.taken_at.is_some() {
            trends.note(&snapshot, now());
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}
