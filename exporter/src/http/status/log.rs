//! The part of the report about logs and the latest events.
//!
//! What a log is and how it fared, with the words of the metrics; names are documented
//! in `docs/api.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::event::Field;
use model::snapshot::{LogSnapshot, RecentEvent};
use serde::Serialize;

use super::{Counts, Foreign, as_object};

/// One log of a connector.
#[derive(Debug, Serialize)]
pub(in crate::http) struct LogReport<'a> {
    pub(in crate::http) name: Foreign<'a>,
    pub(in crate::http) bytes: u64,
    pub(in crate::http) lag_bytes: u64,
    pub(in crate::http) last_read_at: Option<Timestamp>,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) lines: Counts,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) generations: Counts,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) lost_bytes: Counts,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) ambiguous_date_files: Counts,
    pub(in crate::http) near_misses: Vec<NearMissReport<'a>>,
    pub(in crate::http) files: Vec<FileReport<'a>>,
    pub(in crate::http) unreadable: Vec<UnreadableReport<'a>>,
    pub(in crate::http) files_over_limit: u64,
}

/// A known function that said something unknown.
#[derive(Debug, Serialize)]
pub(in crate::http) struct NearMissReport<'a> {
    pub(in crate::http) function: Foreign<'a>,
    pub(in crate::http) count: u64,
    pub(in crate::http) sample: Option<Foreign<'a>>,
}

/// A followed file.
#[derive(Debug, Serialize)]
pub(in crate::http) struct FileReport<'a> {
    pub(in crate::http) path: Foreign<'a>,
    pub(in crate::http) offset: u64,
    pub(in crate::http) size: u64,
}

/// A file that cannot be read now.
#[derive(Debug, Serialize)]
pub(in crate::http) struct UnreadableReport<'a> {
    pub(in crate::http) path: Foreign<'a>,
    pub(in crate::http) error: Foreign<'a>,
    /// It is no log, so it does not make the agent not ready.
    pub(in crate::http) refused: bool,
}

/// One of the latest events.
#[derive(Debug, Serialize)]
pub(in crate::http) struct RecentReport<'a> {
    /// By the line's own words; `None` if it carries no time.
    pub(in crate::http) time: Option<Timestamp>,
    pub(in crate::http) read_at: Timestamp,
    pub(in crate::http) connector: Foreign<'a>,
    pub(in crate::http) log: Foreign<'a>,
    pub(in crate::http) file: Foreign<'a>,
    pub(in crate::http) offset: u64,
    pub(in crate::http) event: &'static str,
    pub(in crate::http) reason: &'a str,
    pub(in crate::http) fields: BTreeMap<Foreign<'a>, Foreign<'a>>,
}

/// One log.
pub(in crate::http) fn log_report(log: &LogSnapshot) -> LogReport<'_> {
    LogReport {
        name: Foreign(&log.name),
        bytes: log.bytes,
        lag_bytes: log.lag_bytes,
        last_read_at: log.last_read_at,
        lines: log
            .lines
            .iter()
            .map(|(outcome, count)| (outcome.name(), *count))
            .collect(),
        generations: log
            .generations
            .iter()
            .map(|(cause, count)| (cause.name(), *count))
            .collect(),
        lost_bytes: log
            .lost_bytes
            .iter()
            .map(|(cause, bytes)| (cause.name(), *bytes))
            .collect(),
        ambiguous_date_files: log
            .ambiguous_dates
            .iter()
            .map(|(order, files)| (order.name(), *files))
            .collect(),
        near_misses: log
            .near_misses
            .iter()
            .map(|near_miss| NearMissReport {
                function: Foreign(&near_miss.function),
                count: near_miss.count,
                sample: near_miss.sample.as_ref().map(Foreign::from),
            })
            .collect(),
        files: log
            .files
            .iter()
            .map(|file| FileReport {
                path: Foreign(&file.path),
                offset: file.offset,
                size: file.size,
            })
            .collect(),
        unreadable: log
            .unreadable
            .iter()
            .map(|file| UnreadableReport {
                path: Foreign(&file.path),
                error: Foreign(&file.error),
                refused: file.is_refused,
            })
            .collect(),
        files_over_limit: log.files_over_limit,
    }
}

/// One event.
pub(in crate::http) fn recent_report(recent: &RecentEvent) -> RecentReport<'_> {
    RecentReport {
        time: recent.event.time,
        read_at: recent.read_at,
        connector: Foreign(&recent.connector),
        log: Foreign(&recent.log),
        file: Foreign(&recent.file),
        offset: recent.offset,
        event: recent.event.key.kind.name(),
        reason: recent.event.key.reason.as_str(),
        fields: recent.event.fields.iter().map(named).collect(),
    }
}

fn named(field: &Field) -> (Foreign<'_>, Foreign<'_>) {
    (Foreign(&field.name), Foreign::from(&field.value))
}
