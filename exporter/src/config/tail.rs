//! The section `tail`: how patiently logs are followed, and within which bounds.
//!
//! The rooms below take plain durations and counts; this is where what a person
//! wrote becomes those. Ranges are not here but in [`super::reference`], where the
//! manual has them too.

use std::time::Duration;

use serde::Deserialize;
use tail::config::TailLimits;

use super::quantity::{HumanDuration, HumanSize};

/// How logs are followed. All keys have defaults that suit a connector's host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TailConfig {
    /// How long to wait before looking again at files that had no news.
    pub poll_interval: HumanDuration,
    /// How often to look into the folders for files that are new, renamed or gone.
    pub scan_interval: HumanDuration,
    /// How often what was read is made durable and shown.
    pub commit_interval: HumanDuration,
    /// How long a renamed file must be quiet until its last line counts as ended.
    pub rotate_grace: HumanDuration,
    /// The same for a deleted file, whose space on the disk we hold meanwhile.
    pub deleted_grace: HumanDuration,
    /// How long a file that is seen no more is remembered.
    pub forget_after: HumanDuration,
    /// Most files followed for one log. Further ones wait.
    pub files_max: u32,
    /// Most idle files kept open, over all logs. Further ones are opened when needed.
    pub open_files_max: u32,
    /// Most bytes read before they are made durable, over all logs.
    pub turn_bytes_max: HumanSize,
}

impl Default for TailConfig {
    fn default() -> Self {
        let limits = TailLimits::default();
        Self {
            poll_interval: HumanDuration(Duration::from_millis(250)),
            scan_interval: HumanDuration(limits.scan_interval),
            commit_interval: HumanDuration(Duration::from_secs(1)),
            rotate_grace: HumanDuration(limits.rotate_grace),
            deleted_grace: HumanDuration(limits.deleted_grace),
            forget_after: HumanDuration(limits.forget_after),
            files_max: u32::try_from(limits.files_max).unwrap_or(u32::MAX),
            open_files_max: u32::try_from(limits.open_files_max).unwrap_or(u32::MAX),
            turn_bytes_max: HumanSize(limits.turn_bytes_max),
        }
    }
}

impl TailConfig {
    /// How long to wait before looking again at files that had no news.
    pub const fn poll_interval(&self) -> Duration {
        self.poll_interval.0
    }

    /// How often what was read is made durable and shown.
    pub const fn commit_interval(&self) -> Duration {
        self.commit_interval.0
    }

    /// The bounds that `tail` works within.
    pub fn limits(&self) -> TailLimits {
        TailLimits {
            scan_interval: self.scan_interval.0,
            rotate_grace: self.rotate_grace.0,
            deleted_grace: self.deleted_grace.0,
            forget_after: self.forget_after.0,
            files_max: usize::try_from(self.files_max).unwrap_or(usize::MAX),
            open_files_max: usize::try_from(self.open_files_max).unwrap_or(usize::MAX),
            turn_bytes_max: self.turn_bytes_max.0,
            ..TailLimits::default()
        }
    }
}
