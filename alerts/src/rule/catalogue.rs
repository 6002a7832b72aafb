//! The catalogue of update failures: what the vendor says of each, how bad it is, and what
//! to do.
//!
//! The rows stand in `alerts/catalogue/update-failures.yaml`, keyed by the reason that the
//! catalogue of log lines gives. Which text means which reason is known there, not here.

use std::sync::LazyLock;

use model::alert::Severity;
use model::event::{EventKey, EventKind};
use serde::Deserialize;

/// The rows as they are written.
pub const UPDATE_FAILURES: &str = include_str!("../../catalogue/update-failures.yaml");

/// One failure of an update.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateFailure {
    /// The reason that events carry.
    pub reason: String,
    /// The event that tells of it, by name.
    pub event: String,
    /// How bad it is.
    #[serde(deserialize_with = "severity")]
    pub severity: Severity,
    /// What happened: the vendor's sentence, or ours for the catch-all.
    pub text: String,
    /// What to do.
    pub action: String,
    /// Where to look: files, and commands to run on the Publisher.
    pub look_at: Vec<String>,
    /// What to look for there.
    #[serde(default)]
    pub look_for: Vec<String>,
    /// The vendor's error codes whose text names this failure.
    #[serde(default)]
    pub codes: Vec<u32>,
    /// Codes that we have put here, since their text does not decide.
    #[serde(default)]
    pub codes_inferred: Vec<u32>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    failures: Vec<UpdateFailure>,
}

/// What stands for a reason of which nothing is known, should the file itself be damaged:
/// tests hold that it is not.
static NOTHING_KNOWN: LazyLock<UpdateFailure> = LazyLock::new(|| UpdateFailure {
    reason: "unknown".to_owned(),
    event: "update.failed".to_owned(),
    severity: Severity::Critical,
    text: "The update failed for a reason that is not known.".to_owned(),
    action: "Read logs/publisher_wizard.log on the Publisher.".to_owned(),
    look_at: Vec::new(),
    look_for: Vec::new(),
    codes: Vec::new(),
    codes_inferred: Vec::new(),
});

static ROWS: LazyLock<Vec<UpdateFailure>> = LazyLock::new(|| {
    let file: Result<File, _> = serde_yaml::from_str(UPDATE_FAILURES);
    file.map_or_else(|_| Vec::new(), |file| file.failures)
});

/// Every row, in the vendor's order; the catch-all last.
pub fn rows() -> &'static [UpdateFailure] {
    &ROWS
}

/// The row of a reason, if there is one.
pub fn find(reason: &str) -> Option<&'static UpdateFailure> {
    ROWS.iter().find(|row| row.reason == reason)
}

/// The row of a reason, or the catch-all.
pub fn row_of(reason: &str) -> &'static UpdateFailure {
    find(reason)
        .or_else(|| find("unknown"))
        .unwrap_or(&NOTHING_KNOWN)
}

/// How bad an event is by the catalogue; `None` for what is no end of an update.
pub fn severity_of(key: &EventKey) -> Option<Severity> {
    let is_bad_end = matches!(
        key.kind,
        EventKind::UpdateFailed | EventKind::UpdateReconnectFailed | EventKind::UpdateSkipped
    );
    is_bad_end.then(|| row_of(key.reason.as_str()).severity)
}

fn severity<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    let word = String::deserialize(from)?;
    Severity::from_name(&word)
        .ok_or_else(|| serde::de::Error::custom("want info, warning or critical"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn thirteen_sentences_of_the_vendors_and_one_row_for_every_other() {
        assert_eq!(rows().len(), 14);
        assert_eq!(
            rows().last().map(|row| row.reason.as_str()),
            Some("unknown")
        );
        let reasons: BTreeSet<&str> = rows().iter().map(|row| row.reason.as_str()).collect();
        assert_eq!(reasons.len(), 14);
        for row in rows() {
            assert!(
                row.action.ends_with('.') && !row.look_at.is_empty(),
                "{}",
                row.reason
            );
            let kind = EventKind::from_name(&row.event);
            assert!(kind.is_some(), "{}", row.reason);
        }
        let codes: Vec<u32> = rows()
            .iter()
            .flat_map(|row| row.codes.iter().chain(&row.codes_inferred).copied())
            .collect();
        let unlike: BTreeSet<u32> = codes.iter().copied().collect();
        assert_eq!(codes.len(), unlike.len(), "a code means one reason");
    }

    /// Reason and event of every row are those that the catalogue of log lines gives.
    #[test]
    fn its_reasons_are_those_that_log_lines_give() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../logparse/catalogue/netskope-publisher.yaml"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let file: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let rows_of_log = file["rows"].as_sequence().expect("rows");
        let mut of_log = BTreeSet::new();
        for row in rows_of_log {
            let event = row["event"].as_str().unwrap_or_default();
            if let Some(reason) = row["reason"].as_str()
                && event.starts_with("update.")
            {
                of_log.insert((event.to_owned(), reason.to_owned()));
            }
        }
        let ours: BTreeSet<(String, String)> = rows()
            .iter()
            .map(|row| (row.event.clone(), row.reason.clone()))
            .collect();
        assert_eq!(ours, of_log);
    }

    /// The sentence of each row is the one that the pattern of its reason recognises.
    #[test]
    fn its_sentences_are_those_that_log_lines_have() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../logparse/catalogue/netskope-publisher.yaml"
        );
        let text = std::fs::read_to_string(path).unwrap();
        for row in rows().iter().filter(|row| row.reason != "unknown") {
            assert!(
                text.contains(&format!(" UTC {}", row.text)),
                "{}",
                row.reason
            );
        }
    }

    #[test]
    fn the_severity_is_that_of_the_reason_and_of_updates_only() {
        let key = |kind, reason: &str| EventKey {
            kind,
            reason: model::event::Reason::new(reason).unwrap(),
        };
        let of = |kind, reason| severity_of(&key(kind, reason));
        assert_eq!(
            of(EventKind::UpdateSkipped, "same_version"),
            Some(Severity::Info)
        );
        assert_eq!(
            of(EventKind::UpdateFailed, "never_heard"),
            Some(Severity::Critical)
        );
        assert_eq!(of(EventKind::TlsError, "ssl"), None);
        assert_eq!(NOTHING_KNOWN.reason, "unknown");
    }
}
