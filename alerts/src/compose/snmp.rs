//! Words a notification for the SNMP agent: the row that a trap or inform is made of.
//!
//! The room of SNMP is another, so that what it needs travels as JSON; the program reads it
//! with [`SnmpAlert::read`] and hands it over there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::{cut_bytes, line};
use super::wording::{ACTION_CHARS_MAX, SUMMARY_CHARS_MAX};
use crate::notification::{Notification, NotificationKind};

/// Longest text of a notification, in bytes: what a `DisplayString` takes (RFC 2579).
const TEXT_BYTES_MAX: usize = 255;

/// What a notification is to be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnmpKind {
    /// An alert fires, or something happened.
    Firing,
    /// It is over.
    Resolved,
    /// Somebody tries whether notifications arrive.
    Test,
}

/// An alert for SNMP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnmpAlert {
    /// What is told of it.
    pub kind: SnmpKind,
    /// Its number, from 1 on; 0 of what is no alert that lasts.
    pub index: u32,
    /// The rule's id.
    pub rule: String,
    /// How bad it is, by its word: see [`model::alert::Severity::from_name`].
    pub severity: String,
    /// The connector that it is about; empty if it is about the host or several.
    pub connector: String,
    /// Since when it has been so.
    pub since: Timestamp,
    /// What is wrong, at most 255 bytes.
    pub summary: String,
    /// What to do, at most 255 bytes.
    pub action: String,
}

impl SnmpAlert {
    /// Reads the body of a message.
    ///
    /// # Errors
    ///
    /// The body is none of ours: another version of the program stored it.
    pub fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

/// The bytes of a notification's row.
pub(super) fn write(notification: &Notification) -> Vec<u8> {
    let kind = match &notification.kind {
        NotificationKind::Test => SnmpKind::Test,
        kind if kind.is_end() => SnmpKind::Resolved,
        NotificationKind::Incident(_)
        | NotificationKind::Notice
        | NotificationKind::Update(_)
        | NotificationKind::Digest => SnmpKind::Firing,
    };
    let connector = notification
        .labels
        .iter()
        .find(|(name, _)| &**name == "connector")
        .map(|(_, value)| line(value, 200));
    let only_member = match notification.items.as_slice() {
        [item] if item.is_connector => Some(line(&item.name, 200)),
        _ => None,
    };
    let bounded = |text: &str, chars_max| cut_bytes(&line(text, chars_max), TEXT_BYTES_MAX);
    super::json(&SnmpAlert {
        kind,
        index: notification.index,
        rule: bounded(&notification.rule, 200),
        severity: notification.severity.name().to_owned(),
        connector: cut_bytes(
            &connector.or(only_member).unwrap_or_default(),
            TEXT_BYTES_MAX,
        ),
        since: notification.started_at,
        summary: bounded(&notification.summary, SUMMARY_CHARS_MAX),
        action: bounded(&notification.action, ACTION_CHARS_MAX),
    })
}
