//! `/connectors/NAME`: all of one connector.

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use model::connector::Aspect;
use model::snapshot::ConnectorSnapshot;

use super::frame::Frame;
use super::{Refusal, alerts, events, page};
use crate::http::query::Form;
use crate::http::status::{
    AlertReport, ConnectorHead, ConnectorReport, DecisionReport, Foreign, MessageReport,
    RecentReport, connector_report, head_of,
};
use crate::http::trend::Trend;

/// Most rows of each kind about alerts; `/alerts` has all.
const ALERT_ROWS_MAX: usize = 10;

/// Most events on the page; `/events` has all.
const EVENTS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "connector.html")]
struct ConnectorPage<'a> {
    frame: &'a Frame<'a>,
    head: ConnectorHead<'a>,
    connector: ConnectorReport<'a>,
    trend: Option<Trend>,
    timeline: Vec<RecentReport<'a>>,
    /// Events that are not on the page.
    events_left: usize,
    alerts: Vec<AlertReport<'a>>,
    messages: Vec<MessageReport<'a>>,
    decisions: Vec<DecisionReport<'a>>,
    update: Option<UpdateShown<'a>>,
}

/// What is known of updates, of a product that updates itself.
struct UpdateShown<'a> {
    /// Releases newer than its own.
    releases_behind: Option<u32>,
    /// When profiles begin next.
    scheduled: Vec<(Foreign<'a>, Option<Timestamp>)>,
}

pub(super) fn answer(
    frame: &Frame<'_>,
    connector: &ConnectorSnapshot,
) -> Result<Response, Refusal> {
    let own = frame.seen.snapshot.events_of(&connector.name);
    let mut timeline = events::wanted(frame, own);
    let form = frame.query.form();
    if form != Form::Page {
        return Ok(events::table(&timeline).response(form, frame.taken_at()));
    }
    let events_left = timeline.len().saturating_sub(EVENTS_MAX);
    timeline.truncate(EVENTS_MAX);
    let of_alerts = alerts::of_connector(frame, &connector.name);
    page(&ConnectorPage {
        frame,
        head: head_of(&frame.alerted, connector),
        connector: connector_report(connector),
        trend: frame.seen.trends.of(&connector.name),
        timeline,
        events_left,
        alerts: first(of_alerts.alerts),
        messages: first(of_alerts.messages),
        decisions: first(of_alerts.decisions),
        update: update_of(frame, connector),
    })
}

fn first<R>(mut rows: Vec<R>) -> Vec<R> {
    rows.truncate(ALERT_ROWS_MAX);
    rows
}

fn update_of<'a>(frame: &Frame<'a>, connector: &ConnectorSnapshot) -> Option<UpdateShown<'a>> {
    let alerts = &frame.seen.snapshot.alerts;
    let mut behind = alerts.releases_behind.iter();
    let behind = behind.find(|(name, _)| *name == connector.name);
    let scheduled = alerts.scheduled.iter();
    connector.kind.has(Aspect::Update).then(|| UpdateShown {
        releases_behind: behind.map(|(_, count)| *count),
        scheduled: scheduled
            .map(|(profile, at)| (Foreign::of(profile), *at))
            .collect(),
    })
}
