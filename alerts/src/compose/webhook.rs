//! Words a notification as Alertmanager's webhook does: payload version 4.
//!
//! Dozens of bridges take it as it is. Members are alerts of their own with the labels of
//! the whole; what an end is to us is `resolved`, all else is `firing`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::labels::{
    Labels, Matter, NO_END, annotations, annotations_of_item, members, moment, of_item, page_of,
    print_of,
};
use super::leads::page;
use super::text::line;
use crate::fingerprint::fingerprint;
use crate::notification::Notification;
use crate::receiver::{Identity, Receiver};

/// Most alerts in one payload; how many are left out stands in `truncatedAlerts`.
const ALERTS_MAX: usize = 500;

/// The payload. Names are Alertmanager's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    version: &'static str,
    group_key: String,
    truncated_alerts: usize,
    status: &'static str,
    receiver: String,
    group_labels: Labels,
    common_labels: Labels,
    common_annotations: Labels,
    #[serde(rename = "externalURL")]
    external_url: String,
    alerts: Vec<Alert>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: &'static str,
    labels: Labels,
    annotations: Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

/// The bytes of a notification's payload.
pub(super) fn write(
    notification: &Notification,
    receiver: &Receiver,
    identity: &Identity,
) -> Vec<u8> {
    let labels = Matter::of(notification).labels(identity);
    let said = annotations(notification, identity);
    let is_end = notification.kind.is_end();
    let status = if is_end { "resolved" } else { "firing" };
    let ended_at = notification.ended_at.unwrap_or(notification.at);
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    let mut alert = |names: Labels, annotations: Labels| Alert {
        status,
        fingerprint: print_of_next(&names, &mut times),
        generator_url: page_of(&names, identity),
        labels: names,
        annotations,
        starts_at: moment(notification.started_at),
        ends_at: if is_end {
            moment(ended_at)
        } else {
            NO_END.to_owned()
        },
    };
    let mut alerts: Vec<Alert> = members(notification, ALERTS_MAX)
        .iter()
        .map(|item| {
            let said = annotations_of_item(&said, item);
            alert(of_item(&labels, item), said)
        })
        .collect();
    if alerts.is_empty() {
        alerts.push(alert(labels.clone(), said.clone()));
    }
    let group = ["alertname", "rule"];
    let payload = Payload {
        version: "4",
        group_key: line(&notification.key, 1000),
        truncated_alerts: notification.items.len().saturating_sub(ALERTS_MAX),
        status,
        receiver: line(&receiver.name, 200),
        group_labels: labels
            .iter()
            .filter(|(name, _)| group.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        common_labels: labels,
        common_annotations: said,
        external_url: page(identity),
        alerts,
    };
    super::json(&payload)
}

/// What stands for labels; for the second and later ones that are the same, such as two
/// failures of one Publisher, another.
fn print_of_next(labels: &Labels, times: &mut BTreeMap<String, u32>) -> String {
    let print = print_of(labels);
    let time = times.entry(print.clone()).or_default();
    *time = time.saturating_add(1);
    match *time {
        0 | 1 => print,
        again => fingerprint(&[&print, &again.to_string()]).to_string(),
    }
}
