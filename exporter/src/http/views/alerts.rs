//! `/alerts`: what fires and what waits to, what is held back, and what became of messages.

use askama::Template;
use axum::response::Response;
use model::alert::AlertRow;
use serde_json::{Value, json};

use super::frame::Frame;
use super::{Refusal, page};
use crate::alerting::idle::Known;
use crate::http::export::{Table, moment, text};
use crate::http::query::{Form, Pages, Parameter};
use crate::http::silences::Typed;
use crate::http::status::{
    AlertReport, AlertsReport, DecisionReport, MessageReport, SilenceReport, alert_report,
    alerts_report,
};

/// Most silences beside alerts; there may be a thousand.
const SILENCES_BESIDE_MAX: usize = 100;

/// Most messages and decisions beside alerts, each; alone they are all there.
const ROWS_BESIDE_MAX: usize = 20;

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage<'a> {
    frame: &'a Frame<'a>,
    /// The only list shown; empty for all.
    list: &'a str,
    pages: Pages<'a, AlertReport<'a>>,
    messages: Vec<MessageReport<'a>>,
    messages_left: usize,
    decisions: Vec<DecisionReport<'a>>,
    decisions_left: usize,
    silences_left: usize,
    /// What stands in the form of a silence.
    typed: Typed,
    /// What no filter concerns.
    whole: AlertsReport<'a>,
    /// What alerts there can be.
    known: Known<'a>,
}

impl AlertsPage<'_> {
    /// Why no alert fits a silence now; empty if one may.
    fn why_idle(&self, silence: &SilenceReport<'_>) -> Vec<String> {
        let matchers = silence.matchers.iter();
        let matchers =
            matchers.map(|(label, value)| (label.expose().into(), value.expose().into()));
        let unfit = self.known.unfit(&matchers.collect::<Vec<_>>());
        unfit.iter().map(|one| one.words().to_owned()).collect()
    }
}

/// What there is about some connectors.
pub(super) struct Rows<'a> {
    pub(super) alerts: Vec<AlertReport<'a>>,
    pub(super) messages: Vec<MessageReport<'a>>,
    pub(super) decisions: Vec<DecisionReport<'a>>,
}

pub(super) fn answer(frame: &Frame<'_>) -> Result<Response, Refusal> {
    let mut rows = wanted(frame, frame.query.get(Parameter::Connector));
    let form = frame.query.form();
    if form == Form::Page {
        let list = frame.query.get(Parameter::List).unwrap_or_default();
        let most = if list.is_empty() {
            ROWS_BESIDE_MAX
        } else {
            usize::MAX
        };
        let messages_left = rows.messages.len().saturating_sub(most);
        let decisions_left = rows.decisions.len().saturating_sub(most);
        rows.messages.truncate(most);
        rows.decisions.truncate(most);
        let mut whole = alerts_report(&frame.seen.snapshot.alerts);
        let silences_most = if list.is_empty() {
            SILENCES_BESIDE_MAX
        } else {
            usize::MAX
        };
        // The newest first: whoever made one looks for it.
        whole
            .silences
            .sort_by_key(|silence| std::cmp::Reverse(silence.from));
        let silences_left = whole.silences.len().saturating_sub(silences_most);
        whole.silences.truncate(silences_most);
        return page(&AlertsPage {
            frame,
            list,
            pages: frame.query.cut(&rows.alerts),
            messages: rows.messages,
            messages_left,
            decisions: rows.decisions,
            decisions_left,
            silences_left,
            typed: Typed::default(),
            whole,
            known: Known::of_snapshot(frame.seen.snapshot).without_guesses(),
        });
    }
    let table = match frame.query.get(Parameter::List) {
        Some("messages") => message_table(&rows.messages),
        Some("history") => decision_table(&rows.decisions),
        Some("silences") => silence_table(&alerts_report(&frame.seen.snapshot.alerts).silences),
        Some(_) | None => alert_table(&rows.alerts),
    };
    Ok(table.response(form, frame.taken_at()))
}

/// All about one connector, whatever the filters say.
pub(super) fn of_connector<'a>(frame: &Frame<'a>, name: &str) -> Rows<'a> {
    let whole = alerts_report(&frame.seen.snapshot.alerts);
    let rows = frame.seen.snapshot.alerts.rows.iter();
    let key = key_part(name);
    Rows {
        alerts: rows
            .filter(|row| is_about(row, name))
            .map(alert_report)
            .collect(),
        messages: messages_about(whole.messages, frame, &key),
        decisions: whole
            .history
            .into_iter()
            .filter(|row| row.key.expose().contains(&key))
            .collect(),
    }
}

