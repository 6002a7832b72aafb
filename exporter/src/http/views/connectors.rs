//! `/`: what is in trouble, since when, why, and what to do.

use askama::Template;
use axum::response::Response;
use model::alert::AlertPhase;
use model::connector::Mood;
use model::snapshot::ConnectorSnapshot;
use serde_json::{Value, json};

use super::frame::Frame;
use super::{Refusal, page};
use crate::http::export::{Table, moment, text};
use crate::http::page::{mood_of_probes, summary_of_probes};
use crate::http::query::{Form, Pages, Parameter};
use crate::http::status::{
    AlertReport, ConnectorHead, RecentReport, alert_report, head_of, host_of, probes_of,
    recent_report,
};
use crate::http::trend::Trend;

/// Most alerts above the connectors; `/alerts` has all.
const ALERTS_MAX: usize = 5;

/// Most of the latest events below them; `/events` has all.
const EVENTS_MAX: usize = 10;

#[derive(Template)]
#[template(path = "connectors.html")]
struct ConnectorsPage<'a> {
    frame: &'a Frame<'a>,
    firing: Vec<AlertReport<'a>>,
    rows: Vec<Row<'a>>,
    pages: Pages<'a, &'a ConnectorSnapshot>,
    /// The host and the probes, each in a line.
    sides: Vec<Side>,
    latest: Vec<RecentReport<'a>>,
}

struct Row<'a> {
    head: ConnectorHead<'a>,
    link: String,
    trend: Option<Trend>,
}

/// Something beside the connectors, in a few words.
struct Side {
    title: &'static str,
    link: &'static str,
    mood: Mood,
    summary: String,
}

/// The word for `state`.
pub(super) const fn state_word(mood: Mood) -> &'static str {
    match mood {
        Mood::Bad => "trouble",
        Mood::Open => "open",
        Mood::Good => "well",
    }
}

pub(super) fn answer(frame: &Frame<'_>) -> Result<Response, Refusal> {
    let wanted = wanted(frame);
    let form = frame.query.form();
    if form != Form::Page {
        let table = table(frame, &wanted);
        return Ok(table.response(form, frame.taken_at()));
    }
    let snapshot = frame.seen.snapshot;
    let pages = frame.query.cut(&wanted);
    let firing = snapshot.alerts.rows.iter();
    let firing = firing.filter(|row| row.phase == AlertPhase::Firing && row.held_by.is_none());
    let latest = snapshot.recent_events.iter().take(EVENTS_MAX);
    page(&ConnectorsPage {
        frame,
        firing: firing.take(ALERTS_MAX).map(alert_report).collect(),
        rows: pages.shown.iter().map(|one| row(frame, one)).collect(),
        pages,
        sides: sides(frame),
        latest: latest.map(recent_report).collect(),
    })
}

/// The connectors asked for, those in trouble first.
fn wanted<'a>(frame: &Frame<'a>) -> Vec<&'a ConnectorSnapshot> {
    let query = &frame.query;
    let connectors = frame.seen.snapshot.connectors.iter();
    let mut wanted: Vec<(Mood, &ConnectorSnapshot)> = connectors
        .filter(|connector| {
            query.takes(Parameter::Connector, &connector.name)
                && query.takes(Parameter::Kind, connector.kind.name())
        })
        .map(|connector| (frame.alerted.mood_of(connector), connector))
        .filter(|(mood, connector)| {
            query.takes(Parameter::State, state_word(*mood)) && has_text(frame, connector)
        })
        .collect();
    wanted.sort_by_key(|(mood, _)| match mood {
        Mood::Bad => 0,
        Mood::Open => 1,
        Mood::Good => 2,
    });
    wanted.into_iter().map(|(_, connector)| connector).collect()
}

fn has_text(frame: &Frame<'_>, connector: &ConnectorSnapshot) -> bool {
    if frame.query.get(Parameter::Text).is_none() {
        return true;
    }
    let summary = head_of(&frame.alerted, connector).summary();
    let facts = connector
        .state
        .facts
        .iter()
        .chain(connector.tool_facts.iter());
    let facts = facts.map(|(_, text)| text.expose());
    let own = [&*connector.name, connector.kind.name(), &summary];
    frame.query.finds(own.into_iter().chain(facts))
}

fn row<'a>(frame: &Frame<'a>, connector: &'a ConnectorSnapshot) -> Row<'a> {
    let head = head_of(&frame.alerted, connector);
    Row {
        link: frame.connector_link(&head.name),
        trend: frame.seen.trends.of(&connector.name),
        head,
    }
}

fn sides(frame: &Frame<'_>) -> Vec<Side> {
    let snapshot = frame.seen.snapshot;
    let host = host_of(snapshot).map(|host| Side {
        title: "Host",
        link: "./host",
        mood: host.mood(),
        summary: host.summary(),
    });
    let probes = probes_of(snapshot);
    let probes = (!probes.is_empty()).then(|| Side {
        title: "Probes",
        link: "./host#probes",
        mood: mood_of_probes(&probes),
        summary: summary_of_probes(&probes),
    });
    host.into_iter().chain(probes).collect()
}

const COLUMNS: &[&str] = &[
    "connector",
    "kind",
    "state",
    "summary",
    "since",
    "event",
    "reason",
    "advice",
    "tunnel_up",
    "silent",
    "heard_at",
    "alert",
];

fn table(frame: &Frame<'_>, connectors: &[&ConnectorSnapshot]) -> Table {
    Table {
        name: "connectors",
        columns: COLUMNS,
        rows: connectors
            .iter()
            .map(|one| cells(&head_of(&frame.alerted, one)))
            .collect(),
    }
}

fn cells(head: &ConnectorHead<'_>) -> Vec<Value> {
    vec![
        text(head.name.expose()),
        text(head.kind.name()),
        text(state_word(head.mood)),
        text(head.summary()),
        moment(head.since()),
        json!(head.event()),
        json!(head.reason()),
        json!(head.advice()),
        json!(head.tunnel_up),
        json!(head.silent),
        moment(head.heard_at),
        json!(head.alert.as_ref().map(|alert| alert.alert)),
    ]
}
