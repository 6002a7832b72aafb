//! `/runbooks/`: what to do about each alert, and how that alert stands.

use askama::Template;
use axum::response::Response;
use model::snapshot::AlertsSnapshot;

use super::frame::Frame;
use super::{Refusal, page};
use crate::http::markdown::{self, Document};
use crate::http::status::{AlertReport, alert_report};
use crate::runbooks::{self, Place, Runbook};

/// Most alerts above a runbook; `/alerts` has all.
const ALERTS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "runbook.html")]
struct RunbookPage<'a> {
    frame: &'a Frame<'a>,
    document: Document,
    is_list: bool,
    /// What its rules tell of at present.
    alerts: Vec<AlertReport<'a>>,
}

/// The list of all, with what holds for each.
pub(super) fn list(frame: &Frame<'_>) -> Result<Response, Refusal> {
    page(&RunbookPage {
        frame,
        document: markdown::document(runbooks::INDEX),
        is_list: true,
        alerts: Vec::new(),
    })
}

/// The runbook of this name, or of the rule of this name.
pub(super) fn answer(frame: &Frame<'_>, name: &str) -> Result<Response, Refusal> {
    let alerts = &frame.seen.snapshot.alerts;
    let runbook = find(alerts, name).ok_or_else(|| unknown(alerts, name))?;
    let rows = alerts.rows.iter();
    let rows = rows.filter(|row| frame.place_of(&row.rule) == Place::Ours(runbook));
    page(&RunbookPage {
        frame,
        document: markdown::document(runbook.text),
        is_list: false,
        alerts: rows.take(ALERTS_MAX).map(alert_report).collect(),
    })
}

fn find(alerts: &AlertsSnapshot, name: &str) -> Option<Runbook> {
    runbooks::find(name).or_else(|| {
        let rule = alerts.rules.iter().find(|rule| &*rule.id == name)?;
        match runbooks::place(&rule.runbook) {
            Place::Ours(runbook) => Some(runbook),
            Place::Web(_) | Place::Word(_) | Place::Nowhere => None,
        }
    })
}

/// Says what is near, and repeats nothing of what was asked.
fn unknown(alerts: &AlertsSnapshot, name: &str) -> Refusal {
    let is_rule = alerts.rules.iter().any(|rule| &*rule.id == name);
    let why = if is_rule {
        "This rule has no runbook of this program's; its own text says where to look."
    } else {
        "No runbook and no rule in force has this name."
    };
    let near = match runbooks::similar(name, []) {
        Some(near) if !is_rule => format!(" Did you mean /runbooks/{near}?"),
        Some(_) | None => String::new(),
    };
    Refusal::NoRunbook(format!("{why}{near} All of them: /runbooks/\n"))
}
