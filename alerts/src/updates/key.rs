//! What a mail about an update is about: the parts that its items have in common.
//!
//! The vendor groups the five kinds of alerts differently: by profile, by wave, by the
//! stitcher that the Publishers are connected to. This file is that table. A part that is
//! not known has a value of its own; nothing is left out for it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::batch::Patience;
use crate::run::{Attempt, Evidence, Outcome, Run};

/// The kinds of mails about updates, by the names of the vendor's programming interface;
/// the last one is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UpdateAlert {
    /// Updates will start in 24 hours.
    WillStart,
    /// Updates started.
    Started,
    /// Updates ended well.
    Succeeded,
    /// Updates failed.
    Failed,
    /// Publishers did not come back.
    ConnectionFailed,
    /// Updates were not needed.
    Skipped,
}

impl UpdateAlert {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::WillStart,
        Self::Started,
        Self::Succeeded,
        Self::Failed,
        Self::ConnectionFailed,
        Self::Skipped,
    ];

    /// The vendor's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WillStart => "UPGRADE_WILL_START",
            Self::Started => "UPGRADE_STARTED",
            Self::Succeeded => "UPGRADE_SUCCEEDED",
            Self::Failed => "UPGRADE_FAILED",
            Self::ConnectionFailed => "CONNECTION_FAILED",
            Self::Skipped => "UPGRADE_SKIPPED",
        }
    }

    /// The kind that tells of an outcome.
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Skipped(_) => Self::Skipped,
            Outcome::ReconnectFailed(_) => Self::ConnectionFailed,
        }
    }

    /// The labels that its mails are grouped by.
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::WillStart | Self::ConnectionFailed | Self::Skipped => &["profile", "run"],
            Self::Succeeded => &["profile", "run", "wave"],
            Self::Started | Self::Failed => &["profile", "run", "wave", "stitcher"],
        }
    }

    /// Whether its mails are grouped by wave.
    pub const fn has_wave(self) -> bool {
        match self {
            Self::Started | Self::Succeeded | Self::Failed => true,
            Self::WillStart | Self::ConnectionFailed | Self::Skipped => false,
        }
    }

    /// Whether its mails are grouped by stitcher.
    pub const fn has_stitcher(self) -> bool {
        match self {
            Self::Started | Self::Failed => true,
            Self::WillStart | Self::Succeeded | Self::ConnectionFailed | Self::Skipped => false,
        }
    }

    /// How long an addition waits in a batch that it opens: as long as a failure.
    pub(super) const fn patience_with_additions() -> Patience {
        Self::Failed.patience(Timestamp::MAX)
    }

    /// How long its batches wait. Ours: the vendor tells no times.
    pub(super) const fn patience(self, due_at: Timestamp) -> Patience {
        let (quiet, longest) = match self {
            Self::WillStart => (0, 0),
            Self::Started => (5, 15),
            // A shorter wait would split a wave over several mails.
            Self::Succeeded => (120, 120),
            Self::Failed => (2, 10),
            Self::ConnectionFailed => (5, 15),
            Self::Skipped => (10, 120),
        };
        Patience {
            quiet: SignedDuration::from_mins(quiet),
            longest: SignedDuration::from_mins(longest),
            deadline: match self {
                Self::Succeeded => Some(due_at),
                Self::WillStart
                | Self::Started
                | Self::Failed
                | Self::ConnectionFailed
                | Self::Skipped => None,
            },
        }
    }
}

/// Who began a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RunKind {
    /// The profile's schedule.
    Scheduled,
    /// Somebody, by hand.
    Manual,
}

/// Names a run: computed anew, it is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId {
    /// The profile's name.
    pub profile: Arc<str>,
    /// Its scheduled start; of a manual one the first event.
    pub start: Timestamp,
    /// Who began it.
    pub kind: RunKind,
}

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyPart<T> {
    /// Mails of this kind are not grouped by it.
    Any,
    /// They are, and it is not known.
    Unknown,
    /// It is this.
    Is(T),
}

impl<T> KeyPart<T> {
    fn of(is_part: bool, value: Option<T>) -> Self {
        match value {
            _ if !is_part => Self::Any,
            Some(value) => Self::Is(value),
            None => Self::Unknown,
        }
    }
}

/// What the items of a mail have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailKey {
    /// The run, which is also the mail's thread.
    pub run: RunId,
    /// What is told.
    pub alert: UpdateAlert,
    /// The wave.
    pub wave: KeyPart<u32>,
    /// The stitcher.
    pub stitcher: KeyPart<Arc<str>>,
}

impl MailKey {
    pub(crate) fn of(alert: UpdateAlert, run: &RunId, attempt: &Attempt) -> Self {
        Self {
            run: run.clone(),
            alert,
            wave: KeyPart::of(alert.has_wave(), attempt.wave),
            stitcher: KeyPart::of(alert.has_stitcher(), attempt.stitcher.clone()),
        }
    }

    /// Whether a member of the run has all parts of the key.
    pub(crate) fn covers(&self, attempt: &Attempt) -> bool {
        Self::of(self.alert, &self.run, attempt) == *self
    }

    /// Whether everybody has reported whom the mail waits for. `is_alone`: nobody but its one
    /// member can be in the run.
    pub(super) fn is_complete(&self, run: &Run, is_alone: bool) -> bool {
        let mut members = run.attempts.values().filter(|attempt| self.covers(attempt));
        match self.alert {
            UpdateAlert::Started => members.all(|attempt| attempt.started_at.is_some()),
            UpdateAlert::Succeeded | UpdateAlert::Failed => {
                members.all(|attempt| attempt.end.is_some())
            }
            // Nobody knows how many there will be, unless there is nobody to wait for.
            UpdateAlert::ConnectionFailed | UpdateAlert::Skipped => {
                is_alone && members.all(|attempt| attempt.end.is_some())
            }
            UpdateAlert::WillStart => false,
        }
    }
}

/// What a mail says of one Publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// When its update began, if a line told it.
    pub started_at: Option<Timestamp>,
    /// How it ended, and how we know. `None` while it runs.
    pub end: Option<(Outcome, Evidence)>,
    /// The stitcher before the update.
    pub stitcher: Option<Arc<str>>,
    /// When it ended, or was judged.
    pub ended_at: Option<Timestamp>,
    /// The stitcher that it came back at.
    pub stitcher_now: Option<Arc<str>>,
    /// What it ran before.
    pub version_before: Option<Arc<str>>,
    /// What it runs now.
    pub version: Option<Arc<str>>,
    /// Whether nothing is heard of it.
    pub is_silent: bool,
    /// When it told of itself last, during the run.
    pub seen_at: Option<Timestamp>,
    /// Whether its end is another one than the log, or we, told before.
    #[serde(default)]
    pub is_addition: bool,
}

impl Item {
    pub(crate) fn of(attempt: &Attempt, end: Option<(Outcome, Evidence)>) -> Self {
        Self {
            started_at: attempt.started_at.filter(|_| attempt.is_start_told()),
            end,
            ended_at: attempt.ended_at,
            stitcher: attempt.stitcher.clone(),
            stitcher_now: attempt.stitcher_now.clone(),
            version_before: attempt.version_before.clone(),
            version: attempt.version.clone(),
            is_silent: attempt.is_silent,
            seen_at: attempt.seen_at,
            is_addition: false,
        }
    }

    /// Another end, that the log told at this moment.
    pub(super) fn addition(attempt: &Attempt, outcome: Outcome, at: Timestamp) -> Self {
        Self {
            ended_at: Some(at),
            is_addition: true,
            ..Self::of(attempt, Some((outcome, Evidence::Told)))
        }
    }
}
