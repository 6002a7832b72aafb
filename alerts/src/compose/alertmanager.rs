//! Words notifications for an Alertmanager's own interface, `POST /api/v2/alerts`.
//!
//! Alertmanager knows levels only: it resolves what nobody sends again. So a matter that
//! lasts is sent when it begins without an end, which gives it Alertmanager's
//! `resolve_timeout` (5 minutes unless set) from its arrival, however late that is; then
//! it is sent once a minute, beside the outbox ([`crate::deliver::refresh`]), with an end
//! [`LASTS`] ahead; and when it is over once more with its true end. If the agent
//! dies, Alertmanager takes the matter for over after [`LASTS`] at the latest, and hears
//! again when it is back.
//!
//! An event has a label `event_id`, since two failures of one Publisher within seconds
//! would be one alert without it, and an end so far ahead as the receiver wants
//! ([`crate::receiver::AlertmanagerWay::event_lasts`]). What Alertmanager then calls
//! resolved means nothing: `send_resolved: false` in its receivers.
//!
//! Known limit: ends are times of our clock and judged by Alertmanager's. If ours is more
//! than four minutes behind, what fires is over to it; if it is more than five ahead, the
//! beginning is refused, and the first refresh tells of it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::AlertRow;
use serde::Serialize;

use super::labels::{
    Labels, Matter, annotation, annotations, annotations_of_item, members, moment, of_item, page_of,
};
use super::leads::Runbook;
use super::text::line;
use super::wording::{ACTION_CHARS_MAX, SUMMARY_CHARS_MAX};
use crate::notification::{Notification, NotificationKind};
use crate::receiver::{AlertmanagerWay, Identity};

/// How far ahead the end is that a refresh sets: three may be lost.
pub const LASTS: Duration = Duration::from_secs(4 * 60);

/// Most alerts in one request.
pub const ALERTS_MAX: usize = 500;

/// What tells an event from the next of the same labels. One that is told together with
/// another of the same Publisher has its number behind it.
const EVENT_ID: &str = "event_id";

/// One alert as Alertmanager takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: Labels,
    annotations: Labels,
    starts_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(rename = "generatorURL", skip_serializing_if = "String::is_empty")]
    generator_url: String,
}

/// The bytes of a notification's request.
pub(super) fn write(
    notification: &Notification,
    way: &AlertmanagerWay,
    identity: &Identity,
) -> Vec<u8> {
    let mut labels = Matter::of(notification).labels(identity);
    let (starts_at, ends_at) = match &notification.kind {
        NotificationKind::Incident(_) => {
            let end = notification.ended_at.unwrap_or(notification.at);
            let end = notification.kind.is_end().then_some(end);
            (notification.started_at, end)
        }
        NotificationKind::Notice
        | NotificationKind::Update(_)
        | NotificationKind::Test
        | NotificationKind::Digest => {
            labels.insert(EVENT_ID.to_owned(), line(&notification.id, 100));
            (
                notification.at,
                Some(later(notification.at, way.event_lasts)),
            )
        }
    };
    let alert = |names: Labels, annotations: Labels| Alert {
        generator_url: page_of(&names, identity),
        labels: names,
        annotations,
        starts_at: moment(starts_at),
        ends_at: ends_at.map(moment),
    };
    let said = annotations(notification, identity);
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    let mut alerts: Vec<Alert> = members(notification, ALERTS_MAX)
        .iter()
        .map(|item| {
            let time = times.entry(&item.name).or_default();
            *time = time.saturating_add(1);
            let mut names = of_item(&labels, item);
            if let (2.., Some(id)) = (*time, names.get_mut(EVENT_ID)) {
                id.push_str(&format!("-{time}"));
            }
            alert(names, annotations_of_item(&said, item))
        })
        .collect();
    if alerts.is_empty() {
        alerts.push(alert(labels, said));
    }
    super::json(&alerts)
}

/// The bodies of the requests that keep these alerts alive, with at most [`ALERTS_MAX`]
/// each; no body if there are none. To be sent once a minute to each Alertmanager, of the
/// rows that are its own and fire ([`super::Composer::refresh`] chooses them). They need no
/// outbox: the next one says the same again.
pub(super) fn refresh(
    rows: &[&AlertRow],
    identity: &Identity,
    runbook_of: impl Fn(&AlertRow) -> Runbook,
    now: Timestamp,
) -> Vec<Vec<u8>> {
    let ends_at = moment(later(now, LASTS));
    let alert = |row: &&AlertRow| {
        let matter = Matter {
            alert: &row.alert,
            rule: &row.rule,
            severity: row.severity.name(),
            labels: &row.labels,
        };
        let mut annotations = Labels::new();
        let summary = line(&row.summary, SUMMARY_CHARS_MAX);
        annotations.insert("summary".to_owned(), summary);
        let action = line(&row.action, ACTION_CHARS_MAX);
        if !action.is_empty() {
            annotations.insert("description".to_owned(), action);
        }
        annotations.extend(annotation(runbook_of(row)));
        let labels = matter.labels(identity);
        Alert {
            generator_url: page_of(&labels, identity),
            labels,
            annotations,
            starts_at: moment(row.since),
            ends_at: Some(ends_at.clone()),
        }
    };
    rows.chunks(ALERTS_MAX)
        .map(|chunk| super::json(&chunk.iter().map(alert).collect::<Vec<_>>()))
        .collect()
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
