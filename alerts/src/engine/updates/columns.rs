//! What a mail says of each Publisher: a row with columns that depend on the kind.
//!
//! Every row of a mail has the same columns in the same order, so that they can be a
//! table. What is not known is said to be so.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::words::{self, UNKNOWN};
use crate::notification::NotificationItem;
use crate::updates::{Item, UpdateAlert};

/// What all rows of a mail have in common.
pub(super) struct Table<'a> {
    /// What is told.
    pub(super) alert: UpdateAlert,
    /// The profile's zone, if it has one.
    pub(super) zone: Option<&'a TimeZone>,
    /// The release that the profile wants, if there is one.
    pub(super) release: Option<&'a str>,
}

impl Table<'_> {
    /// The row of a Publisher.
    pub(super) fn row(&self, name: &Arc<str>, item: &Item) -> NotificationItem {
        let from = (
            "From version",
            text(item.version_before.as_ref().or(item.version.as_ref())),
        );
        let started = ("Started", self.moment(item.started_at));
        let stitcher = ("Stitcher", text(item.stitcher.as_ref()));
        let facts = match self.alert {
            UpdateAlert::WillStart => vec![("Version", text(item.version.as_ref()))],
            UpdateAlert::Started => {
                let to = self.release.unwrap_or(UNKNOWN).to_owned();
                vec![started, from, ("To release", to), stitcher]
            }
            UpdateAlert::Succeeded => vec![
                from,
                ("To version", text(item.version.as_ref())),
                ("Took", took(item)),
                ("Back at stitcher", text(item.stitcher_now.as_ref())),
                ("How we know", evidence(item)),
            ],
            UpdateAlert::Failed | UpdateAlert::Skipped => vec![
                ("Reason", reason(item)),
                ("Since", self.moment(item.ended_at)),
                from,
                stitcher,
                ("How we know", evidence(item)),
            ],
            UpdateAlert::ConnectionFailed => vec![
                started,
                ("Last seen", self.moment(item.seen_at)),
                stitcher,
                from,
                ("How we know", evidence(item)),
            ],
        };
        row(name, facts)
    }

    fn moment(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| UNKNOWN.to_owned(), |at| words::moment(at, self.zone))
    }
}

/// A row of these columns.
pub(super) fn row(name: &Arc<str>, facts: Vec<(&'static str, String)>) -> NotificationItem {
    NotificationItem {
        name: Arc::clone(name),
        is_connector: true,
        facts: facts
            .into_iter()
            .map(|(column, value)| (Arc::from(column), value))
            .collect(),
    }
}

fn text(value: Option<&Arc<str>>) -> String {
    value.map_or(UNKNOWN, |value| value).to_owned()
}

fn took(item: &Item) -> String {
    match (item.started_at, item.ended_at) {
        (Some(from), Some(to)) if from < to => words::duration(to.duration_since(from)),
        _ => UNKNOWN.to_owned(),
    }
}

fn reason(item: &Item) -> String {
    let told = item
        .end
        .as_ref()
        .map_or("", |(outcome, _)| outcome.reason());
    words::or_unknown(told).to_owned()
}

fn evidence(item: &Item) -> String {
    if item.is_addition {
        return "its log says so, after it or we told another end".to_owned();
    }
    let told = item
        .end
        .as_ref()
        .map(|(outcome, known)| words::evidence(*known, outcome, item.is_silent));
    told.unwrap_or(UNKNOWN).to_owned()
}