fn wanted<'a>(frame: &Frame<'a>, connector: Option<&str>) -> Rows<'a> {
    let query = &frame.query;
    let rows = match connector {
        Some(name) => of_connector(frame, name),
        None => {
            let whole = alerts_report(&frame.seen.snapshot.alerts);
            Rows {
                alerts: whole.alerts,
                messages: whole.messages,
                decisions: whole.history,
            }
        }
    };
    let keep_alert = |alert: &AlertReport<'_>| {
        let labels = alert.labels.values().map(|value| value.expose());
        let own = [alert.alert, alert.rule, alert.summary, alert.reason];
        query.takes(Parameter::Severity, alert.severity.name())
            && has_state(frame, alert)
            && query.finds(own.map(|text| text.expose()).into_iter().chain(labels))
    };
    let keep_message = |message: &MessageReport<'_>| {
        let own = [message.subject, message.receiver, message.rule];
        let ways = message.deliveries.iter();
        let ways = ways.flat_map(|way| [way.recipient.expose(), way.last_reply.expose()]);
        query.takes(Parameter::Severity, message.severity.name())
            && query.finds(own.map(|text| text.expose()).into_iter().chain(ways))
    };
    let keep_decision = |row: &DecisionReport<'_>| {
        let own = [row.key, row.decision, row.reason, row.rule];
        query.finds(own.map(|text| text.expose()))
    };
    Rows {
        alerts: rows.alerts.into_iter().filter(keep_alert).collect(),
        messages: rows.messages.into_iter().filter(keep_message).collect(),
        decisions: rows.decisions.into_iter().filter(keep_decision).collect(),
    }
}

fn has_state(frame: &Frame<'_>, alert: &AlertReport<'_>) -> bool {
    match frame.query.get(Parameter::State) {
        None => true,
        Some("held") => alert.held_by.is_some(),
        Some(phase) => phase == alert.phase.name(),
    }
}

fn is_about(row: &AlertRow, connector: &str) -> bool {
    let mut labels = row.labels.iter();
    labels.any(|(name, value)| &**name == "connector" && &**value == connector)
}

/// What the key of a matter about the connector holds.
fn key_part(connector: &str) -> String {
    format!("connector=\"{connector}\"")
}

fn messages_about<'a>(
    messages: Vec<MessageReport<'a>>,
    frame: &Frame<'a>,
    key: &str,
) -> Vec<MessageReport<'a>> {
    // The report has no key: it stands in the same place of the snapshot.
    let keys = frame.seen.snapshot.alerts.messages.iter();
    let about = messages.into_iter().zip(keys);
    about
        .filter(|(_, shown)| shown.message.key.contains(key))
        .map(|(report, _)| report)
        .collect()
}

fn alert_table(alerts: &[AlertReport<'_>]) -> Table {
    let cells = |alert: &AlertReport<'_>| -> Vec<Value> {
        vec![
            text(alert.key.expose()),
            text(alert.rule.expose()),
            text(alert.alert.expose()),
            text(alert.severity.name()),
            text(alert.phase.name()),
            json!(alert.labels),
            moment(Some(alert.since)),
            moment(alert.fires_at),
            json!(alert.held_by.as_ref().map(|hold| hold.kind)),
            text(alert.summary.expose()),
            text(alert.reason.expose()),
            text(alert.action.expose()),
        ]
    };
    Table {
        name: "alerts",
        columns: &[
            "key", "rule", "alert", "severity", "phase", "labels", "since", "fires_at", "held_by",
            "summary", "reason", "action",
        ],
        rows: alerts.iter().map(cells).collect(),
    }
}

/// A row for each delivery: its fate is what one looks for.
fn message_table(messages: &[MessageReport<'_>]) -> Table {
    let mut rows = Vec::new();
    for message in messages {
        for way in &message.deliveries {
            rows.push(vec![
                moment(Some(message.created_at)),
                text(message.receiver.expose()),
                text(message.channel),
                text(message.rule.expose()),
                text(message.severity.name()),
                text(message.subject.expose()),
                text(way.recipient.expose()),
                text(way.state.name()),
                json!(way.attempts),
                moment(way.next_at),
                moment(way.settled_at),
                text(way.last_reply.expose()),
                text(message.id.expose()),
            ]);
        }
    }
    Table {
        name: "messages",
        columns: &[
            "created_at",
            "receiver",
            "channel",
            "rule",
            "severity",
            "subject",
            "recipient",
            "state",
            "attempts",
            "next_at",
            "settled_at",
            "last_reply",
            "id",
        ],
        rows,
    }
}

fn silence_table(silences: &[SilenceReport<'_>]) -> Table {
    let cells = |silence: &SilenceReport<'_>| -> Vec<Value> {
        vec![
            text(silence.id.expose()),
            json!(silence.matchers),
            text(silence.who.expose()),
            text(silence.why.expose()),
            moment(silence.from),
            moment(Some(silence.until)),
            json!(silence.configured),
        ]
    };
    Table {
        name: "silences",
        columns: &[
            "id",
            "matchers",
            "who",
            "why",
            "from",
            "until",
            "configured",
        ],
        rows: silences.iter().map(cells).collect(),
    }
}

fn decision_table(decisions: &[DecisionReport<'_>]) -> Table {
    let cells = |row: &DecisionReport<'_>| -> Vec<Value> {
        vec![
            json!(row.serial),
            moment(Some(row.at)),
            text(row.rule.expose()),
            text(row.key.expose()),
            text(row.decision.expose()),
            text(row.reason.expose()),
            json!(row.notification),
        ]
    };
    Table {
        name: "history",
        columns: &[
            "serial",
            "at",
            "rule",
            "key",
            "decision",
            "reason",
            "notification",
        ],
        rows: decisions.iter().map(cells).collect(),
    }
}
