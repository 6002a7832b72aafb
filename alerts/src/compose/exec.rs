//! Words a notification for a program of the operator's: one JSON object on its standard
//! input, with every text a harmless line.

use serde::Serialize;

use super::labels::moment;
use super::view::{Fact, Item, Reader, View};
use super::wording::Clock;
use crate::notification::Notification;
use crate::receiver::{Identity, Receiver};

/// Most members in one object.
const ITEMS_MAX: usize = 500;

/// The object. Fields are only ever added; `version` changes if one changes its meaning.
#[derive(Debug, Serialize)]
struct Told<'a> {
    /// 1.
    version: u32,
    /// The message's id, the same for every attempt.
    id: &'a str,
    /// What belongs together has the same one.
    thread: &'a str,
    /// The receiver's configured name.
    receiver: &'a str,
    /// A word of [`crate::notification::NotificationKind::WORDS`].
    status: &'static str,
    /// Whether it is over.
    resolved: bool,
    severity: &'static str,
    alert: &'a str,
    rule: &'a str,
    key: &'a str,
    number: u32,
    agent: &'a str,
    host: &'a str,
    site: &'a str,
    subject: &'a str,
    sentence: &'a str,
    summary: &'a str,
    action: &'a str,
    runbook: &'a str,
    runbook_command: &'a str,
    connector_url: &'a str,
    page_url: &'a str,
    at: String,
    started_at: String,
    ended_at: Option<String>,
    labels: &'a [Fact],
    facts: Vec<Fact>,
    items: Vec<Named<'a>>,
    items_left_out: usize,
    log_lines: &'a [String],
    faults: &'a [String],
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    name: &'a str,
    facts: &'a [Fact],
}

/// The bytes of a notification's object.
pub(super) fn write(
    notification: &Notification,
    receiver: &Receiver,
    identity: &Identity,
    id: &str,
) -> Vec<u8> {
    let clock = Clock::default();
    let reader = Reader {
        receiver,
        identity,
        clock: &clock,
    };
    let view = View::of(notification, reader, ITEMS_MAX, &[]);
    let named = |item| {
        let Item { name, facts, .. }: &Item = item;
        Named { name, facts }
    };
    super::json(&Told {
        version: 1,
        id,
        thread: &notification.thread,
        receiver: &view.receiver,
        status: view.status,
        resolved: view.is_over,
        severity: view.severity,
        alert: &view.alert,
        rule: &view.rule,
        key: &view.key,
        number: view.number,
        agent: &view.agent,
        host: &view.host,
        site: &view.site,
        subject: &view.subject,
        sentence: &view.sentence,
        summary: &view.summary,
        action: &view.action,
        runbook: &view.runbook,
        runbook_command: &view.runbook_command,
        connector_url: &view.connector_url,
        page_url: &view.page_url,
        at: moment(notification.at),
        started_at: moment(notification.started_at),
        ended_at: notification.ended_at.map(moment),
        labels: &view.labels,
        facts: View::own_facts(notification),
        items: view.items.iter().map(named).collect(),
        items_left_out: view.items_left_out,
        log_lines: &view.log_lines,
        faults: &view.faults,
    })
}
