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
